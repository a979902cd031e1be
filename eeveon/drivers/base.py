"""What every driver is: five verbs over one target.

A driver does not decide, retry, sort, wait for health or print. It turns the target's answers into the core's nouns
and raises the three target errors (`TargetUnreachable`, `ActionRefused`, `ActionUncertain`), nothing else. What it
may do is pinned by the contract suite in `tests/drivers/contract.py`, which the fake and every real driver pass.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from eeveon.core.desired import Target, Workload
from eeveon.core.health import Check, Probe
from eeveon.core.names import CommitId, ObjectId, Scope
from eeveon.core.observed import Observation, ObservedObject
from eeveon.core.plan import Effect
from eeveon.core.secret import Secrets
from eeveon.core.tree import Entry, Trees
from eeveon.core.values import Fields
from eeveon.core.wanted import Preview
from eeveon.drivers.connections import Connections, Own
from eeveon.errors import RepositoryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the planner may count on, as data."""

    mutable: frozenset[str] = frozenset()  # top-level fields that a running instance takes in place
    runs: frozenset[str] = frozenset()  # forms of a service it can run: "image", "command"
    host_ports: bool = False  # a service's port is the machine's own: two instances cannot hold the same


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line that an instance wrote. `at` is None where the target keeps no time."""

    instance: str
    text: str
    at: datetime | None = None


class NoTrees:
    """Where no repository can be read."""

    def entries(self, commit: CommitId, exclude: tuple[str, ...] = ()) -> tuple[Entry, ...]:  # noqa: ARG002
        """Raises RepositoryError."""
        raise _nowhere(commit)

    def read(self, commit: CommitId, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:  # noqa: ARG002
        """Raises RepositoryError."""
        raise _nowhere(commit)

    def excluded(
        self,
        commit: CommitId,
        exclude: tuple[str, ...],  # noqa: ARG002
        paths: Collection[str],  # noqa: ARG002
    ) -> frozenset[str]:
        """Raises RepositoryError."""
        raise _nowhere(commit)


def _nowhere(commit: CommitId) -> RepositoryError:
    return RepositoryError(f"there is no repository here that holds commit {commit[:12]}")


NO_TREES = NoTrees()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a driver is handed when it is connected. `report` takes progress for people: (object, text)."""

    scope: Scope
    state: Path  # a private folder of this driver kind on this machine; not yet made
    secrets: Secrets
    report: Callable[[ObjectId, str], None]
    trees: Trees = NO_TREES
    connections: Connections = field(default_factory=Own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What an examination found of one place of a target, and what to do about it."""

    place: str
    verdict: Literal["good", "warning", "bad", "unreachable"]
    found: str
    hint: str = ""


class Driver(Protocol):
    """One target, read and written. Every method may be called from several threads at a time."""

    kind: str
    capabilities: Capabilities

    def observe(self) -> Observation:
        """Everything on the target that carries the scope's identity; complete, or `Unreachable`. Never raises."""
        ...

    def preview(self, workloads: tuple[Workload, ...]) -> Preview:
        """The objects that these workloads become, fields as the target would hold them; writes nothing."""
        ...

    def perform(self, effect: Effect, fence: int, timeout: timedelta) -> ObservedObject | None:
        """Bring one object to one condition and give it as it then is, None if it is then absent.

        Repeatable: an effect that already holds changes nothing. A `fence` lower than one this scope has shown to
        the target before is refused. Secrets are resolved in here and nowhere else.

        Raises:
            TargetUnreachable: nothing was sent.
            ActionRefused: the target said no, an object of somebody else is in the way, or the fence is too low.
            ActionUncertain: sent, but no answer within `timeout`.
        """
        ...

    def probe(self, object_id: ObjectId, check: Check, timeout: timedelta) -> Probe:
        """Ask one running instance once, from where its users are. A probe that cannot be made is unhealthy."""
        ...

    def logs(self, object_id: ObjectId, *, tail: int, follow: bool) -> Iterator[LogLine]:
        """The last `tail` lines of an instance, then, with `follow`, new ones as they come."""
        ...

    def close(self) -> None:
        """Let go of connections. What runs goes on running."""
        ...


@runtime_checkable
class Examines(Protocol):
    """A driver that can say more of its target than whether it answers. For `doctor`; no plan depends on it."""

    def examine(self, workloads: tuple[Workload, ...], now: datetime) -> tuple[Remark, ...]:
        """Whether each place has what these services need. Changes nothing. Never raises."""
        ...


@runtime_checkable
class Watches(Protocol):
    """A driver that looks at a few objects for less than at all of them. Others are asked to `observe`."""

    def watch(self, objects: frozenset[ObjectId]) -> Observation:
        """These objects as they run now, whether or not they are in service; one that is left out is absent.

        Never raises.
        """
        ...


@runtime_checkable
class Notices(Protocol):
    """A driver whose target tells when something changes, so that nobody has to wait for the next look."""

    def notice(self, changed: Callable[[], None], trouble: Callable[[str], None]) -> bool:
        """From now until `close`, call `changed` when something of the scope is other than it was, and once at first.

        What cannot be followed is said to `trouble`: changes of it are found by looking. Both are called from
        other threads. False where nothing can be followed now. Never raises.
        """
        ...


class Existing(Protocol):
    """Lists what is on a target, whoever made it. For `import`; no plan depends on it."""

    @property
    def settings(self) -> Fields:
        """Those of a target that is this very place. Raises TargetUnreachable."""
        ...

    def __call__(self, resource: str) -> Iterable[Mapping[str, Any]]:
        """All objects of a kind. Raises TargetError where not all can be read."""
        ...

    def close(self) -> None:
        """Free what is open."""
        ...


Connect = Callable[[Target, Context], Driver]
