"""Time as the server sees it: real, or told by a test."""

import datetime
import time
from dataclasses import dataclass, field


def today() -> float:
    """The moment, in seconds of the epoch."""
    return datetime.datetime.now(tz=datetime.UTC).timestamp()  # noqa: TID251 - objects say when they were made


@dataclass(slots=True)
class Clock:
    """Seconds since the server began, and the moment that they are counted from."""

    began: float = field(default_factory=today)
    _monotonic: float = field(default_factory=time.monotonic)
    told: float | None = None  # where a test holds the time

    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._monotonic if self.told is None else self.told

    def stamp(self, later: float = 0.0) -> str:
        """The moment as objects write it: whole seconds, UTC."""
        return self.written(self.seconds() + later)

    def written(self, seconds: float) -> str:
        """A moment since the beginning as objects write it."""
        moment = datetime.datetime.fromtimestamp(self.began + seconds, tz=datetime.UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def read(self, written: str) -> float:
        """The other way."""
        return datetime.datetime.fromisoformat(written).timestamp() - self.began
