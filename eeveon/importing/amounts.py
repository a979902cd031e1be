"""Durations, processors and sizes of others as specs write them. None for what is no such amount."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ms|us|µs|ns|h|m|s)")
_MICROSECONDS: Final = {
    "h": Decimal(3_600_000_000),
    "m": Decimal(60_000_000),
    "s": Decimal(1_000_000),
    "ms": Decimal(1000),
    "us": Decimal(1),
    "µs": Decimal(1),
    "ns": Decimal("0.001"),
}
_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgtp])i?b?|b)?", re.IGNORECASE)
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]+)?")
_POWERS: Final[Mapping[str, int]] = {
    **{unit: 1000 ** (at + 1) for at, unit in enumerate(("k", "M", "G", "T", "P", "E"))},
    **{unit: 1024 ** (at + 1) for at, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))},
}
_UNITS: Final = (("Ti", 1024**4), ("Gi", 1024**3), ("Mi", 1024**2), ("Ki", 1024), ("G", 10**9), ("M", 10**6))


def duration(written: str) -> str | None:
    """`1m30s` as `90s`, `500ms` as it is: Go's durations, as Compose takes them."""
    text, amount = written.strip(), Decimal(0)
    if text == "0":
        return "0s"
    while text:
        found = _PART.match(text)
        if found is None:
            return None
        amount += Decimal(found[1]) * _MICROSECONDS[found[2]]
        text = text[found.end() :]
    return seconds(int(amount)) if written.strip() else None


def seconds(microseconds: int) -> str:
    """A span in the largest unit of specs below an hour that says it exactly: `90s`, `1500ms`."""
    if microseconds % 1_000_000 == 0:
        return f"{microseconds // 1_000_000}s"
    return f"{-(-microseconds // 1000)}ms"


def size(written: str) -> str | None:
    """`512m`, `1gb` or a number of bytes, as Docker takes them: every unit is a power of 1024."""
    found = _BYTES.fullmatch(written.strip())
    if found is None:
        return None
    power = "bkmgtp".index((found[2] or "b").lower())
    return in_units(int(Decimal(found[1]) * 1024**power))


def in_units(count: int) -> str:
    """Bytes in the largest unit that divides them: `256Mi`."""
    for unit, worth in _UNITS:
        if count and count % worth == 0:
            return f"{count // worth}{unit}"
    return str(count)


def cpus(written: str) -> str | None:
    """A number of processors: `0.5` is `500m`."""
    try:
        millis = Decimal(written.strip()) * 1000
    except InvalidOperation:
        return None
    return millis_text(int(millis.to_integral_value(rounding="ROUND_CEILING"))) if millis > 0 else None


def millis_text(millis: int) -> str:
    """Thousandths of a processor: `500m`, `2`."""
    return str(millis // 1000) if millis % 1000 == 0 else f"{millis}m"


def quantity(written: object) -> Decimal | None:
    """A quantity of Kubernetes: `100m`, `1.5Gi`, `1e3`, 2."""
    found = _QUANTITY.fullmatch(str(written))
    if found is None:
        return None
    amount, unit = Decimal(found[1]), found[2] or ""
    if unit == "m":
        return amount / 1000
    if unit[:1] in {"e", "E"} and unit[1:].isdigit():
        return Decimal(f"{amount}e{int(unit[1:])}")
    return amount * _POWERS.get(unit, 1)
