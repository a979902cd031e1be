"""Valid documents as the nouns of the core. What a document leaves out gets the defaults of the nouns.

Documents of a cache come here too, so nothing heavy is imported. Parts that many services share (a rhythm of health
checks, a set of limits) are made once: `Pool` finds them by the text of what was written.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from sys import intern
from typing import Any, Final, Literal, TypeVar

from eeveon.core.desired import (
    ONE_MORE,
    UNLIMITED,
    Balancer,
    BlueGreen,
    Manifests,
    Mount,
    Port,
    Recreate,
    Resources,
    Rolling,
    Route,
    Strategy,
    Target,
    Workload,
)
from eeveon.core.diagnostic import Position
from eeveon.core.health import NO_CHECK, Check, CommandCheck, Health, HttpCheck, TcpCheck
from eeveon.core.names import ServiceName, TargetName
from eeveon.core.policy import EVERY_SERVICE, NO_LIMITS, Limits, Mode, SafetyPolicy, Selector, Window
from eeveon.core.secret import FromEncrypted, FromEnvironment, FromFile, SecretRef
from eeveon.specs.attached import LoadBalancer, NodeGroup, routed_port
from eeveon.specs.quantities import cpu_millis, duration, part_of, share, size
from eeveon.specs.sources import source
from eeveon.specs.windows import spans

Written = Mapping[str, Any]
Part = TypeVar("Part")

_DEFAULTS: Final[Mapping[str, Any]] = {
    name: field.default for noun in (Workload, Target) for name, field in noun.__dataclass_fields__.items()
}
_PUBLISH_ANY: Final = 0
KEPT_RELEASES: Final = 5


class Pool:
    """Parts that were made before, so that equal ones are one object. Hand the same one to all files of a run."""

    def __init__(self) -> None:
        self._made: dict[tuple[Callable[[Any], Any], str], Any] = {}

    def shared(self, make: Callable[[Any], Part], written: object) -> Part:
        """`make(written)`, made once for equal writings."""
        key = (make, repr(written))
        found: Part | None = self._made.get(key)
        if found is None:
            found = self._made[key] = make(written)
        return found


def workloads(document: Written, position: Position, pool: Pool) -> tuple[Workload, ...]:
    """A Service as each of its targets is to run it."""
    metadata, spec = document["metadata"], document["spec"]
    replicas = int(spec.get("replicas", 1))
    get = spec.get

    def part(name: str, make: Callable[[Any], Part], default: Part) -> Part:
        return pool.shared(make, spec[name]) if name in spec else default

    ports: tuple[Port, ...] = part("ports", _ports, ())
    first = Workload(
        service=ServiceName(intern(metadata["name"])),
        target=TargetName(intern(spec["targets"][0])),
        replicas=replicas,
        image=get("image"),
        command=pool.shared(_texts, get("command") or get("source", _NOTHING).get("run", ())),
        env=_env(spec["env"]) if "env" in spec else _NOTHING,
        secrets=part("secrets", _secrets, _NOTHING),
        ports=ports,
        mounts=part("volumes", _mounts, ()),
        networks=part("networks", _texts, ()),
        resources=part("resources", _resources, UNLIMITED),
        working_dir=get("workingDir"),
        user=get("user"),
        restart=get("restart", "always"),
        stop_grace=duration(spec["stopGrace"]) if "stopGrace" in spec else _DEFAULTS["stop_grace"],
        health=part("health", _health, NO_CHECK),
        strategy=_strategy(spec["rollout"], replicas, pool) if "rollout" in spec else ONE_MORE,
        source=part("source", source, None),
        keep=int(get("rollout", _NOTHING).get("keep", KEPT_RELEASES if "source" in spec else 0)),
        hardening=get("hardening", True),
        stateful=get("stateful", False),
        manifests=_folder(spec["manifests"]) if "manifests" in spec else None,
        kubernetes=get("kubernetes", _NOTHING),
        route=_route(spec["route"], ports) if "route" in spec else None,
        depends_on=part("dependsOn", _names, ()),
        labels=pool.shared(_labels, metadata["labels"]) if "labels" in metadata else _NOTHING,
        protected=metadata.get("protected", False),
        position=position,
    )
    return (first, *(_on(first, target) for target in spec["targets"][1:]))


_NOTHING: Final[Mapping[str, Any]] = {}
_RISKS: Final = frozenset({"low", "medium", "high"})


def _on(workload: Workload, target: str) -> Workload:
    fields = {name: getattr(workload, name) for name in Workload.__dataclass_fields__}
    return Workload(**{**fields, "target": TargetName(intern(target))})


def _texts(written: Sequence[str | int]) -> tuple[str, ...]:
    return tuple([intern(str(item)) for item in written])


def _names(written: list[str]) -> tuple[ServiceName, ...]:
    return tuple(ServiceName(intern(name)) for name in written)


def _labels(written: Mapping[str, str]) -> Mapping[str, str]:
    return {intern(key): intern(value) for key, value in written.items()}


def _env(written: Mapping[str, str | int]) -> Mapping[str, str]:
    return {intern(name): str(value) for name, value in written.items()}


def _secrets(written: Mapping[str, Written]) -> Mapping[str, SecretRef]:
    return {intern(name): _secret(reference) for name, reference in written.items()}


def _secret(written: Written) -> SecretRef:
    if "env" in written:
        return FromEnvironment(variable=written["env"])
    if "key" not in written and written["file"].startswith("/"):
        return FromFile(path=written["file"])
    return FromEncrypted(file=written["file"], key=written.get("key", ""))


def _ports(written: list[Written]) -> tuple[Port, ...]:
    return tuple(
        Port(
            name=intern(port["name"]),
            port=int(port["port"]) if "port" in port else None,
            publish=_publish(port.get("publish")),
            protocol=port.get("protocol", "tcp"),
        )
        for port in written
    )


def _publish(written: str | float | None) -> int | None:
    if written is None:
        return None
    return _PUBLISH_ANY if isinstance(written, str) else int(written)


def _mounts(written: list[Written]) -> tuple[Mount, ...]:
    return tuple(
        Mount(
            path=volume["path"],
            volume=volume.get("name"),
            host=volume.get("host"),
            read_only=volume.get("readOnly", False),
            size_bytes=size(volume["size"]) if "size" in volume else None,
        )
        for volume in written
    )


def _resources(written: Written) -> Resources:
    return Resources(
        cpu_millis=cpu_millis(written["cpu"]) if "cpu" in written else None,
        memory_bytes=size(written["memory"]) if "memory" in written else None,
    )


def _health(written: Written) -> Health:
    times = {name: duration(written[name]) for name in ("every", "timeout", "startup") if name in written}
    return Health(check=_check(written), failures=int(written.get("failures", NO_CHECK.failures)), **times)


def _check(written: Written) -> Check:
    if "http" in written:
        return HttpCheck(port=written["http"]["port"], path=written["http"].get("path", "/"))
    if "tcp" in written:
        return TcpCheck(port=written["tcp"]["port"])
    return CommandCheck(command=_texts(written["command"]))


def _route(written: Written, ports: tuple[Port, ...]) -> Route:
    return Route(
        balancer=intern(written.get("loadBalancer", "")),
        port=intern(written.get("port") or routed_port(ports)),
        host=written.get("host", ""),
        path=written.get("path", "/"),
    )


def _folder(written: str) -> Manifests:
    return Manifests(folder=PurePosixPath(written).as_posix())


def _strategy(written: Written, replicas: int, pool: Pool) -> Strategy:
    if "recreate" in written:
        return pool.shared(_recreate, ())
    if "blueGreen" in written:
        return pool.shared(_blue_green, ())
    rolling = written["rolling"]
    amounts = (rolling.get("maxUnavailable", 0), rolling.get("surge", 1), replicas)
    return pool.shared(_rolling, amounts)


def _recreate(_written: object) -> Recreate:
    return Recreate()


def _blue_green(_written: object) -> BlueGreen:
    return BlueGreen()


def _rolling(written: tuple[str | int, str | int, int]) -> Rolling:
    """As Kubernetes does: where rounding leaves nothing that may move, one instance may be unavailable."""
    unavailable = part_of(written[0], written[2], up=False)
    surge = part_of(written[1], written[2], up=True)
    return Rolling(max_unavailable=unavailable if unavailable or surge else 1, surge=surge)


def target(document: Written, position: Position) -> Target:
    """A Target. Its settings are what was written below the name of its driver."""
    spec = document["spec"]
    kind = next(key for key in spec if key != "concurrency")
    return Target(
        name=TargetName(document["metadata"]["name"]),
        kind=kind,
        settings=spec[kind],
        concurrency=int(spec.get("concurrency", _DEFAULTS["concurrency"])),
        position=position,
    )


def load_balancer(document: Written, position: Position) -> LoadBalancer:
    """A LoadBalancer: what runs, and of which target."""
    spec = document["spec"]
    software: Literal["haproxy", "nginx"] = "haproxy" if "haproxy" in spec else "nginx"
    times = {f"{name}_timeout": duration(text) for name, text in spec.get("timeouts", _NOTHING).items()}
    if "timeout" in spec.get("drain", _NOTHING):
        times["drain"] = duration(spec["drain"]["timeout"])
    extra = spec[software].get("extra", _NOTHING)
    balancer = Balancer(
        name=document["metadata"]["name"],
        software=software,
        listen=int(spec.get("listen", 80)),
        hosts=tuple(spec.get("hosts", ())),
        balance=spec.get("balance", "roundRobin"),
        extra={section: tuple(lines) for section, lines in extra.items()},
        position=position,
        **times,
    )
    return LoadBalancer(target=TargetName(spec["target"]), balancer=balancer)


def node_group(document: Written, position: Position) -> NodeGroup:
    """A NodeGroup: how many hosts are in service, and of which target."""
    spec = document["spec"]
    active, drain = spec["active"], spec.get("drain")
    return NodeGroup(
        name=document["metadata"]["name"],
        target=TargetName(spec["target"]),
        least=int(active["min"]),
        most=int(active["max"]) if "max" in active else None,
        drain=None if drain is None else duration(drain.get("timeout", "30s")),
        position=position,
    )


def safety_policy(document: Written, position: Position) -> SafetyPolicy:
    """A SafetyPolicy, as far as plans are bound by it."""
    spec = document["spec"]
    zone = spec.get("timezone", "UTC")
    return SafetyPolicy(
        name=document["metadata"]["name"],
        services=_selector(spec["services"]) if "services" in spec else EVERY_SERVICE,
        mode=Mode(spec.get("mode", Mode.PROPOSE)),
        classes={name: Mode(mode) for name, mode in spec.get("classes", _NOTHING).items()},
        paused=spec.get("paused", False),
        limits=_limits(spec["limits"]) if "limits" in spec else NO_LIMITS,
        approvals={
            risk: int(count) for risk, count in spec.get("approvals", _NOTHING).items() if risk in _RISKS
        },
        windows=tuple(window for written in spec.get("windows", ()) for window in _windows(written, zone)),
        guardrails=tuple(spec.get("guardrails", ())),
        position=position,
    )


def _selector(written: Written) -> Selector:
    return Selector(names=frozenset(_names(written.get("names", []))), labels=written.get("labels", _NOTHING))


def _limits(written: Written) -> Limits:
    return Limits(
        blast_radius=share(written["blastRadius"]) if "blastRadius" in written else None,
        deletes=int(written["deletes"]) if "deletes" in written else None,
        replicas_per_step=share(written["replicasPerStep"]) if "replicasPerStep" in written else None,
    )


def _windows(written: Written, zone: str) -> tuple[Window, ...]:
    allow = "allow" in written
    text = written["allow" if allow else "deny"]
    reason = written.get("reason", "")
    return tuple(Window(allow=allow, span=span, reason=reason) for span in spans(text, zone))
