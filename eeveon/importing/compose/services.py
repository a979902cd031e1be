"""A service of Compose as a Service of specs."""

import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

from eeveon.importing import amounts
from eeveon.importing.compose.deploying import replicas, resources, restart, rollout
from eeveon.importing.compose.environment import Sources, environment, secret_words
from eeveon.importing.compose.health import health
from eeveon.importing.compose.losses import KNOWN, SERVICE, Loss
from eeveon.importing.compose.merging import by_name, pairs
from eeveon.importing.compose.part import Part
from eeveon.importing.compose.ports import ports
from eeveon.importing.compose.storage import Project, keeps_files, mounts
from eeveon.importing.imported import Sort
from eeveon.importing.naming import spec_name
from eeveon.importing.nodes import Node
from eeveon.specs.kinds.common import KEY_PATTERN

DEFAULT_NETWORK: Final = "default"
COMPLETED: Final = "service_completed_successfully"
_LABEL = re.compile(KEY_PATTERN)
# Prefixes of labels that other programs on the engine act on.
_READERS: Final = ("traefik.", "caddy", "com.centurylinklabs.watchtower", "ofelia.", "diun.", "homepage.")


def service(part: Part, project: Project, sources: Sources, target: str) -> dict[str, Any]:
    """The document of the service."""
    count = replicas(part)
    volumes = mounts(part, project)
    spec: dict[str, Any] = {
        "targets": [target],
        "replicas": count if count != 1 else None,
        "image": _image(part),
        "command": _command(part),
        "ports": ports(part, count),
        **environment(part, project, sources),
        "volumes": volumes,
        "networks": _networks(part),
        "resources": resources(part),
        "workingDir": _text(part, "working_dir"),
        "user": _text(part, "user"),
        "restart": _unless(restart(part), "always"),
        "stopGrace": _unless(_grace(part), "10s"),
        "health": health(part),
        "rollout": rollout(part, keeps_files=count == 1 and keeps_files(volumes)),
        "dependsOn": _depends_on(part),
    }
    labels = _labels(part)
    _report_the_rest(part)
    return {
        "apiVersion": "eeveon/v2",
        "kind": "Service",
        "metadata": {"name": part.name, **({"labels": labels} if labels else {})},
        "spec": {name: value for name, value in spec.items() if value not in (None, [], {})},
    }


def _unless(value: str | None, usual: str) -> str | None:
    return None if value == usual else value


def _text(part: Part, field: str) -> str | None:
    node = part.get(field)
    return node.text or None if node else None


def _image(part: Part) -> str:
    """The image; for one that is built, the name that `docker compose build` gives it on the engine."""
    build, image = part.get("build"), part.get("image")
    name = image.text if image else f"{part.source.request.choices.project}-{part.written}"
    if build is not None:
        part.lose(build, "build", Loss(
            "images are built elsewhere",
            f"build it (`docker compose build {shlex.quote(part.written)}`), push it with a version, and name that as "
            f"`image`; until then `{name}` is looked for on the engine",
            Sort.TODO,
        ))  # fmt: skip
    elif image is None:
        part.mistake(part.node, "image", "it has neither `image` nor `build`")
    return name


def _command(part: Part) -> list[str]:
    """The words for the image's entry point; an entry point of the file's own goes before them."""
    entrypoint, command = part.node.value.get("entrypoint"), part.node.value.get("command")
    words = _words(part, command, "command")
    if entrypoint is None or entrypoint.value is None:
        if command is not None and command.value is not None and not words:
            part.lose(
                command, "command", Loss("an empty command cannot take away that of the image", "", Sort.TODO)
            )
        return words
    first = _words(part, entrypoint, "entrypoint")
    part.lose(entrypoint, "entrypoint", Loss(
        "an image keeps its own entry point" + (", which gets these words before the command" if first else ""),
        "right if the image has none, or one that ends in `exec \"$@\"`; else put it into the image",
        Sort.TODO,
    ))  # fmt: skip
    return [*first, *words]


def _words(part: Part, node: Node | None, field: str) -> list[str]:
    if node is None or node.value is None:
        return []
    if node.is_list:
        return secret_words(part, node, field)
    (text,) = secret_words(part, node, field)
    try:
        return shlex.split(text)
    except ValueError as wrong:
        part.mistake(node, field, f"it cannot be split into words: {str(wrong).lower()}")
        return []


def _grace(part: Part) -> str | None:
    node = part.get("stop_grace_period")
    if node is None:
        return None
    found = amounts.duration(node.text)
    if found is None:
        part.mistake(node, "stop_grace_period", f"`{node.text}` is no duration")
    return found


def _networks(part: Part) -> list[str]:
    """The networks besides the one that all services are in."""
    if (mode := part.get("network_mode")) is not None and mode.text != "bridge":
        part.lose(mode, "network_mode", Loss(
            f"containers are in the networks of their environment, never `{mode.text}`",
            "publish its ports, or run the service on a host with `command`", Sort.TODO,
        ))  # fmt: skip
    written = part.get("networks")
    names = []
    for name, node in by_name(written).entries() if written else ():
        if name != DEFAULT_NETWORK:
            names.append(spec_name(name))
        for key, one in node.entries():
            _network_option(part, name, key, one)
    return names


def _network_option(part: Part, network: str, key: str, node: Node) -> None:
    field = f"networks.{network}.{key}"
    if key != "aliases":
        part.lose(node, field, Loss("containers get their addresses from the engine"))
        return
    others = [item.text for item in node.items() if item.text != part.name]
    if others:
        part.lose(node, field, Loss(
            f"the service is found as `{part.name}` only",
            f"use that name where {' or '.join(f'`{name}`' for name in others)} is used", Sort.TODO,
        ))  # fmt: skip


def _depends_on(part: Part) -> list[str]:
    written = part.get("depends_on")
    found = []
    for name, node in by_name(written).entries() if written else ():
        condition = node.get("condition")
        if name not in part.names:
            part.lose(node, "depends_on", Loss(f"`{name}` is not imported"))
        elif condition is not None and condition.text == COMPLETED:
            part.lose(node, "depends_on", Loss(f"`{name}` is a task that ends, and those are not waited for"))
        else:
            found.append(part.names[name])
    return found


def _labels(part: Part) -> Mapping[str, str]:
    """Labels that specs can have. They are not put on containers, so a program that reads them there is named."""
    written = part.get("labels")
    found = {}
    read_by: set[str] = set()
    for name, node in pairs(written).entries() if written else ():
        if _LABEL.fullmatch(name) and len(name) < 254:
            found[name] = node.text
            read_by |= {prefix.rstrip(".") for prefix in _READERS if name.startswith(prefix)}
        else:
            part.lose(node, f"labels.{name}", Loss("no label can have this name"))
    if read_by and written is not None:
        part.lose(written, "labels", Loss(
            f"labels are not put on containers, where {' and '.join(sorted(read_by))} would read them",
            "configure that program by a file of its own", Sort.TODO,
        ))  # fmt: skip
    return found


def _report_the_rest(part: Part) -> None:
    """Every other field that the file has."""
    for name, node in part.node.entries():
        if node.value is None or name.startswith("x-"):
            continue
        if name in SERVICE:
            if node.value not in (False, "", [], {}):
                part.lose(node, name, SERVICE[name])
        elif name not in KNOWN:
            part.lose(node, name, Loss("nothing is known of this field"))
    _report_names(part)


def _report_names(part: Part) -> None:
    """Other names by which the service was found."""
    if (own := part.get("container_name")) is not None:
        part.differ(
            own, "container_name",
            f"containers are named by EEveon; others find the service as `{part.name}`, people by `eeveon logs`",
            f"use `{part.name}` where `{own.text}` is used" if own.text != part.name else "",
        )  # fmt: skip
    links = part.get("links")
    for item in links.items() if links else ():
        name, _, alias = item.text.partition(":")
        if alias and alias != part.names.get(name):
            part.lose(item, "links", Loss(
                f"`{name}` is found as `{part.names.get(name, name)}` only", f"use that name for `{alias}`", Sort.TODO
            ))  # fmt: skip
    if (labels := part.get("label_file")) is not None:
        part.lose(
            labels, "label_file", Loss("labels are written into the spec", "add them to `metadata.labels`")
        )
