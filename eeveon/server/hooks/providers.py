"""What the payloads of each provider say. Pure: a body as JSON read it, and the name of its event.

What is not of interest, or cannot be understood, is of kind OTHER and wakes nobody. A list of commits counts only where
the provider says that it is complete: a filter by files must not swallow a push that it cannot judge.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from eeveon.core.controller import Provider
from eeveon.core.delivery import Kind
from eeveon.server.hooks.reading import (
    HEADS,
    MOST_PATHS,
    TAGS,
    Told,
    Written,
    commit_id,
    full_ref,
    names,
    part,
    pushed,
    released,
    text,
    with_action,
)

_GITHUB_LISTS: Final = 2048  # commits of one push at most; nobody says how many there were
_OWN_KINDS: Final = {"push": Kind.PUSH, "release": Kind.RELEASE, "ping": Kind.PING}


def github(payload: Written, event: str) -> Told:
    """As https://docs.github.com/webhooks/webhook-events-and-payloads has it."""
    match event:
        case "push":
            commits = payload.get("commits")
            complete = isinstance(commits, list) and len(commits) < _GITHUB_LISTS
            rewritten = payload.get("forced") is not False  # what the old commits changed is not listed
            return pushed(payload, event, commits if complete and not rewritten else None)
        case "release":
            return released(part(payload, "release").get("tag_name"), payload.get("action"), event)
        case "ping":
            return Told(kind=Kind.PING, event=event)
        case _:
            return Told(kind=Kind.OTHER, event=with_action(event, payload.get("action")))


def gitea(payload: Written, event: str) -> Told:
    """As https://docs.gitea.com/usage/webhooks has it; Forgejo's are the same. A deleted ref is told by `delete` alone."""
    match event:
        case "push":
            return pushed(payload, event, _all_of(payload, "total_commits"))
        case "delete":
            prefix = {"branch": HEADS, "tag": TAGS}.get(text(payload.get("ref_type")), "?")
            ref = full_ref(prefix + text(payload.get("ref")))
            return Told(kind=Kind.PUSH if ref else Kind.OTHER, event=event, ref=ref, deleted=bool(ref))
        case "release":
            return released(part(payload, "release").get("tag_name"), payload.get("action"), event)
        case _:
            return Told(kind=Kind.OTHER, event=with_action(event, payload.get("action")))


def gitlab(payload: Written, event: str) -> Told:
    """As https://docs.gitlab.com/user/project/integrations/webhook_events has it."""
    match payload.get("object_kind"):
        case "push" | "tag_push":
            return pushed(payload, event, _all_of(payload, "total_commits_count"))
        case "release":
            told = released(payload.get("tag"), payload.get("action"), event)
            return replace(told, commit=commit_id(part(payload, "commit").get("id")))
        case _:
            return Told(kind=Kind.OTHER, event=event)


def generic(payload: Written, event: str) -> Told:
    """Our own form, everything in it optional: `{"ref": "main", "after": "4f2c…", "repository": "…", "paths": […]}`."""
    kind = _OWN_KINDS.get(event or "push", Kind.OTHER)
    listed = payload.get("paths")
    paths = tuple(names(listed)) if isinstance(listed, list) and len(listed) <= MOST_PATHS else None
    if payload.get("ref") is None:
        return Told(kind=kind, event=event or "push", paths=paths)
    told = pushed(payload, event or "push", None)
    return replace(told, kind=told.kind if told.kind is Kind.OTHER else kind, paths=paths)


READERS: Final[Mapping[Provider, Callable[[Written, str], Told]]] = {
    Provider.GITHUB: github,
    Provider.GITLAB: gitlab,
    Provider.GITEA: gitea,
    Provider.GENERIC: generic,
}


def _all_of(payload: Written, count: str) -> object:
    """The commits, if the payload says that it lists as many as there are."""
    commits = payload.get("commits")
    return commits if isinstance(commits, list) and len(commits) == payload.get(count) else None
