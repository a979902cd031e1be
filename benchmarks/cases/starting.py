"""What it costs to start: the help, and a plan of three services."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.costs import Errand, cpu, in_turns, run
from benchmarks.figures import Bench, Figure, Missing, as_count, as_milliseconds, seconds
from benchmarks.shop import EEVEON, Shop, make_shop

HEAVY = ("kubernetes", "docker", "fabric", "openai", "sktime", "pandas")


def start(bench: Bench) -> Iterator[Figure | Missing]:
    """The help beside bare Python, a plan beside the import of pydantic, and what both import."""
    shop = make_shop(bench.folder / "shop", 3)
    pairs = (
        (("--help",), "pass", 0.100, "the help"),
        (("plan",), "import pydantic", 0.350, "plan of 3 services, all new"),
    )
    for arguments, bare, goal, what in pairs:
        ours = _errand(shop, (EEVEON, *arguments))
        peer = _errand(shop, (sys.executable, "-c", bare))
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


def _errand(shop: Shop, command: tuple[str, ...]) -> Errand:
    return Errand(
        command=command,
        folder=shop.repository,
        environment=shop.environment,
        good=frozenset({0, 2}),
    )


def _heavy(shop: Shop, arguments: tuple[str, ...]) -> list[str]:
    """The heavy packages that a command imports, by the interpreter's own list."""
    done = subprocess.run(
        (sys.executable, "-X", "importtime", EEVEON, *arguments),
        cwd=shop.repository,
        env={**os.environ, **shop.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [text for text in done.stderr.splitlines() if text.startswith("import time:")]
    imported = {text.rsplit("|", 1)[1].strip().split(".")[0] for text in lines}
    if "click" not in imported:
        raise AssertionError(f"the list of imports is not one: {done.stderr[-300:]}")
    return sorted(imported & set(HEAVY))
