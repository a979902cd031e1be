"""`eeveon plan`: what an apply would do."""

from contextlib import suppress
from pathlib import Path

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.cli.planning import Made, Request, planned, shown_as
from eeveon.core.plan import Plan
from eeveon.core.verdict import Decision
from eeveon.errors import EEveonError, SpecsRejected, UsageError

NOTHING, CHANGES, UNKNOWN = 0, 2, 3  # exit statuses


@click.command(short_help="Show what an apply would do.")
@choices.environment
@choices.selection
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan for `eeveon apply FILE`."
)
@choices.output_format("text", "json", "markdown")
@click.option("--watch", is_flag=True, help="Plan again whenever a file of the repository changes.")
@click.option(
    "--revision", metavar="REV", help="Plan this commit, branch or tag in place of the working tree."
)
@click.option("--detailed-exitcode", is_flag=True, help="Accepted for people from Terraform; always on.")
@click.pass_obj
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    console: Console,
    environment: str | None,
    services: tuple[str, ...],
    targets: tuple[str, ...],
    out: Path | None,
    form: str,
    watch: bool,
    revision: str | None,
    detailed_exitcode: bool,  # noqa: ARG001 - what it asks for is always done
) -> int:
    """Show what an apply would do, and touch nothing.

    Exit status: 0 nothing to do, 2 changes, 3 something could not be observed, 1 an error.
    """
    request = Request(environment=environment, services=services, targets=targets, revision=revision)
    if watch and out is not None:
        raise UsageError("--watch and --out do not go together", hint="leave one of them out")
    if watch:
        return _watch(console, request, form)
    made = planned(console, request)
    console.out(shown_as(form, made, console.style()))
    if out is not None:
        _save(made.saved_form, (console.folder or Path()) / out)
    if form == "text":
        console.out(_next(made, out))
    return status(made.plan)


def status(plan: Plan) -> int:
    """The exit status that a plan stands for."""
    if plan.unknown:
        return UNKNOWN
    return CHANGES if plan.steps else NOTHING


def _save(text: str, path: Path) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the plan cannot be saved to {path}: {error.strerror}") from error


def _next(made: Made, out: Path | None) -> str:
    if not any(verdict.decision is Decision.ALLOW for verdict in made.decided.verdicts):
        return ""
    return f"\nApply with: eeveon apply {out or made.plan.id}"


def _watch(console: Console, request: Request, form: str) -> int:
    """Plan, and plan again after every change, until interrupted. What was just said is not said again."""
    from watchfiles import DefaultFilter, watch

    from eeveon.wiring import build_world, state_folder

    root = build_world(console.folder).root
    ours = DefaultFilter(ignore_paths=(state_folder(),))  # every plan is kept there: that is no change
    with suppress(KeyboardInterrupt):
        said = _plan_once(console, request, form, "")
        console.say(f"watching {root} (Ctrl-C ends)")
        for _ in watch(root, watch_filter=ours):
            said = _plan_once(console, request, form, said)
    return NOTHING


def _plan_once(console: Console, request: Request, form: str, before: str) -> str:
    """What is to be said, said if it is not what was said before. A mistake in the specs does not end the watch."""
    try:
        text = shown_as(form, planned(console, request), console.style())
    except SpecsRejected as rejected:
        if repr(rejected.diagnostics) != before:
            console.diagnostics(rejected.diagnostics)
        return repr(rejected.diagnostics)
    except EEveonError as error:
        if error.message != before:
            console.error(error)
        return error.message
    if text != before:
        console.out(text)
    return text
