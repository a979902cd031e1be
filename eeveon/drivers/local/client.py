"""The only place that speaks to the supervisor, starts it, and reads its files without it."""

import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import eeveon
from eeveon.drivers.local.supervisor.environment import INHERITED
from eeveon.drivers.local.supervisor.lost import without_supervisor
from eeveon.drivers.local.supervisor.main import READY, peer
from eeveon.drivers.local.supervisor.records import (
    Damaged,
    Folder,
    Record,
    Scope,
    make_folder,
    read,
    record_files,
    record_from,
)
from eeveon.drivers.local.supervisor.wire import Request
from eeveon.errors import ActionRefused, ActionUncertain, TargetUnreachable

PATIENCE = 5.0  # seconds until a supervisor that does not answer is given up
PASSING = 2.0  # seconds in which a supervisor that holds the lock but has no socket has come or gone
START = (
    "import sys; sys.path.append(sys.argv[1]);"
    " from eeveon.drivers.local.supervisor.main import main; main(sys.argv[2], int(sys.argv[3]))"
)
DAMAGED_HINT = "Repair the file, or end what it describes and remove it; then plan again."

Reply = dict[str, Any]


class NobodyThere(Exception):  # noqa: N818 — says what is so; no supervisor runs, and none is needed for reading
    """No supervisor runs for this folder."""


@dataclass(frozen=True, slots=True)
class Client:
    """One target folder and the way to its supervisor."""

    folder: Folder

    def records(self, scope: Scope) -> list[Record]:
        """Every object of a scope as it is now. Raises TargetUnreachable where that is not completely known."""
        try:
            reply = self._ask_who_is_there(Request(verb="list", scope=scope), PATIENCE)
        except NobodyThere:
            return self._records_on_disk(scope)
        except ActionUncertain as error:
            raise TargetUnreachable(error.message, hint=error.hint) from error
        if "damaged" in reply:
            raise TargetUnreachable(reply["damaged"], hint=DAMAGED_HINT)
        return [record_from(form) for form in reply["records"]]

    def record(self, scope: Scope, kind: str, name: str) -> Record | None:
        """What the disk says of one object. Raises TargetUnreachable if its file is damaged."""
        try:
            return read(self.folder.record(scope, kind, name))
        except FileNotFoundError:
            return None
        except Damaged as error:
            raise TargetUnreachable(str(error), hint=DAMAGED_HINT) from error

    def ask(self, request: Request, timeout: float) -> Reply:
        """The reply to a request; starts a supervisor if none runs. Raises the three target errors.

        A supervisor that ends just as it is asked has done nothing or, since every request can be repeated, nothing
        that a second one would do twice: so the request goes once more, to its successor.
        """
        deadline = time.monotonic() + timeout
        for _ in range(2):
            connection = self._reach_or_start(deadline)
            reply = _exchange(connection, request, deadline, self._doing(request))
            if reply is not None:
                return _accepted(reply)
        raise ActionUncertain(
            f"{self._doing(request)}: the supervisor ended before it answered",
            hint=f"Look into {self.folder.root / 'supervisor.log'}, then plan again.",
        )

    def _ask_who_is_there(self, request: Request, timeout: float) -> Reply:
        deadline = time.monotonic() + timeout
        for _ in range(2):
            reply = _exchange(self._reach(deadline), request, deadline, self._doing(request))
            if reply is not None:
                return reply
        raise TargetUnreachable("the supervisor ends before it answers", hint="Try again.")

    def _doing(self, request: Request) -> str:
        return f"{request.verb} {request.kind} {request.name}".strip() + f" in {self.folder.root}"

    # -- reaching -----------------------------------------------------------------------------------------------

    def _reach_or_start(self, deadline: float) -> socket.socket:
        try:
            return self._reach(deadline)
        except NobodyThere:
            pass
        with self._one_at_a_time():
            try:
                return self._reach(deadline)
            except NobodyThere:
                self._start(deadline)
        try:
            return self._reach(deadline)
        except NobodyThere as error:
            raise self._unreachable("it ended as soon as it was started") from error

    def _reach(self, deadline: float) -> socket.socket:
        """A connection. Raises NobodyThere, or TargetUnreachable if a supervisor runs that cannot be connected to."""
        patience = min(deadline, time.monotonic() + PASSING)
        while True:
            connection = self._connect()
            if connection is not None:
                return connection
            holder = self._lock_holder()
            if holder is None:
                raise NobodyThere
            if time.monotonic() >= patience:
                raise self._unreachable(f"process {holder} runs, but its socket is gone")
            time.sleep(0.02)  # noqa: TID251 — it is about to come or to go; nothing can be waited on for either

    def _connect(self) -> socket.socket | None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            folder = os.open(self.folder.root, os.O_PATH)
            try:
                connection.connect(f"/proc/self/fd/{folder}/supervisor.sock")  # a path of any length
            finally:
                os.close(folder)
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            return None
        except OSError as error:
            connection.close()
            raise self._unreachable(str(error)) from error
        if peer(connection)[1] not in {0, os.geteuid(), self.folder.root.stat().st_uid}:
            connection.close()
            raise self._unreachable("the process at its socket is of another user")
        return connection

    def _lock_holder(self) -> str | None:
        """The process that holds the supervisor's lock; None if there is none."""
        try:
            with (self.folder.root / "supervisor.lock").open("rb") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return lock.read().decode(errors="replace").strip()
        except FileNotFoundError:
            return None
        return None

    def _unreachable(self, why: str) -> TargetUnreachable:
        root = self.folder.root
        return TargetUnreachable(
            f"the supervisor of {root} cannot be reached: {why}",
            hint=f"Look into {root / 'supervisor.log'}.",
        )

    # -- starting -----------------------------------------------------------------------------------------------

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        try:
            make_folder(self.folder.root)
            lock = os.open(self.folder.root / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unreachable(str(error)) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _start(self, deadline: float) -> None:
        """Start a supervisor and wait until it can be asked."""
        root = self.folder.root
        ear, mouth = os.pipe()
        library = str(Path(eeveon.__file__).parent.parent)
        log = os.open(root / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            starter = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", START, library, str(root), str(mouth)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={name: os.environ[name] for name in INHERITED if name in os.environ},
                start_new_session=True,
                pass_fds=(mouth,),
            )
        finally:
            os.close(mouth)
            os.close(log)
        try:
            starter.wait()  # it hands over to its own child at once, so that nobody has to wait for that one
            if not _hears(ear, deadline):
                raise self._unreachable("it was started, but did not get ready")
        finally:
            os.close(ear)

    # -- without it ---------------------------------------------------------------------------------------------

    def _records_on_disk(self, scope: Scope) -> list[Record]:
        found, damaged = [], []
        for path in record_files(self.folder.scope(scope)):
            try:
                found.append(without_supervisor(read(path)))
            except FileNotFoundError:
                continue  # removed since the folder was listed
            except Damaged as error:
                damaged.append(str(error))
        if damaged:
            raise TargetUnreachable("; ".join(damaged), hint=DAMAGED_HINT)
        return found


def _hears(ear: int, deadline: float) -> bool:
    os.set_blocking(ear, False)
    ready, _, _ = select.select([ear], [], [], max(0.0, deadline - time.monotonic()))
    return bool(ready) and os.read(ear, len(READY)) == READY


def _exchange(connection: socket.socket, request: Request, deadline: float, doing: str) -> Reply | None:
    """The reply; None if the other side ended without one. Raises ActionUncertain when time is up."""
    with connection:
        try:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            connection.sendall(request.line())
            parts = []
            while part := connection.recv(1024 * 1024):
                parts.append(part)
                connection.settimeout(max(0.001, deadline - time.monotonic()))
        except TimeoutError as error:
            raise ActionUncertain(
                f"{doing}: the supervisor (process {peer(connection)[0]}) did not answer in time",
                hint="It may still be done; plan again to see what is.",
            ) from error
        except (ConnectionResetError, BrokenPipeError):
            return None
    text = b"".join(parts)
    if not text.endswith(b"\n"):
        return None
    reply: Reply = json.loads(text)
    return reply


def _accepted(reply: Reply) -> Reply:
    for word in ("refused", "damaged"):
        if word in reply:
            raise ActionRefused(reply[word])
    return reply
