"""One Deployment or StatefulSet while it is imported."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from eeveon.core.diagnostic import Position
from eeveon.importing.imported import Choices, Lost, Report, Sort
from eeveon.importing.kubernetes.reading import Object, mapping

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All objects by kind and name. `taken` are those that some service has taken in."""

    all: tuple[Object, ...]
    by_kind: Mapping[str, list[Object]]
    taken: set[tuple[str, str]] = field(default_factory=set)

    def of(self, kind: str) -> list[Object]:
        """The objects of a kind."""
        return self.by_kind.get(kind, [])

    def find(self, kind: str, name: str) -> Object | None:
        """One object."""
        return next((one for one in self.of(kind) if one.name == name), None)

    def take(self, one: Object) -> None:
        """Note that it is in the specs now."""
        self.taken.add((one.kind, one.name))

    def rest(self) -> list[Object]:
        """What nobody has taken."""
        return [one for one in self.all if (one.kind, one.name) not in self.taken]


def cluster_of(objects: Iterable[Object]) -> Cluster:
    """The objects, in their order."""
    found = tuple(objects)
    by_kind: dict[str, list[Object]] = {}
    for one in found:
        by_kind.setdefault(one.kind, []).append(one)
    return Cluster(all=found, by_kind=by_kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A workload: what it is, what it is called here, and where losses and left-overs go."""

    work: Object
    name: str
    cluster: Cluster
    report: Report
    choices: Choices
    hatch: Fields = field(default_factory=dict)  # `kubernetes:` of the service
    manifests: list[Object] = field(default_factory=list)  # objects that go beside it as they are
    old: list[str] = field(default_factory=list)  # objects whose names EEveon does not use

    @property
    def template(self) -> Mapping[str, Any]:
        """The template of its pods."""
        return mapping(self.work.spec.get("template"))

    @property
    def pod(self) -> Mapping[str, Any]:
        """The spec of its pods."""
        return mapping(self.template.get("spec"))

    @property
    def pod_labels(self) -> Mapping[str, Any]:
        """The labels of its pods."""
        return mapping(mapping(self.template.get("metadata")).get("labels"))

    @property
    def is_stateful(self) -> bool:
        """Whether its pods have names and volumes of their own."""
        return self.work.kind == "StatefulSet"

    def add(
        self, what: str, why: str, *, todo: str = "", sort: Sort = Sort.LOST, at: Position | None = None
    ) -> None:
        """Report something that is not as it was."""
        self.report.add(
            Lost(
                where=at or self.work.at(),
                what=f"{self.work.title}: {what}",
                why=why,
                todo=todo,
                sort=sort,
                service=self.name,
            )
        )

    def into_hatch(self, value: Any, *path: str) -> None:
        """Put something into `kubernetes:` at a path; nothing where it is empty."""
        if value in (None, {}, []):
            return
        node = self.hatch
        for step in path[:-1]:
            node = node.setdefault(step, {})
        last = path[-1]
        if isinstance(value, Mapping) and isinstance(node.get(last), dict):
            node[last].update(value)
        elif isinstance(value, list) and isinstance(node.get(last), list):
            node[last] += value
        else:
            node[last] = dict(value) if isinstance(value, Mapping) else value

    def into_container(self, fields: Mapping[str, Any]) -> None:
        """Put fields into the container of the service, in `kubernetes:`."""
        if not fields:
            return
        spec = self.hatch.setdefault("podTemplate", {}).setdefault("spec", {})
        containers = spec.setdefault("containers", [])
        own = next((one for one in containers if one["name"] == self.name), None)
        if own is None:
            own = {"name": self.name}
            containers.insert(0, own)
        for key, value in fields.items():
            if isinstance(value, list) and isinstance(own.get(key), list):
                own[key] = own[key] + value
            elif isinstance(value, Mapping) and isinstance(own.get(key), dict):
                own[key] = {**own[key], **value}
            else:
                own[key] = value


def selects(selector: object, labels: Mapping[str, Any]) -> bool:
    """Whether a selector of labels, which is not empty, is of these labels."""
    wanted = mapping(selector)
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


def main_container(part: Part) -> Mapping[str, Any] | None:
    """The container that is the service: the one of its name, the one that is said to be it, or the first."""
    containers = [mapping(one) for one in part.pod.get("containers") or ()]
    noted = mapping(mapping(part.template.get("metadata")).get("annotations"))
    for name in (str(noted.get("kubectl.kubernetes.io/default-container", "")), part.work.name, part.name):
        found = next((one for one in containers if one.get("name") == name), None)
        if found is not None:
            return found
    return containers[0] if containers else None


def others(part: Part, own: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The containers beside it."""
    return [mapping(one) for one in part.pod.get("containers") or () if one is not own and one != own]
