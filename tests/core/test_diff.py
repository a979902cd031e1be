"""What differs, by verb, cause and reason; leaf by leaf, and in three versions."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from eeveon.core.changes import MISSING, Cause, Changes, FieldChange, ObjectChange, ServiceChange, Verb
from eeveon.core.desired import Desired, Mount, Route
from eeveon.core.diff import diff, field_changes
from eeveon.core.names import Revision, ServiceName
from eeveon.core.observed import Condition, ObservedObject, Seen
from eeveon.core.shelf import kept_among
from eeveon.core.simulate import as_wanted
from eeveon.core.wanted import NETWORK, VOLUME, Note, Preview, in_sight
from tests.core.worlds import HERE, THERE, Holding, desired, objects, service, support, views

SPEC, DRIFT = Cause.SPEC, Cause.DRIFT
WEB = ServiceName("web")


def differing(specs: Desired, held: Holding, *, mutable: frozenset[str] = frozenset()) -> Changes:
    return diff(specs, views(specs, mutable=mutable), held.observed())


def the_service(changes: Changes) -> ServiceChange:
    (one,) = changes.services
    return one


def the_change(changes: Changes) -> ObjectChange:
    (one,) = the_service(changes).changes
    return one


def touched(specs: Desired, **changes: object) -> Holding:
    """What the specs want, each instance with these changes."""
    held = Holding.of(specs).by_id
    return Holding({key: replace(seen, **changes) for key, seen in held.items()})  # type: ignore[arg-type]


ONE = desired(service("web"))
TWO = desired(service("two"))


def test_what_is_as_wanted_needs_nothing() -> None:
    changes = differing(ONE, Holding.of(ONE))
    assert (changes.services, changes.supports, changes.unchanged, changes.instances) == ((), (), 1, 1)


def test_a_service_without_instances_that_has_none_is_unchanged() -> None:
    assert differing(desired(service("web", replicas=0)), Holding({})).unchanged == 1


def test_a_new_service_is_created() -> None:
    change = the_change(differing(ONE, Holding({})))
    assert (change.verb, change.cause, change.reason, change.present) == (Verb.CREATE, SPEC, "new", ())


def test_a_further_instance_is_created_because_of_scaling() -> None:
    change = the_change(differing(desired(service("web", replicas=2)), Holding.of(ONE)))
    assert (change.verb, change.cause, change.reason) == (Verb.CREATE, SPEC, "scaled up")


def test_a_missing_instance_below_others_has_gone_from_the_target() -> None:
    three = desired(service("web", replicas=3))
    held = {key: seen for key, seen in Holding.of(three).by_id.items() if seen.ordinal != 2}
    change = the_change(differing(three, Holding(held)))
    assert (change.verb, change.cause, change.reason) == (Verb.CREATE, DRIFT, "gone from the target")


def test_other_specs_replace_an_instance() -> None:
    change = the_change(differing(desired(service("web", image="web:2")), Holding.of(ONE)))
    assert (change.verb, change.cause, change.reason) == (Verb.REPLACE, SPEC, "the specs changed")
    assert change.fields == (FieldChange(path=("image",), before="web:1", after="web:2", cause=SPEC),)
    assert [seen.service for seen in change.present] == [WEB]


@pytest.mark.parametrize(
    ("mutable", "verb"),
    [({"image"}, Verb.UPDATE), (set(), Verb.REPLACE), ({"env"}, Verb.REPLACE)],
    ids=[
        "in place where the driver can",
        "anew where it cannot",
        "anew where it can with another field only",
    ],
)
def test_a_field_that_was_edited_by_hand_is_put_back(mutable: set[str], verb: Verb) -> None:
    edited = {"image": "web:hacked", "env": {}}
    held = touched(ONE, fields=edited, trace="by root at 12:00")
    change = the_change(differing(ONE, held, mutable=frozenset(mutable)))
    assert (change.verb, change.cause) == (verb, DRIFT)
    assert change.reason == "changed on the target: by root at 12:00"
    assert change.fields == (FieldChange(path=("image",), before="web:hacked", after="web:1", cause=DRIFT),)


def test_an_edit_that_nobody_traced_is_told_without_a_who() -> None:
    held = touched(ONE, fields={"image": "web:hacked", "env": {}})
    assert the_change(differing(ONE, held)).reason == "changed on the target"


@pytest.mark.parametrize(
    ("condition", "detail", "reason"),
    [
        (Condition.STOPPED, "", "stopped"),
        (Condition.STOPPED, "stopped by hand", "stopped: stopped by hand"),
        (Condition.FAILED, "exited with status 1", "failed: exited with status 1"),
    ],
)
def test_an_instance_that_does_not_run_is_started(condition: Condition, detail: str, reason: str) -> None:
    change = the_change(differing(ONE, touched(ONE, condition=condition, detail=detail)))
    assert (change.verb, change.cause, change.reason) == (Verb.START, DRIFT, reason)


def test_leftovers_of_an_unfinished_rollout_are_looked_after() -> None:
    newer = desired(service("web", image="web:2"))
    both = Holding({**Holding.of(ONE).by_id, **Holding.of(newer).by_id})
    change = the_change(differing(newer, both))
    assert (change.verb, change.cause) == (Verb.VERIFY, DRIFT)
    assert change.reason == "an unfinished rollout left another revision"
    assert len(change.present) == 2


def test_what_no_apply_has_seen_healthy_is_verified() -> None:
    held = Holding.of(ONE)
    change = the_change(diff(ONE, views(ONE), held.observed(), frozenset(held.by_id)))
    assert (change.verb, change.reason) == (Verb.VERIFY, "no apply has seen it healthy yet")
    assert [seen.id for seen in change.present] == list(held.by_id)
    assert diff(ONE, views(ONE), held.observed(), frozenset(Holding.of(TWO).by_id)).services == ()


def test_one_instance_of_another_revision_is_not_taken_for_the_wanted_one() -> None:
    change = the_change(differing(ONE, Holding.of(desired(service("web", image="web:0")))))
    assert change.verb is Verb.REPLACE


def test_instances_beyond_the_replicas_are_removed_though_the_service_is_protected() -> None:
    held = touched(desired(service("web", replicas=3)), protected=True)
    changes = the_service(differing(ONE, held)).changes
    assert [(item.verb, item.cause, item.reason) for item in changes] == [
        (Verb.REMOVE, SPEC, "replicas are 1"),
        (Verb.REMOVE, SPEC, "replicas are 1"),
    ]


def test_a_service_that_left_the_specs_is_removed() -> None:
    change = the_service(differing(desired(), Holding.of(ONE)))
    assert change.workload is None
    assert [(item.verb, item.reason) for item in change.changes] == [(Verb.REMOVE, "no longer in the specs")]


def test_a_protected_service_that_left_the_specs_is_kept_and_named() -> None:
    changes = differing(desired(), touched(ONE, protected=True))
    assert changes.services == ()
    assert [seen.service for seen in changes.kept] == [WEB]


def test_only_the_unprotected_instances_of_a_service_that_left_go() -> None:
    held = Holding.of(desired(service("web", replicas=2))).by_id
    mixed = {key: replace(seen, protected=seen.ordinal == 1) for key, seen in held.items()}
    changes = differing(desired(), Holding(mixed))
    assert [seen.ordinal for seen in the_change(changes).present] == [2]
    assert [seen.ordinal for seen in changes.kept] == [1]


def test_an_instance_without_a_number_is_removed_as_any_other() -> None:
    held = touched(ONE, ordinal=None)
    verbs = [item.verb for item in the_service(differing(desired(service("web", replicas=0)), held)).changes]
    assert verbs == [Verb.REMOVE]


def test_an_unreachable_target_is_named_and_nothing_of_it_compared() -> None:
    specs = desired(service("web"), service("api", target=THERE))
    changes = diff(specs, {THERE: views(specs)[THERE]}, Holding({}).observed(frozenset({HERE})))
    assert [item.target for item in changes.unknown] == [HERE]
    assert [change.target for change in changes.services] == [THERE]


def test_an_object_of_a_service_that_is_no_instance_is_no_instance() -> None:
    sidecar = as_wanted(replace(support(HERE, "secret", "token"), service=WEB))
    changes = differing(ONE, Holding({**Holding.of(ONE).by_id, sidecar.id: sidecar}))
    assert (changes.instances, changes.services) == (1, ())
    assert [item.verb for item in changes.supports] == [Verb.REMOVE]


def test_what_a_driver_notes_is_handed_on() -> None:
    note = Note(target=HERE, service=WEB, text="cpu is not enforced on this machine")
    view = {
        name: replace(item, preview=Preview(objects=(), notes=(note,)))
        for name, item in views(desired()).items()
    }
    assert diff(desired(), {HERE: view[HERE]}, {HERE: Holding({}).observed()[HERE]}).notes == (note,)


class TestSupports:
    """Networks, volumes and the like."""

    specs = desired(service("web", mounts=(Mount(path="/data", volume="data"),)))

    def support_changes(self, specs: Desired, *present: ObservedObject) -> Changes:
        held = {**Holding.of(specs).by_id, **{seen.id: seen for seen in present}}
        return differing(specs, Holding(held))

    def test_a_network_and_a_volume_that_are_not_there_are_created(self) -> None:
        specs = self.specs
        changes = diff(specs, views(specs, supports=True), Holding({}).observed())
        assert [(item.verb, item.reason) for item in changes.supports] == [(Verb.CREATE, "not there")] * 2

    def test_a_volume_that_is_as_wanted_needs_nothing(self) -> None:
        changes = self.support_changes(self.specs)
        assert (changes.supports, changes.kept) == ((), ())

    def test_a_volume_that_differs_is_updated_in_place(self) -> None:
        made = as_wanted(support(HERE, VOLUME, "data"))
        volume = replace(made, fields={"driver": "nfs"}, applied={"driver": "nfs"})
        (change,) = self.support_changes(self.specs, volume).supports
        assert (change.verb, change.cause, change.reason) == (Verb.UPDATE, Cause.SPEC, "the specs changed")
        assert change.present == (volume,)

    def test_a_volume_that_was_changed_on_the_target_says_so_and_what_is_known_of_it(self) -> None:
        made = as_wanted(support(HERE, VOLUME, "data"))
        volume = replace(made, fields={"driver": "nfs"}, applied=made.fields, trace="at noon, by uid 0")
        (change,) = self.support_changes(self.specs, volume).supports
        assert (change.verb, change.cause) == (Verb.UPDATE, Cause.DRIFT)
        assert change.reason == "changed on the target: at noon, by uid 0"

    def test_a_network_that_nothing_uses_goes(self) -> None:
        network = as_wanted(support(HERE, NETWORK, "old"))
        (change,) = self.support_changes(ONE, network).supports
        assert (change.verb, change.reason) == (Verb.REMOVE, "nothing uses it any more")

    @pytest.mark.parametrize(("kind", "protected"), [(VOLUME, False), (VOLUME, True), (NETWORK, True)])
    def test_volumes_and_protected_networks_that_nothing_uses_are_kept(
        self, kind: str, protected: bool
    ) -> None:
        old = replace(as_wanted(support(HERE, kind, "old")), protected=protected)
        changes = self.support_changes(ONE, old)
        assert changes.supports == ()
        assert changes.kept == (old,)


class TestFields:
    """Three versions of a field decide the cause: as it is, as it is wanted, as it was applied."""

    @pytest.mark.parametrize(
        ("before", "after", "applied", "cause"),
        [
            ("1", "2", "1", SPEC),  # nobody touched the target, the specs moved
            ("hand", "1", "1", DRIFT),  # the specs are as applied, the target is not
            ("hand", "2", "1", SPEC),  # both moved: what is sent comes from the specs
        ],
    )
    def test_the_cause_of_a_leaf(self, before: str, after: str, applied: str, cause: Cause) -> None:
        changes = field_changes({"image": before}, {"image": after}, {"image": applied})
        assert changes == (FieldChange(path=("image",), before=before, after=after, cause=cause),)

    def test_without_a_memory_of_what_was_applied_the_specs_changed(self) -> None:
        (change,) = field_changes({"image": "1"}, {"image": "2"}, None)
        assert change.cause is SPEC

    def test_only_the_leaves_that_differ_are_named_in_order(self) -> None:
        before = {"env": {"B": "1", "A": "1", "SAME": "x"}, "image": "1"}
        after = {"env": {"A": "2", "SAME": "x", "C": "3"}, "image": "1"}
        assert [(item.path, item.before, item.after) for item in field_changes(before, after, before)] == [
            (("env", "A"), "1", "2"),
            (("env", "B"), "1", MISSING),
            (("env", "C"), MISSING, "3"),
        ]

    def test_a_key_that_somebody_added_is_drift(self) -> None:
        (change,) = field_changes({"env": {"A": "1", "B": "2"}}, {"env": {"A": "1"}}, {"env": {"A": "1"}})
        assert (change.path, change.after, change.cause) == (("env", "B"), MISSING, DRIFT)

    def test_a_map_that_somebody_took_away_is_drift_key_by_key(self) -> None:
        applied = {"env": {"A": "1"}}
        (change,) = field_changes({}, applied, applied)
        assert (change.path, change.before, change.after, change.cause) == (("env", "A"), MISSING, "1", DRIFT)

    def test_a_map_where_another_kind_of_value_was_is_one_change(self) -> None:
        (change,) = field_changes({"env": "none"}, {"env": {"A": "1"}}, {"env": "none"})
        assert (change.path, change.cause) == (("env",), SPEC)

    def test_a_map_that_comes_where_a_text_was_applied_has_no_base(self) -> None:
        (change,) = field_changes({"env": {"A": "1"}}, {"env": {"A": "2"}}, {"env": "text"})
        assert change.cause is SPEC

    def test_equal_fields_have_no_changes(self) -> None:
        assert field_changes({"a": [1]}, {"a": [1]}, None) == ()


ROUTED = desired(service("web", route=Route(balancer="front", port="http")))


@pytest.mark.parametrize(
    ("specs", "condition", "reason"),
    [
        (ROUTED, Condition.RUNNING, "runs, but is not in service"),
        (ONE, Condition.SERVING, "in service, but nothing routes to it any more"),
    ],
)
def test_what_is_on_another_rung_than_wanted_is_brought_there(
    specs: Desired, condition: Condition, reason: str
) -> None:
    change = the_change(differing(specs, touched(specs, condition=condition)))
    assert (change.verb, change.reason) == (Verb.START, reason)


def shelved(image: str, hour: int) -> ObservedObject:
    (old,) = Holding.of(desired(service("web", image=image))).by_id.values()
    started = datetime(2026, 1, 1, hour, tzinfo=UTC)
    return replace(old, condition=Condition.STOPPED, started=started)


def test_kept_revisions_are_no_difference_and_older_ones_go() -> None:
    older = [shelved("web:8", 8), shelved("web:9", 9)]
    both = desired(service("web", keep=2))
    held = Holding({**Holding.of(both).by_id, **{seen.id: seen for seen in older}})
    assert differing(both, held).unchanged == 1
    change = the_change(differing(desired(service("web", keep=1)), held))
    assert (change.verb, change.present, change.reason) == (Verb.REMOVE, (older[0],), "only 1 are kept")


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("web:1", "moves from host9 to host2"),
        ("web:2", "the specs changed, and it moves from host9 to host2"),
    ],
)
def test_an_instance_that_moves_says_where_from_and_where_to(image: str, reason: str) -> None:
    held = touched(desired(service("web", THERE, image="web:1")), place="host9", revision=Revision("other"))
    elsewhere = Holding(
        {
            replace(key, name="web-1-other"): replace(item, id=replace(key, name="web-1-other"))
            for key, item in held.by_id.items()
        }
    )
    change = the_change(differing(desired(service("web", THERE, image=image)), elsewhere))
    assert (change.verb, change.reason) == (Verb.REPLACE, reason)


def test_an_instance_that_moves_back_says_so() -> None:
    specs = desired(service("web", THERE, keep=1))
    (here,) = touched(specs, condition=Condition.STOPPED).by_id.values()
    there = replace(
        here,
        id=replace(here.id, name="web-1-other"),
        revision=Revision("other"),
        place="host9",
        condition=Condition.RUNNING,
    )
    change = the_change(differing(specs, Holding({here.id: here, there.id: there})))
    assert (change.verb, change.reason) == (
        Verb.START,
        "moves from host9 to host2, back to a revision that is kept",
    )


def test_what_rests_and_is_kept_is_told_from_what_is_not_as_wanted() -> None:
    both = desired(service("web", keep=1), service("api", keep=1))
    stray = replace(shelved("web:7", 7), service=None)
    present = [shelved("web:9", 9), replace(shelved("web:8", 8), condition=Condition.FAILED), stray]
    wanted = [*objects(both.workloads), support(HERE)]
    assert kept_among(wanted, [*Holding.of(both).by_id.values(), *present]) == {present[0].id}


def test_a_host_that_did_not_answer_is_named_and_hides_nothing_else() -> None:
    specs = desired(service("web", THERE, replicas=2))
    observed = Holding({}).observed(blind=frozenset({"host1"}))
    shown = {
        name: replace(view, preview=in_sight(view.preview, seen))
        for name, view in views(specs).items()
        if isinstance(seen := observed[name], Seen)
    }
    changes = diff(specs, shown, observed)
    assert [item.place for item in changes.unknown] == ["host1"]
    assert [want.place for want in the_service(changes).wanted] == ["host2"]


def test_each_host_keeps_as_many_revisions_as_the_service_says() -> None:
    both = desired(service("web", THERE, replicas=2, keep=1))
    older = {
        key: replace(item, condition=Condition.STOPPED, revision=Revision(f"{image}-{item.place}"))
        for image in ("web:8", "web:9")
        for key, item in Holding.of(desired(service("web", THERE, replicas=2, image=image))).by_id.items()
    }
    change = the_change(differing(both, Holding({**Holding.of(both).by_id, **older})))
    assert {seen.revision for seen in change.present} == {"web:8-host1", "web:8-host2"}
