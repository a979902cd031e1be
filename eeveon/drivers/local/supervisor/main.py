"""The life of the process: one per target folder, detached, over when there is nothing left to supervise."""

import fcntl
import os
import resource
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from eeveon.drivers.local.supervisor import environment, wire
from eeveon.drivers.local.supervisor.loop import READ, WRITE, Loop, Timer
from eeveon.drivers.local.supervisor.records import Damaged, Folder
from eeveon.drivers.local.supervisor.service import Service
from eeveon.drivers.local.supervisor.spawning import OPEN_FILES

LINGER = 1.0  # seconds without work before the end, so that an apply that stops and then starts finds it
PATIENCE = 5  # seconds to wait for the end of an earlier supervisor
LONGEST_IDLE = 30.0  # seconds between two looks while nobody asks anything
READY = b"ready"


def main(root: str, ready: int) -> None:
    """Supervise the folder `root` until there is nothing left to do; write READY to `ready` when it can be asked."""
    if os.fork():
        os._exit(0)  # whoever started us has no child to wait for
    lock = os.open(Path(root) / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    signal.alarm(
        PATIENCE
    )  # an earlier supervisor may be on its way out; one that stays leaves us nothing to do
    fcntl.flock(lock, fcntl.LOCK_EX)
    signal.alarm(0)
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    with suppress(ValueError, OSError):  # one file for each adopted process
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES[1], OPEN_FILES[1]))
    base = {name: os.environ[name] for name in environment.INHERITED if name in os.environ}
    loop = Loop()
    service = Service(loop, Folder(Path(root)), base)
    service.adopt()
    door = Door(loop, service, Path(root))
    os.write(ready, READY)
    os.close(ready)
    loop.run()
    door.close()


class Door:
    """The socket: lets in the owner of the folder and nobody else, and notices when nobody comes any more."""

    def __init__(self, loop: Loop, service: Service, root: Path) -> None:
        self._loop, self._service = loop, service
        self._path = root / "supervisor.sock"
        self._guests = 0
        self._next_look: Timer | None = None
        self._socket = listen(root)
        loop.watch(self._socket.fileno(), READ, lambda _events: self._let_in())
        self._look_in(LINGER)

    def close(self) -> None:
        """Not to be found any more."""
        self._path.unlink(missing_ok=True)
        self._socket.close()

    def _let_in(self) -> None:
        with suppress(OSError):  # gone again
            guest, _ = self._socket.accept()
            if peer(guest)[1] not in {os.geteuid(), 0}:
                guest.close()
                return
            self._guests += 1
            Conversation(self._loop, guest, self._service.answer, self._left).begin()

    def _left(self) -> None:
        self._guests -= 1
        self._look_in(LINGER)

    def _look_in(self, seconds: float) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        self._next_look = self._loop.after(seconds, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if self._guests:
            return  # looked at again when the last one has left
        if self._service.is_idle:
            self._loop.end()
        else:
            self._look_in(LONGEST_IDLE)


class Conversation:
    """One connection: one request in, one reply out."""

    def __init__(
        self,
        loop: Loop,
        guest: socket.socket,
        ask: Callable[[wire.Request, Callable[[str], None]], None],
        left: Callable[[], None],
    ) -> None:
        self._loop, self._guest, self._ask, self._left = loop, guest, ask, left
        self._heard = b""
        self._to_say = memoryview(b"")

    def begin(self) -> None:
        """Listen."""
        self._guest.setblocking(False)
        self._loop.watch(self._guest.fileno(), READ, lambda _events: self._listen())

    def _listen(self) -> None:
        try:
            part = self._guest.recv(1024 * 1024)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        self._heard += part
        if not part or len(self._heard) > wire.LARGEST_REQUEST:
            self._end()
        elif self._heard.endswith(b"\n"):
            self._loop.unwatch(self._guest.fileno())
            self._understand()

    def _understand(self) -> None:
        line, self._heard = self._heard, b""
        try:
            request = wire.request_from(line)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            self._say(wire.refused(f"the supervisor does not understand the request: {error}"))
            return
        try:
            self._ask(request, self._say)
        except (OSError, Damaged) as error:
            self._say(wire.refused(str(error)))

    def _say(self, reply: str) -> None:
        self._to_say = memoryview(reply.encode() + b"\n")
        self._go_on()

    def _go_on(self) -> None:
        try:
            self._to_say = self._to_say[self._guest.send(self._to_say) :]
        except BlockingIOError:
            pass
        except OSError:  # whoever asked has died
            self._end()
            return
        if self._to_say:
            self._loop.watch(self._guest.fileno(), WRITE, lambda _events: self._go_on())
        else:
            self._end()

    def _end(self) -> None:
        self._loop.unwatch(self._guest.fileno())
        self._guest.close()
        self._left()


def listen(root: Path) -> socket.socket:
    """The listening socket of a folder. Named through /proc, as a socket's path may have 107 bytes only."""
    (root / "supervisor.sock").unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(root, os.O_PATH)
    mask = os.umask(0o177)
    try:
        door.bind(f"/proc/self/fd/{folder}/supervisor.sock")
    finally:
        os.umask(mask)
        os.close(folder)
    door.listen(512)
    door.setblocking(False)
    return door


def peer(connection: socket.socket) -> tuple[int, int, int]:
    """The process, user and group at the other end."""
    size = struct.calcsize("3i")
    pid, user, group = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return pid, user, group
