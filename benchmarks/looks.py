"""`python -m benchmarks.looks REPOSITORY LAB TIMES`: look at an engine as the driver does, and by one list call."""

import http.client
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.engine import Engine
from eeveon.core.names import ObjectId
from eeveon.core.observed import Seen
from eeveon.core.wanted import INSTANCE
from eeveon.reading import desired_of, environment_of, project_of
from eeveon.reconcile import scene
from eeveon.wiring import build_world
from eeveon.world import Order
from tests.lab.lab import Lab


def main(repository: Path, lab: Path, times: int) -> None:
    """Print wall, client CPU and engine CPU of each look, in turns, after one of each to warm up."""
    here = Engine(lab=Lab(lab), image="")
    world = build_world(repository)
    order = Order(environment=environment_of(project_of(world), None))
    ways: dict[str, Callable[[], int]]
    with scene(world, desired_of(world, order), _quiet) as now, _wire(here) as wire:
        (driver,) = now.drivers.values()
        ways = {"observe": lambda: _instances(driver.observe()), "list": lambda: _listed(wire)}
        for name, look in ways.items():
            if look() != len(now.desired.workloads):
                raise SystemExit(f"{name} sees {look()} of {len(now.desired.workloads)} containers")
        spent: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
        for _ in range(times):
            for name, look in ways.items():
                spent[name].append(_cost(here, look))
    sys.stdout.write(json.dumps(spent))


def _cost(here: Engine, look: Callable[[], int]) -> tuple[float, float, float]:
    before = here.cpu()
    client, begun = time.process_time(), time.perf_counter()
    look()
    wall, spent = time.perf_counter() - begun, time.process_time() - client
    return wall, spent, here.cpu() - before


def _instances(observation: object) -> int:
    if not isinstance(observation, Seen):
        raise SystemExit(f"the engine was not seen: {observation}")
    return sum(item.id.kind == INSTANCE for item in observation.objects)


def _listed(wire: http.client.HTTPConnection) -> int:
    wire.request("GET", "/containers/json?all=1")
    return len(json.loads(wire.getresponse().read()))


@contextmanager
def _wire(here: Engine) -> Iterator[http.client.HTTPConnection]:
    """One open connection, as the driver keeps its own."""
    connection = http.client.HTTPConnection("docker")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(here.url.removeprefix("unix://"))
        connection.sock = line
        yield connection


def _quiet(_object: ObjectId, _text: str) -> None:
    """Nobody listens."""


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
