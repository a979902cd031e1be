"""`eeveon init`: what it makes is valid, runs at once, and overwrites nothing."""

import json
import urllib.request

import pytest

from tests.cli.conftest import Cli, Said
from tests.golden import golden


def body(cli: Cli, path: str = "/") -> str:
    """What the running service answers."""
    (item,) = json.loads(cli("status", "--format", "json").out)["instances"]
    (end,) = item["endpoints"]
    with urllib.request.urlopen(f"http://{end['host']}:{end['number']}{path}", timeout=5) as answer:
        return str(answer.read().decode())


def test_what_it_makes_is_valid_runs_and_can_be_taken_down(cli: Cli) -> None:
    assert cli("init").status == 0
    assert cli("validate").out == "1 environment, 3 documents: no problems\n"
    assert cli("plan").status == 2
    applied = cli("apply", "--yes")
    assert applied.status == 0, applied.err
    assert "shop runs" in body(cli)
    assert cli("plan").status == 0
    destroyed = cli("destroy", "--yes")
    assert destroyed.status == 0, destroyed.err
    assert json.loads(cli("status", "--format", "json").out)["instances"] == []


def test_the_files_read_well(cli: Cli) -> None:
    said = cli("init", "--name", "first")
    golden("init.txt", said.out.replace(str(cli.root), "FOLDER") + said.err)
    for name in (
        "eeveon.yaml",
        "specs/base/web.yaml",
        "specs/dev/here.yaml",
        "specs/dev/web.yaml",
        ".gitignore",
    ):
        golden(f"init/{name.replace('/', '_').removeprefix('.')}", (cli.root / name).read_text())


def test_the_schemas_that_editors_are_pointed_to_are_there(cli: Cli) -> None:
    cli("init")
    for place in cli.root.rglob("*.yaml"):
        first = place.read_text().splitlines()[0]
        schema = place.parent / first.removeprefix("# yaml-language-server: $schema=")
        assert json.loads(schema.read_text())["title"] in place.read_text()


def test_nothing_is_overwritten_and_all_files_in_the_way_are_named(cli: Cli) -> None:
    cli.write({"eeveon.yaml": "mine", "specs/dev/web.yaml": "mine"})
    said = cli("init")
    assert said.status == 1
    assert "  eeveon.yaml" in said.err
    assert "  specs/dev/web.yaml" in said.err
    assert sorted(path.name for path in cli.root.rglob("*") if path.is_file()) == ["eeveon.yaml", "web.yaml"]
    assert (cli.root / "eeveon.yaml").read_text() == "mine"


def test_a_file_where_a_folder_is_needed_is_in_the_way(cli: Cli) -> None:
    cli.write({"specs": "mine"})
    assert cli("init").status == 1
    assert [path.name for path in cli.root.iterdir()] == ["specs"]


def test_a_gitignore_that_is_there_stays(cli: Cli) -> None:
    cli.write({".gitignore": "mine\n"})
    said = cli("init")
    assert said.status == 0
    assert "as it was" in said.err
    assert (cli.root / ".gitignore").read_text() == "mine\n"


def test_makes_the_folder_that_is_named_and_names_the_project_by_it(cli: Cli) -> None:
    said = cli("init", "My Shop_2")
    assert said.status == 0
    assert "cd 'My Shop_2'" in said.err
    assert "metadata: {name: my-shop-2}" in (cli.root / "My Shop_2/eeveon.yaml").read_text()


@pytest.mark.parametrize("name", ["Shop", "a b", "", "-a", "a" * 41, "a\n"])
def test_refuses_what_cannot_be_a_name(cli: Cli, name: str) -> None:
    said = cli("init", "--name", name)
    assert said.status == 1
    assert list(cli.root.iterdir()) == []


@pytest.mark.parametrize("name", ["no", "1", "007", "on", "1e3", "null", "2027-03-09"])
def test_a_name_that_yaml_could_misread_is_still_a_name(cli: Cli, name: str) -> None:
    assert cli.inside("init", "--name", name).status == 0
    assert cli.inside("validate").status == 0
    assert json.loads(cli.inside("plan", "--format", "json").out)["plan"]["scope"]["project"] == name


def test_every_option_of_0_4_is_taken_and_those_without_effect_are_named(cli: Cli) -> None:
    said = old(cli, "--health-url", "http://localhost/up%20there/now")
    assert said.status == 0
    for option in ("repo", "branch", "path", "strategy", "approve", "interval", "gitignore"):
        assert f"--{option} has no effect yet" in said.err
    assert "--health-url has" not in said.err
    assert "--name has" not in said.err
    assert "name: legacy" in (cli.root / "eeveon.yaml").read_text()
    assert cli("apply", "--yes").status == 0
    assert body(cli, "/up%20there/now") == "ok\n"
    assert cli("destroy", "--yes").status == 0


def test_the_port_of_a_health_url_is_the_port_of_the_service(cli: Cli) -> None:
    assert cli.inside("init", "--health-url", "http://localhost:8123/a%20b/").status == 0
    spec = json.loads(cli.inside("render", "--name", "web", "--format", "json").out)["documents"][0][
        "document"
    ]["spec"]
    assert spec["ports"] == [{"name": "http", "port": 8123}]
    assert spec["health"]["http"]["path"] == "/a%20b/"
    assert (cli.root / "site/a b/index.html").is_file()


@pytest.mark.parametrize(
    "url",
    ["localhost", "ftp://x/", "http://", "http://x:port/", "http://x/../y", "http://x/?q=1", "http://x//y"],
)
def test_refuses_a_health_url_that_has_no_page(cli: Cli, url: str) -> None:
    assert cli.inside("init", "--health-url", url).status == 1
    assert list(cli.root.iterdir()) == []


def old(cli: Cli, *more: str) -> Said:
    return cli(
        *("init", "--repo", "https://example.com/app.git", "--branch", "main", "--path", "/srv/app"),
        *(
            "--name",
            "legacy",
            "--strategy",
            "blue-green",
            "--approve",
            "--interval",
            "60",
            "--gitignore",
            "a,b",
        ),
        *more,
    )
