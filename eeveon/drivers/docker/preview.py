"""What workloads become on an engine: fields in the engine's own words, written one way only. Pure.

What is at its default is left out, so that a field that a later version learns changes no revision of what runs.
"""

import math
import posixpath
from collections.abc import Iterator
from datetime import timedelta

from eeveon.core.desired import Mount, Port, Resources, Workload
from eeveon.core.names import ObjectId, Scope, TargetName
from eeveon.core.values import Fields, plain
from eeveon.core.wanted import NETWORK, VOLUME, Note, Preview, WantedObject, instance_id, revision_of
from eeveon.drivers.docker.names import DEFAULT_NETWORK, engine_name

DEFAULT_GRACE = timedelta(seconds=10)  # as `Workload` has it, and as the engine does


def preview_of(scope: Scope, target: TargetName, workloads: tuple[Workload, ...]) -> Preview:
    """The objects of these workloads on one engine: networks, volumes, then instances."""
    objects: list[WantedObject] = []
    if workloads:
        extra = {name for workload in workloads for name in workload.networks} - {DEFAULT_NETWORK}
        objects += [_support(scope, target, NETWORK, name) for name in (DEFAULT_NETWORK, *sorted(extra))]
    volumes = {mount.volume for workload in workloads for mount in workload.mounts if mount.volume}
    objects += [_support(scope, target, VOLUME, name) for name in sorted(volumes)]
    for workload in workloads:
        objects.extend(_instances(target, workload))
    notes = tuple(note for workload in workloads for note in _notes(target, workload))
    return Preview(objects=tuple(objects), notes=notes)


def fields_of(workload: Workload) -> dict[str, object]:
    """What one container of a workload holds."""
    fields: dict[str, object] = {
        "image": canonical_image(workload.image or ""),
        "networks": sorted({DEFAULT_NETWORK, *workload.networks}),
    }
    if workload.command:
        fields["command"] = list(workload.command)
    if workload.env:
        fields["env"] = dict(workload.env)
    if workload.secrets:
        fields["secrets"] = plain(workload.secrets)
    if workload.ports:
        fields["ports"] = {port.name: _port(port) for port in workload.ports}
    if workload.mounts:
        fields["mounts"] = {_tidy(mount.path): _mount(mount) for mount in workload.mounts}
    fields.update(_limits_and_habits(workload))
    return fields


def canonical_image(reference: str) -> str:
    """The reference written out: registry, full name, and a tag or a digest.

    A digest alone says what runs, so a tag beside one is dropped: `web:1.5@sha256:…` and `web@sha256:…` are the same.
    """
    if reference.startswith("sha256:"):
        return reference  # the id of an image that only this engine has
    name, _, digest = reference.partition("@")
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        path, tag = name, ""
    first, slash, rest = path.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        first, rest = "docker.io", path
    if first in {"docker.io", "index.docker.io"}:
        first, rest = "docker.io", rest if "/" in rest else f"library/{rest}"
    return f"{first}/{rest}@{digest}" if digest else f"{first}/{rest}:{tag or 'latest'}"


def cpu_text(nanos: int) -> str:
    """Billionths of a core as specs write them: "500m", "2"; what is no whole thousandth keeps its billionths."""
    if nanos % 1_000_000_000 == 0:
        return str(nanos // 1_000_000_000)
    return f"{nanos // 1_000_000}m" if nanos % 1_000_000 == 0 else f"{nanos}n"


def memory_text(size: int) -> str:
    """Bytes as specs write them, in the largest unit that fits without a remainder: "256Mi"."""
    for unit, factor in (("Gi", 1024**3), ("Mi", 1024**2), ("Ki", 1024)):
        if size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def _instances(target: TargetName, workload: Workload) -> Iterator[WantedObject]:
    fields: Fields = fields_of(workload)
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


def _support(scope: Scope, target: TargetName, kind: str, name: str) -> WantedObject:
    fields: Fields = {"name": engine_name(scope, kind, name)}
    return WantedObject(
        id=ObjectId(target=target, kind=kind, name=name),
        service=None,
        ordinal=None,
        revision=revision_of(fields),
        fields=fields,
    )


def _limits_and_habits(workload: Workload) -> Iterator[tuple[str, object]]:
    if limits := _limits(workload.resources):
        yield "resources", limits
    if workload.working_dir is not None:
        yield "workingDir", _tidy(workload.working_dir)
    if workload.user is not None:
        yield "user", workload.user
    if workload.restart != "always":
        yield "restart", workload.restart
    if workload.stop_grace != DEFAULT_GRACE:
        yield "stopGrace", math.ceil(workload.stop_grace.total_seconds())  # the engine counts whole seconds
    if workload.protected:
        yield "protected", True


def _port(port: Port) -> dict[str, object]:
    fields: dict[str, object] = {"port": port.port}
    if port.publish is not None:
        fields["publish"] = port.publish
    if port.protocol != "tcp":
        fields["protocol"] = port.protocol
    return fields


def _mount(mount: Mount) -> dict[str, object]:
    fields: dict[str, object] = (
        {"volume": mount.volume} if mount.volume else {"host": _tidy(mount.host or "")}
    )
    if mount.read_only:
        fields["readOnly"] = True
    return fields


def _limits(resources: Resources) -> dict[str, object]:
    limits: dict[str, object] = {}
    if resources.cpu_millis:
        limits["cpu"] = cpu_text(resources.cpu_millis * 1_000_000)
    if resources.memory_bytes:
        limits["memory"] = memory_text(resources.memory_bytes)
    return limits


def _tidy(path: str) -> str:
    """As the engine keeps a path: without doubled or trailing slashes."""
    return "/" + posixpath.normpath(path).lstrip("/") if path.startswith("/") else posixpath.normpath(path)


def _notes(target: TargetName, workload: Workload) -> Iterator[Note]:
    if workload.replicas < 2:
        return
    for port in workload.ports:
        if port.publish:
            yield Note(
                target=target,
                service=workload.service,
                text=f"port {port.name}: only one of {workload.replicas} instances can publish {port.publish} "
                "on one engine; `publish: auto` takes any free port for each",
            )
