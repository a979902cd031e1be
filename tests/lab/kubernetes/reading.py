"""GET, LIST with pages, and WATCH."""

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.lab.kubernetes import selectors, shapes, statuses
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.store import Event
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.wire import Answer, Request, Stream

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

BOOKMARK_AFTER = 60.0  # seconds of a watch; a real server sends one about every minute
_TOO_OLD = "The provided continue parameter is too old to display a consistent list result. "
_START_AGAIN = (
    "You can start a new list without the continue parameter, or use the continue token in this response to retrieve "
    "the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that "
    "were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


def one(cluster: "Cluster", request: Request, resource: Resource, namespace: str, name: str) -> Answer:
    """The object, in the shape asked for."""
    found = cluster.store.get(resource.key, namespace, name)
    if found is None:
        raise statuses.not_found(resource.group, resource.plural, name)
    return shapes.one(request, resource, found, cluster.clock)


def listed(cluster: "Cluster", request: Request, resource: Resource, namespace: str) -> Answer:
    """A page of the objects that the selectors fit."""
    query = request.query
    fits = _selection(request, resource)
    limit = (
        _limit(query.get("limit", "")) if query.get("resourceVersion") != "0" else 0
    )  # the cache has no pages
    _check_revision(cluster, query)
    if token := query.get("continue"):
        revision, after = _continued(cluster, resource, token)
        everything = _as_of(cluster, resource, revision)
    else:
        revision, after = cluster.store.revision, ""
        everything = cluster.store.list(resource.key)
    rest = [
        item
        for item in everything
        if (not namespace or item["metadata"]["namespace"] == namespace) and _place(item, namespace) > after
    ]
    chosen = [item for item in rest if fits(item)]
    page = chosen[:limit] if limit else chosen
    meta: Object = {"resourceVersion": str(revision)}
    if len(page) < len(chosen):
        cluster.store.pages.setdefault((resource.key, revision), everything)
        meta["continue"] = _token(revision, _place(page[-1], namespace))
        if not query.get("labelSelector") and not query.get("fieldSelector"):
            meta["remainingItemCount"] = len(chosen) - len(page)
    reply = shapes.many(request, resource, page, meta, cluster.clock)
    return replace(reply, headers=reply.headers + statuses.warned(statuses.deprecated(resource.kind)))


def _as_of(cluster: "Cluster", resource: Resource, revision: int) -> list[Object]:
    if revision < 0:
        return cluster.store.list(resource.key)
    return cluster.store.pages.get((resource.key, revision), [])


def _place(item: Object, namespace: str) -> str:
    meta = item["metadata"]
    name: str = meta["name"]
    return name if namespace or "namespace" not in meta else f"{meta['namespace']}/{name}"


def _token(revision: int, last: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": f"{last}\x00"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _continued(cluster: "Cluster", resource: Resource, token: str) -> tuple[int, str]:
    try:
        read = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        revision, after = int(read["rv"]), str(read["start"]).rstrip("\x00").lstrip("/")
    except (ValueError, KeyError, TypeError):
        said = "invalid continue token: continue key is not valid: invalid character '\\u0081' looking for beginning of value"
        raise statuses.bad_request(said) from None
    if revision >= 0 and (resource.key, revision) not in cluster.store.pages:
        raise expired_page(after)
    return revision, after


def expired_page(after: str) -> statuses.Refused:
    """The pages of that list are gone; the token in it gives the rest as it is now."""
    refused = statuses.Refused(410, _TOO_OLD + _START_AGAIN, "Expired")
    refused.details = None
    refused.headers = {"x-continue": _token(-1, after)}
    return refused


def _limit(written: str) -> int:
    if written and not written.lstrip("-").isdigit():
        raise statuses.bad_request(f'strconv.ParseInt: parsing "{written}": invalid syntax')
    return int(written or 0)


def _check_revision(cluster: "Cluster", query: Any) -> None:
    wanted = query.get("resourceVersion", "")
    if not wanted.isdigit():
        return
    now = cluster.store.revision
    if int(wanted) > now:
        message = f"Timeout: Too large resource version: {wanted}, current: {now}"
        cause = statuses.Cause(reason="ResourceVersionTooLarge", message="Too large resource version")
        details = {"causes": [cause.shown()], "retryAfterSeconds": 1}
        raise statuses.Refused(504, message, "Timeout", details, {"Retry-After": "1"})
    if query.get("resourceVersionMatch") == "Exact" and int(wanted) < cluster.store.compacted:
        raise statuses.Refused(410, "The resourceVersion for the provided list is too old.", "Expired")


def _selection(request: Request, resource: Resource) -> selectors.Test:
    labels = selectors.by_labels(request.query.get("labelSelector", ""))
    fields = selectors.by_fields(
        request.query.get("fieldSelector", ""), resource.plural, namespaced=resource.namespaced
    )
    return lambda item: labels(item) and fields(item)


def watched(
    cluster: "Cluster", request: Request, resource: Resource, namespace: str, name: str = ""
) -> Stream | Answer:
    """A stream of what happens from a revision on."""
    fits = _selection(request, resource)
    since = request.query.get("resourceVersion", "")
    if since and not since.isdigit():
        said = (
            f'resourceVersion: Invalid value: "{since}": strconv.ParseUint: parsing "{since}": invalid syntax'
        )
        raise statuses.Refused(500, said)  # a real server takes it for its own fault
    bookmarks = request.query.get("allowWatchBookmarks") in {"true", "1"}
    view = _View(cluster, request, resource, (namespace, name), fits)
    waiting: list[Object] = []
    position = int(since or 0)
    if position == 0:
        found = [item for item in cluster.store.list(resource.key, namespace) if view.shows(item)]
        waiting = [{"type": "ADDED", "object": view.shaped(item)} for item in found]
        position = cluster.store.revision
        if bookmarks and request.query.get("sendInitialEvents") in {"true", "1"}:
            waiting.append(view.bookmark(position, initial=True))
    elif position < cluster.store.compacted:
        waiting = [{"type": "ERROR", "object": _too_old(position, cluster.store.compacted)}]
        return Stream(more=lambda _: (waiting, False), kind=view.kind)
    ends = int(request.query.get("timeoutSeconds", "0") or 0) or 1800
    state = {"at": position, "marked": 0.0, "sent": False}

    def more(elapsed: float) -> tuple[list[Object], bool]:
        lines = [] if state["sent"] else list(waiting)
        state["sent"] = True
        if state["at"] < cluster.store.compacted:
            return [
                *lines,
                {"type": "ERROR", "object": _too_old(int(state["at"]), cluster.store.compacted)},
            ], False
        for event in _since(cluster.store.events, int(state["at"])):
            if event.key == resource.key and (line := view.line(event)) is not None:
                lines.append(line)
        state["at"] = max(int(state["at"]), cluster.store.revision)
        over = elapsed >= ends
        if bookmarks and (over or elapsed - state["marked"] >= cluster.bookmark_every):
            state["marked"] = elapsed
            lines.append(view.bookmark(int(state["at"])))
        return lines, not over

    return Stream(more=more, kind=view.kind)


def _since(events: list[Event], revision: int) -> list[Event]:
    at = len(events)
    while at and events[at - 1].revision > revision:
        at -= 1
    return events[at:]


def _too_old(asked: int, oldest: int) -> Object:
    return statuses.Refused(410, f"too old resource version: {asked} ({oldest})", "Expired").status()


class _View:
    """What one watch sees."""

    def __init__(
        self,
        cluster: "Cluster",
        request: Request,
        resource: Resource,
        place: tuple[str, str],
        fits: selectors.Test,
    ) -> None:
        self.cluster, self.request, self.resource = cluster, request, resource
        (self.namespace, self.name), self.fits = place, fits
        self.kind = shapes.watch_kind(request)

    def shows(self, item: Object) -> bool:
        meta = item["metadata"]
        here = not self.namespace or meta.get("namespace") == self.namespace
        return here and (not self.name or meta["name"] == self.name) and self.fits(item)

    def shaped(self, item: Object) -> Object:
        return shapes.watched(self.request, self.resource, item, self.cluster.clock)

    def line(self, event: Event) -> Object | None:
        now = event.kind != "DELETED" and self.shows(event.now)
        before = event.before is not None and self.shows(event.before)
        match before, now:
            case False, True:
                return {"type": "ADDED", "object": self.shaped(event.now)}
            case True, True:
                return {"type": "MODIFIED", "object": self.shaped(event.now)}
            case True, False:
                last = event.now if event.kind == "DELETED" else {**(event.before or {})}
                revision = event.now["metadata"]["resourceVersion"]
                last = {**last, "metadata": {**last["metadata"], "resourceVersion": revision}}
                return {"type": "DELETED", "object": self.shaped(last)}
            case _:
                return None

    def bookmark(self, revision: int, *, initial: bool = False) -> Object:
        meta: Object = {"resourceVersion": str(revision)}
        if initial:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        mark = {"kind": self.resource.kind, "apiVersion": self.resource.api_version, "metadata": meta}
        return {"type": "BOOKMARK", "object": shapes.bookmark(self.request, mark)}
