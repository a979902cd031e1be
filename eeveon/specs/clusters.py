"""What only clusters take, scaling and folders of YAML, as plain data and back."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

from eeveon.core.desired import Given, Manifests
from eeveon.core.diagnostic import Position
from eeveon.core.policy import WeeklyWindow
from eeveon.core.scaling import Demand, Floor, Pace, Scaling

Written = Mapping[str, Any]


def decoded_manifests(written: Written | None) -> Manifests | None:
    """What `values.plain` made of a folder of manifests, as the noun again."""
    if written is None:
        return None
    objects = written["objects"]
    if objects is None:
        return Manifests(folder=written["folder"])
    return Manifests(
        folder=written["folder"],
        objects=tuple(Given(body=item["body"], position=Position(**item["position"])) for item in objects),
    )


def decoded_scaling(written: Written | None) -> Scaling | None:
    """What `values.plain` made of a scaling, as the noun again."""
    if written is None:
        return None
    decoded = {
        "demand": Demand(**written["demand"]),
        "up": _pace(written["up"]),
        "down": _pace(written["down"]),
        "floors": tuple(_floor(item) for item in written["floors"]),
        "position": Position(**written["position"]) if written["position"] else None,
    }
    return Scaling(**{**written, **decoded})


def _floor(written: Written) -> Floor:
    span = written["span"]
    hours = {name: time.fromisoformat(span[name]) for name in ("start", "end")}
    return Floor(
        least=written["least"],
        span=WeeklyWindow(**{**span, **hours, "days": frozenset(span["days"])}),
        until=None if written["until"] is None else date.fromisoformat(written["until"]),
    )


def _pace(written: Written) -> Pace:
    wait = written["stabilize"]
    return Pace(step=written["step"], stabilize=None if wait is None else timedelta(seconds=wait))
