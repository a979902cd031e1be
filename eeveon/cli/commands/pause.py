"""`eeveon pause`: nothing is changed in an environment, or in one service, until it is resumed."""

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.core.names import Scope, ServiceName
from eeveon.core.pause import Pause
from eeveon.errors import UsageError
from eeveon.reading import environment_of, project_of, resolved
from eeveon.specs.suggest import did_you_mean
from eeveon.wiring import build_world
from eeveon.world import World


@click.command(short_help="Change nothing in an environment, or in one service, until `resume`.")
@click.argument("service", required=False)
@choices.environment
@click.option("--why", default="", metavar="TEXT", help="The reason, for those whom it stops.")
@click.pass_obj
def command(console: Console, service: str | None, environment: str | None, why: str) -> int:
    """Change nothing in an environment, or only in SERVICE, until `eeveon resume`.

    An apply that is under way starts nothing more within a second; what it has in hand comes to its end. Plans can be
    made, and say that they are refused. `eeveon rollback` still works.
    """
    world = build_world(console.folder)
    project = project_of(world)
    scope = Scope(project=project.name, environment=environment_of(project, environment))
    if service is not None:
        _refuse_unknown(world, scope, service)
    now = world.now()
    holder = world.holder("pause")
    named = ServiceName(service) if service else None
    world.store().pauses.put(
        scope, Pause(service=named, since=now, by=f"{holder.owner}@{holder.host}", why=why.strip())
    )
    console.out(
        f"{f'{service} of {scope}' if service else scope} is paused. Go on with: "
        f"eeveon resume{f' {service}' if service else ''} -e {scope.environment}"
    )
    return 0


def _refuse_unknown(world: World, scope: Scope, service: str) -> None:
    """A service that the specs do not have is a slip of the pen. Where they cannot be read, nobody can know."""
    desired = resolved(world, project_of(world), scope.environment).desired
    if desired is None:
        return
    known = sorted({str(workload.service) for workload in desired.workloads})
    if service not in known:
        raise UsageError(f"no service {service!r} in {scope}", hint=did_you_mean(service, known))
