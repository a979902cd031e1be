"""What an instance is started with: its variables, its arguments with the names of ports filled in, its limits.

`$(NAME)` in an argument or a variable is replaced where NAME is `PORT`, `PORT_<NAME>`, `EEVEON_SERVICE`,
`EEVEON_INSTANCE`, `EEVEON_ENVIRONMENT` or `EEVEON_VOLUME_<NAME>`; every other one, secrets above all, stays as it is,
and `$$(` is a plain `$(`.
"""

from collections.abc import Mapping
from pathlib import Path

from eeveon.drivers.local.supervisor.processes import MARK
from eeveon.drivers.local.supervisor.records import Folder, Record

INHERITED = ("PATH", "HOME", "LANG", "TZ")  # all that an instance has of the environment of who applied first
STOP_GRACE = 10.0  # seconds
RESTART = "always"


def variable(name: str) -> str:
    """A name as a part of the name of a variable: `http-admin` is `HTTP_ADMIN`."""
    return "".join(letter if letter.isalnum() else "_" for letter in name.upper())


def known(record: Record, folder: Folder) -> dict[str, str]:
    """The variables that an instance is given by us."""
    names = {
        "EEVEON_SERVICE": record.service or "",
        "EEVEON_INSTANCE": record.name,
        "EEVEON_ENVIRONMENT": record.scope.environment,
    }
    for port in reversed(record.fields.get("ports", ())):  # so that the first one is PORT
        names["PORT"] = names[f"PORT_{variable(port['name'])}"] = str(record.ports[port["name"]])
    for volume in record.fields.get("volumes", ()):
        names[f"EEVEON_VOLUME_{variable(volume)}"] = str(folder.volume(record.scope, volume))
    return names


def variables(
    record: Record, folder: Folder, base: Mapping[str, str], secrets: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of an instance. What the service says wins over what we say."""
    ours = known(record, folder)
    theirs = {name: expand(value, ours) for name, value in record.fields.get("env", {}).items()}
    mark = {MARK: str(folder.record(record.scope, record.kind, record.name))}
    return {**base, **ours, **theirs, **secrets, **mark}


def arguments(record: Record, folder: Folder) -> tuple[str, ...]:
    """The command of an instance, names filled in."""
    ours = known(record, folder)
    return tuple(expand(item, ours) for item in record.fields["command"])


def expand(text: str, names: Mapping[str, str]) -> str:
    """The text with every known `$(NAME)` replaced."""
    if "$(" not in text:
        return text
    parts = text.split("$$(")
    for name, value in names.items():
        parts = [part.replace(f"$({name})", value) for part in parts]
    return "$(".join(parts)


def directory(record: Record, folder: Folder) -> Path:
    """Where an instance works: `workingDir`, seen from the target's directory or from a folder of its own."""
    base = Path(record.directory) if record.directory else folder.work(record.scope, record.name)
    return base / str(record.fields.get("workingDir", ""))


def stop_grace(record: Record) -> float:
    """How long an instance may take to end after it was asked to."""
    return float(record.fields.get("stopGrace", STOP_GRACE))


def limit(record: Record, name: str) -> int | None:
    """A limit of `resources`, None if there is none."""
    value = record.fields.get("resources", {}).get(name)
    return None if value is None else int(value)
