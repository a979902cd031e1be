"""The spans of time in which changes are allowed or denied, as people write them.

`Mon-Thu 08:00-17:00`, `Fri-Mon`, `Sat,Sun 10:00-24:00`, `22:00-06:00`, `2026-12-24`, `2026-12-20/2027-01-03`.
"""

from datetime import date, time
from typing import Final

from eeveon.core.policy import DateWindow, Span, WeeklyWindow

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY: Final = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_RANGE: Final = f"{_DAY}(-{_DAY})?"
_START: Final = "([01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS: Final = f"{_START}-({_START}|24:00)"
_DATE: Final = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
DAYS: Final = f"^{_RANGE}(,{_RANGE})*$"
START: Final = f"^{_START}$"
END: Final = f"^({_START}|24:00)$"
DATE: Final = f"^{_DATE}$"
WINDOW: Final = f"^({_RANGE}(,{_RANGE})*( {_HOURS})?|{_HOURS}|{_DATE}(/{_DATE})?)$"
ZONE: Final = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"

_MIDNIGHT = time(0, 0)


def spans(text: str, zone: str) -> tuple[Span, ...]:
    """The spans that a text (which matches WINDOW) stands for. Raises ValueError for what no calendar or clock has.

    Hours over midnight become two spans: to the end of the day, and from the start of the next day.
    """
    if text[0] in "0123456789" and ":" not in text:
        return (_dates(text, zone),)
    days_text, _, hours_text = text.partition(" ") if text[0].isalpha() else ("Mon-Sun", "", text)
    days = _days(days_text)
    start, end = _hours(hours_text or "00:00-24:00")
    if end == _MIDNIGHT or start < end:
        return (WeeklyWindow(text=text, days=days, start=start, end=end, zone=zone),)
    next_days = frozenset((day + 1) % 7 for day in days)
    return (
        WeeklyWindow(text=text, days=days, start=start, end=_MIDNIGHT, zone=zone),
        WeeklyWindow(text=text, days=next_days, start=_MIDNIGHT, end=end, zone=zone),
    )


def weekly(days: str, hours: tuple[str, str], zone: str) -> tuple[WeeklyWindow, ...]:
    """The spans of hours of some days, each text matching its pattern. Raises ValueError for hours that are empty."""
    found = spans(f"{days} {hours[0]}-{hours[1]}", zone)
    return tuple(span for span in found if isinstance(span, WeeklyWindow))


def day(text: str) -> date:
    """A day that matches DATE. Raises ValueError for one that no calendar has."""
    return _date(text)


def _dates(text: str, zone: str) -> DateWindow:
    first_text, _, last_text = text.partition("/")
    first = _date(first_text)
    last = _date(last_text) if last_text else first
    if last < first:
        raise ValueError(f"{last_text} is before {first_text}")
    return DateWindow(text=text, first=first, last=last, zone=zone)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}") from None


def _days(text: str) -> frozenset[int]:
    chosen: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        start = _DAYS.index(first)
        length = (_DAYS.index(last or first) - start) % 7 + 1
        chosen.update((start + step) % 7 for step in range(length))
    return frozenset(chosen)


def _hours(text: str) -> tuple[time, time]:
    start_text, _, end_text = text.partition("-")
    if start_text == end_text:
        raise ValueError(f"{text} is empty; a whole day is 00:00-24:00")
    return _time(start_text), _time(end_text)


def _time(text: str) -> time:
    return _MIDNIGHT if text == "24:00" else time.fromisoformat(text)
