"""What `plan`, `apply`, `destroy` and `explain` share: one plan, made and kept, ready to be shown."""

from dataclasses import dataclass, field

from eeveon.cli.console import Console
from eeveon.core.decide import Decided
from eeveon.core.guard import ByCommit, Origin
from eeveon.core.hold import Hold
from eeveon.core.names import ObjectId, ServiceName, TargetName
from eeveon.core.plan import Plan
from eeveon.reading import environment_of, project_of, specs_of
from eeveon.reconcile import judged, scene
from eeveon.render.words import Style
from eeveon.wiring import build_world
from eeveon.world import Order, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asks for."""

    environment: str | None
    services: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    revision: str | None = None
    origin: Origin = field(default_factory=ByCommit)
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A judged plan, its saved form, and the world it was made in."""

    world: World
    order: Order
    decided: Decided
    saved_form: str

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.decided.plan


def planned(console: Console, request: Request) -> Made:
    """The plan for a request. One that does something is kept in the store, to be applied by its id."""
    from eeveon.render.as_json import plan_json

    world = build_world(console.folder, request.revision, console.connections)
    order = Order(
        environment=environment_of(project_of(world), request.environment),
        services=frozenset(ServiceName(name) for name in request.services),
        targets=frozenset(TargetName(name) for name in request.targets),
        origin=request.origin,
        holds=request.holds,
    )
    specs = specs_of(world, order)
    console.diagnostics(specs.warnings)
    with scene(world, specs.desired, _quiet, order.holds) as now:
        decided = judged(world, now, order)
    text = plan_json(decided.plan, decided.verdicts, decided.findings)
    if decided.plan.steps:
        world.store().plans.save(decided.plan.scope, decided.plan.id, text, world.now())
    return Made(world=world, order=order, decided=decided, saved_form=text)


def shown_as(form: str, made: Made, style: Style) -> str:
    """The plan in one of the output formats."""
    decided = made.decided
    if form == "json":
        return made.saved_form
    if form == "markdown":
        from eeveon.render.plan_markdown import plan_markdown

        return plan_markdown(decided.plan, decided.verdicts, decided.findings)
    from eeveon.render.plan_text import plan_text

    return plan_text(decided.plan, decided.verdicts, decided.findings, style)


def _quiet(_object: ObjectId, _text: str) -> None:
    """Planning is quick: nobody needs to hear of its progress."""
