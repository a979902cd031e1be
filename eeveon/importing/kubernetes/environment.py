"""Variables of a container: from itself, from ConfigMaps, and references for all that comes from Secrets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eeveon.importing.imported import Sort
from eeveon.importing.kubernetes.part import Part
from eeveon.importing.kubernetes.reading import listed, mapping
from eeveon.importing.naming import fits_any, is_secret, is_variable

_REFERENCE = re.compile(r"\$\([A-Za-z_][A-Za-z0-9_.-]*\)")


@dataclass(slots=True)
class _Variables:
    env: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    kept: list[Mapping[str, Any]] = field(default_factory=list)  # as the container had them

    def drop(self, name: str) -> None:
        self.env.pop(name, None)
        self.secrets.pop(name, None)


def environment(part: Part, container: Mapping[str, Any]) -> dict[str, Any]:
    """`env` and `secrets` of the service; what only a cluster can fill in stays with the container."""
    found = _Variables()
    for source in listed(container.get("envFrom")):
        _whole(part, found, mapping(source))
    for entry in listed(container.get("env")):
        _one(part, found, mapping(entry))
    if found.kept:
        part.into_container({"env": found.kept})
    return {"env": found.env, "secrets": found.secrets}


def _whole(part: Part, found: _Variables, source: Mapping[str, Any]) -> None:
    prefix = str(source.get("prefix", ""))
    if "configMapRef" in source:
        name = str(mapping(source["configMapRef"]).get("name"))
        config = part.cluster.find("ConfigMap", name)
        if config is None:
            _unknown(part, f"ConfigMap/{name}")
            return
        part.cluster.take(config)
        for key, value in mapping(config.body.get("data")).items():
            _plain(part, found, f"{prefix}{key}", str(value))
    elif "secretRef" in source:
        name = str(mapping(source["secretRef"]).get("name"))
        secret = part.cluster.find("Secret", name)
        if secret is None:
            _unknown(part, f"Secret/{name}")
            return
        part.cluster.take(secret)
        for key in listed(secret.body.get("keys")):
            _secret(part, found, f"{prefix}{key}", f"{name}:{key}")


def _unknown(part: Part, what: str) -> None:
    part.add(
        "envFrom", f"all variables of {what} are taken in, and it is not among the objects",
        todo="import again with it, or add the variables to `env` and `secrets`", sort=Sort.TODO,
    )  # fmt: skip


def _one(part: Part, found: _Variables, entry: Mapping[str, Any]) -> None:
    name, source = str(entry.get("name")), mapping(entry.get("valueFrom"))
    found.drop(name)
    if "secretKeyRef" in source:
        ref = mapping(source["secretKeyRef"])
        secret = part.cluster.find("Secret", str(ref.get("name")))
        if secret is not None:
            part.cluster.take(secret)
        _secret(part, found, name, f"{ref.get('name')}:{ref.get('key')}")
    elif "configMapKeyRef" in source:
        ref = mapping(source["configMapKeyRef"])
        config = part.cluster.find("ConfigMap", str(ref.get("name")))
        data = mapping(config.body.get("data")) if config else {}
        if config is not None and ref.get("key") in data:
            part.cluster.take(config)
            _plain(part, found, name, str(data[ref["key"]]))
        else:
            found.kept.append(entry)
    elif source:
        found.kept.append(entry)
    else:
        value = str(entry.get("value", "") if entry.get("value") is not None else "")
        if _REFERENCE.search(value) and not is_secret(name, value):
            found.kept.append({"name": name, "value": value})  # the kubelet puts other variables in
        else:
            _plain(part, found, name, value)


def _plain(part: Part, found: _Variables, name: str, value: str) -> None:
    found.drop(name)
    if not is_variable(name):
        part.add(f"env {name}", "no variable can have this name", sort=Sort.TODO)
    elif fits_any(name, part.choices.secret) or (
        is_secret(name, value) and not fits_any(name, part.choices.plain)
    ):
        _secret(part, found, name, "")
    else:
        found.env[name] = value


def _secret(part: Part, found: _Variables, name: str, origin: str) -> None:
    """A reference, and what fetches the value into an encrypted file."""
    found.drop(name)
    if not is_variable(name):
        part.add(f"env {name}", "no variable can have this name", sort=Sort.TODO)
        return
    found.secrets[name] = {"env": name}
    secret, _, key = origin.partition(":")
    get = (
        f"{part.choices.kubectl} get secret {secret} -o go-template='{{{{index .data \"{key}\" | base64decode}}}}' | "
        if secret
        else ""
    )
    part.add(
        f"env {name}", f"its value comes from Secret/{secret}, and specs hold none" if secret
        else "its value is secret, and specs hold none",
        todo=f"apply with {name} set, or keep it encrypted: {get}eeveon secrets set secrets/{part.name}.enc.yaml {name}"
        f", then `{{file: …, key: {name}}}`",
        sort=Sort.TODO,
    )  # fmt: skip
