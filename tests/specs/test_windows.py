import re
from datetime import date, time

import pytest

from eeveon.core.policy import DateWindow, WeeklyWindow
from eeveon.specs.windows import WINDOW, ZONE, spans

WEEK = frozenset(range(7))


@pytest.mark.parametrize(
    ("text", "days", "start", "end"),
    [
        ("Mon-Thu 08:00-17:00", {0, 1, 2, 3}, time(8), time(17)),
        ("Fri-Mon", {4, 5, 6, 0}, time(0), time(0)),
        ("Sat,Sun 00:00-24:00", {5, 6}, time(0), time(0)),
        ("Mon,Wed-Thu 09:30-10:00", {0, 2, 3}, time(9, 30), time(10)),
        ("08:00-17:00", WEEK, time(8), time(17)),
        ("22:00-24:00", WEEK, time(22), time(0)),
    ],
)
def test_a_weekly_window_names_days_and_hours(text: str, days: set[int], start: time, end: time) -> None:
    assert re.match(WINDOW, text)
    expected = WeeklyWindow(text=text, days=frozenset(days), start=start, end=end, zone="UTC")
    assert spans(text, "UTC") == (expected,)


def test_hours_over_midnight_go_on_in_the_next_day() -> None:
    before, after = spans("Fri,Sun 22:00-06:00", "Europe/Berlin")
    assert isinstance(before, WeeklyWindow)
    assert isinstance(after, WeeklyWindow)
    assert (before.days, before.start, before.end) == (frozenset({4, 6}), time(22), time(0))
    assert (after.days, after.start, after.end) == (frozenset({5, 0}), time(0), time(6))
    assert before.zone == after.zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-12-20/2027-01-03", date(2026, 12, 20), date(2027, 1, 3)),
        ("2026-12-24", date(2026, 12, 24), date(2026, 12, 24)),
    ],
)
def test_a_range_of_dates_holds_both_ends(text: str, first: date, last: date) -> None:
    assert re.match(WINDOW, text)
    assert spans(text, "UTC") == (DateWindow(text=text, first=first, last=last, zone="UTC"),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-30", "there is no day 2026-02-30"),
        ("2027-01-03/2026-12-20", "2026-12-20 is before 2027-01-03"),
        ("Mon 08:00-08:00", "08:00-08:00 is empty; a whole day is 00:00-24:00"),
    ],
)
def test_what_no_calendar_has_is_refused(text: str, reason: str) -> None:
    assert re.match(WINDOW, text)
    with pytest.raises(ValueError, match=re.escape(reason)):
        spans(text, "UTC")


@pytest.mark.parametrize(
    "text", ["Monday", "Mon 8:00-17:00", "25:00-26:00", "24:00-06:00", "2026-13-01", "Mon-", ""]
)
def test_what_is_no_window_matches_nothing(text: str) -> None:
    assert not re.match(WINDOW, text)


def test_a_zone_has_the_shape_of_one() -> None:
    assert re.match(ZONE, "Europe/Berlin")
    assert re.match(ZONE, "Etc/GMT+5")
    assert not re.match(ZONE, "../etc/passwd")
