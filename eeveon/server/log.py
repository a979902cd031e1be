"""What the controller says: one line an event, for people on a terminal and as JSON for everything else."""

import json
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TextIO

Log = Callable[..., None]  # log("applied", environment="shop/production", commit="1a2b3c4d5e6f")
Form = Callable[[str, str, Mapping[str, object]], str]


def json_log(now: Callable[[], datetime], stream: TextIO | None = None) -> Log:
    """One JSON object a line: `at`, `event`, and the fields that the event has."""
    return _Lines(now, stream or sys.stderr, _json)


def text_log(now: Callable[[], datetime], stream: TextIO | None = None) -> Log:
    """The same to be read: the time of the day in UTC, the event, its fields."""
    return _Lines(now, stream or sys.stderr, _text)


def _json(at: str, event: str, fields: Mapping[str, object]) -> str:
    return json.dumps({"at": at, "event": event, **fields}, default=str, ensure_ascii=False)


def _text(at: str, event: str, fields: Mapping[str, object]) -> str:
    told = "  ".join(f"{name}={_word(value)}" for name, value in fields.items() if value not in ("", None))
    return f"{at[11:19]}  {event:<20} {told}".rstrip()


def _word(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(letter in text for letter in ' "\n\t') else text


class _Lines:
    """Lines of several threads, each whole. A reader that is gone does not end the controller."""

    def __init__(self, now: Callable[[], datetime], stream: TextIO, form: Form) -> None:
        self._now = now
        self._stream = stream
        self._form = form
        self._lock = threading.Lock()

    def __call__(self, event: str, **fields: object) -> None:
        line = self._form(self._now().isoformat(timespec="milliseconds"), event, fields)
        with self._lock:
            try:
                print(line, file=self._stream, flush=True)
            except OSError:
                return
