"""What `validate` and `doctor` share: everything that is to be said about the specs of a repository."""

from eeveon.core.diagnostic import Diagnostic
from eeveon.core.names import EnvironmentName
from eeveon.core.secret import FromEncrypted
from eeveon.errors import SpecsRejected
from eeveon.git.documents import load, project_entry, read_one
from eeveon.reading import desired_of, resolved
from eeveon.render.problems import Checked
from eeveon.specs.project import read_project
from eeveon.specs.resolve import Resolved
from eeveon.world import Order, World


def checked(world: World) -> Checked:
    """All of it by place; what is wrong with a file that environments share, once."""
    (file,) = load(world.tree, [project_entry(world.tree)], world.cache)
    project, about_project = read_project(file, lambda path: read_one(world.tree, path))
    if project is None:
        return Checked(diagnostics=about_project, environments=0, documents=0)
    said = set(about_project)
    documents: set[tuple[str, int]] = set()
    for name in project.environments:
        result = resolved(world, project, name)
        said.update(result.diagnostics, _unreadable_secrets(world, name, result))
        documents.update((document.file, document.line) for document in result.documents)
    return Checked(
        diagnostics=tuple(sorted(said, key=lambda item: item.sort_key)),
        environments=len(project.environments),
        documents=1 + len(documents),
    )


def _unreadable_secrets(world: World, name: EnvironmentName, result: Resolved) -> tuple[Diagnostic, ...]:
    """What is wrong with the encrypted files that the environment names; known without any key."""
    workloads = result.desired.workloads if result.desired else ()
    refs = (ref for workload in workloads for ref in workload.secrets.values())
    if not any(isinstance(ref, FromEncrypted) for ref in refs):
        return ()
    try:
        desired_of(world, Order(environment=name))
    except SpecsRejected as rejected:
        return rejected.diagnostics
    return ()
