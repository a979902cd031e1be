"""`python -m benchmarks.reach WAY REPOSITORY [TIMES] [-- COMMAND…]`: what the driver of hosts does, in a process of its own.

Ways: `first` sends one empty script to every host side by side, and ends. `warm` sends empty scripts to the first host,
in turns with COMMAND. `observe` looks at the hosts, first on new connections, then on open ones. What takes how long is
printed as JSON.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from eeveon.core.names import ObjectId
from eeveon.core.observed import Seen
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.driver import SshDriver
from eeveon.drivers.ssh.hosts import site_of
from eeveon.drivers.ssh.script import complete
from eeveon.reading import desired_of, environment_of, project_of
from eeveon.wiring import build_world
from eeveon.world import Order

NOTHING = complete(":")
PATIENCE = timedelta(seconds=60)


def first(repository: Path) -> None:
    """One empty script to every host, side by side."""
    with _lines(repository) as lines, ThreadPoolExecutor(max_workers=len(lines)) as pool:
        list(pool.map(lambda line: line.run(NOTHING, PATIENCE), lines))


def warm(repository: Path, times: int, command: Sequence[str]) -> dict[str, list[float]]:
    """Seconds of an empty script on an open connection, and of the command, which is handed the same script."""
    spent: dict[str, list[float]] = {"ours": [], "peer": []}
    with _lines(repository) as lines:
        line = lines[0]
        ways: dict[str, Callable[[], object]] = {
            "ours": lambda: line.run(NOTHING, PATIENCE),
            "peer": lambda: subprocess.run(
                command, check=True, stdin=subprocess.DEVNULL, capture_output=True
            ),
        }
        for way in ways.values():
            way()
        for _ in range(times):
            for name, way in ways.items():
                spent[name].append(_seconds(way))
    return spent


def observe(repository: Path, times: int) -> dict[str, object]:
    """Seconds of the first look and of later ones, and the round trips of each look at one host."""
    world = build_world(repository)
    desired = desired_of(world, Order(environment=environment_of(project_of(world), None)))
    firsts: list[float] = []
    laters: list[float] = []
    trips = set()
    for _ in range(times):
        (driver,) = world.connect(desired.scope, desired.targets, _quiet).values()
        assert isinstance(driver, SshDriver)
        hosts = len(site_of(desired.targets[0]).hosts)
        try:
            for costs in (firsts, laters):
                before = driver.trips
                costs.append(_seconds(partial(_all_seen, driver)))
                trips.add((driver.trips - before) / hosts)
        finally:
            driver.close()
    return {"first": firsts, "later": laters, "trips": sorted(trips)}


def _all_seen(driver: SshDriver) -> None:
    seen = driver.observe()
    if not isinstance(seen, Seen) or seen.blind:
        blind = seen.blind[0] if isinstance(seen, Seen) else seen
        raise SystemExit(f"not all hosts were seen: {blind}")


def _seconds(way: Callable[[], object]) -> float:
    begun = time.perf_counter()
    way()
    return time.perf_counter() - begun


@contextmanager
def _lines(repository: Path) -> Iterator[tuple[Line, ...]]:
    """A line to each host of the repository's target, not yet connected."""
    world = build_world(repository)
    desired = desired_of(world, Order(environment=environment_of(project_of(world), None)))
    site = site_of(desired.targets[0])
    lines = tuple(Line(host, site.access, sudo=False) for host in site.hosts)
    try:
        yield lines
    finally:
        for line in lines:
            line.close()


def _quiet(_object: ObjectId, _text: str) -> None:
    """Nobody listens."""


def main(arguments: Sequence[str]) -> None:
    """Print what was measured."""
    way, repository, *rest = arguments
    match way:
        case "first":
            first(Path(repository))
        case "warm":
            times, _, *command = rest
            sys.stdout.write(json.dumps(warm(Path(repository), int(times), command)))
        case "observe":
            sys.stdout.write(json.dumps(observe(Path(repository), int(rest[0]))))
        case _:
            raise SystemExit(f"no way {way}")


if __name__ == "__main__":
    main(sys.argv[1:])
