"""Whom a host must be: the keys that it may show, and what is said when it shows another.

fabric accepts any key of an unknown host. Here one that is not known is refused, always: what a host is sent can hold
secrets, and runs as root.
"""

import base64
import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey

from eeveon.drivers.ssh.hosts import Host
from eeveon.errors import TargetUnreachable

USUAL_FILES = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")


class RefuseUnknown:
    """Nothing is sent to a host whose key nobody has noted."""

    def __init__(self, host: Host, where: str) -> None:
        self._host = host
        self._where = where

    def missing_host_key(self, _client: Any, _hostname: str, key: Any) -> None:
        """Raise TargetUnreachable with the key that was shown."""
        raise TargetUnreachable(
            f"the key of {self._host} is not known: it shows {shown(key)}, and {self._where} has none for it",
            hint=f"compare that with the host's own `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`; if it is the "
            f"same, note it: ssh-keyscan -p {self._host.port} {self._host.address} >> {self._where}",
        )


def changed(host: Host, got: Any, expected: Any, where: str) -> TargetUnreachable:
    """The error for a host that shows another key than the one that is noted."""
    name = _name(host)
    note = "`hostKey` of the host" if host.host_key else where
    remedy = (
        f"correct `hostKey` of {host.name}"
        if host.host_key
        else f"take the old one away with `ssh-keygen -R '{name}' -f {where}` and note the new one"
    )
    return TargetUnreachable(
        f"the key of {host} has changed: it shows {shown(got)}, and {note} says {shown(expected)}. "
        "Either the host was set up anew, or somebody is between",
        hint=f"ask who runs the host; only if it was set up anew, {remedy}",
    )


def shown(key: Any) -> str:
    """A key as people compare it: "ssh-ed25519 SHA256:…"."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


def trust(client: paramiko.SSHClient, host: Host, known_hosts: str) -> str:
    """Tell the client which keys the host may show. Gives where they are noted. Raises TargetUnreachable."""
    where = known_hosts or USUAL_FILES[0]
    client.set_missing_host_key_policy(RefuseUnknown(host, where))
    if host.host_key:
        _pin(client, host)
        return "`hostKey`"
    for path in (known_hosts,) if known_hosts else USUAL_FILES:
        file = Path(path).expanduser()
        if known_hosts and not file.is_file():
            raise TargetUnreachable(
                f"the file of host keys {path} does not exist",
                hint="correct `knownHosts` of the target, or write the keys into it with ssh-keyscan",
            )
        if file.is_file():
            for key in _noted(file, _name(host)):
                client.get_host_keys().add(_name(host), key.get_name(), key)
    return where


def _noted(file: Path, name: str) -> Iterable[paramiko.PKey]:
    """The keys of one host, the first of each kind. Only its own lines are decoded: a file can be of a thousand hosts."""
    found: dict[str, paramiko.PKey] = {}
    for line in file.read_text(errors="replace").splitlines():
        names, _, rest = line.strip().partition(" ")
        if any(_is_same(written, name) for written in names.split(",")):
            with contextlib.suppress(paramiko.SSHException, InvalidHostKey):
                entry = HostKeyEntry.from_line(f"{name} {rest}")
                if entry is not None:
                    found.setdefault(entry.key.get_name(), entry.key)
    return found.values()


def _is_same(written: str, name: str) -> bool:
    """Whether a name of such a file, which may be hashed, is this one."""
    return written == name or (written.startswith("|1|") and HostKeys.hash_host(name, written) == written)


def _name(host: Host) -> str:
    """What files of keys call a host."""
    return host.address if host.port == 22 else f"[{host.address}]:{host.port}"


def _pin(client: paramiko.SSHClient, host: Host) -> None:
    words = host.host_key.split()
    try:
        entry = HostKeyEntry.from_line(" ".join([_name(host), *words[:2]])) if len(words) > 1 else None
    except Exception as error:  # paramiko raises whatever the key's own decoder does
        raise _no_key(host) from error
    if entry is None or entry.key is None:
        raise _no_key(host)
    client.get_host_keys().add(_name(host), entry.key.get_name(), entry.key)


def _no_key(host: Host) -> TargetUnreachable:
    return TargetUnreachable(
        f"`hostKey` of {host.name} is not a public key",
        hint="write it as in known_hosts: `ssh-ed25519 AAAA…`",
    )
