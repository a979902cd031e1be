"""How drift is told: by whom, in every form of a plan, and the harmless in one line."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from eeveon.core.decide import Circumstances, Decided, decide
from eeveon.core.drift import Author, Touch
from eeveon.core.guard import ByCommit
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.verdict import Moment
from eeveon.render.as_json import plan_json
from eeveon.render.explain_text import Explained, explained_text
from eeveon.render.plan_markdown import plan_markdown
from eeveon.render.plan_text import field_lines, plan_text
from eeveon.render.words import PLAIN, by_whom
from tests.core.moments import NOON
from tests.core.worlds import Holding, desired, service, views

SPECS = desired(*(service(name) for name in ("api", "cache", "db", "web")))
HELD = {seen.service: seen for seen in Holding.of(SPECS).by_id.values()}


def edited(name: str, by: Author) -> ObservedObject:
    seen = HELD[name]  # type: ignore[index]  # a ServiceName is a str
    fields = {"image": "web:hacked", "env": {}}
    return replace(seen, fields=fields, touches=(Touch(path=("image",), by=by),))


def stopped(name: str, by: Author) -> ObservedObject:
    seen = HELD[name]  # type: ignore[index]
    return replace(seen, condition=Condition.STOPPED, detail="exited with status 1", ended_by=by)


def judged(
    *changed: ObservedObject, past: Mapping[ObjectId, Condition] | None = None, gone: str = ""
) -> Decided:
    held = {seen.id: seen for seen in (*HELD.values(), *changed) if seen.service != gone}
    how = Circumstances(generation=1, moment=Moment(utc=NOON, zones={}), origin=ByCommit(), past=past or {})
    return decide(SPECS, views(SPECS), Holding(held).observed(), how)


def text(judged: Decided) -> str:
    return plan_text(judged.plan, judged.verdicts, judged.findings, PLAIN)


@pytest.mark.parametrize(
    ("authors", "words"),
    [
        ((), ""),
        ((Author.PERSON,), "by hand"),
        ((Author.TOOL, Author.WORKLOAD), "by another tool and by itself"),
        (
            (Author.PERSON, Author.UNKNOWN, Author.OURSELVES),
            "by hand, by somebody and by an unfinished apply",
        ),
    ],
)
def test_authors_are_a_phrase(authors: tuple[Author, ...], words: str) -> None:
    assert by_whom(authors) == words


def test_a_line_of_drift_says_by_whom() -> None:
    said = text(judged(stopped("api", Author.WORKLOAD), edited("db", Author.PERSON))).splitlines()
    assert said[2:10] == [
        "Drift: changed on the targets since it was applied; an apply puts it back",
        "",
        "    ~ service/api on here  start 1 replica; by itself",
        "        stopped: exited with status 1",
        "  -/+ service/db on here   replace 1 replica; rolling, 1 more, 0 fewer at a time; by hand",
        "        image web:hacked → web:1",
        "        changed on the target",
        "",
    ]


def test_what_is_gone_is_drift_and_says_so() -> None:
    said = text(judged(gone="web", past={HELD["web"].id: Condition.RUNNING}))  # type: ignore[index]
    assert "    + service/web on here  create 1 replica; by somebody\n        gone from the target\n" in said


def test_harmless_drift_is_one_line_however_much_there_is() -> None:
    said = text(
        judged(
            edited("api", Author.DEFAULT),
            edited("cache", Author.AUTOSCALER),
            edited("db", Author.DEFAULT),
            edited("web", Author.TOOL),
        )
    ).splitlines()
    assert said[4:10] == [
        "  -/+ service/web on here  replace 1 replica; rolling, 1 more, 0 fewer at a time; by another tool",
        "        image web:hacked → web:1",
        "        changed on the target",
        "",
        "    ~ 3 harmless, by an autoscaler and by the target's own defaults: shown by eeveon explain, or with "
        "--format json",
        "",
    ]


def test_drift_inside_of_an_intended_change_is_marked_field_by_field() -> None:
    step = judged(edited("web", Author.PERSON)).plan.steps[0]
    assert field_lines(replace(step, drift=False)) == ["image web:hacked → web:1 (drift by hand)"]
    mixed = replace(step, drift_by=(Author.PERSON, Author.WORKLOAD))
    assert field_lines(mixed) == ["image web:hacked → web:1 (by hand)"]


def test_markdown_json_and_explain_say_by_whom() -> None:
    decided = judged(edited("web", Author.PERSON))
    said = plan_markdown(decided.plan, decided.verdicts, decided.findings)
    assert "| 1 | drift by hand; changed on the target |" in said
    (step,) = json.loads(plan_json(decided.plan))["plan"]["steps"]
    assert (step["drift_by"], step["fields"][0]["by"]) == (["person"], "person")
    (one,) = decided.plan.steps
    explained = explained_text(Explained(plan="plan-1", step=one, verdict=None, actions=()), PLAIN)
    assert "  image web:hacked → web:1: changed on the target by hand\nDrift:     by hand\n" in explained


def test_explain_has_no_line_of_drift_where_there_is_none() -> None:
    decided = judged(gone="web")
    (one,) = decided.plan.steps
    assert "Drift:" not in explained_text(Explained(plan="p", step=one, verdict=None, actions=()), PLAIN)
