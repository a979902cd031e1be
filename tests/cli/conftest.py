"""One repository, one state folder, and the CLI: as a process of its own (`cli`) or inside this one (`cli.inside`)."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from eeveon.cli.app import run
from eeveon.cli.console import Console
from eeveon.drivers.local.supervisor import processes
from tests.drivers.local.world import supervisor_pid

TIMEOUT = 120  # seconds of one command

PROJECT = """\
apiVersion: eeveon/v2
kind: Project
metadata: {name: shop}
spec:
  environments:
    demo: {path: specs}
"""
TARGET = """\
apiVersion: eeveon/v2
kind: Target
metadata: {name: here}
spec: {local: {}}
"""
WEB = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: web}
spec:
  targets: [here]
  command: [python3, -m, http.server, "$(PORT)", --bind, 127.0.0.1]
  ports: [{name: http}]
  health: {http: {port: http, path: /}, every: 1s, startup: 20s}
"""
SHOP = {"eeveon.yaml": PROJECT, "specs/here.yaml": TARGET, "specs/web.yaml": WEB}


@dataclass(frozen=True, slots=True)
class Said:
    """How one command ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cli:
    """`cli("plan", "-e", "demo")` in the folder `root`, with a state folder and a home of its own."""

    root: Path
    state: Path
    home: Path
    capsys: pytest.CaptureFixture[str] = field(repr=False)

    def __call__(
        self,
        *arguments: str,
        given: str | bytes = "",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Said:
        """A process of its own; `given` is its standard input."""
        done = subprocess.run(
            [sys.executable, "-m", "eeveon.cli.app", *arguments],
            input=given.encode() if isinstance(given, str) else given,
            capture_output=True,
            check=False,
            cwd=cwd or self.root,
            env={**self.environ, **(env or {})},
            timeout=TIMEOUT,
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    def inside(self, *arguments: str) -> Said:
        """In this process, which is quicker. Nothing can be given to its standard input."""
        self.capsys.readouterr()
        status = run(["-C", str(self.root), *arguments], Console(folder=self.root, debug=False))
        said = self.capsys.readouterr()
        return Said(status, said.out, said.err)

    @property
    def environ(self) -> dict[str, str]:
        """The environment of its processes."""
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "PYTHONPATH"}}
        return {**kept, "HOME": str(self.home), "EEVEON_STATE": str(self.state), "COLUMNS": "100"}

    def write(self, files: Mapping[str, str]) -> None:
        """Put files into the repository."""
        for name, text in files.items():
            place = self.root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")


def killed_apply(cli: Cli, writes: int, *more: str) -> int:
    """The status of an apply that is killed right after so many lines of its journal are on disk."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.dying", str(writes), "-C", str(cli.root), "apply", "--yes", *more],
        capture_output=True,
        check=False,
        env={**cli.environ, "PYTHONPATH": "."},
        timeout=120,
    )
    return done.returncode


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """The CLI in an empty folder. Whatever it starts has ended when the test has."""
    made = Cli(root=tmp_path / "shop", state=tmp_path / "state", home=tmp_path / "home", capsys=capsys)
    made.root.mkdir()
    made.home.mkdir()
    for name in [name for name in os.environ if name.startswith(("EEVEON_", "SOPS_", "XDG_"))]:
        monkeypatch.delenv(name)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    yield made
    _end_all_below(made.state)


@pytest.fixture
def shop(cli: Cli) -> Cli:
    """The same with a small shop in it: one local target, one service that answers HTTP."""
    cli.write(SHOP)
    return cli


def _end_all_below(state: Path) -> None:
    """End, by pid, every process that a local target of this state folder runs."""
    for pid in [pid for root in state.glob("local/*") if (pid := supervisor_pid(root))]:
        os.kill(pid, signal.SIGKILL)
    for mark, pids in processes.marked().items():
        if Path(mark).is_relative_to(state):
            for pid in pids:
                processes.signal_group(os.getpgid(pid), signal.SIGKILL)
