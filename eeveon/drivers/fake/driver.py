"""The driver of fake targets: does what every driver must, and misbehaves where it is told to.

Settings of a Target of kind `fake`, all optional:

    state: PATH        the file that holds its world (default: one for each target under the state folder, so that the
                       next command finds what this one made); a relative path starts there as well
    faults: [...]      how it misbehaves, see `faults.py`; for trying out guardrails, gates and rollbacks
    network: true      workloads stand in a network, which is an object as well
    normalise: true    quantities are rewritten and defaults filled in, as a cluster does
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from functools import partial

from eeveon.core.desired import Target, Workload
from eeveon.core.drift import Author, Touch
from eeveon.core.health import Check, Probe
from eeveon.core.names import ObjectId, Revision, ServiceName, TargetName
from eeveon.core.observed import UP, Condition, Observation, ObservedObject, Seen, Unreachable
from eeveon.core.plan import Effect
from eeveon.core.secret import SecretValue, references
from eeveon.core.wanted import INSTANCE, VOLUME, Preview, WantedObject
from eeveon.drivers.base import Capabilities, Context, LogLine
from eeveon.drivers.fake import program
from eeveon.drivers.fake.faults import Deed, parse_fault
from eeveon.drivers.fake.mishap import NO_MISHAP, Mishap, together
from eeveon.drivers.fake.preview import Habits, normalised, preview_of
from eeveon.drivers.fake.world import FakeTarget, Held, Key, Objects
from eeveon.errors import ActionRefused, ActionUncertain, TargetUnreachable, UsageError

SETTINGS = ("faults", "network", "normalise", "state")
CONDITIONS = {condition.value: condition for condition in Condition}
MUTABLE = frozenset({"resources", "restart", "stop_grace"})
FOLLOW_EVERY = 0.2  # seconds: how soon a reader of logs notices that its instance has stopped


class FakeDriver:
    """One fake target, read and written by one scope."""

    kind = "fake"

    def __init__(self, target: Target, context: Context, world: FakeTarget) -> None:
        self.capabilities = Capabilities(mutable=MUTABLE, runs=frozenset({"image", "command"}))
        self._target: TargetName = target.name
        self._host = f"{target.name}.fake.invalid"  # RFC 2606: a name that never leads anywhere
        self._context = context
        self._scope = context.scope
        self._world = world
        self._habits = Habits(
            network=bool(target.settings.get("network")), normalise=bool(target.settings.get("normalise"))
        )

    def observe(self) -> Observation:
        """Everything of the scope, or `Unreachable`."""
        mishap = self._befall("observe", None)
        self._world.wait(mishap.seconds) if mishap.seconds else None
        try:
            held = self._world.objects(self._scope)
        except TargetUnreachable as cause:
            return Unreachable(target=self._target, reason=cause.message, hint=cause.hint)
        if reason := mishap.why_unread(len(held)):
            return Unreachable(target=self._target, reason=reason)
        return Seen(target=self._target, objects=tuple(map(self._observed, held.keys(), held.values())))

    def preview(self, workloads: tuple[Workload, ...]) -> Preview:
        """The objects that these workloads become."""
        return preview_of(self._target, workloads, self._habits)

    def perform(self, effect: Effect, fence: int, timeout: timedelta) -> ObservedObject | None:
        """Bring one object to one condition, or fail as the faults say."""
        mishap = self._befall(_deed(effect), effect.object)
        mishap.raise_unsent(str(effect))
        limit = timeout.total_seconds()
        if mishap.seconds:
            self._context.report(effect.object, f"takes {min(mishap.seconds, limit):g} s")
            self._world.wait(min(mishap.seconds, limit))
        before, after = self._carry_out(effect, fence, mishap)
        if mishap.late or mishap.seconds > limit:
            raise ActionUncertain(f"{effect}: no answer within {limit:g} s", hint="observe the target again")
        return self._answer(effect, mishap, before, after)

    def probe(self, object_id: ObjectId, check: Check, timeout: timedelta) -> Probe:
        """What the instance's make-believe program answers."""
        mishap = self._befall("probe", object_id)
        limit = timeout.total_seconds()
        self._world.wait(min(mishap.seconds, limit)) if mishap.seconds else None
        if mishap.late or mishap.seconds > limit:
            return Probe(healthy=False, detail=f"no answer within {limit:g} s")
        if reason := mishap.gone or mishap.refused or mishap.unhealthy:
            return Probe(healthy=False, detail=reason)
        try:
            held = self._world.objects(self._scope).get(_key(object_id))
        except TargetUnreachable as cause:
            return Probe(healthy=False, detail=cause.message)
        if held is None or held.condition not in UP:
            return Probe(healthy=False, detail=f"not running: {held.condition if held else 'absent'}")
        return program.answer(check, held.fields, self._world.secrets_of(self._scope, object_id))

    def logs(self, object_id: ObjectId, *, tail: int, follow: bool) -> Iterator[LogLine]:
        """What the program writes as it starts, and what `FakeTarget.say` let it write."""
        self._befall("logs", object_id).raise_unsent(f"read the logs of {object_id}")
        lines = self._lines(object_id)
        told = len(lines)
        yield from self._as_log(object_id, lines[-tail:] if tail else ())
        while follow and self._runs(object_id):
            self._world.await_line(FOLLOW_EVERY)
            lines = self._lines(object_id)
            yield from self._as_log(object_id, lines[told:])
            told = len(lines)

    def close(self) -> None:
        """There is nothing to let go of."""

    def _carry_out(self, effect: Effect, fence: int, mishap: Mishap) -> tuple[Held | None, Held | None]:
        """Change the world; the object before and after."""
        before: Held | None = None
        secrets = self._resolved(effect.wanted)

        def decide(objects: Objects) -> Held | None:
            nonlocal before
            before = objects.get(_key(effect.object))
            return before if mishap.lie == "idle" else self._brought(effect, objects, mishap)

        after = self._world.change(self._scope, fence, effect.object, decide)
        if mishap.lie != "idle":
            self._change_sides(effect, fence)
        if secrets:
            self._world.give_secrets(self._scope, effect.object, secrets)
        return before, after

    def _change_sides(self, effect: Effect, fence: int) -> None:
        """Those that enter service beside the object, and those that leave it instead."""
        goals = dict.fromkeys(effect.beside, Condition.SERVING)
        goals |= dict.fromkeys(effect.instead, Condition.RUNNING)
        for identity, goal in goals.items():
            self._world.change(self._scope, fence, identity, partial(_moved, _key(identity), goal))

    def _brought(self, effect: Effect, objects: Objects, mishap: Mishap) -> Held | None:
        """The object as the effect wants it; itself where it is so already."""
        held = objects.get(_key(effect.object))
        match effect.condition:
            case Condition.ABSENT:
                _raise_in_use(effect.object, objects)
                return None
            case Condition.STOPPED:
                if held is None or held.condition == Condition.STOPPED.value:
                    return held
                return held._replace(
                    condition=Condition.STOPPED.value,
                    detail="stopped",
                    trace="",
                    ended_by=Author.OURSELVES.value,
                )
            case Condition.RUNNING | Condition.SERVING:
                return self._up(effect, held, mishap)
            case Condition.FAILED:
                raise ActionRefused(f"{effect}: no object is brought to fail")

    def _up(self, effect: Effect, held: Held | None, mishap: Mishap) -> Held:
        """It runs, and serves if that is asked for: a rung more or less restarts nothing."""
        if effect.wanted is not None:
            wished = self._made(effect.wanted)
        elif held is not None:
            wished = held
        else:
            raise ActionRefused(f"{effect}: it does not exist", hint="plan again")
        if held is not None and held.condition in UP and _same(held, wished):
            return held._replace(condition=effect.condition.value)
        condition, detail = program.started(wished.fields)
        if mishap.crash:
            condition, detail = Condition.FAILED, mishap.crash
        if condition is Condition.RUNNING:
            condition = effect.condition
        by = Author.WORKLOAD.value  # if it does not run now, its program has ended
        return wished._replace(condition=condition.value, detail=detail, trace="", ended_by=by)

    def _made(self, wanted: WantedObject) -> Held:
        return Held(
            service=wanted.service,
            ordinal=wanted.ordinal,
            revision=wanted.revision,
            applied=normalised(wanted.fields) if self._rewrites(wanted.id) else wanted.fields,
            edited=None,
            condition=Condition.STOPPED.value,
            detail="",
            trace="",
            protected=wanted.protected,
        )

    def _rewrites(self, object_id: ObjectId) -> bool:
        return self._habits.normalise and object_id.kind == INSTANCE

    def _answer(
        self, effect: Effect, mishap: Mishap, before: Held | None, after: Held | None
    ) -> ObservedObject | None:
        """What is said of it: the truth, unless a fault has it otherwise."""
        key = _key(effect.object)
        if mishap.lie == "idle":
            return self._claimed(effect, before)
        if mishap.lie == "denies":
            return before and self._observed(key, before)
        if mishap.lie == "another" and (other := after or before):
            return self._observed((key[0], f"{key[1]}-another"), other)
        if after is not None and mishap.crash:
            after = after._replace(condition=effect.condition.value, detail="")
        return after and self._observed(key, after)

    def _claimed(self, effect: Effect, before: Held | None) -> ObservedObject | None:
        if effect.condition is Condition.ABSENT:
            return None
        held = self._made(effect.wanted) if effect.wanted is not None else before
        return held and replace(self._observed(_key(effect.object), held), condition=effect.condition)

    def _observed(self, key: Key, held: Held) -> ObservedObject:
        runs = held.condition in UP
        return ObservedObject(
            id=ObjectId(target=self._target, kind=key[0], name=key[1]),
            service=None if held.service is None else ServiceName(held.service),
            ordinal=held.ordinal,
            revision=Revision(held.revision),
            fields=held.fields,
            applied=held.applied,
            condition=CONDITIONS[held.condition],
            detail=held.detail,
            trace=held.trace,
            ended_by=Author(held.ended_by),
            touches=tuple([Touch(path=tuple(field.split(".")), by=Author(by)) for field, by in held.touched]),
            endpoints=program.endpoints(self._host, key[1], held.fields) if runs else (),
            protected=held.protected,
        )

    def _resolved(self, wanted: WantedObject | None) -> Mapping[str, SecretValue]:
        refs = references(wanted.fields) if wanted is not None else {}
        return {name: self._context.secrets.resolve(ref) for name, ref in refs.items()}

    def _lines(self, object_id: ObjectId) -> tuple[str, ...]:
        held = self._world.objects(self._scope).get(_key(object_id))
        if held is None:
            return ()
        return program.first_lines(object_id.name, held.fields) + self._world.said(self._scope, object_id)

    def _runs(self, object_id: ObjectId) -> bool:
        held = self._world.objects(self._scope).get(_key(object_id))
        return held is not None and held.condition in UP

    def _as_log(self, object_id: ObjectId, lines: tuple[str, ...]) -> Iterator[LogLine]:
        return (LogLine(instance=object_id.name, text=line) for line in lines)

    def _befall(self, deed: Deed, object_id: ObjectId | None) -> Mishap:
        faults = self._world.strike(deed, object_id)
        return together(faults) if faults else NO_MISHAP


def connect(target: Target, context: Context) -> FakeDriver:
    """A driver whose world lasts from one command to the next. Raises UsageError for settings it does not know."""
    for name in target.settings:
        if name not in SETTINGS:
            close = get_close_matches(name, SETTINGS, n=1)
            raise UsageError(
                f"target {target.name}: `{name}` is not a setting of a fake target",
                hint=f"did you mean `{close[0]}`?" if close else f"known: {', '.join(SETTINGS)}",
            )
    faults = target.settings.get("faults") or ()
    if not isinstance(faults, list | tuple):
        raise UsageError(f"target {target.name}: `faults` is a list")
    state = context.state / str(target.settings.get("state", f"{target.name}.json"))
    return FakeDriver(target, context, FakeTarget(state=state, faults=map(parse_fault, faults)))


def _moved(key: Key, goal: Condition, objects: Objects) -> Held | None:
    """An object that runs, in service or out of it; another one as it is."""
    held = objects.get(key)
    return held._replace(condition=goal.value) if held and held.condition in UP else held


def _raise_in_use(object_id: ObjectId, objects: Objects) -> None:
    if object_id.kind != VOLUME:
        return
    for (kind, name), held in objects.items():
        mounts = held.fields.get("mounts", ()) if kind == INSTANCE else ()
        if isinstance(mounts, list) and any(mount.get("volume") == object_id.name for mount in mounts):
            raise ActionRefused(f"remove {object_id}: {name} uses it", hint="remove the instance first")


def _same(held: Held, wished: Held) -> bool:
    return (held.fields, held.applied, held.protected) == (wished.fields, wished.applied, wished.protected)


def _deed(effect: Effect) -> Deed:
    match effect.condition:
        case Condition.ABSENT:
            return "remove"
        case Condition.STOPPED:
            return "stop"
        case _:
            return "run"


def _key(object_id: ObjectId) -> Key:
    return object_id.kind, object_id.name
