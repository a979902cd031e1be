"""What a plan remembers of the one before is never what has changed since, wherever it stands."""

from tests.cli.conftest import Cli

POLICY = """\
apiVersion: eeveon/v2
kind: SafetyPolicy
metadata: {name: strict}
spec: {guardrails: [policies/few.json]}
"""
AT_MOST = '{"properties": {"spec": {"properties": {"replicas": {"maximum": %d}}}}}'
FAKE = "apiVersion: eeveon/v2\nkind: Target\nmetadata: {name: here}\nspec: {fake: {}}\n"
PROJECT = """\
apiVersion: eeveon/v2
kind: Project
metadata: {name: shop}
spec: {environments: {demo: {path: specs}}}
"""
WEB = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: web}
spec: {targets: [here], image: web, replicas: 3}
"""
SHOP = {
    "eeveon.yaml": PROJECT,
    "specs/here.yaml": FAKE,
    "specs/web.yaml": WEB,
    "specs/strict.yaml": POLICY,
    "policies/few.json": AT_MOST % 3,
}


def test_the_schema_of_a_guardrail_is_asked_anew_when_it_alone_has_changed(cli: Cli) -> None:
    cli.write(SHOP)
    assert "1 allowed" in cli.inside("plan").out
    cli.write({"policies/few.json": AT_MOST % 2})
    denied = cli.inside("plan").out
    assert "policies/few.json" in denied
    assert "1 denied" in denied
    assert cli.inside("plan").out == denied
    cli.write({"policies/few.json": AT_MOST % 3})
    assert "1 allowed" in cli.inside("plan").out


def test_a_schema_that_went_is_a_mistake_although_the_plan_before_could_read_it(cli: Cli) -> None:
    cli.write(SHOP)
    assert cli.inside("plan").status == 2
    (cli.root / "policies/few.json").unlink()
    said = cli.inside("plan")
    assert said.status == 1
    assert "there is no file `policies/few.json`" in said.err
