"""`eeveon resume`: the changes of an environment, or of one service, go on."""

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.core.names import Scope, ServiceName
from eeveon.errors import UsageError
from eeveon.reading import environment_of, project_of
from eeveon.wiring import build_world


@click.command(short_help="Let the changes of an environment or a service go on.")
@click.argument("service", required=False)
@choices.environment
@click.pass_obj
def command(console: Console, service: str | None, environment: str | None) -> int:
    """Let the changes of an environment, or of SERVICE, go on after `eeveon pause`."""
    world = build_world(console.folder)
    project = project_of(world)
    scope = Scope(project=project.name, environment=environment_of(project, environment))
    pauses = world.store().pauses
    if not pauses.lift(scope, ServiceName(service) if service else None):
        raise UsageError(
            f"{f'service {service} of {scope}' if service else scope} is not paused",
            hint="; ".join(f"{pause.service or scope}: {pause.told}" for pause in pauses.of(scope)),
        )
    left = [pause.told for pause in pauses.of(scope)]
    console.out(f"{f'{service} of {scope}' if service else scope} goes on.")
    for told in left:
        console.out(f"  still {told}")
    return 0
