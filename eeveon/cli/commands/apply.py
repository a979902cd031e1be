"""`eeveon apply`: brings an environment to what its specs say, or carries out a saved plan."""

from collections.abc import Sequence
from pathlib import Path

import click

from eeveon.cli import choices
from eeveon.cli.applying import carried_out, record_status
from eeveon.cli.console import Console
from eeveon.cli.planning import Made, Request, planned, shown_as
from eeveon.core.guard import ByCommit
from eeveon.core.names import EnvironmentName
from eeveon.core.plan import Plan
from eeveon.core.verdict import Decision, Verdict
from eeveon.errors import Denied, UsageError
from eeveon.reconcile import Shown
from eeveon.world import Order, World

UNKNOWN = 3  # exit status: all done that could be, but a target was not reached


@click.command(short_help="Bring an environment to what its specs say.")
@click.argument("plan", required=False, metavar="[PLAN]")
@choices.environment
@choices.selection
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@choices.output_format("text", "json")
@click.option(
    "--revision", metavar="REV", help="Apply this commit, branch or tag in place of the working tree."
)
@click.pass_obj
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    console: Console,
    plan: str | None,
    environment: str | None,
    services: tuple[str, ...],
    targets: tuple[str, ...],
    yes: bool,
    form: str,
    revision: str | None,
) -> int:
    """Bring an environment to what its specs say, or carry out PLAN: a file, or the id of a plan that was shown.

    Shows the plan and asks. Without a terminal it needs --yes or a saved plan, which is then carried out at once.

    Exit status: 0 done or nothing to do, 1 a step failed, 3 a target was not reached, 4 the plan is stale or used,
    5 the guard refused a step, 6 another writer has the environment.
    """
    if plan is not None:
        if environment or services or targets:
            raise UsageError(
                "a saved plan knows its environment, services and targets", hint="leave the options out"
            )
        world, shown = saved(console, plan, revision)
        if not shown.plan.steps:
            say = console.out if form == "text" else console.say
            say(f"{shown.plan.scope}  nothing to do: {plan} has no steps")
            return UNKNOWN if shown.plan.unknown else 0
        if console.is_terminal and not yes and not _shown_and_confirmed(console, shown):
            console.say("Nothing was done.")
            return 1
        return _finish(console, world, shown, form)
    request = Request(environment=environment, services=services, targets=targets, revision=revision)
    made = planned(console, request)
    return apply_made(console, made, yes=yes, form=form)


def apply_made(console: Console, made: Made, *, yes: bool, form: str) -> int:
    """Show a plan, ask, and carry it out."""
    text = shown_as("text", made, console.style())
    (console.out if form == "text" else console.say)(text)
    if not made.plan.steps:
        return UNKNOWN if made.plan.unknown else 0
    refuse_if_nothing_is_allowed(made.decided.verdicts)
    if not yes and not _confirmed(console, made.plan):
        console.say("Nothing was done.")
        return 1
    return _finish(console, made.world, Shown(plan=made.plan, text=made.saved_form, order=made.order), form)


def _finish(console: Console, world: World, shown: Shown, form: str) -> int:
    record = carried_out(console, world, shown, form)
    failed = record_status(record)
    return failed or (UNKNOWN if shown.plan.unknown else 0)


def _confirmed(console: Console, plan: Plan) -> bool:
    if not console.is_terminal:
        raise UsageError(
            "there is no terminal to ask on",
            hint=f"say --yes, or apply this very plan: eeveon apply {plan.id}",
        )
    return console.confirm(f"Apply this to {plan.scope}? Only 'yes' is taken as yes:", "yes")


def _shown_and_confirmed(console: Console, shown: Shown) -> bool:
    """Whether the person agrees to a saved plan: to all of it, as it was judged when it was saved."""
    from eeveon.render.plan_text import plan_text
    from eeveon.specs.planfile import read_verdicts

    console.say(plan_text(shown.plan, read_verdicts(shown.text), (), console.style()))
    return _confirmed(console, shown.plan)


def refuse_if_nothing_is_allowed(verdicts: Sequence[Verdict]) -> None:
    """Raises Denied if no step of a plan may be carried out."""
    if verdicts and not any(verdict.decision is Decision.ALLOW for verdict in verdicts):
        first = verdicts[0]
        raise Denied(f"the guard allows no step of this plan: {first.rule}: {first.detail}")


def saved(console: Console, named: str, revision: str | None) -> tuple[World, Shown]:
    """The saved plan in a file or under an id, with the order that it was made for."""
    from eeveon.specs.planfile import read_plan
    from eeveon.wiring import build_world

    world = build_world(console.folder, revision, console.connections)
    path = (console.folder or Path()) / named
    if path.is_file():
        text, where = _text_of(path), named
    elif named.startswith("plan-"):
        text, where = world.store().plans.find(named).text, named
    else:
        raise UsageError(f"{named} is neither a file nor the id of a plan", hint="ids begin with `plan-`")
    plan = read_plan(text, where)
    order = Order(environment=EnvironmentName(plan.scope.environment), origin=ByCommit())
    return world, Shown(plan=plan, text=text, order=order, named=named)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a saved plan: {error}") from error
