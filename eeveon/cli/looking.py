"""What the commands that only look share: one environment, seen once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eeveon.cli.console import Console
from eeveon.core.names import ObjectId
from eeveon.reading import environment_of, outline_of, project_of
from eeveon.reconcile import Scene, scene
from eeveon.wiring import build_world
from eeveon.world import Order, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A world and one environment of it, as it was seen."""

    world: World
    order: Order
    scene: Scene


@contextmanager
def look(console: Console, environment: str | None) -> Iterator[Look]:
    """The environment looked at once; the connections close at the end."""
    world = build_world(console.folder, connections=console.connections)
    order = Order(environment=environment_of(project_of(world), environment))
    with scene(world, outline_of(world, order), quiet) as now:
        yield Look(world=world, order=order, scene=now)


def quiet(_object: ObjectId, _text: str) -> None:
    """Looking is quick: nobody needs to hear of its progress."""
