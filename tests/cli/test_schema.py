"""`eeveon schema`: the committed schemas are the generated ones, and describe what is really written."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from tests.cli.conftest import Cli

REPOSITORY = Path(__file__).parents[2]


def test_the_committed_schemas_are_those_of_the_models(cli: Cli) -> None:
    said = cli("-C", str(REPOSITORY), "schema", "export", "--check")
    assert (said.status, said.out) == (0, "")


def test_export_writes_every_schema_and_check_then_agrees(cli: Cli) -> None:
    assert cli.inside("schema", "export", "--dir", "out").status == 0
    names = sorted(path.name for path in (cli.root / "out").iterdir())
    assert names == sorted(path.name for path in (REPOSITORY / "schemas").iterdir())
    assert cli.inside("schema", "export", "--dir", "out", "--check").status == 0


def test_check_names_what_differs_and_what_is_missing_and_writes_nothing(cli: Cli) -> None:
    cli.inside("schema", "export")
    (cli.root / "schemas/Service.schema.json").write_text("{}")
    (cli.root / "schemas/plan.schema.json").unlink()
    said = cli.inside("schema", "export", "--check")
    assert said.status == 1
    assert "schemas/Service.schema.json differs" in said.out
    assert "schemas/plan.schema.json is missing" in said.out
    assert (cli.root / "schemas/Service.schema.json").read_text() == "{}"


def test_shows_one_schema_and_suggests_a_near_name(cli: Cli) -> None:
    assert json.loads(cli.inside("schema", "show", "Target").out)["title"] == "Target"
    said = cli.inside("schema", "show", "Servise")
    assert said.status == 1
    assert "did you mean `Service`?" in said.err


def test_a_saved_plan_satisfies_its_schema_and_a_changed_one_does_not(shop: Cli) -> None:
    validator = Draft202012Validator(json.loads(shop.inside("schema", "show", "plan").out))
    assert shop.inside("plan", "--out", str(shop.root / "plan.json")).status == 2
    plan = json.loads((shop.root / "plan.json").read_text())
    assert list(validator.iter_errors(plan)) == []
    plan["plan"]["steps"][0]["verb"] = "explode"
    assert list(validator.iter_errors(plan))
