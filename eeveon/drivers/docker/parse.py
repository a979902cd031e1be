"""What the engine's answers say of our objects. Pure.

Two answers describe a container: its entry in the list, and what only an inspection tells: resources, restart policy
and how it ended. What cannot be changed after creation is taken from the label that keeps it; what can is read anew.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eeveon.core.drift import Author
from eeveon.core.names import ObjectId, Revision, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition, Endpoint, ObservedObject
from eeveon.core.values import Fields
from eeveon.core.wanted import INSTANCE
from eeveon.drivers.docker import names
from eeveon.drivers.docker.preview import cpu_text, memory_text

Json = Mapping[str, Any]

_ALWAYS = {"always", "unless-stopped"}  # they differ only in what the engine's own restart does
_NEVER = {"", "no"}
_RESTING = {"paused": "paused", "created": "never started", "removing": "being removed"}
_SIGNALLED = {
    128 + number for number in (1, 2, 3, 9, 15)
}  # HUP INT QUIT KILL TERM: nobody sends them to himself
_LIMITS = {
    name: re.compile(rb'"%s":(-?\d+)' % name.encode())
    for name in ("NanoCpus", "CpuQuota", "CpuPeriod", "Memory")
}
_POLICY = re.compile(rb'"RestartPolicy":(\{[^}]*\})')
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was seen: the target, whose objects were asked for, and where its ports are reached."""

    target: TargetName
    scope: Scope
    address: str
    is_local: bool  # containers' own addresses can be reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What is known of one container, from whichever answers."""

    id: str
    name: str  # on the engine
    labels: Mapping[str, str]
    status: str  # the engine's word: running, exited, …
    phrase: str  # the list's text for people: "Exited (137) 3 minutes ago"; "" if only inspected
    networks: Mapping[str, str]  # engine's name → address in it
    published: Mapping[str, int]  # "8080/tcp" → port of the target
    state: Json
    host: Json
    restarts: int


def excerpt(body: bytes) -> Json:
    """What is read of an inspection, without the rest, which is nine tenths of it.

    It is safe to search: inside of a JSON text every quote is escaped, so `"State":{` is a key; and what people may
    name as they like (labels, options, annotations) has texts as values, never a map or a number.
    """
    host, count = body.index(b'"HostConfig":{'), body.index(b'"RestartCount":') + 15
    policy = _POLICY.search(body, host)
    return {
        "State": _decode(body[body.index(b'"State":{') + 8 :].decode())[0],
        "HostConfig": {
            "RestartPolicy": json.loads(policy[1]) if policy else {},
            **{name: int(found[1]) for name, key in _LIMITS.items() if (found := key.search(body, host))},
        },
        "RestartCount": int(body[count : body.index(b",", count)]),
    }


def listed(entry: Json, inspection: Json) -> Container:
    """A container from its entry in the list, and at least the excerpt of its inspection."""
    return Container(
        id=entry["Id"],
        name=entry["Names"][0].lstrip("/") if entry["Names"] else "",
        labels=entry["Labels"] or {},
        status=inspection["State"]["Status"],
        phrase=entry["Status"],
        networks=_addresses(entry["NetworkSettings"]),
        published=dict(_listed_ports(entry["Ports"])),
        state=inspection["State"],
        host=inspection["HostConfig"],
        restarts=inspection["RestartCount"],
    )


def inspected(inspection: Json) -> Container:
    """A container from its whole inspection."""
    return Container(
        id=inspection["Id"],
        name=inspection["Name"].lstrip("/"),
        labels=inspection["Config"]["Labels"] or {},
        status=inspection["State"]["Status"],
        phrase="",
        networks=_addresses(inspection["NetworkSettings"]),
        published=dict(_inspected_ports(inspection["NetworkSettings"])),
        state=inspection["State"],
        host=inspection["HostConfig"],
        restarts=inspection["RestartCount"],
    )


def applied_fields(labels: Mapping[str, str]) -> dict[str, Any]:
    """The fields as last applied. Empty where the label is missing, as on a volume that the engine made by itself."""
    try:
        found = json.loads(labels.get(names.FIELDS, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def instance(place: Place, container: Container) -> ObservedObject:
    """The instance that a container of ours is."""
    labels = container.labels
    applied = applied_fields(labels)
    condition, detail = condition_of(container)
    return ObservedObject(
        id=ObjectId(target=place.target, kind=INSTANCE, name=labels.get(names.NAME) or container.name),
        service=ServiceName(labels[names.SERVICE]) if names.SERVICE in labels else None,
        ordinal=_ordinal(labels),
        revision=Revision(labels.get(names.REVISION, "")),
        fields=fields_now(place.scope, applied, container),
        applied=applied if names.FIELDS in labels else None,
        condition=condition,
        detail=detail,
        trace=_trace(condition, container.state),
        ended_by=ended_by(container),
        endpoints=tuple(endpoints(place, applied, container)),
        started=_time(container.state.get("StartedAt", "")),
        protected=labels.get(names.PROTECTED) == "true",
    )


def support(place: Place, kind: str, entry: Json) -> ObservedObject:
    """The network or volume that an entry of a list (or an inspection) is."""
    labels: Mapping[str, str] = entry["Labels"] or {}
    fields: Fields = {"name": entry["Name"]}
    return ObservedObject(
        id=ObjectId(target=place.target, kind=kind, name=labels.get(names.NAME) or entry["Name"]),
        service=None,
        ordinal=None,
        revision=Revision(labels.get(names.REVISION, "")),
        fields=fields,
        applied=applied_fields(labels) or fields,
        condition=Condition.RUNNING,
        protected=labels.get(names.PROTECTED) == "true",
    )


def fields_now(scope: Scope, applied: Fields, container: Container) -> dict[str, object]:
    """The applied fields, with what can be changed behind our back as it is now."""
    now = {name: value for name, value in applied.items() if name not in {"resources", "restart", "networks"}}
    now["networks"] = sorted(names.plain_network(scope, name) for name in container.networks)
    if limits := _limits(container.host):
        now["resources"] = limits
    if (policy := _restart(container.host)) != "always":
        now["restart"] = policy
    return now


def condition_of(container: Container) -> tuple[Condition, str]:
    """What a container does, and a detail for people."""
    again = f", restarted {_times(container.restarts)}" if container.restarts else ""
    error = container.state.get("Error", "")
    match container.status:
        case "running":
            unwell = container.state.get("Health", {}).get("Status") == "unhealthy"
            word = "the image's own health check says unhealthy" if unwell else ""
            return Condition.RUNNING, (word + again).removeprefix(", ")
        case "restarting":
            return Condition.FAILED, _end(container) + again
        case "exited" if not error:
            return Condition.STOPPED, _end(container) + again
        case status if status in _RESTING and not error:
            return Condition.STOPPED, _RESTING[status]
        case status:
            return Condition.FAILED, (error or status) + again


def ended_by(container: Container) -> Author:
    """Whose doing it is that a container does not run, as far as its end and its restart policy tell.

    The engine starts again what ends by itself, unless the policy says otherwise, and leaves alone what it was asked
    to stop: so a rest under such a policy was asked for. Without one, a status of 0 may be the answer to a polite stop.
    """
    state = container.state
    code = state.get("ExitCode", 0)
    match container.status:
        case "restarting" | "dead":
            return Author.WORKLOAD
        case "paused":
            return Author.PERSON
        case "exited" if state.get("OOMKilled"):
            return Author.WORKLOAD
        case "exited" if not state.get("Error"):
            return _of_an_end(code, _restart(container.host))
        case _:
            return Author.UNKNOWN


def _of_an_end(code: int, policy: str) -> Author:
    if policy == "always" or (policy == "onFailure" and code != 0) or code in _SIGNALLED:
        return Author.PERSON
    return Author.UNKNOWN if code == 0 else Author.WORKLOAD


def endpoints(place: Place, fields: Fields, container: Container) -> Iterator[Endpoint]:
    """Where its ports are reached: where they are published, else, on this machine, at the container itself."""
    ports: Any = fields.get("ports", {})
    own = next((address for address in container.networks.values() if address), "")
    for name, port in ports.items():
        number = container.published.get(f"{port['port']}/{port.get('protocol', 'tcp')}")
        if number is not None:
            yield Endpoint(port=name, host=place.address, number=number)
        elif place.is_local and own and container.status == "running":
            yield Endpoint(port=name, host=own, number=port["port"])


def _addresses(settings: Json) -> dict[str, str]:
    return {name: end.get("IPAddress") or "" for name, end in (settings.get("Networks") or {}).items()}


def _listed_ports(entries: list[Json] | None) -> Iterator[tuple[str, int]]:
    for entry in sorted(
        entries or (), key=lambda entry: ":" not in entry.get("IP", "")
    ):  # the last one wins: IPv4
        if "PublicPort" in entry:
            yield f"{entry['PrivatePort']}/{entry['Type']}", entry["PublicPort"]


def _inspected_ports(settings: Json) -> Iterator[tuple[str, int]]:
    for key, bindings in (settings.get("Ports") or {}).items():
        for binding in sorted(bindings or (), key=lambda binding: ":" not in binding["HostIp"]):
            yield key, int(binding["HostPort"])


def _limits(host: Json) -> dict[str, str]:
    limits: dict[str, str] = {}
    nanos = host.get("NanoCpus") or 0
    if not nanos and (host.get("CpuQuota") or 0) > 0:  # somebody used --cpu-quota
        nanos = host["CpuQuota"] * 1_000_000_000 // (host.get("CpuPeriod") or 100_000)
    if nanos > 0:
        limits["cpu"] = cpu_text(nanos)
    if (host.get("Memory") or 0) > 0:
        limits["memory"] = memory_text(host["Memory"])
    return limits


def _restart(host: Json) -> str:
    policy = host.get("RestartPolicy") or {}
    name, limit = policy.get("Name", ""), policy.get("MaximumRetryCount", 0)
    if name in _ALWAYS:
        return "always"
    if name in _NEVER:
        return "never"
    return f"onFailure, at most {_times(limit)}" if limit else "onFailure"


def _end(container: Container) -> str:
    """How its process ended: "exited with status 137 3 minutes ago" or so."""
    state = container.state
    words = f"exited with status {state.get('ExitCode', '?')}"
    if state.get("OOMKilled"):
        words += ", out of memory"
    _, found, ago = container.phrase.partition(") ")
    return f"{words} {ago}" if found else words


def _trace(condition: Condition, state: Json) -> str:
    ended = state.get("FinishedAt", "")
    over = condition is not Condition.RUNNING and not ended.startswith("0001-")
    return f"ended at {ended.partition('.')[0]}Z" if over and ended else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _ordinal(labels: Mapping[str, str]) -> int | None:
    text = labels.get(names.ORDINAL, "")
    return int(text) if text.isdigit() else None


def _time(text: str) -> datetime | None:
    return None if not text or text.startswith("0001-") else datetime.fromisoformat(text)
