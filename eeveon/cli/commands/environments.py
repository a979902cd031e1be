"""`eeveon environments`: how the environments of a controller stand."""

from pathlib import Path

import click

from eeveon.cli import choices, controlled
from eeveon.cli.console import Console
from eeveon.core.standing import Phase
from eeveon.core.values import plain
from eeveon.wiring import now

UNWELL = 3  # exit status


@click.command(short_help="Show how the environments of a controller stand.")
@controlled.config
@choices.output_format("text", "json")
@click.pass_obj
def command(console: Console, config: Path | None, form: str) -> int:
    """Show how each environment stands that the controller of this machine keeps in step with Git.

    Exit status: 0 all are in step or on their way, 3 one of them is not.
    """
    with controlled.controllers_store(console, config) as store:
        standings = store.standings.all()
    if form == "json":
        from eeveon.render.as_json import as_json

        rows = [plain(item) for item in standings]
        console.out(as_json({"format": "eeveon.environments/1", "environments": rows}))
    else:
        from eeveon.render.standings_text import standings_text

        console.out(standings_text(standings, now(), console.style()))
    well = {Phase.SYNCED, Phase.APPLYING, Phase.UNKNOWN}
    return 0 if all(item.phase in well for item in standings) else UNWELL
