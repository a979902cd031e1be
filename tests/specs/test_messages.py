"""What is wrong with one document, in people's words."""

import pytest
from pydantic_core import ErrorDetails

from eeveon.specs.messages import problems_of
from tests.specs.building import checked, lines, problems_of_service, resolved

OK = "targets: [edge]\nimage: web:1\n"

MISTAKES = {
    "an unknown field": (
        "replica: 2",
        "unknown-field: `replica` is not a field of Service.spec → did you mean `replicas`?",
    ),
    "another spelling": (
        "stop_grace: 2s",
        "unknown-field: `stop_grace` is not a field of Service.spec → did you mean `stopGrace`?",
    ),
    "a field like no other": (
        "resources: {qqqq: 1}",
        "unknown-field: `qqqq` is not a field of Service.spec.resources → its fields are `cpu` and `memory`",
    ),
    "text for a number": (
        'replicas: "three"',
        'wrong-type: `replicas` must be a whole number ≥ 0, not the text "three"',
    ),
    "too small a number": (
        "replicas: -1",
        "wrong-value: `replicas` must be a whole number ≥ 0, not the number -1",
    ),
    "a fraction": ("replicas: 1.5", "wrong-type: `replicas` must be a whole number ≥ 0, not the number 1.5"),
    "a port out of range": (
        "ports: [{name: http, port: 70000}]",
        "wrong-value: `port` must be a whole number from 1 to 65535, not the number 70000",
    ),
    "no form of two": (
        "ports: [{name: http, port: 1, publish: yes}]",
        'wrong-value: `publish` must be a whole number from 1 to 65535 or `auto`, not the text "yes"',
    ),
    "a boolean for text": (
        "env: {A: true}",
        'wrong-type: `A` must be text or a whole number, not `true` → put it in quotes: "true"',
    ),
    "a number that would change": (
        "env: {A: 3.10}",
        "wrong-type: `A` must be text or a whole number, not the number 3.1 → put quotes around it, as it is written there",
    ),
    "a whole number with a point": (
        "env: {A: 3.0}",
        "wrong-type: `A` must be text, not the number 3.0 → put quotes around it, as it is written there",
    ),
    "a point in a command": (
        "command: [sleep, 1.0]",
        "wrong-type: `command[1]` must be text, not the number 1.0 → put quotes around it, as it is written there",
    ),
    "a point in a probe": (
        "health: {command: [check, 1.0]}",
        "wrong-type: `command[1]` must be text, not the number 1.0 → put quotes around it, as it is written there",
    ),
    "a command as text": (
        "command: gunicorn 'shop wsgi' -w",
        'wrong-type: `command` must be a list with at least one entry, not the text "gunicorn \'shop wsgi\' -w" → write [gunicorn, "shop wsgi", -w]',
    ),
    "a command with an open quote": (
        "command: echo 'a",
        'wrong-type: `command` must be a list with at least one entry, not the text "echo \'a" → write [echo, "\'a"]',
    ),
    "an empty list": (
        "command: []",
        "wrong-value: `command` must be a list with at least one entry, not an empty list",
    ),
    "no value": (
        "env:",
        "no-value: `env` has no value; it must be a mapping → remove the line, or write a value",
    ),
    "a list for a mapping": ("env: [A]", "wrong-type: `env` must be a mapping, not a list"),
    "a mapping for text": (
        "user: {a: b}",
        "wrong-type: `user` must be text that is not empty, not a mapping",
    ),
    "an empty mapping": (
        "user: {}",
        "wrong-type: `user` must be text that is not empty, not an empty mapping",
    ),
    "text for a mapping": ("resources: big", 'wrong-type: `resources` must be a mapping, not the text "big"'),
    "no choice of a few": (
        "restart: allways",
        'wrong-value: `restart` must be `always`, `onFailure` or `never`, not the text "allways" → did you mean `always`?',
    ),
    "no boolean": (
        "volumes: [{name: data, path: /a, readOnly: on}]",
        'wrong-type: `readOnly` must be `true` or `false`, not the text "on"',
    ),
    "no duration": (
        "stopGrace: 10",
        "wrong-type: `stopGrace` must be a duration such as 30s, 5m or 1.5h, not the number 10 → did you mean `10s`?",
    ),
    "a number that quotes make no better": (
        "networks: [1.5]",
        "wrong-type: `networks[0]` must be a name of lower-case letters, digits and `-`, at most 40 characters long, not the number 1.5",
    ),
    "no size": (
        "resources: {memory: 5X}",
        'wrong-value: `memory` must be a size such as 256Mi or 1G, not the text "5X"',
    ),
    "no processors": (
        "resources: {cpu: 0}",
        "wrong-value: `cpu` must be a number > 0 or processors such as 500m or 0.5, not the number 0",
    ),
    "a bad name in a list": (
        "networks: [My Net]",
        'wrong-value: `networks[0]` must be a name of lower-case letters, digits and `-`, at most 40 characters long, not the text "My Net"',
    ),
    "a bad key": (
        "env: {A=B: c}",
        "wrong-name: `A=B` cannot be a name here; it must be the name of a variable (letters, digits and `_`)",
    ),
    "a needed field": (
        "ports: [{port: 1}]",
        "missing-field: Service.spec.ports[0] needs the field `name`: by which health checks and routes name it → for example `name: http`",
    ),
    "two of one": (
        "health: {http: {port: a}, tcp: {port: a}}",
        "one-of: Service.spec.health takes exactly one of `http`, `tcp` or `command`, and has `http` and `tcp` → keep one of them",
    ),
    "none of one": (
        "rollout: {keep: 3}",
        "one-of: Service.spec.rollout takes exactly one of `recreate`, `rolling`, `canary` or `blueGreen`, and has none of them",
    ),
    "one without the other": (
        "secrets: {A: {env: B, key: c}}",
        "one-of: `key` of Service.spec.secrets.A only makes sense beside `file`",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_said_in_words(mistake: str) -> None:
    spec, expected = MISTAKES[mistake]
    assert problems_of_service(OK + spec) == [expected]


def test_a_service_needs_something_to_run() -> None:
    assert problems_of_service("targets: [edge]") == [
        "one-of: Service.spec needs at least one of `image`, `command`, `source` or `manifests`"
    ]


def test_nine_mistakes_are_nine_messages_in_one_run() -> None:
    spec = "replica: 1\nreplicas: x\nimage: 3\nuser: 1\nrestart: no\nstopGrace: 1\nenv: []\nports: {}\nnetworks: a\ntargets: [edge]"
    assert len(problems_of_service(spec)) == 9


def test_long_text_is_shown_in_part() -> None:
    (problem,) = problems_of_service(OK + f"restart: {'a' * 100}")
    assert f'not the text "{"a" * 40}…"' in problem


def test_a_document_without_a_body_names_the_field_that_it_needs() -> None:
    outcome = resolved({"base/a.yaml": "kind: Service\nmetadata: {name: web}\n"})
    assert lines(outcome.diagnostics) == [
        "base/a.yaml:1:1 missing-field: Service needs the field `spec`: what runs"
        " → for example `spec: {image: nginx, targets: [edge]}`"
    ]


def test_the_version_of_the_language_is_checked_wherever_it_stands() -> None:
    (line,) = lines(
        resolved(
            {"base/a.yaml": "apiVersion: eeveon/v1\nkind: Target\nmetadata: {name: a}\nspec: {fake: {}}\n"}
        ).diagnostics
    )
    assert line == 'base/a.yaml:1:13 wrong-value: `apiVersion` must be `eeveon/v2`, not the text "eeveon/v1"'


@pytest.mark.parametrize("kind", ["string_too_long", "int_parsing_size", "something_new"])
def test_an_error_nobody_thought_of_still_says_what_fits(kind: str) -> None:
    error: ErrorDetails = {"type": kind, "loc": ("spec", "replicas"), "msg": "?", "input": "x"}
    (problem,) = problems_of("Service", {"spec": {"replicas": "x"}}, [error])
    assert problem.message == '`replicas` must be a whole number ≥ 0, not the text "x"'


def test_the_base_of_a_project_is_a_folder_or_a_repository() -> None:
    text = "apiVersion: eeveon/v2\nkind: Project\nmetadata: {name: a}\nspec: {base: 3, environments: {}}\n"
    from eeveon.specs.project import read_project

    _, diagnostics = read_project(checked(text, "eeveon.yaml"), {"eeveon.yaml": text.encode()}.get)
    assert [line.split(" ", 1)[1] for line in lines(diagnostics)] == [
        "wrong-type: `base` must be a path that does not start with `/` or a mapping, not the number 3"
        ' → put it in quotes: "3"',
        "wrong-value: `environments` must be a mapping with at least one entry, not an empty mapping",
    ]


def test_more_fields_of_a_free_mapping_are_taken_as_they_are() -> None:
    outcome = resolved(
        {"base/a.yaml": "kind: Target\nmetadata: {name: a}\nspec: {fake: {faults: [1], state: x}}\n"}
    )
    assert outcome.diagnostics == ()
