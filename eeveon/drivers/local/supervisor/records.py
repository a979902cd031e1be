"""One file per object of a target folder: what it should be and what became of it.

    <target>/supervisor.sock  supervisor.lock  supervisor.log  start.lock
    <target>/scopes/<project>@<environment>/fence
                                            records/<kind>.<name>.json
                                            logs/<instance>.log  .log.1  .log.2
                                            work/<instance>/     the working folder, if the target names none
                                            volumes/<volume>/    what a volume holds

Each file is replaced in one step and flushed to the disk, so a crash leaves the old or the new one. Values of
secrets are in none of them.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

FORMAT = 1


class Damaged(Exception):  # noqa: N818 — says what happened, as the tree in errors.py does
    """A record file that cannot be read or understood; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The environment that an object belongs to."""

    project: str
    environment: str

    @property
    def folder(self) -> str:
        """Its folder's name; `@` occurs in no quoted name."""
        return f"{stem(self.project)}@{stem(self.environment)}"


# Status and Record are never changed, but not frozen: making a frozen one takes three times as long, and a plan may
# read 10,000 of them.


@dataclass(slots=True, kw_only=True)
class Status:
    """What became of an instance. Times are seconds since the epoch, 0 where there is none."""

    state: str = "new"  # starting running stopping waiting ended stopped failed lost
    pid: int = 0
    ticks: int = 0  # the kernel's start time of `pid`: tells it from a later process of that number
    boot: str = ""  # the kernel's id of the boot in which `pid` ran
    started: float = 0.0
    restarts: int = 0
    failures: int = 0  # ends in a row without a stable run between them
    exit: str = ""  # "exited with status 1"
    exited: float = 0.0
    exit_pid: int = 0
    resumes: float = 0.0  # when the next start is due
    reason: str = ""  # why it is stopped, failed or lost
    cgroups: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Record:
    """One object: its identity, the fields it holds, where it works, and its status."""

    scope: Scope
    kind: str
    name: str
    service: str | None
    ordinal: int | None
    revision: str
    protected: bool
    fields: dict[str, Any]
    directory: str = ""  # "" is a folder of its own
    log_bytes: int = 10 * 1024 * 1024  # a log of this size is rotated
    log_files: int = 3  # so many are kept, the current one among them
    ports: dict[str, int] = field(default_factory=dict)
    status: Status = field(default_factory=Status)

    def text(self) -> str:
        """Its JSON, on one line, without what is as it is by default."""
        form: dict[str, Any] = {"format": FORMAT}
        form["scope"] = (self.scope.project, self.scope.environment)
        form |= _told(self, _ALWAYS | _OPTIONAL)
        form["status"] = _told(self.status, _STATUS)
        return json.dumps(form, separators=(",", ":"))


_ALWAYS = dict.fromkeys(("kind", "name", "service", "ordinal", "revision", "protected", "fields"), object())
_OPTIONAL = {
    item.name: item.default if item.default is not MISSING else {}
    for item in fields(Record)
    if item.name not in _ALWAYS and item.name not in {"scope", "status"}
}
_STATUS = {item.name: item.default for item in fields(Status)}


def _told(holder: object, defaults: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, default in defaults.items() if (value := getattr(holder, name)) != default}


def record_from(form: dict[str, Any]) -> Record:
    """The record that a parsed `text()` holds, which it uses up. Raises ValueError, KeyError or TypeError."""
    if form.pop("format") != FORMAT:
        raise ValueError("its format is not known to this version")
    form["scope"] = _scope(*form["scope"])
    status = form["status"]
    if "cgroups" in status:
        status["cgroups"] = tuple(status["cgroups"])
    form["status"] = Status(**status)
    if not isinstance(form["fields"], dict) or not isinstance(form.get("ports", {}), dict):
        raise TypeError("fields and ports are maps")
    return Record(**form)


@lru_cache(maxsize=64)
def _scope(project: str, environment: str) -> Scope:
    return Scope(project=project, environment=environment)


def stem(name: str) -> str:
    """A name as a part of a file name: no separator, no leading dot."""
    quoted = quote(name, safe="")
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted


@dataclass(frozen=True, slots=True)
class Folder:
    """Where one target keeps everything; nothing is made before it is needed."""

    root: Path

    def scope(self, scope: Scope) -> Path:
        """The folder of one environment."""
        return self.root / "scopes" / scope.folder

    def record(self, scope: Scope, kind: str, name: str) -> Path:
        """The file of one object."""
        return self.scope(scope) / "records" / f"{kind}.{stem(name)}.json"

    def log(self, scope: Scope, name: str, age: int = 0) -> Path:
        """The current log of an instance, or its `age`-th last."""
        return self.scope(scope) / "logs" / f"{stem(name)}.log{f'.{age}' if age else ''}"

    def work(self, scope: Scope, name: str) -> Path:
        """The working folder of an instance that has none given."""
        return self.scope(scope) / "work" / stem(name)

    def volume(self, scope: Scope, name: str) -> Path:
        """What a volume holds."""
        return self.scope(scope) / "volumes" / stem(name)

    def scopes(self) -> list[Path]:
        """The folders of all environments."""
        base = self.root / "scopes"
        return sorted(base.iterdir()) if base.is_dir() else []


def read(path: Path) -> Record:
    """The record in a file. Raises FileNotFoundError, or Damaged naming the file."""
    try:
        return record_from(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Damaged(f"the record {path} cannot be read: {type(error).__name__}: {error}") from error


def record_files(scope_folder: Path) -> Iterator[Path]:
    """Every record file of one environment."""
    folder = scope_folder / "records"
    if folder.is_dir():
        yield from sorted(item for item in folder.iterdir() if item.name.endswith(".json"))


def write(path: Path, text: str) -> None:
    """Put `text` in the place of the file, in one step and down to the disk; readable by the owner only."""
    make_folder(path.parent)
    fresh = path.with_name(f"{path.name}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    fresh.replace(path)


def make_folder(path: Path) -> None:
    """Make a folder that only its owner can enter, and those above it."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def fence(scope_folder: Path) -> int:
    """The highest fence that an environment has shown here; 0 if none. Raises Damaged."""
    path = scope_folder / "fence"
    try:
        return int(path.read_text())
    except FileNotFoundError:
        return 0
    except (OSError, ValueError) as error:
        raise Damaged(f"the fence {path} cannot be read: {error}") from error
