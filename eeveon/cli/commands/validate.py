"""`eeveon validate`: every mistake of every environment, in one report."""

import click

from eeveon.cli import choices
from eeveon.cli.checking import checked
from eeveon.cli.console import Console
from eeveon.core.diagnostic import Severity
from eeveon.render.problems import checked_text


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
