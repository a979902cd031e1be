"""Plain values, digests, names and places as they are written."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum

import pytest

from eeveon.core.diagnostic import Diagnostic, Position
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Scope, TargetName
from eeveon.core.observed import Condition
from eeveon.core.outcome import ActionOutcome, ActionState
from eeveon.core.plan import Effect
from eeveon.core.values import canonical, digest, plain

NETWORK = ObjectId(target=TargetName("edge"), kind="network", name="default")
RUN = Effect(object=NETWORK, condition=Condition.RUNNING)


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Noun:
    name: str
    inner: object


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, None),
        (True, True),
        (1, 1),
        (1.5, 1.5),
        ("text", "text"),
        (Colour.RED, "red"),
        (Condition.RUNNING, "running"),
        ((1, (2,)), [1, [2]]),
        ([timedelta(seconds=90)], [90.0]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({2, 1}, [1, 2]),
        ({1: Colour.RED}, {"1": "red"}),
        (datetime(2026, 11, 23, 12, tzinfo=UTC), "2026-11-23T12:00:00+00:00"),
        (date(2026, 11, 23), "2026-11-23"),
        (
            ActionOutcome(index=1, step="s", effect=RUN, state=ActionState.DONE),
            {
                "index": 1,
                "step": "s",
                "effect": {
                    "object": {"target": "edge", "kind": "network", "name": "default"},
                    "condition": "running",
                    "wanted": None,
                    "beside": [],
                    "instead": [],
                },
                "state": "done",
                "detail": "",
                "started": None,
                "ended": None,
            },
        ),
        (Noun("a", Noun("b", ())), {"name": "a", "inner": {"name": "b", "inner": []}}),
    ],
)
def test_the_plain_form_of(value: object, form: object) -> None:
    assert plain(value) == form
    assert type(plain(value)) is type(form)


def test_what_has_no_plain_form_is_refused_by_its_type() -> None:
    with pytest.raises(TypeError, match="no plain form for object"):
        plain({"a": object()})


def test_one_value_has_one_canonical_text() -> None:
    assert canonical({"b": [1, None], "a": "→"}) == '{"a":"→","b":[1,null]}'
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})


def test_a_digest_is_short_stable_and_of_the_content() -> None:
    assert digest({"a": 1}) == "015abd7f5cc5"  # sha256sum of {"a":1}
    assert digest({"a": 1}) != digest({"a": "1"})


def test_names_are_written_as_people_say_them() -> None:
    scope = Scope(project=ProjectName("shop"), environment=EnvironmentName("production"))
    assert str(scope) == "shop/production"
    assert str(NETWORK) == "network/default on edge"
    assert [str(Effect(object=NETWORK, condition=condition)).split()[0] for condition in Condition] == [
        "serve",
        "run",
        "stop",
        "failed",
        "remove",
    ]


@pytest.mark.parametrize(
    ("line", "column", "text"), [(0, 0, "a.yaml"), (3, 0, "a.yaml:3"), (3, 5, "a.yaml:3:5")]
)
def test_a_place_says_what_is_known(line: int, column: int, text: str) -> None:
    assert str(Position(file="a.yaml", line=line, column=column)) == text


def test_diagnostics_are_reported_by_place() -> None:
    places = [
        Position(file="b.yaml", line=1),
        Position(file="a.yaml", line=12),
        Position(file="a.yaml", line=2),
    ]
    found = [Diagnostic(code="unknown-field", message="", position=place) for place in places]
    ordered = sorted(found, key=lambda item: item.sort_key)
    assert [str(item.position) for item in ordered] == ["a.yaml:2", "a.yaml:12", "b.yaml:1"]
