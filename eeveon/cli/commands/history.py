"""`eeveon history`: what earlier applies did."""

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.core.names import Scope
from eeveon.core.values import plain
from eeveon.reading import environment_of, project_of
from eeveon.render.as_json import as_json
from eeveon.render.record_text import record_text, records_text
from eeveon.wiring import build_world


@click.group(invoke_without_command=True, short_help="Show what earlier applies did.")
@choices.environment
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first."
)
@choices.output_format("text", "json")
@click.pass_context
def command(ctx: click.Context, environment: str | None, limit: int, form: str) -> None:
    """Show what earlier applies did, newest first. `eeveon history show RECORD` shows every action of one."""
    if ctx.invoked_subcommand is not None:
        return
    console: Console = ctx.obj
    world = build_world(console.folder)
    project = project_of(world)
    scope = Scope(project=project.name, environment=environment_of(project, environment))
    records = world.store().history.records(scope, limit, world.now())
    if form == "json":
        console.out(as_json({"format": "eeveon.records/1", "records": [plain(record) for record in records]}))
    else:
        console.out(records_text(records, console.style()))


@command.command()
@click.argument("record")
@choices.output_format("text", "json")
@click.pass_obj
def show(console: Console, record: str, form: str) -> None:
    """Show what was applied, what failed and what never started in RECORD (the beginning of its id is enough)."""
    world = build_world(console.folder)
    found = world.store().history.record(record, world.now())
    if form == "json":
        console.out(as_json({"format": "eeveon.record/1", "record": plain(found)}))
    else:
        console.out(record_text(found, console.style()))
