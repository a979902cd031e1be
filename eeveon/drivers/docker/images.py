"""Brings images to an engine: one pull an image, however many instances wait for it, with progress for people."""

import base64
import json
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from eeveon.core.names import ObjectId
from eeveon.drivers.docker.client import Errand
from eeveon.errors import ActionRefused, TargetError, TargetUnreachable

_STEP = 5  # percent between two reports

# The engine's words for a registry that is not there, as opposed to one that says no.
_NOT_THERE = (
    "connection refused",
    "no such host",
    "i/o timeout",
    "no route to host",
    "network is unreachable",
    "Client.Timeout",
    "context deadline exceeded",
    "connection reset",
    "TLS handshake timeout",
    "server misbehaving",
    "unexpected EOF",
)


class Images:
    """The images of one engine. May be used by several threads."""

    def __init__(self, report: Callable[[ObjectId, str], None]) -> None:
        self._report = report
        self._doors: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._hall = threading.Lock()

    def fetch(self, errand: Errand, image: str, asker: ObjectId) -> None:
        """Have the engine pull the image, unless somebody else just did.

        Raises ActionRefused where the registry says no, TargetUnreachable where the engine cannot reach it.
        """
        with self._hall:
            door = self._doors[image]
        with door:
            if errand.get(f"/images/{quote(image)}/json").status != 200:
                self._pull(errand, image, asker)

    def _pull(self, errand: Errand, image: str, asker: ObjectId) -> None:
        name, _, version = image.partition("@") if "@" in image else image.rpartition(":")
        progress = Progress()
        last = -1
        self._report(asker, f"pulling {image}")
        for event in self._events(errand, image, {"fromImage": name, "tag": version}):
            if "error" in event:
                raise pull_error(image, str(event["error"]))
            percent = progress.after(event)
            if percent is not None and percent // _STEP > last:
                last = percent // _STEP
                self._report(asker, f"pulling {image} {percent} %")

    def _events(self, errand: Errand, image: str, query: dict[str, str | int]) -> Iterator[dict[str, Any]]:
        headers = credentials(image)
        try:
            for line in _lines(errand.stream("POST", "/images/create", query, headers=headers)):
                with suppress(ValueError):
                    yield json.loads(line)
        except ActionRefused as refusal:
            raise pull_error(image, refusal.message) from None


class Progress:
    """How much of an image is there, in percent of what its layers said so far."""

    def __init__(self) -> None:
        self._layers: dict[str, tuple[int, int]] = {}

    def after(self, event: dict[str, Any]) -> int | None:
        """The percentage after this event; None for events that tell no amounts."""
        detail = event.get("progressDetail") or {}
        layer = event.get("id", "")
        if event.get("status") == "Downloading" and detail.get("total"):
            self._layers[layer] = (detail.get("current", 0), detail["total"])
        elif event.get("status") in {"Download complete", "Pull complete"} and layer in self._layers:
            total = self._layers[layer][1]
            self._layers[layer] = (total, total)
        else:
            return None
        return (
            100
            * sum(have for have, _ in self._layers.values())
            // sum(total for _, total in self._layers.values())
        )


def pull_error(image: str, message: str) -> TargetError:
    """The engine's complaint about a pull, in words."""
    registry = image.partition("/")[0]
    text = message.lower()
    if any(word.lower() in text for word in _NOT_THERE):
        return TargetUnreachable(
            f"cannot pull {image}: the engine does not reach the registry {registry}: {_tail(message)}",
            hint="is the registry up, and can the machine of the engine reach it?",
        )
    if "manifest unknown" in text or "not found" in text:
        return ActionRefused(f"cannot pull {image}: the registry {registry} has no such image: {message}")
    if "unauthorized" in text or "denied" in text or "authentication" in text:
        return ActionRefused(
            f"cannot pull {image}: the registry {registry} does not let us, or has no such image: {message}",
            hint=f"`docker login {registry}` as the user who runs eeveon",
        )
    return ActionRefused(f"cannot pull {image}: {message}")


def credentials(image: str) -> dict[str, str]:
    """The header with what `docker login` left for the image's registry; empty if it left nothing.

    Read by the docker SDK, which knows credential helpers; it is imported only if there is a file to read.
    """
    folder = os.environ.get("DOCKER_CONFIG")
    file = (Path(folder) if folder else Path.home() / ".docker") / "config.json"
    if not file.is_file():
        return {}
    try:
        from docker.auth import load_config, resolve_repository_name
        from docker.errors import DockerException
    except ImportError:
        return {}
    registry, _ = resolve_repository_name(image)
    try:
        found = load_config(str(file)).resolve_authconfig(registry)
    except DockerException as error:
        raise ActionRefused(
            f"cannot read the credentials for {registry} from {file}: {type(error).__name__}"
        ) from None
    if not found:
        return {}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(found).encode()).decode()}


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    yield rest


def _tail(message: str) -> str:
    """The last cause of a chain of Go errors: "dial tcp 127.0.0.1:5000: connect: connection refused" → the end."""
    return message.rpartition(": ")[2]
