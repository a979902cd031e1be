"""`eeveon rollback`: takes a service back to a revision that its targets keep, and holds it there."""

from collections.abc import Iterator

import click

from eeveon.cli import choices
from eeveon.cli.commands.apply import apply_made
from eeveon.cli.console import Console
from eeveon.cli.looking import Look, look
from eeveon.cli.planning import Request, planned
from eeveon.core.hold import Hold, Kept, bad_of, kept_of
from eeveon.core.names import Revision, ServiceName, TargetName
from eeveon.core.observed import Seen, Unreachable
from eeveon.errors import TargetUnreachable, UsageError
from eeveon.render.kept_text import kept_json, kept_text
from eeveon.specs.suggest import did_you_mean


@click.command(short_help="Take a service back to a revision that its target keeps.")
@click.argument("service")
@choices.environment
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only on this target; repeatable.")
@click.option(
    "--to", "to", metavar="REV", help="This one in place of the newest: a revision, image or commit."
)
@click.option("--list", "listing", is_flag=True, help="Only show what can be gone back to.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@choices.output_format("text", "json")
@click.pass_obj
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    console: Console,
    service: str,
    environment: str | None,
    targets: tuple[str, ...],
    to: str | None,
    listing: bool,
    yes: bool,
    form: str,
) -> int:
    """Take SERVICE back to the newest revision that its targets keep, and hold it there.

    Kept are as many as `rollout.keep` of the service says. What it is taken back from is not applied again until its
    specs lead to a newer revision, or until `eeveon unhold SERVICE`: revert the commit as well, so that Git agrees.

    Exit status: as of `apply`.
    """
    with look(console, environment) as seen:
        kept = dict(_kept(seen, ServiceName(service), frozenset(targets)))
        if listing:
            console.out(kept_json(kept) if form == "json" else kept_text(service, kept))
            return 0
        holds = tuple(_holds(seen, ServiceName(service), kept, to))
    request = Request(
        environment=environment,
        services=(service,),
        targets=tuple(hold.target for hold in holds),
        holds=holds,
    )
    return apply_made(console, planned(console, request), yes=yes, form=form)


def _kept(
    seen: Look, service: ServiceName, targets: frozenset[str]
) -> Iterator[tuple[TargetName, tuple[Kept, ...]]]:
    """What each target of the service keeps. Raises TargetUnreachable where one cannot say, UsageError for a slip."""
    for workload in seen.scene.desired.workloads:
        blind = seen.scene.observed[workload.target]
        if workload.service == service and isinstance(blind, Unreachable):
            raise TargetUnreachable(f"{blind} was not reached: {blind.reason}", hint=blind.hint)
    running = {
        item.id.target: observation
        for observation in seen.scene.observed.values()
        if isinstance(observation, Seen)
        for item in observation.objects
        if item.service == service and (not targets or item.id.target in targets)
    }
    if not running:
        known = {str(workload.service) for workload in seen.scene.desired.workloads}
        where = f" on {', '.join(sorted(targets))}" if targets else ""
        raise UsageError(
            f"service {service} has no instances in {seen.scene.desired.scope}{where}",
            hint=did_you_mean(service, known - {service}),
        )
    for target, observation in sorted(running.items()):
        yield target, kept_of(service, observation, _bad(seen, service, observation))


def _holds(
    seen: Look, service: ServiceName, kept: dict[TargetName, tuple[Kept, ...]], to: str | None
) -> Iterator[Hold]:
    holder = seen.world.holder(f"rollback {service}")
    for target, revisions in kept.items():
        chosen = next((one for one in revisions if to is None or one.answers_to(to)), None)
        if chosen is None:
            raise _nothing_to_go_back_to(service, target, revisions, to)
        observation = seen.scene.observed[target]
        assert isinstance(observation, Seen), "only what was seen keeps something"
        yield Hold(
            service=service,
            target=target,
            bad=_bad(seen, service, observation),
            back_to=chosen.revisions,
            since=seen.world.now(),
            by=f"{holder.owner}@{holder.host}",
        )


def _bad(seen: Look, service: ServiceName, observation: Seen) -> frozenset[Revision]:
    """What runs there, what the specs lead to, and what was found bad before."""
    wanted = seen.scene.views[observation.target].preview.objects
    before = [
        hold.bad
        for hold in seen.world.store().holds.of(seen.scene.desired.scope)
        if (hold.service, hold.target) == (service, observation.target)
    ]
    return bad_of(service, observation, wanted).union(*before)


def _nothing_to_go_back_to(
    service: ServiceName, target: TargetName, kept: tuple[Kept, ...], to: str | None
) -> UsageError:
    if to is not None and kept:
        known = ", ".join(min(one.revisions) for one in kept)
        return UsageError(f"{target} keeps no {to} of service {service}", hint=f"it keeps: {known}")
    return UsageError(
        f"{target} keeps no older revision of service {service}",
        hint=f"`rollout: {{keep: 3}}` in its specs keeps some; now revert the commit: git revert, then eeveon apply "
        f"--service {service}",
    )
