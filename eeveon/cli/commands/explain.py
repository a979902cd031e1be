"""`eeveon explain`: where a line of a plan comes from."""

import click

from eeveon.cli import choices
from eeveon.cli.commands.apply import saved
from eeveon.cli.console import Console
from eeveon.cli.planning import Request, planned
from eeveon.core.plan import Plan, Step
from eeveon.core.verdict import Verdict
from eeveon.errors import UsageError
from eeveon.render.explain_text import Explained, explained_json, explained_text
from eeveon.specs.suggest import did_you_mean


@click.command(short_help="Tell where a line of a plan comes from.")
@click.argument("line")
@choices.environment
@click.option(
    "--plan", "named", metavar="PLAN", help="A saved plan, by file or id, in place of one made now."
)
@choices.output_format("text", "json")
@click.pass_obj
def command(  # noqa: PLR0917 - one parameter an option
    console: Console, line: str, environment: str | None, named: str | None, form: str
) -> None:
    """Tell of one LINE of a plan (service/web, or just web): its document, its rule, and what was observed."""
    plan, verdicts = _plan(console, environment, named)
    for step in _steps(plan, line):
        said = next((verdict for verdict in verdicts if verdict.step == step.id), None)
        actions = tuple(action for action in plan.actions if action.step == step.id)
        explained = Explained(plan=plan.id, step=step, verdict=said, actions=actions)
        console.out(
            explained_json(explained) if form == "json" else explained_text(explained, console.style())
        )


def _plan(console: Console, environment: str | None, named: str | None) -> tuple[Plan, tuple[Verdict, ...]]:
    if named is None:
        decided = planned(console, Request(environment=environment)).decided
        return decided.plan, decided.verdicts
    from eeveon.specs.planfile import read_verdicts

    _, shown = saved(console, named, None)
    return shown.plan, read_verdicts(shown.text)


def _steps(plan: Plan, line: str) -> list[Step]:
    """The steps that are meant. Raises UsageError for none."""
    found = [step for step in plan.steps if line in (step.id, step.service, step.id.split(" ")[0])]
    if found:
        return found
    names = [step.service or step.id for step in plan.steps]
    if not names:
        raise UsageError(f"{plan.id} does nothing, so there is no line {line!r}")
    raise UsageError(
        f"{plan.id} has no line {line!r}", hint=did_you_mean(line, names) or f"it has {', '.join(names)}"
    )
