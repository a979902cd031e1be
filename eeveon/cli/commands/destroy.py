"""`eeveon destroy`: removes everything of an environment, under the same guard."""

import click

from eeveon.cli import choices
from eeveon.cli.applying import carried_out, record_status
from eeveon.cli.commands.apply import UNKNOWN, refuse_if_nothing_is_allowed
from eeveon.cli.console import Console
from eeveon.cli.planning import Request, planned, shown_as
from eeveon.core.guard import ByDestroy
from eeveon.errors import UsageError
from eeveon.reconcile import Shown


@click.command(short_help="Remove everything of an environment.")
@choices.environment
@choices.selection
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@choices.output_format("text", "json")
@click.pass_obj
def command(  # noqa: PLR0917 - one parameter an option
    console: Console,
    environment: str | None,
    services: tuple[str, ...],
    targets: tuple[str, ...],
    yes: bool,
    form: str,
) -> int:
    """Remove everything of an environment from its targets. The specs stay; volumes and protected services stay too.

    Shows the plan and asks for the environment's name. The same policies bind it as any other plan.
    """
    made = planned(
        console, Request(environment=environment, services=services, targets=targets, origin=ByDestroy())
    )
    (console.out if form == "text" else console.say)(shown_as("text", made, console.style()))
    unknown = UNKNOWN if made.plan.unknown else 0
    if not made.plan.steps:
        return unknown
    refuse_if_nothing_is_allowed(made.decided.verdicts)
    name = made.plan.scope.environment
    if not yes:
        if not console.is_terminal:
            raise UsageError("there is no terminal to ask on", hint="say --yes")
        if not console.confirm(f"Remove all of this? Type the environment's name ({name}):", name):
            console.say("Nothing was done.")
            return 1
    shown = Shown(plan=made.plan, text=made.saved_form, order=made.order)
    return record_status(carried_out(console, made.world, shown, form)) or unknown
