"""A saved plan comes back as it was, or is refused in words that name every mistake."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import event, given, strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from eeveon.core.health import Health, HttpCheck
from eeveon.core.plan import Plan
from eeveon.core.values import digest, plain
from eeveon.core.verdict import Verdict
from eeveon.errors import UsageError
from eeveon.render.as_json import plan_json
from eeveon.specs.plancheck import mistakes
from eeveon.specs.planfile import read_plan, read_verdicts
from eeveon.specs.planschema import plan_schema
from tests.core.worlds import THERE, Holding, decided, desired, holdings, service, specs

CHECK = Health(check=HttpCheck(port="http", path="/"))
OLD = desired(service("web", replicas=2), service("db"))
NEW = desired(service("web", image="web:2", replicas=3, health=CHECK))
PLANS: TypeAdapter[Any] = TypeAdapter(Plan)


def saved() -> tuple[Plan, tuple[Verdict, ...], str]:
    judged = decided(NEW, Holding.of(OLD).observed(frozenset({THERE})))
    return judged.plan, judged.verdicts, plan_json(judged.plan, judged.verdicts, judged.findings)


def test_a_saved_plan_comes_back_the_same() -> None:
    plan, verdicts, text = saved()
    again = read_plan(text, "plan.json")
    assert again.id == plan.id
    assert plan_json(again, verdicts) == plan_json(plan, verdicts)
    assert [str(action.effect) for action in again.actions] == [str(action.effect) for action in plan.actions]
    assert read_verdicts(text) == verdicts


Path = tuple[str | int, ...]


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def changed(path: Path, value: object) -> Callable[[str], str]:
    def change(text: str) -> str:
        document = json.loads(text)
        at(document, path[:-1])[path[-1]] = value
        return json.dumps(document)

    return change


def without(path: Path) -> Callable[[str], str]:
    def change(text: str) -> str:
        document = json.loads(text)
        del at(document, path[:-1])[path[-1]]
        return json.dumps(document)

    return change


STEP: Path = ("plan", "steps", 0)
ACTION: Path = ("plan", "actions", 0)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda text: text[:-20], "plan.json is no saved plan: "),
        (lambda text: "[" * 100_000, "plan.json is no saved plan: maximum recursion depth"),
        (lambda text: "[]", "is no saved plan of this version"),
        (changed(("format",), "eeveon.plan/2"), "is no saved plan of this version"),
        (changed(("plan", "commit"), "0"), "was changed after it was saved as plan-"),
        (changed((*STEP, "wave"), "first"), '$.plan.steps[0].wave: expected a whole number, found "first"'),
        (changed((*STEP, "wave"), "1"), '$.plan.steps[0].wave: expected a whole number, found "1"'),
        (changed((*STEP, "wave"), True), "$.plan.steps[0].wave: expected a whole number, found true"),
        (changed((*STEP, "risk"), "none"), 'risk: expected one of low, medium, high, found "none"'),
        (changed((*STEP, "replicas"), [1]), "$.plan.steps[0].replicas: expected a list of 2, found [1]"),
        (changed((*STEP, "replicas"), {"a": 1}), "$.plan.steps[0].replicas: expected a list, found a map"),
        (changed((*STEP, "document"), ["x" * 70]), 'expected a text, found ["xxxxxxxxxx'),
        (without((*STEP, "present")), "$.plan.steps[0].present: it is missing"),
        (without(("verdicts",)), "$.verdicts: it is missing"),
        (changed(("notes",), []), "$.notes: a saved plan has no such field"),
        (changed((*ACTION, "haste"), 1), "$.plan.actions[0].haste: a saved plan has no such field"),
        (changed((*ACTION, "health"), 3), "$.plan.actions[0].health: expected a map or null, found 3"),
        (
            changed((*ACTION, "health", "check"), {"kind": "tcp", "port": 1}),
            "$.plan.actions[0].health.check.port: expected a text, found 1",
        ),
        (
            changed((*ACTION, "health", "check", "kind"), "udp"),
            '$.plan.actions[0].health.check.kind: expected "http", found "udp"',
        ),
        (
            changed((*STEP, "present", 0, "started"), "noon"),
            '$.plan.steps[0].present[0].started: expected a date-time, found "noon"',
        ),
        (changed((*ACTION, "deadline"), 1e300), "$.plan.actions[0].deadline: "),
    ],
)
def test_a_spoiled_plan_is_refused(spoil: Callable[[str], str], complaint: str) -> None:
    _, _, text = saved()
    with pytest.raises(UsageError) as refused:
        read_plan(spoil(text), "plan.json")
    assert complaint in refused.value.message
    assert "make a new one" in refused.value.hint


def test_a_number_may_be_written_in_another_way() -> None:
    _, _, text = saved()
    assert read_plan(changed((*STEP, "wave"), 1.0)(text), "plan.json") == read_plan(text, "plan.json")


def test_all_mistakes_are_named_at_once_and_very_many_are_counted() -> None:
    _, _, text = saved()
    document = json.loads(text)
    document["plan"]["steps"][0]["wave"] = "first"
    del document["plan"]["actions"][0]["effect"]["object"]["name"]
    document["verdicts"][0]["decision"] = "perhaps"
    with pytest.raises(UsageError) as refused:
        read_plan(json.dumps(document), "plan.json")
    assert refused.value.message.splitlines() == [
        "plan.json is not what a plan is saved as:",
        '  $.plan.steps[0].wave: expected a whole number, found "first"',
        "  $.plan.actions[0].effect.object.name: it is missing",
        '  $.verdicts[0].decision: expected one of allow, needsApproval, deny, found "perhaps"',
    ]
    document["plan"]["kept"] = list(range(60))
    with pytest.raises(UsageError) as refused:
        read_plan(json.dumps(document), "plan.json")
    assert refused.value.message.splitlines()[-1] == "  and 13 more"


def places(document: Any, path: Path = ()) -> Iterator[Path]:
    """Every place of a document, except the fields of objects, which may hold anything."""
    if path:
        yield path
    if path[-1:] == ("fields",) or not isinstance(document, dict | list):
        return
    for step, inside in document.items() if isinstance(document, dict) else enumerate(document):
        yield from places(inside, (*path, step))


SCHEMA = Draft202012Validator(plan_schema())
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2),
    st.sampled_from([0.5, 2.0, "", "1", "running", "http", "2027-03-01T12:00:00+00:00"]),
    st.just([]),
    st.just({}),
    st.builds(list, st.tuples(st.integers(0, 3), st.integers(0, 3))),
)


def spoiled(data: st.DataObject, document: Any) -> None:
    """Change one place: another value, none, or one too many."""
    path = data.draw(st.sampled_from(list(places(document))))
    match data.draw(st.sampled_from(["other", "gone", "more"])):
        case "other":
            at(document, path[:-1])[path[-1]] = data.draw(JUNK)
        case "gone":
            del at(document, path[:-1])[path[-1]]
        case _ if isinstance(inside := at(document, path), dict):
            inside["more"] = data.draw(JUNK)
        case _:
            pass


def signed(document: Any) -> None:
    """Give a changed plan the id that it would have, if it is a plan at all: only its form may still speak against it."""
    try:
        written = plain(PLANS.validate_python(document["plan"]))
    except (KeyError, ValidationError):
        return
    assert isinstance(written, dict)
    document["plan"]["id"] = f"plan-{digest({**written, 'id': ''})}"


def accepted(document: Any) -> bool:
    try:
        read_plan(json.dumps(document), "plan.json")
    except UsageError:
        return False
    return True


@given(specs=specs(), held=holdings())
def test_every_plan_has_the_form_of_the_schema_and_is_read_without_asking_it(
    specs: Any, held: Holding
) -> None:
    judged = decided(specs, held.observed())
    text = plan_json(judged.plan, judged.verdicts, judged.findings)
    assert mistakes(json.loads(text)) == ()
    assert plan_json(read_plan(text, "plan.json"), judged.verdicts) == plan_json(judged.plan, judged.verdicts)


@given(specs=specs(), held=holdings(), data=st.data())
def test_the_schema_and_the_reader_accept_and_refuse_the_same_documents(
    specs: Any, held: Holding, data: st.DataObject
) -> None:
    judged = decided(specs, held.observed())
    document = json.loads(plan_json(judged.plan, judged.verdicts, judged.findings))
    for _ in range(data.draw(st.integers(1, 2))):
        spoiled(data, document)
    signed(document)
    event(f"accepted: {SCHEMA.is_valid(document)}")
    assert accepted(document) is SCHEMA.is_valid(document), mistakes(document)
