"""The shop on this machine: planned as recorded, and really run."""

import json
from datetime import UTC, datetime
from urllib.request import Request, urlopen

import pytest

from tests.examples.conftest import Copy, Example, as_recorded
from tests.examples.planning import plan_at
from tests.lab.ports import free_port

NAME = "shop-local"
TUESDAY = datetime(2027, 3, 2, 10, 0, tzinfo=UTC)
FRIDAY = datetime(2027, 3, 5, 16, 0, tzinfo=UTC)


@pytest.mark.golden
@pytest.mark.parametrize(
    ("environment", "now", "file"),
    [
        ("staging", TUESDAY, "expected-plan-staging.txt"),
        ("production", TUESDAY, "expected-plan-production.txt"),
        ("production", FRIDAY, "expected-plan-production-on-a-friday.txt"),
    ],
)
def test_plans_as_recorded(copy: Copy, environment: str, now: datetime, file: str) -> None:
    example = copy(NAME)
    as_recorded(example.source / file, plan_at(example.root, environment, now))


@pytest.fixture
def shop(copy: Copy) -> Example:
    """On free ports, with the example's identity."""
    ports = {port: str(free_port()) for port in ("18101", "18102")}
    return copy(NAME, ports, EEVEON_AGE_IDENTITY_FILE="secrets/example-identity.txt")


def test_runs_sells_and_ends(shop: Example) -> None:
    shop.run("eeveon apply --yes -e staging")
    url = _url(shop)
    assert _page(url) == ["Shop of staging", "cup", "plate", "spoon"]
    assert _page(f"{url}buy/cup", method="POST")[-1] == "in your cart: 1 cup"
    assert "nothing to do, 3 unchanged" in shop.run("eeveon plan -e staging")

    shop.run("sed -i 's/Shop of/The shop of/' specs/base/web.yaml")
    assert "env.BANNER Shop of staging → The shop of staging" in shop.run("eeveon plan -e staging", status=2)
    shop.run("eeveon apply --yes -e staging")
    page = _page(_url(shop))
    assert (page[0], page[-1]) == ("The shop of staging", "in your cart: 1 cup")

    shop.run("eeveon destroy --yes -e staging")
    assert "0 of 0 instances running" in shop.run("eeveon status -e staging")


def test_the_token_is_nowhere_to_be_seen(shop: Example) -> None:
    said = shop.run("eeveon apply --yes -e staging --format json") + shop.run(
        "eeveon plan -e staging --format json"
    )
    said += shop.run("eeveon history -e staging --format json; eeveon status -e staging --format json")
    shop.run("eeveon destroy --yes -e staging")
    assert "CART_TOKEN" in said
    assert "example-token" not in said


def test_nothing_is_started_without_the_identity(copy: Copy) -> None:
    example = copy(NAME, {port: str(free_port()) for port in ("18101", "18102")})
    assert "create 1 replica" in example.run("eeveon plan -e staging", status=2)  # a plan needs no key
    said = example.run("eeveon apply --yes -e staging", status=1)
    example.run("eeveon destroy --yes -e staging")
    assert "secrets/shop.enc.yaml" in said


def test_a_service_without_a_health_check_is_stopped_by_the_guardrail(copy: Copy) -> None:
    example = copy(NAME)
    late = "kind: Service\nmetadata: {name: late}\nspec: {targets: [here], command: [sleep, 9]}\n"
    (example.root / "specs" / "staging" / "late.yaml").write_text(late, encoding="utf-8")
    said = example.run("eeveon plan -e staging", status=2)
    assert "service/late on here: safety/everywhere guardrail policies/health.schema.json" in " ".join(
        said.split()
    )


def _url(shop: Example) -> str:
    seen = json.loads(shop.run("eeveon status -e staging --format json"))
    (end,) = [end for item in seen["instances"] if item["service"] == "web" for end in item["endpoints"]]
    return f"http://{end['host']}:{end['number']}/"


def _page(url: str, method: str = "GET") -> list[str]:
    with urlopen(Request(url, method=method), timeout=10) as answer:
        text: str = answer.read().decode()
    return text.splitlines()
