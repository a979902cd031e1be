"""Objects of Kubernetes from files of YAML and JSON, or from whoever can list them in a cluster."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from eeveon.core.diagnostic import Position
from eeveon.importing.imported import AS_USUAL, Choices, Report
from eeveon.specs.load import Limits, PositionIndex, SourceFile, load_file

Body = Mapping[str, Any]

# What an import of a cluster asks for, as RBAC writes it; kinds that a cluster lacks are left out by its reader.
RESOURCES: Final = (
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "cronjobs.batch",
    "services",
    "ingresses.networking.k8s.io",
    "configmaps",
    "secrets",  # their values are dropped as they are read
    "horizontalpodautoscalers.autoscaling",
    "poddisruptionbudgets.policy",
    "persistentvolumeclaims",
    "networkpolicies.networking.k8s.io",
)
_LIMITS: Final = Limits(size=64 * 1024 * 1024, values=16 * 1024 * 1024)
# The API reads YAML 1.1, in which these are octal; no other numbers are usually written so.
_MODE = re.compile(rb"((?:defaultMode|mode):[ ]*)0([0-7]{3})(?=[\s,}])")
_HIDDEN: Final = "data", "stringData"


class Reader(Protocol):
    """Lists objects of a cluster: given a kind as RBAC writes it, its objects in the namespace of the import."""

    def __call__(self, resource: str) -> Iterable[Body]:
        """The objects, with `apiVersion` and `kind` on each. Raises TargetError where it cannot know them all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """A file, or standard input, and how it is called."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be imported."""

    files: tuple[YamlFile, ...] = ()
    reader: Reader | None = None
    namespace: str = ""  # "": that of all objects, which must be one
    context: str = ""  # of the kubeconfig, for the Target
    choices: Choices = AS_USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One object. Of a Secret `body` has the names of its entries, never their values."""

    body: Body
    origin: str  # a file, or the cluster
    index: int = 0
    path: tuple[str | int, ...] = ()
    places: PositionIndex | None = field(default=None, compare=False)

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.body.get("kind", ""))

    @property
    def group(self) -> str:
        """The group of its API; "" for the core."""
        return str(self.body.get("apiVersion", "")).rpartition("/")[0]

    @property
    def metadata(self) -> Body:
        """Its metadata."""
        return mapping(self.body.get("metadata"))

    @property
    def spec(self) -> Body:
        """Its spec."""
        return mapping(self.body.get("spec"))

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.metadata.get("name", ""))

    @property
    def namespace(self) -> str:
        """Its namespace; "" where none is said."""
        return str(self.metadata.get("namespace", ""))

    @property
    def title(self) -> str:
        """What people call it: `Deployment/web`."""
        return f"{self.kind}/{self.name}"

    def at(self, *path: str | int) -> Position:
        """Where it, or a field of it, is written."""
        if self.places is None:
            return Position(file=f"{self.origin} {self.title}")
        return self.places.position(self.index, (*self.path, *path), key=bool(path))


def mapping(value: object) -> Body:
    """A mapping as it is; anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """A list as it is; anything else as an empty one."""
    return value if isinstance(value, list) else []


def objects(request: Request, report: Report) -> list[Object]:
    """All objects, lists taken apart."""
    found = [one for file in request.files for one in _of_file(file, report)]
    if request.reader is not None:
        for resource in RESOURCES:
            found += [_made(body, Object(body={}, origin="cluster")) for body in request.reader(resource)]
    return [one for one in found if request.namespace in {"", one.namespace} or not one.namespace]


def _of_file(file: YamlFile, report: Report) -> Iterator[Object]:
    content = _MODE.sub(lambda digits: b"%b%-4d" % (digits[1], int(digits[2], 8)), file.content)
    loaded = load_file(SourceFile(path=file.path, content=content), _LIMITS)
    report.mistakes += loaded.diagnostics
    places = PositionIndex(content, file.path)
    for document in loaded.documents:
        whole = Object(body=document.data, origin=file.path, index=document.index, places=places)
        kind = whole.kind
        if kind.endswith("List") and isinstance(document.data.get("items"), list):
            for at, item in enumerate(listed(document.data["items"])):
                body = {
                    "apiVersion": whole.body.get("apiVersion"),
                    "kind": kind.removesuffix("List"),
                    **mapping(item),
                }
                yield _made(body, Object(body={}, origin=file.path, index=document.index,
                                         path=("items", at), places=places))  # fmt: skip
        elif not kind or not whole.name:
            report.mistake(
                whole.at(), "this is no object of Kubernetes", "it needs `kind` and `metadata.name`"
            )
        else:
            yield _made(whole.body, whole)


def _made(body: Body, place: Object) -> Object:
    """The object, without the values of a Secret."""
    if body.get("kind") == "Secret":
        keys = {key for name in _HIDDEN for key in mapping(body.get(name))}
        body = {key: value for key, value in body.items() if key not in _HIDDEN} | {"keys": sorted(keys)}
        kept = mapping(body.get("metadata"))
        body["metadata"] = {
            key: value for key, value in kept.items() if key != "annotations"
        }  # may hold values
    return Object(body=body, origin=place.origin, index=place.index, path=place.path, places=place.places)
