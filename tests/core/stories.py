"""Plans as short stories: each action in a few words, with those it waits for."""

from collections.abc import Mapping

from eeveon.core.desired import Desired, Port, Workload
from eeveon.core.observed import ObservedObject
from eeveon.core.plan import Effect, Plan, Step
from eeveon.core.wanted import INSTANCE, revision_of
from tests.core.worlds import HERE, Holding, decided, desired, service

TAGS = {revision_of({"image": image, "env": {}}): image for image in ("web:0", "web:1", "web:2")}
FIXED = (Port(name="http", port=80, publish=8080),)


def told(effect: Effect) -> str:
    """An effect in short: "run web-1 web:2"."""
    verb = str(effect).split()[0]
    if effect.object.kind != INSTANCE:
        return f"{verb} {effect.object.kind}/{effect.object.name}"
    name, _, revision = effect.object.name.rpartition("-")
    return f"{verb} {name} {TAGS[revision]}"  # type: ignore[index]  # a Revision is a str


def story(plan: Plan) -> list[str]:
    """Every action in short, with those it waits for."""
    return [
        f"{told(action.effect)}{' after ' if action.after else ''}{','.join(map(str, action.after))}"
        for action in plan.actions
    ]


def undoes(plan: Plan) -> Mapping[str, list[str]]:
    return {told(action.effect): [told(effect) for effect in action.undo] for action in plan.actions}


def planned(before: Desired, now: Desired, *, supports: bool = False) -> Plan:
    judged = decided(now, Holding.of(before, supports=supports).observed(), supports=supports)
    assert judged.findings == ()
    return judged.plan


def rollout(**fields: object) -> Plan:
    """From web:1 to web:2."""
    old, new = (desired(service("web", HERE, **{"image": image, **fields})) for image in ("web:1", "web:2"))
    return planned(old, new)


def the_step(plan: Plan) -> Step:
    (one,) = plan.steps
    return one


NOTHING = desired()
ONE = desired(service("web"))


def step_for(workload: Workload, held: list[ObservedObject]) -> Plan:
    return decided(desired(workload), Holding({seen.id: seen for seen in held}).observed()).plan
