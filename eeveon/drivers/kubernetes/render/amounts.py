"""Numbers as the API writes them: seconds are whole, quantities in the form that the server itself would give back."""

import math
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

_BINARY: Final = ((2**40, "Ti"), (2**30, "Gi"), (2**20, "Mi"), (2**10, "Ki"))
_DECIMAL: Final = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


def seconds(span: timedelta) -> int:
    """Whole seconds, rounded up: a wait may be longer, not shorter."""
    return math.ceil(span.total_seconds())


def cpu(millis: int) -> str:
    """`500m`, `2`."""
    return f"{millis}m" if millis % 1000 else _whole(millis // 1000, _DECIMAL)


def size(count: int) -> str:
    """`256Mi`, `1G`, `1500`: in the largest unit without a rest."""
    return _whole(count, (*_BINARY, *_DECIMAL))


def amount(value: float) -> str:
    """`80`, `56500m`: a number of requests or the like, in thousandths where it is not whole, rounded up."""
    return cpu(math.ceil(round(value * 1000, 3)))


def _whole(count: int, units: Iterable[tuple[int, str]]) -> str:
    found = (f"{count // unit}{name}" for unit, name in units if count and count % unit == 0)
    return next(found, str(count))
