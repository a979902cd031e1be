"""`eeveon render`: the documents of one environment as they hold there."""

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.errors import SpecsRejected, UsageError
from eeveon.reading import environment_of, project_of, resolved
from eeveon.specs.resolve import ResolvedDocument
from eeveon.specs.suggest import did_you_mean


@click.command(short_help="Print the resolved documents of one environment.")
@choices.environment
@click.option("--kind", metavar="KIND", help="Only documents of this kind.")
@click.option("--name", metavar="NAME", help="Only documents of this name.")
@choices.output_format("yaml", "json")
@click.pass_obj
def command(  # noqa: PLR0917 - one parameter an option
    console: Console, environment: str | None, kind: str | None, name: str | None, form: str
) -> None:
    """Print the documents of one environment with overlays merged and expressions evaluated, by kind and name.

    The output is a spec file again. Secrets are the references that the specs hold, never values.
    """
    from eeveon.wiring import build_world

    world = build_world(console.folder)
    project = project_of(world)
    result = resolved(world, project, environment_of(project, environment))
    if result.desired is None:
        raise SpecsRejected(result.diagnostics)
    documents = _chosen(_chosen(result.documents, "kind", kind), "name", name)
    if form == "json":
        from eeveon.render.documents import documents_json

        console.out(documents_json(documents))
    else:
        from eeveon.render.documents import documents_yaml

        console.out(documents_yaml(documents))


def _chosen(
    documents: tuple[ResolvedDocument, ...], field: str, wanted: str | None
) -> tuple[ResolvedDocument, ...]:
    """Those whose kind or name is the wanted one. Raises UsageError where there is none."""
    if wanted is None:
        return documents
    found = tuple(document for document in documents if getattr(document, field) == wanted)
    if not found:
        known = {getattr(document, field) for document in documents}
        raise UsageError(f"no document of the {field} {wanted!r}", hint=did_you_mean(wanted, known))
    return found
