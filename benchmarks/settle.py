"""`python -m benchmarks.settle FOLDER`: the repository's target holds what its specs say, without a journal."""

import sys
from datetime import timedelta
from pathlib import Path

from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition
from eeveon.core.plan import Effect
from eeveon.reading import desired_of, environment_of, project_of
from eeveon.reconcile import scene
from eeveon.wiring import build_world
from eeveon.world import Order


def main(folder: Path) -> None:
    """Perform one effect for each wanted object, straight through its driver."""
    world = build_world(folder)
    order = Order(environment=environment_of(project_of(world), None))
    with scene(world, desired_of(world, order), _quiet) as now:
        for name, view in now.views.items():
            for wanted in view.preview.objects:
                effect = Effect(object=wanted.id, condition=Condition.RUNNING, wanted=wanted)
                now.drivers[name].perform(effect, 1, timedelta(seconds=60))


def _quiet(_object: ObjectId, _text: str) -> None:
    """Nobody listens."""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
