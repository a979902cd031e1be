"""Asks one port once, as its users would."""

import socket
from datetime import timedelta

from eeveon.core.health import Probe
from eeveon.core.observed import Endpoint


def probe_http(endpoint: Endpoint, path: str, timeout: timedelta) -> Probe:
    """GET the path: 2xx and 3xx are healthy."""
    from http.client import HTTPConnection, HTTPException  # 20 ms with TLS and mail; a plan probes nothing

    seconds = timeout.total_seconds()
    connection = HTTPConnection(endpoint.host, endpoint.number, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Connection": "close", "User-Agent": "eeveon"})
        status = connection.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        return Probe(healthy=False, detail=f"GET {path} → {_why(error, seconds)}")
    finally:
        connection.close()
    return Probe(healthy=200 <= status < 400, detail=f"GET {path} → {status}")


def probe_tcp(endpoint: Endpoint, timeout: timedelta) -> Probe:
    """Connect, and nothing else."""
    seconds = timeout.total_seconds()
    doing = f"connect to port {endpoint.port} ({endpoint.number})"
    try:
        socket.create_connection((endpoint.host, endpoint.number), timeout=seconds).close()
    except OSError as error:
        return Probe(healthy=False, detail=f"{doing} → {_why(error, seconds)}")
    return Probe(healthy=True, detail=f"{doing} → accepted")


def _why(error: Exception, seconds: float) -> str:
    match error:
        case TimeoutError():
            return f"timed out after {seconds:g} s"
        case ConnectionRefusedError():
            return "connection refused"
        case OSError(strerror=str() as text) if text:
            return text.lower()
        case _:
            return str(error) or type(error).__name__
