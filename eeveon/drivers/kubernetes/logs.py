"""What the pods of a service write."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from queue import Queue
from typing import Final

from eeveon.drivers.base import LogLine
from eeveon.drivers.kubernetes.client import Object, Where
from eeveon.drivers.kubernetes.resources import PODS
from eeveon.drivers.kubernetes.site import Site
from eeveon.errors import TargetError

_PATIENCE: Final = timedelta(seconds=15)


def tail_of(site: Site, where: Where, tail: int) -> Iterator[LogLine]:
    """The last lines of all its pods, by their time."""
    lines = [
        line
        for pod, container in _containers(site, where)
        for line in _lines(site, pod, container, tail=tail)
    ]
    yield from sorted(lines, key=lambda line: line.at.timestamp() if line.at else 0.0)[-tail:]


def follow(site: Site, where: Where, tail: int) -> Iterator[LogLine]:
    """The same, then new ones as they come, until all pods are gone."""
    queue: Queue[LogLine | None] = Queue()
    pairs = _containers(site, where)
    for pod, container in pairs:
        threading.Thread(
            target=_pour, args=(_lines(site, pod, container, tail=tail, follow=True), queue), daemon=True
        ).start()
    ended = 0
    while ended < len(pairs):
        line = queue.get()
        if line is None:
            ended += 1
        else:
            yield line


def _pour(lines: Iterator[LogLine], queue: "Queue[LogLine | None]") -> None:
    try:
        for line in lines:
            queue.put(line)
    except TargetError as error:
        queue.put(LogLine(instance="", text=f"[no more lines: {error.message}]"))
    finally:
        queue.put(None)


def _containers(site: Site, where: Where) -> list[tuple[Object, str]]:
    live = site.client.get(where, _PATIENCE)
    labels = (((live or {}).get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    if not labels:
        return []
    pods = site.client.list(PODS, where.namespace, ",".join(f"{k}={v}" for k, v in labels.items()), _PATIENCE)
    started = [pod for pod in pods if (pod.get("status") or {}).get("phase") != "Pending"]
    return [(pod, container["name"]) for pod in started for container in pod["spec"]["containers"]]


def _lines(site: Site, pod: Object, container: str, *, tail: int, follow: bool = False) -> Iterator[LogLine]:
    metadata = pod["metadata"]
    path = f"{PODS.path(metadata['namespace'], metadata['name'])}/log"
    query = {"container": container, "tailLines": str(tail), "timestamps": "true"}
    if follow:
        query["follow"] = "true"
    for raw in site.client.lines(path, query, PODS):
        stamp, _, text = raw.decode("utf-8", "replace").partition(" ")
        yield LogLine(instance=metadata["name"], text=text, at=_time(stamp))


def _time(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None
