"""Code releases on a host: their names, and what an instance's fields say of them. Pure.

A release is a folder `<path>/releases/<name>` that nobody writes to once it is complete, but its own build and hooks. All
that is known of it lies elsewhere, in `releases/<service>/<name>/` of the scope's folder: its manifest, what `stat` said
of its files when it was completed, the instances that use it (`by/`), and last of all the mark `complete`. Without the
mark there is no release, whatever folders there are. `<path>/current` is a link to the one in service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from eeveon.core.desired import Source
from eeveon.core.names import CommitId, ServiceName
from eeveon.core.values import Fields, digest

HOOK_SECONDS = 300.0  # as `Source` has it
EDITED = "edited"  # the field of an instance that holds files which are not as they were brought

Commands = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release as it is to be on a host."""

    service: ServiceName
    path: str  # holds `releases/` and `current`
    commit: CommitId
    committed: datetime
    exclude: tuple[str, ...]
    build: Commands
    hooks: Mapping[str, Commands]
    limit: timedelta  # of each command
    user: str  # whose the files are, and who runs the commands; "": who logs in
    env: Mapping[str, str]
    is_read_only: bool  # nobody writes to it: it has no process and no commands

    @property
    def name(self) -> str:
        """Its folder: when it was committed, which commit, and what else decides what is in it."""
        plain = f"{self.committed.astimezone(UTC):%Y%m%dT%H%M%S}-{self.commit[:12]}"
        makings = [list(self.exclude), [list(words) for words in self.build]]
        if self.build:
            makings.append(dict(self.env))
        if self.user:
            makings.append(self.user)
        return f"{plain}-{digest(makings)[:6]}" if self.exclude or self.build or self.user else plain

    def is_made_like(self, name: str) -> bool:
        """Whether the release of this name differs from it in nothing but the commit."""
        return _makings(name) == _makings(self.name)

    @property
    def folder(self) -> str:
        """Where it is on the host."""
        return f"{self.path}/releases/{self.name}"


def source_fields(source: Source | None) -> dict[str, object]:
    """What of a source makes a release what it is; where it was fetched from does not."""
    if source is None:
        return {}
    fields: dict[str, object] = {
        "path": source.path,
        "commit": source.commit or "",
        "committed": source.committed.astimezone(UTC).isoformat() if source.committed else "",
        "exclude": list(source.exclude),
        "build": [list(words) for words in source.build],
        "hooks": {moment: [list(words) for words in commands] for moment, commands in source.hooks.items()},
    }
    kept = {name: value for name, value in fields.items() if value}
    if (source.build or source.hooks) and source.hook_timeout.total_seconds() != HOOK_SECONDS:
        kept["timeout"] = source.hook_timeout.total_seconds()
    return kept


def release_of(service: ServiceName, fields: Fields) -> Release | None:
    """The release that an instance's fields name; None where it is of no code."""
    source: Any = fields.get("source")
    if not source:
        return None
    env: Any = fields.get("env", {})
    return Release(
        service=service,
        path=source["path"],
        commit=CommitId(source.get("commit", "")),
        committed=datetime.fromisoformat(source["committed"])
        if source.get("committed")
        else datetime.fromtimestamp(0, UTC),
        exclude=tuple(source.get("exclude", ())),
        build=_commands(source.get("build", ())),
        hooks={moment: _commands(commands) for moment, commands in source.get("hooks", {}).items()},
        limit=timedelta(seconds=float(source.get("timeout", HOOK_SECONDS))),
        user=str(fields.get("user", "")),
        env=dict(env),
        is_read_only=is_passive(fields) and "build" not in source and "hooks" not in source,
    )


def release_folder(fields: Fields) -> str:
    """The folder of the release that an instance's fields name; "" where it is of no code."""
    release = release_of(ServiceName(""), fields)
    return release.folder if release else ""


def is_passive(fields: Fields) -> bool:
    """Whether it is only files: code that no process of ours runs."""
    return "source" in fields and "command" not in fields and "image" not in fields


def _makings(name: str) -> str:
    """What stands behind the time and the commit."""
    return "-".join(name.split("-")[2:])


def _commands(written: Sequence[Sequence[str]]) -> Commands:
    return tuple(tuple(words) for words in written)
