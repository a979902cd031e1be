"""Floors by the clock, in a plan."""

import json

from tests.cli.conftest import Cli

FILES = {
    "eeveon.yaml": """\
apiVersion: eeveon/v2
kind: Project
metadata: {name: shop}
spec: {environments: {demo: {path: specs}}}
""",
    "specs/edge.yaml": "kind: Target\nmetadata: {name: edge}\nspec: {fake: {}}\n",
    "specs/web.yaml": """\
kind: Service
metadata: {name: web}
spec: {targets: [edge], image: 'web:1'}
---
kind: Service
metadata: {name: api}
spec: {targets: [edge], image: 'web:1', replicas: 4}
""",
    "specs/scaling.yaml": """\
kind: ScalingPolicy
metadata: {name: web}
spec:
  service: web
  bounds: {min: 2, max: 9}
  demand: {metric: requests, perReplica: 80}
  timezone: Europe/Berlin
  schedule: [{from: "00:00", to: "24:00", min: 5}]
""",
}


def planned(cli: Cli) -> int:
    plan = json.loads(cli.inside("plan", "--format", "json").out)["plan"]
    (step,) = [step for step in plan["steps"] if step["service"] == "web"]
    after: int = step["replicas"][1]
    return after


def test_the_floor_in_force_is_the_least_number(cli: Cli) -> None:
    cli.write(FILES)
    assert planned(cli) == 5


def test_a_floor_that_has_expired_is_none(cli: Cli) -> None:
    gone = FILES["specs/scaling.yaml"].replace("min: 5}", "min: 5, expires: 2020-01-01}")
    cli.write({**FILES, "specs/scaling.yaml": gone})
    assert planned(cli) == 2


def test_a_time_zone_that_does_not_exist_is_told_with_its_policy(cli: Cli) -> None:
    cli.write({**FILES, "specs/scaling.yaml": FILES["specs/scaling.yaml"].replace("Berlin", "Nowhere")})
    said = cli.inside("plan")
    assert said.status != 0
    assert "specs/scaling.yaml:1: ScalingPolicy web names the time zone 'Europe/Nowhere'" in " ".join(
        said.err.split()
    )
