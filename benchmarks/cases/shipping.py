"""A release with 1 % changed files of 5,000, beside `rsync -a`; looking at it; and going back to the one before."""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks.costs import CannotMeasureError, Errand, run
from benchmarks.figures import Bench, Figure, Missing
from eeveon.core.desired import Source, Target, Workload
from eeveon.core.names import CommitId, EnvironmentName, ProjectName, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition
from eeveon.core.plan import Effect
from eeveon.core.secret import SecretRef, SecretValue
from eeveon.drivers.base import Context, Driver
from eeveon.drivers.ssh.driver import connect
from eeveon.git.remote import Remotes
from eeveon.git.trees import GitTrees
from tests.lab.hosts import Host
from tests.lab.lab import PREFIX, Lab, owned
from tests.lab.relay import Relay, relay_to
from tests.lab.requirements import missing_for_hosts

FILES = 5_000
SHARE = 0.01  # of them, in each release
LONG = timedelta(minutes=2)
# Seconds that only health is watched: a service without a check is watched for one after each round of its rollout, and
# a rolling one has two: the first host, then all others.
WATCHED = 2 * 1.0
GOAL_BACK = 2.0

PROJECT = """\
apiVersion: eeveon/v2
kind: Project
metadata: {name: bench}
spec: {environments: {here: {path: specs}}}
"""
SPECS = """\
kind: Target
metadata: {name: edge}
spec:
  ssh:
    hosts: [%(hosts)s]
    user: root
    knownHosts: %(known)s
    identity: {file: %(key)s}
---
kind: Service
metadata: {name: web}
spec: {targets: [edge], source: {git: %(code)s, ref: {branch: main}, path: /srv/site}}
---
kind: SafetyPolicy
metadata: {name: all}
spec: {}
"""


def ship(bench: Bench) -> Iterator[Figure | Missing]:
    """Bytes and seconds of a release over one connection, counted where they pass; both tools go the same way."""
    if missing := missing_for_hosts():
        yield Missing(what="a release of 5,000 files", why=missing)
        return
    code = _Code(bench.folder / "code")
    code.make()
    with _hosts() as (lab, hosts):
        yield from _beside_rsync(bench, lab, hosts[0], code)
        yield from _back(bench, lab, hosts, code)


@dataclass(frozen=True, slots=True)
class _Code:
    """A repository of 5,000 small files of text."""

    folder: Path

    def make(self) -> None:
        """The first commit."""
        chance = random.Random(7)  # noqa: S311 - the same files in every run
        words = [
            "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(900)
        ]
        for number in range(FILES):
            place = self._place(number)
            place.parent.mkdir(parents=True, exist_ok=True)
            lines = (" ".join(chance.choices(words, k=10)) for _ in range(chance.randint(10, 120)))
            place.write_text("\n".join(lines), encoding="ascii")
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def change(self, turn: int) -> None:
        """Another commit, in which 1 % of the files have another line."""
        chance = random.Random(turn)  # noqa: S311
        for number in chance.sample(range(FILES), int(FILES * SHARE)):
            lines = self._place(number).read_text(encoding="ascii").split("\n")
            lines[len(lines) // 2] = f"changed in turn {turn} {chance.random()}"
            self._place(number).write_text("\n".join(lines), encoding="ascii")
        self.commit()

    def commit(self) -> None:
        """All that there is."""
        self.git("add", "--all")
        self.git("-c", "user.name=b", "-c", "user.email=b@example.com", "commit", "--quiet", "--message", "x")

    def git(self, *words: str) -> str:
        """What git says in it."""
        self.folder.mkdir(exist_ok=True)
        done = subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _place(self, number: int) -> Path:
        return self.folder / f"part{number % 50:02}" / f"page-{number:04}.html"


@contextmanager
def _hosts() -> Iterator[tuple[Lab, tuple[Host, ...]]]:
    lab = Lab(Path(tempfile.mkdtemp(prefix=PREFIX)))
    with owned(lab.folder):
        try:
            yield lab, lab.hosts.up(3)
        finally:
            lab.down()


def _beside_rsync(bench: Bench, lab: Lab, host: Host, code: _Code) -> Iterator[Figure | Missing]:
    _give_rsync(host)
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    sizes: dict[str, list[int]] = {"ours": [], "theirs": []}
    looks: list[float] = []
    with relay_to(host.address, 22) as relay:
        _rsync(lab, relay, code)
        _ours(bench, lab, host, relay=relay, code=code)
        for turn in range(bench.seldom * 2):
            code.change(turn)
            for who, work in (
                ("theirs", lambda: _rsync(lab, relay, code)),
                ("ours", lambda: _ours(bench, lab, host, relay=relay, code=code)),
            ):
                before = relay.passed + relay.returned
                times[who].append(work())
                sizes[who].append(relay.passed + relay.returned - before)
        looks += [_look(bench, lab, host, relay) for _ in range(bench.often)]
    for what, found, words in (("bytes", sizes, _kib), ("time", times, _seconds)):
        ours, theirs = median(found["ours"]), median(found["theirs"])
        yield Figure(
            what=f"a release with 1 % changed of 5,000 files, {what}",
            value=ours / theirs,
            goal=1.0,
            words=lambda value: f"{value:.2f} of rsync -a",
            from_=f"{words(ours)} beside {words(theirs)}, each over a new connection",
        )
    yield Figure(
        what="looking at a release of 5,000 files",
        value=median(looks),
        goal=0.25,
        words=_seconds,
        from_="one observation over a warm connection, every file checked",
    )


def _give_rsync(host: Host) -> None:
    """Rsync for a host that has none: the program of this machine and its libraries."""
    program = subprocess.run(["which", "rsync"], capture_output=True, text=True, check=False).stdout.strip()
    if not program:
        raise CannotMeasureError("rsync is not installed here")
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    needed = [word for line in listed.splitlines() for word in line.split() if word.startswith("/")]
    with tempfile.TemporaryFile() as archive:
        subprocess.run(
            ["tar", "-chf", "-", program, *needed], stdout=archive, stderr=subprocess.DEVNULL, check=True
        )
        archive.seek(0)
        command = ["docker", "-H", host.engine.url, "exec", "-i", host.name, "tar", "-xf", "-", "-C", "/opt"]
        subprocess.run(command, stdin=archive, check=True)
    libraries = ":".join(sorted({f"/opt{Path(path).parent}" for path in needed}))
    host.write(
        "/usr/local/bin/rsync",
        f'#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec /opt{program} "$@"\n',
        mode=0o755,
    )


def _rsync(lab: Lab, relay: Relay, code: _Code) -> float:
    ssh = (
        f"ssh -p {relay.port} -i {lab.hosts.key} -o BatchMode=yes -o StrictHostKeyChecking=no "
        "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    )
    begun = time.perf_counter()
    command = [
        "rsync",
        "-a",
        "--delete",
        "--exclude=/.git",
        "-e",
        ssh,
        f"{code.folder}/",
        "root@127.0.0.1:/srv/rsync/",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotMeasureError(f"rsync: {done.stderr.strip()[-300:]}")
    return time.perf_counter() - begun


def _ours(bench: Bench, lab: Lab, host: Host, *, relay: Relay, code: _Code) -> float:
    """Seconds from nothing to the new release in service; the commit is fetched before, as planning does."""
    remotes = Remotes(bench.folder / "state" / "git", bench.folder)
    head = CommitId(code.git("rev-parse", "HEAD"))
    source = Source(git=str(code.folder), ref="branch main", path="/srv/web", commit=head)
    found = remotes.fetched(source)
    source = Source(git=source.git, ref=source.ref, path=source.path, commit=head, committed=found.at)
    work = Workload(
        service=ServiceName("web"),
        target=TargetName("edge"),
        replicas=1,
        image=None,
        command=(),
        source=source,
    )
    begun = time.perf_counter()
    driver = _driver(bench, lab, host, relay=relay, remotes=remotes)
    (wanted,) = driver.preview((work,)).objects
    for condition in (Condition.RUNNING, Condition.SERVING):
        driver.perform(Effect(object=wanted.id, condition=condition, wanted=wanted), 1, LONG)
    driver.close()
    return time.perf_counter() - begun


def _look(bench: Bench, lab: Lab, host: Host, relay: Relay) -> float:
    driver = _driver(
        bench, lab, host, relay=relay, remotes=Remotes(bench.folder / "state" / "git", bench.folder)
    )
    driver.observe()
    begun = time.perf_counter()
    driver.observe()
    took = time.perf_counter() - begun
    driver.close()
    return took


def _driver(bench: Bench, lab: Lab, host: Host, *, relay: Relay, remotes: Remotes) -> Driver:
    told = {"name": host.name, "address": "127.0.0.1", "port": relay.port, "hostKey": host.host_key}
    settings = {"hosts": [told], "user": "root", "identity": {"file": str(lab.hosts.key)}}
    context = Context(
        scope=Scope(project=ProjectName("bench"), environment=EnvironmentName("here")),
        state=bench.folder / "state" / "ssh",
        secrets=_NoSecrets(),
        report=lambda *_: None,
        trees=GitTrees(remotes),
    )
    return connect(Target(name=TargetName("edge"), kind="ssh", settings=settings), context)


class _NoSecrets:
    def resolve(self, ref: SecretRef) -> SecretValue:
        raise CannotMeasureError(f"no secret is asked for: {ref}")


def _back(bench: Bench, lab: Lab, hosts: tuple[Host, ...], code: _Code) -> Iterator[Figure | Missing]:
    project = bench.folder / "project"
    (project / "specs").mkdir(parents=True)
    (project / "eeveon.yaml").write_text(PROJECT, encoding="utf-8")
    written = {
        "hosts": ", ".join(f"{{name: {host.name}, address: {host.address}}}" for host in hosts),
        "known": lab.hosts.known_hosts,
        "key": lab.hosts.key,
        "code": code.folder,
    }
    (project / "specs" / "site.yaml").write_text(SPECS % written, encoding="utf-8")
    times = []
    for turn in range(bench.seldom):
        for commit in (turn * 2 + 100, turn * 2 + 101):
            code.change(commit)
            run(_cli(bench, project, "apply", "--yes"))
        times.append(run(_cli(bench, project, "rollback", "web", "--yes")).wall)
        run(_cli(bench, project, "unhold", "web"))
    yield Figure(
        what="back to a kept release of 5,000 files on 3 hosts",
        value=median(times) - WATCHED,
        goal=GOAL_BACK,
        words=_seconds,
        from_=f"the whole command took {_seconds(median(times))}, of which {WATCHED:g} s it only watched, in two rounds",
    )


def _cli(bench: Bench, project: Path, *words: str) -> Errand:
    return Errand(
        command=[sys.executable, "-m", "eeveon.cli.app", *words],
        folder=project,
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(bench.folder),
            "EEVEON_STATE": str(bench.folder / "cli"),
        },
    )


def _kib(value: float) -> str:
    return f"{value / 1024:.0f} KiB"


def _seconds(value: float) -> str:
    return f"{value:.2f} s"
