"""The world behind fake targets: objects by scope, fences, faults, and hands that meddle.

Tests make one in memory with `FakeTarget()`; with a `state` file the same world is seen by every process that opens it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Condition as Signal, Event, RLock
from typing import NamedTuple

from eeveon.core.drift import Author
from eeveon.core.names import ObjectId, Scope
from eeveon.core.observed import Condition
from eeveon.core.secret import SecretValue
from eeveon.core.values import Fields
from eeveon.drivers.fake.faults import Deed, Fault, Faults
from eeveon.drivers.fake.journal import SPARE_LINES, Entry, Journal
from eeveon.errors import ActionRefused

Key = tuple[str, str]  # kind, name: an object inside of its scope
Address = tuple[str, str, str]  # scope, kind, name
KEPT_LINES = 1000  # of what one instance writes after its start


class Held(NamedTuple):
    """One object as the world keeps it: a tuple, because that is its own JSON form."""

    service: str | None
    ordinal: int | None
    revision: str
    applied: Fields
    edited: Fields | None  # the fields as they are now; None: as applied
    condition: str
    detail: str
    trace: str
    protected: bool
    ended_by: str = Author.UNKNOWN.value
    touched: tuple[tuple[str, str], ...] = ()  # path as in `edit`, Author

    @property
    def fields(self) -> Fields:
        """The fields as they are now."""
        return self.applied if self.edited is None else self.edited


Objects = Mapping[Key, Held]


class FakeTarget:
    """One world. Every method may be called from several threads at a time."""

    def __init__(
        self,
        *,
        state: Path | None = None,
        faults: Iterable[Fault] = (),
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self.wait = wait or Event().wait
        self._journal = Journal(state) if state is not None else None
        self._lock = RLock()
        self._scopes: dict[str, dict[Key, Held]] = {}
        self._fences: dict[str, int] = {}
        self._secrets: dict[Address, Mapping[str, SecretValue]] = {}
        self._faults = Faults()
        self._lines: dict[Address, deque[str]] = {}
        self._written = Signal()
        for fault in faults:
            self._faults.add(fault)

    def add(self, fault: Fault) -> None:
        """Misbehave like this from now on."""
        with self._lock:
            self._faults.add(fault)

    def heal(self, fault: Fault | None = None) -> None:
        """Misbehave no more: in this way, or at all."""
        with self._lock:
            if fault is None:
                self._faults.clear()
            else:
                self._faults.remove(fault)

    def strike(self, deed: Deed, object_id: ObjectId | None) -> tuple[Fault, ...]:
        """The faults that befall one call."""
        with self._lock:
            return self._faults.strike(deed, object_id)

    def objects(self, scope: Scope) -> Objects:
        """What is held for the scope. Raises TargetUnreachable where the state file cannot be used."""
        with self._current():
            return dict(self._scopes.get(str(scope), {}))

    def change(
        self, scope: Scope, fence: int, object_id: ObjectId, decide: Callable[[Objects], Held | None]
    ) -> Held | None:
        """Put what `decide` makes of the scope's objects in the place of one, while nobody else changes anything."""
        with self._current():
            self._check_fence(str(scope), fence)
            objects = self._scopes.get(str(scope), {})
            key = (object_id.kind, object_id.name)
            held = decide(objects)
            if held is not objects.get(key):
                self._write([str(scope), *key, held])
            return held

    def secrets_of(self, scope: Scope, object_id: ObjectId) -> Mapping[str, SecretValue]:
        """What the instance was given as secrets by this process; they are never written."""
        with self._lock:
            return self._secrets.get((str(scope), object_id.kind, object_id.name), {})

    def give_secrets(self, scope: Scope, object_id: ObjectId, secrets: Mapping[str, SecretValue]) -> None:
        """Let the instance have these secrets."""
        with self._lock:
            self._secrets[str(scope), object_id.kind, object_id.name] = secrets

    def stop(self, object_id: ObjectId, *, scope: Scope | None = None) -> None:
        """Stop it by hand, in one scope or in every one that holds it."""
        self._meddle(
            object_id, scope, lambda held: _ended(held, Condition.STOPPED, "stopped by hand", Author.PERSON)
        )

    def crash(
        self,
        object_id: ObjectId,
        *,
        scope: Scope | None = None,
        detail: str = "exited with status 1, restarted 5 times",
    ) -> None:
        """Let it fail by itself."""
        self._meddle(object_id, scope, lambda held: _ended(held, Condition.FAILED, detail, Author.WORKLOAD))

    def delete(self, object_id: ObjectId, *, scope: Scope | None = None) -> None:
        """Take it away by hand."""
        self._meddle(object_id, scope, lambda _: None)

    def edit(
        self,
        object_id: ObjectId,
        field: str,
        value: object,
        *,
        scope: Scope | None = None,
        by: Author = Author.PERSON,
    ) -> None:
        """Set a field, by hand or as somebody else. `field` is a path: `image`, `env.LOG_LEVEL`; None takes it away."""

        def edited(held: Held) -> Held:
            fields = _with(held.fields, tuple(field.split(".")), value)
            touched = (*held.touched, (field, by.value))
            return held._replace(edited=fields, trace=f"edited by {by.value}", touched=touched)

        self._meddle(object_id, scope, edited)

    def say(self, object_id: ObjectId, text: str, *, scope: Scope | None = None) -> None:
        """Let an instance write a line, for those who read its logs in this process."""
        with self._current():
            addresses = self._addresses(object_id, scope)
        with self._written:
            for address in addresses:
                self._lines.setdefault(address, deque(maxlen=KEPT_LINES)).append(text)
            self._written.notify_all()

    def said(self, scope: Scope, object_id: ObjectId) -> tuple[str, ...]:
        """The lines that an instance was let write."""
        with self._written:
            return tuple(self._lines.get((str(scope), object_id.kind, object_id.name), ()))

    def await_line(self, seconds: float) -> None:
        """Wait until any instance writes, but not for longer."""
        with self._written:
            self._written.wait(seconds)

    def _meddle(
        self, object_id: ObjectId, scope: Scope | None, become: Callable[[Held], Held | None]
    ) -> None:
        with self._current():
            for place, kind, name in self._addresses(object_id, scope):
                self._write([place, kind, name, become(self._scopes[place][kind, name])])

    def _addresses(self, object_id: ObjectId, scope: Scope | None) -> list[Address]:
        key = (object_id.kind, object_id.name)
        places = list(self._scopes) if scope is None else [str(scope)]
        found = [(place, *key) for place in places if key in self._scopes.get(place, {})]
        if not found:
            raise LookupError(f"the fake target holds no {object_id}")
        return found

    def _check_fence(self, scope: str, fence: int) -> None:
        highest = self._fences.get(scope, 0)
        if fence < highest:
            raise ActionRefused(
                f"fence {fence} is lower than {highest}: another writer has taken over {scope}",
                hint="stop this command; the other one goes on",
            )
        if fence > highest:
            self._write([scope, fence])

    @contextmanager
    def _current(self) -> Iterator[None]:
        """The lock, and what other processes have written since."""
        with self._lock:
            if self._journal is None:
                yield
                return
            with self._journal.locked():
                self._catch_up(self._journal)
                yield

    def _catch_up(self, journal: Journal) -> None:
        anew, entries = journal.unread()
        if anew:
            self._scopes.clear()
            self._fences.clear()
        try:
            for entry in entries:
                self._note(entry)
        except (LookupError, TypeError) as cause:
            raise journal.unusable(cause) from cause
        if len(entries) > SPARE_LINES and len(entries) > 2 * sum(map(len, self._scopes.values())):
            journal.rewrite(self._everything())

    def _everything(self) -> Iterator[Entry]:
        for scope, fence in self._fences.items():
            yield [scope, fence]
        for scope, objects in self._scopes.items():
            for (kind, name), held in objects.items():
                yield [scope, kind, name, held]

    def _write(self, entry: Entry) -> None:
        if self._journal is not None:
            self._journal.append([entry])
        self._note(entry)

    def _note(self, entry: Entry) -> None:
        """Take one line in: [scope, fence], or [scope, kind, name, what is held there or nothing]."""
        scope = str(entry[0])
        if isinstance(entry[1], int):
            self._fences[scope] = entry[1]
            return
        kind, name, held = str(entry[1]), str(entry[2]), entry[3]
        if isinstance(held, list | tuple):
            self._scopes.setdefault(scope, {})[kind, name] = Held(*held)
        else:
            self._scopes.get(scope, {}).pop((kind, name), None)


def _ended(held: Held, condition: Condition, detail: str, by: Author) -> Held:
    return held._replace(condition=condition.value, detail=detail, trace=detail, ended_by=by.value)


def _with(fields: Fields, path: tuple[str, ...], value: object) -> Fields:
    name, *rest = path
    inner = fields.get(name)
    if rest:
        value = _with(inner if isinstance(inner, Mapping) else {}, tuple(rest), value)
    held = {**fields, name: value}
    if value is None:
        del held[name]
    return held
