"""The shop on a Docker engine: planned as recorded, and really run, with the lab's image in the place of busybox."""

import json
from datetime import UTC, datetime
from urllib.request import urlopen

import pytest

from tests.examples.conftest import Copy, Example, as_recorded
from tests.examples.planning import plan_at
from tests.lab.fixtures import AnyEngine
from tests.lab.registry import Registry

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

NAME = "shop-docker"
TUESDAY = datetime(2027, 3, 2, 10, 0, tzinfo=UTC)


@pytest.mark.golden
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_plans_as_recorded(
    copy: Copy, clean_engine: AnyEngine, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", clean_engine.url)
    example = copy(NAME)
    as_recorded(
        example.source / f"expected-plan-{environment}.txt", plan_at(example.root, environment, TUESDAY)
    )


@pytest.fixture
def shop(copy: Copy, clean_engine: AnyEngine, registry: Registry) -> Example:
    """Staging's mirror is the lab's registry."""
    image = registry.image("web", "1").by_tag
    image_of_specs = "${{ metadata.annotations.registry }}/library/busybox:1.37"
    path = image.removeprefix(registry.address)
    replaced = {
        image_of_specs: "${{ metadata.annotations.registry }}" + path,
        "mirror.example.com": registry.address,
    }
    return copy(NAME, replaced, DOCKER_HOST=clean_engine.url, SHOP_CART_TOKEN="only-in-this-test")


def test_runs_and_ends(shop: Example) -> None:
    shop.run("eeveon apply --yes -e staging")
    assert _page(shop) == ["Shop of staging", "cup, plate, spoon", "your cart is empty"]
    assert "nothing to do, 3 unchanged" in shop.run("eeveon plan -e staging")

    shop.run("sed -i 's/, spoon/, fork/' specs/base/catalog.yaml")
    said = shop.run("eeveon plan -e staging", status=2)
    assert "env.PRODUCTS cup, plate, spoon → cup, plate, fork" in said
    assert "only-in-this-test" not in said
    shop.run("eeveon apply --yes -e staging")
    assert "nothing to do, 3 unchanged" in shop.run("eeveon plan -e staging")

    shop.run("eeveon destroy --yes -e staging")
    assert "0 of 0 instances running" in shop.run("eeveon status -e staging")


def test_latest_is_stopped_by_the_guardrail(shop: Example) -> None:
    shop.run("sed -i 's/^  image: .*/  image: web:latest/' specs/base/web.yaml")
    said = " ".join(shop.run("eeveon plan -e staging", status=2).split())
    assert "service/web on engine: safety/everywhere guardrail policies/image.schema.json" in said


def _page(shop: Example) -> list[str]:
    seen = json.loads(shop.run("eeveon status -e staging --format json"))
    ends = [end for item in seen["instances"] if item["service"] == "web" for end in item["endpoints"]]
    (end,) = [end for end in ends if end["host"] == "127.0.0.1"]
    with urlopen(f"http://{end['host']}:{end['number']}/", timeout=10) as answer:
        text: str = answer.read().decode()
    return text.splitlines()
