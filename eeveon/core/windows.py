"""Whether it is the time that a span speaks of."""

from eeveon.core.policy import DateWindow, Span, WeeklyWindow
from eeveon.core.verdict import Moment


def contains(span: Span, moment: Moment) -> bool:
    """Whether the moment is in the span, by the clock of the span's own time zone."""
    now = moment.at(span.zone)
    if isinstance(span, DateWindow):
        return span.first <= now.date() <= span.last
    return _in_week(span, now.weekday(), (now.hour, now.minute, now.second))


def _in_week(span: WeeklyWindow, day: int, clock: tuple[int, int, int]) -> bool:
    """A span that ends before it starts goes on past midnight; its days are those on which it starts."""
    start = (span.start.hour, span.start.minute, span.start.second)
    end = (span.end.hour, span.end.minute, span.end.second)
    if end == (0, 0, 0):
        return day in span.days and clock >= start
    if start < end:
        return day in span.days and start <= clock < end
    return (day in span.days and clock >= start) or ((day - 1) % 7 in span.days and clock < end)
