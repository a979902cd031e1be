"""Images that do not come."""

import re
from collections.abc import Iterator

from eeveon.drivers.kubernetes.status.cause import Cause, Container
from eeveon.drivers.kubernetes.status.events import message
from eeveon.drivers.kubernetes.status.reading import sentence, short

_TRIES = 60  # seconds in which a kubelet tries three times: it waits 10 s, then 20 s
_PULL = {"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "SignatureValidationFailed"}
_NEVER = {"ErrImageNeverPull", "InvalidImageName", "ImageInspectError"}
_WRAPPING = re.compile(
    r'^(?:rpc error: code = \w+ desc = |(?:Failed|failed) to pull(?: and unpack)? image "[^"]*": '
    r'|failed to resolve (?:reference|image) "[^"]*": |failed to copy: |Error response from daemon: '
    r'|Failed to apply default image tag "[^"]*": )+'
)
_PASSING = re.compile(
    r"no such host|server misbehaving|time[d-]? ?out|deadline exceeded|connection re(?:fused|set)|handshake|unreachable"
    r"|toomanyrequests|too many requests|\bEOF\b|temporar|QPS|status(?: code)?:? 5\d\d|RegistryUnavailable",
    re.IGNORECASE,
)


def causes(container: Container) -> Iterator[Cause]:
    """Why its image is not there. What a registry may get over by itself is final after the third try."""
    look, reason = container.look, str(container.waiting.get("reason", ""))
    where = sentence(look.name, _which(container))
    if reason in _NEVER:
        yield Cause(text=sentence(where, _why_never(container, reason)), final=True, since=look.accepted)
    elif reason in _PULL:
        why = _why(container)
        passing = bool(_PASSING.search(f"{reason} {why}"))
        final = look.has_lasted(look.accepted, _TRIES) if passing else reason != "ErrImagePull"
        yield Cause(text=sentence(where, why), final=final, since=look.accepted)


def _which(container: Container) -> str:
    whose = f" of {container.name}"
    return f"image {container.image}{whose} cannot be pulled"


def _why_never(container: Container, reason: str) -> str:
    said = _plain(str(container.waiting.get("message", "")), container.image)
    match reason:
        case "ErrImageNeverPull":
            return "it is not on the node, and imagePullPolicy is Never"
        case "InvalidImageName":
            return sentence("it has no valid name", said)
        case _:
            return said or reason


def _why(container: Container) -> str:
    """The kubelet's reason. Older ones leave it out while they wait, and only an event tells it."""
    said = str(container.waiting.get("message", ""))
    if (found := _plain(said, container.image)) and not found.startswith("Back-off pulling"):
        return found
    told = (message(event) for event in container.events("Failed"))
    return next((_plain(text, container.image) for text in told if "pull image" in text), "")


def _plain(text: str, image: str) -> str:
    """Without what wraps it: who told whom, and the image's name once more."""
    inner = text.rpartition("ErrImagePull: ")[2]
    bare = _WRAPPING.sub("", inner).removeprefix(f"{image}: ")
    return short(bare.removeprefix(f'couldn\'t parse image name "{image}": '))
