"""What workloads become on the hosts of a target. Pure.

What is at its default is left out, so that a field that a later version learns changes no revision of what runs. A
revision is of the fields and of the host: the same instance on two hosts is two objects, so that the old and the new
can stand side by side while it moves.
"""

import posixpath
from collections.abc import Iterator
from datetime import timedelta

from eeveon.core.desired import Mount, Port, Resources, Workload
from eeveon.core.names import ObjectId, Revision, TargetName
from eeveon.core.observed import Condition
from eeveon.core.values import Fields, plain
from eeveon.core.wanted import VOLUME, Note, Preview, WantedObject, instance_id, revision_of
from eeveon.drivers.ssh.hosts import Host, Site
from eeveon.drivers.ssh.placement import placed
from eeveon.drivers.ssh.releases import source_fields

DEFAULT_GRACE = timedelta(seconds=10)  # as `Workload` has it


def preview_of(target: TargetName, site: Site, workloads: tuple[Workload, ...]) -> Preview:
    """Volumes, then instances, and what hosts will not do of them."""
    made = tuple((workload, tuple(_instances(target, site, workload))) for workload in workloads)
    instances = tuple(item for _, items in made for item in items)
    volumes = {
        (item.place, mount.volume)
        for workload, items in made
        for item in items
        for mount in workload.mounts
        if mount.volume is not None
    }
    notes = tuple(
        Note(target=target, service=workload.service, text=text)
        for workload in workloads
        for text in _notes(site, workload)
    )
    supports = tuple(volume(target, name, place) for place, name in sorted(volumes))
    return Preview(objects=supports + instances, notes=notes)


def volume(target: TargetName, name: str, place: str) -> WantedObject:
    """A volume on one host."""
    return WantedObject(
        id=ObjectId(target=target, kind=VOLUME, name=f"{name}@{place}"),
        service=None,
        ordinal=None,
        revision=revision_of({}),
        fields={},
        place=place,
    )


def is_passive(workload: Workload) -> bool:
    """Whether it is only files: code that no process of ours runs."""
    return workload.source is not None and not workload.command and workload.image is None


def revision_on(fields: Fields, place: str) -> Revision:
    """The revision of an instance on one host."""
    return revision_of({"fields": fields, "place": place})


def _instances(target: TargetName, site: Site, workload: Workload) -> Iterator[WantedObject]:
    fields: Fields = fields_of(workload, site)
    for ordinal, host in _places(site, workload):
        revision = revision_on(fields, host.name)
        yield WantedObject(
            id=instance_id(target, workload.service, ordinal, revision),
            service=workload.service,
            ordinal=ordinal,
            revision=revision,
            fields=fields,
            health=workload.health,
            protected=workload.protected,
            place=host.name,
            goal=Condition.SERVING if workload.source or workload.route else Condition.RUNNING,
            asked=Condition.SERVING if is_passive(workload) else Condition.RUNNING,
            keep=workload.keep,
        )


def _places(site: Site, workload: Workload) -> Iterator[tuple[int, Host]]:
    """Files alone are on every host in service, and keep their ordinal whichever hosts are."""
    if not is_passive(workload):
        yield from placed(workload.service, workload.replicas, site.in_service)
        return
    serving = {host.name for host in site.in_service}
    for index, host in enumerate(site.hosts):
        if host.name in serving:
            yield index + 1, host


def fields_of(workload: Workload, site: Site) -> dict[str, object]:
    """What an instance of this workload holds, on whichever host."""
    fields: dict[str, object] = {
        "image": workload.image or "",
        "command": list(workload.command),
        "env": dict(workload.env),
        "secrets": plain(workload.secrets),
        "ports": {port.name: _port(port, is_image=workload.image is not None) for port in workload.ports},
        "mounts": {_tidy(mount.path): _mount(mount) for mount in workload.mounts},
        "resources": _limits(workload.resources),
        "workingDir": workload.working_dir or "",
        "user": "" if site.manager == "user" and workload.image is None else workload.user or "",
        "restart": workload.restart if workload.restart != "always" else "",
        "source": source_fields(workload.source),
    }
    kept = {name: value for name, value in fields.items() if value}
    if workload.stop_grace != DEFAULT_GRACE:
        kept["stopGrace"] = workload.stop_grace.total_seconds()
    if not workload.hardening and not is_passive(workload):
        kept["hardening"] = False
    return kept


def cpu_text(millis: int) -> str:
    """Thousandths of a core as specs write them: "500m", "2"."""
    return str(millis // 1000) if millis % 1000 == 0 else f"{millis}m"


def memory_text(size: int) -> str:
    """Bytes as specs write them, in the largest unit that fits without a remainder: "256Mi"."""
    for unit, factor in (("Gi", 1024**3), ("Mi", 1024**2), ("Ki", 1024)):
        if size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def _port(port: Port, *, is_image: bool) -> dict[str, object]:
    """`port` is what the program listens on; `publish`, of a container only, the port of the host."""
    fields: dict[str, object] = {}
    number = port.port if is_image else port.port or port.publish
    if number:
        fields["port"] = number
    if is_image and port.publish:
        fields["publish"] = port.publish
    if port.protocol != "tcp":
        fields["protocol"] = port.protocol
    return fields


def _mount(mount: Mount) -> dict[str, object]:
    fields: dict[str, object] = (
        {"volume": mount.volume} if mount.volume else {"host": _tidy(mount.host or "")}
    )
    return {**fields, "readOnly": True} if mount.read_only else fields


def _limits(resources: Resources) -> dict[str, object]:
    limits: dict[str, object] = {}
    if resources.cpu_millis:
        limits["cpu"] = cpu_text(resources.cpu_millis)
    if resources.memory_bytes:
        limits["memory"] = memory_text(resources.memory_bytes)
    return limits


def _tidy(path: str) -> str:
    """Without doubled or trailing slashes."""
    return "/" + posixpath.normpath(path).lstrip("/") if path.startswith("/") else posixpath.normpath(path)


def _notes(site: Site, workload: Workload) -> Iterator[str]:
    """What must be said of a workload on these hosts."""
    if not site.in_service and workload.replicas:
        yield "no host of the target is in service: all are on standby"
    if workload.networks:
        yield "networks are ignored: services share the network of their host"
    if workload.image is None:
        for port in workload.ports:
            if port.port and port.publish is not None and port.publish not in {0, port.port}:
                yield f"port {port.name} is reached at {port.port}: publish is ignored for processes"
    if site.manager == "user" and workload.image is None:
        if workload.user:
            yield f"user {workload.user} is ignored: a user's own manager runs everything as that user"
        for mount in workload.mounts:
            known = f"; it is told in EEVEON_VOLUME_{mount.volume}" if mount.volume else ""
            yield f"{mount.path} is not mounted: a user's own manager cannot{known}"
