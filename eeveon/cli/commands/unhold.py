"""`eeveon unhold`: a service that was taken back follows its specs again."""

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.core.names import Scope, ServiceName
from eeveon.errors import UsageError
from eeveon.reading import environment_of, project_of
from eeveon.render.words import count
from eeveon.wiring import build_world


@click.command(short_help="Let a service that was taken back follow its specs again.")
@click.argument("service")
@choices.environment
@click.pass_obj
def command(console: Console, service: str, environment: str | None) -> int:
    """Let SERVICE follow its specs again after `eeveon rollback`. The next apply brings what they say, bad or not."""
    world = build_world(console.folder)
    project = project_of(world)
    scope = Scope(project=project.name, environment=environment_of(project, environment))
    lifted = world.store().holds.lift(scope, ServiceName(service))
    if not lifted:
        held = sorted({str(hold.service) for hold in world.store().holds.of(scope)})
        raise UsageError(
            f"service {service} is not held in {scope}", hint=f"held: {', '.join(held)}" if held else ""
        )
    console.out(
        f"{service} follows its specs again on {count(lifted, 'target')}. See what that means: eeveon plan"
    )
    return 0
