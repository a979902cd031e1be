"""How drift is looked for, as a controller's file or a Project says it."""

from collections.abc import Iterator, Mapping
from typing import Any

from eeveon.core.controller import DriftWish, OnDrift
from eeveon.specs.problem import Path, Problem
from eeveon.specs.quantities import duration


def read_drift(written: Mapping[str, Any]) -> DriftWish:
    """A sound `drift` as a noun."""
    return DriftWish(
        every=duration(written["every"]) if "every" in written else None,
        on=OnDrift(written["action"]) if "action" in written else None,
    )


def too_often(written: Mapping[str, Any], at: Path, name: str) -> Iterator[Problem]:
    """What is wrong with the time between two looks: less than a second is none."""
    if name in written and duration(written[name]).total_seconds() < 1:
        message = f"`{name}` must be at least 1s, not {written[name]}"
        yield Problem(code="wrong-value", message=message, path=(*at, name))
