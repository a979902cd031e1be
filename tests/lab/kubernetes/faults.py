"""What may go wrong between a client and the server, told by a test.

cluster.faults.next(Fault.throttled(seconds=2))             # the next request, whatever it is
cluster.faults.next(Fault.cut_after(), method="PATCH")      # done, but the answer never comes
cluster.faults.always(Fault.broken(), path="/deployments")  # until `clear()`
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.wire import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong. Made by its class methods."""

    refusal: statuses.Refused | None = None  # instead of the answer
    wait: float = 0.0  # seconds before anything is done
    cut: str = ""  # the connection: `before` the work, `after` it, in the `middle` of the answer
    body: bytes | None = None  # instead of the answer's

    @classmethod
    def throttled(cls, seconds: int = 1) -> "Fault":
        """429 of priority and fairness."""
        message = "The server has received too many requests and has asked us to try again later"
        details = {"retryAfterSeconds": seconds}
        headers = {
            "Retry-After": str(seconds),
            "X-Kubernetes-Pf-Flowschema-Uid": "u",
            "X-Kubernetes-Pf-Prioritylevel-Uid": "u",
        }
        return cls(refusal=statuses.Refused(429, message, "TooManyRequests", details, headers))

    @classmethod
    def broken(cls, message: str = "etcdserver: request timed out") -> "Fault":
        """500 of the server's own."""
        text = f"Internal error occurred: {message}"
        details = {"causes": [{"message": message}]}
        return cls(refusal=statuses.Refused(500, text, "InternalError", details))

    @classmethod
    def unavailable(cls, seconds: int | None = None) -> "Fault":
        """503, as while it starts or its storage is away."""
        headers = {} if seconds is None else {"Retry-After": str(seconds)}
        message = "the server is currently unable to handle the request"
        return cls(refusal=statuses.Refused(503, message, "ServiceUnavailable", {}, headers))

    @classmethod
    def timed_out(cls) -> "Fault":
        """504: it may have been done or not."""
        message = "Timeout: request did not complete within the allotted timeout"
        return cls(refusal=statuses.Refused(504, message, "Timeout", {}))

    @classmethod
    def webhook_refuses(cls, webhook: str, said: str, code: int = 400) -> "Fault":
        """An admission webhook says no."""
        message = f'admission webhook "{webhook}" denied the request: {said}'
        return cls(refusal=statuses.Refused(code, message, {400: "BadRequest", 403: "Forbidden"}.get(code)))

    @classmethod
    def webhook_away(cls, webhook: str) -> "Fault":
        """An admission webhook is not reached."""
        why = f'failed calling webhook "{webhook}": failed to call webhook: Post "https://hook.test/": dial tcp: connection refused'
        return cls.broken(why)

    @classmethod
    def expired_page(cls) -> "Fault":
        """410 in the middle of a list."""
        message = "The provided continue parameter is too old to display a consistent list result."
        return cls(refusal=statuses.Refused(410, message, "Expired"))

    @classmethod
    def slow(cls, seconds: float) -> "Fault":
        """It takes its time."""
        return cls(wait=seconds)

    @classmethod
    def cut_before(cls) -> "Fault":
        """The connection ends before anything is done."""
        return cls(cut="before")

    @classmethod
    def cut_after(cls) -> "Fault":
        """All is done, and the connection ends before the answer."""
        return cls(cut="after")

    @classmethod
    def cut_middle(cls) -> "Fault":
        """The connection ends in the middle of the answer."""
        return cls(cut="middle")

    @classmethod
    def garbled(cls, body: bytes = b"<html>proxy error</html>") -> "Fault":
        """Something else answers."""
        return cls(body=body)


@dataclass(slots=True, kw_only=True)
class _Planned:
    fault: Fault
    times: int | None
    method: str
    path: str
    query: str
    skip: int

    def fits(self, request: Request) -> bool:
        return (
            self.method in {"", request.method}
            and self.path in request.path
            and (not self.query or self.query in request.query)
        )


@dataclass(slots=True)
class Faults:
    """What is planned, and every request that came, in order."""

    seen: list[Request] = field(default_factory=list)
    heard: Callable[[Request], object] = field(default=lambda request: None)  # told of each before it is done
    _planned: list[_Planned] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(
        self,
        fault: Fault,
        *,
        times: int = 1,
        method: str = "",
        path: str = "",
        query: str = "",
        skip: int = 0,
    ) -> None:
        """The next requests that fit (`path`: a part of it; `query`: a parameter it has), after `skip` that went well."""
        with self._lock:
            self._planned.append(
                _Planned(fault=fault, times=times, method=method, path=path, query=query, skip=skip)
            )

    def always(self, fault: Fault, *, method: str = "", path: str = "", query: str = "") -> None:
        """All requests that fit, until `clear()`."""
        with self._lock:
            self._planned.append(
                _Planned(fault=fault, times=None, method=method, path=path, query=query, skip=0)
            )

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._planned.clear()

    def take(self, request: Request) -> Fault | None:
        """What goes wrong with this request; it is counted."""
        self.heard(request)
        with self._lock:
            self.seen.append(request)
            for planned in self._planned:
                if not planned.fits(request):
                    continue
                if planned.skip:
                    planned.skip -= 1
                    continue
                if planned.times is not None:
                    planned.times -= 1
                    if not planned.times:
                        self._planned.remove(planned)
                return planned.fault
        return None

    def requests(self, method: str = "", path: str = "") -> list[Request]:
        """Those that came and fit."""
        return [one for one in tuple(self.seen) if method in {"", one.method} and path in one.path]
