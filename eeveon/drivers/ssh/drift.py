"""What somebody changed of an instance behind our back: which field, what it is now, and who did it when. Pure.

What was applied stands in the unit itself. Where the unit is not as we wrote it, it is read, and every directive that
differs becomes the field that it came from, or a field `unit.<Directive>`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from eeveon.core.observed import ObservedObject
from eeveon.core.values import Fields
from eeveon.drivers.ssh.looking import Changed
from eeveon.drivers.ssh.names import SECTION
from eeveon.drivers.ssh.states import State
from eeveon.drivers.ssh.units import Unit, read_unit

_GONE = "(removed)"


def fields_now(applied: Fields, wanted: Unit, content: str) -> dict[str, object]:
    """The applied fields, with what the unit's file says instead."""
    now: dict[str, Any] = dict(applied)
    for key, value in _differences(wanted, read_unit(content)).items():
        _put(now, key, value)
    return now


def with_states(now: Fields, state: State, *, env_changed: bool) -> dict[str, object]:
    """The fields with what systemd and the files beside the unit add: drop-ins, masks, a start at boot turned off."""
    extra: dict[str, object] = {}
    ours = [path for path in state.get("DropInPaths", "").split() if "/eeveon-" in path]
    if ours:
        extra["dropIns"] = ours
    if state.get("LoadState") == "masked":
        extra["masked"] = True
    if state.get("UnitFileState") == "disabled" and state.get("ActiveState") == "active":
        extra["startsAtBoot"] = False
    if env_changed:
        extra["environmentFile"] = "edited"
    if not extra:
        return dict(now)
    unit = now.get("unit")
    return {**now, "unit": {**(unit if isinstance(unit, Mapping) else {}), **extra}}


def drop_ins_of(item: ObservedObject) -> list[str]:
    """The paths of the drop-ins that an instance has and should not have."""
    unit = item.fields.get("unit")
    found = unit.get("dropIns") if isinstance(unit, Mapping) else None
    return list(found) if isinstance(found, list | tuple) else []


def told(changed: Changed, clock: int) -> str:
    """Who changed a file, for people."""
    name = changed.path.rpartition("/")[2]
    if changed.at is None:
        return f"{name} is gone"
    at = datetime.fromtimestamp(changed.at, UTC)
    ahead = ", which is in the future of the host's own clock" if changed.at > clock + 1 else ""
    return f"{name} was edited {at:%Y-%m-%d %H:%M} UTC{ahead}, by uid {changed.uid} ({changed.user})"


def _differences(wanted: Unit, found: Unit) -> dict[str, str]:
    """Directives whose values differ, as they are now; several values of one are joined."""
    return {
        key: "; ".join(theirs) if theirs else _GONE
        for key, (ours, theirs) in _both(wanted, found)
        if Counter(ours) != Counter(theirs)
    }


def _both(wanted: Unit, found: Unit) -> Iterator[tuple[str, tuple[list[str], list[str]]]]:
    keys = dict.fromkeys((section, key) for section, key, _ in (*wanted, *found) if section != SECTION)
    for section, key in keys:
        ours, theirs = (
            [value for its_section, its_key, value in unit if (its_section, its_key) == (section, key)]
            for unit in (wanted, found)
        )
        yield key, (ours, theirs)


def _put(now: dict[str, Any], key: str, value: str) -> None:
    """A directive as the field that it came from."""
    gone = value == _GONE
    match key:
        case "MemoryMax":
            _limit(now, "memory", None if gone or value == "infinity" else _memory(value))
        case "CPUQuota":
            _limit(now, "cpu", None if gone else _cpu(value))
        case "User" if not gone:
            now["user"] = value
        case "WorkingDirectory" if not gone:
            now["workingDir"] = value
        case "Restart" if not gone:
            now["restart"] = {"on-failure": "onFailure", "no": "never"}.get(value, value)
        case _:
            now["unit"] = {**now.get("unit", {}), key: value}


def _limit(now: dict[str, Any], name: str, value: str | None) -> None:
    limits = {key: item for key, item in now.get("resources", {}).items() if key != name}
    if value is not None:
        limits[name] = value
    now.pop("resources", None)
    if limits:
        now["resources"] = limits


def _memory(value: str) -> str:
    return f"{value}i" if value[-1:] in "KMGT" else value


def _cpu(value: str) -> str:
    try:
        millis = float(value.removesuffix("%")) * 10
    except ValueError:
        return value
    return f"{millis / 1000:g}" if millis % 1000 == 0 else f"{millis:g}m"
