"""A way to a host that breaks after so many bytes."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Relay:
    """Listens on this machine and hands on. `left` bytes go to the host before both sides are cut; None: all."""

    target: tuple[str, int]
    left: int | None = None
    passed: int = 0  # bytes to the host
    returned: int = 0  # and from it
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.target)
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pump, args=(near, far), daemon=True).start()
            threading.Thread(target=self._pump_back, args=(far, near), daemon=True).start()

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := near.recv(65536):
                if self.left is not None and self.passed + len(piece) >= self.left:
                    far.sendall(piece[: max(0, self.left - self.passed)])
                    self.passed = self.left
                    break
                self.passed += len(piece)
                far.sendall(piece)
        _end(near, far)

    def _pump_back(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := far.recv(65536):
                self.returned += len(piece)
                near.sendall(piece)
        _end(near, far)


@contextmanager
def relay_to(address: str, port: int) -> Iterator[Relay]:
    """A relay to a host, while the block lasts."""
    made = Relay((address, port))
    threading.Thread(target=made.serve, daemon=True).start()
    try:
        yield made
    finally:
        made.listener.close()


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
