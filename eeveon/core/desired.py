"""What should be: the specs of one environment, resolved, in words that no runtime owns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from eeveon.core.access import AccessPolicy
from eeveon.core.diagnostic import Position
from eeveon.core.health import NO_CHECK, Health
from eeveon.core.names import CommitId, Scope, ServiceName, TargetName
from eeveon.core.policy import GuardrailFinding, SafetyPolicy
from eeveon.core.scaling import Scaling
from eeveon.core.secret import SecretRef
from eeveon.core.values import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A place where services run. `settings` are what its driver needs to reach it, checked by its kind's schema."""

    name: TargetName
    kind: str  # the driver: local, docker, fake, …
    settings: Fields
    concurrency: int = 8  # actions at a time
    balancers: tuple["Balancer", ...] = ()  # LoadBalancers that name it, by name
    active: int | None = (
        None  # hosts in service, standbys counted, by its NodeGroup; None: all but the standbys
    )
    drain: timedelta | None = None  # of hosts that its NodeGroup takes out; None: as its balancers say
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
    size_bytes: int | None = None  # of a volume that is made for it, where the target asks for a size


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueGreen:
    """All new instances stand beside the old ones; once all are healthy, all requests change sides at once."""

    kind: Literal["blueGreen"] = "blueGreen"


Strategy = Recreate | Rolling | BlueGreen

UNLIMITED = Resources()
ONE_MORE = Rolling()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Code of a Git repository that hosts get as releases below `path`, with a link `current` to the one in service."""

    git: str  # its address
    ref: str  # what the specs name, for people: "branch main"
    path: str
    commit: CommitId | None = None  # None until resolved
    committed: datetime | None = None  # when; names the release together with the commit
    exclude: tuple[str, ...] = ()  # patterns as in .gitignore
    build: tuple[tuple[str, ...], ...] = ()  # run in a new release on the host; their effect is unknown
    hooks: Mapping[str, tuple[tuple[str, ...], ...]] = field(
        default_factory=dict
    )  # postDeploy: once in service
    hook_timeout: timedelta = timedelta(minutes=5)  # of each of these commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which requests of a load balancer go to which port of the service.

    `balancer` "": the target's own way in, such as an Ingress of a cluster.
    """

    balancer: str
    port: str  # by name
    host: str = ""  # "": of any host name
    path: str = "/"  # prefix, in whole steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer:
    """A load balancer on hosts of its target. `extra` are lines of its own language, by the section they end."""

    name: str
    software: Literal["haproxy", "nginx"]
    listen: int = 80
    hosts: tuple[str, ...] = ()  # names; (): every active host
    balance: Literal["roundRobin", "leastConnections", "clientAddress"] = "roundRobin"
    connect_timeout: timedelta = timedelta(seconds=5)
    client_timeout: timedelta = timedelta(seconds=60)
    server_timeout: timedelta = timedelta(seconds=60)
    drain: timedelta = timedelta(seconds=30)  # the longest wait for requests in hand
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One object of somebody's own YAML, as it is written there."""

    body: Fields
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifests:
    """A folder of the repository with Kubernetes YAML. `objects` is None until somebody has read it."""

    folder: str
    objects: tuple[Given, ...] | None = None


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
    source: Source | None = None
    route: Route | None = None
    keep: int = 0  # stopped revisions that stay on the target, to go back to
    hardening: bool = True  # the target's own defaults of isolation, where it has some
    stateful: bool = False  # instances have names and volumes of their own, and come and go in order
    scaling: Scaling | None = None  # who owns the number of instances, if it is not `replicas`
    manifests: Manifests | None = None
    kubernetes: Fields = field(default_factory=dict)  # merged last into what a cluster gets, by object
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
    access: tuple[AccessPolicy, ...] = ()  # to the controller's API; no plan depends on it
