"""The shop behind load balancers: planned as recorded for empty hosts, and really run on three."""

from datetime import UTC, datetime
from urllib.request import Request, urlopen

import pytest

from tests.examples.conftest import Copy, Example, as_recorded
from tests.examples.planning import plan_at
from tests.lab.hosts import Host, Hosts

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh"), pytest.mark.timeout(300)]

NAME = "shop-balanced"
TUESDAY = datetime(2027, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def shop(copy: Copy, hosts: Hosts, clean_hosts: tuple[Host, ...], monkeypatch: pytest.MonkeyPatch) -> Example:
    """Its hosts are the lab's."""
    addresses = {f"10.0.3.1{number}": host.address for number, host in enumerate(clean_hosts, 1)}
    monkeypatch.setenv("SHOP_KEY_FILE", str(hosts.key))
    example = copy(NAME, addresses, SHOP_KEY_FILE=str(hosts.key))
    (example.root / "known_hosts").write_text(hosts.known_hosts.read_text())
    return example


@pytest.mark.golden
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_plans_as_recorded(shop: Example, environment: str) -> None:
    as_recorded(shop.source / f"expected-plan-{environment}.txt", plan_at(shop.root, environment, TUESDAY))


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_runs_and_ends(shop: Example, clean_hosts: tuple[Host, ...], environment: str) -> None:
    serving = clean_hosts if environment == "production" else clean_hosts[:2]
    shop.run(f"eeveon apply --yes -e {environment}")
    assert "nothing to do, 2 unchanged" in shop.run(f"eeveon plan -e {environment}")
    for host in serving:
        assert _asked(host, "/api/") == "cup, plate, spoon"
        assert _asked(host, "/") == f"Shop of {environment}"
    shop.run(f"eeveon destroy --yes -e {environment}")
    assert "0 of 0 instances running" in shop.run(f"eeveon status -e {environment}")


def _asked(host: Host, path: str) -> str:
    request = Request(f"http://{host.address}:8080{path}", headers={"Host": "shop.example.com"})
    with urlopen(request, timeout=10) as answer:
        text: str = answer.read().decode()
    return text.strip()
