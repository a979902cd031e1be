"""What is sent to the engine to make or change objects. Pure; the one place that knows the shapes of its API."""

from collections.abc import Mapping
from typing import Any

from eeveon.core.names import ObjectId, Scope
from eeveon.core.values import Fields
from eeveon.core.wanted import NETWORK, VOLUME, WantedObject
from eeveon.drivers.docker.names import DEFAULT_NETWORK, engine_name, labels, object_labels

# "always" starts what EEveon or a person stopped when the engine itself starts; this one does not.
POLICIES = {"always": "unless-stopped", "onFailure": "on-failure", "never": "no"}
DEFAULT_GRACE_SECONDS = 10
_CPU = {"n": 1, "m": 1_000_000, "": 1_000_000_000}
_MEMORY = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "": 1}


def container(scope: Scope, wanted: WantedObject, values: Mapping[str, str], fence: int) -> dict[str, Any]:
    """The body that creates a container. Secrets are only in its environment."""
    fields: Mapping[str, Any] = wanted.fields
    ports = {_key(port): port for port in fields.get("ports", {}).values()}
    body: dict[str, Any] = {
        "Image": fields["image"],
        "Env": [f"{name}={value}" for name, value in sorted({**fields.get("env", {}), **values}.items())],
        "Labels": labels(scope, wanted, fence),
        "ExposedPorts": {key: {} for key in ports},
        "HostConfig": {
            "NetworkMode": engine_name(scope, NETWORK, DEFAULT_NETWORK),
            "PortBindings": {key: [_binding(port)] for key, port in ports.items() if "publish" in port},
            "Mounts": [_mount(scope, wanted.id, *mount) for mount in fields.get("mounts", {}).items()],
            **limits(fields),
            **restart(fields),
        },
        "NetworkingConfig": {
            "EndpointsConfig": {engine_name(scope, NETWORK, DEFAULT_NETWORK): endpoint(wanted)}
        },
    }
    for ours, theirs in (("command", "Cmd"), ("workingDir", "WorkingDir"), ("user", "User")):
        if ours in fields:
            body[theirs] = fields[ours]
    if "stopGrace" in fields:
        body["StopTimeout"] = fields["stopGrace"]
    return body


def endpoint(wanted: WantedObject) -> dict[str, Any]:
    """How a container is found in a network: by its service, and by its own name."""
    return {"Aliases": [name for name in (wanted.service, wanted.id.name) if name]}


def extra_networks(scope: Scope, fields: Fields) -> list[str]:
    """The engine's names of the networks that a container joins after it was created."""
    written: Any = fields.get("networks", [])
    return [engine_name(scope, NETWORK, name) for name in written if name != DEFAULT_NETWORK]


def limits(fields: Fields) -> dict[str, int]:
    """CPU and memory as the engine takes them; only those that are limited.

    The limit of memory and swap together is always said, at the engine's own default of twice the memory: it keeps
    the old one otherwise, and refuses to raise memory above it.
    """
    written: Any = fields.get("resources", {})
    found: dict[str, int] = {}
    if "cpu" in written:
        found["NanoCpus"] = _quantity(written["cpu"], _CPU)
    if "memory" in written:
        found["Memory"] = _quantity(written["memory"], _MEMORY)
        found["MemorySwap"] = 2 * found["Memory"]
    return found


def restart(fields: Fields) -> dict[str, Any]:
    """The restart policy as the engine takes it."""
    return {"RestartPolicy": {"Name": POLICIES[str(fields.get("restart", "always"))]}}


def can_update(before: Fields, after: Fields) -> bool:
    """Whether `docker update` leads from one to the other. It takes no limit away: 0 means "as it is" to it."""
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    was: Any = before.get("resources", {})
    will: Any = after.get("resources", {})
    return changed <= {"resources", "restart"} and was.keys() <= will.keys()


def network(scope: Scope, wanted: WantedObject, fence: int) -> dict[str, Any]:
    """The body that creates a network."""
    return {
        "Name": engine_name(scope, NETWORK, wanted.id.name),
        "CheckDuplicate": True,  # engines before 25 make two of one name otherwise
        "Labels": labels(scope, wanted, fence),
    }


def volume(scope: Scope, wanted: WantedObject, fence: int) -> dict[str, Any]:
    """The body that creates a volume."""
    return {"Name": engine_name(scope, VOLUME, wanted.id.name), "Labels": labels(scope, wanted, fence)}


def grace_seconds(fields: Fields) -> int:
    """How long a container may take to end after it was asked to."""
    written: Any = fields.get("stopGrace", DEFAULT_GRACE_SECONDS)
    return int(written)


def _key(port: Mapping[str, Any]) -> str:
    return f"{port['port']}/{port.get('protocol', 'tcp')}"


def _binding(port: Mapping[str, Any]) -> dict[str, str]:
    return {"HostPort": str(port["publish"] or "")}


def _mount(scope: Scope, owner: ObjectId, path: str, mount: Mapping[str, Any]) -> dict[str, Any]:
    common = {"Target": path, "ReadOnly": bool(mount.get("readOnly"))}
    if "host" in mount:
        return {"Type": "bind", "Source": mount["host"], **common}
    # If the volume is missing the engine makes it; with these labels it is then ours all the same.
    its_id = ObjectId(target=owner.target, kind=VOLUME, name=mount["volume"])
    return {
        "Type": "volume",
        "Source": engine_name(scope, VOLUME, mount["volume"]),
        "VolumeOptions": {"Labels": object_labels(scope, its_id)},
        **common,
    }


def _quantity(text: object, units: Mapping[str, int]) -> int:
    """The inverse of `preview.cpu_text` and `preview.memory_text`."""
    digits = str(text).rstrip("".join(units))
    return int(digits) * units[str(text)[len(digits) :]]
