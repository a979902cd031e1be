"""JSON Schemas that documents must satisfy."""

import json
from typing import Any

import pytest

from tests.specs.building import EDGE, WEB, lines, resolved

NO_LATEST = {
    "if": {"properties": {"kind": {"const": "Service"}}},
    "then": {"properties": {"spec": {"properties": {"image": {"pattern": ":[0-9]"}}}}},
}


def policy(selector: str = "") -> str:
    return f"kind: SafetyPolicy\nmetadata: {{name: strict}}\nspec: {{guardrails: [p.json]{selector}}}\n"


def judged(schema: Any, selector: str = "", web: str = WEB) -> Any:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return resolved(
        {"base/edge.yaml": EDGE, "base/web.yaml": web, "base/p.yaml": policy(selector), "p.json": text}
    )


def findings(schema: Any, selector: str = "", web: str = WEB) -> list[tuple[str, str, str]]:
    outcome = judged(schema, selector, web)
    assert outcome.desired is not None, lines(outcome.diagnostics)
    return [(item.kind, item.name, item.message) for item in outcome.desired.guardrails]


def test_a_document_that_breaks_a_guardrail_is_found() -> None:
    assert findings(NO_LATEST) == []
    assert findings(NO_LATEST, web=WEB.replace("web:1", "web:latest")) == [
        ("Service", "web", "spec.image: 'web:latest' does not match ':[0-9]'")
    ]


@pytest.mark.parametrize(
    ("selector", "kinds"),
    [
        ("", ["SafetyPolicy", "Service", "Target"]),
        (", services: {names: [web]}", ["Service"]),
        (", services: {labels: {a: b}}", []),
    ],
)
def test_the_policy_selects_the_documents(selector: str, kinds: list[str]) -> None:
    found = findings({"required": ["nothing"]}, selector)
    assert [kind for kind, _, _ in found] == kinds
    assert {message for _, _, message in found} <= {"'nothing' is a required property"}


def test_a_pattern_sees_only_text_and_a_long_message_is_cut() -> None:
    schema = {
        "properties": {
            "spec": {"pattern": "x", "properties": {"targets": False, "image": {"const": "y" * 900}}}
        }
    }
    messages = [message for kind, _, message in findings(schema, ", services: {names: [web]}")]
    assert len(messages) == 2
    assert max(map(len, messages)) < 330


def test_a_guardrail_without_an_end_satisfies_nothing() -> None:
    assert findings({"$ref": "#"}, ", services: {names: [web]}") == [
        (
            "Service",
            "web",
            "a reference in the guardrail leads nowhere or in a circle, so nothing can satisfy it",
        )
    ]


def test_a_guardrail_may_use_its_own_definitions_and_patterns_that_explode_elsewhere() -> None:
    schema = {
        "$defs": {"a": {"pattern": "^(a+)+$"}},
        "properties": {"spec": {"properties": {"image": {"$ref": "#/$defs/a"}}}},
    }
    web = WEB.replace("web:1", "a" * 5000 + "!")
    assert len(findings(schema, ", services: {names: [web]}", web)) == 1


WRONG: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "it is not JSON"),
    "no schema": ({"type": 3}, "3 is not valid under any of the given schemas"),
    "a remote reference": ({"allOf": [{"$ref": "https://example.com/a.json"}]}, "leads out of the file"),
    "a reference to nothing": ({"$ref": "#/$defs/none"}, "`#/$defs/none` leads nowhere"),
    "a pattern of another language": ({"pattern": "(?=a)"}, "the pattern `(?=a)` is not understood"),
    "patterns as keys": ({"patternProperties": {"a": {}}}, "`patternProperties` is not supported"),
    "too large": ('"' + "a" * 300_000 + '"', "it has 300002 bytes"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_guardrail_that_cannot_be_used_is_located_in_its_file(case: str) -> None:
    schema, message = WRONG[case]
    (diagnostic,) = judged(schema).diagnostics
    assert diagnostic.code == "wrong-guardrail"
    assert message in diagnostic.message
    assert diagnostic.position.file == "p.json"


def test_a_guardrail_that_is_not_there_is_located_where_it_is_named() -> None:
    outcome = resolved({"base/p.yaml": policy()})
    assert lines(outcome.diagnostics) == [
        "base/p.yaml:3:21 unknown-guardrail: there is no file `p.json` in the repository"
        " → paths start at the root of the repository"
    ]
