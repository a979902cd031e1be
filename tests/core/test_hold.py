"""A service that was taken back stays as it was until the specs lead somewhere new."""

from dataclasses import replace

from eeveon.core.desired import Desired
from eeveon.core.diff import Views
from eeveon.core.hold import Hold, bad_of, held_back, kept_of
from eeveon.core.names import ObjectId, Revision, ServiceName
from eeveon.core.observed import Condition, Observed, ObservedObject, Seen
from eeveon.core.simulate import as_wanted
from tests.core.moments import NOON
from tests.core.worlds import HERE, THERE, Holding, desired, objects, service, views

WEB = ServiceName("web")


def specs(image: str, target: str = HERE) -> Desired:
    return desired(service("web", target, image=image, replicas=2, keep=2), service("api"))  # type: ignore[arg-type]


GOOD, BAD, NEXT = specs("web:1"), specs("web:2"), specs("web:3")


def revisions(wanted: Desired) -> frozenset[Revision]:
    return frozenset(want.revision for want in objects(wanted.workloads) if want.service == WEB)


HOLD = Hold(
    service=WEB, target=HERE, bad=revisions(BAD), back_to=revisions(GOOD), since=NOON, by="alice@desk"
)


def rolled_back() -> dict[ObjectId, ObservedObject]:
    """The good revision runs, the bad one stands on the shelf."""
    bad = {
        key: replace(item, condition=Condition.STOPPED)
        for key, item in Holding.of(BAD).by_id.items()
        if item.service == WEB
    }
    return {**bad, **Holding.of(GOOD).by_id}


def wanted(specs: Desired, held: dict[ObjectId, ObservedObject], hold: Hold = HOLD) -> Views:
    observed: Observed = Holding(held).observed()
    found = views(specs)
    seen = observed[hold.target]
    assert isinstance(seen, Seen)
    preview = held_back(found[hold.target].preview, seen, (hold,))
    return {**found, hold.target: replace(found[hold.target], preview=preview)}


def names(shown: Views, target: str = HERE) -> set[str]:
    return {str(want.id.name) for want in shown[target].preview.objects if want.service == WEB}  # type: ignore[index]


def test_while_the_specs_lead_to_what_was_bad_the_older_revision_is_wanted() -> None:
    shown = wanted(BAD, rolled_back())
    assert names(shown) == {want.id.name for want in objects(GOOD.workloads) if want.service == WEB}
    (note,) = shown[HERE].preview.notes
    assert "held at revision" in note.text
    assert "eeveon unhold web" in note.text


def test_other_services_and_newer_specs_are_not_held() -> None:
    assert wanted(NEXT, rolled_back())[HERE] == views(NEXT)[HERE]
    shown = wanted(BAD, rolled_back())[HERE].preview.objects
    assert [want for want in shown if want.service != WEB] == [
        want for want in views(BAD)[HERE].preview.objects if want.service != WEB
    ]


def test_what_somebody_removed_meanwhile_is_wanted_again() -> None:
    held = rolled_back()
    gone = next(key for key, item in held.items() if item.ordinal == 2 and item.revision in HOLD.back_to)
    del held[gone]
    assert names(wanted(BAD, held)) == names(wanted(BAD, rolled_back()))


def test_on_hosts_each_place_is_filled_from_its_own() -> None:
    good, bad = specs("web:1", THERE), specs("web:2", THERE)
    hold = replace(HOLD, target=THERE, bad=revisions(bad), back_to=revisions(good))
    held: dict[ObjectId, ObservedObject] = {
        want.id: as_wanted(want) for want in objects(good.workloads) if want.ordinal == 1
    }
    shown = wanted(bad, held, hold)
    assert [want.ordinal for want in shown[THERE].preview.objects if want.service == WEB] == [1]


def test_with_nothing_left_to_go_back_to_the_specs_are_followed() -> None:
    shown = wanted(BAD, {})
    assert shown[HERE].preview.objects == views(BAD)[HERE].preview.objects
    assert "followed again" in shown[HERE].preview.notes[0].text


def test_a_field_that_was_changed_by_hand_is_put_back_to_what_was_applied() -> None:
    held = rolled_back()
    key = next(key for key, item in held.items() if item.service == WEB and item.revision in HOLD.back_to)
    held[key] = replace(held[key], fields={"image": "by-hand"})
    shown = wanted(BAD, held)
    assert {want.fields["image"] for want in shown[HERE].preview.objects if want.service == WEB} == {"web:1"}
    held[key] = replace(held[key], applied=None)
    again = wanted(BAD, held)[HERE].preview.objects
    assert {want.fields["image"] for want in again if want.service == WEB} == {"web:1", "by-hand"}


def seen_of(held: dict[ObjectId, ObservedObject]) -> Seen:
    seen = Holding(held).observed()[HERE]
    assert isinstance(seen, Seen)
    return seen


def stopped(specs: Desired, hour: int | None) -> dict[ObjectId, ObservedObject]:
    started = None if hour is None else NOON.replace(hour=hour)
    return {
        key: replace(item, condition=Condition.STOPPED, started=started)
        for key, item in Holding.of(specs).by_id.items()
    }


def test_the_newest_kept_revision_comes_first_and_bad_ones_are_none() -> None:
    held = {**stopped(GOOD, 3), **stopped(NEXT, 5), **stopped(specs("web:0"), None), **Holding.of(BAD).by_id}
    seen = seen_of(held)
    bad = bad_of(WEB, seen, views(BAD)[HERE].preview.objects)
    assert bad == revisions(BAD)
    found = kept_of(WEB, seen, bad)
    assert [one.fields["image"] for one in found] == ["web:3", "web:1", "web:0"]
    assert found[0].started == NOON.replace(hour=5)
    assert kept_of(WEB, seen, bad | revisions(NEXT)) == found[1:]


def test_a_revision_answers_to_its_own_name_and_to_what_it_holds() -> None:
    (one,) = kept_of(WEB, seen_of(stopped(GOOD, 3)), frozenset())
    assert one.answers_to(min(one.revisions)[:4])
    assert one.answers_to("web:1")
    assert not one.answers_to("web")
    commit = replace(one, fields={"source": {"commit": "4f2c91a0aaaa"}, "env": {}})
    assert commit.answers_to("4f2c91a")
    assert not commit.answers_to("4f2c")


def test_hosts_that_keep_a_revision_are_named() -> None:
    held = stopped(specs("web:1", THERE), 3)
    seen = Holding(held).observed()[THERE]
    assert isinstance(seen, Seen)
    (one,) = kept_of(WEB, seen, frozenset())
    assert one.places == ("host1", "host2")
    drifted = replace(seen, objects=tuple(replace(item, applied=None) for item in seen.objects))
    assert kept_of(WEB, drifted, frozenset()) == (one,)
