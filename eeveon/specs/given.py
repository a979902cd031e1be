"""Kubernetes YAML of people's own: the objects in a folder's files, and everything in them that no cluster takes.

Only what makes a document an object is looked at here; what its kind allows, the cluster says.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from eeveon.core.desired import Given
from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.specs.identities import Identity, identity_of
from eeveon.specs.load import Limits, PositionIndex, SourceFile, load_file

LIMITS: Final = Limits(size=16 * 2**20, values=8 * 2**20)  # definitions of kinds are written by machines
_OF_THE_SERVER: Final = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)
_TEXTS: Final = ("labels", "annotations")


@dataclass(slots=True)
class _Found:
    """What was found so far."""

    objects: list[Given] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def tell(self, position: Position, message: str, hint: str = "", code: str = "wrong-manifest") -> None:
        self.diagnostics.append(Diagnostic(code=code, message=message, position=position, hint=hint))


def objects_in(files: Iterable[SourceFile]) -> tuple[tuple[Given, ...], tuple[Diagnostic, ...]]:
    """The objects of these files in their order, without what only servers write; and what is wrong, by place."""
    found = _Found()
    for file in files:
        loaded = load_file(file, LIMITS)
        found.diagnostics += loaded.diagnostics
        for document in loaded.documents:
            place = Position(file=document.file, line=document.line, column=1)
            for position, body in _flat(document.data, place, (file, document.index)):
                if (problem := _wrong(body)) is not None:
                    found.tell(position, *problem)
                else:
                    found.objects.append(Given(body=_clean(body), position=position))
    _told_twice(found)
    ordered = sorted(found.diagnostics, key=lambda diagnostic: diagnostic.sort_key)
    return tuple(found.objects), tuple(ordered)


def _flat(
    data: Mapping[str, Any], place: Position, where: tuple[SourceFile, int]
) -> Iterator[tuple[Position, Mapping[str, Any]]]:
    """The document, or each entry of one that is a list of objects."""
    kind, items = data.get("kind"), data.get("items")
    if not (isinstance(kind, str) and kind.endswith("List") and isinstance(items, list)):
        yield place, data
        return
    file, index = where
    places = PositionIndex(file.content, file.path, LIMITS.depth)
    for number, item in enumerate(items):
        yield places.position(index, ("items", number)), item


def _wrong(body: object) -> tuple[str, str] | None:
    """Why it is no object, and what to do; None for one that is."""
    if not isinstance(body, Mapping):
        return "an object is a mapping", ""
    for name in ("apiVersion", "kind"):
        if not isinstance(body.get(name), str) or not body[name]:
            return f"an object says its `{name}`", "files that hold none belong into another folder"
    if body["apiVersion"].startswith("eeveon/"):
        return f"{body['kind']} is a kind of EEveon, and no object of a cluster", "move it to the specs"
    if body["apiVersion"].startswith("kustomize.config.k8s.io/"):
        return (
            "a kustomization is only built where its own folder is named",
            "write its folder as `manifests`",
        )
    return _wrong_metadata(body["kind"], body.get("metadata"))


def _wrong_metadata(kind: str, metadata: object) -> tuple[str, str] | None:
    known = metadata if isinstance(metadata, Mapping) else {}
    name = known.get("name")
    if not isinstance(name, str) or not name:
        hint = "`generateName` makes another one each time" if "generateName" in known else ""
        return f"a {kind} has no `metadata.name`", hint
    if not isinstance(known.get("namespace", ""), str):
        return f"`metadata.namespace` of {kind} `{name}` must be text", ""
    for field_name in _TEXTS:
        pairs = known.get(field_name)
        if pairs is not None and not (
            isinstance(pairs, Mapping) and all(isinstance(value, str) for value in pairs.values())
        ):
            return (
                f"`metadata.{field_name}` of {kind} `{name}` must be pairs of text",
                "put quotes around numbers",
            )
    return None


def _clean(body: Mapping[str, Any]) -> dict[str, Any]:
    """The object without its status and what a server adds: `kubectl get -o yaml` prints that too."""
    metadata = {
        name: value
        for name, value in body["metadata"].items()
        if name not in _OF_THE_SERVER and value is not None
    }
    return {**{name: value for name, value in body.items() if name != "status"}, "metadata": metadata}


def _told_twice(found: _Found) -> None:
    first: dict[Identity, Position] = {}
    for given in found.objects:
        identity = identity_of(given)
        place = first.setdefault(identity, given.position)
        if place is not given.position:
            message = f"{identity[1]} `{identity[3]}` is there twice; the first is at {place}"
            found.tell(given.position, message, "remove one of them", code="duplicate-name")
