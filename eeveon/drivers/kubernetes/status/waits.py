"""Containers that cannot be made: something that they refer to is missing, or the node cannot do it."""

from collections.abc import Iterator

from eeveon.drivers.kubernetes.status.cause import GRACE, Cause, Container, Look, containers
from eeveon.drivers.kubernetes.status.events import last_seen, message
from eeveon.drivers.kubernetes.status.reading import has_lasted, is_true, sentence, short

_LONG = 60  # seconds after which a node does not get over it by itself
_USUAL = {"", "ContainerCreating", "PodInitializing"}
_ELSEWHERE = {  # told by `pulls` and `crashes`
    "CrashLoopBackOff",
    "ErrImagePull",
    "ImagePullBackOff",
    "RegistryUnavailable",
    "SignatureValidationFailed",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
}
_VOLUMES = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
_SANDBOX = ("FailedCreatePodSandBox", "NetworkNotReady")
_FURTHER = ("Pulling", "Pulled", "Created")  # once it has come so far, its volumes are mounted
_MISSING = ("not found", "couldn't find key", "non-existent config key")


def causes(container: Container) -> Iterator[Cause]:
    """Why it is not made. What is missing may still be brought by others for a short while."""
    look, reason = container.look, str(container.waiting.get("reason", ""))
    if reason in _USUAL or reason in _ELSEWHERE:
        return
    said = short(str(container.waiting.get("message", "")))
    missing = any(word in said for word in _MISSING)
    if reason == "CreateContainerConfigError":
        what = f"{container.name} waits for what it refers to" if missing else f"{container.name} is refused"
        final = look.has_lasted(look.accepted) if missing else True
    else:
        what = f"{container.name} cannot be made ({reason})"
        final = look.has_lasted(look.accepted, _LONG)
    yield Cause(text=sentence(look.name, what, said), final=final, since=look.accepted)


def of_pod(look: Look) -> Iterator[Cause]:
    """Why none of its containers begins: volumes and networks, of which only events tell."""
    if not is_true(look.pod, "PodScheduled") or not _is_being_made(look):
        return
    event = next((one for one in look.events if one.get("reason") in (*_VOLUMES, *_SANDBOX, *_FURTHER)), {})
    if event.get("reason") not in (*_VOLUMES, *_SANDBOX):
        return
    what = "a volume cannot be mounted" if event["reason"] in _VOLUMES else "the node cannot begin with it"
    said = short(message(event))
    final = any(word in said for word in _MISSING) and has_lasted(look.accepted, GRACE, last_seen(event))
    yield Cause(text=sentence(look.name, what, said), final=final, since=look.accepted)


def _is_being_made(look: Look) -> bool:
    return all(
        one.waiting.get("reason", "") in _USUAL and not one.ended for one in containers(look)
    ) and not any(one.running for one in containers(look))
