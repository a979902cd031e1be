"""The whole way of a change on three real hosts: plan, apply, no changes, drift, a bad rollout, a killed controller."""

import json
from dataclasses import dataclass

import pytest

from tests.cli.conftest import PROJECT, Cli, Said, killed_apply
from tests.lab.hosts import Host, Hosts

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh")]

WRITES = 14  # begin; two for each of 6 actions: 2 ups, 2 downs, 2 tidied; finish


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A repository whose service runs on hosts."""

    cli: Cli
    hosts: tuple[Host, ...]

    def write(self, version: str = "1", *, replicas: int = 3, command: str = "", target: str = "") -> None:
        """The specs of a web server that says its version."""
        serve = (
            command
            or "mkdir -p /tmp/w; echo v$VERSION > /tmp/w/index.html; exec busybox httpd -f -p $PORT -h /tmp/w"
        )
        lines = "".join(f"\n    - {{name: {host.name}, address: {host.address}}}" for host in self.hosts)
        edge = (
            "kind: Target\nmetadata: {name: edge}\nspec:\n  ssh:\n    user: root\n    connectTimeout: 3s\n"
            f"    knownHosts: known_hosts\n    identity: {{file: keys/edge}}{target}\n    hosts:{lines}\n"
        )
        web = (
            "kind: Service\nmetadata: {name: web}\nspec:\n  targets: [edge]\n"
            f"  replicas: {replicas}\n  command: [sh, -c, '{serve}']\n  env: {{VERSION: '{version}'}}\n"
            "  ports: [{name: http}]\n  resources: {memory: 64Mi}\n"
            "  health: {http: {port: http, path: /}, every: 500ms, timeout: 2s, failures: 2, startup: 3s}\n"
        )
        self.cli.write({"eeveon.yaml": PROJECT, "specs/edge.yaml": edge, "specs/web.yaml": web})

    def apply(self) -> Said:
        """Apply what is written."""
        return self.cli.inside("apply", "--yes")

    def settled(self) -> bool:
        """Whether there is nothing to do."""
        return self.cli.inside("plan").status == 0

    def instances(self) -> list[tuple[str, str, str]]:
        """(host, condition, version) of every instance, as asked of each by HTTP from its host."""
        status = json.loads(self.cli.inside("status", "--format", "json").out)
        return sorted(
            (item["place"], item["condition"], item["fields"]["env"]["VERSION"])
            for item in status["instances"]
        )


@pytest.fixture
def shop(cli: Cli, hosts: Hosts, clean_hosts: tuple[Host, ...]) -> Shop:
    cli.write(
        {
            "known_hosts": hosts.known_hosts.read_text(encoding="ascii"),
            "keys/edge": hosts.key.read_text(encoding="ascii"),
        }
    )
    return Shop(cli=cli, hosts=clean_hosts)


def unit_of(host: Host) -> str:
    """The template of the one service on a host."""
    return host.run("ls /etc/systemd/system/eeveon-*@.service").strip()


def test_plan_apply_nothing_to_do_and_away_again(shop: Shop) -> None:
    shop.write()
    plan = shop.cli.inside("plan")
    assert plan.status == 2
    assert "create 3 replicas" in plan.out
    said = shop.apply()
    assert said.status == 0, said
    assert shop.settled()
    assert shop.instances() == [(host.name, "running", "1") for host in shop.hosts]
    assert "healthy" in shop.cli.inside("status").out
    assert shop.cli.inside("doctor", "health").status == 0
    assert shop.cli.inside("doctor").status == 0
    assert shop.cli.inside("destroy", "--yes").status == 0
    assert shop.instances() == []
    for host in shop.hosts:
        assert host.run("ls -A /etc/systemd/system | grep eeveon; :") == ""


def test_drift_is_planned_with_its_cause_and_put_back(shop: Shop) -> None:
    shop.write()
    assert shop.apply().status == 0
    first = shop.hosts[0]
    first.run(f"sed -i 's/^MemoryMax=.*/MemoryMax=32M/' {unit_of(first)}; systemctl daemon-reload")
    plan = shop.cli.inside("plan")
    assert plan.status == 2
    assert "32Mi" in plan.out
    assert "64Mi" in plan.out
    assert "by uid 0 (root)" in plan.out
    said = shop.apply()
    assert said.status == 0, said
    assert shop.settled()
    assert "MemoryMax=64M" in first.run(f"cat {unit_of(first)}")


def test_a_sick_release_goes_back_and_says_why(shop: Shop) -> None:
    shop.write("1")
    assert shop.apply().status == 0
    shop.write("2", command="echo broken; exit 7")
    said = shop.apply()
    assert said.status == 1
    assert "exited with status 7" in said.out + said.err
    assert shop.instances() == [(host.name, "running", "1") for host in shop.hosts]


def test_a_release_replaces_another_host_by_host(shop: Shop) -> None:
    shop.write("1")
    assert shop.apply().status == 0
    shop.write("2")
    said = shop.apply()
    assert said.status == 0, said
    assert shop.instances() == [(host.name, "running", "2") for host in shop.hosts]
    assert shop.settled()


def test_nothing_is_planned_for_a_host_that_does_not_answer(shop: Shop) -> None:
    shop.write("1")
    assert shop.apply().status == 0
    lost = shop.hosts[1]
    with lost.hanging():
        plan = shop.cli.inside("plan")
        assert plan.status == 3
        assert lost.name in plan.out
    assert shop.settled()


@pytest.mark.parametrize("writes", range(1, WRITES + 1))
def test_an_apply_killed_at_any_step_is_finished_by_the_next(shop: Shop, writes: int) -> None:
    shop.write("1", replicas=2)
    assert shop.apply().status == 0
    shop.write("2", replicas=2)
    assert killed_apply(shop.cli, writes) == -9
    said = shop.apply()
    assert said.status == 0, said
    assert shop.settled()
    assert [(condition, version) for _, condition, version in shop.instances()] == [("running", "2")] * 2


def test_specs_that_no_host_can_fulfil_are_refused_where_they_stand(shop: Shop) -> None:
    shop.write(replicas=4)
    shop.cli.write(
        {
            "specs/web.yaml": (shop.cli.root / "specs/web.yaml")
            .read_text(encoding="utf-8")
            .replace("{name: http}]", "{name: http, port: 8080}]")
        }
    )
    said = shop.cli.inside("validate")
    assert said.status == 1
    assert "4 instances on the 3 hosts of `edge` cannot all have port 8080" in said.out + said.err
