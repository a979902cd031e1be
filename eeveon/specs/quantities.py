"""Durations, sizes, processor shares and percentages: how they are written, and what they are worth.

The patterns are those of the published JSON Schemas, so they keep to what ECMAScript, Python and Rust read alike.
The functions take texts that match.
"""

import math
import re
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

DURATION: Final = r"^[0-9]{1,7}(\.[0-9]{1,6})?(ms|s|m|h|d)$"
SIZE: Final = r"^[0-9]{1,9}(\.[0-9]{1,6})?(k|K|M|G|T|Ki|Mi|Gi|Ti)?$"
CPU: Final = r"^([0-9]{1,6}(\.[0-9]{1,3})?|[0-9]{1,9}m)$"
MONEY: Final = r"^[0-9]{1,9}(\.[0-9]{1,6})? [A-Z]{3}$"
SHARE: Final = r"^[0-9]{1,4}(\.[0-9]{1,3})?%$"

_PARTS = re.compile(r"([0-9.]+)(.*)")
_SECONDS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_BYTES = {
    "": 1,
    "k": 10**3,
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
_MEMORY = 4096  # different texts that are remembered; a repository rarely has more than a dozen


@lru_cache(_MEMORY)
def duration(text: str) -> timedelta:
    """`250ms`, `30s`, `1.5h` as a time span."""
    amount, unit = _split(text)
    return timedelta(microseconds=int(amount * _SECONDS[unit] * 1_000_000))


@lru_cache(_MEMORY)
def size(text: str) -> int:
    """`256Mi`, `1G` or `1000` as bytes, rounded down."""
    amount, unit = _split(text)
    return int(amount * _BYTES[unit])


@lru_cache(_MEMORY)
def cpu_millis(written: str | float) -> int:
    """`500m`, `"0.5"` or `0.5` as thousandths of a processor, rounded up."""
    amount, unit = _split(str(written)) if isinstance(written, str) else (Decimal(str(written)), "")
    return math.ceil(amount if unit == "m" else amount * 1000)


@lru_cache(_MEMORY)
def share(text: str) -> float:
    """`25%` as 0.25."""
    return float(Decimal(text.removesuffix("%")) / 100)


def part_of(written: str | int | float, whole: int, *, up: bool) -> int:
    """A count, or a percentage of `whole` rounded up or down."""
    if not isinstance(written, str):
        return int(written)
    exact = Decimal(written.removesuffix("%")) * whole / 100
    return math.ceil(exact) if up else math.floor(exact)


def _split(text: str) -> tuple[Decimal, str]:
    found = _PARTS.fullmatch(text)
    assert found is not None, f"{text!r} was not checked against its pattern"
    return Decimal(found[1]), found[2]
