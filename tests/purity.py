"""Fails a test whose code touches the outside: files, sockets, databases, processes, whatever was imported to do it.

A pure room's tests take it in in their `conftest.py`, and it holds for the tests beside and below that:

    from tests.purity import pytest_runtest_call

Python reports every such step as an audit event. Refused are those that EEveon's own code is on the way to. What a test
does for itself is let through (it may ask an oracle or read a golden file), and so is what the machinery does while our
code runs: the interpreter importing, hypothesis keeping its examples, coverage its figures.
"""

import sys
from collections.abc import Iterator
from types import FrameType

import pytest

OUTSIDE = ("open", "os.", "shutil.", "socket.", "sqlite3.", "subprocess.", "urllib.", "ctypes.dlopen")
HARMLESS = frozenset({"os.putenv", "os.unsetenv"})  # pytest names the running test to its children
MACHINERY = frozenset(
    {"hypothesis", "coverage", "pytest", "_pytest", "xdist", "linecache"}
    | {"importlib", "_frozen_importlib", "_frozen_importlib_external"}
)


class TouchedOutside(BaseException):
    """Pure code reached outside. No `except Exception` on the way may hide it."""


class _Watch:
    """Whether a test of a pure room is running."""

    on = False


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if not _Watch.on or not event.startswith(OUTSIDE) or event in HARMLESS:
        return
    if not _is_ours(sys._getframe(1)):
        return
    _Watch.on = False  # telling of it opens files itself
    raise TouchedOutside(f"pure code reached outside: {event} {args[:1]}")


def _is_ours(frame: FrameType | None) -> bool:
    """Whether our code is met before any machinery, on the way from the event back to the test."""
    while frame is not None:
        room = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if room == "eeveon" or room in MACHINERY:
            return room == "eeveon"
        frame = frame.f_back
    return False


sys.addaudithook(_refuse)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Watches while the test itself runs."""
    _Watch.on = True
    try:
        return (yield)
    finally:
        _Watch.on = False
