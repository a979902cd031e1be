"""How requests find the pods: Services and the Ingress."""

from typing import Any, Final

from eeveon.core.desired import BlueGreen, Port, Workload
from eeveon.core.values import Fields
from eeveon.drivers.kubernetes.render.building import Kind, manifest
from eeveon.drivers.kubernetes.render.identity import Place, selector_of
from eeveon.drivers.kubernetes.render.manifests import Manifest

_SERVICE: Final = Kind(api_version="v1", kind="Service", hatch="service")
_PODS: Final = Kind(api_version="v1", kind="Service")
_INGRESS: Final = Kind(api_version="networking.k8s.io/v1", kind="Ingress", hatch="ingress")


def service_of(place: Place, workload: Workload) -> Manifest | None:
    """The Service of all its ports, named like it; None without any. On blue-green it selects nothing by itself."""
    if not workload.ports:
        return None
    spec: dict[str, Any] = {"ports": [_port(port) for port in workload.ports]}
    if any(port.publish is not None for port in workload.ports):
        spec["type"] = "NodePort"
    if not isinstance(workload.strategy, BlueGreen):
        spec["selector"] = dict(selector_of(place.scope, workload.service))
    return manifest(place, workload, _SERVICE, (workload.service, {"spec": spec}))


def governing_name(workload: Workload) -> str:
    """The name of the Service that gives each pod of a stateful service a name of its own."""
    return f"{workload.service}-pods"


def governing_of(place: Place, workload: Workload) -> Manifest | None:
    """That Service; None for a service whose pods are all alike. Peers find each other before they are ready."""
    if not workload.stateful:
        return None
    spec: dict[str, Any] = {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": dict(selector_of(place.scope, workload.service)),
    }
    if workload.ports:
        spec["ports"] = [
            {key: value for key, value in _port(port).items() if key != "nodePort"} for port in workload.ports
        ]
    return manifest(place, workload, _PODS, (governing_name(workload), {"spec": spec}))


def ingress_of(place: Place, workload: Workload) -> Manifest | None:
    """The Ingress of its route, named like it; None where it has none, or one that leads through a balancer."""
    route = workload.route
    if route is None or route.balancer or not workload.ports:
        return None
    backend = {"service": {"name": workload.service, "port": {"name": route.port}}}
    paths = {"paths": [{"path": route.path, "pathType": "Prefix", "backend": backend}]}
    rule: Fields = {**({"host": route.host} if route.host else {}), "http": paths}
    spec: Fields = {"rules": [rule]}
    if place.ingress_class:
        spec = {"ingressClassName": place.ingress_class, **spec}
    return manifest(place, workload, _INGRESS, (workload.service, {"spec": spec}))


def _port(port: Port) -> dict[str, object]:
    found: dict[str, object] = {
        "name": port.name,
        "port": port.port,
        "targetPort": port.name,
        "protocol": port.protocol.upper(),
    }
    return {**found, "nodePort": port.publish} if port.publish else found
