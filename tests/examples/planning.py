"""The plan of an example at a moment of our choice: windows open and close, tests do not."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from eeveon.core.names import EnvironmentName
from eeveon.reading import desired_of
from eeveon.reconcile import judged, scene
from eeveon.render.plan_text import plan_text
from eeveon.render.words import Style
from eeveon.wiring import build_world
from eeveon.world import Order


def plan_at(root: Path, environment: str, now: datetime) -> str:
    """What `eeveon plan -e ENVIRONMENT` prints at that time, without the id of the plan."""
    world = replace(build_world(root), now=lambda: now)
    order = Order(environment=EnvironmentName(environment))
    with scene(world, desired_of(world, order), lambda *_: None) as seen:
        decided = judged(world, seen, order)
    return plan_text(decided.plan, decided.verdicts, decided.findings, Style(colour=False, width=80))
