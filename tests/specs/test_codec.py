"""What should be, as bytes."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from eeveon.core.desired import Desired, Given, Manifests
from eeveon.core.diagnostic import Position
from eeveon.core.health import Health, ReadyCheck
from eeveon.core.names import ServiceName
from eeveon.core.scaling import Demand, Pace, Scaling
from eeveon.specs.codec import decode_desired, encode_desired
from tests.specs.building import EDGE, FULL, OTHER, POLICY, WEB, desired, resolved, service

SPECS = {
    "base/a.yaml": EDGE + "---\n" + OTHER,
    "base/web.yaml": service(FULL.replace("publish: 53, ", "")),
    "base/b.yaml": service(
        "targets: [edge]\nimage: a\nports: [{name: p}]\nhealth: {tcp: {port: p}}\nrollout: {rolling: {}, gate: e}",
        "b",
    ),
    "base/c.yaml": service(
        "targets: [edge]\ncommand: [a]\nhealth: {command: [b]}\nrollout: {recreate: {}}\ndependsOn: [b]", "c"
    ),
    "base/code.yaml": service(
        "targets: [edge]\nrollout: {blueGreen: {}, keep: 3}\nhardening: false\n"
        "source: {git: 'https://x/y.git', ref: {commit: '1234567890123456789012345678901234567890'}, path: /srv/x,\n"
        "  exclude: [a, b], build: [make, 1], run: [./serve], hooks: {postDeploy: [[a], [b, c]]}, timeout: 1m}",
        "code",
    ),
    "base/d.yaml": service("targets: [edge]\ncommand: [a]\nhealth: {command: [b]}", "d"),
    "production/p.yaml": POLICY,
}


def test_an_environment_comes_back_as_it_was() -> None:
    outcome = resolved(SPECS)
    assert outcome.desired is not None
    assert len(outcome.diagnostics) == 1
    assert decode_desired(encode_desired(outcome.desired, outcome.diagnostics)) == (
        outcome.desired,
        outcome.diagnostics,
    )


def test_an_environment_without_places_comes_back_as_it_was() -> None:
    known = desired({"base/a.yaml": EDGE, "base/web.yaml": WEB})
    bare = Desired(
        scope=known.scope,
        commit=known.commit,
        changed_files=3,
        targets=tuple(replace(target, position=None) for target in known.targets),
        workloads=tuple(replace(workload, position=None) for workload in known.workloads),
    )
    assert decode_desired(encode_desired(bare)) == (bare, ())


def test_what_only_clusters_take_comes_back_as_it_was() -> None:
    known = desired({"base/a.yaml": EDGE, "base/web.yaml": WEB})
    here = Position(file="k8s/a.yaml", line=3)
    scaling = Scaling(policy="web", least=2, most=9, demand=Demand(metric="cpu", target=0.7))
    first = replace(
        known.workloads[0],
        health=Health(check=ReadyCheck()),
        stateful=True,
        scaling=replace(scaling, up=Pace(step=4), down=Pace(stabilize=timedelta(minutes=10))),
        manifests=Manifests(folder="k8s", objects=(Given(body={"kind": "ConfigMap"}, position=here),)),
        kubernetes={"service": {"spec": {"type": "LoadBalancer"}}},
    )
    second = replace(known.workloads[0], service=ServiceName("x"), manifests=Manifests(folder="k8s"))
    changed = replace(known, workloads=(first, second))
    assert decode_desired(encode_desired(changed)) == (changed, ())


def test_equal_parts_are_one_object_again() -> None:
    decoded = decode_desired(encode_desired(desired(SPECS)))
    assert decoded is not None
    workloads = {workload.service: workload for workload in decoded[0].workloads}
    c, d = (workloads[name] for name in sorted(workloads) if name in ("c", "d"))
    assert c.health is d.health
    assert c.command is d.command


@pytest.mark.parametrize(
    "damaged", [b"", b"{}", b"[]", b"\xff", json.dumps({"format": 0}).encode(), b'{"format": 2}']
)
def test_damaged_bytes_are_none(damaged: bytes) -> None:
    assert decode_desired(damaged) is None
