"""Workloads and the place that they go to, for tests."""

from dataclasses import replace

from eeveon.core.desired import Port, Workload
from eeveon.core.names import EnvironmentName, ProjectName, Scope, ServiceName, TargetName
from eeveon.drivers.kubernetes.render import Place

SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("production"))
PLACE = Place(scope=SCOPE, target=TargetName("cluster"), namespace="shop")
HTTP = Port(name="http", port=8080)
IDENTITY = {
    "eeveon.dev/project": "shop",
    "eeveon.dev/environment": "production",
    "eeveon.dev/service": "web",
}


def service(**changes: object) -> Workload:
    """A service `web` with an image and nothing else said."""
    plain = Workload(
        service=ServiceName("web"), target=TargetName("cluster"), replicas=1, image="web:1", command=()
    )
    return replace(plain, **changes)  # type: ignore[arg-type]
