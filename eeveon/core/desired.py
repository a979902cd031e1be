"""What should be: the specs of one environment, resolved, in words that no runtime owns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from eeveon.core.diagnostic import Position
from eeveon.core.health import NO_CHECK, Health
from eeveon.core.names import CommitId, Scope, ServiceName, TargetName
from eeveon.core.policy import GuardrailFinding, SafetyPolicy
from eeveon.core.secret import SecretRef
from eeveon.core.values import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A place where services run. `settings` are what its driver needs to reach it, checked by its kind's schema."""

    name: TargetName
    kind: str  # the driver: local, docker, fake, …
    settings: Fields
    concurrency: int = 8  # actions at a time
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port that the service listens on, and where the target publishes it.

    `port` None: the target allocates one and tells the process in `PORT` and `PORT_<NAME>` (local only).
    `publish` None: not published; 0: on any free port of the target; else on this one.
    """

    name: str
    port: int | None = None
    publish: int | None = None
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A named volume of the environment (`volume`) or a folder of the target (`host`), seen at `path`."""

    path: str
    volume: str | None = None
    host: str | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Upper limits; None is none."""

    cpu_millis: int | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recreate:
    """All old instances stop, then all new ones start."""

    kind: Literal["recreate"] = "recreate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """A few at a time: at most `surge` more than the replicas exist, at most `max_unavailable` fewer are healthy."""

    max_unavailable: int = 0
    surge: int = 1
    kind: Literal["rolling"] = "rolling"


Strategy = Recreate | Rolling

UNLIMITED = Resources()
ONE_MORE = Rolling()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One service as one target is to run it. The same on every target but for `target`."""

    service: ServiceName
    target: TargetName
    replicas: int
    image: str | None
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretRef] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    mounts: tuple[Mount, ...] = ()
    networks: tuple[str, ...] = ()  # besides the environment's own
    resources: Resources = UNLIMITED
    working_dir: str | None = None
    user: str | None = None
    restart: Literal["always", "onFailure", "never"] = "always"
    stop_grace: timedelta = timedelta(seconds=10)
    health: Health = NO_CHECK
    strategy: Strategy = ONE_MORE
    depends_on: tuple[ServiceName, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """All that one environment should be, from one commit."""

    scope: Scope
    commit: CommitId
    changed_files: int  # files of the working tree that differ from `commit`
    targets: tuple[Target, ...]
    workloads: tuple[Workload, ...]  # sorted by service, then target
    policies: tuple[SafetyPolicy, ...] = ()
    guardrails: tuple[GuardrailFinding, ...] = ()
