"""The Project of a repository: which environments it has and where their documents lie."""

from collections.abc import Mapping
from dataclasses import dataclass

from eeveon.core.controller import DriftWish
from eeveon.core.diagnostic import Diagnostic, Position, Severity
from eeveon.core.names import EnvironmentName, ProjectName
from eeveon.specs.catalog import PROJECT
from eeveon.specs.drift import read_drift
from eeveon.specs.files import CheckedDocument, CheckedFile
from eeveon.specs.locate import Locator, Read
from eeveon.specs.problem import Path, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment. `path` is its folder, from the root of the repository."""

    name: EnvironmentName
    path: str
    promotes_from: EnvironmentName | None = None
    drift: DriftWish


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What `eeveon.yaml` says. `base` is the folder of shared documents; "" is none."""

    name: ProjectName
    file: str
    index: int  # of its document in the file
    base: str
    environments: Mapping[EnvironmentName, Environment]


def read_project(checked: CheckedFile, read: Read) -> tuple[Project | None, tuple[Diagnostic, ...]]:
    """The project, and everything to be said about its file. None where one of that is an error."""
    locator = Locator(read)
    diagnostics = [*checked.diagnostics]
    projects = [document for document in checked.documents if document.kind == PROJECT]
    for document in checked.documents:
        diagnostics += document.warnings
        diagnostics += [
            locator.diagnostic(problem, document.file, document.index)
            for problem in _document_problems(document, projects)
        ]
    if not projects and not checked.diagnostics:
        diagnostics.append(_no_project(checked.path))
    ordered = tuple(sorted(diagnostics, key=lambda diagnostic: diagnostic.sort_key))
    if any(diagnostic.severity is Severity.ERROR for diagnostic in ordered):
        return None, ordered
    return _project(projects[0]), ordered


def empty_folders(
    project: Project, environment: EnvironmentName, found: Mapping[str, int], read: Read
) -> tuple[Diagnostic, ...]:
    """Folders of an environment without a single document: a slip of the pen there would remove everything.

    `found` is how many spec files lie below each folder. Where the base has some, the environment's own folder may
    have none.
    """
    locator = Locator(read)
    path = project.environments[environment].path
    places: dict[str, Path] = {path: ("spec", "environments", environment, "path")}
    if project.base:
        places[project.base] = ("spec", "base")
    return tuple(
        locator.diagnostic(
            Problem(
                code="empty-folder",
                message=f"there is no spec file in `{folder}`",
                path=place,
                hint="correct the path; to take an environment down, use `eeveon destroy`",
                severity=Severity.WARNING if folder == path and found.get(project.base) else Severity.ERROR,
            ),
            project.file,
            project.index,
        )
        for folder, place in places.items()
        if not found[folder]
    )


def _document_problems(document: CheckedDocument, projects: list[CheckedDocument]) -> list[Problem]:
    if document.kind != PROJECT:
        return [
            Problem(
                code="misplaced-kind",
                message=f"{document.kind} `{document.name}` stands beside the Project",
                path=("kind",),
                hint="move it into the folder of the base or of an environment",
            )
        ]
    if document is not projects[0]:
        message = (
            f"a repository has one Project; the first is `{projects[0].name}` in line {projects[0].line}"
        )
        return [Problem(code="duplicate-name", message=message, path=("kind",))]
    if document.sound:
        return []
    from eeveon.specs.validate import problems  # brings pydantic

    return problems(PROJECT, document.data)


def _no_project(file: str) -> Diagnostic:
    return Diagnostic(
        code="missing-project",
        message="the file holds no Project",
        position=Position(file=file),
        hint="write one with `apiVersion: eeveon/v2` and `kind: Project`",
    )


def _project(document: CheckedDocument) -> Project:
    data = document.data
    spec = data["spec"]
    environments = {
        EnvironmentName(name): Environment(
            name=EnvironmentName(name),
            path=written["path"],
            promotes_from=written.get("promotesFrom", {}).get("environment"),
            drift=read_drift(written.get("drift", {})),
        )
        for name, written in spec["environments"].items()
    }
    return Project(
        name=ProjectName(data["metadata"]["name"]),
        file=document.file,
        index=document.index,
        base=spec.get("base", ""),
        environments=environments,
    )
