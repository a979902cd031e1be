"""Quantities in the form in which the server gives them back: 1000m is 1, 1024Mi is 1Gi."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

_FORM = re.compile(r"^([+-]?[0-9.]+)([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE]?)$")
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def amount(written: Any) -> Decimal | None:
    """How much it is; None where it is no quantity."""
    parts = _FORM.match(str(written))
    if parts is None:
        return None
    try:
        number = Decimal(parts[1])
    except InvalidOperation:
        return None
    unit = parts[2]
    if unit in _BINARY:
        return number * Decimal(2) ** _BINARY[unit]
    if unit in _DECIMAL:
        return number.scaleb(_DECIMAL[unit])
    return number.scaleb(int(unit[1:]))


def canonical(written: Any) -> Any:
    """The same amount as the server writes it; what is no quantity stays."""
    value = amount(written)
    parts = _FORM.match(str(written))
    if value is None or parts is None or str(written).startswith("+"):
        return written
    unit = parts[2]
    if unit in _BINARY and value == value.to_integral() and abs(value) >= 1024:
        return _binary(int(value))
    if unit[:1] in {"e", "E"} and len(unit) > 1:
        return _exponent(value)
    return _decimal(value)


def _binary(value: int) -> str:
    for unit, power in reversed(_BINARY.items()):
        if value % 2**power == 0 and value:
            return f"{value >> power}{unit}"
    return str(value)


def _decimal(value: Decimal) -> str:
    value = value.quantize(Decimal("1e-3"), rounding="ROUND_UP")
    for unit, power in reversed(_DECIMAL.items()):
        scaled = value.scaleb(-power)
        if scaled == scaled.to_integral() and (scaled or not unit):
            return f"{int(scaled)}{unit}"
    return str(value)


def _exponent(value: Decimal) -> str:
    for power in range(18, -10, -3):
        scaled = value.scaleb(-power)
        if scaled == scaled.to_integral() and scaled:
            return f"{int(scaled)}e{power}" if power else str(int(scaled))
    return str(value)
