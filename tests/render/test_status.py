"""What `eeveon status` shows: a table that keeps to its width, and below it why something is ill."""

import json
from dataclasses import replace

from eeveon.core.health import Probe
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Revision, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition, ObservedObject
from eeveon.render.status_text import Status, status_json, status_text
from eeveon.render.words import Style

CAUSE = "sh → exited with status 2: ls: cannot access '/srv/web/is/not/there': No such file or directory"


def instance(ordinal: int) -> ObservedObject:
    return ObservedObject(
        id=ObjectId(target=TargetName("here"), kind="instance", name=f"web-{ordinal}-0"),
        service=ServiceName("web"),
        ordinal=ordinal,
        revision=Revision("9b74e1c65c0c"),
        fields={},
        applied=None,
        condition=Condition.RUNNING,
    )


def test_why_an_instance_is_ill_stands_below_the_table_in_lines_that_fit() -> None:
    good, ill = instance(1), instance(2)
    status = Status(
        scope=Scope(project=ProjectName("shop"), environment=EnvironmentName("dev")),
        instances=(ill, good),
        probes={good.id: Probe(healthy=True, detail=""), ill.id: Probe(healthy=False, detail=CAUSE)},
        wanted=frozenset({good.id, ill.id}),
        unknown=(),
    )
    lines = status_text(status, Style(width=80)).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "shop/dev   2 of 2 instances running, 1 unhealthy"
    assert [line.split()[4] for line in lines[3:5]] == ["healthy", "unhealthy"]
    assert " ".join(" ".join(lines[6:]).split()) == f"web-2 on here: {CAUSE}"


def test_an_instance_that_stands_for_several_counts_for_them() -> None:
    three = replace(instance(1), replicas=3)
    status = Status(
        scope=Scope(project=ProjectName("shop"), environment=EnvironmentName("dev")),
        instances=(three, replace(instance(2), condition=Condition.FAILED)),
        probes={},
        wanted=frozenset({three.id}),
        unknown=(),
    )
    lines = status_text(status, Style(width=80)).splitlines()
    assert lines[0] == "shop/dev   3 of 4 instances running"
    assert lines[3].split()[:3] == ["web", "web-1", "x3"]


def test_what_is_kept_to_go_back_to_is_no_instance_that_fails_to_run() -> None:
    now, kept = instance(1), replace(instance(2), condition=Condition.STOPPED, detail="killed by signal 15")
    status = Status(
        scope=Scope(project=ProjectName("shop"), environment=EnvironmentName("dev")),
        instances=(now, kept),
        probes={},
        wanted=frozenset({now.id}),
        unknown=(),
        kept=frozenset({kept.id}),
    )
    lines = status_text(status, Style(width=80)).splitlines()
    assert lines[0] == "shop/dev   1 of 1 instance running"
    assert "kept to go back to" in lines[4]
    assert "not as the specs say" not in lines[4]
    assert [item["kept"] for item in json.loads(status_json(status))["instances"]] == [False, True]
