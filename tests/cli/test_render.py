"""`eeveon render`: the resolved documents, which EEveon reads again."""

import json

from tests.cli.conftest import PROJECT, TARGET, WEB, Cli
from tests.golden import golden

OVERLAY = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: web}
spec:
  replicas: 3
  env: {STAGE: "${{ environment.name }}", NOTE: "two\\nlines", ANSWER: "yes"}
"""
REPOSITORY = {
    "eeveon.yaml": PROJECT.replace("environments:\n", "base: base\n  environments:\n"),
    "base/here.yaml": TARGET,
    "base/web.yaml": WEB,
    "specs/web.yaml": OVERLAY,
}


def test_prints_merged_and_evaluated_documents_with_their_places(cli: Cli) -> None:
    cli.write(REPOSITORY)
    said = cli.inside("render")
    assert said.status == 0
    golden("render.yaml", said.out)


def test_what_is_printed_is_the_same_environment_again(cli: Cli) -> None:
    cli.write(REPOSITORY)
    first, plan = cli.inside("render").out, cli.inside("plan", "--format", "json").out
    for name in ("base/here.yaml", "base/web.yaml", "specs/web.yaml"):
        (cli.root / name).unlink()
    cli.write({"eeveon.yaml": PROJECT, "specs/all.yaml": first})
    assert cli.inside("validate").status == 0
    assert without_places(cli.inside("render").out) == without_places(first)
    assert steps(cli.inside("plan", "--format", "json").out) == steps(plan)


def test_kind_and_name_choose_and_a_slip_is_answered(cli: Cli) -> None:
    cli.write(REPOSITORY)
    documents = json.loads(cli.inside("render", "--kind", "Service", "--format", "json").out)["documents"]
    assert [(item["document"]["metadata"]["name"], item["file"], item["line"]) for item in documents] == [
        ("web", "base/web.yaml", 1)
    ]
    assert "kind: Target" in cli.inside("render", "--name", "here").out
    said = cli.inside("render", "--kind", "Servise")
    assert said.status == 1
    assert "did you mean `Service`?" in said.err


def test_a_mistake_is_told_and_nothing_printed(cli: Cli) -> None:
    cli.write({**REPOSITORY, "specs/web.yaml": OVERLAY.replace("replicas", "replica")})
    said = cli.inside("render")
    assert (said.status, said.out) == (1, "")
    assert "specs/web.yaml:5:3" in said.err


def without_places(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("# ")]


def steps(text: str) -> object:
    return [{**step, "source": ""} for step in json.loads(text)["plan"]["steps"]]
