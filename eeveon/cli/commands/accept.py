"""`eeveon accept`: a controller follows a branch that was rewritten."""

from pathlib import Path

import click

from eeveon.cli import controlled
from eeveon.cli.console import Console
from eeveon.errors import UsageError

SHORTEST = 7  # digits of a commit that name it


@click.command(short_help="Let a controller follow a branch that was rewritten.")
@click.argument("repository")
@click.argument("commit")
@controlled.config
@click.pass_obj
def command(console: Console, repository: str, commit: str, config: Path | None) -> int:
    """Let the controller of this machine apply COMMIT of REPOSITORY, although its branch was rewritten.

    Until then it keeps what was applied before. The beginning of the commit is enough, from seven digits on.
    """
    if len(commit) < SHORTEST or not set(commit) <= set("0123456789abcdef"):
        raise UsageError(f"{commit!r} is no commit", hint=f"give at least {SHORTEST} digits of its id")
    with controlled.controllers_store(console, config) as store:
        known = sorted({item.key.partition("/")[0] for item in store.standings.all()})
        if repository not in known:
            raise UsageError(
                f"the controller follows no repository {repository!r}",
                hint=f"it follows {', '.join(known)}"
                if known
                else "is this its state folder? name its file with -c",
            )
        store.heads.let_in(repository, commit)
    console.out(f"{commit} of {repository} is applied although the branch was rewritten.")
    return 0
