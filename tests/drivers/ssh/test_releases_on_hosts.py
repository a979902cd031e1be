"""Releases on real hosts: sshd, systemd, disks that are full, links that break, controllers that are killed."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from eeveon.core.desired import Source, Target, Workload
from eeveon.core.names import EnvironmentName, ProjectName, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition, ObservedObject, Seen
from eeveon.core.plan import Effect
from eeveon.core.wanted import WantedObject
from eeveon.drivers.base import Context
from eeveon.drivers.ssh.driver import SshDriver, connect
from eeveon.errors import ActionRefused, ActionUncertain, TargetError, TargetUnreachable
from eeveon.git.remote import Remotes
from eeveon.git.trees import GitTrees
from tests.drivers.contract import KnownSecrets
from tests.git.conftest import Repository
from tests.lab.hosts import Host, Hosts
from tests.lab.relay import relay_to
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("hosts")]

SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("staging"))
SOON = timedelta(seconds=60)


@dataclass(slots=True)
class Site:
    """Hosts, a repository, and drivers that bring the one to the others."""

    hosts: tuple[Host, ...]
    lab: Hosts
    folder: Path
    repository: Repository
    fence: int = 1

    @property
    def remotes(self) -> Remotes:
        """Where the code is fetched to."""
        return Remotes(self.folder / "state" / "git", self.folder)

    def driver(self, count: int = 1, port: int | None = None) -> SshDriver:
        """A new driver of the first hosts; `port` is one of this machine that leads to the first."""
        told = [
            {"name": host.name, "address": "127.0.0.1", "port": port, "hostKey": host.host_key}
            if port
            else {"name": host.name, "address": host.address}
            for host in self.hosts[:count]
        ]
        settings = {
            "hosts": told,
            "user": "root",
            "knownHosts": str(self.lab.known_hosts),
            "identity": {"file": str(self.lab.key)},
            "connectTimeout": "5s",
        }
        target = Target(name=TargetName("edge"), kind="ssh", settings=settings)
        context = Context(
            scope=SCOPE,
            state=self.folder / "state" / "ssh",
            secrets=KnownSecrets(),
            report=lambda *_: None,
            trees=GitTrees(self.remotes),
        )
        made = connect(target, context)
        assert isinstance(made, SshDriver)
        return made

    def commit(self, files: dict[str, str], **more: object) -> Workload:
        """The service at a new commit with these files besides those that are there."""
        for name, text in files.items():
            self.repository.write(name, text)
        self.repository.git("add", "-A")
        self.repository.git("commit", "-qm", "x")
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=self.repository.root, check=True, capture_output=True, text=True
        ).stdout.strip()
        usual = {
            "git": str(self.repository.root),
            "ref": f"commit {head}",
            "path": "/srv/web",
            "commit": head,
        }
        source = Source(**{**usual, **more})  # type: ignore[arg-type]
        found = self.remotes.fetched(source)
        fields = {name: getattr(source, name) for name in Source.__dataclass_fields__}
        return Workload(
            service=ServiceName("web"),
            target=TargetName("edge"),
            replicas=1,
            image=None,
            command=(),
            source=Source(**{**fields, "committed": found.at}),
            keep=5,
        )

    def wanted(self, driver: SshDriver, workload: Workload) -> list[WantedObject]:
        """The instances of the service."""
        return list(driver.preview((workload,)).objects)

    def bring(
        self, driver: SshDriver, workload: Workload, condition: Condition
    ) -> list[ObservedObject | None]:
        """Every instance of it to a condition, one after the other."""
        return [
            driver.perform(Effect(object=want.id, condition=condition, wanted=want), self.fence, SOON)
            for want in self.wanted(driver, workload)
        ]


@pytest.fixture
def site(clean_hosts: tuple[Host, ...], hosts: Hosts, tmp_path: Path) -> Site:
    made = Repository(tmp_path / "code")
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    return Site(clean_hosts, hosts, tmp_path, made)


def current(host: Host) -> str:
    """What the release in service says."""
    return host.run("cat /srv/web/current/index.html").strip()


def seen(driver: SshDriver) -> dict[str, Condition]:
    """The condition of each instance."""
    found = driver.observe()
    assert isinstance(found, Seen), found
    return {item.id.name: item.condition for item in found.objects}


def test_waiting_for_a_release_asks_its_own_host_only_and_forgets_none_of_the_others(site: Site) -> None:
    driver = site.driver(count=3)
    one = site.commit({"index.html": "one"})
    site.bring(driver, one, Condition.SERVING)
    first, *others = site.wanted(driver, one)
    driver.observe()

    before = driver.trips
    found = driver.watch(frozenset({first.id}))
    assert driver.trips - before == 1
    assert isinstance(found, Seen)
    assert [(item.id, item.condition) for item in found.objects] == [(first.id, Condition.SERVING)]
    driver.watch(frozenset(item.id for item in others))
    assert driver.trips - before == 3


def test_a_release_is_seen_as_it_was_brought_in_one_round_trip(site: Site) -> None:
    driver = site.driver(count=3)
    one = site.commit({"index.html": "one", "a b/ü": "x"})

    site.bring(driver, one, Condition.SERVING)

    before = driver.trips
    found = driver.observe()
    assert driver.trips - before == 3
    assert isinstance(found, Seen)
    wanted = {want.id: want.fields for want in site.wanted(driver, one)}
    assert {item.id: item.fields for item in found.objects} == wanted
    assert {item.condition for item in found.objects} == {Condition.SERVING}
    assert [current(host) for host in site.hosts] == ["one"] * 3


def test_all_hosts_change_sides_or_none(site: Site) -> None:
    driver = site.driver(count=3)
    one, two = site.commit({"index.html": "one"}), site.commit({"index.html": "two"})
    site.bring(driver, one, Condition.SERVING)
    site.bring(driver, two, Condition.RUNNING)
    old, new = site.wanted(driver, one), site.wanted(driver, two)
    side = Effect(
        object=new[0].id,
        condition=Condition.SERVING,
        wanted=new[0],
        beside=tuple(want.id for want in new[1:]),
        instead=tuple(want.id for want in old),
    )
    site.hosts[2].run("rm -rf /srv/web/releases/*-" + str(two.source.commit)[:12])  # type: ignore[union-attr]

    with pytest.raises(ActionRefused, match=r"is not on this host|there is no instance/web-3"):
        driver.perform(side, 1, SOON)
    assert [current(host) for host in site.hosts] == ["one"] * 3

    site.bring(driver, two, Condition.RUNNING)
    after = driver.perform(side, 1, SOON)
    assert after is not None
    assert after.condition is Condition.SERVING
    assert [current(host) for host in site.hosts] == ["two"] * 3


def test_a_host_that_dies_between_the_links_takes_the_others_back(site: Site) -> None:
    driver = site.driver(count=2)
    one, two = site.commit({"index.html": "one"}), site.commit({"index.html": "two"})
    site.bring(driver, one, Condition.SERVING)
    site.bring(driver, two, Condition.RUNNING)
    old, new = site.wanted(driver, one), site.wanted(driver, two)
    site.hosts[1].run("chattr +i /srv/web 2>/dev/null || mount --bind -o ro /srv/web /srv/web")
    try:
        with pytest.raises(TargetError):
            driver.perform(
                Effect(
                    object=new[0].id,
                    condition=Condition.SERVING,
                    beside=(new[1].id,),
                    instead=tuple(want.id for want in old),
                ),
                1,
                SOON,
            )
    finally:
        site.hosts[1].run("chattr -i /srv/web 2>/dev/null; umount /srv/web 2>/dev/null; true")
    assert [current(host) for host in site.hosts[:2]] == ["one"] * 2


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_connection_cut_in_mid_stream_leaves_the_running_release_alone(site: Site, share: float) -> None:
    host = site.hosts[0]
    one = site.commit({"index.html": "one"})
    site.bring(site.driver(), one, Condition.SERVING)
    (site.repository.root / "noise").write_bytes(os.urandom(400_000))
    two = site.commit({"index.html": "two"})
    with relay_to(host.address) as relay:
        driver = site.driver(port=relay.port)
        driver.observe()
        relay.left = int(400_000 * share)
        with pytest.raises((ActionUncertain, TargetUnreachable, ActionRefused)):
            site.bring(driver, two, Condition.RUNNING)
        driver.close()

    assert current(host) == "one"
    again = site.driver()
    assert list(seen(again).values()) == [Condition.SERVING]
    site.bring(again, two, Condition.SERVING)
    assert current(host) == "two"
    assert host.run("ls -A /srv/web/releases | grep -c new || true").strip() == "0"


def test_sshd_killed_in_mid_copy_leaves_no_half_release(site: Site) -> None:
    host = site.hosts[0]
    one = site.commit({"index.html": "one"})
    site.bring(site.driver(), one, Condition.SERVING)
    (site.repository.root / "noise").write_bytes(os.urandom(30_000_000))
    two = site.commit({"index.html": "two"})
    driver = site.driver()
    driver.observe()
    killer = threading.Timer(0.6, host.kill_sessions)
    killer.start()
    try:
        site.bring(driver, two, Condition.RUNNING)
    except (ActionUncertain, TargetUnreachable, ActionRefused):
        assert list(seen(site.driver()).values()) == [Condition.SERVING]
    killer.join()

    assert current(host) == "one"
    site.bring(site.driver(), two, Condition.SERVING)
    assert current(host) == "two"


def test_a_full_disk_is_said_before_anything_is_sent(site: Site) -> None:
    host = site.hosts[0]
    one = site.commit({"index.html": "one"})
    site.bring(site.driver(), one, Condition.SERVING)
    (site.repository.root / "noise").write_bytes(os.urandom(2_000_000))
    two = site.commit({"index.html": "two"})
    with host.full("/srv/web", "1m"):
        with pytest.raises(ActionRefused, match=r"has room for 0 MiB, and the release needs 3 MiB"):
            site.bring(site.driver(), two, Condition.RUNNING)
        assert current(host) == "one"


def test_a_disk_that_fills_on_the_way_leaves_the_running_release_alone(site: Site) -> None:
    host = site.hosts[0]
    one = site.commit({"index.html": "one"})
    site.bring(site.driver(), one, Condition.SERVING)
    fills = (("sh", "-c", "cat /dev/zero > fill"),)
    two = site.commit({"index.html": "two"}, build=fills)
    with host.full("/srv/web", "2m"):
        with pytest.raises(ActionRefused, match="No space left on device"):
            site.bring(site.driver(), two, Condition.RUNNING)
        assert current(host) == "one"
        assert "two" not in host.run("cat /srv/web/releases/*/index.html")
        three = site.commit({"index.html": "three"})
        site.bring(site.driver(), three, Condition.SERVING)  # the room is free again
        assert current(host) == "three"


def test_a_program_runs_in_its_release_beside_the_older_one(site: Site) -> None:
    host = site.hosts[0]
    driver = site.driver()
    run = (
        "sh",
        "-c",
        "cat index.html > /srv/said-$(cat index.html); pwd >> /srv/said-$(cat index.html); exec sleep 999",
    )
    one, two = (
        Workload(**{**{name: getattr(work, name) for name in Workload.__dataclass_fields__}, "command": run})
        for work in (site.commit({"index.html": "one"}), site.commit({"index.html": "two"}))
    )
    site.bring(driver, one, Condition.SERVING)
    site.bring(driver, two, Condition.SERVING)

    assert sorted(seen(driver).values()) == [Condition.RUNNING, Condition.SERVING]
    wait_until(lambda: host.try_run("cat /srv/said-two") == 0, seconds=10, what="the program")
    for text in ("one", "two"):
        assert host.run(f"cat /srv/said-{text}").startswith(f"{text}/srv/web/releases/")
    assert current(host) == "two"

    older = host.run("ls /srv/web/releases | head -1").strip()
    host.run(f"ln -sfn releases/{older} /srv/web/current")
    observed = driver.observe()
    assert isinstance(observed, Seen)
    said = [item.trace for item in observed.objects if "current" in item.trace]
    assert len(said) == 1
    assert f"`current` leads to releases/{older} since 20" in said[0]
    assert said[0].endswith("owner uid 0 (root)")


@pytest.mark.parametrize("after", [0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.1, 1.4])
def test_a_controller_killed_at_any_moment_leaves_a_whole_release_and_can_go_on(
    site: Site, after: float
) -> None:
    host = site.hosts[0]
    project = site.folder / "project"
    (project / "specs").mkdir(parents=True)
    project.joinpath("eeveon.yaml").write_text(
        "apiVersion: eeveon/v2\nkind: Project\nmetadata: {name: shop}\n"
        "spec: {environments: {staging: {path: specs}}}\n"
    )
    project.joinpath("specs/web.yaml").write_text(
        f"""\
kind: Target
metadata: {{name: edge}}
spec:
  ssh:
    hosts: [{{name: {host.name}, address: {host.address}}}]
    user: root
    knownHosts: {site.lab.known_hosts}
    identity: {{file: {site.lab.key}}}
---
kind: Service
metadata: {{name: web}}
spec:
  targets: [edge]
  source:
    git: {site.repository.root}
    ref: {{branch: main}}
    path: /srv/web
    hooks: {{postDeploy: [sh, -c, 'sleep 0.2']}}
---
kind: SafetyPolicy
metadata: {{name: all}}
spec: {{}}
"""
    )
    site.commit({"index.html": "one"})
    eeveon(site, project)
    (site.repository.root / "noise").write_bytes(os.urandom(3_000_000))
    site.commit({"index.html": "two"})
    process = subprocess.Popen(
        [sys.executable, "-m", "eeveon.cli.app", "apply", "--yes"],
        cwd=project,
        env=environment(site),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(after + 0.3)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert current(host) in {"one", "two"}
    eeveon(site, project)
    assert current(host) == "two"
    assert "nothing to do" in eeveon(site, project, "plan")


def environment(site: Site) -> dict[str, str]:
    return {**os.environ, "EEVEON_STATE": str(site.folder / "cli-state")}


def eeveon(site: Site, project: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "eeveon.cli.app", *(words or ("apply", "--yes"))],
        cwd=project,
        env=environment(site),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
