"""`eeveon events`: what webhooks brought to a controller, and what became of it."""

from pathlib import Path

import click

from eeveon.cli import choices, controlled
from eeveon.cli.console import Console
from eeveon.core.delivery import Event, EventState
from eeveon.core.values import plain
from eeveon.render.as_json import as_json
from eeveon.render.events_text import event_text, events_text
from eeveon.wiring import now


@click.group(short_help="Show what webhooks brought, and try it again.")
def command() -> None:
    """Show what webhooks brought to the controller of this machine, and try again what came to nothing."""


@command.command("list")
@controlled.config
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first."
)
@click.option(
    "--state", type=click.Choice([one.value for one in EventState]), help="Only those in this state."
)
@choices.output_format("text", "json")
@click.pass_obj
def list_(  # noqa: PLR0917 - one parameter an argument or option
    console: Console, config: Path | None, limit: int, state: str | None, form: str
) -> None:
    """Show the newest events. `dead` are those that were given up after several attempts."""
    with controlled.controllers_store(console, config) as store:
        events = store.inbox.events(limit, EventState(state) if state else None)
    if form == "json":
        console.out(as_json({"format": "eeveon.events/1", "events": [_plain(event) for event in events]}))
    else:
        console.out(events_text(events, console.style()))


@command.command()
@click.argument("event")
@controlled.config
@choices.output_format("text", "json")
@click.pass_obj
def show(console: Console, event: str, config: Path | None, form: str) -> None:
    """Show what EVENT said and each environment that it concerns (the beginning of its id is enough)."""
    with controlled.controllers_store(console, config) as store:
        _print(console, store.inbox.event(event), form)


@command.command()
@click.argument("event")
@controlled.config
@choices.output_format("text", "json")
@click.pass_obj
def retry(console: Console, event: str, config: Path | None, form: str) -> None:
    """Try everything of EVENT that is not done again, now. A controller that runs begins within seconds."""
    with controlled.controllers_store(console, config) as store:
        _print(console, store.inbox.retry(event, now()), form)


def _print(console: Console, event: Event, form: str) -> None:
    if form == "json":
        console.out(as_json({"format": "eeveon.event/1", "event": _plain(event)}))
    else:
        console.out(event_text(event, now(), console.style()))


def _plain(event: Event) -> dict[str, object]:
    return {
        "delivery": plain(event.delivery),
        "errands": [plain(errand) for errand in event.errands],
        "state": event.state.value,
    }
