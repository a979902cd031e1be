"""How a fake target misbehaves, as data.

A fault is found by what is done (`on`), to which object (`object`, a pattern as the shell's), and by the how manieth
such call it is: the `first` that suffers (counting from 1) and how many `times` (None: from then on). Calls are counted
for each fault, from when the target was connected: for people that is the start of their command.

In a Target's settings the same is a list:

    faults:
      - {fault: slow, seconds: 2, on: [run], object: "web-*"}
      - {fault: refuse, message: no space left on device, on: [run], first: 2, times: 1}
      - {fault: vanish, first: 3}
      - {fault: unhealthy, detail: GET /healthz → 502, times: 4}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Literal, get_args

from eeveon.core.names import ObjectId
from eeveon.errors import UsageError

Deed = Literal["observe", "run", "stop", "remove", "probe", "logs"]
DEEDS: frozenset[Deed] = frozenset(get_args(Deed))
EFFECTS: frozenset[Deed] = frozenset({"run", "stop", "remove"})
RUN: frozenset[Deed] = frozenset({"run"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """It takes so long. Where that is longer than the caller waits, it is done and the answer is not waited for."""

    seconds: float
    on: frozenset[Deed] = DEEDS
    object: str = "*"
    first: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The target says no, and nothing changes."""

    message: str = "refused"
    on: frozenset[Deed] = EFFECTS
    object: str = "*"
    first: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanish:
    """The target cannot be reached, and nothing is sent."""

    reason: str = "connection timed out"
    on: frozenset[Deed] = DEEDS
    object: str = "*"
    first: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLate:
    """The target does it, but its answer does not come in time."""

    on: frozenset[Deed] = EFFECTS
    object: str = "*"
    first: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """The target's answer is not true.

    `idle`: it says that it did, and did nothing. `denies`: it did, and gives the object as it was before.
    `another`: it did, and answers with an object that nobody asked for.
    """

    how: Literal["idle", "denies", "another"] = "idle"
    on: frozenset[Deed] = EFFECTS
    object: str = "*"
    first: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashLoop:
    """The instance starts, so `perform` says that it runs; the next look finds it failed."""

    detail: str = "exited with status 1, restarted 5 times"
    on: frozenset[Deed] = RUN
    object: str = "*"
    first: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhealthy:
    """Probes say so."""

    detail: str = "GET / → 502"
    on: frozenset[Deed] = frozenset({"probe"})
    object: str = "*"
    first: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialRead:
    """The connection ends in the middle of a read: what was read is no complete answer."""

    on: frozenset[Deed] = frozenset({"observe"})
    object: str = "*"
    first: int = 1
    times: int | None = None


Fault = Slow | Refuse | Vanish | AnswerLate | Lie | CrashLoop | Unhealthy | PartialRead

KINDS: Mapping[str, type[Fault]] = {
    "slow": Slow,
    "refuse": Refuse,
    "vanish": Vanish,
    "answerLate": AnswerLate,
    "lie": Lie,
    "crashLoop": CrashLoop,
    "unhealthy": Unhealthy,
    "partialRead": PartialRead,
}


@dataclass(slots=True)
class Faults:
    """The faults that are set, and how many calls each of them has matched. The caller holds the lock."""

    _counts: dict[Fault, int] = field(default_factory=dict)

    def add(self, fault: Fault) -> None:
        """From now on this may happen; a fault that is set already is counted anew."""
        self._counts[fault] = 0

    def remove(self, fault: Fault) -> None:
        """From now on this happens no more."""
        self._counts.pop(fault, None)

    def clear(self) -> None:
        """From now on the target behaves."""
        self._counts.clear()

    def strike(self, deed: Deed, object_id: ObjectId | None) -> tuple[Fault, ...]:
        """The faults that befall this call, in the order they were set. Counts the call."""
        return tuple(fault for fault in self._counts if self._strikes(fault, deed, object_id))

    def _strikes(self, fault: Fault, deed: Deed, object_id: ObjectId | None) -> bool:
        if deed not in fault.on or not _is_meant(fault.object, object_id):
            return False
        self._counts[fault] += 1
        past = self._counts[fault] - fault.first
        return past >= 0 and (fault.times is None or past < fault.times)


def _is_meant(pattern: str, object_id: ObjectId | None) -> bool:
    if object_id is None:  # an observation is of all objects
        return pattern == "*"
    return fnmatchcase(object_id.name, pattern) or fnmatchcase(f"{object_id.kind}/{object_id.name}", pattern)


def parse_fault(written: object) -> Fault:
    """One fault of a Target's settings. Raises UsageError, which says what is possible."""
    if not isinstance(written, Mapping):
        raise UsageError(f"a fault of a fake target is a map, not {written!r}")
    name = str(written.get("fault", ""))
    kind = KINDS.get(name)
    if kind is None:
        raise _unknown("fault", name, KINDS)
    allowed = {item.name for item in fields(kind)}
    values = {str(key): value for key, value in written.items() if key != "fault"}
    for key in values:
        if key not in allowed:
            raise _unknown(f"field of the fault {name}", key, allowed)
    return _build(kind, name, values)


def _build(kind: type[Fault], name: str, values: dict[str, object]) -> Fault:
    if "on" in values:
        values["on"] = _deeds(values["on"])
    for key, value in values.items():
        _check(f"{name}.{key}", key, value)
    try:
        return kind(**values)  # type: ignore[arg-type]  # every value was checked above
    except TypeError as cause:
        raise UsageError(f"the fault {name} of a fake target is not complete: {cause}") from cause


_SHAPES: Mapping[str, tuple[type, ...]] = {
    "seconds": (int, float),
    "first": (int,),
    "times": (int, type(None)),
    "on": (frozenset,),
}


def _check(place: str, key: str, value: object) -> None:
    shapes = _SHAPES.get(key, (str,))
    if isinstance(value, bool) or not isinstance(value, shapes):
        names = " or ".join(shape.__name__ for shape in shapes)
        raise UsageError(f"{place} of a fake target must be {names}, not {value!r}")
    if key == "how" and value not in ("idle", "denies", "another"):
        raise _unknown("lie", str(value), ("idle", "denies", "another"))


def _deeds(written: object) -> frozenset[Deed]:
    names = written if isinstance(written, list | tuple | set | frozenset) else [written]
    for name in names:
        if name not in DEEDS:
            raise _unknown("deed", str(name), DEEDS)
    return frozenset(names)


def _unknown(
    what: str, name: str, known: Mapping[str, object] | frozenset[Deed] | set[str] | tuple[str, ...]
) -> UsageError:
    close = get_close_matches(name, known, n=1)
    guess = f"did you mean {close[0]}? " if close else ""
    return UsageError(
        f"{name or '(nothing)'} is not a {what} of a fake target",
        hint=f"{guess}known: {', '.join(sorted(known))}",
    )
