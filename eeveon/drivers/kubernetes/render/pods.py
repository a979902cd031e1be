"""The pods of a service: one container, named like it."""

from collections.abc import Mapping
from typing import Any

from eeveon.core.desired import Resources, Workload
from eeveon.core.values import Fields
from eeveon.drivers.kubernetes.render import amounts
from eeveon.drivers.kubernetes.render.config import config_of, secret_of
from eeveon.drivers.kubernetes.render.identity import Place
from eeveon.drivers.kubernetes.render.merging import merged
from eeveon.drivers.kubernetes.render.probes import literal, probes_of
from eeveon.drivers.kubernetes.render.volumes import mounts_of, volumes_of


def template_of(place: Place, workload: Workload) -> Fields:
    """The template of the pods, without labels of identity, with what people add to it in `podTemplate`."""
    spec: dict[str, Any] = {
        "terminationGracePeriodSeconds": amounts.seconds(workload.stop_grace),
        "containers": [_container(place, workload)],
    }
    if volumes := volumes_of(workload):
        spec["volumes"] = volumes
    return merged({"metadata": {}, "spec": spec}, workload.kubernetes.get("podTemplate"))


def _container(place: Place, workload: Workload) -> Fields:
    found: dict[str, Any] = {"name": workload.service, "image": workload.image}
    if (
        workload.command
    ):  # as on Docker: the image's own entry point stays, so the same specs run the same everywhere
        found["args"] = [literal(word) for word in workload.command]
    if workload.working_dir:
        found["workingDir"] = workload.working_dir
    if workload.ports:
        found["ports"] = [
            {"name": port.name, "containerPort": port.port, "protocol": port.protocol.upper()}
            for port in workload.ports
        ]
    if sources := _sources(place, workload):
        found["envFrom"] = sources
    if limits := _limits(workload.resources):
        found["resources"] = {"limits": limits}
    if mounts := mounts_of(workload):
        found["volumeMounts"] = mounts
    if workload.user:
        found["securityContext"] = _user(workload.user)
    return {**found, **probes_of(workload.health)}


def _sources(place: Place, workload: Workload) -> list[Fields]:
    config, secret = config_of(place, workload), secret_of(place, workload)
    found: list[Fields] = [{"configMapRef": {"name": config.name}}] if config else []
    return [*found, {"secretRef": {"name": secret.name}}] if secret else found


def _limits(resources: Resources) -> Mapping[str, str]:
    """Upper limits. The API takes as much as them for requested, where nothing else is."""
    found = {}
    if resources.cpu_millis is not None:
        found["cpu"] = amounts.cpu(resources.cpu_millis)
    if resources.memory_bytes is not None:
        found["memory"] = amounts.size(resources.memory_bytes)
    return found


def _user(written: str) -> Mapping[str, int]:
    user, _, group = written.partition(":")
    return {"runAsUser": int(user), **({"runAsGroup": int(group)} if group else {})}
