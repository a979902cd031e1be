"""The commits of an environment's sources: the last thing that is read of what should be.

Every plan asks where a branch is. A service whose repository does not answer stops the plan, for it would be of an old
commit, and nobody may take that for the newest; the other services can be planned alone. Only two may go on with what
was known last: who merely looks, and a service that is held at an older revision, to which the answer is nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from eeveon.core.desired import Desired, Workload
from eeveon.core.diagnostic import Diagnostic, Position, Severity
from eeveon.core.names import CommitId, ServiceName
from eeveon.errors import RepositoryError, SpecsRejected
from eeveon.git.code import Code, Found

NAMED = 3  # files of one source that are named; a repository may have hundreds

Pins = Mapping[ServiceName, CommitId]
NO_PINS: Pins = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose sources are asked for. `lenient` ones may be what they were when last asked; `pins` are known already."""

    services: frozenset[ServiceName] = frozenset()  # empty: all
    lenient: frozenset[ServiceName] = frozenset()
    pins: Pins = field(default_factory=lambda: NO_PINS)


def with_sources(desired: Desired, code: Code, question: Question) -> tuple[Desired, tuple[Diagnostic, ...]]:
    """The same with the commit of every source that is asked for, and warnings. Raises SpecsRejected."""
    asked = [
        _pinned(workload, question.pins) for workload in desired.workloads if _is_asked(workload, question)
    ]
    if not asked:
        return desired, ()
    answers = code.find([workload.source for workload in asked if workload.source is not None])
    resolved: dict[tuple[str, str], Workload] = {}
    problems: list[Diagnostic] = []
    warnings: list[Diagnostic] = []
    for workload, answer in zip(asked, answers, strict=True):
        assert workload.source is not None, "only those with a source are asked"
        found: Found | RepositoryError | None = answer
        if isinstance(answer, RepositoryError) and workload.service in question.lenient:
            found = code.last(workload.source) or answer
            warnings.append(_told(workload, answer, Severity.WARNING))
        if isinstance(found, Found):
            resolved[workload.service, workload.target] = replace(workload, source=found.source)
            warnings += _pointers(workload, found)
        elif workload.service not in question.lenient:
            problems.append(_told(workload, answer, Severity.ERROR))
    if problems:
        raise SpecsRejected(_once(problems))
    workloads = tuple(resolved.get((item.service, item.target), item) for item in desired.workloads)
    return replace(desired, workloads=workloads), _once(warnings)


def _is_asked(workload: Workload, question: Question) -> bool:
    wanted = not question.services or workload.service in question.services
    return workload.source is not None and wanted


def _pinned(workload: Workload, pins: Pins) -> Workload:
    """The workload with the commit that an earlier answer led to."""
    commit = pins.get(workload.service)
    if commit is None or workload.source is None or workload.source.commit is not None:
        return workload
    return replace(workload, source=replace(workload.source, commit=commit))


def _told(workload: Workload, error: Found | RepositoryError, severity: Severity) -> Diagnostic:
    assert isinstance(error, RepositoryError), "only what failed is told"
    others = "what does not come from there can be planned meanwhile: --service NAME"
    before = "what it was when it was last asked is taken, since nothing is applied of it"
    return Diagnostic(
        code="source-unreadable",
        message=f"the code of service {workload.service}: {error.message}",
        position=workload.position or Position(file=""),
        path=("spec", "source"),
        hint=(error.hint or others) if severity is Severity.ERROR else before,
        severity=severity,
    )


def _pointers(workload: Workload, found: Found) -> list[Diagnostic]:
    if not found.pointers:
        return []
    named = ", ".join(found.pointers[:NAMED])
    more = f" and {len(found.pointers) - NAMED} more" if len(found.pointers) > NAMED else ""
    return [
        Diagnostic(
            code="lfs-pointer",
            message=f"Git LFS keeps {named}{more} of service {workload.service} elsewhere: hosts get the pointers",
            position=workload.position or Position(file=""),
            path=("spec", "source"),
            hint="fetch them in `build`, exclude them, or keep them in Git itself",
            severity=Severity.WARNING,
        )
    ]


def _once(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each once, though a service may stand on several targets."""
    return tuple(dict.fromkeys(diagnostics))
