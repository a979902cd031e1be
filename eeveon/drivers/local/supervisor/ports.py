"""Ports of this machine: a free one to hand out, and who holds one that was given."""

import os
import socket
from collections.abc import Collection
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below the range from which the kernel takes the local ends of outgoing connections (32768 and up): a port of an
# instance that is just restarting cannot be taken by one.
FIRST, LAST = 20_000, 32_000
LISTENING = {"tcp": "0A", "udp": "07"}


def free_port(taken: Collection[int], protocol: str) -> int:
    """A port that nobody listens on and that is not in `taken`; the search begins anywhere. Raises OSError."""
    begin = int.from_bytes(os.urandom(4))
    for step in range(LAST - FIRST):
        number = FIRST + (begin + step) % (LAST - FIRST)
        if number not in taken and _is_free(number, protocol):
            return number
    raise OSError(f"no port between {FIRST} and {LAST} is free")


def _is_free(number: int, protocol: str) -> bool:
    with socket.socket(
        socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    ) as probe:
        if protocol == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # old connections do not matter
        try:
            probe.bind((LOOPBACK, number))
        except OSError:
            return False
    return True


def holder(number: int, protocol: str) -> str:
    """Who listens on a port, "pid 123 (nginx)"; "" if nobody does."""
    inodes = _listeners(number, protocol)
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for name in os.listdir("/proc"):  # noqa: PTH208 — thousands of Path objects
        if name.isdigit() and wanted & _open_files(name):
            return f"pid {name} ({_program(name)})"
    return "a process of another user"


def _listeners(number: int, protocol: str) -> set[str]:
    """The socket inodes that listen on a port: on every address, or on one that reaches loopback."""
    found = set()
    for table in (protocol, f"{protocol}6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        ending = f":{number:04X}"
        for line in lines:
            columns = line.split()
            if columns[1].endswith(ending) and columns[3] == LISTENING[protocol]:
                found.add(columns[9])
    return found


def _open_files(pid: str) -> set[str]:
    folder = f"/proc/{pid}/fd"
    try:
        return {os.readlink(f"{folder}/{name}") for name in os.listdir(folder)}  # noqa: PTH115, PTH208 — as above
    except OSError:  # not ours to look at, or just ended
        return set()


def _program(pid: str) -> str:
    try:
        return Path("/proc", pid, "comm").read_text().strip()
    except OSError:
        return "ended"
