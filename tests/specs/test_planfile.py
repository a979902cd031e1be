"""A saved plan comes back as it was, or is refused in words."""

import json
from collections.abc import Callable

import pytest

from eeveon.core.plan import Plan
from eeveon.core.verdict import Verdict
from eeveon.errors import UsageError
from eeveon.render.as_json import plan_json
from eeveon.specs.planfile import read_plan, read_verdicts
from tests.core.worlds import Holding, decided, desired, service

OLD = desired(service("web", replicas=2), service("db"))
NEW = desired(service("web", image="web:2", replicas=3))


def saved() -> tuple[Plan, tuple[Verdict, ...], str]:
    judged = decided(NEW, Holding.of(OLD).observed(frozenset({"there"})))  # type: ignore[arg-type]
    return judged.plan, judged.verdicts, plan_json(judged.plan, judged.verdicts, judged.findings)


def test_a_saved_plan_comes_back_the_same() -> None:
    plan, verdicts, text = saved()
    again = read_plan(text, "plan.json")
    assert again.id == plan.id
    assert plan_json(again, verdicts) == plan_json(plan, verdicts)
    assert [str(action.effect) for action in again.actions] == [str(action.effect) for action in plan.actions]
    assert read_verdicts(text) == verdicts


def changed(path: tuple[str | int, ...], value: object) -> Callable[[str], str]:
    def change(text: str) -> str:
        document = json.loads(text)
        place = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return json.dumps(document)

    return change


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda text: text[:-20], "plan.json is no saved plan: "),
        (lambda text: "[]", "is no saved plan of this version"),
        (changed(("format",), "eeveon.plan/2"), "is no saved plan of this version"),
        (changed(("plan", "steps", 0, "wave"), "first"), "is damaged at steps.0.wave: "),
        (changed(("plan", "commit"), "0"), "was changed after it was saved as plan-"),
    ],
)
def test_a_spoiled_plan_is_refused(spoil: Callable[[str], str], complaint: str) -> None:
    _, _, text = saved()
    with pytest.raises(UsageError, match=complaint) as refused:
        read_plan(spoil(text), "plan.json")
    assert "make a new one" in refused.value.hint
