"""What an answer, or the lack of one, says about what was asked: was it sent, is it to be sent again, and when. Pure."""

import ssl
from collections.abc import Mapping
from typing import Any, Final

import orjson
import urllib3

_LEAST: Final = 0.1  # seconds before the same again, whatever a proxy says
_SHOWN: Final = 300  # characters of an answer that is none of an API server


def status_of(text: bytes) -> Mapping[str, Any]:
    """A refusal as the server's `Status` object; of anything else, its text as the message."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"message": text.decode("utf-8", "replace").strip()[:_SHOWN]}
    return found if isinstance(found, dict) else {}


def pause_of(answer: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds that the server asks us to wait before the same again; it has done nothing. None: it does not ask."""
    if answer.status not in {429, 503}:
        return None
    written = answer.headers.get("retry-after", "")
    return max(float(written), _LEAST) if written.isdigit() else None


def is_unsent(error: urllib3.exceptions.HTTPError) -> bool:
    """Whether nothing of a request can have reached the server. In doubt it has: TLS may also fail under the answer."""
    if isinstance(error, urllib3.exceptions.SSLError):
        return isinstance(error.args[0] if error.args else error.__cause__, ssl.SSLCertVerificationError)
    return isinstance(
        error,
        urllib3.exceptions.NewConnectionError
        | urllib3.exceptions.ConnectTimeoutError
        | urllib3.exceptions.NameResolutionError
        | urllib3.exceptions.ProxyError,
    )


def why_of(error: urllib3.exceptions.HTTPError) -> str:
    """What happened, in few words."""
    match error:
        case urllib3.exceptions.NameResolutionError():
            return "its name is not known"
        case urllib3.exceptions.ConnectTimeoutError() | urllib3.exceptions.ReadTimeoutError():
            return "timed out"
        case urllib3.exceptions.NewConnectionError():
            return str(error).rpartition("] ")[2].rpartition(": ")[2].lower() or "no connection"
        case urllib3.exceptions.SSLError():
            return f"TLS failed: {error}"
        case urllib3.exceptions.ProtocolError():
            return "the connection ended"
        case _:
            return str(error)
