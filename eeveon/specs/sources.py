"""Code from Git: a `source` of a document as the core's noun, and that as plain data and back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from posixpath import normpath
from sys import intern
from typing import Any

from eeveon.core.desired import Source
from eeveon.core.names import CommitId
from eeveon.specs.quantities import duration

Written = Mapping[str, Any]


def source(written: Written) -> Source:
    """A source whose branch or tag nobody has asked for yet; a commit is one already."""
    kind, name = next(iter(written["ref"].items()))
    hooks = written.get("hooks", {})
    made = Source(
        git=written["git"],
        ref=f"{kind} {name}",
        path="/" + normpath(written["path"]).lstrip("/"),
        commit=CommitId(name) if kind == "commit" else None,
        exclude=tuple(written.get("exclude", ())),
        build=_commands(written.get("build", ())),
        hooks={moment: _commands(commands) for moment, commands in hooks.items()},
    )
    return replace(made, hook_timeout=duration(written["timeout"])) if "timeout" in written else made


def decoded_source(written: Written | None) -> Source | None:
    """What `values.plain` made of a source, as the noun again."""
    if written is None:
        return None
    committed = written["committed"]
    changed = {
        "committed": datetime.fromisoformat(committed) if committed else None,
        "exclude": tuple(written["exclude"]),
        "build": _commands(written["build"]),
        "hooks": {moment: _commands(commands) for moment, commands in written["hooks"].items()},
        "hook_timeout": timedelta(seconds=written["hook_timeout"]),
    }
    return Source(**{**written, **changed})


def _commands(written: Sequence[Any]) -> tuple[tuple[str, ...], ...]:
    """One command as a list of words, or several."""
    several = written if not written or isinstance(written[0], list | tuple) else [written]
    return tuple(tuple(intern(str(word)) for word in command) for command in several)
