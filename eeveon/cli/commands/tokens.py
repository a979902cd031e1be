"""`eeveon tokens`: who may ask the controller's API."""

import re
from datetime import timedelta
from pathlib import Path

import click

from eeveon.cli import choices, controlled
from eeveon.cli.console import Console
from eeveon.core.access import Right
from eeveon.core.values import plain
from eeveon.errors import UsageError
from eeveon.render.as_json import as_json
from eeveon.render.tokens_text import calls_text, tokens_text
from eeveon.wiring import now

LONGEST = timedelta(days=366)
_DAYS = re.compile(r"([1-9][0-9]{0,4})([hd])")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


@click.group(short_help="Make, list and revoke tokens of a controller's API.")
def command() -> None:
    """Make, list and revoke the tokens with which programs ask the API of this machine's controller."""


@command.command()
@click.option("--user", required=True, metavar="NAME", help="Who uses it, as AccessPolicies name people.")
@click.option(
    "--right",
    "rights",
    required=True,
    multiple=True,
    type=click.Choice([one.value for one in Right]),
    help="What it is for; repeatable.",
)
@click.option(
    "--repository", "repositories", multiple=True, metavar="NAME", help="Only for this one; repeatable."
)
@click.option("--expires", default="90d", show_default=True, metavar="TIME", help="From now: `12h`, `90d`.")
@click.option("--note", default="", metavar="TEXT", help="What it is for, for people.")
@controlled.config
@choices.output_format("text", "json")
@click.pass_obj
def create(  # noqa: PLR0913, PLR0917 - one parameter an argument or option
    console: Console,
    user: str,
    rights: tuple[str, ...],
    repositories: tuple[str, ...],
    expires: str,
    note: str,
    config: Path | None,
    form: str,
) -> None:
    """Make a token and print it: it can be read this once, since only a digest of it is kept."""
    if not _USER.fullmatch(user):
        raise UsageError(f"{user!r} is no name of a user", hint="letters, digits, `.`, `_` and `-`")
    moment = now()
    with controlled.controllers_store(console, config) as store:
        made, text = store.tokens.make(
            user, [Right(right) for right in rights], repositories, note, moment, moment + _span(expires)
        )
    if form == "json":
        console.out(as_json({"format": "eeveon.token/1", "secret": text, "token": plain(made)}))
        return
    console.out(text)
    click.echo(
        f"token {made.id} of {user} works until {made.expires:%Y-%m-%d %H:%M} UTC; it is not shown again",
        err=True,
    )


@command.command("list")
@controlled.config
@choices.output_format("text", "json")
@click.pass_obj
def list_(console: Console, config: Path | None, form: str) -> None:
    """Show all tokens, also those that work no more. What they are is shown nowhere."""
    with controlled.controllers_store(console, config) as store:
        tokens = store.tokens.all()
    if form == "json":
        console.out(as_json({"format": "eeveon.tokens/1", "tokens": [plain(one) for one in tokens]}))
    else:
        console.out(tokens_text(tokens, now(), console.style()))


@command.command()
@click.argument("token")
@controlled.config
@click.pass_obj
def revoke(console: Console, token: str, config: Path | None) -> None:
    """TOKEN, by its id, works no more from now on."""
    with controlled.controllers_store(console, config) as store:
        made = store.tokens.revoke(token, now())
    console.out(f"token {made.id} of {made.user} works no more.")


@command.command()
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first."
)
@controlled.config
@choices.output_format("text", "json")
@click.pass_obj
def calls(console: Console, limit: int, config: Path | None, form: str) -> None:
    """Show who asked the API for what, and how it was answered."""
    with controlled.controllers_store(console, config) as store:
        found = store.calls.newest(limit)
    if form == "json":
        console.out(as_json({"format": "eeveon.calls/1", "calls": [plain(one) for one in found]}))
    else:
        console.out(calls_text(found, console.style()))


def _span(written: str) -> timedelta:
    found = _DAYS.fullmatch(written)
    span = timedelta(**{"hours" if found[2] == "h" else "days": int(found[1])}) if found else timedelta()
    if not timedelta() < span <= LONGEST:
        raise UsageError(
            f"{written!r} is no time that a token may work for",
            hint=f"`12h` or `90d`, at most {LONGEST.days}d",
        )
    return span
