"""500 Deployments of an API server beside kubectl, and a list of 1,000 read beside `json.loads` of the same bytes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.clusters import Api, api
from benchmarks.costs import CannotMeasureError, Cost, Turns, cpu, in_turns, run, wall
from benchmarks.figures import Bench, Figure, Missing, as_ratio, seconds
from benchmarks.shop import Shop

MANY, LISTED = 500, 1000
ROOT = Path(__file__).parents[2]


def cluster(bench: Bench) -> Iterator[Figure | Missing]:
    """Making them, planning and applying when nothing changed, and reading them."""
    try:
        with api(bench.folder / "server") as here:
            shop = here.make_shop(bench.folder / "shop", MANY)
            manifest = here.make_manifest(bench.folder, MANY)
            yield from _made(bench, here, shop, manifest)
            yield from _unchanged(bench, here, shop, manifest)
            yield _read(bench, here)
    except CannotMeasureError as missing:
        yield Missing(what=f"{MANY} Deployments beside kubectl", why=str(missing))


def _made(bench: Bench, here: Api, shop: Shop, manifest: Path) -> Iterator[Figure]:
    """From nothing. Ours waits until all are available; kubectl does not."""
    turns = in_turns(bench.seldom, lambda: _from_nothing(here, shop), lambda: _by_kubectl(here, manifest))
    yield _figure(f"create {MANY} Deployments: wall", turns, "wall", 1.1, peer="kubectl apply --server-side")


def _from_nothing(here: Api, shop: Shop) -> Cost:
    here.empty(here.ours)
    return shop.run("apply", "--yes")


def _by_kubectl(here: Api, manifest: Path) -> Cost:
    here.empty(here.peers)
    here.prepare(here.peers)
    return run(here.kubectl("apply", "--server-side", f"--filename={manifest}"))


def _unchanged(bench: Bench, here: Api, shop: Shop, manifest: Path) -> Iterator[Figure]:
    shop.run("plan")  # everything is warm
    diff = here.kubectl("diff", "--server-side", f"--filename={manifest}")
    turns = in_turns(bench.seldom, lambda: shop.run("plan"), lambda: run(diff))
    what = f"plan of {MANY} Deployments, nothing to do"
    yield _figure(f"{what}: wall", turns, "wall", 1 / 8, peer="kubectl diff --server-side")
    yield _figure(f"{what}: CPU of the client", turns, "CPU", 1 / 4, peer="kubectl diff --server-side")
    again = here.kubectl("apply", "--server-side", f"--filename={manifest}")
    turns = in_turns(bench.seldom, lambda: shop.run("apply", "--yes"), lambda: run(again))
    what = f"apply of {MANY} Deployments, nothing changed: wall"
    yield _figure(what, turns, "wall", 1 / 8, peer="kubectl apply --server-side")


def _figure(what: str, turns: Turns, kind: str, goal: float, *, peer: str) -> Figure:
    part = cpu if kind == "CPU" else wall
    ours, theirs = turns.middle(part)
    return Figure(
        what=what,
        value=turns.ratio(part),
        goal=goal,
        words=as_ratio,
        from_=f"{seconds('eeveon', ours, kind)}, {seconds(peer, theirs, kind)}",
    )


def _read(bench: Bench, here: Api) -> Figure:
    """From the wire with its TLS to objects; and a whole look beside: every list, and what a plan compares."""
    here.empty(here.ours)
    shop = here.make_shop(bench.folder / "listed", LISTED)
    shop.run("apply", "--yes")
    given = _spent(shop, bench.often)
    ours, peer, look = given["list"], given["json"], given["look"]
    return Figure(
        what=f"a list of {LISTED} Deployments, read",
        value=median(a / b for a, b in zip(ours, peer, strict=True)),
        goal=1.3,
        words=as_ratio,
        from_=f"{seconds('read', median(ours))}, {seconds('json.loads', median(peer))};"
        f" {seconds('a whole look', median(look))}",
    )


def _spent(shop: Shop, times: int) -> dict[str, list[float]]:
    """CPU seconds of each reading, measured by `benchmarks.listed`."""
    command = (sys.executable, "-m", "benchmarks.listed", str(shop.repository), str(times))
    done = subprocess.run(
        command, cwd=ROOT, env=shop.environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotMeasureError(f"benchmarks.listed: {done.stderr.strip()[-500:]}")
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found
