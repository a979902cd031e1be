"""What a person reads of one change: the step, with its reasons, fields, risk and fingerprints."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from eeveon.core.changes import Cause, FieldChange, ObjectChange, ServiceChange, Verb
from eeveon.core.desired import BlueGreen, Recreate, Rolling, Strategy, Workload
from eeveon.core.diff import Views
from eeveon.core.drift import Author
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Effect, Risk, Step
from eeveon.core.planner.course import REMOVE_TIMEOUT, Ordered
from eeveon.core.planner.moves import passive, revision_before, strategy_of
from eeveon.core.planner.opaque import opaque
from eeveon.core.planner.risk import replicas_of, step_risk, step_verb
from eeveon.core.values import digest, plain


def document_digest(workload: Workload) -> str:
    """What a step was planned from, whatever the place where it is written."""
    return digest(plain(replace(workload, position=None)))


def fingerprint(present: Iterable[ObservedObject]) -> str:
    """The observed state that a step relies on: which objects there are, what they hold, and whether they run."""
    return digest(
        [[str(seen.id), seen.revision, plain(seen.fields), str(seen.condition)] for seen in present]
    )


def service_step(change: ServiceChange, views: Views, wave: int, wait: timedelta) -> Step:
    """The step for all that one service needs on one target."""
    strategy = strategy_of(change, host_ports=views[change.target].host_ports)
    workload = change.workload
    return Step(
        id=change.label,
        service=change.service,
        target=change.target,
        verb=step_verb(change),
        wave=wave,
        fields=_unique(field for item in change.changes for field in item.fields),
        reasons=_reasons(change),
        drift=all(item.cause is Cause.DRIFT for item in change.changes),
        drift_by=_authors(change.changes),
        replicas=(_standing(change), replicas_of(change.wanted)),
        strategy=_strategy_text(change, strategy),
        goes_back_to=revision_before(change),
        risk=step_risk(change, strategy),
        worst_wait=wait,
        document=document_digest(workload) if workload else "",
        observed=fingerprint(change.present),
        source=str(workload.position) if workload and workload.position else "",
        present=change.present,
        opaque=opaque(change),
    )


def support_step(change: ObjectChange, wave: int, wait: timedelta) -> Step:
    """The step for one network, volume or the like."""
    one = change.wanted or change.present[0]
    return Step(
        id=str(one.id),
        service=None,
        target=one.id.target,
        verb=change.verb,
        wave=wave,
        fields=change.fields,
        reasons=(change.reason,),
        drift=change.cause is Cause.DRIFT,
        drift_by=_authors((change,)),
        replicas=(len(change.present), 1 if change.wanted else 0),
        strategy="",
        goes_back_to="",
        risk=Risk.LOW if change.verb is Verb.CREATE else Risk.MEDIUM,
        worst_wait=wait,
        document="",
        observed=fingerprint(change.present),
        source="",
        present=change.present,
    )


def support_action(change: ObjectChange) -> Ordered:
    """The single action of such a step."""
    if change.wanted is not None:
        effect = Effect(object=change.wanted.id, condition=Condition.RUNNING, wanted=change.wanted)
    else:
        effect = Effect(object=change.present[0].id, condition=Condition.ABSENT)
    health = change.wanted.health if change.wanted and change.wanted.health.check else None
    return Ordered(
        effect=effect,
        after=(),
        deadline=REMOVE_TIMEOUT + (health.worst_case if health else timedelta()),
        health=health,
    )


def _standing(change: ServiceChange) -> int:
    """How many places hold an instance, kept ones apart; each counts for what its instance stands for."""
    places: dict[int | None, int] = {}
    for seen in change.present:
        if seen not in change.shelf:
            places[seen.ordinal] = max(places.get(seen.ordinal, 0), seen.replicas)
    return sum(places.values())


def _authors(changes: Iterable[ObjectChange]) -> tuple[Author, ...]:
    """Everybody whose doing a piece of drift is, foremost first."""
    found = {by for change in changes for by in (change.by, *(field.by for field in change.fields))}
    return tuple(author for author in Author if author in found)


def _unique(changes: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    """Each difference once, however many instances show it."""
    found: dict[str, FieldChange] = {}
    for change in changes:
        found.setdefault(repr((change.path, change.before, change.after)), change)
    return tuple(sorted(found.values(), key=lambda change: change.path))


def _reasons(change: ServiceChange) -> tuple[str, ...]:
    """Why, each reason once; where only some instances have it, with their names."""
    names: dict[str, list[str]] = {}
    for item in change.changes:
        for one in (item.wanted,) if item.wanted else item.present:
            names.setdefault(item.reason, []).append(f"{change.service}-{one.ordinal}")
    if len(names) == 1:
        return tuple(names)
    return tuple(f"{', '.join(sorted(set(who)))}: {reason}" for reason, who in names.items())


def _strategy_text(change: ServiceChange, strategy: Strategy) -> str:
    if change.workload is None or not any(item.verb is Verb.REPLACE for item in change.changes):
        return ""
    forced = strategy != change.workload.strategy and not passive(change)
    return f"{_described(strategy)}: its port cannot be held twice" if forced else _described(strategy)


def _described(strategy: Strategy) -> str:
    match strategy:
        case Recreate():
            return "recreate: stops before it starts"
        case BlueGreen():
            return "blue-green, all change sides at once when all are healthy"
        case Rolling(surge=more, max_unavailable=fewer):
            return f"rolling, {more} more, {fewer} fewer at a time"
        case _:
            assert_never(strategy)
