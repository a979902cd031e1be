"""`eeveon validate`: every mistake of every environment, in one report."""

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.core.diagnostic import Diagnostic, Severity
from eeveon.core.names import EnvironmentName
from eeveon.core.secret import FromEncrypted
from eeveon.errors import SpecsRejected
from eeveon.reconcile import Order, World, desired_of, resolved
from eeveon.render.problems import Checked, checked_text
from eeveon.specs.project import Project
from eeveon.specs.resolve import Resolved


@click.command(short_help="Check every document of every environment.")
@choices.output_format("text", "json")
@click.pass_obj
def command(console: Console, form: str) -> int:
    """Check every document of every environment, and report all that is wrong at once, by place.

    Nothing is observed and nothing changed. Exit status: 0 no error, though perhaps warnings; 1 an error.
    """
    from eeveon.wiring import build_world

    found = checked(build_world(console.folder))
    if form == "json":
        from eeveon.render.as_json import diagnostics_json

        console.out(diagnostics_json(found.diagnostics))
    else:
        console.out(checked_text(found, console.style()))
    return int(any(item.severity is Severity.ERROR for item in found.diagnostics))


def checked(world: World) -> Checked:
    """What is to be said about the whole repository; of a file that environments share, once."""
    from eeveon.git.documents import PROJECT_FILE, load, read_one
    from eeveon.specs.project import read_project

    (file,) = load(world.tree, [PROJECT_FILE], world.cache)
    project, diagnostics = read_project(file, lambda path: read_one(world.tree, path))
    said = set(diagnostics)
    documents = {(document.file, document.line) for document in file.documents}
    results = _environments(world, project) if project is not None else {}
    for name, result in results.items():
        said.update(result.diagnostics, _unreadable_secrets(world, name, result))
        documents.update((document.file, document.line) for document in result.documents)
    return Checked(
        diagnostics=tuple(sorted(said, key=lambda item: item.sort_key)),
        environments=len(results),
        documents=len(documents),
    )


def _environments(world: World, project: Project) -> dict[EnvironmentName, Resolved]:
    return {name: resolved(world, project, name) for name in project.environments}


def _unreadable_secrets(world: World, name: EnvironmentName, result: Resolved) -> tuple[Diagnostic, ...]:
    """What is wrong with the encrypted files that the environment names; known without any key."""
    refs = (
        ref for item in (result.desired.workloads if result.desired else ()) for ref in item.secrets.values()
    )
    if not any(isinstance(ref, FromEncrypted) for ref in refs):
        return ()
    try:
        desired_of(world, Order(environment=name))
    except SpecsRejected as rejected:
        return rejected.diagnostics
    return ()
