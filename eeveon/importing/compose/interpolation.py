r"""Variables in the texts of a Compose file: `$NAME`, `${NAME}`, and defaults, errors and replacements inside of braces.

    ${NAME:-x} ${NAME-x}   x where NAME is unset (with the colon: or empty)
    ${NAME:?x} ${NAME?x}   refused, saying x, where NAME is unset (or empty)
    ${NAME:+x} ${NAME+x}   x where NAME is set (and not empty), else nothing
    $$                     a dollar sign

The text after an operator may hold variables itself. A dollar sign that begins none of these is a mistake, as it is to
`docker compose`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")
_DEEPEST = 20  # defaults of defaults


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpolated:
    """The text with values in it, the variables that gave them, and those that were empty for want of a value."""

    text: str
    used: frozenset[str] = frozenset()
    unset: frozenset[str] = frozenset()


class BadInterpolation(ValueError):  # noqa: N818  # named for what is wrong, as in errors.py
    """The text cannot be interpolated; the message says why."""


def interpolated(text: str, values: Mapping[str, str]) -> Interpolated:
    """The text with the values of its variables. Raises BadInterpolation."""
    return _Reader(values).read(text, 0)


class _Reader:
    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._used: set[str] = set()
        self._unset: set[str] = set()

    def read(self, text: str, depth: int) -> Interpolated:
        if depth > _DEEPEST:
            raise BadInterpolation("variables are nested too deeply")
        found: list[str] = []
        at = 0
        while (dollar := text.find("$", at)) >= 0:
            found.append(text[at:dollar])
            value, at = self._one(text, dollar + 1, depth)
            found.append(value)
        found.append(text[at:])
        return Interpolated(
            text="".join(found), used=frozenset(self._used), unset=frozenset(self._unset - self._used)
        )

    def _one(self, text: str, at: int, depth: int) -> tuple[str, int]:
        """The value of what begins behind a dollar sign at `at`, and where it ends."""
        if text.startswith("$", at):
            return "$", at + 1
        if text.startswith("{", at):
            end = _closing(text, at)
            return self._braced(text[at + 1 : end], depth), end + 1
        name = _NAME.match(text, at)
        if name is None:
            raise BadInterpolation(
                f"`{text[at - 1 : at + 9]}` is no variable; a dollar sign that is meant so is written `$$`"
            )
        return self._value(name[0]), name.end()

    def _braced(self, inside: str, depth: int) -> str:
        name = _NAME.match(inside)
        if name is None:
            raise BadInterpolation(f"`${{{inside}}}` names no variable")
        rest = inside[name.end() :]
        if not rest:
            return self._value(name[0])
        operator = _OPERATOR.match(rest)
        if operator is None:
            raise BadInterpolation(
                f"`${{{inside}}}` has `{rest[:2]}` where `:-`, `-`, `:?`, `?`, `:+` or `+` may be"
            )
        value = self._values.get(name[0])
        given = bool(value) if operator[0].startswith(":") else value is not None
        if given:
            self._used.add(name[0])
        argument = rest[operator.end() :]
        match operator[0][-1]:
            case "-":
                return (value or "") if given else self.read(argument, depth + 1).text
            case "+":
                return self.read(argument, depth + 1).text if given else ""
            case _ if given:
                return value or ""
            case _:
                said = self.read(argument, depth + 1).text
                raise BadInterpolation(f"`{name[0]}` needs a value" + (f": {said}" if said else ""))

    def _value(self, name: str) -> str:
        (self._used if name in self._values else self._unset).add(name)
        return self._values.get(name, "")


def _closing(text: str, opening: int) -> int:
    """Where the brace that opens at `opening` is closed."""
    depth = 0
    for at in range(opening, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return at
    raise BadInterpolation(f"`${text[opening : opening + 12]}` is never closed")
