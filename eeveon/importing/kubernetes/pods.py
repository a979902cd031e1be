"""The container that is the service, and all else of its pods."""

from collections.abc import Mapping
from typing import Any, Final

from eeveon.importing import amounts
from eeveon.importing.imported import Sort
from eeveon.importing.kubernetes import cleaning
from eeveon.importing.kubernetes.part import Part, others
from eeveon.importing.kubernetes.reading import listed, mapping
from eeveon.importing.naming import MASK, is_secret, masked_words, port_name, spec_name, unique

_READ: Final = frozenset(  # of a container, by this or another part of the import
    {"name", "image", "args", "command", "ports", "env", "envFrom", "workingDir", "resources", "volumeMounts"}
    | {"readinessProbe", "startupProbe", "livenessProbe", "lifecycle", "securityContext"}
)
_GRACE: Final = 30  # seconds, as the API has it
_OURS: Final = 10  # as specs have it


def ports(container: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ports that the container names, each with a name."""
    found: list[dict[str, Any]] = []
    for one in listed(container.get("ports")):
        taken = [port["name"] for port in found]
        number, protocol = int(one["containerPort"]), str(one.get("protocol") or "TCP").lower()
        if protocol not in {"tcp", "udp"}:
            continue
        name = spec_name(str(one.get("name") or "")) or port_name(number, protocol, taken)
        port: dict[str, Any] = {"name": unique(name, taken), "port": number}
        found.append(port if protocol == "tcp" else {**port, "protocol": protocol})
    return found


def container_fields(part: Part, container: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the service that are fields of its container; the rest goes into `kubernetes:`."""
    command, args = (_words(part, container, name) for name in ("command", "args"))
    if command:
        part.into_container({"command": command})
    filled = any("$(" in str(word) for word in args)
    if filled:  # the kubelet fills in variables of the container's own words, and of no others
        part.into_container({"args": args})
    known = cleaning.without(container, cleaning.CONTAINER)
    part.into_container({key: value for key, value in known.items() if key not in _READ})
    for port in listed(container.get("ports")):
        if "hostPort" in port or str(port.get("protocol")) == "SCTP":
            part.into_container({"ports": [port]})
    return {
        "image": str(container.get("image", "")),
        "command": [] if filled else [str(word) for word in args],
        "resources": _resources(part, mapping(container.get("resources"))),
        "workingDir": container.get("workingDir"),
        "user": _user(part, mapping(container.get("securityContext"))),
    }


def _resources(part: Part, written: Mapping[str, Any]) -> dict[str, Any]:
    limits, requests = mapping(written.get("limits")), mapping(written.get("requests"))
    found: dict[str, Any] = {}
    cpu, memory = (amounts.quantity(limits[name]) if name in limits else None for name in ("cpu", "memory"))
    if cpu:
        found["cpu"] = amounts.millis_text(int((cpu * 1000).to_integral_value(rounding="ROUND_CEILING")))
    if memory:
        found["memory"] = amounts.in_units(int(memory))
    more = {name: amount for name, amount in limits.items() if name not in {"cpu", "memory"}}
    apart = {
        name: one for name, one in requests.items() if name not in limits or not _equal(one, limits[name])
    }
    rest = {"limits": more, "requests": apart, "claims": listed(written.get("claims"))}
    part.into_container({"resources": rest} if (rest := cleaning.pruned(rest)) else {})
    return found


def _equal(one: object, other: object) -> bool:
    return amounts.quantity(one) == amounts.quantity(other)


def _user(part: Part, context: Mapping[str, Any]) -> str | None:
    rest = {key: value for key, value in context.items() if key not in {"runAsUser", "runAsGroup"}}
    user, group = context.get("runAsUser"), context.get("runAsGroup")
    if user is None and group is not None:
        rest["runAsGroup"] = group
    part.into_container({"securityContext": rest} if rest else {})
    return None if user is None else f"{user}:{group}" if group is not None else str(user)


def pod_fields(part: Part, container: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the service that are fields of its pods; the rest goes into `kubernetes:`."""
    for other in others(part, container):
        part.into_hatch([_beside(part, other)], "podTemplate", "spec", "containers")
    inits = [_beside(part, mapping(one)) for one in listed(part.pod.get("initContainers"))]
    spec = cleaning.without(part.pod, cleaning.POD)
    account = spec.get("serviceAccountName")
    rest = {
        key: value
        for key, value in spec.items()
        if key
        not in {"containers", "initContainers", "volumes", "terminationGracePeriodSeconds", "serviceAccount"}
    }
    for key, value in {**rest, "initContainers": inits}.items():
        part.into_hatch(value, "podTemplate", "spec", key)
    if account is None and "automountServiceAccountToken" not in spec:
        _token(part)
    metadata = mapping(part.template.get("metadata"))
    part.into_hatch(cleaning.annotations(metadata), "podTemplate", "metadata", "annotations")
    part.into_hatch(cleaning.labels(metadata), "podTemplate", "metadata", "labels")
    name = container.get("name")
    if name != part.name:
        part.add(
            f"container {name}", f"it is called `{part.name}` now, as the service", sort=Sort.DIFFERS,
            todo="name it so in `kubectl logs -c` and where patches name it",
        )  # fmt: skip
    grace = int(part.pod.get("terminationGracePeriodSeconds", _GRACE))
    return {} if grace == _OURS else {"stopGrace": f"{grace}s"}


def _words(part: Part, container: Mapping[str, Any], field: str) -> list[str]:
    """The words of a command, without the values of secrets."""
    words = [str(word) for word in listed(container.get(field))]
    made = masked_words(words)
    if made != words:
        part.add(
            f"{field} of container {container.get('name')}",
            f"it holds the value of a secret, so `{MASK}` stands in its place",
            todo="let the program read it from a variable", sort=Sort.TODO,
        )  # fmt: skip
    return made


def _beside(part: Part, container: Mapping[str, Any]) -> dict[str, Any]:
    """Another container as it was, but that secret values of its variables come from a Secret that somebody makes."""
    found = cleaning.without(container, cleaning.CONTAINER)
    for field in ("command", "args"):
        if field in found:
            found[field] = _words(part, container, field)
    entries = [mapping(entry) for entry in listed(found.get("env"))]
    secret = [
        str(one["name"]) for one in entries if is_secret(str(one.get("name")), str(one.get("value") or ""))
    ]
    if secret:
        name = f"{part.name}-{container.get('name')}"
        found["env"] = [
            {"name": one["name"], "valueFrom": {"secretKeyRef": {"name": name, "key": one["name"]}}}
            if one.get("name") in secret
            else one
            for one in entries
        ]
        files = " ".join(f"--from-file={one}=FILE" for one in secret)
        part.add(
            f"env of container {container.get('name')}", f"{', '.join(secret)}: secret, and specs hold no values",
            todo=f"before the apply: {part.choices.kubectl} create secret generic {name} {files}", sort=Sort.TODO,
        )  # fmt: skip
    return found


def _token(part: Part) -> None:
    part.add(
        "serviceAccountName", "pods of the default account get no token of the API, unless it is asked for",
        todo="if the program uses the API: `kubernetes: {podTemplate: {spec: {automountServiceAccountToken: true}}}`",
        sort=Sort.DIFFERS,
    )  # fmt: skip
