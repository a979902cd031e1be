"""Reads what one container writes, through its restarts and until it is removed."""

from collections.abc import Iterator
from datetime import timedelta

from eeveon.core.names import ObjectId
from eeveon.core.values import canonical
from eeveon.drivers.base import LogLine
from eeveon.drivers.docker import instances
from eeveon.drivers.docker.client import Engine, Query
from eeveon.drivers.docker.parse import Container
from eeveon.drivers.docker.site import Site
from eeveon.drivers.docker.streams import lines, time_of
from eeveon.errors import ActionRefused

_PATIENCE = timedelta(seconds=30)  # for an answer's beginning; a followed stream may then be silent for ever


def tail_of(site: Site, engine: Engine, object_id: ObjectId, tail: int) -> Iterator[LogLine]:
    """The last lines. Raises ActionRefused if there is no such container."""
    container = _existing(site, engine, object_id)
    for line, _ in _read(engine, object_id, container, {"tail": tail}):
        yield line


def follow(site: Site, engine: Engine, object_id: ObjectId, tail: int) -> Iterator[LogLine]:
    """The last lines, then new ones as they come, until the container is removed.

    The engine ends a stream when the process ends, so this asks again where it left off once it runs again.
    """
    container: Container | None = _existing(site, engine, object_id)
    query: Query = {"tail": tail, "follow": 1}
    stamp = ""
    while container is not None:
        seen = stamp
        for line, stamp in _read(engine, object_id, container, query):
            if stamp > seen:  # `since` also gives the line that was already read
                yield line
        container = _next_life(site, engine, object_id, container)
        query = {"since": _epoch(stamp), "follow": 1} if stamp else {"follow": 1}


def _existing(site: Site, engine: Engine, object_id: ObjectId) -> Container:
    found = instances.find(site, engine.errand(_PATIENCE), object_id)
    if found is None:
        raise ActionRefused(f"there is no {object_id}, so it has no logs")
    return found


def _read(
    engine: Engine, object_id: ObjectId, container: Container, query: Query
) -> Iterator[tuple[LogLine, str]]:
    errand = engine.errand(_PATIENCE)
    asked: Query = {"stdout": 1, "stderr": 1, "timestamps": 1, **query}
    pieces = errand.stream("GET", f"/containers/{container.id}/logs", asked, patient="follow" in query)
    for stamp, text in lines(pieces):
        yield LogLine(instance=object_id.name, text=text, at=time_of(stamp)), stamp


def _next_life(site: Site, engine: Engine, object_id: ObjectId, before: Container) -> Container | None:
    """The container once it runs again; None when it was removed."""
    now = instances.find(site, engine.errand(_PATIENCE), object_id)
    while now is not None and now.status != "running":
        _wait_for_news(engine, before.id, now)
        now = instances.find(site, engine.errand(_PATIENCE), object_id)
    return now


def _wait_for_news(engine: Engine, container: str, now: Container) -> None:
    """Return when the container started or was removed since it ended. Waits as long as that takes."""
    filters = canonical({"container": [container], "event": ["start", "destroy"], "type": ["container"]})
    query: Query = {"filters": filters}
    if now.state.get("FinishedAt", "").startswith("2"):
        query = {**query, "since": _epoch(now.state["FinishedAt"])}
    pieces = engine.errand(_PATIENCE).stream("GET", "/events", query, patient=True)
    for _ in pieces:
        return


def _epoch(stamp: str) -> str:
    """Seconds since 1970 with nanoseconds, as the engine's `since` wants them: a float would lose the last digits."""
    at = time_of(stamp)
    fraction = stamp.partition(".")[2].rstrip("Z") or "0"
    return f"{int(at.timestamp()) if at else 0}.{fraction:0<9}"
