"""Containers of a real engine: looking at 200 beside one list call, applying 50 beside `docker run -d`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.costs import CannotMeasureError, Cost, Errand, cpu, in_turns, run, wall
from benchmarks.engine import Engine, engine
from benchmarks.figures import Bench, Figure, Missing, as_ratio, seconds
from benchmarks.shop import name_of

WATCHED, APPLIED = 200, 50


def observe(bench: Bench) -> Iterator[Figure | Missing]:
    """200 containers looked at by the driver, and listed by one call, in one process with open connections."""
    what = f"observe {WATCHED} containers"
    try:
        with engine() as here:
            shop = here.make_shop(bench.folder / "shop", WATCHED)
            shop.run("apply", "--yes")
            looks = _looks(here, shop.repository, 3 * bench.often)
    except CannotMeasureError as missing:
        yield Missing(what=what, why=str(missing))
        return
    for kind, place in (("wall", 0), ("CPU of the client", 1), ("CPU of the engine", 2)):
        ours, peer = ([look[place] for look in looks[who]] for who in ("observe", "list"))
        ratio = (
            sum(ours) / sum(peer) if place == 2 else median(a / b for a, b in zip(ours, peer, strict=True))
        )
        yield Figure(
            what=f"{what}: {kind}",
            value=ratio,
            goal=2.0,
            words=as_ratio,
            from_=f"{seconds('observe', median(ours), '')}, {seconds('GET /containers/json', median(peer), '')}",
        )


def apply(bench: Bench) -> Iterator[Figure | Missing]:
    """50 containers from nothing, images present; each side has them all running at its end."""
    what = f"apply {APPLIED} containers"
    spent: dict[str, list[float]] = {"ours": [], "peer": []}
    try:
        with engine() as here:
            shop = here.make_shop(bench.folder / "shop", APPLIED)
            errand = Errand(
                command=("sh", "-c", _one_after_the_other(here)),
                folder=bench.folder,
                environment={**os.environ, "DOCKER_HOST": here.url},
            )
            turns = in_turns(
                bench.seldom,
                lambda: _from_nothing(here, spent["ours"], shop.errand("apply", "--yes")),
                lambda: _from_nothing(here, spent["peer"], errand),
            )
    except CannotMeasureError as missing:
        yield Missing(what=what, why=str(missing))
        return
    for kind, part in (("wall", wall), ("CPU of the clients", cpu)):
        ours, peer = turns.middle(part)
        yield Figure(
            what=f"{what}: {kind}",
            value=turns.ratio(part),
            goal=1.0,
            words=as_ratio,
            from_=f"{seconds('apply', ours, '')}, {seconds('docker run', peer, '')}",
        )
    ours_all, peer_all = (
        [cost.cpu + engine_cpu for cost, engine_cpu in zip(costs, spent[who], strict=True)]
        for costs, who in ((turns.ours, "ours"), (turns.peer, "peer"))
    )
    yield Figure(
        what=f"{what}: CPU of clients and engine",
        value=median(a / b for a, b in zip(ours_all, peer_all, strict=True)),
        goal=1.0,
        words=as_ratio,
        from_=f"{seconds('apply', median(ours_all), '')}, {seconds('docker run', median(peer_all), '')}",
    )


def _from_nothing(here: Engine, spent: list[float], errand: Errand) -> Cost:
    """What it costs to have all running on an empty engine; what the engine spends on it goes to `spent`."""
    before = here.cpu()
    cost = run(errand)
    spent.append(here.cpu() - before)
    running = here.count()
    here.lab.engine.sweep()
    if running != APPLIED:
        raise CannotMeasureError(f"{running} of {APPLIED} containers run")
    return cost


def _one_after_the_other(here: Engine) -> str:
    """What a person would write who has no EEveon: the network, then one `docker run -d` after the other."""
    options = "--detach --network shop --env LOG_LEVEL=info --memory 64m --restart unless-stopped"
    labels = " ".join(f"--label example.{label}=shop" for label in ("project", "environment", "service"))
    runs = [
        f"docker run {options} {labels} --name {name_of(number)} {here.image}" for number in range(APPLIED)
    ]
    return " && ".join(["docker network create shop", *runs])


def _looks(here: Engine, repository: Path, times: int) -> dict[str, list[list[float]]]:
    """Wall, client CPU and engine CPU of each look, measured by `benchmarks.looks` in a process of its own."""
    command = (sys.executable, "-m", "benchmarks.looks", str(repository), str(here.lab.folder), str(times))
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMeasureError(f"benchmarks.looks: {done.stderr.strip()[-500:]}")
    found: dict[str, list[list[float]]] = json.loads(done.stdout)
    return found
