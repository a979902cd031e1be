"""Where the controller keeps things, decided from the environment alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The controller's own places."""

    state: Path  # the store and what local targets keep; private to its owner
    home: Path


def settings(environ: Mapping[str, str], home: Path) -> Settings:
    """`$EEVEON_STATE`, else `$XDG_STATE_HOME/eeveon`, else `~/.local/state/eeveon`."""
    if named := environ.get("EEVEON_STATE"):
        return Settings(state=Path(named).expanduser(), home=home)
    base = Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state")
    return Settings(state=base / "eeveon", home=home)
