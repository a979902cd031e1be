"""`eeveon doctor`: checks this machine, the repository and every target; each line says what to do."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.errors import RepositoryError
from eeveon.render.health_report import Check, Verdict

UNREACHABLE = 3  # exit status


@click.group(invoke_without_command=True, short_help="Check this machine and every target.")
@choices.environment
@choices.output_format("text", "json")
@click.pass_context
def command(ctx: click.Context, environment: str | None, form: str) -> int:
    """Check this machine, the specs, and every target and secret of the environment, or of all of them.

    Changes nothing on any target. Exit status: 0 all fine, though perhaps warnings; 1 a problem; 3 a target was not reached.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    console: Console = ctx.obj
    return _report(console, _all_checks(console, environment), form)


@command.command()
@click.argument("service", required=False)
@choices.environment
@choices.output_format("text", "json")
@click.pass_obj
def health(console: Console, service: str | None, environment: str | None, form: str) -> int:
    """Make the health check of each running instance (of SERVICE) once, exactly as an apply does, and print the answer.

    Exit status: 0 all are healthy, 1 one is not, 3 a target was not reached.
    """
    from eeveon.cli.looking import look
    from eeveon.cli.probing import health_checks

    with look(console, environment) as seen:
        return _report(console, health_checks(seen.scene, service), form)


def _all_checks(console: Console, environment: str | None) -> Sequence[Check]:
    from eeveon.cli.machine import machine_checks
    from eeveon.cli.targets import repository_checks
    from eeveon.settings import settings
    from eeveon.wiring import build_world

    found = list(machine_checks(settings(os.environ, Path.home())))
    try:
        world = build_world(console.folder)
    except RepositoryError as error:
        nowhere = Check(what="repository", verdict=Verdict.WARNING, found=error.message, hint=error.hint)
        return [*found, nowhere]
    return [*found, *repository_checks(world, environment)]


def _report(console: Console, checks: Sequence[Check], form: str) -> int:
    from eeveon.render.health_report import report_json, report_text

    console.out(report_json(checks) if form == "json" else report_text(checks, console.style()))
    verdicts = {item.verdict for item in checks}
    if Verdict.UNREACHABLE in verdicts:
        return UNREACHABLE
    return int(Verdict.BAD in verdicts)
