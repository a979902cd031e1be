"""The hosts of a target and how they are reached, from its settings. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from eeveon.core.desired import Target

SYSTEM_ROOT = "/var/lib/eeveon"
USER_ROOT = "~/.local/share/eeveon"
CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A host between the controller and the others."""

    address: str
    port: int = 22
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One machine. `host_key` is the only key that it may show, as in known_hosts; "": one of the file."""

    name: str
    address: str
    port: int = 22
    user: str = ""
    standby: bool = False
    host_key: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How every host of a target is entered. Paths are those of the controller's machine, and absolute."""

    known_hosts: str = ""  # "": the user's own file and the machine's
    key_file: str = ""
    key_variable: str = ""  # holds the path of a key file, or the key itself
    agent: bool = True
    jump: Jump | None = None
    connect: timedelta = timedelta(seconds=CONNECT_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A target as its settings have it. `root` is our folder on each host; it may begin with `~/`."""

    hosts: tuple[Host, ...]  # in the order of the specs, standbys too
    access: Access
    root: str = SYSTEM_ROOT
    manager: Literal["system", "user"] = "system"
    active: int | None = None
    concurrency: int = 8

    @property
    def in_service(self) -> tuple[Host, ...]:
        """The hosts that instances are placed on: all but the standbys, or as many as a NodeGroup asks for."""
        ready = [host for host in self.hosts if not host.standby]
        if self.active is None:
            return tuple(ready)
        ready += [host for host in self.hosts if host.standby]
        return tuple(ready[: self.active])

    def host(self, name: str) -> Host | None:
        """The host of this name."""
        return next((host for host in self.hosts if host.name == name), None)


def site_of(target: Target) -> Site:
    """The hosts of a target. The settings have passed the schema of their kind."""
    settings = target.settings
    user = str(settings.get("user") or "")
    manager: Literal["system", "user"] = "user" if settings.get("manager") == "user" else "system"
    root = str(settings.get("root") or (USER_ROOT if manager == "user" else SYSTEM_ROOT))
    written: Any = settings.get("hosts", ())  # none where only its capabilities are asked for
    return Site(
        hosts=tuple(_host(item, user) for item in written),
        access=_access(settings),
        root=root.rstrip("/") or "/",
        manager=manager,
        active=target.active,
        concurrency=target.concurrency,
    )


def _host(written: Mapping[str, Any], user: str) -> Host:
    return Host(
        name=str(written["name"]),
        address=str(written["address"]),
        port=int(written.get("port", 22)),
        user=str(written.get("user") or user),
        standby=bool(written.get("standby", False)),
        host_key=str(written.get("hostKey") or ""),
        labels=written.get("labels", {}),
    )


def _access(settings: Mapping[str, Any]) -> Access:
    identity: Mapping[str, Any] = settings.get("identity") or {}
    return Access(
        known_hosts=str(settings.get("knownHosts") or ""),
        key_file=str(identity.get("file") or ""),
        key_variable=str(identity.get("env") or ""),
        agent=bool(settings.get("agent", not identity)),
        jump=_jump(settings.get("jump")),
        connect=_seconds(settings.get("connectTimeout")),
    )


def _jump(written: Mapping[str, Any] | None) -> Jump | None:
    if not written:
        return None
    return Jump(
        address=str(written["address"]),
        port=int(written.get("port", 22)),
        user=str(written.get("user") or ""),
    )


def _seconds(written: object) -> timedelta:
    """A duration of the specs, as far as a connection may need one: "10s", "500ms", "1m"; a number is seconds."""
    if isinstance(written, int | float):
        return timedelta(seconds=written)
    text = str(written or f"{CONNECT_SECONDS:g}s")
    for unit, size in (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)):
        if text.endswith(unit):
            return timedelta(seconds=float(text.removesuffix(unit)) * size)
    return timedelta(seconds=float(text))
