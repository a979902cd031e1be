"""What keeps an object that was deleted."""

from typing import Any

import pytest

from eeveon.drivers.kubernetes.status import held_by

GONE = {"deletionTimestamp": "2026-11-23T10:02:00Z"}


def held(*finalizers: str, **more: Any) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {**GONE, "finalizers": list(finalizers), **more}}


@pytest.mark.parametrize(
    ("finalizers", "said"),
    [
        (["example.com/x"], "held by finalizer example.com/x since 2026-11-23 10:02 UTC"),
        (["a.test/x", "b.test/y"], "held by finalizers a.test/x and b.test/y since 2026-11-23 10:02 UTC"),
        (["foregroundDeletion"], "waits until all that it owns is gone, since 2026-11-23 10:02 UTC"),
        (
            ["kubernetes.io/pvc-protection", "a.test/x"],
            "held by finalizer a.test/x since 2026-11-23 10:02 UTC",
        ),
    ],
)
def test_names_the_finalizers_and_since_when(finalizers: list[str], said: str) -> None:
    assert held_by(held(*finalizers)) == said


def test_a_grace_is_no_part_of_the_waiting() -> None:
    assert held_by(held("a.test/x", deletionGracePeriodSeconds=120)) == (
        "held by finalizer a.test/x since 2026-11-23 10:00 UTC"
    )


def test_a_namespace_says_what_is_still_in_it() -> None:
    rows = [
        {"type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining"},
        {
            "type": "NamespaceFinalizersRemaining",
            "status": "True",
            "message": "Some content has finalizers: a.test/x in 1 widgets",
        },
    ]
    namespace = {"kind": "Namespace", "metadata": dict(GONE), "spec": {"finalizers": ["kubernetes"]}}
    assert held_by({**namespace, "status": {"conditions": rows}}) == (
        "waits until all in it is gone, since 2026-11-23 10:02 UTC: Some content has finalizers: a.test/x in 1 widgets"
    )


@pytest.mark.parametrize(
    "metadata",
    [{}, {"finalizers": ["a.test/x"]}, dict(GONE)],
    ids=["plain", "not deleted", "without finalizers"],
)
def test_nothing_is_held_otherwise(metadata: dict[str, Any]) -> None:
    assert held_by({"kind": "ConfigMap", "metadata": metadata}) is None
