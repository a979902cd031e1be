"""Defaults of a Pod's spec, wherever it stands."""

from typing import Any

from tests.lab.kubernetes.types import Object


def pod_spec(spec: Object) -> None:
    """Fill in, in place."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    elif "serviceAccount" in spec:
        spec.setdefault("serviceAccountName", spec["serviceAccount"])
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        _container(container)
    for volume in spec.get("volumes") or ():
        _volume(volume)


def _container(container: Object) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    if image := container.get("image"):
        container.setdefault("imagePullPolicy", "Always" if _tag(image) == "latest" else "IfNotPresent")
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            _probe(container[probe])
    for moment in ("postStart", "preStop"):
        if "httpGet" in container.get("lifecycle", {}).get(moment, {}):
            _http_get(container["lifecycle"][moment]["httpGet"])
    for variable in container.get("env") or ():
        if reference := variable.get("valueFrom", {}).get("fieldRef"):
            reference.setdefault("apiVersion", "v1")
    container.setdefault("resources", {})


def requested(spec: Object) -> None:
    """Of a Pod itself, not of a template: what is limited is requested."""
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        resources = container["resources"]
        for name, amount in (resources.get("limits") or {}).items():
            resources.setdefault("requests", {}).setdefault(name, amount)


def _tag(image: str) -> str:
    if "@" in image:
        return "digest"
    _, _, tag = image.rpartition("/")[2].partition(":")
    return tag or "latest"


def _probe(probe: Object) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    if "httpGet" in probe:
        _http_get(probe["httpGet"])
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _http_get(action: Object) -> None:
    action.setdefault("path", "/")
    action.setdefault("scheme", "HTTP")


_MODES = {
    "secret": "defaultMode",
    "configMap": "defaultMode",
    "downwardAPI": "defaultMode",
    "projected": "defaultMode",
}


def _volume(volume: Object) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for source, mode in _MODES.items():
        if source in volume:
            volume[source].setdefault(mode, 420)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    for item in _downward_items(volume):
        item.get("fieldRef", {}).setdefault("apiVersion", "v1")


def _downward_items(volume: Object) -> list[Any]:
    return [item for item in volume.get("downwardAPI", {}).get("items") or () if "fieldRef" in item]
