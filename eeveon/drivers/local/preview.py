"""What a workload becomes on this machine. Pure: what the machine can do is an argument.

A field that holds its default is left out, so that a new field with a default changes no revision.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from eeveon.core.desired import Port, Workload
from eeveon.core.names import ObjectId, TargetName
from eeveon.core.values import Fields, plain
from eeveon.core.wanted import VOLUME, Note, Preview, WantedObject, instance_id, revision_of
from eeveon.drivers.local.supervisor.environment import RESTART, STOP_GRACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What this machine gives to this user."""

    memory_groups: bool  # memory can be limited by a control group; else only what one process allocates
    cpu_groups: bool  # CPU time can be limited
    is_root: bool  # processes can run as another user


def preview_of(target: TargetName, workloads: tuple[Workload, ...], machine: Machine) -> Preview:
    """The volumes and instances of these workloads, and what this machine will not do of them."""
    names = {mount.volume for workload in workloads for mount in workload.mounts if mount.volume is not None}
    volumes = tuple(_volume(target, name) for name in sorted(names))
    instances = tuple(item for workload in workloads for item in _instances(target, workload, machine))
    notes = tuple(
        Note(target=target, service=workload.service, text=text)
        for workload in workloads
        for text in _notes(workload, machine)
    )
    return Preview(objects=volumes + instances, notes=notes)


def _volume(target: TargetName, name: str) -> WantedObject:
    return WantedObject(
        id=ObjectId(target=target, kind=VOLUME, name=name),
        service=None,
        ordinal=None,
        revision=revision_of({}),
        fields={},
    )


def _instances(target: TargetName, workload: Workload, machine: Machine) -> Iterator[WantedObject]:
    if workload.replicas == 0:
        return
    fields = fields_of(workload, machine)
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
        )


def fields_of(workload: Workload, machine: Machine) -> Fields:
    """What an instance of this workload holds."""
    resources = {
        "cpuMillis": workload.resources.cpu_millis if machine.cpu_groups else None,
        "memoryBytes": workload.resources.memory_bytes,
    }
    fields: dict[str, object] = {
        "command": list(workload.command),
        "env": dict(workload.env),
        "secrets": {name: plain(ref) for name, ref in workload.secrets.items()},
        "ports": [_port(port) for port in workload.ports],
        "volumes": sorted({mount.volume for mount in workload.mounts if mount.volume is not None}),
        "resources": {name: value for name, value in resources.items() if value is not None},
        "workingDir": workload.working_dir or "",
        "user": workload.user if workload.user and machine.is_root else "",
        "restart": workload.restart if workload.restart != RESTART else "",
    }
    kept = {name: value for name, value in fields.items() if value}
    grace = workload.stop_grace.total_seconds()
    return kept if grace == STOP_GRACE else kept | {"stopGrace": grace}


def _port(port: Port) -> dict[str, object]:
    fields: dict[str, object] = {"name": port.name}
    number = port.port or port.publish
    if number:
        fields["port"] = number
    if port.protocol != "tcp":
        fields["protocol"] = port.protocol
    return fields


def _notes(workload: Workload, machine: Machine) -> Iterator[str]:
    """What must be said, first of the limits, then of what only containers have."""
    resources = workload.resources
    if resources.cpu_millis is not None and not machine.cpu_groups:
        yield "cpu is not limited on this machine: no control group with the cpu controller can be made here"
    if resources.memory_bytes is not None and not machine.memory_groups:
        yield "memory is limited for each process by itself: no control group for memory can be made here"
    if workload.user and not machine.is_root:
        yield f"user {workload.user} is ignored: only root can run processes as somebody else"
    if workload.networks:
        yield "networks are ignored: processes share the network of this machine"
    yield from _mount_notes(workload)
    yield from _port_notes(workload)


def _mount_notes(workload: Workload) -> Iterator[str]:
    for mount in workload.mounts:
        if mount.host is not None:
            yield f"the mount of {mount.host} is ignored: processes see the folders of this machine as they are"
        elif mount.read_only:
            yield f"volume {mount.volume} can be written to: read-only is not enforced for processes"


def _port_notes(workload: Workload) -> Iterator[str]:
    for port in workload.ports:
        if port.port and port.publish is not None and port.publish not in {0, port.port}:
            yield f"port {port.name} is reached at {port.port}: publish is ignored for processes"
        if (port.port or port.publish) and workload.replicas > 1:
            number = port.port or port.publish
            yield f"port {port.name} is {number} for all {workload.replicas} replicas: leave it out to have one each"
