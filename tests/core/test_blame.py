"""Whose doing drift is: told by the target, remembered by the store, or not known."""

from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given, strategies as st

from eeveon.core.blame import MIDWAY, Known, Left, amiss, blamed
from eeveon.core.changes import Cause, ObjectChange, Verb
from eeveon.core.decide import Circumstances, decide
from eeveon.core.desired import Desired
from eeveon.core.diff import diff
from eeveon.core.drift import Author, Touch, author_of, foremost
from eeveon.core.guard import ByCommit
from eeveon.core.observed import Condition
from eeveon.core.plan import Plan, Step
from eeveon.core.simulate import as_wanted
from eeveon.core.verdict import Moment
from eeveon.core.wanted import NETWORK, VOLUME
from tests.core.moments import NOON
from tests.core.worlds import HERE, THERE, Holding, desired, holdings, objects, service, specs, support, views

RUNNING, STOPPED, ABSENT = Condition.RUNNING, Condition.STOPPED, Condition.ABSENT
THREE = desired(service("web", replicas=3))
IDS = sorted(want.id for want in objects(THREE.workloads))


def the_changes(specs: Desired, held: Holding, past: Left | None = None) -> tuple[ObjectChange, ...]:
    (found,) = blamed(diff(specs, views(specs), held.observed()), past or {}).services
    return found.changes


def the_change(specs: Desired, held: Holding, past: Left | None = None) -> ObjectChange:
    (found,) = the_changes(specs, held, past)
    return found


def without(*ordinals: int) -> Holding:
    return Holding(
        {key: seen for key, seen in Holding.of(THREE).by_id.items() if seen.ordinal not in ordinals}
    )


def one(**changes: object) -> Holding:
    """The single instance of a service, as it is after these changes."""
    (seen,) = Holding.of(desired(service("web"))).by_id.values()
    return Holding({seen.id: replace(seen, **changes)})  # type: ignore[arg-type]


class TestGone:
    @pytest.mark.parametrize("ordinals", [(3,), (2, 3), (1, 2, 3), (1,)])
    def test_what_an_apply_left_running_and_is_not_there_is_gone(self, ordinals: tuple[int, ...]) -> None:
        past = dict.fromkeys(IDS, RUNNING)
        for change in the_changes(THREE, without(*ordinals), past):
            told = (change.verb, change.cause, change.reason, change.by)
            assert told == (Verb.CREATE, Cause.DRIFT, "gone from the target", Author.UNKNOWN)

    def test_what_an_apply_removed_is_new_again(self) -> None:
        past = dict.fromkeys(IDS, ABSENT)
        assert [(item.reason, item.by) for item in the_changes(THREE, without(1, 2, 3), past)] == [
            ("new", None)
        ] * 3
        assert the_change(THREE, without(3), past).reason == "scaled up"

    def test_what_no_store_remembers_is_told_as_it_looks(self) -> None:
        assert [item.reason for item in the_changes(THREE, without(1, 2, 3))] == ["new"] * 3
        assert the_change(THREE, without(3)).cause is Cause.SPEC
        gap = the_change(THREE, without(2))
        assert (gap.cause, gap.reason, gap.by) == (Cause.DRIFT, "gone from the target", Author.UNKNOWN)

    def test_a_gap_that_an_apply_left_itself_is_its_own(self) -> None:
        gap = the_change(THREE, without(2), {IDS[1]: STOPPED})
        assert (gap.reason, gap.by) == ("an unfinished rollout did not make it", Author.OURSELVES)

    def test_what_an_apply_died_over_is_its_own(self) -> None:
        gap = the_change(THREE, without(2), {IDS[1]: MIDWAY})
        assert (gap.reason, gap.by) == ("an unfinished rollout did not make it", Author.OURSELVES)
        assert [item.by for item in the_changes(THREE, without(1, 2, 3), dict.fromkeys(IDS, MIDWAY))] == [
            None
        ] * 3

    def test_a_network_that_was_there_is_gone(self) -> None:
        web = desired(service("web"))
        network = support(HERE)
        found = diff(web, views(web, supports=True), Holding.of(web).observed())
        (new,) = blamed(found, {}).supports
        (gone,) = blamed(found, {network.id: RUNNING}).supports
        assert (new.cause, new.reason, new.by) == (Cause.SPEC, "not there", None)
        assert (gone.cause, gone.reason, gone.by) == (Cause.DRIFT, "gone from the target", Author.UNKNOWN)


class TestStopped:
    @pytest.mark.parametrize("author", [Author.PERSON, Author.WORKLOAD, Author.UNKNOWN])
    @pytest.mark.parametrize("past", [None, RUNNING])
    def test_by_whom_the_target_says(self, author: Author, past: Condition | None) -> None:
        held = one(condition=STOPPED, ended_by=author)
        known = dict.fromkeys(held.by_id, past) if past else {}
        assert the_change(desired(service("web")), held, known).by is author

    @pytest.mark.parametrize(
        ("author", "truth"),
        [
            (Author.PERSON, Author.OURSELVES),
            (Author.UNKNOWN, Author.OURSELVES),
            (Author.WORKLOAD, Author.WORKLOAD),
        ],
    )
    @pytest.mark.parametrize("past", [STOPPED, MIDWAY])
    def test_by_an_apply_if_the_store_remembers_that(
        self, author: Author, truth: Author, past: Known
    ) -> None:
        held = one(condition=STOPPED, ended_by=author)
        assert the_change(desired(service("web")), held, dict.fromkeys(held.by_id, past)).by is truth


class TestEdited:
    fields: ClassVar[dict[str, object]] = {"image": "web:hacked", "env": {"A": "1"}}

    def edited(self, *touches: Touch) -> ObjectChange:
        return the_change(desired(service("web")), one(fields=self.fields, touches=touches))

    def test_each_field_by_whom_the_target_says_and_all_of_it_by_the_foremost(self) -> None:
        change = self.edited(
            Touch(path=("image",), by=Author.DEFAULT), Touch(path=("env",), by=Author.AUTOSCALER)
        )
        assert {field.path: field.by for field in change.fields} == {
            ("image",): Author.DEFAULT,
            ("env", "A"): Author.AUTOSCALER,
        }
        assert change.by is Author.AUTOSCALER

    def test_by_somebody_where_the_target_does_not_say(self) -> None:
        change = self.edited(Touch(path=("image",), by=Author.DEFAULT))
        assert [field.by for field in change.fields] == [Author.UNKNOWN, Author.DEFAULT]
        assert change.by is Author.UNKNOWN

    @pytest.mark.parametrize(
        ("author", "truth"),
        [
            (Author.PERSON, Author.PERSON),
            (Author.UNKNOWN, Author.OURSELVES),
            (Author.TOOL, Author.TOOL),
        ],
    )
    def test_by_the_apply_that_died_over_it_unless_the_target_knows_better(
        self, author: Author, truth: Author
    ) -> None:
        held = one(fields={"image": "web:hacked", "env": {}}, touches=(Touch(path=(), by=author),))
        change = the_change(desired(service("web")), held, dict.fromkeys(held.by_id, MIDWAY))
        assert (change.by, {field.by for field in change.fields}) == (truth, {truth})

    def test_by_somebody_where_there_is_what_no_apply_was_asked_for(self) -> None:
        held = one(fields={"image": "web:1", "env": {}, "unit": {"dropIns": ["/etc/x.conf"]}})
        change = the_change(desired(service("web")), held, dict.fromkeys(held.by_id, MIDWAY))
        assert [(field.path, field.by) for field in change.fields] == [(("unit", "dropIns"), Author.UNKNOWN)]

    def test_what_the_specs_changed_is_nobodys_drift(self) -> None:
        held = one(touches=(Touch(path=(), by=Author.PERSON),))
        change = the_change(desired(service("web", image="web:2")), held)
        assert (change.by, [field.by for field in change.fields]) == (None, [None])


def test_leftovers_of_a_rollout_are_our_own() -> None:
    newer = desired(service("web", image="web:2"))
    both = Holding({**one().by_id, **Holding.of(newer).by_id})
    change = the_change(newer, both)
    assert (change.verb, change.by) == (Verb.VERIFY, Author.OURSELVES)


def test_the_narrowest_touch_counts() -> None:
    touches = (Touch(path=(), by=Author.TOOL), Touch(path=("env", "A"), by=Author.PERSON))
    assert author_of(touches, ("env", "A")) is Author.PERSON
    assert author_of(touches, ("env", "B")) is Author.TOOL
    assert author_of(touches[1:], ("env",)) is Author.UNKNOWN


def test_a_person_is_heard_of_before_a_machine() -> None:
    assert foremost([Author.DEFAULT, Author.WORKLOAD, Author.PERSON]) is Author.PERSON
    assert foremost([]) is Author.UNKNOWN


class TestAmiss:
    def test_is_what_is_missing_or_does_not_do_what_it_should(self) -> None:
        held = dict(without(3).by_id)
        held[IDS[1]] = replace(held[IDS[1]], condition=STOPPED)
        assert sorted(amiss(views(THREE), Holding(held).observed())) == IDS[1:]

    def test_is_what_was_changed(self) -> None:
        held = Holding.of(THREE).by_id
        edited = {**held, IDS[1]: replace(held[IDS[1]], fields={"image": "web:hacked"})}
        assert amiss(views(THREE), Holding(edited).observed()) == (IDS[1],)

    def test_looks_for_networks_by_all_of_their_identity(self) -> None:
        web = desired(service("web"))
        volume = as_wanted(support(HERE, VOLUME))
        held = Holding({**Holding.of(web).by_id, volume.id: volume})
        network = support(HERE, NETWORK)
        assert amiss(views(web, supports=True), held.observed()) == (network.id,)
        held = Holding({**held.by_id, network.id: as_wanted(network)})
        assert amiss(views(web, supports=True), held.observed()) == ()

    def test_is_nothing_on_a_target_that_was_not_reached(self) -> None:
        assert amiss(views(THREE), Holding({}).observed(frozenset({HERE, THERE}))) == ()

    @given(specs=specs(), held=holdings(), how=st.sampled_from([RUNNING, MIDWAY]))
    def test_is_everything_whose_past_can_make_a_difference(
        self, specs: Desired, held: Holding, how: Known
    ) -> None:
        """A past of what is not amiss changes no word of a plan."""
        lost = set(amiss(views(specs), held.observed()))
        others = [want.id for view in views(specs).values() for want in view.preview.objects]
        past = dict.fromkeys((key for key in others if key not in lost), how)
        changes = diff(specs, views(specs), held.observed())
        assert blamed(changes, past) == blamed(changes, {})

    @given(specs=specs(), held=holdings())
    def test_all_drift_and_nothing_else_has_an_author(self, specs: Desired, held: Holding) -> None:
        found = blamed(diff(specs, views(specs), held.observed()), {})
        for item in (change for one in found.services for change in one.changes):
            assert (item.by is not None) is (item.cause is Cause.DRIFT)
            for field in item.fields:
                assert (field.by is not None) is (field.cause is Cause.DRIFT)


def planned(held: Holding, past: Left) -> Plan:
    how = Circumstances(generation=1, moment=Moment(utc=NOON, zones={}), origin=ByCommit(), past=past)
    return decide(THREE, views(THREE), held.observed(), how).plan


class TestStep:
    def the_step(self, held: Holding, past: Left) -> Step:
        (step,) = planned(held, past).steps
        return step

    def test_names_everybody_foremost_first(self) -> None:
        held = dict(without(3).by_id)
        held[IDS[0]] = replace(held[IDS[0]], condition=STOPPED, ended_by=Author.WORKLOAD)
        held[IDS[1]] = replace(held[IDS[1]], condition=STOPPED, ended_by=Author.PERSON)
        step = self.the_step(Holding(held), {IDS[2]: RUNNING})
        assert (step.drift, step.drift_by) == (True, (Author.PERSON, Author.UNKNOWN, Author.WORKLOAD))
        assert not step.is_harmless

    def test_names_the_drift_in_an_intended_change_as_well(self) -> None:
        step = self.the_step(without(2, 3), {IDS[1]: RUNNING})
        assert (step.drift, step.drift_by) == (False, (Author.UNKNOWN,))
        assert not step.is_harmless

    @pytest.mark.parametrize(
        ("author", "harmless"), [(Author.DEFAULT, True), (Author.AUTOSCALER, True), (Author.TOOL, False)]
    )
    def test_is_harmless_if_it_is_the_course_of_the_target(self, author: Author, harmless: bool) -> None:
        touches = (Touch(path=("env",), by=author),)
        held = dict(Holding.of(THREE).by_id)
        edited = {"image": "web:1", "env": {"A": "1"}}
        held[IDS[0]] = replace(held[IDS[0]], fields=edited, touches=touches)
        assert self.the_step(Holding(held), {}).is_harmless is harmless
