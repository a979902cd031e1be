"""Objects of one namespace as a repository of specs."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from eeveon.importing.imported import Choices, Imported, Lost, Report, Sort, SpecFile
from eeveon.importing.kubernetes.cleaning import manifest
from eeveon.importing.kubernetes.part import Cluster, Part, cluster_of
from eeveon.importing.kubernetes.reading import Object, Request, objects
from eeveon.importing.kubernetes.workload import MANIFESTS, documents
from eeveon.importing.layout import repository
from eeveon.importing.naming import spec_name, unique
from eeveon.render.yaml import yaml_text

TARGET: Final = "cluster"
_WORKLOADS: Final = ("Deployment", "StatefulSet")
# What controllers make out of other objects, and what a namespace has by itself.
_MADE: Final = frozenset(
    {
        "Pod",
        "ReplicaSet",
        "ControllerRevision",
        "Endpoints",
        "EndpointSlice",
        "Event",
        "Lease",
        "Node",
        "Namespace",
    }
    | {"PodMetrics", "Job"}
)
_BY_ITSELF: Final = frozenset({"ConfigMap/kube-root-ca.crt", "ServiceAccount/default", "Service/kubernetes"})
_LEFT: Final = frozenset({"Secret", "PersistentVolumeClaim"})  # nothing here writes or changes them
_REPLACED: Final = {
    "Deployment": "before the apply: {kubectl} delete {} --cascade=orphan, which lets the pods run on; delete the old "
    "ReplicaSets once the new pods are ready",
    "StatefulSet": "before the apply: {kubectl} delete {}; the claims of its pods stay, and the new pods take them",
}
_NOT_IN_FILES = re.compile(r"[^a-z0-9.-]+")
_OF_THE_CLUSTER: Final = frozenset({"kubernetes.io/service-account-token", "helm.sh/release.v1"})


def imported(request: Request) -> Imported:
    """The specs of all objects, and what could not be kept. Raises SpecsRejected for objects that cannot be read."""
    report = Report()
    found = [one for one in objects(request, report) if not _is_made(one)]
    _refuse_several_namespaces(found, report)
    if not found and not report.mistakes:
        report.mistake(_nowhere(request), *_nothing(request))
    report.refuse_mistakes()
    namespace = request.namespace or next((one.namespace for one in found if one.namespace), "")
    choices = _named(request, namespace)
    making = _Making(cluster=cluster_of(found), choices=choices, report=report)
    files = tuple(making.files())
    making.report_the_whole()
    runtime = {"context": request.context, "namespace": namespace}
    cluster = {"kubernetes": {key: value for key, value in runtime.items() if value}}
    result = repository(choices, cluster, files, report.lost)
    return replace(result, texts=making.texts)


def _nothing(request: Request) -> tuple[str, str]:
    """That there is nothing, and what to do."""
    if request.reader is None:
        return "there is nothing to import", "name files with objects, and their namespace"
    where = f"namespace {request.namespace}" + (f" of context {request.context}" if request.context else "")
    return f"there is nothing to import in {where}", "name another with --namespace or --context"


def _nowhere(request: Request) -> Any:
    from eeveon.core.diagnostic import Position

    return Position(file=request.files[0].path if request.files else "cluster")


def _named(request: Request, namespace: str) -> Choices:
    choices = request.choices
    project = choices.project or spec_name(namespace) or "imported"
    given = (("--context", request.context), ("--namespace", request.namespace))
    words = [word for option, value in given if value for word in (option, value)]
    kubectl = shlex.join(["kubectl", *words])
    return replace(choices, project=project, target=choices.target or TARGET, kubectl=kubectl)


def _is_made(one: Object) -> bool:
    """Whether the object is there because of another one."""
    owned = any(owner.get("controller") for owner in one.metadata.get("ownerReferences") or ())
    single = one.kind in _MADE and not (one.kind in {"Pod", "Job"} and not owned)
    return owned or single or one.title in _BY_ITSELF or one.body.get("type") in _OF_THE_CLUSTER


def _refuse_several_namespaces(found: Iterable[Object], report: Report) -> None:
    names = sorted({one.namespace for one in found if one.namespace})
    if len(names) > 1:
        other = next(one for one in found if one.namespace == names[1])
        report.mistake(
            other.at("metadata", "namespace"),
            f"the objects are of the namespaces {', '.join(names)}, and a Target has one",
            f"import each into a project or environment of its own, with --namespace {names[0]} and so on",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """One import; `texts` are the manifests by their paths."""

    cluster: Cluster
    choices: Choices
    report: Report
    texts: dict[str, str] = field(default_factory=dict)
    old: list[str] = field(default_factory=list)

    def files(self) -> Iterator[SpecFile]:
        """A file for each workload, and one for all that belongs to none."""
        names: list[str] = []
        works = [one for one in self.cluster.all if one.kind in _WORKLOADS]
        parts = []
        for work in works:
            name = unique(spec_name(work.name) or "service", names)
            names.append(name)
            parts.append(
                Part(work=work, name=name, cluster=self.cluster, report=self.report, choices=self.choices)
            )
        for part in parts:
            if (made := documents(part, self.choices.target)) is not None:
                yield SpecFile(path=f"{part.name}.yaml", about=(f"From {part.work.at()}: {part.work.title}.",),
                               documents=tuple(made))  # fmt: skip
        self._write_manifests(parts)
        yield from self._rest(unique("rest", names))

    def _write_manifests(self, parts: Iterable[Part]) -> None:
        """Objects beside services, each once: with the first service that speaks of it."""
        for part in parts:
            self.old.extend(part.old)
            for one in part.manifests:
                if (one.kind, one.name) not in self.cluster.taken:
                    self._write(part.name, one)

    def _write(self, folder: str, one: Object) -> None:
        self.cluster.take(one)
        self.texts[f"{MANIFESTS}/{folder}/{_file_name(one)}"] = (
            f"# From {one.at()}.\n{yaml_text(manifest(one))}"
        )

    def _rest(self, name: str) -> Iterator[SpecFile]:
        """A service that is nothing but manifests, for all that no workload has taken."""
        kept = []
        for one in self.cluster.rest():
            if one.kind in _LEFT:
                self._leave(one)
            elif one.kind in {"Pod", "Job"}:
                self._add(
                    one,
                    "what runs once, or alone, is no service",
                    Sort.LOST,
                    "make it a CronJob or Deployment",
                )
            else:
                kept.append(one)
        for one in kept:
            self._write(name, one)
        if kept:
            document: Mapping[str, Any] = {
                "apiVersion": "eeveon/v2",
                "kind": "Service",
                "metadata": {"name": name},
                "spec": {"targets": [self.choices.target], "manifests": f"{MANIFESTS}/{name}"},
            }
            about = "Objects that belong to no Deployment or StatefulSet, as they are."
            yield SpecFile(path=f"{name}.yaml", about=(about,), documents=(document,))

    def _leave(self, one: Object) -> None:
        if one.kind == "Secret":
            why = "values of secrets are never written, and no service takes variables from it"
            self._add(one, why, Sort.DIFFERS, "it stays in the namespace as it is")
        else:
            self._add(one, "no service names it, and it stays as it is", Sort.DIFFERS, "")

    def _add(self, one: Object, why: str, sort: Sort, todo: str) -> None:
        self.report.add(Lost(where=one.at(), what=one.title, why=why, todo=todo, sort=sort))

    def report_the_whole(self) -> None:
        """Report what a plan after the import will do, and what is left over then."""
        for kind, how in _REPLACED.items():
            works = [one for one in self.cluster.of(kind) if (kind, one.name) in self.cluster.taken]
            if works:
                shown = " ".join(f"{kind.lower()}/{one.name}" for one in works)
                why = f"a {kind} of this name is in the way: its selector is another, and no selector can be changed"
                self._add(works[0], why, Sort.TODO, how.format(shown, kubectl=self.choices.kubectl))
        self._report_adoption()
        for name in self.old:
            one = self.cluster.find(*_kind_and_name(name))
            if one is not None:
                self._add(one, "EEveon makes one that is called as the service, so there would be two", Sort.TODO,
                          f"after the apply: {self.choices.kubectl} delete {name}")  # fmt: skip

    def _report_adoption(self) -> None:
        """Objects that are changed in place once their labels say that they are of this environment."""
        old = {_kind_and_name(name) for name in self.old}
        kept = [
            one
            for one in self.cluster.all
            if (one.kind, one.name) in self.cluster.taken - old
            and one.kind not in {*_REPLACED, *_LEFT}
            and (one.kind != "ConfigMap" or self._is_manifest(one))
        ]
        if kept:
            shown = " ".join(f"{one.kind.lower()}/{one.name}" for one in kept)
            scope = (
                f"eeveon.dev/project={self.choices.project} eeveon.dev/environment={self.choices.environment}"
            )
            why = "objects that others made are never changed until their labels say that they are of this environment"
            self._add(kept[0], why, Sort.TODO, f"{self.choices.kubectl} label {shown} {scope}")

    def _is_manifest(self, one: Object) -> bool:
        return any(path.endswith(f"/{_file_name(one)}") for path in self.texts)


def _file_name(one: Object) -> str:
    """Of letters, digits, dots and dashes alone, whatever the object is called."""
    return f"{_NOT_IN_FILES.sub('-', f'{one.kind.lower()}-{one.name}')}.yaml"


def _kind_and_name(title: str) -> tuple[str, str]:
    kind, _, name = title.partition("/")
    return {"ingress": "Ingress", "pdb": "PodDisruptionBudget"}[kind], name
