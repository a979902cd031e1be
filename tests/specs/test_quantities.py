import re
from datetime import timedelta

import pytest

from eeveon.specs import quantities


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("30s", timedelta(seconds=30)),
        ("1.5h", timedelta(minutes=90)),
        ("5m", timedelta(minutes=5)),
        ("400d", timedelta(days=400)),
        ("0s", timedelta(0)),
    ],
)
def test_a_duration_is_worth_its_unit(text: str, span: timedelta) -> None:
    assert re.match(quantities.DURATION, text)
    assert quantities.duration(text) == span


@pytest.mark.parametrize(
    ("text", "size"), [("256Mi", 256 * 2**20), ("1G", 10**9), ("1.5Ki", 1536), ("7", 7), ("2k", 2000)]
)
def test_a_size_is_worth_its_bytes(text: str, size: int) -> None:
    assert re.match(quantities.SIZE, text)
    assert quantities.size(text) == size


@pytest.mark.parametrize(
    ("written", "millis"), [("500m", 500), ("1.5", 1500), (0.5, 500), (2, 2000), (0.0001, 1)]
)
def test_processors_are_worth_thousandths(written: str | float, millis: int) -> None:
    assert quantities.cpu_millis(written) == millis


def test_a_share_is_a_fraction() -> None:
    assert quantities.share("25%") == 0.25
    assert quantities.share("0.5%") == 0.005


@pytest.mark.parametrize(
    ("written", "whole", "down", "up"),
    [("25%", 10, 2, 3), ("10%", 1, 0, 1), (2, 10, 2, 2), ("100%", 3, 3, 3)],
)
def test_a_part_of_the_replicas_is_rounded_to_the_asked_side(
    written: str | int, whole: int, down: int, up: int
) -> None:
    assert quantities.part_of(written, whole, up=False) == down
    assert quantities.part_of(written, whole, up=True) == up


@pytest.mark.parametrize("text", ["5", "s", "5 s", "-5s", "5m30s", "1e3s", "12345678s"])
def test_what_is_no_duration_matches_nothing(text: str) -> None:
    assert not re.match(quantities.DURATION, text)
