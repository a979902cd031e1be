"""Values of a payload, each believed only as far as it has the form that it should have."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from eeveon.core.delivery import Kind
from eeveon.specs.repositories import is_commit, wrong_address, wrong_ref

HEADS: Final = "refs/heads/"
TAGS: Final = "refs/tags/"
MOST_PATHS: Final = 1000
EVENT: Final = re.compile(r"[A-Za-z0-9_. -]{1,60}")
_LONGEST_REF: Final = 250
_LONGEST_URL: Final = 500
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_URL_FIELDS: Final = (
    *("clone_url", "ssh_url", "html_url", "git_url", "url"),
    *("git_http_url", "git_ssh_url", "http_url", "web_url", "homepage"),
)
Written = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a body says. `paths` is None unless all changed files are told."""

    kind: Kind
    event: str
    ref: str = ""
    commit: str = ""
    deleted: bool = False
    paths: tuple[str, ...] | None = None


def text(value: object) -> str:
    """The value if it is text, else ""."""
    return value if isinstance(value, str) else ""


def part(payload: Written, name: str) -> Written:
    """The object of that name; an empty one for anything else."""
    found = payload.get(name)
    return found if isinstance(found, dict) else {}


def full_ref(name: str) -> str:
    """The full name of a branch or tag; "" for what is neither, or no name in Git."""
    full = name if name.startswith("refs/") else f"{HEADS}{name}" if name else ""
    short = full.removeprefix(HEADS) if full.startswith(HEADS) else full.removeprefix(TAGS)
    if short == full or not 0 < len(short) <= _LONGEST_REF:
        return ""
    return "" if wrong_ref(short) or _UNPRINTABLE.search(short) else full


def commit_id(value: object) -> str:
    """A full object id; "" for anything else, and for the one of zeros by which "none" is written."""
    written = text(value)
    return written if is_commit(written) and written.strip("0") else ""


def pushed(payload: Written, event: str, commits: object) -> Told:
    """A ref that was made, moved or deleted. `commits` are all that came with it, or None where nobody says that."""
    ref = full_ref(text(payload.get("ref")))
    if not ref:
        return Told(kind=Kind.OTHER, event=event)
    after = text(payload.get("after"))
    deleted = payload.get("deleted") is True or (bool(after) and not after.strip("0"))
    moved = bool(commit_id(payload.get("before"))) and bool(commit_id(after)) and not deleted
    return Told(
        kind=Kind.PUSH,
        event=event,
        ref=ref,
        commit="" if deleted else commit_id(after),
        deleted=deleted,
        paths=_changed(commits) if moved else None,
    )


def released(tag: object, action: object, event: str) -> Told:
    """A release of a tag, whatever was done with it."""
    ref = full_ref(f"{TAGS}{text(tag)}")
    return Told(kind=Kind.RELEASE if ref else Kind.OTHER, event=with_action(event, action), ref=ref)


def with_action(event: str, action: object) -> str:
    """The name of the event with what exactly happened: `release.published`."""
    return f"{event}.{action}" if EVENT.fullmatch(text(action)) else event


def names(listed: Iterable[object]) -> Iterator[str]:
    """Names of files. Git knows any bytes, and a database any text."""
    for name in listed:
        if written := text(name):
            yield written.encode("utf-8", "replace").decode()


def addresses(payload: Written) -> Iterator[str]:
    """Every address by which the body names its repository."""
    for name in ("repository", "project"):
        found = part(payload, name)
        for value in (payload.get(name), *(found.get(field) for field in _URL_FIELDS)):
            if isinstance(value, str) and 0 < len(value) <= _LONGEST_URL and _is_address(value):
                yield value


@lru_cache(1024)  # a controller hears of the same repositories all the time
def _is_address(url: str) -> bool:
    return not wrong_address(url) and not _UNPRINTABLE.search(url)


def _changed(commits: object) -> tuple[str, ...] | None:
    """The files that these commits touched; None unless each of them tells."""
    if not isinstance(commits, list) or not commits:
        return None
    paths: dict[object, None] = {}
    for commit in commits:
        if not isinstance(commit, dict):
            return None
        for field in ("added", "modified", "removed"):
            listed = commit.get(field)
            if not isinstance(listed, list):
                return None
            try:
                paths.update(dict.fromkeys(listed))
            except TypeError:  # a list or a mapping is the name of no file
                return None
    return tuple(names(paths)) if len(paths) <= MOST_PATHS else None
