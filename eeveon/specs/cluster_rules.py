"""What JSON Schema cannot say of `kubernetes` in a Service: what people add must leave an object what it is.

An object is found again by its name and its labels of identity, and selects its pods by them.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from eeveon.specs.problem import Path, Problem, field_name, shown

_AT: Final[Path] = ("spec", "kubernetes")
_OF_ALL: Final = (("apiVersion",), ("kind",), ("status",), ("metadata", "name"), ("metadata", "namespace"))
_IDENTITY: Final = (
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
)
_OURS: Final = "eeveon.dev/"
_KEPT: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "deployment": (("spec", "selector"), ("spec", "replicas"), ("spec", "template")),
    "statefulSet": (
        ("spec", "selector"),
        ("spec", "replicas"),
        ("spec", "serviceName"),
        ("spec", "template"),
        ("spec", "volumeClaimTemplates"),
    ),
    "service": (("spec", "selector"),),
    "podDisruptionBudget": (("spec", "selector"),),
    "horizontalPodAutoscaler": (
        ("spec", "scaleTargetRef"),
        ("spec", "minReplicas"),
        ("spec", "maxReplicas"),
    ),
}
_INSTEAD: Final[Mapping[tuple[str, ...], str]] = {
    ("spec", "replicas"): "write `replicas` of the service",
    ("spec", "template"): "write it in `podTemplate`",
    ("spec", "volumeClaimTemplates"): "write it in `persistentVolumeClaims`",
    ("spec", "minReplicas"): "write `bounds` of the ScalingPolicy",
    ("spec", "maxReplicas"): "write `bounds` of the ScalingPolicy",
}
_MAPS: Final = (("metadata",), ("metadata", "labels"), ("metadata", "annotations"), ("spec",))
_CONTAINERS: Final = ("containers", "initContainers")


def cluster_rules(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything that is wrong with what a Service says for clusters only."""
    spec = document["spec"]
    if ".." in PurePosixPath(spec.get("manifests", "")).parts:
        yield Problem(
            code="outside-repository",
            message=f"`{spec['manifests']}` leads out of the repository",
            path=("spec", "manifests"),
            hint="write a path from the root of the repository, without `..`",
        )
    added = spec.get("kubernetes", {})
    for name in sorted(added.keys() - {"conflicts", "persistentVolumeClaims"}):
        yield from _object(added[name], (*_AT, name))
    claims = added.get("persistentVolumeClaims", {})
    for name in claims:
        yield from _object(claims[name], (*_AT, "persistentVolumeClaims", name))


def _object(added: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    for kept in (*_OF_ALL, *_KEPT.get(str(path[2]), ())):
        if _has(added, kept):
            yield Problem(
                code="wrong-value",
                message=f"`{'.'.join(kept)}` of an object is not to be changed here",
                path=(*path, *kept),
                hint=_INSTEAD.get(kept, "remove it"),
                on_key=True,
            )
    wrong = list(_wrong_shapes(added, path))
    yield from wrong
    if not wrong:
        yield from _identity(added, path)


def _wrong_shapes(added: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    for steps in _MAPS:
        yield from _not_a(dict, added, steps, path)
    if path[2] != "podTemplate" or not isinstance(added.get("spec", {}), dict):
        return
    yield from _not_a(dict, added, ("spec", "securityContext"), path)
    for name in _CONTAINERS:
        yield from _not_a(list, added, ("spec", name), path)
        containers = added.get("spec", {}).get(name, [])
        for index, container in enumerate(containers if isinstance(containers, list) else ()):
            yield from _container(container, (*path, "spec", name, index))


def _container(container: Any, path: Path) -> Iterator[Problem]:
    if not isinstance(container, dict) or not isinstance(container.get("name"), str):
        yield Problem(
            code="missing-field",
            message="a container is a mapping with a `name`",
            path=path,
            hint="that of the service is its own container; any other is one more",
        )
        return
    yield from _not_a(dict, container, ("securityContext",), path)
    yield from _not_a(dict, container, ("securityContext", "capabilities"), path)
    yield from _not_a(list, container, ("securityContext", "capabilities", "add"), path)


def _not_a(
    shape: type[dict[str, Any]] | type[list[Any]],
    added: Mapping[str, Any],
    steps: tuple[str, ...],
    path: Path,
) -> Iterator[Problem]:
    if not _has(added, steps):
        return
    value: Any = added
    for step in steps:
        value = value[step]
    if not isinstance(value, shape):
        noun = "a mapping" if shape is dict else "a list"
        where: Path = (*path, *steps)
        yield Problem(
            code="wrong-type",
            message=f"`{field_name(where)}` must be {noun}",
            path=where,
            hint="as the API has it",
        )


def _identity(added: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    for holder in ("labels", "annotations"):
        for key in added.get("metadata", {}).get(holder, {}):
            if key.startswith(_OURS) or (holder == "labels" and key in _IDENTITY):
                yield Problem(
                    code="wrong-name",
                    message=f"`{key}` says whose an object is, in {shown((*path[2:], 'metadata', holder))}",
                    path=(*path, "metadata", holder, key),
                    hint="choose another name",
                    on_key=True,
                )


def _has(added: Any, steps: tuple[str, ...]) -> bool:
    for step in steps:
        if not isinstance(added, dict) or step not in added:
            return False
        added = added[step]
    return True
