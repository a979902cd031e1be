"""A service that was taken back stays as it was until the specs lead somewhere new."""

from dataclasses import replace

from eeveon.core.desired import Desired
from eeveon.core.diff import Views
from eeveon.core.hold import Hold, held_back
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
