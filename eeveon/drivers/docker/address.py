"""Where an engine listens, from a target's settings or the environment's `DOCKER_HOST`. Pure.

The contexts of the docker command (`docker context use`) are not read: what a plan acts on should stand in the specs
or in one variable, not in a person's home folder.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

DEFAULT_HOST = "unix:///var/run/docker.sock"
PLAIN_PORT = 2375
TLS_PORT = 2376
_SAFE = re.compile(r"[A-Za-z0-9_.:][A-Za-z0-9_.:-]*")  # no leading dash: ssh would read it as an option


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How to prove and to check identities; None is the system's authorities, or no certificate of ours."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One engine. `fault` says why it cannot even be tried; "" if it can."""

    url: str
    scheme: Literal["unix", "tcp", "ssh"] = "unix"
    path: str = ""
    host: str = ""
    port: int = 0  # 0: the scheme's own
    user: str = ""
    tls: Tls | None = None
    published: str = "127.0.0.1"  # where the ports of its containers are reached
    fault: str = ""

    @property
    def is_local(self) -> bool:
        """Whether containers share this machine's network, so that their own addresses can be reached."""
        return self.scheme == "unix"


def address_of(settings: Mapping[str, Any], environ: Mapping[str, str]) -> Address:
    """The engine that a target means."""
    written = settings.get("host")
    url = str(written or environ.get("DOCKER_HOST") or DEFAULT_HOST)
    tls = _tls(settings.get("tls")) if written or settings.get("tls") else _tls_of_environment(environ)
    try:
        parts = urlsplit(url)
        return _parsed(url, parts, tls, str(settings.get("address") or ""))
    except ValueError as error:
        return Address(url=url, fault=f"`{url}` is not an address of a Docker engine: {error}")


def _parsed(url: str, parts: SplitResult, tls: Tls | None, published: str) -> Address:
    if parts.scheme == "unix":
        if parts.netloc or not parts.path:
            raise ValueError("a socket is written unix:///path")
        return Address(url=url, path=parts.path, published=published or "127.0.0.1")
    host = parts.hostname or ""
    if not _SAFE.fullmatch(host) or (parts.username and not _SAFE.fullmatch(parts.username)):
        raise ValueError("it names no host" if not host else "the name of the host or user is not one")
    if parts.scheme == "ssh":
        return Address(
            url=url,
            scheme="ssh",
            host=host,
            port=parts.port or 0,
            user=parts.username or "",
            published=published or host,
        )
    if parts.scheme in {"tcp", "http", "https"}:
        encrypted = tls or (Tls() if parts.scheme == "https" else None)
        port = parts.port or (TLS_PORT if encrypted else PLAIN_PORT)
        return Address(
            url=url, scheme="tcp", host=host, port=port, tls=encrypted, published=published or host
        )
    raise ValueError("expected unix:///path, tcp://host:port or ssh://user@host")


def _tls(written: object) -> Tls | None:
    if not isinstance(written, Mapping):
        return None
    return Tls(
        ca=written.get("ca"),
        cert=written.get("cert"),
        key=written.get("key"),
        verify=bool(written.get("verify", True)),
    )


def _tls_of_environment(environ: Mapping[str, str]) -> Tls | None:
    """What the docker command itself does with DOCKER_TLS, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH."""
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    if not verify and not environ.get("DOCKER_TLS"):
        return None
    folder = environ.get("DOCKER_CERT_PATH") or f"{environ.get('HOME', '')}/.docker"
    return Tls(ca=f"{folder}/ca.pem", cert=f"{folder}/cert.pem", key=f"{folder}/key.pem", verify=verify)
