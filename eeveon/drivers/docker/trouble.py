"""Why an engine is not reached, in words for people, and what they can do about it. Pure."""

import errno
import ssl

from eeveon.drivers.docker.address import Address
from eeveon.errors import TargetUnreachable

_START = "start Docker there, or correct `host` of the target (or DOCKER_HOST)"
_GROUP = "add yourself to the docker group (and log in again), or run this as a user who may use the socket"

_MISSING = {
    "unix": ("there is no such socket", _START),
    "tcp": ("a file of `tls` does not exist", "correct ca, cert and key of the target's `tls`"),
    "ssh": ("there is no ssh command on this machine", "install an OpenSSH client"),
}


def unreachable(address: Address, error: OSError, seconds: float, last_words: str = "") -> TargetUnreachable:
    """The error for a connection that could not be made."""
    reason, hint = _why(address, error, seconds)
    reason = last_words or reason
    return TargetUnreachable(f"cannot reach the Docker engine at {address.url}: {reason}", hint=hint)


def no_engine(address: Address, status: int) -> TargetUnreachable:
    """The error for something that answers HTTP, but not as an engine does."""
    if status == 400 and address.scheme == "tcp" and address.tls is None:
        return TargetUnreachable(
            f"cannot reach the Docker engine at {address.url}: it answers a plain connection with 400, so it wants TLS",
            hint="give the target `tls` with ca, cert and key",
        )
    return TargetUnreachable(
        f"what answers at {address.url} is no Docker engine (status {status}, no API version)", hint=_START
    )


def _why(address: Address, error: OSError, seconds: float) -> tuple[str, str]:
    if isinstance(error, ssl.SSLError):
        return _tls_reason(error), "compare `tls` of the target with the certificates of the engine"
    if isinstance(error, TimeoutError):
        return f"timed out after {seconds:.3g} s", _START
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return "permission denied", _GROUP if address.scheme == "unix" else _START
        case errno.ENOENT:
            return _MISSING[address.scheme]
        case _:
            return error.strerror.lower() if error.strerror else str(error), _START


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if error.reason == "WRONG_VERSION_NUMBER":
        return "it does not speak TLS"
    return f"TLS failed: {(error.reason or str(error)).lower().replace('_', ' ')}"
