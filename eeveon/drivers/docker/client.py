"""Talks with one engine, and is the only place where its answers and failures become our words.

An `Errand` is one piece of work: it has one deadline for all its calls, and knows whether it has sent anything that
writes. That decides what a broken connection means: before, nothing happened (`TargetUnreachable`); after, it may
have half happened (`ActionUncertain`).
"""

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from eeveon.drivers.docker.address import Address
from eeveon.drivers.docker.trouble import no_engine, unreachable
from eeveon.drivers.docker.wire import Connection, Head, open_connection
from eeveon.errors import ActionRefused, ActionUncertain, TargetError, TargetUnreachable

CONNECT_SECONDS = 5.0
OLDEST_API = (
    1,
    30,
)  # of Docker 17.06: the first that takes mounts, stop timeouts and label filters as we send them
NEWEST_API = (1, 44)  # the newest whose answers we know, and the oldest that Docker 29 still speaks
_AHEAD = 128  # requests sent before their answers are read: 15 kB, which no socket's buffer is too small for
_WAYS = 2  # connections that read many things side by side; more gain nothing on an engine of two cores
_FEW = 32  # things that a second connection is not worth

Query = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine said to one request."""

    status: int
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it was done, or was so already (304)."""
        return self.status < 400

    @property
    def message(self) -> str:
        """The engine's own words for what is wrong."""
        try:
            return str(json.loads(self.body)["message"]).strip()
        except (ValueError, KeyError, TypeError):
            return self.body.decode(errors="replace").strip() or f"status {self.status}"

    def json(self) -> Any:
        """The data. Raises TargetUnreachable where it is none, as when a proxy answers in an engine's place."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise TargetUnreachable("the Docker engine sent an answer that is not JSON") from None


class Engine:
    """One engine and the open connections to it. May be used by several threads."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._version = ""

    def errand(self, timeout: timedelta) -> "Errand":
        """A piece of work that is over within `timeout`."""
        return Errand(self, monotonic() + timeout.total_seconds())

    def connect(self, seconds: float) -> Connection:
        """A connection, used before or new. Raises TargetUnreachable."""
        while (found := self._take()) is not None:
            if not found.is_stale:
                return found
            found.close()
        return self._open(min(seconds, CONNECT_SECONDS))

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next one who needs it."""
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        """Close the connections that nobody uses. The engine can still be used afterwards."""
        while (found := self._take()) is not None:
            found.close()

    @property
    def ways(self) -> int:
        """How many connections may read side by side. Over ssh each costs a login."""
        return 1 if self.address.scheme == "ssh" else _WAYS

    @property
    def version(self) -> str:
        """The prefix of every path: "/v1.41". Known after the first connection."""
        return self._version

    def _take(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _open(self, seconds: float) -> Connection:
        address = self.address
        if address.fault:
            raise TargetUnreachable(address.fault)
        if seconds <= 0:
            raise TargetUnreachable(f"no time was left to reach the Docker engine at {address.url}")
        try:
            connection = open_connection(address, seconds)
        except OSError as error:
            raise unreachable(address, error, seconds) from None
        if (
            not self._version or address.scheme == "ssh"
        ):  # over ssh only an answer shows that anybody is there
            self._greet(connection, seconds)
        return connection

    def _greet(self, connection: Connection, seconds: float) -> None:
        """Ask who is there, and agree on a version of the API."""
        try:
            connection.set_timeout(seconds)
            connection.send(_request("GET", "/_ping"))
            head = connection.head()
            connection.body(head)
            self._version = self._agree(head)
        except OSError as error:
            trouble = unreachable(self.address, error, seconds, connection.last_words())
            connection.close()
            raise trouble from None
        except TargetError:
            connection.close()
            raise

    def _agree(self, head: Head) -> str:
        spoken = head.headers.get(b"api-version", b"").decode(errors="replace")
        major, _, minor = spoken.partition(".")
        if not (major.isdigit() and minor.isdigit()):
            raise no_engine(self.address, head.status)
        newest = (int(major), int(minor))
        if newest < OLDEST_API:
            raise TargetUnreachable(
                f"the Docker engine at {self.address.url} is too old: it speaks API {spoken}, "
                f"and {'.'.join(map(str, OLDEST_API))} is needed",
                hint="update Docker on that machine to 17.06 or later",
            )
        return "/v" + ".".join(map(str, min(newest, NEWEST_API)))


class Errand:
    """Calls that belong together, under one deadline. Used by one thread at a time."""

    def __init__(self, engine: Engine, end: float) -> None:
        self._engine = engine
        self._end = end
        self._has_written = False

    @property
    def seconds_left(self) -> float:
        """Until the deadline; never below a tenth, so that a late call fails by itself."""
        return max(0.1, self._end - monotonic())

    def get(self, path: str, query: Query | None = None) -> Answer:
        """Read something; the answer whatever its status."""
        return self._exchange("GET", _target(path, query), None, {})

    def read(self, path: str, query: Query | None = None) -> Any:
        """Read something that must be there. Raises TargetUnreachable where the engine cannot tell."""
        return self.checked(self.get(path, query), path)

    def write(
        self, method: str, path: str, query: Query | None = None, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Change something; the answer whatever its status."""
        return self._exchange(method, _target(path, query), body, {})

    def change(
        self, what: str, path: str, query: Query | None = None, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """POST what must be done. Raises ActionRefused with `what` ("start web-1") and the engine's words."""
        answer = self.write("POST", path, query, body)
        if not answer.is_good:
            raise self.refusal(what, answer)
        return answer

    def many(self, paths: Sequence[str]) -> Iterator[Answer]:
        """Read many things at once, in the order of `paths`: requests are sent ahead of their answers.

        The connections take turns in one thread: threads would fight for the interpreter, and it costs more CPU.
        """
        ways = min(self._engine.ways, -(-len(paths) // _FEW))
        lines = [_Line(self, paths[way::ways]) for way in range(ways)]
        try:
            for line in lines:
                line.ask()
            for place in range(len(paths)):
                yield lines[place % ways].answer()
        finally:
            for line in lines:
                line.close()

    def stream(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        patient: bool = False,
    ) -> Iterator[bytes]:
        """The pieces of a long answer as they come; `patient`: between two of them any time may pass.

        Raises ActionRefused for a status that is not good, TargetUnreachable when the engine is lost.
        """
        connection = self.connected(writes=False)
        try:
            head = self._ask(
                connection, _request(method, self.path(_target(path, query)), body, headers or {})
            )
            if head.status >= 400:
                raise ActionRefused(Answer(head.status, connection.body(head)).message)
            connection.set_timeout(None if patient else self.seconds_left)
            for piece in connection.pieces(head):
                yield piece
                if not patient:
                    self._still_in_time(connection)
        except OSError as error:
            raise self.lost(error) from None
        finally:
            connection.close()

    def checked(self, answer: Answer, path: str) -> Any:
        """The data of an answer to a read. Raises TargetUnreachable for anything but success."""
        self.checked_body(answer, path)
        return answer.json()

    def checked_body(self, answer: Answer, path: str) -> bytes:
        """The same, not yet read as JSON."""
        if answer.status != 200:
            url = self._engine.address.url
            raise TargetUnreachable(f"the Docker engine at {url} could not answer {path}: {answer.message}")
        return answer.body

    def refusal(self, what: str, answer: Answer) -> TargetError:
        """What to raise for an answer that is not good."""
        if answer.status in {
            502,
            503,
            504,
        }:  # of a proxy before the engine; the engine itself never says them
            return self.lost(ConnectionError(answer.message))
        return ActionRefused(f"the Docker engine did not {what}: {answer.message}")

    def _exchange(
        self, method: str, target: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Answer:
        connection = self.connected(writes=method != "GET")
        try:
            head = self._ask(connection, _request(method, self.path(target), body, headers))
            answer = Answer(head.status, connection.body(head))
        except OSError as error:
            connection.close()
            raise self.lost(error) from None
        self.release(connection, head)
        return answer

    def connected(self, *, writes: bool) -> Connection:
        """A connection for the next call. Raises as that call would."""
        try:
            connection = self._engine.connect(self.seconds_left)
        except TargetUnreachable as error:
            if self._has_written:
                raise ActionUncertain(f"{error.message}, after a part was done", hint=error.hint) from None
            raise
        self._has_written = self._has_written or writes
        return connection

    def _ask(self, connection: Connection, request: bytes) -> Head:
        connection.set_timeout(self.seconds_left)
        connection.send(request)
        return connection.head()

    def _still_in_time(self, connection: Connection) -> None:
        if monotonic() > self._end:
            raise TimeoutError
        connection.set_timeout(self.seconds_left)

    def release(self, connection: Connection, head: Head) -> None:
        """Keep a connection after its last answer, if the other side does."""
        if head.keeps_open:
            self._engine.give_back(connection)
        else:
            connection.close()

    def path(self, target: str) -> str:
        """What stands in the request. Known after the first connection."""
        return self._engine.version + target

    def lost(self, error: OSError) -> TargetError:
        """What to raise for a connection that broke."""
        url = self._engine.address.url
        reason = "gave no answer in time" if isinstance(error, TimeoutError) else f"was lost: {error}"
        if self._has_written:
            return ActionUncertain(f"the Docker engine at {url} {reason}; what was asked may be done or not")
        return TargetUnreachable(f"the Docker engine at {url} {reason}")


class _Line:
    """Requests sent ahead over one connection, and their answers in the same order."""

    def __init__(self, errand: Errand, paths: Sequence[str]) -> None:
        self._errand = errand
        self._waiting = deque(paths)  # not yet answered; the first `_asked` of them are asked for
        self._asked = 0
        self._connection: Connection | None = None

    def ask(self) -> None:
        """Send as many of the requests as may be sent ahead."""
        errand = self._errand
        connection = self._connection = self._connection or errand.connected(writes=False)
        asked = list(islice(self._waiting, _AHEAD))
        try:
            connection.set_timeout(errand.seconds_left)
            connection.send(b"".join(_request("GET", errand.path(path)) for path in asked))
        except OSError as error:
            raise errand.lost(error) from None
        self._asked = len(asked)

    def answer(self) -> Answer:
        """The next answer, whatever its status."""
        if not self._asked:
            self.ask()
        connection = self._connection
        assert connection is not None
        try:
            head = connection.head()
            answer = Answer(head.status, connection.body(head))
        except OSError as error:
            raise self._errand.lost(error) from None
        self._waiting.popleft()
        self._asked -= 1
        if not head.keeps_open:  # as some proxies do; what was sent ahead is sent again over a new one
            self.close()
        elif not self._waiting:
            self._connection = None
            self._errand.release(connection, head)
        return answer

    def close(self) -> None:
        """Let go of a connection on which answers may still be under way."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._asked = None, 0


def _target(path: str, query: Query | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _request(
    method: str, target: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {target} HTTP/1.1", "Host: docker"]
    if method != "GET":
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content
