"""`eeveon import`: what it writes is valid, and nothing of anybody is overwritten."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.importing.compose_projects import CONTENTS, FILES, FOLDER, NAMES

COMPOSE = """\
services:
  web:
    image: nginx:1.27
    ports: ["8080:80"]
    environment: {GREETING: "${GREETING:-hello}", PASSWORD: hunter2}
"""


def copied(cli: Cli, name: str) -> list[str]:
    """One of the projects beside the repository; the names of its files on the command line."""
    for path, content in CONTENTS.items():
        if path.startswith(f"/src/{name}/"):
            place = cli.root / "old" / Path(path).relative_to(f"/src/{name}")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return [f"old/{file}" for file in FILES.get(name, ("compose.yaml",))]


@pytest.mark.parametrize("name", NAMES)
def test_every_project_becomes_a_repository_without_a_mistake(
    cli: Cli, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_USER", "admin")
    said = cli.inside("import", "compose", *copied(cli, name), "--into", "new", "--profile", "*")
    assert said.status == 0, said.err
    new = str(cli.root / "new")
    checked = cli.inside("-C", new, "validate")
    assert checked.status == 0, checked.out
    assert "no problems" in checked.out
    assert cli.inside("-C", new, "render", "--format", "json").status == 0


def test_says_what_is_written_what_is_lost_and_what_comes_next(cli: Cli) -> None:
    cli.write({"compose.yaml": COMPOSE})
    said = cli("import", "compose")
    assert said.status == 0, said.err
    assert "  specs/base/web.yaml\n" in said.out
    assert "compose.yaml:5:" in said.out
    assert "apply with PASSWORD set" in " ".join(said.out.split())
    assert "docker compose down" in said.out
    assert "eeveon plan" in said.err
    assert "hunter2" not in said.out + said.err
    assert "hunter2" not in "".join(path.read_text() for path in (cli.root / "specs").rglob("*.yaml"))
    assert cli("validate").out == "1 environment, 3 documents: no problems\n"


def test_the_schemas_that_editors_are_pointed_to_are_there(cli: Cli) -> None:
    cli.write({"compose.yaml": COMPOSE})
    cli("import", "compose", "--into", "new")
    for place in (cli.root / "new").rglob("*.yaml"):
        first = place.read_text().splitlines()[0]
        schema = place.parent / first.removeprefix("# yaml-language-server: $schema=")
        assert json.loads(schema.read_text())["title"] in place.read_text()


def test_nothing_is_overwritten_unless_it_is_asked_for(cli: Cli) -> None:
    cli.write({"compose.yaml": COMPOSE, "specs/base/web.yaml": "mine", "eeveon.yaml": "mine"})
    said = cli("import", "compose")
    assert said.status == 1
    assert "  eeveon.yaml" in said.err
    assert "  specs/base/web.yaml" in said.err
    assert "--force" in said.err
    assert (cli.root / "eeveon.yaml").read_text() == "mine"
    assert not (cli.root / "specs/production").exists()
    assert cli("import", "compose", "--force").status == 0
    assert "kind: Service" in (cli.root / "specs/base/web.yaml").read_text()


def test_a_second_import_of_the_same_is_in_nobodys_way(cli: Cli) -> None:
    cli.write({"compose.yaml": COMPOSE})
    assert cli("import", "compose").status == 0
    assert cli("import", "compose").status == 0


def test_a_link_is_never_written_through(cli: Cli, tmp_path: Path) -> None:
    cli.write({"compose.yaml": COMPOSE})
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (cli.root / "eeveon.yaml").symlink_to(outside)
    assert cli("import", "compose").status == 1
    assert outside.read_text() == "mine"


def test_a_dry_run_prints_the_files_and_writes_none(cli: Cli) -> None:
    cli.write({"compose.yaml": COMPOSE})
    said = cli("import", "compose", "--dry-run")
    assert said.status == 0
    assert "==> specs/base/web.yaml <==" in said.out
    assert "GREETING: hello" in said.out
    assert [path.name for path in cli.root.iterdir()] == ["compose.yaml"]


def test_scripts_get_files_and_losses(cli: Cli) -> None:
    cli.write({"compose.yaml": COMPOSE, ".env": "GREETING=from the file"})
    said = json.loads(cli("import", "compose", "--format", "json", "--dry-run", "--name", "mine").out)
    assert said["format"] == "eeveon.import/1"
    assert said["project"] == "mine"
    assert "GREETING: from the file" in said["files"]["specs/base/web.yaml"]
    assert {one["sort"] for one in said["lost"]} == {"todo", "differs"}
    assert {"file", "line", "column"} <= said["lost"][0]["where"].keys()


def test_the_environment_is_stronger_than_the_file(cli: Cli) -> None:
    cli.write({"compose.yaml": COMPOSE, ".env": "GREETING=file", "other.env": "GREETING=other"})
    run = ("import", "compose", "--dry-run")
    assert "GREETING: shell" in cli(*run, env={"GREETING": "shell"}).out
    assert "GREETING: other" in cli(*run, "--env-file", "other.env").out


def test_files_are_found_as_compose_finds_them(cli: Cli) -> None:
    over = "services: {web: {environment: {MORE: '1'}}}"
    cli.write({"docker-compose.yml": COMPOSE, "docker-compose.override.yml": over})
    assert 'MORE: "1"' in cli("import", "compose", "--dry-run").out
    assert "MORE" not in cli("import", "compose", "docker-compose.yml", "--dry-run").out


def test_names_are_chosen(cli: Cli) -> None:
    cli.write({"compose.yaml": COMPOSE})
    said = cli("import", "compose", "-e", "staging", "--target", "box", "--name", "shop2")
    assert said.status == 0
    assert "targets: [box]" in (cli.root / "specs/base/web.yaml").read_text()
    assert "name: shop2" in (cli.root / "eeveon.yaml").read_text()
    assert (cli.root / "specs/staging/box.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compose",), "there is no Compose file"),
        (("compose", "none.yaml"), "there is no such file"),
        (("compose", "--name", "No"), "cannot be a name"),
        (("compose", "bad.yaml"), "bad.yaml:1:"),
        (("kubernetes", "-f", "none"), "there is no file none"),
        (("kubernetes", "-f", "."), "bad.yaml:1:1"),
    ],
)
def test_mistakes_are_told(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    cli.write({"bad.yaml": "services: {a: {image: '$'}}"})
    done = cli("import", *arguments)
    assert done.status == 1
    assert said in " ".join(done.err.split())
    assert [path.name for path in cli.root.iterdir()] == ["bad.yaml"]


def test_objects_come_from_standard_input_too(cli: Cli) -> None:
    text = (FOLDER.parent / "objects" / "shop.yaml").read_text()
    said = cli("import", "kubernetes", "-f", "-", "--dry-run", given=text)
    assert said.status == 0, said.err
    assert "==> specs/base/web.yaml <==" in said.out
    assert "From standard input:" in said.out
