"""What it costs to start: the help, and a plan of the example."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.costs import Cost, Errand, cpu, in_turns, run, several
from benchmarks.figures import Bench, Figure, Missing, as_count, as_milliseconds, seconds
from benchmarks.shop import EEVEON, Shop, commit, git

EXAMPLE = Path(__file__).parents[2] / "examples" / "shop-local"
STATUSES = (0, 2)  # nothing to do, or changes
HEAVY = ("kubernetes", "docker", "fabric", "openai", "sktime", "pandas")


def start(bench: Bench) -> Iterator[Figure | Missing]:
    """The help beside bare Python, plans of the example beside the import of pydantic, and what they import."""
    shop = _example(bench.folder)
    plan = ("plan", "-e", "staging")
    yield from _figures(bench, shop, ("the help", ("--help",), "pass", 0.100))
    shop.run(*plan, good=STATUSES)
    yield from _figures(bench, shop, ("plan of the example", plan, "import pydantic", 0.350))
    first = several(bench.often, lambda: _from_nothing(shop, plan))
    yield Figure(
        what="plan of the example, the first on a machine: CPU",
        value=first.cpu,
        goal=0.350,
        words=as_milliseconds,
        from_="every file is read, the store is made",
    )


def _figures(bench: Bench, shop: Shop, case: tuple[str, tuple[str, ...], str, float]) -> Iterator[Figure]:
    what, arguments, bare, goal = case
    ours = shop.errand(*arguments, good=STATUSES)
    peer = Errand(command=(sys.executable, "-c", bare), folder=shop.repository, environment=shop.environment)
    turns = in_turns(3 * bench.often, partial(run, ours), partial(run, peer))
    yield Figure(
        what=f"{what}: CPU",
        value=turns.middle(cpu)[0],
        goal=goal,
        words=as_milliseconds,
        from_=f"{turns.ratio(cpu):.1f} times {seconds(f'`{bare}`', turns.middle(cpu)[1])}",
    )
    found = _heavy(shop, arguments)
    yield Figure(
        what=f"{what}: heavy packages imported",
        value=len(found),
        goal=0,
        words=as_count,
        from_=", ".join(found) or f"none of {', '.join(HEAVY)}",
    )


def _from_nothing(shop: Shop, plan: tuple[str, ...]) -> Cost:
    shutil.rmtree(shop.state)
    return shop.run(*plan, good=STATUSES)


def _example(folder: Path) -> Shop:
    """The example in a repository of its own."""
    shop = Shop(repository=folder / "repository", state=folder / "state")
    shutil.copytree(EXAMPLE, shop.repository)
    git(shop.repository, "init", "--quiet")
    commit(shop.repository)
    return shop


def _heavy(shop: Shop, arguments: tuple[str, ...]) -> list[str]:
    """The heavy packages that a command imports, by the interpreter's own list."""
    done = subprocess.run(
        (sys.executable, "-X", "importtime", EEVEON, *arguments),
        cwd=shop.repository,
        env=shop.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [text for text in done.stderr.splitlines() if text.startswith("import time:")]
    imported = {text.rsplit("|", 1)[1].strip().split(".")[0] for text in lines}
    if "click" not in imported:
        raise AssertionError(f"the list of imports is not one: {done.stderr[-300:]}")
    return sorted(imported & set(HEAVY))
