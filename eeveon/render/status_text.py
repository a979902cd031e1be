"""What runs, for a terminal and for scripts."""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from eeveon.core.health import Probe
from eeveon.core.names import ObjectId, Scope
from eeveon.core.observed import ObservedObject, Unreachable
from eeveon.core.pause import Pause
from eeveon.core.values import plain
from eeveon.render.as_json import as_json
from eeveon.render.words import UNKNOWN, Style, columns, count, unknown_text

_HEAD = ("  SERVICE", "INSTANCE", "TARGET", "STATE", "HEALTH", "REACHED AT", "REVISION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One environment as it was seen."""

    scope: Scope
    instances: tuple[ObservedObject, ...]
    probes: Mapping[ObjectId, Probe]
    wanted: frozenset[ObjectId]
    unknown: tuple[Unreachable, ...]
    pauses: tuple[Pause, ...] = ()
    kept: frozenset[ObjectId] = frozenset()  # older revisions that rest, to go back to

    @property
    def sorted(self) -> list[ObservedObject]:
        """By service, target, ordinal."""
        return sorted(
            self.instances, key=lambda item: (item.service or "", item.id.target, item.ordinal or 0, item.id)
        )


def status_text(status: Status, style: Style) -> str:
    """A table, one line an instance, ending in a newline."""
    running = sum(item.replicas for item in status.instances if item.is_up)
    ill = sum(not probe.healthy for probe in status.probes.values())
    standing = sum(item.replicas for item in status.instances if item.id not in status.kept)
    answer = [f"{running} of {count(standing, 'instance')} running"]
    answer += [f"{ill} unhealthy"] if ill else []
    answer += [unknown_text(status.unknown)] if status.unknown else []
    lines = [f"{style.bold(str(status.scope))}   {', '.join(answer)}"]
    lines += [f"  {pause.told}" for pause in status.pauses] + [""]
    if status.instances:
        lines += columns([_HEAD, *(_row(item, status) for item in status.sorted)])
        lines += _ills(status, style)
    lines += _unknown(status, style)
    return "\n".join(lines).rstrip() + "\n"


def status_json(status: Status) -> str:
    """The same for scripts."""
    return as_json(
        {
            "format": "eeveon.status/1",
            "scope": plain(status.scope),
            "instances": [
                {
                    **_plain(plain(item)),
                    "wanted": item.id in status.wanted,
                    "kept": item.id in status.kept,
                    "probe": plain(status.probes[item.id]) if item.id in status.probes else None,
                }
                for item in status.sorted
            ],
            "unknown": [plain(item) for item in status.unknown],
            "pauses": [plain(pause) for pause in status.pauses],
        }
    )


def _plain(item: object) -> dict[str, object]:
    assert isinstance(item, dict), "a noun becomes a map"
    return item


def _row(item: ObservedObject, status: Status) -> tuple[str, ...]:
    state = f"{item.condition}, {item.detail}" if item.detail else str(item.condition)
    if item.id in status.kept:
        state = "kept to go back to"
    elif item.id not in status.wanted:
        state = f"{state} (not as the specs say)"
    probe = status.probes.get(item.id)
    health = "-" if probe is None else "healthy" if probe.healthy else "unhealthy"
    places = ", ".join(f"{end.port} {end.host}:{end.number}" for end in item.endpoints)
    return (
        f"  {item.service}",
        f"{item.service}-{item.ordinal}{f' x{item.replicas}' if item.replicas != 1 else ''}",
        f"{item.id.target}/{item.place}" if item.place else item.id.target,
        state,
        health,
        places or "-",
        item.revision,
    )


def _ills(status: Status, style: Style) -> Iterator[str]:
    """Why each unhealthy instance is so: below the table, which is as wide as its longest cell."""
    ill = [
        (item, probe) for item in status.sorted if (probe := status.probes.get(item.id)) and not probe.healthy
    ]
    if ill:
        yield ""
    for item, probe in ill:
        text = f"{item.service}-{item.ordinal} on {item.id.target}: {' '.join(probe.detail.split())}"
        yield from textwrap.wrap(
            text, style.width, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False
        )


def _unknown(status: Status, style: Style) -> Iterator[str]:
    for target in status.unknown:
        yield f"  {style.mark(UNKNOWN)} {target}  not reached: {target.reason}"
        if target.hint:
            yield f"        {target.hint}"
