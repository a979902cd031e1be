"""All documents of one environment as `Desired`: overlays merged, expressions evaluated, references followed.

A document that stands alone was checked with its file and passes through. Only the others are validated here.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, assert_never

from eeveon.core.access import AccessPolicy
from eeveon.core.desired import Desired, Target, Workload
from eeveon.core.diagnostic import Diagnostic, Position, Severity
from eeveon.core.names import CommitId, EnvironmentName, Scope, ServiceName, TargetName
from eeveon.core.policy import GuardrailFinding, SafetyPolicy
from eeveon.specs.access import unknown_environments
from eeveon.specs.attached import (
    Attached,
    LoadBalancer,
    NodeGroup,
    attachment_misfits,
    routed,
    with_attached,
)
from eeveon.specs.catalog import (
    API_VERSION,
    LOAD_BALANCER,
    NODE_GROUP,
    SAFETY_POLICY,
    SCALING_POLICY,
    SERVICE,
    TARGET,
)
from eeveon.specs.convert import Pool
from eeveon.specs.files import EXPRESSION, CheckedFile, Noun, nouns
from eeveon.specs.layers import Layered, layered
from eeveon.specs.locate import Locator, Read
from eeveon.specs.overlay import Layers, merge
from eeveon.specs.problem import Path, Problem
from eeveon.specs.project import Project
from eeveon.specs.references import (
    Finding,
    Key,
    Known,
    broken_reference,
    broken_references,
    dependency_cycles,
    misfits,
)
from eeveon.specs.scaling import ScalingPolicy, scaled, scaling_misfits

OUTSIDE_GIT: Final = CommitId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The files of one environment, checked, and the version of the repository that they are of.

    `read` gives the content of a file of the repository, None where there is none. It is asked for files that
    something is to be said about, and for guardrails.
    """

    base: Sequence[CheckedFile]
    own: Sequence[CheckedFile]
    read: Read
    commit: CommitId = OUTSIDE_GIT
    changed_files: int = 0  # files of the working tree that differ from `commit`


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedDocument:
    """One document as it holds in this environment. `file` and `line` are where its lowest layer starts."""

    kind: str
    name: str
    file: str
    line: int
    text: str  # the data as JSON

    @property
    def data(self) -> dict[str, Any]:
        """The data, in the order apiVersion, kind, metadata, spec; a new copy each time."""
        return {"apiVersion": API_VERSION, **json.loads(self.text)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What came of an environment: `desired`, unless one of the diagnostics is an error."""

    desired: Desired | None
    documents: tuple[ResolvedDocument, ...]  # by kind and name
    diagnostics: tuple[Diagnostic, ...]  # by place


def resolve_environment(project: Project, environment: EnvironmentName, sources: Sources) -> Resolved:
    """Resolve one environment of a project, and report everything that is wrong in it."""
    base = [file for file in sources.base if file.path != project.file]
    own = [file for file in sources.own if file.path != project.file]
    locator = Locator(sources.read)
    run = _Run(
        scope=Scope(project=project.name, environment=environment),
        layers=layered(base, own, locator),
        locator=locator,
        complete=not any(file.diagnostics for file in (*base, *own)),
        environments=frozenset(project.environments),
    )
    for file in (*base, *own):
        run.diagnostics += file.diagnostics
    run.diagnostics += run.layers.diagnostics
    for key, layers in run.layers.documents.items():
        _settle(key, layers, run)
    _check_references(run)
    documents = tuple(_resolved(run))
    findings = _guardrail_findings(run, documents)
    diagnostics = tuple(sorted(run.diagnostics, key=lambda diagnostic: diagnostic.sort_key))
    failed = any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
    desired = None if failed else _desired(run, sources, findings)
    return Resolved(desired=desired, documents=documents, diagnostics=diagnostics)


@dataclass(slots=True, kw_only=True)
class _Run:
    """What is known so far of the environment that is being resolved."""

    scope: Scope
    layers: Layered
    locator: Locator
    complete: bool  # every file could be read
    environments: frozenset[str]  # of the Project
    pool: Pool = field(default_factory=Pool)
    merged: dict[Key, dict[str, Any]] = field(default_factory=dict)  # documents that do not stand alone
    workloads: list[Workload] = field(default_factory=list)
    sketches: list[Workload] = field(default_factory=list)  # of Services with mistakes
    targets: list[Target] = field(default_factory=list)
    policies: list[SafetyPolicy] = field(default_factory=list)
    balancers: list[LoadBalancer] = field(default_factory=list)
    groups: list[NodeGroup] = field(default_factory=list)
    scalings: list[ScalingPolicy] = field(default_factory=list)
    access: list[AccessPolicy] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def keep(self, made: Iterable[Noun]) -> None:
        for noun in made:
            match noun:
                case Workload():
                    self.workloads.append(noun)
                case Target():
                    self.targets.append(noun)
                case SafetyPolicy():
                    self.policies.append(noun)
                case LoadBalancer():
                    self.balancers.append(noun)
                case NodeGroup():
                    self.groups.append(noun)
                case ScalingPolicy():
                    self.scalings.append(noun)
                case AccessPolicy():
                    self.access.append(noun)
                case _:
                    assert_never(noun)

    def data(self, key: Key) -> dict[str, Any]:
        return self.merged[key] if key in self.merged else self.layers.documents[key].base.data

    def tell(self, key: Key, problem: Problem) -> None:
        """Report a problem of a resolved document at the place where the offending value is written."""
        data = self.data(key)
        problem = replace(problem, path=_with_indexes(data, problem.path))
        document, path = self.layers.documents[key].origin(problem, data)
        found = self.locator.diagnostic(replace(problem, path=path), document.file, document.index)
        self.diagnostics.append(found)


def _settle(key: Key, layers: Layers, run: _Run) -> None:
    """Keep the nouns of one document, or report what is wrong with it."""
    document = layers.base
    if document.sound and layers.overlay is None:
        run.keep(document.nouns)
        run.diagnostics += document.warnings
        return
    problems = _merge_and_evaluate(key, layers, run) or _validated(document.kind, run.merged[key])
    for problem in problems:
        run.tell(key, problem)
    if all(problem.severity is Severity.WARNING for problem in problems):
        position = Position(file=document.file, line=document.line)
        run.keep(nouns(document.kind, run.merged[key], position, run.pool))
    elif document.kind == SERVICE:
        run.sketches += _sketches(key, run.merged[key].get("spec"))


def _sketches(key: Key, spec: object) -> Iterator[Workload]:
    """A Service with mistakes, as far as its references can be read: they are checked in the same run."""
    if not isinstance(spec, dict):
        return
    names = {field: _texts(spec.get(field)) for field in ("targets", "dependsOn")}
    for target in names["targets"]:
        yield Workload(
            service=ServiceName(key[1]),
            target=TargetName(target),
            replicas=0,
            image=None,
            command=(),
            depends_on=tuple(ServiceName(name) for name in names["dependsOn"] if name != key[1]),
        )


def _texts(written: object) -> list[str]:
    """The names in a list; not those whose expression has no value."""
    entries = written if isinstance(written, list) else []
    return [item for item in entries if isinstance(item, str) and EXPRESSION not in item]


def _merge_and_evaluate(key: Key, layers: Layers, run: _Run) -> list[Problem]:
    """Put the merged data into the run. Gives what is wrong with its expressions."""
    data, text = layers.base.data, layers.base.text
    if layers.overlay is not None:
        merged = merge(data, layers.overlay.data)
        data, text = merged.data, text + layers.overlay.text
        for problem in merged.problems:
            overlay = layers.overlay
            run.diagnostics.append(run.locator.diagnostic(problem, overlay.file, overlay.index))
    run.merged[key] = data
    if EXPRESSION not in text:
        return []
    from eeveon.specs.expressions import evaluate  # brings Jinja

    run.merged[key], problems = evaluate(data, _context(data, run.scope))
    return problems


def _context(data: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """What expressions can name."""
    metadata = {"labels": {}, "annotations": {}, **data["metadata"]}
    context = {
        "environment": {"name": scope.environment},
        "project": {"name": scope.project},
        "metadata": metadata,
    }
    return {**context, "service": {"name": metadata["name"]}} if data["kind"] == SERVICE else context


def _validated(kind: str, data: dict[str, Any]) -> list[Problem]:
    from eeveon.specs.validate import problems  # brings pydantic

    return problems(kind, data)


def _check_references(run: _Run) -> None:
    documents, twice = run.layers.documents, run.layers.twice
    known = Known(keys=documents, twice=twice, complete=run.complete)
    attached = _attached(run)
    findings: Iterable[Finding] = (
        *broken_references(known, [*run.workloads, *run.sketches], run.policies),
        *_broken_attachments(known, run),
        *dependency_cycles([*run.workloads, *run.sketches]),
        *misfits(run.workloads, attached.targets),
        *attachment_misfits(attached, run.workloads),
        *scaling_misfits(run.scalings, run.workloads, attached.targets),
        *_second_owners(run),
        *unknown_environments(run.access, run.environments),
    )
    for finding in findings:
        run.tell(finding.owner, finding.problem)


def _attached(run: _Run) -> Attached:
    twice = run.layers.twice
    return Attached(
        balancers=[item for item in run.balancers if (LOAD_BALANCER, item.balancer.name) not in twice],
        groups=[group for group in run.groups if (NODE_GROUP, group.name) not in twice],
        targets={target.name: target for target in run.targets if (TARGET, target.name) not in twice},
    )


def _broken_attachments(known: Known, run: _Run) -> Iterator[Finding]:
    owners = [((LOAD_BALANCER, item.balancer.name), item.target) for item in run.balancers]
    owners += [((NODE_GROUP, group.name), group.target) for group in run.groups]
    for owner, target in owners:
        yield from broken_reference(known, owner, (TARGET, target), ("spec", "target"))
    for policy in run.scalings:
        wanted = (SERVICE, str(policy.service))
        yield from broken_reference(known, (SCALING_POLICY, policy.name), wanted, ("spec", "service"))


def _second_owners(run: _Run) -> Iterator[Finding]:
    """Services that say a number themselves, and have a policy that decides it."""
    for policy in run.scalings:
        key = (SERVICE, str(policy.service))
        if key in run.layers.documents and "replicas" in _mapping(run.data(key).get("spec")):
            problem = Problem(
                code="two-owners",
                message=f"ScalingPolicy `{policy.name}` decides how many instances there are",
                path=("spec", "replicas"),
                hint="remove `replicas`, or the policy",
                on_key=True,
            )
            yield Finding(owner=key, problem=problem)


def _mapping(written: object) -> dict[str, Any]:
    return written if isinstance(written, dict) else {}


def _with_indexes(data: Any, path: Path) -> Path:
    """The path with the index of a list's entry in the place of its text."""
    found: list[str | int] = []
    for step in path:
        known = isinstance(data, list) and isinstance(step, str) and step in data
        found.append(data.index(step) if known else step)
        data = data.get(step) if isinstance(data, dict) else None
    return tuple(found)


def _resolved(run: _Run) -> Iterable[ResolvedDocument]:
    for key in sorted(run.layers.documents):
        document = run.layers.documents[key].base
        changed = run.merged.get(key)
        yield ResolvedDocument(
            kind=document.kind,
            name=document.name,
            file=document.file,
            line=document.line,
            text=document.text if changed is None else json.dumps(changed, ensure_ascii=False),
        )


def _guardrail_findings(run: _Run, documents: Sequence[ResolvedDocument]) -> tuple[GuardrailFinding, ...]:
    if not any(policy.guardrails for policy in run.policies):
        return ()
    from eeveon.specs.guardrails import Judged, check_guardrails  # brings jsonschema

    judged = [Judged(kind=document.kind, name=document.name, data=document.data) for document in documents]
    outcome = check_guardrails(run.policies, judged, run.locator)
    run.diagnostics += outcome.diagnostics
    for policy, problem in outcome.problems:
        run.tell((SAFETY_POLICY, policy), problem)
    return outcome.findings


def _desired(run: _Run, sources: Sources, findings: tuple[GuardrailFinding, ...]) -> Desired:
    attached = _attached(run)
    targets = [with_attached(target, attached) for target in run.targets]
    scalings = {policy.service: policy for policy in run.scalings}
    workloads = [scaled(routed(workload, attached), scalings) for workload in run.workloads]
    return Desired(
        scope=run.scope,
        commit=sources.commit,
        changed_files=sources.changed_files,
        targets=tuple(sorted(targets, key=lambda target: target.name)),
        workloads=tuple(sorted(workloads, key=lambda workload: (workload.service, workload.target))),
        policies=tuple(sorted(run.policies, key=lambda policy: policy.name)),
        guardrails=findings,
        access=tuple(sorted(run.access, key=lambda policy: policy.name)),
    )
