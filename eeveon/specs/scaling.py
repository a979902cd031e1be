"""ScalingPolicies: their rules, the noun that they become, and the services whose number they decide.

`replicas` has one owner: where a policy names a service, the policy.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any, Final

from eeveon.core.desired import Target, Workload
from eeveon.core.diagnostic import Position, Severity
from eeveon.core.names import ServiceName, TargetName
from eeveon.core.policy import WeeklyWindow
from eeveon.core.scaling import FREE, Demand, Floor, Pace, Scaling
from eeveon.specs import quantities, windows
from eeveon.specs.catalog import SCALING_POLICY
from eeveon.specs.problem import Path, Problem
from eeveon.specs.references import Finding

Written = Mapping[str, Any]

_SHARED: Final = {
    "cpu": "cpu_millis",
    "memory": "memory_bytes",
}  # metrics → the limit that they are a share of
_TARGET: Final = "70%"
_TOLERANCE: Final = "10%"
_NOTHING: Final[Written] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingPolicy:
    """What a document says, and of which service."""

    name: str
    service: ServiceName
    scaling: Scaling


def scaling_rules(document: Written) -> Iterator[Problem]:
    """Everything that is wrong with a document that fits its schema."""
    spec = document["spec"]
    yield from _bounds(spec)
    yield from _demand(spec["demand"])
    yield from _reactive(spec.get("reactive", _NOTHING))
    for index, entry in enumerate(spec.get("schedule", ())):
        yield from _entry(entry, ("spec", "schedule", index), spec["bounds"]["max"])


def scaling_policy(document: Written, position: Position) -> ScalingPolicy:
    """A document without mistakes as a noun."""
    spec = document["spec"]
    reactive = spec.get("reactive", _NOTHING)
    zone = spec.get("timezone", "UTC")
    name = document["metadata"]["name"]
    scaling = Scaling(
        policy=name,
        least=int(spec["bounds"]["min"]),
        most=int(spec["bounds"]["max"]),
        demand=_demanded(spec["demand"], quantities.share(reactive.get("target", _TARGET))),
        up=_pace(reactive.get("up")),
        down=_pace(reactive.get("down")),
        floors=tuple(floor for entry in spec.get("schedule", ()) for floor in _floors(entry, zone)),
        position=position,
    )
    return ScalingPolicy(name=name, service=ServiceName(spec["service"]), scaling=scaling)


def scaled(workload: Workload, policies: Mapping[ServiceName, ScalingPolicy]) -> Workload:
    """The workload; with the policy that decides its number, where there is one."""
    policy = policies.get(workload.service)
    if policy is None:
        return workload
    return replace(workload, scaling=policy.scaling, replicas=policy.scaling.least)


def scaling_misfits(
    policies: Sequence[ScalingPolicy],
    workloads: Iterable[Workload],
    targets: Mapping[TargetName, Target],
) -> Iterator[Finding]:
    """Policies that no target of their service can act on, and two of one service."""
    for first, second in pairwise(sorted(policies, key=lambda policy: (policy.service, policy.name))):
        if first.service == second.service:
            message = f"ScalingPolicy `{first.name}` decides how many instances `{first.service}` has already"
            hint = "a service has one ScalingPolicy; remove one of them"
            yield _finding(second, ("spec", "service"), code="two-owners", message=message, hint=hint)
    named = {policy.service: policy for policy in policies}
    for workload in workloads:
        policy, target = named.get(workload.service), targets.get(workload.target)
        if policy is not None and target is not None:
            yield from _misfit(policy, workload, target)


def _misfit(policy: ScalingPolicy, workload: Workload, target: Target) -> Iterator[Finding]:
    path: Path = ("spec", "service")
    metric = policy.scaling.demand.metric
    if target.kind == "fake":  # pretends to do all
        return
    if target.kind != "kubernetes":
        message = f"`{workload.service}` runs on `{target.name}`, a {target.kind} target, where nothing scales it yet"
        hint = f"remove `{target.name}` from its `targets`, or this policy"
        yield _finding(policy, path, code="wrong-form", message=message, hint=hint)
    elif workload.image is None:
        message = f"`{workload.service}` has no `image`, so there is nothing of it to be scaled"
        yield _finding(policy, path, code="wrong-form", message=message)
    elif (
        metric in _SHARED
        and getattr(workload.resources, _SHARED[metric]) is None
        and "podTemplate" not in workload.kubernetes  # which may say what is requested
    ):
        yield _finding(
            policy,
            ("spec", "demand", "metric"),
            code="missing-field",
            message=f"`{workload.service}` has no `resources.{metric}` of which a share could be measured",
            hint=f"write `resources: {{{metric}: …}}` in it",
        )


def _finding(policy: ScalingPolicy, path: Path, *, code: str, message: str, hint: str = "") -> Finding:
    problem = Problem(code=code, message=message, path=path, hint=hint)
    return Finding(owner=(SCALING_POLICY, policy.name), problem=problem)


def _bounds(spec: Written) -> Iterator[Problem]:
    least, most = spec["bounds"]["min"], spec["bounds"]["max"]
    if least > most:
        message = f"`min` is {least}, which is more than `max`, {most}"
        yield Problem(code="wrong-value", message=message, path=("spec", "bounds", "min"))


def _demand(demand: Written) -> Iterator[Problem]:
    path: Path = ("spec", "demand", "perReplica")
    metric = demand["metric"]
    if metric in _SHARED and "perReplica" in demand:
        yield Problem(
            code="wrong-value",
            message=f"of `{metric}` an instance takes what its `resources` say",
            path=path,
            hint="remove `perReplica`; `reactive.target` is the share that is to be used",
            on_key=True,
        )
    elif metric not in _SHARED and "perReplica" not in demand:
        message = f"nobody knows how much of `{metric}` one instance takes"
        hint = "for example `perReplica: 80`"
        yield Problem(code="missing-field", message=message, path=path, hint=hint)


def _reactive(reactive: Written) -> Iterator[Problem]:
    if not quantities.share(reactive.get("target", _TARGET)):
        message = f"`target` must be more than 0, not {reactive['target']}"
        yield Problem(code="wrong-value", message=message, path=("spec", "reactive", "target"))
    if quantities.share(reactive.get("tolerance", _TOLERANCE)) != quantities.share(_TOLERANCE):
        yield Problem(
            code="not-yet-honoured",
            message=f"a cluster tolerates {_TOLERANCE} by itself, and not {reactive['tolerance']}",
            path=("spec", "reactive", "tolerance"),
            severity=Severity.WARNING,
        )


def _entry(entry: Written, path: Path, most: int) -> Iterator[Problem]:
    if entry["min"] > most:
        message = f"`min` is {entry['min']}, which is more than `bounds.max`, {most}"
        yield Problem(code="wrong-value", message=message, path=(*path, "min"))
    for field, text in (("from", _hours), ("expires", _last_day)):
        try:
            text(entry)
        except ValueError as reason:
            yield Problem(code="wrong-value", message=str(reason), path=(*path, field))


def _hours(entry: Written, zone: str = "UTC") -> tuple[WeeklyWindow, ...]:
    return windows.weekly(entry.get("days", "Mon-Sun"), (entry["from"], entry["to"]), zone)


def _last_day(entry: Written) -> date | None:
    return windows.day(entry["expires"]) if "expires" in entry else None


def _floors(entry: Written, zone: str) -> Iterator[Floor]:
    for span in _hours(entry, zone):
        yield Floor(least=int(entry["min"]), span=span, until=_last_day(entry))


def _demanded(demand: Written, share: float) -> Demand:
    return Demand(metric=demand["metric"], target=share * float(demand.get("perReplica", 1)))


def _pace(written: Written | None) -> Pace:
    if written is None:
        return FREE
    return Pace(
        step=int(written["step"]) if "step" in written else None,
        stabilize=quantities.duration(written["stabilize"]) if "stabilize" in written else None,
    )
