"""The wire to an API server: JSON by kept connections. Objects stay maps; typed ones cost four times their parsing."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from time import monotonic, sleep  # noqa: TID251 — see `_PAUSE` and `_send`
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import urllib3

from eeveon.drivers.kubernetes.access import Access
from eeveon.drivers.kubernetes.answers import is_unsent, pause_of, status_of, why_of
from eeveon.drivers.kubernetes.resources import Resource
from eeveon.drivers.kubernetes.trouble import Asked, Gone, error_of
from eeveon.errors import ActionUncertain, TargetUnreachable

Object = dict[str, Any]
Listed = tuple[list[Object], str]  # objects, and the version of the list

_PAGE: Final = 500
_CONNECTIONS: Final = 24  # for questions that come to an end; of the others each has its own
_APPLY: Final = "application/apply-patch+yaml"
_NOT_YAML: Final = re.compile(
    "[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
)  # breaks of lines and the like in YAML only
_MERGE: Final = "application/merge-patch+json"
_JSON: Final = "application/json"
_METADATA_OF_ONE: Final = f"{_JSON};as=PartialObjectMetadata;v=v1;g=meta.k8s.io,{_JSON}"
_METADATA_OF_ALL: Final = f"{_JSON};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,{_JSON}"
_LEAST: Final = 0.1  # seconds that a request gets in any case
_HINT: Final = "`kubectl cluster-info` shows whether it answers there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """One object on the cluster."""

    resource: Resource
    namespace: str
    name: str

    @property
    def path(self) -> str:
        """Its path."""
        return self.resource.path(self.namespace, self.name)

    def asked(self, method: str, *, dry: bool = False) -> Asked:
        """A request about it."""
        return Asked(method=method, resource=self.resource, namespace=self.namespace, name=self.name, dry=dry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """An answer to a server-side apply. `made`: there was no such object before."""

    body: Object
    made: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who applies, and how: as one field manager, with or without taking fields from others, for real or not."""

    manager: str = "eeveon"
    force: bool = False
    dry: bool = False


class Client:
    """One API server. For several threads at a time."""

    def __init__(self, access: Callable[[], Access]) -> None:
        self._read_access = access
        self._access: Access | None = None
        self._pool: urllib3.PoolManager | None = None
        self._endless: urllib3.PoolManager | None = None  # for answers that may go on for ever
        self._lock = threading.Lock()
        self.requests = 0  # that were sent, for tests and benchmarks
        self._written: dict[str, tuple[str, int]] = {}
        self._tried: dict[tuple[str, str, bytes], Applied] = {}

    @property
    def access(self) -> Access:
        """The way to the server, read on the first use. Raises TargetUnreachable."""
        with self._lock:
            if self._access is None:
                self._open()
            assert self._access is not None, "it was just read"
            return self._access

    def close(self) -> None:
        """End the connections."""
        for pool in (self._pool, self._endless):
            if pool is not None:
                pool.clear()

    def list(
        self, resource: Resource, namespace: str, selector: str, timeout: timedelta, *, values: bool = True
    ) -> list[Object]:
        """All objects with these labels, by pages; with `values` false only their metadata.

        Raises what `error_of` makes of a refusal, and TargetUnreachable: a list is whole or it is none.
        """
        return self.listed(resource, namespace, selector, timeout, values=values)[0]

    def listed(
        self, resource: Resource, namespace: str, selector: str, timeout: timedelta, *, values: bool = True
    ) -> Listed:
        """The same, and the version that a watch goes on from."""
        end = monotonic() + timeout.total_seconds()
        found: list[Object] = []
        query: dict[str, str] = {"limit": str(_PAGE), **({"labelSelector": selector} if selector else {})}
        asked = Asked(method="GET", resource=resource, namespace=namespace)
        again = 3  # a list whose pages ran out in the middle starts anew
        while True:
            headers = {"accept": _JSON if values else _METADATA_OF_ALL}
            answer = self._send(asked, resource.path(namespace), query=query, headers=headers, end=end)
            if answer.status == 410 and again and "continue" in query:
                again, found = again - 1, []
                del query["continue"]
                continue
            page = self._parsed(asked, answer)
            if not str(page.get("kind", "")).endswith("List") or "items" not in page:
                raise TargetUnreachable(f"what answers about {asked} gives no list", hint=_HINT)
            found += page["items"] or ()
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return found, str(metadata.get("resourceVersion", ""))
            query["continue"] = metadata["continue"]

    def get(self, where: Where, timeout: timedelta, *, values: bool = True) -> Object | None:
        """The object as it is; None if there is none."""
        accept = _JSON if values else _METADATA_OF_ONE
        end = monotonic() + timeout.total_seconds()
        asked = where.asked("GET")
        answer = self._send(asked, where.path, headers={"accept": accept}, end=end)
        return None if answer.status == 404 else self._parsed(asked, answer)

    def read(self, path: str, resource: Resource, timeout: timedelta) -> Object:
        """Whatever is at a path, as part of reading this kind."""
        asked = Asked(method="GET", resource=resource)
        return self._parsed(asked, self._send(asked, path, end=monotonic() + timeout.total_seconds()))

    def apply(self, where: Where, body: Mapping[str, object], hand: Hand, timeout: timedelta) -> Applied:
        """Server-side apply. Raises Conflict where fields belong to others and `force` is not given."""
        query = {"fieldManager": hand.manager, "fieldValidation": "Strict"}
        query |= {"force": "true"} if hand.force else {}
        query |= {"dryRun": "All"} if hand.dry else {}
        asked = where.asked("PATCH", dry=hand.dry)
        answer = self._send(
            asked, where.path, query=query, body=body, headers={"content-type": _APPLY},
            end=monotonic() + timeout.total_seconds(),
        )  # fmt: skip
        body = self._parsed(asked, answer)
        if not hand.dry:
            self._note(where, body)
        return Applied(body=body, made=answer.status == 201)

    def tried(self, where: Where, version: str, body: Mapping[str, object], timeout: timedelta) -> Applied:
        """What an apply by force would answer, where the object is of this version; "" where there is none.

        The server is asked once: an apply looks at what its plan has looked at before.
        """
        key = where.path, version, sha256(_text(body)).digest()
        if key not in self._tried:
            self._tried[key] = self.apply(where, body, Hand(force=True, dry=True), timeout)
        return self._tried[key]

    def is_current(self, where: Where, live: Object) -> bool:
        """Whether an object, read some time ago, is at least as new as what was written here."""
        uid, generation = self._written.get(where.path, ("", 0))
        metadata = live["metadata"]
        return not uid or (metadata["uid"] == uid and metadata.get("generation", 0) >= generation)

    def has_written(self, where: Where) -> bool:
        """Whether an object was written here, so that who has not seen it yet is late."""
        return where.path in self._written

    def _note(self, where: Where, body: Object) -> None:
        metadata = body["metadata"]
        self._written[where.path] = metadata["uid"], metadata.get("generation", 0)

    def merge(self, where: Where, patch: Mapping[str, object], timeout: timedelta) -> Object:
        """JSON merge patch: what is None goes."""
        asked = where.asked("PATCH")
        answer = self._send(
            asked, where.path, query={"fieldManager": "eeveon"}, body=patch, headers={"content-type": _MERGE},
            end=monotonic() + timeout.total_seconds(),
        )  # fmt: skip
        body = self._parsed(asked, answer)
        self._note(where, body)
        return body

    def put(self, where: Where, body: Mapping[str, object], timeout: timedelta) -> Object:
        """Make it, or write it over if it is still of the `resourceVersion` in the body. Raises Conflict, Gone."""
        metadata: Any = body["metadata"]
        is_new = "resourceVersion" not in metadata
        asked = where.asked("POST" if is_new else "PUT")
        path = where.resource.path(where.namespace) if is_new else where.path
        end = monotonic() + timeout.total_seconds()
        return self._parsed(
            asked, self._send(asked, path, query={"fieldManager": "eeveon"}, body=body, end=end)
        )

    def delete(self, where: Where, uid: str, timeout: timedelta, policy: str = "Background") -> None:
        """Ask for its removal, if it still is the one with this uid."""
        body = {"propagationPolicy": policy, "preconditions": {"uid": uid}}
        asked = where.asked("DELETE")
        answer = self._send(asked, where.path, body=body, end=monotonic() + timeout.total_seconds())
        if answer.status != 404:
            self._parsed(asked, answer)

    def lines(
        self,
        path: str,
        query: Mapping[str, str],
        resource: Resource,
        *,
        silent: float | None = None,
        values: bool = True,
        opened: Callable[[urllib3.BaseHTTPResponse], None] = lambda _: None,
    ) -> Iterator[bytes]:
        """The lines of an answer that may go on for ever; of one that is `silent` for so many seconds, no more.

        `opened` gets the answer before its first line: its `shutdown` ends the lines from another thread. With
        `values` false, events of objects have only their metadata.
        """
        _, access = self._connection()
        assert self._endless is not None, "it is made with the access"
        headers = access.headers if values else {**access.headers, "accept": _METADATA_OF_ONE}
        asked = Asked(method="GET", resource=resource)
        try:
            answer = self._endless.request(
                "GET", f"{access.url}{path}?{urlencode(query)}", headers=headers, retries=False,
                preload_content=False, timeout=urllib3.Timeout(connect=10, read=silent),
            )  # fmt: skip
            opened(answer)
            with closing(answer):  # also where its lines are not read to the end, or break off
                if answer.status >= 300:
                    raise error_of(asked, answer.status, status_of(answer.data))
                rest = b""
                for chunk in answer.stream(1 << 14):
                    *whole, rest = (rest + chunk).split(b"\n")
                    yield from whole
                if rest:
                    yield rest
        except urllib3.exceptions.HTTPError as error:
            raise TargetUnreachable(
                f"cannot read {path} at {access.url}: {why_of(error)}", hint=_HINT
            ) from error

    def _send(
        self,
        asked: Asked,
        path: str,
        *,
        end: float,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """The answer, whatever its status. Waits where the server says that it is too busy, renews a token once.

        A read whose connection ends is asked once more: balancers end kept connections whenever they like.
        """
        renewed = again = False
        whole = f"{path}?{urlencode(query)}" if query else path
        while True:
            used = self.access
            try:
                answer = self._once(asked, whole, body=body, headers=headers or {}, end=end)
            except TargetUnreachable as error:
                if (
                    again
                    or not asked.reads
                    or not isinstance(error.__cause__, urllib3.exceptions.ProtocolError)
                ):
                    raise
                again = True
                continue
            if answer.status == 401 and not renewed:
                renewed = True
                self._renew(used)
                continue
            pause = pause_of(answer)
            if pause is None or monotonic() + pause > end:
                return answer
            sleep(pause)

    def _once(
        self,
        asked: Asked,
        path: str,
        *,
        body: Mapping[str, object] | None,
        headers: Mapping[str, str],
        end: float,
    ) -> urllib3.BaseHTTPResponse:
        pool, access = self._connection()
        left = max(end - monotonic(), _LEAST)
        content = None if body is None else _text(body)
        whole = {"accept": _JSON, "content-type": _JSON, **access.headers, **headers}
        self.requests += 1
        try:
            return pool.request(
                asked.method, f"{access.url}{path}", body=content, headers=whole, retries=False, redirect=False,
                timeout=urllib3.Timeout(connect=min(left, 10.0), total=left),
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as error:
            if asked.writes and not is_unsent(error):
                raise ActionUncertain(f"no answer to {asked.verb} {asked}: {why_of(error)}") from error
            raise TargetUnreachable(
                f"cannot reach the cluster at {access.url}: {why_of(error)}", hint=_HINT
            ) from error

    def _connection(self) -> tuple[urllib3.PoolManager, Access]:
        access = self.access
        assert self._pool is not None, "it is made with the access"
        return self._pool, access

    def _renew(self, used: Access) -> None:
        """Read the credentials anew, unless another thread has done so since: a plug-in may ask a person."""
        with self._lock:
            if self._access is used:
                self._open()

    def _open(self) -> None:
        """With the lock held."""
        access = self._read_access()
        self._access = access
        self._pool = _pool(access, maxsize=_CONNECTIONS, block=True)
        self._endless = _pool(access, maxsize=1, block=False)

    @staticmethod
    def _parsed(asked: Asked, answer: urllib3.BaseHTTPResponse) -> Object:
        if answer.status >= 300:
            raise error_of(asked, answer.status, status_of(answer.data))
        try:
            found = orjson.loads(answer.data)
        except orjson.JSONDecodeError as error:
            text = f"what answers about {asked} speaks no JSON: {error}"
            raise (ActionUncertain(text) if asked.writes else TargetUnreachable(text, hint=_HINT)) from error
        if not isinstance(found, dict):
            text = f"what answers about {asked} is no API server"
            raise ActionUncertain(text) if asked.writes else TargetUnreachable(text, hint=_HINT)
        return found


def _pool(access: Access, *, maxsize: int, block: bool) -> urllib3.PoolManager:
    made = {"num_pools": 2, "maxsize": maxsize, "block": block, **access.tls}
    return urllib3.ProxyManager(access.proxy, **made) if access.proxy else urllib3.PoolManager(**made)


def _text(body: Mapping[str, object]) -> bytes:
    """A body as JSON that is the same when it is read as YAML, as what is applied is."""
    text = orjson.dumps(body).decode()
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


__all__ = ["Applied", "Client", "Gone", "Hand", "Object", "Where"]
