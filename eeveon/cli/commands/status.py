"""`eeveon status`: what runs, where, and how it is."""

from concurrent.futures import ThreadPoolExecutor

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.cli.looking import Look, look
from eeveon.cli.probing import health_of
from eeveon.core.health import Health, Probe
from eeveon.core.names import ObjectId
from eeveon.core.observed import ObservedObject, Seen, unseen
from eeveon.core.shelf import kept_among
from eeveon.core.wanted import INSTANCE

UNKNOWN = 3  # exit status
PROBES = 16  # side by side; each mostly waits for an answer


@click.command(short_help="Show what runs, where, and how it is.")
@choices.environment
@choices.output_format("text", "json")
@click.pass_obj
def command(console: Console, environment: str | None, form: str) -> int:
    """Show what runs, where, and how it is: each instance is looked at, and asked by its own health check.

    Exit status: 0 everything was seen, 3 a target could not be observed.
    """
    with look(console, environment) as seen:
        objects = [
            item
            for observation in seen.scene.observed.values()
            if isinstance(observation, Seen)
            for item in observation.objects
            if item.id.kind == INSTANCE
        ]
        probes = _probes(seen, objects)
        unknown = unseen(seen.scene.observed)
        wants = [want for view in seen.scene.views.values() for want in view.preview.objects]
        scope = seen.scene.desired.scope
        pauses = seen.world.store().pauses.of(scope)
    from eeveon.render.status_text import Status, status_json, status_text

    status = Status(
        scope=scope,
        instances=tuple(objects),
        probes=probes,
        wanted=frozenset(want.id for want in wants),
        unknown=unknown,
        kept=kept_among(wants, objects),
        pauses=pauses,
    )
    console.out(status_json(status) if form == "json" else status_text(status, console.style()))
    return UNKNOWN if unknown else 0


def _probes(seen: Look, objects: list[ObservedObject]) -> dict[ObjectId, Probe]:
    """What each running instance of a service with a health check says now: its own, or one of the target's."""
    health = health_of(seen.scene)
    asked = [
        (item, health[item.service, item.id.target])
        for item in objects
        if item.service is not None
        and item.is_up
        and health.get((item.service, item.id.target), Health()).check is not None
    ]
    if not asked:
        return {}

    def ask(one: tuple[ObservedObject, Health]) -> Probe:
        item, how = one
        assert how.check is not None, "only those with a check are asked"
        return seen.scene.drivers[item.id.target].probe(item.id, how.check, how.timeout)

    with ThreadPoolExecutor(max_workers=PROBES, thread_name_prefix="probe") as pool:
        return {item.id: probe for (item, _), probe in zip(asked, pool.map(ask, asked), strict=True)}
