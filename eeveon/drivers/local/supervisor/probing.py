"""Runs a command beside an instance, as it would run itself, and says how it ended."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from eeveon.drivers.local.supervisor import processes
from eeveon.drivers.local.supervisor.loop import READ, Loop
from eeveon.drivers.local.supervisor.spawning import CannotStart, Launch, describe, spawn

KEPT_OUTPUT = 4096  # bytes; the last line of it is shown
SHOWN = 200  # characters of that line


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is run: its arguments, variables and folder, and how many seconds it has."""

    arguments: tuple[str, ...]
    env: dict[str, str]
    directory: str
    user: str | None
    timeout: float


def probe(loop: Loop, command: Command, tell: Callable[[bool, str], None]) -> None:
    """Run the command and tell, once, whether it ended with status 0, and what its last line was."""
    shown = command.arguments[0]
    ear, mouth = os.pipe()
    os.set_blocking(ear, False)
    launch = Launch(
        command=command.arguments,
        env=command.env,
        directory=command.directory,
        output=mouth,
        user=command.user,
    )
    try:
        pid = spawn(launch)
    except CannotStart as error:
        os.close(ear)
        tell(False, str(error))
        return
    finally:
        os.close(mouth)
    _Running(loop, pid, ear, tell).watch(shown, command.timeout)


class _Running:
    """A command that has not ended yet."""

    def __init__(self, loop: Loop, pid: int, ear: int, tell: Callable[[bool, str], None]) -> None:
        self._loop, self._pid, self._ear, self._tell = loop, pid, ear, tell
        self._output = b""
        self._late = False

    def watch(self, shown: str, timeout: float) -> None:
        alarm = self._loop.after(timeout, self._give_up)
        self._loop.watch(self._ear, READ, lambda _events: self._read())

        def ended(status: int) -> None:
            alarm.cancel()
            processes.signal_group(self._pid, signal.SIGKILL)
            self._read()
            self._loop.unwatch(self._ear)
            os.close(self._ear)
            how = f"timed out after {timeout:g} s" if self._late else describe(status)
            self._tell(status == 0 and not self._late, f"{shown} → {how}{self._last_line()}")

        self._loop.on_end(self._pid, ended)

    def _give_up(self) -> None:
        self._late = True
        processes.signal_group(self._pid, signal.SIGKILL)

    def _read(self) -> None:
        try:
            while part := os.read(self._ear, 65536):
                self._output = (self._output + part)[-KEPT_OUTPUT:]
        except BlockingIOError:
            return
        self._loop.unwatch(self._ear)  # the end of the output may come long before the end of the process

    def _last_line(self) -> str:
        lines = self._output.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f": {last[:SHOWN]}" if last else ""
