"""Load balancers and node groups on real hosts, under a steady load: what people notice of a deployment."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from urllib.request import urlopen

import pytest

from tests.cli.conftest import PROJECT, Cli, Said, killed_apply
from tests.lab.hosts import Host, Hosts
from tests.lab.load import Report, steady_load

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh"), pytest.mark.timeout(600)]

LISTEN = 8080
REPLICAS = 4
SERVE = (
    "mkdir -p /tmp/www$PORT; echo $VERSION > /tmp/www$PORT/index.html; "
    "exec busybox httpd -f -p $PORT -h /tmp/www$PORT"
)
FOLDER = "/var/lib/eeveon/shop/demo/balancers/front"
UNIT = "eeveon-shop-demo-lb-front.service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A web service behind a load balancer on the first two of three hosts."""

    cli: Cli
    three: tuple[Host, ...]
    key: str

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Of the balancers on the hosts that always serve."""
        return [(host.address, LISTEN) for host in self.three[:2]]

    def write(
        self,
        *,
        version: str = "one",
        software: str = "haproxy: {}",
        rollout: str = "rolling",
        active: int | None = None,
        listen: int = LISTEN,
    ) -> None:
        """The specs."""
        lines = [f"{{name: {host.name}, address: {host.address}}}" for host in self.three[:2]]
        lines.append(f"{{name: {self.three[2].name}, address: {self.three[2].address}, standby: true}}")
        group = "kind: NodeGroup\nmetadata: {name: pool}\nspec: {target: edge, active: {min: %s}}\n"
        documents = (
            f"kind: Target\nmetadata: {{name: edge}}\nspec:\n  ssh:\n    hosts: [{', '.join(lines)}]\n"
            f"    user: root\n    knownHosts: known_hosts\n    identity: {{file: {self.key}}}\n",
            "kind: LoadBalancer\nmetadata: {name: front}\n"
            f"spec: {{target: edge, {software}, listen: {listen}, drain: {{timeout: 10s}}}}\n",
            "kind: Service\nmetadata: {name: web}\nspec:\n  targets: [edge]\n"
            f"  replicas: {REPLICAS}\n"
            f"  command: [sh, -c, '{SERVE}']\n  env: {{VERSION: {version}}}\n  ports: [{{name: http}}]\n"
            "  health: {http: {port: http, path: /}, every: 500ms, startup: 30s}\n"
            f"  rollout: {{{rollout}: {{}}}}\n  route: {{loadBalancer: front}}\n",
            *([group % active] if active else []),
        )
        self.cli.write({"specs/all.yaml": "---\n".join(documents)})

    def apply(self, status: int = 0) -> Said:
        """Apply, and look that nothing is left to do."""
        said = self.cli("apply", "-e", "demo", "--yes")
        assert said.status == status, said.out + said.err
        if status == 0:
            assert self.plan().status == 0
        return said

    def plan(self) -> Said:
        """What there is to do."""
        return self.cli("plan", "-e", "demo")

    def get(self, host: Host) -> str:
        """What a balancer answers."""
        with urlopen(f"http://{host.address}:{LISTEN}/", timeout=10) as answer:
            return str(answer.read().decode()).strip()


@pytest.fixture
def shop(cli: Cli, hosts: Hosts, clean_hosts: tuple[Host, ...]) -> Shop:
    cli.write({"eeveon.yaml": PROJECT, "known_hosts": hosts.known_hosts.read_text()})
    return Shop(cli=cli, three=clean_hosts, key=str(hosts.key))


@pytest.fixture
def count(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Callable[[Report, float], None]:
    """Shows how many requests there were, whatever pytest hides."""

    def show(report: Report, seconds: float) -> None:
        with capsys.disabled():
            print(f"\n  {request.node.name}: {report}, in {seconds:.0f} s", end=" ")  # noqa: T201

    return show


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "closed"])
@pytest.mark.parametrize("rollout", ["rolling", "blueGreen"])
@pytest.mark.parametrize("software", ["haproxy: {}", "nginx: {}"], ids=["haproxy", "nginx"])
def test_no_request_fails_while_all_instances_are_replaced(
    shop: Shop, count: Callable[[Report, float], None], software: str, rollout: str, keep: bool
) -> None:
    shop.write(software=software, rollout=rollout)
    shop.apply()
    began = monotonic()
    shop.write(software=software, rollout=rollout, version="two")
    with steady_load(shop.addresses, clients=4, keep=keep) as report:
        shop.apply()
    count(report, monotonic() - began)
    assert report.failed == []
    assert set(report.answered) == {"one", "two"}
    assert report.requests > 1000
    assert {shop.get(host) for host in shop.three[:2]} == {"two"}


def test_a_standby_host_comes_into_service_and_goes_out_of_it(
    shop: Shop, count: Callable[[Report, float], None]
) -> None:
    shop.write()
    shop.apply()
    third = shop.three[2]
    began = monotonic()
    with steady_load(shop.addresses, clients=4) as report:
        shop.write(active=3)
        assert f"host {third.name} comes into service: 3 of 3 hosts are active" in shop.plan().out
        shop.apply()
        assert shop.get(third) == "one"
        assert third.run("ls /var/lib/eeveon/shop/demo/instances").split()
        shop.write(active=2)
        assert f"host {third.name} goes out of service: 2 of 3 hosts are active" in shop.plan().out
        shop.apply()
    count(report, monotonic() - began)
    assert report.failed == []
    assert not third.run("ls /var/lib/eeveon/shop/demo/instances").split()
    assert third.try_run(f"systemctl cat {UNIT}") != 0


@pytest.mark.parametrize(
    ("software", "said"),
    [
        ("haproxy: {extra: {frontend: [such a word]}}", "unknown keyword 'such' in 'frontend' section"),
        ("nginx: {extra: {http: [such a word;]}}", 'unknown directive "such" in nginx.conf'),
    ],
    ids=["haproxy", "nginx"],
)
def test_a_line_that_the_balancer_refuses_never_comes_into_force(
    shop: Shop, software: str, said: str
) -> None:
    right = f"{software.partition(':')[0]}: {{}}"
    shop.write(software=right)
    shop.apply()
    shop.write(software=software)
    failed = shop.apply(status=1)
    assert said in failed.out + failed.err
    assert "the one before stays in force" in failed.out + failed.err
    assert shop.get(shop.three[0]) == "one"
    shop.write(software=right)
    assert shop.plan().status == 0


def test_a_port_of_somebody_else_is_said_and_the_one_before_comes_back(shop: Shop) -> None:
    shop.write()
    shop.apply()
    shop.write(listen=22)
    failed = shop.apply(status=1)
    assert "cannot bind socket" in failed.out + failed.err
    assert shop.get(shop.three[0]) == "one"
    shop.write()
    assert shop.plan().status == 0


MEDDLED = {
    "edited": (f"echo '# mine' >> {FOLDER}/current/haproxy.cfg", "haproxy.cfg was edited"),
    "stopped": (f"systemctl stop {UNIT}", "changed on the target: stopped 20"),
    "backend taken out": (f"rm {FOLDER}/current/backends/web/web-1-*", "runs, but is not in service"),
    "unit edited": (f"sed -i s/^Restart=.*/Restart=no/ /etc/systemd/system/{UNIT}", f"{UNIT} was edited"),
    "folder gone": (f"systemctl stop {UNIT}; rm -rf {FOLDER}", "gone from the target"),
}


@pytest.mark.parametrize("case", MEDDLED)
def test_what_somebody_did_to_a_balancer_is_seen_and_undone(shop: Shop, case: str) -> None:
    command, told = MEDDLED[case]
    shop.write()
    shop.apply()
    shop.three[0].run(command)
    planned = shop.plan()
    assert planned.status == 2
    assert told in " ".join(planned.out.split())
    shop.apply()
    assert shop.get(shop.three[0]) == "one"
    assert shop.three[0].run(f"cat {FOLDER}/current/haproxy.cfg").count("server web-") == 4


def test_a_balancer_that_crashes_is_started_again(shop: Shop) -> None:
    shop.write()
    shop.apply()
    shop.three[0].run(f"systemctl kill -s KILL {UNIT}; sleep 3")
    assert shop.get(shop.three[0]) == "one"
    assert shop.plan().status == 0


def test_software_that_is_missing_is_said_with_what_to_install(shop: Shop) -> None:
    shop.write()
    shop.three[0].run("mv /usr/sbin/haproxy /usr/sbin/haproxy.away")
    try:
        failed = shop.apply(status=1)
        assert "haproxy is not installed on this host; install its package haproxy" in failed.out + failed.err
        doctor = shop.cli("doctor", "-e", "demo")
        assert "haproxy is not installed, and a LoadBalancer wants it" in doctor.out + doctor.err
    finally:
        shop.three[0].run("mv /usr/sbin/haproxy.away /usr/sbin/haproxy")
    shop.apply()


def test_nothing_changes_sides_while_a_host_of_the_balancer_does_not_answer(shop: Shop) -> None:
    shop.write(rollout="blueGreen")
    shop.apply()
    shop.write(rollout="blueGreen", version="two")
    with steady_load(shop.addresses, clients=2) as report, shop.three[1].refusing():
        failed = shop.cli("apply", "-e", "demo", "--yes")
        assert failed.status in {1, 3}
        told = f"load balancer front is on {shop.three[1].name} too, which does not answer"
        assert told in " ".join(failed.out.split())
    assert report.failed == []
    assert set(report.answered) == {"one"}
    shop.apply()
    assert {shop.get(host) for host in shop.three[:2]} == {"two"}


def test_a_change_of_sides_that_was_killed_is_nobody_elses_doing(shop: Shop) -> None:
    shop.write(rollout="blueGreen")
    shop.apply()
    shop.write(rollout="blueGreen", version="two")
    assert killed_apply(shop.cli, 1 + 2 * REPLICAS + 1, "-e", "demo") == -9  # all run, and one is to serve
    plan = json.loads(shop.cli("plan", "-e", "demo", "--format", "json").out)
    (step,) = plan["plan"]["steps"]
    assert step["drift_by"] == ["ourselves"]
    shop.write(
        rollout="blueGreen"
    )  # the older side is wanted again: it serves, or an apply of ours took it out
    assert "somebody" not in shop.plan().out
    shop.apply()


def test_everything_goes_with_the_last_of_it(shop: Shop) -> None:
    shop.write()
    shop.apply()
    said = shop.cli("destroy", "-e", "demo", "--yes")
    assert said.status == 0, said
    for host in shop.three:
        left = host.run("ls -l --time-style=full-iso /etc/systemd/system | grep eeveon || true")
        assert left == "", (
            f"{host.run('date --iso-8601=ns; journalctl -n 40 --no-pager -o short-precise')}\n{said.out}"
        )
        assert host.try_run(f"test -e {FOLDER}") != 0
