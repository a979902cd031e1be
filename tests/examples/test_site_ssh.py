"""The static site on real hosts: planned as recorded, brought, changed, edited by hand, taken back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.examples.conftest import Copy, Example, as_recorded
from tests.examples.planning import plan_at
from tests.lab.hosts import Host, Hosts

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("hosts")]

NAME = "site-ssh"
TUESDAY = datetime(2027, 3, 2, 10, 0, tzinfo=UTC)
GIT = "git -c user.name=t -c user.email=t@example.com"


@pytest.fixture
def site(copy: Copy, clean_hosts: tuple[Host, ...], hosts: Hosts) -> Example:
    """The example with the lab's hosts in the place of its own."""
    first, second, _ = clean_hosts
    replaced = {
        "192.0.2.11": first.address,
        "192.0.2.12": second.address,
        "user: root": f"user: root\n    knownHosts: {hosts.known_hosts}\n    identity: {{file: {hosts.key}}}",
    }
    example = copy(NAME, replaced)
    example.run(f"cd site && git init -q -b main && git add -A && {GIT} commit -qm one && cd ..")
    return example


@pytest.mark.golden
def test_plans_as_recorded(site: Example) -> None:
    as_recorded(site.source / "expected-plan-production.txt", plan_at(site.root, "production", TUESDAY))


def test_is_brought_changed_and_taken_back(site: Example, clean_hosts: tuple[Host, ...]) -> None:
    site.run("eeveon apply --yes")
    assert _pages(clean_hosts) == ["The first version."] * 2
    assert "notes.md" not in clean_hosts[0].run("ls /srv/site/current")
    assert clean_hosts[0].run("cat /srv/site/current/pages.txt").split() == ["about.html", "index.html"]

    site.run(f"sed -i 's/first/second/' site/index.html && cd site && {GIT} commit -qam two && cd ..")
    site.run("eeveon apply --yes")
    assert _pages(clean_hosts) == ["The second version."] * 2
    assert "nothing to do, 1 unchanged" in site.run("eeveon plan")

    clean_hosts[1].run("echo hacked > /srv/site/current/about.html")
    assert "edited.about.html" in site.run("eeveon plan", status=2)
    site.run("eeveon rollback site --yes")
    assert _pages(clean_hosts) == ["The first version."] * 2


def test_says_where_its_code_is_not(site: Example) -> None:
    Path(site.root / "site").rename(site.root / "elsewhere")

    said = site.run("eeveon plan 2>&1", status=1)

    assert "specs/base/site.yaml" in said
    assert "source-unreadable" in said
    assert "the code of service site: reading ./site" in said


def _pages(hosts: tuple[Host, ...]) -> list[str]:
    return [
        host.run("sed -n 's/<p>\\(.*\\)<.p>/\\1/p' /srv/site/current/index.html").strip()
        for host in hosts[:2]
    ]
