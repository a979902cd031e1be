"""What `eeveon.yaml` says."""

from datetime import timedelta

import pytest

from eeveon.core.controller import Drift, OnDrift
from eeveon.core.diagnostic import Severity
from eeveon.core.names import EnvironmentName
from eeveon.specs.codes import CODES
from eeveon.specs.files import decode, encode
from eeveon.specs.project import empty_folders, read_project
from tests.specs.building import EDGE, PROJECT, checked, lines, problems_of_service, project_of, resolved


def read(text: str) -> list[str]:
    _, diagnostics = read_project(checked(text, "eeveon.yaml"), {"eeveon.yaml": text.encode()}.get)
    return lines(diagnostics)


def environments(written: str) -> str:
    return PROJECT.replace("{production: {path: production}}", written)


def test_a_project_names_its_environments_and_their_folders() -> None:
    project = project_of()
    assert (project.name, project.base, project.file) == ("shop", "base", "eeveon.yaml")
    assert {name: item.path for name, item in project.environments.items()} == {"production": "production"}
    assert project_of(PROJECT.replace("  base: base\n", "")).base == ""


def test_a_project_from_the_cache_is_the_same() -> None:
    cached = decode(encode(checked(PROJECT, "eeveon.yaml")), "eeveon.yaml")
    assert cached is not None
    assert read_project(cached, lambda _: None) == (project_of(), ())


def test_what_has_no_effect_yet_is_said_and_refuses_nothing() -> None:
    text = environments("{a: {path: a}, b: {path: b, promotesFrom: {environment: a, soak: 2h}}}")
    project, diagnostics = read_project(checked(text, "eeveon.yaml"), {"eeveon.yaml": text.encode()}.get)
    assert project is not None
    assert [item.promotes_from for item in project.environments.values()] == [None, "a"]
    assert [item.code for item in diagnostics] == ["not-yet-honoured"]


def test_an_environment_says_how_its_drift_is_met_or_leaves_it_to_the_controller() -> None:
    text = environments(
        "{a: {path: a, drift: {every: 1h, action: revert}}, b: {path: b, drift: {action: report}}, c: {path: c}}"
    )
    project, diagnostics = read_project(checked(text, "eeveon.yaml"), {"eeveon.yaml": text.encode()}.get)
    assert project is not None, diagnostics
    usual = Drift(every=timedelta(minutes=10), on=OnDrift.REVERT)
    assert {name: usual.but(item.drift) for name, item in project.environments.items()} == {
        "a": Drift(every=timedelta(hours=1), on=OnDrift.REVERT),
        "b": Drift(every=timedelta(minutes=10), on=OnDrift.REPORT),
        "c": usual,
    }


MISTAKES = {
    "looked at all the time": (
        environments("{a: {path: a, drift: {every: 0s}}}"),
        "eeveon.yaml:6:46 wrong-value: `every` must be at least 1s, not 0s",
    ),
    "a drift of no kind": (
        environments("{a: {path: a, drift: {action: ignore}}}"),
        "eeveon.yaml:6:47 wrong-value: `action` must be `report` or `revert`, not the text",
    ),
    "no project": (
        "",
        "eeveon.yaml missing-project: the file holds no Project → write one with `apiVersion: eeveon/v2` and `kind: Project`",
    ),
    "no version": (
        PROJECT.replace("apiVersion: eeveon/v2\n", ""),
        "eeveon.yaml:1:1 missing-field: Project needs the field `apiVersion`",
    ),
    "two": (
        PROJECT + "---\n" + PROJECT,
        "eeveon.yaml:9:7 duplicate-name: a repository has one Project; the first is `shop` in line 1",
    ),
    "another kind": (
        PROJECT + "---\n" + EDGE,
        "eeveon.yaml:8:7 misplaced-kind: Target `edge` stands beside the Project",
    ),
    "a base elsewhere": (
        PROJECT.replace("base: base", "base: ../x"),
        "eeveon.yaml:5:9 outside-repository: `../x` leads out",
    ),
    "a base from Git": (
        PROJECT.replace("base: base", "base: {git: a, ref: b}"),
        "eeveon.yaml:5:3 not-yet-honoured: `base` has no effect",
    ),
    "an environment elsewhere": (
        environments("{a: {path: x/../..}}"),
        "eeveon.yaml:6:28 outside-repository: `x/../..` leads out",
    ),
    "nowhere to promote from": (
        environments("{stage: {path: a}, b: {path: b, promotesFrom: {environment: stages}}}"),
        "eeveon.yaml:6:77 unknown-environment: there is no environment `stages` in this project → did you mean `stage`?",
    ),
    "a circle": (
        environments(
            "{b: {path: b, promotesFrom: {environment: a}}, a: {path: a, promotesFrom: {environment: b}}, c: {path: c, promotesFrom: {environment: a}}}"
        ),
        "eeveon.yaml:6:105 promotion-cycle: environments promote in a circle: a → b → a",
    ),
    "a syntax error": ("kind: [", "eeveon.yaml"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_the_project_is_located(case: str) -> None:
    text, expected = MISTAKES[case]
    found = [line for line in read(text) if "not-yet-honoured: `promotesFrom`" not in line]
    assert len(found) == 1
    assert found[0].startswith(expected)


RULES = {
    "targets twice": (
        "targets: [edge, edge]\nimage: a",
        "duplicate-item: `edge` is in `targets` twice; the first is entry 1",
    ),
    "ports twice": (
        "targets: [edge]\nimage: a\nports: [{name: a}, {name: a}]",
        "duplicate-item: `a` is in `ports` twice",
    ),
    "paths twice": (
        "targets: [edge]\nimage: a\nvolumes: [{name: a, path: /x}, {host: /b, path: /x}]",
        "duplicate-item: `/x` is in `volumes` twice",
    ),
    "a variable twice": (
        "targets: [edge]\nimage: a\nenv: {A: b}\nsecrets: {A: {env: B}}",
        "duplicate-item: `A` is in `secrets` and in `env`",
    ),
    "a port that is not there": (
        "targets: [edge]\nimage: a\nports: [{name: http}]\nhealth: {tcp: {port: htpt}}",
        "unknown-port: `htpt` is not a port of this service; its ports are `http` → did you mean `http`?",
    ),
    "no ports at all": (
        "targets: [edge]\nimage: a\nhealth: {http: {port: web}}",
        "unknown-port: `web` is not a port of this service; it has no `ports` → add {name: web} to `ports`",
    ),
    "nothing may move": (
        "targets: [edge]\nimage: a\nrollout: {rolling: {maxUnavailable: 0%, surge: 0}}",
        "wrong-value: with `maxUnavailable` and `surge` both 0",
    ),
    "no time": (
        "targets: [edge]\nimage: a\nhealth: {command: [a], every: 0s}",
        "wrong-value: `every` must be more than 0, not 0s",
    ),
    "no memory": (
        "targets: [edge]\nimage: a\nresources: {cpu: 0.5, memory: 0Mi}",
        "wrong-value: `memory` must be more than 0, not 0Mi",
    ),
    "a canary": (
        "targets: [edge]\nimage: a\nrollout: {canary: {steps: [{weight: 10%, hold: 5m}]}}",
        "not-yet-honoured: `canary` has no effect in this version",
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_a_rule_between_fields_is_said_in_words(case: str) -> None:
    spec, expected = RULES[case]
    (line,) = problems_of_service(spec)
    assert line.startswith(expected)


POLICY_RULES = {
    "windows: [{allow: 2026-02-30}]": "wrong-value: there is no day 2026-02-30",
    "services: {names: [a, a]}": "duplicate-item: `a` is in `names` twice",
    "guardrails: [../a.json]": "outside-repository: `../a.json` leads out",
    "automerge: {perDay: 3}": "not-yet-honoured: `automerge` has no effect",
}


@pytest.mark.parametrize("spec", POLICY_RULES)
def test_a_rule_of_policies_is_said_in_words(spec: str) -> None:
    outcome = resolved({"base/p.yaml": f"kind: SafetyPolicy\nmetadata: {{name: p}}\nspec:\n  {spec}\n"})
    assert lines(outcome.diagnostics)[0].split(" ", 1)[1].startswith(POLICY_RULES[spec])


def test_every_code_is_explained_and_spelled_alike() -> None:
    assert all(code == code.lower() and text.endswith(".") for code, text in CODES.items())
    assert list(CODES) == sorted(CODES)


def test_a_folder_without_a_document_is_a_mistake_and_not_an_empty_environment() -> None:
    project = project_of()
    read = {"eeveon.yaml": PROJECT.encode()}.get
    production = EnvironmentName("production")
    said = empty_folders(project, production, {"base": 0, "production": 0}, read)
    assert [(str(item.position), item.code, item.message) for item in said] == [
        ("eeveon.yaml:6:37", "empty-folder", "there is no spec file in `production`"),
        ("eeveon.yaml:5:9", "empty-folder", "there is no spec file in `base`"),
    ]
    assert empty_folders(project, production, {"base": 1, "production": 1}, read) == ()
    (warned,) = empty_folders(project, production, {"base": 1, "production": 0}, read)
    assert warned.severity is Severity.WARNING
    alone = project_of(PROJECT.replace("  base: base\n", ""))
    assert empty_folders(alone, production, {"": 0, "production": 1}, read) == ()
