"""What a service can be taken back to."""

from collections.abc import Mapping

from eeveon.core.hold import Kept
from eeveon.core.names import TargetName
from eeveon.core.values import plain
from eeveon.render.as_json import as_json
from eeveon.render.words import columns

_HEAD = ("  TARGET", "REVISION", "LAST STARTED", "HOSTS", "WHAT")
_TELLING = ("source", "image", "command")  # fields by which people know a version, the best first


def kept_text(service: str, kept: Mapping[TargetName, tuple[Kept, ...]]) -> str:
    """A table, the newest first on each target."""
    rows = [_row(target, one) for target, revisions in kept.items() for one in revisions]
    if not rows:
        return (
            f"Nothing older of {service} is kept; `rollout: {{keep: 3}}` in its specs keeps three revisions."
        )
    return "\n".join(columns([_HEAD, *rows]))


def kept_json(kept: Mapping[TargetName, tuple[Kept, ...]]) -> str:
    """The same for scripts."""
    return as_json({"format": "eeveon.kept/1", "targets": plain(kept)})


def _row(target: TargetName, one: Kept) -> tuple[str, ...]:
    started = f"{one.started:%Y-%m-%d %H:%M:%S} UTC" if one.started else "-"
    return (f"  {target}", min(one.revisions), started, ", ".join(one.places) or "-", _what(one))


def _what(one: Kept) -> str:
    for name in _TELLING:
        value = one.fields.get(name)
        if isinstance(value, dict):
            return str(value.get("commit", ""))[:12]
        if value:
            return " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "-"
