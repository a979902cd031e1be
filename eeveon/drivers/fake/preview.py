"""What a workload becomes on a fake target. Pure, and by hand: `values.plain` takes ten times as long."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from eeveon.core.desired import UNLIMITED, Mount, Port, Resources, Workload
from eeveon.core.names import ObjectId, TargetName
from eeveon.core.observed import Condition
from eeveon.core.values import Fields, plain
from eeveon.core.wanted import NETWORK, VOLUME, Preview, WantedObject, instance_id, revision_of

DEFAULT_GRACE = timedelta(seconds=10)  # as `Workload` has it
NO_FIELDS: Fields = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What a fake target does with what it is given, by its settings.

    `network`: workloads stand in a network of the environment, which is an object as well. `normalise`: the target
    rewrites quantities and fills in defaults, as a cluster does.
    """

    network: bool = False
    normalise: bool = False


def preview_of(target: TargetName, workloads: tuple[Workload, ...], habits: Habits) -> Preview:
    """The objects of these workloads: a network where the target has one, volumes, then instances."""
    objects: list[WantedObject] = []
    if habits.network and workloads:
        objects.append(_support(target, NETWORK, "default"))
    volumes = {mount.volume for item in workloads for mount in item.mounts if mount.volume is not None}
    objects.extend(_support(target, VOLUME, name) for name in sorted(volumes))
    for workload in workloads:
        objects.extend(_instances(target, workload, habits))
    return Preview(objects=tuple(objects))


def fields_of(workload: Workload) -> dict[str, object]:
    """What one instance holds, defaults left out."""
    fields: dict[str, object] = {}
    if workload.image is not None:
        fields["image"] = workload.image
    if workload.command:
        fields["command"] = list(workload.command)
    if workload.env:
        fields["env"] = dict(workload.env)
    if workload.secrets:
        fields["secrets"] = plain(workload.secrets)
    if workload.ports:
        fields["ports"] = [_port(item) for item in workload.ports]
    if workload.mounts:
        fields["mounts"] = [_mount(item) for item in workload.mounts]
    fields.update(_limits_and_habits(workload))
    return fields


def normalised(fields: Fields) -> Fields:
    """Fields as a target holds them that rewrites what it is given. Twice is the same as once."""
    held = {"restart": "always", "stop_grace": DEFAULT_GRACE.total_seconds(), **fields}
    if isinstance(limits := fields.get("resources"), dict):
        held["resources"] = {name: _quantity(name, amount) for name, amount in limits.items()}
    return held


def _limits_and_habits(workload: Workload) -> Iterator[tuple[str, object]]:
    if workload.networks:
        yield "networks", list(workload.networks)
    if workload.resources is not UNLIMITED and (limits := _limits(workload.resources)):
        yield "resources", limits
    if workload.working_dir is not None:
        yield "working_dir", workload.working_dir
    if workload.user is not None:
        yield "user", workload.user
    if workload.restart != "always":
        yield "restart", workload.restart
    if workload.stop_grace != DEFAULT_GRACE:
        yield "stop_grace", workload.stop_grace.total_seconds()


def _instances(target: TargetName, workload: Workload, habits: Habits) -> Iterable[WantedObject]:
    if not workload.replicas:
        return
    fields: Fields = fields_of(workload)
    if habits.normalise:
        fields = normalised(fields)
    revision = revision_of(fields)
    for ordinal in range(1, workload.replicas + 1):
        yield WantedObject(
            id=instance_id(target, workload.service, ordinal, revision),
            service=workload.service,
            ordinal=ordinal,
            revision=revision,
            fields=fields,
            health=workload.health,
            protected=workload.protected,
            keep=workload.keep,
            goal=Condition.SERVING if workload.route else Condition.RUNNING,
        )


def _support(target: TargetName, kind: str, name: str) -> WantedObject:
    return WantedObject(
        id=ObjectId(target=target, kind=kind, name=name),
        service=None,
        ordinal=None,
        revision=revision_of(NO_FIELDS),
        fields=NO_FIELDS,
    )


def _port(port: Port) -> dict[str, object]:
    fields: dict[str, object] = {"name": port.name}
    if port.port is not None:
        fields["port"] = port.port
    if port.publish is not None:
        fields["publish"] = port.publish
    if port.protocol != "tcp":
        fields["protocol"] = port.protocol
    return fields


def _mount(mount: Mount) -> dict[str, object]:
    fields: dict[str, object] = {"path": mount.path}
    if mount.volume is not None:
        fields["volume"] = mount.volume
    if mount.host is not None:
        fields["host"] = mount.host
    if mount.read_only:
        fields["read_only"] = True
    return fields


def _limits(resources: Resources) -> dict[str, object]:
    limits: dict[str, object] = {}
    if resources.cpu_millis is not None:
        limits["cpu_millis"] = resources.cpu_millis
    if resources.memory_bytes is not None:
        limits["memory_bytes"] = resources.memory_bytes
    return limits


def _quantity(name: str, amount: object) -> object:
    """1000 thousandths become "1", 268435456 bytes become "256Mi"; what is a text already stays."""
    if not isinstance(amount, int):
        return amount
    if name == "cpu_millis":
        return str(amount // 1000) if amount % 1000 == 0 else f"{amount}m"
    for unit, size in (("Gi", 1024**3), ("Mi", 1024**2), ("Ki", 1024)):
        if amount and amount % size == 0:
            return f"{amount // size}{unit}"
    return str(amount)
