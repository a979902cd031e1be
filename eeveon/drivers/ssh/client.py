"""Talks with one host, and is the only place where failures of SSH become our words.

One connection a host, opened when something is first sent and shared by all threads: each script has a channel of its
own on it. What a lost connection means depends on when: before the script was sent nothing happened
(`TargetUnreachable`), after it may have (`ActionUncertain`). Every wait has an end: to connect, for the banner, for
the login, for a channel, for each answer.
"""

import contextlib
import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

from eeveon.drivers.ssh import script as scripts
from eeveon.drivers.ssh.hosts import Access, Host
from eeveon.drivers.ssh.trouble import lost, no_shell, refusal, unreachable
from eeveon.errors import ActionUncertain, TargetError, TargetUnreachable

SESSIONS = 8  # scripts at a time on one host: sshd allows 10 on a connection unless it is told otherwise
GRACE = 5.0  # seconds that a script has, after its own time, to be ended by `timeout` and to say so
STATUS_SECONDS = 1.0  # until the status of a script whose channel is closed has come, if it ever does
PIECE = 65536
KEEPALIVE = 15  # seconds between two signs of life


@dataclass(frozen=True, slots=True)
class Output:
    """What a script said."""

    status: int
    stdout: str
    stderr: str


class Line:
    """The connection to one host. May be used by several threads."""

    def __init__(self, host: Host, access: Access, *, sudo: bool) -> None:
        self.host = host
        self.trips = 0  # scripts that were sent
        self._access = access
        self._sudo = sudo
        self._connection: Any = None
        self._lock = threading.Lock()
        self._sessions = threading.BoundedSemaphore(SESSIONS)

    def __repr__(self) -> str:
        return f"Line({self.host})"

    def run(self, script: str, timeout: timedelta, stream: Iterable[bytes] = ()) -> Output:
        """Send a complete script (see `script.complete`), and then `stream` as what the script reads.

        Raises:
            TargetUnreachable: the script was not sent, or somebody else works on the same (`script.BUSY`).
            ActionRefused: it said no, or ended with a status that is not 0.
            ActionUncertain: it was sent, and how it ended is not known.
        """
        output = self.ask(script, timeout, stream)
        if output.status != 0:
            raise refusal(self.host, output.status, output.stderr)
        return output

    def read(self, script: str, timeout: timedelta) -> Output:
        """Send a script that changes nothing: what is not known is the same as not reached.

        Raises:
            TargetUnreachable: there is no complete answer.
            ActionRefused: it said no.
        """
        try:
            return self.run(script, timeout)
        except ActionUncertain as error:
            raise TargetUnreachable(error.message, hint=error.hint) from error

    def ask(self, script: str, timeout: timedelta, stream: Iterable[bytes] = ()) -> Output:
        """The same as `run`, whatever the status is."""
        end = monotonic() + timeout.total_seconds()
        with self._sessions, self._channel(end) as channel:
            seconds = max(1, int(end - monotonic()))
            try:
                channel.exec_command(self._command(script, seconds, has_stream=bool(stream)))
                self.trips += 1
                self._send(channel, script, stream, end)
                stdout, stderr = self._received(channel, end)
                status = self._status(channel, end)
            except TimeoutError:
                raise self._late(timeout) from None
            except (OSError, EOFError) as error:
                raise lost(self.host, error) from error
            except Exception as error:
                raise self._translated(error, sent=True) from error
        return self._checked(status, stdout, stderr, timeout)

    def lines(self, script: str) -> Iterator[bytes]:
        """What a script goes on saying, line by line, until it ends or `close` is called. No deadline.

        Raises TargetUnreachable when the host is lost.
        """
        with self._channel(monotonic() + self._access.connect.total_seconds()) as channel:
            try:
                channel.exec_command("sudo -n sh -s" if self._sudo else "sh -s")
                channel.sendall(script.encode())
                channel.settimeout(None)  # what is followed may be silent for ever
                rest = b""
                while piece := channel.recv(PIECE):
                    *whole, rest = (rest + piece).split(b"\n")
                    yield from whole
                if channel.recv_exit_status() == -1:
                    raise TargetUnreachable(f"the connection to {self.host} was lost")
            except (OSError, EOFError) as error:
                raise unreachable(self.host, error, self._access) from error

    def close(self) -> None:
        """End the connection. The line can still be used afterwards."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # -- connecting -------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _channel(self, end: float) -> Iterator[Any]:
        channel = self._open_channel(end)
        try:
            yield channel
        finally:
            with contextlib.suppress(
                OSError, EOFError
            ):  # a reset connection: what was being done says so, not the end
                channel.close()

    def _open_channel(self, end: float) -> Any:
        """A new channel; a connection that has died since it was last used is made anew, once."""
        for attempt in (1, 2):
            transport = self._transport()
            try:
                seconds = min(self._access.connect.total_seconds(), max(0.5, end - monotonic()))
                return transport.open_session(timeout=seconds)
            except Exception as error:
                # One that lives was refused, or hangs; that it is dead, the reset of a request says before paramiko does.
                died = isinstance(error, (EOFError, OSError)) or not transport.is_active()
                if attempt == 2 or not died:
                    raise self._translated(error, sent=False) from error
                self._forget(transport)
        raise AssertionError("the second attempt gives or raises")

    def _forget(self, transport: Any) -> None:
        """The next who asks connects anew, unless somebody has by now."""
        with self._lock:
            if self._connection is not None and self._connection.transport is transport:
                self._connection = None
        transport.close()

    def _transport(self) -> Any:
        with self._lock:
            if self._connection is not None and self._connection.is_connected:
                return self._connection.transport
            self._connection = None
            try:
                self._connection = self._connected()
            except Exception as error:
                raise self._translated(error, sent=False) from error
            return self._connection.transport

    def _connected(self) -> Any:
        from eeveon.drivers.ssh.login import connect  # brings paramiko

        logging.getLogger("paramiko").setLevel(
            logging.CRITICAL
        )  # it says on stderr what we say in our own words
        connection = connect(self.host, self._access)
        connection.transport.set_keepalive(KEEPALIVE)
        return connection

    def _translated(self, error: Exception, *, sent: bool) -> TargetError:
        if isinstance(error, TargetError):
            return error
        return lost(self.host, error) if sent else unreachable(self.host, error, self._access)

    # -- one script -------------------------------------------------------------------------------------------

    def _command(self, script: str, seconds: int, *, has_stream: bool) -> str:
        """What sshd is told to run: constant, but for two numbers."""
        shell = "sh -s"
        if has_stream:  # a shell may read ahead of what it executes, and would swallow the stream
            shell = f"""sh -c 'eval "$(dd bs=1 count={len(script.encode())} 2>/dev/null)"'"""
        limited = f"timeout -k 2 {seconds} {shell}"
        return f"sudo -n {limited}" if self._sudo else limited

    def _send(self, channel: Any, script: str, stream: Iterable[bytes], end: float) -> None:
        try:
            channel.settimeout(max(0.1, end + GRACE - monotonic()))
            channel.sendall(script.encode("utf-8", "surrogateescape"))
            for piece in stream:
                channel.settimeout(max(0.1, end + GRACE - monotonic()))
                channel.sendall(piece)
            channel.shutdown_write()
        except OSError:
            # It ended before it had read all, as a refusal does: what it said tells why. A lost connection says nothing.
            if not channel.status_event.wait(STATUS_SECONDS) or channel.exit_status == -1:
                raise

    def _received(self, channel: Any, end: float) -> tuple[bytes, bytes]:
        said = []
        for receive in (channel.recv, channel.recv_stderr):
            pieces = []
            channel.settimeout(max(0.1, end + GRACE - monotonic()))
            while piece := receive(PIECE):
                pieces.append(piece)
                channel.settimeout(max(0.1, end + GRACE - monotonic()))
            said.append(b"".join(pieces))
        return said[0], said[1]

    def _status(self, channel: Any, end: float) -> int:
        if not channel.status_event.wait(max(0.1, end + GRACE - monotonic())):
            raise TimeoutError
        return int(channel.recv_exit_status())

    def _checked(self, status: int, stdout: bytes, stderr: bytes, timeout: timedelta) -> Output:
        """The output, if it is complete."""
        complaint = stderr.decode(errors="replace").strip()
        if status in {124, 137}:
            raise self._late(timeout)
        text = stdout.decode("utf-8", "surrogateescape")
        _, begun, rest = text.partition(f"{scripts.BEGIN}\n")
        if status == -1:
            raise lost(self.host, None)
        if not begun:
            raise no_shell(self.host, status, complaint or text.strip(), sudo=self._sudo)
        body, ended, _ = rest.rpartition(f"\n{scripts.END} ")
        if not ended:
            raise lost(self.host, None)
        return Output(status, body, complaint)

    def _late(self, timeout: timedelta) -> ActionUncertain:
        return ActionUncertain(
            f"{self.host} did not finish within {timeout.total_seconds():.3g} s",
            hint="it may still be done; plan again to see what is",
        )
