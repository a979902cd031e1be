"""`eeveon validate`: all mistakes of all environments in one report, each once."""

import json

from tests.cli.conftest import PROJECT, TARGET, WEB, Cli

THREE = PROJECT.replace(
    "environments:\n", "base: base\n  environments:\n    a: {path: a}\n    b: {path: b}\n"
)
TWICE = "apiVersion: eeveon/v2\nkind: Service\nmetadata: {name: web}\nspec: {replicas: 2}\n"
REPOSITORY = {
    "eeveon.yaml": THREE,
    "base/here.yaml": TARGET,
    "base/web.yaml": WEB,
    **{f"{folder}/web.yaml": TWICE for folder in ("a", "b", "specs")},
}


def test_says_how_much_was_checked_where_nothing_is_wrong(cli: Cli) -> None:
    cli.write(REPOSITORY)
    said = cli.inside("validate")
    assert (said.status, said.out, said.err) == (0, "3 environments, 3 documents: no problems\n", "")


def test_a_mistake_in_a_shared_file_is_told_once(cli: Cli) -> None:
    cli.write({**REPOSITORY, "base/web.yaml": WEB.replace("command", "comand")})
    said = cli.inside("validate")
    assert said.status == 1
    assert said.out.count("comand") == 1
    assert "did you mean `command`?" in said.out


def test_mistakes_of_every_environment_come_by_place_in_one_run(cli: Cli) -> None:
    cli.write(
        {
            **REPOSITORY,
            "b/x.yaml": WEB.replace("name: web", "name: x").replace("[here]", "[nowhere]"),
            "a/y.yaml": WEB.replace("name: web", "name: y").replace("startup", "startupp"),
        }
    )
    said = cli.inside("validate", "--format", "json")
    found = json.loads(said.out)["diagnostics"]
    assert said.status == 1
    assert [item["position"]["file"] for item in found] == ["a/y.yaml", "b/x.yaml"]


def test_a_warning_is_shown_and_is_no_failure(cli: Cli) -> None:
    later = WEB.replace("spec:\n", "spec:\n  rollout: {recreate: {}, approval: manual}\n")
    cli.write({**REPOSITORY, "base/web.yaml": later})
    said = cli.inside("validate")
    assert "warning" in said.out
    assert said.status == 0


def test_a_mistake_in_the_project_is_told(cli: Cli) -> None:
    cli.write({**REPOSITORY, "eeveon.yaml": THREE.replace("base:", "bose:")})
    said = cli.inside("validate")
    assert said.status == 1
    assert "eeveon.yaml:5:3" in said.out


def test_a_secret_that_is_not_in_its_encrypted_file_is_told_without_any_key(cli: Cli) -> None:
    cli.write(
        {**REPOSITORY, "base/web.yaml": WEB + "  secrets: {TOKEN: {file: secrets/a.enc.yaml, key: token}}\n"}
    )
    said = cli.inside("validate")
    assert said.status == 1
    assert "secrets/a.enc.yaml" in said.out
    assert said.out.count("secret-unreadable") == 1


def test_works_the_same_as_a_process_of_its_own(cli: Cli) -> None:
    cli.write(REPOSITORY)
    assert cli("validate") == cli.inside("validate")


def test_a_warning_about_the_project_is_shown_too(cli: Cli) -> None:
    cli.write({**REPOSITORY, "eeveon.yaml": THREE + "  retention: {events: 30d}\n"})
    said = cli.inside("validate")
    assert said.status == 0
    assert "eeveon.yaml:10:3" in said.out
    assert "1 warning" in said.out


def test_a_wrong_path_of_an_environment_is_told_and_plans_no_removal(cli: Cli) -> None:
    cli.write({**REPOSITORY, "eeveon.yaml": THREE.replace("path: b", "path: bb")})
    said = cli.inside("validate")
    assert said.status == 0
    assert "eeveon.yaml:8:15  warning  empty-folder" in said.out
    cli.write({"eeveon.yaml": PROJECT.replace("path: specs", "path: spec")})
    assert cli.inside("validate").status == 1
    planned = cli.inside("plan")
    assert planned.status == 1
    assert "there is no spec file in `spec`" in planned.err
