"""Bytes to and from an engine: one connection, and as much of HTTP/1.1 as an engine speaks.

Written here and not taken from a library for three reasons, all measured: `import docker` costs 0.27 s of CPU, one
request through `requests` about twenty times one of these, and no library lets requests be sent ahead of answers,
which makes reading 200 containers three times faster. Raises OSError only; `client.py` puts it into words.
"""

import select
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader

from eeveon.drivers.docker.address import Address, Tls

_PIECE = 65536


@dataclass(frozen=True, slots=True)
class Head:
    """The first part of an answer. Names of headers are lower case."""

    status: int
    headers: dict[bytes, bytes]

    @property
    def is_chunked(self) -> bool:
        """Whether the body comes in pieces that say their own length."""
        return b"chunked" in self.headers.get(b"transfer-encoding", b"").lower()

    @property
    def length(self) -> int | None:
        """Bytes of the body; None if they end with the connection (or are chunked)."""
        if self.status in {204, 304}:
            return 0
        text = self.headers.get(b"content-length")
        return None if text is None else _number(text, 10)

    @property
    def keeps_open(self) -> bool:
        """Whether the connection can be used again after this answer."""
        if self.headers.get(b"connection", b"").lower() == b"close":
            return False
        return self.is_chunked or self.length is not None


class Connection:
    """One open connection. Used by one thread at a time."""

    def __init__(self, sock: socket.socket, ssh: "subprocess.Popen[bytes] | None" = None) -> None:
        self._sock = sock
        self._file = BufferedReader(sock.makefile("rb", buffering=0), _PIECE)
        self._ssh = ssh

    def set_timeout(self, seconds: float | None) -> None:
        """How long each of the next reads and writes may take; None is for ever."""
        self._sock.settimeout(seconds)

    @property
    def is_stale(self) -> bool:
        """Whether the other side closed it, or sent what nobody asked for."""
        watch = select.poll()
        watch.register(self._sock, select.POLLIN)
        return bool(watch.poll(0))

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._sock.sendall(data)

    def head(self) -> Head:
        """The next answer's first part."""
        first = self._line()
        parts = first.split(None, 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
            raise ConnectionError(f"what answers does not speak HTTP: {first[:40]!r}")
        headers: dict[bytes, bytes] = {}
        for line in self._header_lines():
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        return Head(int(parts[1]), headers)

    def body(self, head: Head) -> bytes:
        """All of the answer's body."""
        if head.length is not None and not head.is_chunked:
            return self._exactly(head.length)
        return b"".join(self.pieces(head))

    def pieces(self, head: Head) -> Iterator[bytes]:
        """The answer's body as it comes."""
        if head.is_chunked:
            while size := _number(self._line().partition(b";")[0], 16):
                yield self._exactly(size)
                self._line()
            self._line()
        elif head.length is not None:
            yield self._exactly(head.length)
        else:
            while piece := self._file.read1(_PIECE):
                yield piece

    def close(self) -> None:
        """End it. Safe to call twice."""
        self._file.close()
        self._sock.close()
        if self._ssh is not None:
            self._ssh.terminate()
            self.last_words()

    def last_words(self) -> str:
        """Wait until ssh has ended, and give the last line that it wrote; "" for other connections."""
        if self._ssh is None:
            return ""
        process, self._ssh = self._ssh, None
        self._file.close()
        self._sock.close()
        _, text = process.communicate()
        lines = text.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _header_lines(self) -> list[bytes]:
        """What follows a first line: at once where all of it is here already, as it nearly always is."""
        end = self._file.peek().find(b"\r\n\r\n")
        if end > 0:
            return self._exactly(end + 4)[:end].split(b"\r\n")
        lines: list[bytes] = []
        while line := self._line():
            lines.append(line)
        return lines

    def _line(self) -> bytes:
        line = self._file.readline(_PIECE)
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the connection was closed in the middle of an answer")
        return line.rstrip(b"\r\n")

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise ConnectionResetError("the connection was closed in the middle of an answer")
        return data


def _number(text: bytes, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise ConnectionError(f"what answers does not speak HTTP: {text[:40]!r} is no length") from None


def open_connection(address: Address, seconds: float) -> Connection:
    """A connection to the engine, made within so many seconds."""
    match address.scheme:
        case "unix":
            return Connection(_unix(address.path, seconds))
        case "tcp":
            sock = socket.create_connection((address.host, address.port), timeout=seconds)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _watch_over(sock)
            return Connection(sock if address.tls is None else _encrypted(sock, address.host, address.tls))
        case "ssh":
            return _ssh(address, seconds)


def _watch_over(sock: socket.socket) -> None:
    """Let the kernel end a connection whose other side has been silent on the network for half a minute.

    An engine may think for minutes over a pull. A network that is gone looks the same for two hours by default.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)  # ms; the same for what was sent


def _unix(path: str, seconds: float) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.settimeout(seconds)
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock


def _encrypted(sock: socket.socket, host: str, tls: Tls) -> socket.socket:
    try:
        settings = ssl.create_default_context(cafile=tls.ca if tls.verify else None)
        if not tls.verify:
            settings.check_hostname = False
            settings.verify_mode = ssl.CERT_NONE
        if tls.cert:
            settings.load_cert_chain(tls.cert, tls.key)
        return settings.wrap_socket(sock, server_hostname=host)
    except OSError:
        sock.close()
        raise


def _ssh(address: Address, seconds: float) -> Connection:
    """The way of the docker command itself: its `dial-stdio` on the other machine, through the person's own ssh."""
    ours, theirs = socket.socketpair()
    words = ["ssh", "-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={max(1, round(seconds))}"]
    words += ["-o", "ServerAliveInterval=15"]  # times 3, as `_watch_over`
    words += ["-p", str(address.port)] if address.port else []
    words += ["-l", address.user] if address.user else []
    words += ["--", address.host, "docker", "system", "dial-stdio"]
    try:
        with theirs:
            process = subprocess.Popen(
                words, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=subprocess.PIPE
            )
    except OSError:
        ours.close()
        raise
    return Connection(ours, process)
