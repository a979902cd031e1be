"""`eeveon unlock`: breaks the lease of a writer that is gone."""

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.core.names import Scope
from eeveon.core.outcome import ActionState, Record
from eeveon.errors import UsageError
from eeveon.reading import environment_of, project_of
from eeveon.render.words import count, duration
from eeveon.wiring import build_world, is_alive


@click.command(short_help="Break the lease of a writer that is gone.")
@choices.environment
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(console: Console, environment: str | None, yes: bool) -> int:
    """Break the lease of an environment, after showing who holds it and what its apply loses.

    A lease ends by itself when its writer is gone; this is for one that hangs. Its later writes are refused.
    """
    world = build_world(console.folder)
    project = project_of(world)
    scope = Scope(project=project.name, environment=environment_of(project, environment))
    store = world.store()
    lease = store.leases.holder(scope)
    if lease is None:
        console.out(f"{scope} is not held by anybody.")
        return 0
    now = world.now()
    alive = {True: "its process runs", False: "its process is gone", None: "on another host"}[
        is_alive(lease.holder)
    ]
    console.say(f"{scope} is held by {lease.holder}, {alive}")
    console.say(f"  for: {lease.holder.reason}, since {lease.acquired:%Y-%m-%d %H:%M:%S} UTC")
    console.say(f"  last heard {duration(now - lease.renewed)} ago, ends in {duration(lease.expires - now)}")
    running = store.history.running(scope, now)
    if running is not None:
        console.say(f"  {_loss(running)}")
    if not yes:
        if not console.is_terminal:
            raise UsageError("there is no terminal to ask on", hint="say --yes")
        if not console.confirm("Break it? Only 'yes' is taken as yes:", "yes"):
            console.say("Nothing was done.")
            return 1
    store.leases.break_lease(scope, world.holder("unlock"), world.now())
    console.out(f"The lease of {scope} is broken. Plan again before you apply.")
    return 0


def _loss(record: Record) -> str:
    """What the holder's apply leaves unfinished."""
    left = sum(item.state in (ActionState.NOT_STARTED, ActionState.STARTED) for item in record.outcomes)
    return f"loses: {left} of {count(len(record.outcomes), 'action')} of {record.id} are not finished"
