"""Prints CPU seconds of a list of many Deployments, of all that a plan looks at, and of `json.loads` of them, as JSON.

`python -m benchmarks.listed REPOSITORY TIMES`
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from eeveon.cli.app import YOUNG
from eeveon.core.names import ObjectId
from eeveon.core.observed import Seen
from eeveon.drivers.registry import existing_on
from eeveon.reading import desired_of, environment_of, project_of
from eeveon.reconcile import scene
from eeveon.wiring import build_world
from eeveon.world import Order


def main(repository: Path, times: int) -> None:
    """Measure in turns, in the state that a command runs in."""
    gc.set_threshold(*YOUNG)
    world = build_world(repository)
    order = Order(environment=environment_of(project_of(world), None))
    desired = desired_of(world, order)
    (target,) = desired.targets
    spent: dict[str, list[float]] = {"list": [], "look": [], "json": []}
    with scene(world, desired, _quiet) as now, closing(existing_on(target)) as there:
        (driver,) = now.drivers.values()
        text = json.dumps({"items": list(there("deployments.apps"))}, separators=(",", ":")).encode()
        found = driver.observe()
        if not isinstance(found, Seen) or len(found.objects) < len(desired.workloads):
            raise SystemExit(f"{len(desired.workloads)} Deployments were expected: {found}")
        for _ in range(times):
            spent["list"].append(_cpu(lambda: list(there("deployments.apps"))))
            spent["look"].append(_cpu(driver.observe))
            spent["json"].append(_cpu(lambda: json.loads(text)))
    sys.stdout.write(json.dumps(spent))


def _quiet(_object: ObjectId, _text: str) -> None:
    """Nobody is told of progress."""


def _cpu(do: Callable[[], object]) -> float:
    begun = time.process_time()
    do()
    return time.process_time() - begun


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
