"""A document over another of the same kind and name."""

import pytest

from eeveon.specs.overlay import merge
from tests.specs.building import EDGE, desired, lines, resolved, service

BASE = service(
    """
targets: [edge]
image: web:1
replicas: 1
env: {A: a, B: b}
ports: [{name: http, port: 80}, {name: admin, port: 81}]
command: [run, this]
"""
)


def over(spec: str, base: str = BASE) -> dict[str, str]:
    return {"base/edge.yaml": EDGE, "base/web.yaml": base, "production/web.yaml": service(spec)}


def test_maps_merge_named_items_merge_other_lists_replace_and_null_removes() -> None:
    overlay = "replicas: 3\nenv: {B: null, C: c}\nports: [{name: more, port: 82}, {name: http, publish: auto}]\ncommand: [that]"
    (workload,) = desired(over(overlay)).workloads
    assert workload.replicas == 3
    assert workload.env == {"A": "a", "C": "c"}
    assert [(port.name, port.port, port.publish) for port in workload.ports] == [
        ("http", 80, 0),
        ("admin", 81, None),
        ("more", 82, None),
    ]
    assert workload.command == ("that",)


@pytest.mark.parametrize(
    ("base", "overlay", "merged"),
    [
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"a": {"b": 1}}, {"a": 3}, {"a": 3}),
        ({"a": [1, 2]}, {"a": []}, {"a": []}),
        ({"a": [{"name": "x"}]}, {"a": [{"path": "y"}]}, {"a": [{"path": "y"}]}),
        (
            {"a": [{"name": "x"}]},
            {"a": [{"name": "x", "b": 1}, {"name": "x", "b": 2}]},
            {"a": [{"name": "x", "b": 1}, {"name": "x", "b": 2}]},
        ),
    ],
)
def test_a_merge_leaves_what_the_overlay_says(
    base: dict[str, object], overlay: dict[str, object], merged: object
) -> None:
    assert merge(base, overlay).data == merged
    assert merge(base, overlay).problems == ()


def test_a_choice_is_changed_by_taking_the_other_away() -> None:
    outcome = resolved(
        over(
            "source: {git: 'https://x/y.git', ref: {branch: main}, path: /srv/x}\nimage: null\ncommand: null"
        )
    )
    assert lines(outcome.diagnostics) == []
    (web,) = [document for document in outcome.documents if document.name == "web"]
    assert "image" not in web.data["spec"]


def test_removing_what_is_not_there_is_a_slip_of_the_pen() -> None:
    (line,) = lines(resolved(over("replica: null")).diagnostics)
    assert line == (
        "production/web.yaml:4:3 overlay-removes-nothing: `replica: null` removes nothing: "
        "the base document has no such field here → did you mean `replicas`?"
    )


@pytest.mark.parametrize(
    ("overlay", "base", "place"),
    [
        ("replicas: x", BASE, "production/web.yaml:4:13"),
        ("replicas: 3", BASE.replace("web:1", "3"), "base/web.yaml:5:10"),
        ("ports: [{name: admin, port: x}]", BASE, "production/web.yaml:4:31"),
        ("ports: [{name: http, publish: auto}]", BASE.replace("81", "x"), "base/web.yaml:8:55"),
        ("health: {http: {}}", BASE, "production/web.yaml:4:18"),
        ("replicas: 2", BASE.replace("  targets: [edge]\n", ""), "base/web.yaml:4:3"),
        ("targets: [nowhere]", BASE, "production/web.yaml:4:13"),
        ("replicas: 2", BASE.replace("[edge]", "[nowhere]"), "base/web.yaml:4:13"),
        ("ports: [{name: a, port: 1}, {name: a, port: 2}]", BASE, "production/web.yaml:4:18"),
        ("ports: [1]", BASE, "production/web.yaml:4:11"),
    ],
)
def test_a_mistake_is_found_in_the_file_that_defines_the_value(overlay: str, base: str, place: str) -> None:
    (diagnostic,) = resolved(over(overlay, base)).diagnostics
    assert str(diagnostic.position) == place


def test_a_base_may_leave_to_its_overlays_what_they_all_say() -> None:
    (workload,) = desired(
        over("image: web:2", "kind: Service\nmetadata: {name: web}\nspec: {targets: [edge]}\n")
    ).workloads
    assert workload.image == "web:2"


def test_a_warning_in_an_overlay_is_told_and_refuses_nothing() -> None:
    outcome = resolved(over("rollout: {rolling: {}, gate: errors}"))
    assert outcome.desired is not None
    assert [str(item.position) for item in outcome.diagnostics] == ["production/web.yaml:4:26"]
