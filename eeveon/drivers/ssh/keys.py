"""What we show to a host: a key file, a key in a variable, the agent, or what the user's own ssh would."""

import io
import os
from pathlib import Path
from typing import Any

import paramiko

from eeveon.drivers.ssh.hosts import Access
from eeveon.errors import TargetUnreachable

_KINDS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


def identity(access: Access) -> dict[str, Any]:
    """The arguments of a connection that say who we are. Raises TargetUnreachable where the key cannot be read."""
    usual = {"allow_agent": access.agent, "look_for_keys": False}
    if access.key_file:
        return {**usual, "pkey": _from_file(access.key_file, f"the key {access.key_file}")}
    if not access.key_variable:
        return {**usual, "look_for_keys": access.agent}
    held = os.environ.get(access.key_variable, "")
    what = f"the key in the variable {access.key_variable}"
    if not held:
        raise TargetUnreachable(
            f"the variable {access.key_variable} is not set, and `identity` of the target names it",
            hint="set it to the path of a private key, or to the key itself",
        )
    if "PRIVATE KEY" in held:
        return {**usual, "pkey": _from_text(held if held.endswith("\n") else f"{held}\n", what)}
    return {**usual, "pkey": _from_file(held, what)}


def _from_file(path: str, what: str) -> Any:
    try:
        text = Path(path).expanduser().read_text(encoding="ascii", errors="replace")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TargetUnreachable(
            f"{what} cannot be read: {reason}", hint="correct `identity` of the target"
        ) from error
    return _from_text(text, what)


def _from_text(text: str, what: str) -> Any:
    for kind in _KINDS:
        try:
            return kind.from_private_key(io.StringIO(text))
        except paramiko.PasswordRequiredException:
            raise TargetUnreachable(
                f"{what} is locked with a passphrase",
                hint="load it into an agent (ssh-add) and set `agent: true`, or use a key without one",
            ) from None
        except (paramiko.SSHException, ValueError, IndexError):
            continue  # of another kind
    raise TargetUnreachable(
        f"{what} is no private key that can be used", hint="make one: ssh-keygen -t ed25519"
    )
