"""Each invariant finds a plan that breaks it, and nothing else is said of that plan."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from eeveon.core.check import check
from eeveon.core.desired import Desired
from eeveon.core.diff import Views
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, Observed, ObservedObject
from eeveon.core.plan import Action, Effect, Plan
from eeveon.core.simulate import as_wanted
from eeveon.core.verdict import Finding
from eeveon.core.wanted import NETWORK, VOLUME
from tests.core.worlds import HERE, THERE, Holding, decided, desired, service, support, views

RUNNING, STOPPED, ABSENT = Condition.RUNNING, Condition.STOPPED, Condition.ABSENT


@dataclass(frozen=True)
class Case:
    """A clean plan, and what it was made from."""

    plan: Plan
    views: Views
    observed: Observed

    def findings(self, **changes: object) -> tuple[Finding, ...]:
        """What is found once the plan has these changes."""
        return check(replace(self.plan, **changes), self.views, self.observed)  # type: ignore[arg-type]

    def broken(self, *actions: Action) -> list[str]:
        return [finding.invariant for finding in self.findings(actions=actions)]


def case(before: Desired, now: Desired, *more: ObservedObject, mutable: frozenset[str] = frozenset()) -> Case:
    held: Mapping[ObjectId, ObservedObject] = {**Holding.of(before).by_id, **{seen.id: seen for seen in more}}
    observed = Holding(held).observed()
    found = Case(decided(now, observed, mutable=mutable).plan, views(now, mutable=mutable), observed)
    assert found.findings() == ()
    return found


def also(plan: Plan, effect: Effect, step: int = 0) -> tuple[Action, ...]:
    """The actions of the plan, and one more at the end."""
    extra = replace(
        plan.actions[0], index=len(plan.actions), step=plan.steps[step].id, effect=effect, after=()
    )
    return (*plan.actions, extra)


ROLLOUT = case(desired(service("web")), desired(service("web", image="web:2")))
REMOVAL = case(desired(service("web")), desired())


def test_acts_only_on_targets_that_were_seen() -> None:
    first = case(desired(), desired(service("web")))
    unseen = Holding({}).observed(frozenset({HERE}))
    (finding,) = check(first.plan, first.views, unseen)
    assert finding.invariant == "seen-targets"
    assert finding.detail.endswith("on here: the target was not seen")


def test_acts_only_on_places_that_were_seen() -> None:
    web = desired(service("web", THERE))
    first = case(desired(), web)
    (finding,) = check(first.plan, first.views, Holding({}).observed(blind=frozenset({"host2"})))
    assert (finding.invariant, finding.detail.rpartition(": ")[2]) == ("seen-targets", "host2 was not seen")


def test_touches_only_what_is_ours() -> None:
    foreign = ObjectId(target=HERE, kind=NETWORK, name="of-somebody-else")
    for condition in (RUNNING, STOPPED, ABSENT):
        actions = also(ROLLOUT.plan, Effect(object=foreign, condition=condition))
        assert ROLLOUT.broken(*actions) == ["own-objects"]


def test_keeps_what_is_wanted() -> None:
    (want,) = ROLLOUT.views[HERE].preview.objects
    run, *rest = ROLLOUT.plan.actions
    for condition in (STOPPED, ABSENT):
        stop = replace(run, effect=Effect(object=want.id, condition=condition))
        moved = [replace(action, index=action.index + 1, after=(0,)) for action in (run, *rest)]
        assert ROLLOUT.broken(stop, *moved) == ["wanted-stays"]


def test_keeps_what_is_protected_of_a_service_that_goes() -> None:
    held = Holding.of(desired(service("web", replicas=2))).by_id
    first, second = sorted(held.values(), key=lambda seen: seen.id)
    mixed = case(desired(), desired(), first, replace(second, protected=True))
    actions = also(mixed.plan, Effect(object=second.id, condition=ABSENT))
    assert mixed.broken(*actions) == ["protected-stays"]


def test_keeps_volumes_whoever_wants_them_gone() -> None:
    network, volume = (as_wanted(support(HERE, kind, "old")) for kind in (NETWORK, VOLUME))
    tidy = case(desired(), desired(), network, volume)
    (step,), (action,) = tidy.plan.steps, tidy.plan.actions
    assert action.effect.object == network.id
    (finding,) = tidy.findings(
        steps=(replace(step, id=str(volume.id)),),
        actions=(replace(action, step=str(volume.id), effect=Effect(object=volume.id, condition=ABSENT)),),
    )
    assert (finding.invariant, finding.detail) == (
        "protected-stays",
        "remove volume/old on here: it is protected",
    )


def test_waits_only_for_what_comes_before() -> None:
    first, *rest = ROLLOUT.plan.actions
    for after in ((0,), (1,), (-1,), (99,)):
        assert ROLLOUT.broken(replace(first, after=after), *rest) == ["order"]


def test_actions_are_numbered_by_their_place() -> None:
    first, *rest = ROLLOUT.plan.actions
    assert ROLLOUT.broken(replace(first, index=7), *rest) == ["order"]


def test_reaches_what_is_wanted() -> None:
    up, down, _ = ROLLOUT.plan.actions
    again = replace(up, index=2, effect=Effect(object=up.effect.object, condition=RUNNING), after=())
    cases = {
        "nothing comes up": (replace(up, effect=replace(up.effect, wanted=None)), *ROLLOUT.plan.actions[1:]),
        "the old one stays": (up, down),
        "the old one stays stopped": (up, down, again),
    }
    for actions in cases.values():
        assert ROLLOUT.broken(*actions) == ["progress"]


def test_reaches_the_fields_that_are_wanted() -> None:
    up, *rest = ROLLOUT.plan.actions
    assert up.effect.wanted is not None
    wrong = replace(up.effect, wanted=replace(up.effect.wanted, fields={"image": "web:3"}))
    assert ROLLOUT.broken(replace(up, effect=wrong), *rest) == ["progress"]


def test_a_service_that_goes_leaves_nothing_behind() -> None:
    assert REMOVAL.broken(REMOVAL.plan.actions[0]) == ["progress"]


def test_what_no_step_touches_is_not_judged() -> None:
    old = desired(service("web"), service("api"))
    plan = case(old, desired(service("web", image="web:2"), service("api", image="web:2"))).plan
    only = [step for step in plan.steps if step.service == "web"]
    actions = [action for action in plan.actions if action.step == only[0].id]
    place = {action.index: number for number, action in enumerate(actions)}
    numbered = tuple(
        replace(action, index=place[action.index], after=tuple(place[index] for index in action.after))
        for action in actions
    )
    new = desired(service("web", image="web:2"), service("api", image="web:2"))
    narrow = replace(plan, steps=tuple(only), actions=numbered)
    assert check(narrow, views(new), Holding.of(old).observed()) == ()


def test_an_empty_plan_breaks_nothing() -> None:
    empty = replace(ROLLOUT.plan, steps=(), actions=())
    assert check(empty, ROLLOUT.views, ROLLOUT.observed) == ()
