"""The headers of one request, read so that nothing is believed that is there twice."""

from collections.abc import Iterable


class Headers:
    """Values by lower-case name. Of a header that decides something there must be exactly one."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[bytes, list[bytes]] = {}
        for name, value in raw:
            self._values.setdefault(name, []).append(value)

    def one(self, name: str) -> str:
        """The value; "" if there is none, or more than one."""
        values = self._values.get(name.encode("ascii"), ())
        return values[0].decode("latin-1") if len(values) == 1 else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value, in their order."""
        return tuple(value.decode("latin-1") for value in self._values.get(name.encode("ascii"), ()))

    def __contains__(self, name: str) -> bool:
        return name.encode("ascii") in self._values
