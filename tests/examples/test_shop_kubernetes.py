"""The shop on a cluster: its specs are sound, and become the objects that its README speaks of."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from eeveon.core.names import EnvironmentName
from eeveon.drivers.kubernetes.render import Manifest, Place, common_of, rendered
from eeveon.reading import desired_of
from eeveon.wiring import build_world
from eeveon.world import Order
from tests.drivers.kubernetes.api_schema import mistakes
from tests.examples.conftest import Copy, Example

NAME = "shop-kubernetes"
TUESDAY = datetime(2027, 3, 2, 10, 0, tzinfo=UTC)
BOTH = {
    "Deployment catalog-REVISION",
    "Deployment web",
    "Ingress web",
    "Namespace shop",
    "NetworkPolicy back",
    "Service cart",
    "Service cart-pods",
    "Service catalog",
    "Service web",
    "StatefulSet cart",
}
IN_PRODUCTION = {"HorizontalPodAutoscaler web", "PodDisruptionBudget web"}


def objects(example: Example, environment: str, now: datetime) -> list[Manifest]:
    """Every object that an apply at this time would leave, but for those that are named by their content."""
    world = replace(build_world(example.root), now=lambda: now)
    desired = desired_of(world, Order(environment=EnvironmentName(environment)))
    (target,) = desired.targets
    assert target.settings == {"namespace": f"shop-{environment}", "createNamespace": True}
    place = Place(scope=desired.scope, target=target.name, namespace="shop", create_namespace=True)
    found = [item.manifest for item in common_of(place, desired.workloads)]
    for workload in desired.workloads:
        made = rendered(place, workload)
        assert made.notes == ()
        found += [item.manifest for item in made.supports]
        if made.instance is not None:
            found += [item for item in (made.instance.manifest, made.instance.scaler) if item is not None]
    return found


@pytest.mark.parametrize(
    ("environment", "expected"), [("staging", BOTH), ("production", BOTH | IN_PRODUCTION)]
)
def test_it_becomes_these_objects(copy: Copy, environment: str, expected: set[str]) -> None:
    example = copy(NAME)
    example.run("eeveon validate")
    found = objects(example, environment, TUESDAY)
    for item in found:
        assert item.kind not in {"Deployment", "StatefulSet"} or mistakes(item.body) == []
    names = {f"{item.kind} {item.name}" for item in found}
    assert {
        "Deployment catalog-REVISION" if name.startswith("Deployment catalog-") else name for name in names
    } == expected


@pytest.mark.parametrize(("hour", "least"), [(10, 3), (3, 2)])
def test_the_hour_decides_how_few_there_may_be(copy: Copy, hour: int, least: int) -> None:
    found = objects(copy(NAME), "production", TUESDAY.replace(hour=hour))
    (scaler,) = [item for item in found if item.kind == "HorizontalPodAutoscaler"]
    assert scaler.body["spec"]["minReplicas"] == least  # type: ignore[index]  # a map
