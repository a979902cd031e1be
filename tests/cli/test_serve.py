"""`eeveon serve` as its operator runs it: a real process, real repositories, real services of this machine."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from eeveon.core.controller import Provider
from eeveon.core.delivery import EventState
from eeveon.core.standing import Phase, Standing
from eeveon.drivers.local.supervisor import processes
from eeveon.store.store import Store
from tests.cli.conftest import PROJECT, SHOP, Cli
from tests.git.hosting import Upstream
from tests.lab.ports import free_port
from tests.lab.waiting import wait_until
from tests.server.child import now
from tests.server.hooks.samples import SECRET, headers_for, signature

CONFIG = """\
kind: Controller
spec:
  listen: 127.0.0.1:{port}
  store: {state}
  drift: {{every: {drift}, action: {on}}}
  repositories:
    - name: shop
      url: {url}
      branch: main
      poll: {{interval: {poll}, max: {poll}}}
      webhook: {{provider: generic, secrets: [{{env: HOOK}}]}}
{more}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A controller that runs."""

    process: subprocess.Popen[bytes]
    port: int
    cli: Cli

    def standing(self, key: str = "shop/demo") -> Standing | None:
        with Store.open(self.cli.state, now()) as store:
            return store.standings.of(key)

    def reaches(self, phase: Phase, commit: str = "", key: str = "shop/demo") -> Standing:
        """How the environment stands once it has come to that phase (at that commit)."""

        def there() -> bool:
            assert self.process.poll() is None, "the controller has ended"
            standing = self.standing(key)
            return standing is not None and standing.phase is phase and standing.seen.startswith(commit)

        wait_until(there, seconds=60, what=f"{key} to be {phase} at {commit or 'any commit'}")
        found = self.standing(key)
        assert found is not None
        return found

    def hook(self, identity: str, url: str = "") -> int:
        """The status with which a push is answered."""
        body = json.dumps({"ref": "refs/heads/main", "repository": url}).encode()
        headers = {**headers_for(Provider.GENERIC, identity), **signature(Provider.GENERIC, body)}
        return self.ask("POST", "/hooks/generic/shop", body, headers)

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, headers or {})
            return connection.getresponse().status


@contextmanager
def serving(cli: Cli, url: str, **words: str) -> Iterator[Running]:
    """A controller that follows `url`; ended with SIGTERM if it still runs, which it must obey."""
    port = free_port()
    given = {"drift": "1h", "on": "report", "poll": "1h", "more": "", **words}
    config = cli.home / "controller.yaml"
    config.write_text(CONFIG.format(port=port, state=cli.state, url=url, **given))
    with (cli.home / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "eeveon.cli.app", "serve", "--config", str(config)],
            env={**cli.environ, "HOOK": SECRET},
            cwd=cli.home,
            stderr=log,
        )
    running = Running(process=process, port=port, cli=cli)
    try:
        wait_until(lambda: _answers(running), seconds=60, what="the controller to be ready")
        yield running
        if process.poll() is None:
            process.terminate()
            assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def _answers(running: Running) -> bool:
    assert running.process.poll() is None, (running.cli.home / "log").read_text()
    try:
        return running.ask("GET", "/healthz/ready") == 200
    except OSError:
        return False


def web(colour: str) -> str:
    return SHOP["specs/web.yaml"] + f"  env: {{COLOUR: {colour}}}\n"


@pytest.fixture
def upstream(cli: Cli, tmp_path: Path) -> Upstream:
    made = Upstream(tmp_path / "upstream")
    put(made, {**SHOP, "specs/web.yaml": web("red")})
    return made


def put(upstream: Upstream, files: dict[str, str]) -> str:
    for name, text in files.items():
        place = upstream.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return upstream.commit(f"change {sorted(files)}")


def colours(cli: Cli) -> list[str]:
    """The colour of every process of a service, as the kernel has it."""
    found = set()
    for mark, pids in processes.marked().items():
        if Path(mark).is_relative_to(cli.state):
            for pid in pids:
                with suppress(OSError):
                    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                    found |= {item.decode() for item in variables if item.startswith(b"COLOUR=")}
    return sorted(item.removeprefix("COLOUR=") for item in found)


def records(cli: Cli, upstream: Upstream) -> list[dict[str, object]]:
    told = json.loads(cli("-C", str(upstream.folder), "history", "--format", "json").out)
    found: list[dict[str, object]] = told["records"]
    return found


def test_a_commit_becomes_running_state_by_polls_alone(cli: Cli, upstream: Upstream) -> None:
    with serving(cli, str(upstream.folder), poll="1s") as running:
        running.reaches(Phase.SYNCED)
        assert colours(cli) == ["red"]
        commit = put(upstream, {"specs/web.yaml": web("blue")})
        assert running.reaches(Phase.SYNCED, commit).applied == commit
        assert colours(cli) == ["blue"]


def test_a_webhook_wakes_it_and_many_are_one_reconcile(cli: Cli, upstream: Upstream) -> None:
    with serving(cli, str(upstream.folder)) as running:
        running.reaches(Phase.SYNCED)
        commit = put(upstream, {"specs/web.yaml": web("blue")})
        assert {running.hook(f"d-{at}") for at in range(50)} == {202}
        running.reaches(Phase.SYNCED, commit)
        wait_until(lambda: all_done(cli), seconds=60, what="every delivery to be done")
        assert colours(cli) == ["blue"]
        assert len(records(cli, upstream)) == 2


def all_done(cli: Cli) -> bool:
    with Store.open(cli.state, now()) as store:
        events = store.inbox.events(1000)
    return bool(events) and all(event.state is EventState.DONE for event in events)


def test_specs_with_mistakes_leave_what_runs_and_say_where(cli: Cli, upstream: Upstream) -> None:
    with serving(cli, str(upstream.folder)) as running:
        good = running.reaches(Phase.SYNCED).applied
        bad = put(upstream, {"specs/web.yaml": web("blue").replace("command:", "comand:")})
        running.hook("d-1")
        standing = running.reaches(Phase.REFUSED, bad)
        assert standing.applied == good
        assert "specs/web.yaml:" in standing.cause
        assert "comand" in standing.cause
        assert colours(cli) == ["red"]
        fixed = put(upstream, {"specs/web.yaml": web("blue")})
        running.hook("d-2")
        running.reaches(Phase.SYNCED, fixed)
        assert colours(cli) == ["blue"]


def test_a_rewritten_branch_is_refused_until_a_person_accepts_it(cli: Cli, upstream: Upstream) -> None:
    put(upstream, {"specs/web.yaml": web("blue")})
    with serving(cli, str(upstream.folder)) as running:
        running.reaches(Phase.SYNCED)
        upstream.git("reset", "--quiet", "--hard", "HEAD~1")
        forced = put(upstream, {"specs/web.yaml": web("green")})
        running.hook("d-1")
        standing = running.reaches(Phase.REFUSED)
        assert "was rewritten" in standing.cause
        assert colours(cli) == ["blue"]
        accepted = cli("accept", "shop", forced[:12])
        assert accepted.status == 0, accepted.err
        running.reaches(Phase.SYNCED, forced)
        assert colours(cli) == ["green"]


def test_a_branch_or_repository_that_goes_leaves_what_runs(cli: Cli, upstream: Upstream) -> None:
    with serving(cli, str(upstream.folder)) as running:
        running.reaches(Phase.SYNCED)
        upstream.git("branch", "--move", "other")
        running.hook("d-1")
        assert "has no branch `main`" in running.reaches(Phase.REFUSED).cause
        upstream.folder.rename(upstream.folder.with_name("away"))
        running.hook("d-2")
        assert "does not appear to be a git repository" in running.reaches(Phase.UNREACHABLE).cause
        upstream.folder.with_name("away").rename(upstream.folder)
        upstream.git("branch", "--move", "main")
        running.hook("d-3")
        running.reaches(Phase.SYNCED)
        assert colours(cli) == ["red"]


@pytest.mark.parametrize("on", ["report", "revert"])
def test_drift_is_reported_or_reverted(cli: Cli, upstream: Upstream, on: str) -> None:
    put(upstream, {"specs/web.yaml": web("red") + "  restart: never\n"})
    with serving(cli, str(upstream.folder), drift="1s", on=on) as running:
        running.reaches(Phase.SYNCED)
        kill_what_runs(cli)
        if on == "report":
            assert "service/web on here" in running.reaches(Phase.DRIFTED).cause
            assert colours(cli) == []
        else:
            wait_until(lambda: colours(cli) == ["red"], seconds=60, what="the drift to be undone")
            running.reaches(Phase.SYNCED)


def test_an_environment_says_itself_how_its_drift_is_met(cli: Cli, upstream: Upstream) -> None:
    project = PROJECT.replace("path: specs", "path: specs, drift: {every: 1s, action: revert}")
    assert project != PROJECT
    put(upstream, {"eeveon.yaml": project, "specs/web.yaml": web("red") + "  restart: never\n"})
    with serving(cli, str(upstream.folder), drift="1h", on="report") as running:
        running.reaches(Phase.SYNCED)
        kill_what_runs(cli)
        wait_until(lambda: colours(cli) == ["red"], seconds=60, what="the drift to be undone")


def kill_what_runs(cli: Cli) -> None:
    """Every instance of the state folder dies, as if somebody had killed it."""
    for mark, pids in processes.marked().items():
        if Path(mark).is_relative_to(cli.state):
            for pid in pids:
                os.kill(pid, signal.SIGKILL)


def test_paused_it_changes_nothing_and_resumed_it_goes_on(cli: Cli, upstream: Upstream) -> None:
    with serving(cli, str(upstream.folder)) as running:
        running.reaches(Phase.SYNCED)
        assert cli("-C", str(upstream.folder), "pause", "--why", "fair").status == 0
        commit = put(upstream, {"specs/web.yaml": web("blue")})
        running.hook("d-1")
        assert "fair" in running.reaches(Phase.WAITING, commit).cause
        assert colours(cli) == ["red"]
        assert cli("-C", str(upstream.folder), "resume").status == 0
        running.reaches(Phase.SYNCED, commit)
        assert colours(cli) == ["blue"]


def test_a_failed_commit_is_not_tried_again_and_the_next_one_is(cli: Cli, upstream: Upstream) -> None:
    with serving(cli, str(upstream.folder), drift="1s") as running:
        running.reaches(Phase.SYNCED)
        broken = web("blue").replace("startup: 20s", "startup: 2s").replace("path: /}", "path: /nothing}")
        commit = put(upstream, {"specs/web.yaml": broken})
        running.hook("d-1")
        failed = running.reaches(Phase.FAILED, commit)
        wait_until(
            lambda: "it is tried again when" in running.reaches(Phase.FAILED).cause,
            seconds=30,
            what="a round",
        )
        assert running.reaches(Phase.FAILED).record == failed.record
        assert colours(cli) == ["red"]
        fixed = put(upstream, {"specs/web.yaml": web("green")})
        running.hook("d-2")
        running.reaches(Phase.SYNCED, fixed)
        assert colours(cli) == ["green"]


@pytest.mark.parametrize("after", [0.0, 0.2, 0.5, 1.0])
def test_killed_at_any_moment_each_delivery_has_its_reconcile(
    cli: Cli, upstream: Upstream, after: float
) -> None:
    with serving(cli, str(upstream.folder)) as running:
        running.reaches(Phase.SYNCED)
        commit = put(upstream, {"specs/web.yaml": web("blue")})
        assert running.hook("d-1") == 202
        with pytest.raises(subprocess.TimeoutExpired):
            running.process.wait(max(after, 0.001))
        running.process.kill()
        running.process.wait()
    with serving(cli, str(upstream.folder)) as running:
        running.reaches(Phase.SYNCED, commit)
        wait_until(lambda: all_done(cli), seconds=60, what="the delivery to be done")
        assert colours(cli) == ["blue"]


def test_several_environments_of_one_repository_go_their_way(cli: Cli, upstream: Upstream) -> None:
    project = PROJECT.replace("demo: {path: specs}", "demo: {path: specs}\n    stage: {path: stage}")
    put(upstream, {"eeveon.yaml": project, "stage/all.yaml": SHOP["specs/here.yaml"] + "---\n" + web("grey")})
    with serving(cli, str(upstream.folder), poll="1s") as running:
        running.reaches(Phase.SYNCED)
        running.reaches(Phase.SYNCED, key="shop/stage")
        commit = put(upstream, {"stage/all.yaml": "kind: Nonsense\n"})
        assert running.reaches(Phase.REFUSED, commit, key="shop/stage").applied != commit
        assert running.reaches(Phase.SYNCED, commit).applied == commit


def test_a_port_that_is_taken_is_said_in_words(cli: Cli, upstream: Upstream) -> None:
    with serving(cli, str(upstream.folder)):
        said = cli("serve", "--config", str(cli.home / "controller.yaml"), env={"HOOK": SECRET})
    assert said.status == 1
    assert "listening on 127.0.0.1:" in said.err
    assert "Traceback" not in said.err


def test_without_its_secret_it_does_not_start(cli: Cli, upstream: Upstream) -> None:
    (cli.home / "controller.yaml").write_text(
        CONFIG.format(
            port=0, state=cli.state, url=upstream.folder, drift="1h", on="report", poll="1h", more=""
        )
    )
    said = cli("serve", "--config", str(cli.home / "controller.yaml"))
    assert said.status == 1
    assert "HOOK is not set" in said.err
