"""Webhooks of 8 KB, kept durably before they are answered, beside Debian's `webhook`, which starts `/bin/true` for each."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.costs import CannotMeasureError
from benchmarks.figures import Bench, Figure, Missing, as_ratio
from benchmarks.webhooks import CONNECTIONS, SECRET
from eeveon.store.store import FILE

ROOT = Path(__file__).parents[2]
SENT = 6000
MANY = 100_000
PEER_PORT = 9181
STILL = 5  # looks, a tenth of a second apart, at which a process did nothing
CONFIG = """\
kind: Controller
spec:
  listen: 127.0.0.1:0
  repositories:
    - name: shop
      url: https://git.example.com/acme/shop.git
      branch: main
      webhook: {provider: github, secrets: [{env: HOOK_A}]}
"""
RULE = {
    "type": "payload-hmac-sha256",
    "secret": SECRET,
    "parameter": {"source": "header", "name": "X-Hub-Signature-256"},
}
HOOK = [{"id": "push", "execute-command": "/bin/true", "trigger-rule": {"match": RULE}}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One load. `done` is when the last one was not only answered but also kept, or its program started and ended."""

    answered: float
    done: float
    p99: float


def hook(bench: Bench) -> Iterator[Figure | Missing]:
    """How many a second, how long the slowest wait, and what a hundred thousand leave in memory."""
    if shutil.which("webhook") is None:
        yield Missing(what="webhooks beside Debian's `webhook`", why="`webhook` is not installed")
    else:
        yield from _beside(bench)
    yield _memory(bench)


def _beside(bench: Bench) -> Iterator[Figure]:
    turns = [(_ours(bench, turn), _theirs(bench)) for turn in range(bench.often)]
    for what, part in (
        ("webhooks of 8 KB: time of each, all done", "done"),
        ("the same: time of each answer, whatever it promises", "answered"),
        ("the same: p99 of an answer", "p99"),
    ):
        own, peer = ([getattr(run, part) for run in side] for side in zip(*turns, strict=True))
        yield Figure(
            what=what,
            value=median(a / b for a, b in zip(own, peer, strict=True)),
            goal=0.5,
            words=as_ratio,
            from_=f"ours {_ms(own)}, webhook {_ms(peer)}"
            if part == "p99"
            else f"ours {SENT / median(own):.0f}/s, webhook {SENT / median(peer):.0f}/s, {CONNECTIONS} connections",
        )


def _ms(values: list[float]) -> str:
    return f"{median(values) * 1000:.0f} ms"


def _ours(bench: Bench, turn: int) -> Run:
    with _served(bench.folder / f"ours-{turn}") as (_, port):
        told = _load(port, "/hooks/github/shop", SENT, "202")
    return Run(answered=told["seconds"], done=told["seconds"], p99=told["p99"])


def _theirs(bench: Bench) -> Run:
    hooks = bench.folder / "hooks.json"
    hooks.write_text(json.dumps(HOOK))
    command = ["webhook", "-hooks", str(hooks), "-ip", "127.0.0.1", "-port", str(PEER_PORT)]
    with _process(command, {}) as process:
        time.sleep(1)  # noqa: TID251 - it does not say when it listens
        begun = time.perf_counter()
        told = _load(PEER_PORT, "/hooks/push", SENT, "200")
        return Run(answered=told["seconds"], done=_quiet_since(process.pid) - begun, p99=told["p99"])


def _memory(bench: Bench) -> Figure:
    """Resident memory after the first tenth, and after all of them."""
    count = MANY // 10 if bench.quick else MANY
    folder = bench.folder / "many"
    with _served(folder) as (process, port):
        _load(port, "/hooks/github/shop", count // 10, "202")
        early = _resident(process.pid)
        _load(port, "/hooks/github/shop", count - count // 10, "202")
        late = _resident(process.pid)
    size = (folder / "state" / FILE).stat().st_size
    return Figure(
        what=f"memory after {count:,} webhooks, beside after a tenth",
        value=late / early,
        goal=1.1,
        words=as_ratio,
        from_=f"{late / 1024:.0f} MiB, {early / 1024:.0f} MiB; the state file has {size / 2**20:.0f} MiB",
    )


@contextmanager
def _served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    folder.mkdir()
    config = folder / "controller.yaml"
    config.write_text(CONFIG)
    command = [sys.executable, "-m", "tests.server.child", str(config), str(folder / "state")]
    with _process(command, {"HOOK_A": SECRET}) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())


@contextmanager
def _process(command: list[str], more: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **more},
        stdout=subprocess.PIPE if more else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _load(port: int, path: str, count: int, good: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.webhooks", str(port), path, str(count)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    if said.returncode:
        raise CannotMeasureError(f"nobody answers on port {port}: {said.stderr.strip()[-300:]}")
    told: dict[str, Any] = json.loads(said.stdout)
    if told["statuses"] != {good: count}:
        raise CannotMeasureError(f"not all of {count} were accepted: {told['statuses']}")
    return told


def _quiet_since(pid: int) -> float:
    """When the process, with what it started, did something for the last time."""
    last, since, still = _ticks(pid), time.perf_counter(), 0
    while still < STILL:
        time.sleep(0.1)  # noqa: TID251 - a benchmark waits
        now = _ticks(pid)
        still = still + 1 if now - last <= 1 else 0
        if not still:
            since = time.perf_counter()
        last = now
    return since


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15])


def _resident(pid: int) -> int:
    """KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
