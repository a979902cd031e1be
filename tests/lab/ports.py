"""What all labs of a machine share: its TCP ports, and a door that one of them goes through at a time."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two labs that look for what is free at the same moment would take the same, and answer for each other."""
    door = os.open(tempfile.gettempdir(), os.O_RDONLY)
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield
    finally:
        os.close(door)


@contextmanager
def unnamed_ports(ports: range) -> Iterator[None]:
    """The kernel's range for ports that nobody names is `ports`, for the moment in which an engine reads it."""
    with one_at_a_time():
        before = RANGE.read_text()
        RANGE.write_text(f"{ports[0]} {ports[-1]}")
        try:
            yield
        finally:
            RANGE.write_text(before)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now, and that is no engine's to give away."""
    with one_at_a_time(), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
