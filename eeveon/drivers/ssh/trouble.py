"""Why a host is not reached or says no, in words for people, and what they can do about it. Pure."""

import errno
import socket

from eeveon.drivers.ssh import script
from eeveon.drivers.ssh.hosts import Access, Host
from eeveon.errors import ActionRefused, ActionUncertain, TargetError, TargetUnreachable

# paramiko's words for a server that says nothing, or not enough, in time
_NO_VERDICT = ("Authentication timeout", "transport shut down or saw EOF")
_NO_ANSWER = ("Error reading SSH protocol banner", "No existing session")
_SAID_LATER = "plan again to see what was done"


def unreachable(host: Host, error: Exception, access: Access) -> TargetUnreachable:
    """The error for a host that nothing was sent to."""
    reason, hint = _why(host, error, access)
    return TargetUnreachable(f"{host}: {reason}", hint=hint)


def lost(host: Host, error: Exception | None) -> ActionUncertain:
    """The error for a connection that broke after the script was sent."""
    why = f": {_text(error)}" if error is not None and _text(error) else ""
    return ActionUncertain(f"the connection to {host} was lost before it answered{why}", hint=_SAID_LATER)


def refusal(host: Host, status: int, complaint: str) -> TargetError:
    """What to raise for a script that ended with this status."""
    said = complaint.splitlines()[-1] if complaint else f"a command ended with status {status}"
    if status == script.BUSY:
        return TargetUnreachable(f"{host}: {said}", hint="try again when it has finished")
    return ActionRefused(f"{host}: {said}")


def no_shell(host: Host, status: int, complaint: str, *, sudo: bool) -> TargetError:
    """The error for a host on which the script did not begin. Nothing was done."""
    said = complaint.splitlines()[-1] if complaint else f"status {status}"
    if sudo and "sudo" in complaint:
        return TargetUnreachable(
            f"{host}: {host.user or 'the user'} may not become root without a password: {said}",
            hint="allow it in /etc/sudoers.d (NOPASSWD), log in as root, or set `manager: user`",
        )
    if status == 127:
        return TargetUnreachable(f"{host}: {said}", hint="sh and timeout (coreutils) must be there")
    return TargetUnreachable(
        f"{host}: no shell could be started: {said}", hint="try it by hand: ssh the host and run `sh`"
    )


def _why(host: Host, error: Exception, access: Access) -> tuple[str, str]:
    seconds = f"{access.connect.total_seconds():g} s"
    kind = type(error).__name__
    if isinstance(error, socket.gaierror):
        return f"no address is known for {host.address}", "correct `address` of the host"
    if isinstance(error, TimeoutError):
        return (
            f"connection timed out after {seconds}",
            "is the host up, and does no firewall drop the packets?",
        )
    if isinstance(error, ConnectionRefusedError) or getattr(error, "errno", None) == errno.ECONNREFUSED:
        return f"connection refused at port {host.port}", "is sshd running there, on this port?"
    if kind in {"AuthenticationException", "BadAuthenticationType", "NoValidConnectionsError"} or (
        "No authentication methods" in str(error)
    ):
        return _login(host, access, error)
    if any(text in str(error) for text in _NO_ANSWER):
        reason = f"it takes connections at port {host.port}, but no SSH server answered within {seconds}"
        return reason, "is the host overloaded, or does something else listen on this port?"
    return _text(error) or kind, "try it by hand with ssh"


def _login(host: Host, access: Access, error: Exception) -> tuple[str, str]:
    if any(text in str(error) for text in _NO_VERDICT):  # which paramiko calls as it calls a refusal
        return (
            f"it neither took nor refused the login within {access.connect.total_seconds():g} s",
            "is the host overloaded?",
        )
    user = host.user or "the user of this process"
    shown = access.key_file or (f"the key in {access.key_variable}" if access.key_variable else "")
    with_what = shown or ("the agent's keys" if access.agent else "no key")
    return (
        f"it does not let {user} in with {with_what}",
        f"add the public key to ~/.ssh/authorized_keys of {user} there, or correct `user` and `identity`",
    )


def _text(error: Exception | None) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) if error is not None else ""
