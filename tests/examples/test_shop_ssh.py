"""The shop as systemd units: planned as recorded for empty hosts, and really run on three."""

import json
from datetime import UTC, datetime
from urllib.request import urlopen

import pytest

from tests.examples.conftest import Copy, Example, as_recorded
from tests.examples.planning import plan_at
from tests.lab.hosts import Host, Hosts

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh"), pytest.mark.timeout(300)]

NAME = "shop-ssh"
TUESDAY = datetime(2027, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def shop(copy: Copy, hosts: Hosts, clean_hosts: tuple[Host, ...], monkeypatch: pytest.MonkeyPatch) -> Example:
    """Its hosts are the lab's."""
    addresses = {f"10.0.3.1{number}": host.address for number, host in enumerate(clean_hosts, 1)}
    variables = {"SHOP_KEY_FILE": str(hosts.key), "SHOP_CART_TOKEN": "only-in-this-test"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    example = copy(NAME, addresses, **variables)
    (example.root / "known_hosts").write_text(hosts.known_hosts.read_text())
    return example


@pytest.mark.golden
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_plans_as_recorded(shop: Example, environment: str) -> None:
    as_recorded(shop.source / f"expected-plan-{environment}.txt", plan_at(shop.root, environment, TUESDAY))


def test_runs_changes_and_ends(shop: Example, clean_hosts: tuple[Host, ...]) -> None:
    shop.run("eeveon apply --yes -e production")
    assert "nothing to do, 2 unchanged" in shop.run("eeveon plan -e production")
    assert _pages(shop) == ["cup, plate, spoon"] * 6
    shop.run("sed -i 's/, spoon/, fork/' specs/base/catalog.yaml")
    said = shop.run("eeveon plan -e production", status=2)
    assert "env.PRODUCTS cup, plate, spoon → cup, plate, fork" in said
    assert "only-in-this-test" not in said
    shop.run("eeveon apply --yes -e production")
    assert _pages(shop) == ["cup, plate, fork"] * 6
    shop.run("eeveon destroy --yes -e production")
    assert "0 of 0 instances running" in shop.run("eeveon status -e production")
    kept = [
        host.run("cat /var/lib/eeveon/shop/production/volumes/carts/index.html 2>/dev/null; :")
        for host in clean_hosts
    ]
    assert sorted(kept) == ["", "", "your cart is empty\n"], "volumes are never removed"


def _pages(shop: Example) -> list[str]:
    seen = json.loads(shop.run("eeveon status -e production --format json"))
    ends = [end for item in seen["instances"] if item["service"] == "catalog" for end in item["endpoints"]]
    pages = []
    for end in ends:
        with urlopen(f"http://{end['host']}:{end['number']}/", timeout=10) as answer:
            pages.append(answer.read().decode().strip())
    return pages
