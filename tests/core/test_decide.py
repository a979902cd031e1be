"""The pure middle: one decision for these facts, for all services or for some."""

from dataclasses import replace

from eeveon.core.changes import Verb
from eeveon.core.decide import Circumstances, Decided, decide
from eeveon.core.diff import TargetView
from eeveon.core.guard import ByCommit
from eeveon.core.names import ServiceName, TargetName
from eeveon.core.observed import Seen
from eeveon.core.policy import GuardrailFinding, SafetyPolicy
from eeveon.core.simulate import as_wanted
from eeveon.core.verdict import Decision, Moment
from eeveon.core.wanted import NETWORK, VOLUME, Preview, WantedObject
from tests.core.moments import NOON
from tests.core.worlds import HERE, Holding, desired, service, support, views

WEB = ServiceName("web")
OLD = desired(service("web"), service("api"), service("gone"))
NEW = desired(service("web", image="web:2"), service("api", image="web:2"))


def chosen(*services: ServiceName, held: Holding | None = None) -> Decided:
    how = Circumstances(
        generation=1,
        moment=Moment(utc=NOON, zones={}),
        origin=ByCommit(),
        services=frozenset(services),
    )
    return decide(NEW, views(NEW, supports=True), (held or Holding.of(OLD)).observed(), how)


def test_without_a_choice_everything_is_planned() -> None:
    steps = [step.id for step in chosen().plan.steps]
    assert steps == [
        "network/default on here",
        "service/api on here",
        "service/web on here",
        "service/gone on here",
    ]


def test_the_chosen_services_come_with_what_they_need_and_nothing_goes() -> None:
    extra = [as_wanted(support(HERE, kind, "old")) for kind in (NETWORK, VOLUME)]
    held = Holding({**Holding.of(OLD).by_id, **{item.id: item for item in extra}})
    judged = chosen(WEB, held=held)
    assert [(step.id, step.verb) for step in judged.plan.steps] == [
        ("network/default on here", Verb.CREATE),
        ("service/web on here", Verb.REPLACE),
    ]
    assert judged.findings == ()
    assert judged.plan.kept == ()


def test_what_belongs_to_a_chosen_service_comes_and_goes_with_it() -> None:
    def owned(name: str, service: ServiceName) -> WantedObject:
        return replace(support(HERE, "doors", name), service=service)

    wanted = (owned("web-new", WEB), owned("api-new", ServiceName("api")))
    there = (as_wanted(owned("web-old", WEB)), as_wanted(owned("api-old", ServiceName("api"))))
    how = Circumstances(
        generation=1, moment=Moment(utc=NOON, zones={}), origin=ByCommit(), services=frozenset({WEB})
    )
    shown = {HERE: TargetView(preview=Preview(objects=wanted))}
    plan = decide(desired(), shown, {HERE: Seen(target=HERE, objects=there)}, how).plan
    assert [(step.id, step.verb) for step in plan.steps] == [
        ("doors/web-new on here", Verb.CREATE),
        ("doors/web-old on here", Verb.REMOVE),
    ]


def test_a_chosen_service_that_left_the_specs_goes() -> None:
    steps = chosen(ServiceName("gone")).plan.steps
    assert [(step.id, step.verb) for step in steps][1:] == [("service/gone on here", Verb.REMOVE)]


def test_the_specs_bring_their_own_rules() -> None:
    guardrail = GuardrailFinding(
        policy="production", guardrail="no-latest.json", kind="Service", name="web", message="says latest"
    )
    specs = desired(
        service("web"), policies=(SafetyPolicy(name="production", paused=True),), guardrails=(guardrail,)
    )
    how = Circumstances(generation=1, moment=Moment(utc=NOON, zones={}), origin=ByCommit())
    (verdict,) = decide(specs, views(specs), Holding({}).observed(), how).verdicts
    assert (verdict.decision, verdict.rule) == (Decision.DENY, "safety/production guardrail no-latest.json")


def test_a_target_that_left_the_specs_is_said_not_to_be_looked_at() -> None:
    left = (TargetName("attic"),)
    how = Circumstances(generation=1, moment=Moment(utc=NOON, zones={}), origin=ByCommit(), left=left)
    specs = desired(service("web"))
    (note,) = decide(specs, views(specs), Holding({}).observed(), how).plan.notes
    assert (note.target, note.service) == ("attic", None)
    assert "what runs there is not looked at" in note.text
