"""Asks one running container whether it works, from here or by a command inside of it. Never raises a target error."""

import socket
from datetime import timedelta
from time import monotonic

from eeveon.core.health import NOT_SAID, Check, CommandCheck, HttpCheck, Probe, ReadyCheck, TcpCheck
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, Endpoint
from eeveon.drivers.docker import instances, parse
from eeveon.drivers.docker.client import Engine, Errand
from eeveon.drivers.docker.site import Site
from eeveon.drivers.docker.streams import frames
from eeveon.errors import TargetError

_HEALTHY = range(200, 400)
_ENOUGH = 65536  # bytes of a command's output that are looked at


def probe(site: Site, engine: Engine, object_id: ObjectId, *, check: Check, timeout: timedelta) -> Probe:
    """What the check says now."""
    errand = engine.errand(timeout)
    try:
        container = instances.find(site, errand, object_id)
        seen = None if container is None else parse.instance(site.place, container)
        if container is None or seen is None or seen.condition is not Condition.RUNNING:
            return _unhealthy(f"not running: {seen.detail}" if seen else "there is no such container")
        if isinstance(check, CommandCheck):
            return _by_command(errand, container.id, check)
        if isinstance(check, ReadyCheck):
            return NOT_SAID
        endpoint = next((found for found in seen.endpoints if found.port == check.port), None)
        if endpoint is None:
            return _unhealthy(_why_no_endpoint(seen.fields, check.port, site.place.target))
        return _by_connection(endpoint, check, errand.seconds_left, timeout)
    except TargetError as error:
        return _unhealthy(error.message)


def _by_command(errand: Errand, container: str, check: CommandCheck) -> Probe:
    """Run the command. When the time is over nobody listens any more, but the command goes on: no engine ends it."""
    name = " ".join(check.command)
    body = {"Cmd": list(check.command), "AttachStdout": True, "AttachStderr": True}
    made = errand.change(f"run `{name}`", f"/containers/{container}/exec", body=body).json()
    run = f"/exec/{made['Id']}"
    output = b""
    for _, text in frames(errand.stream("POST", f"{run}/start", body={"Detach": False, "Tty": False})):
        output = (output + text)[-_ENOUGH:]
    status = errand.read(f"{run}/json")["ExitCode"]
    lines = output.decode(errors="replace").strip().splitlines()
    said = f": {lines[-1]}" if lines else ""
    return Probe(healthy=status == 0, detail=f"`{name}` → status {status}{said}")


def _by_connection(
    endpoint: Endpoint, check: HttpCheck | TcpCheck, seconds: float, timeout: timedelta
) -> Probe:
    what = f"GET {check.path}" if isinstance(check, HttpCheck) else f"connect to {endpoint.number}"
    end = monotonic() + seconds
    try:
        with socket.create_connection((endpoint.host, endpoint.number), timeout=seconds) as sock:
            if isinstance(check, TcpCheck):
                return Probe(healthy=True, detail=f"{what} → accepted")
            return _by_http(sock, endpoint, check, end)
    except TimeoutError:
        return _unhealthy(f"{what} → timed out after {timeout.total_seconds():g} s")
    except OSError as error:
        return _unhealthy(f"{what} → {(error.strerror or str(error)).lower()}")


def _by_http(sock: socket.socket, endpoint: Endpoint, check: HttpCheck, end: float) -> Probe:
    request = (
        f"GET {check.path} HTTP/1.1\r\nHost: {endpoint.host}:{endpoint.number}\r\n"
        "User-Agent: eeveon\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    sock.sendall(request.encode())
    words = _first_line(sock, end).split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        return _unhealthy(f"GET {check.path} → an answer that is not HTTP")
    return Probe(healthy=int(words[1]) in _HEALTHY, detail=f"GET {check.path} → {int(words[1])}")


def _first_line(sock: socket.socket, end: float) -> bytes:
    """The answer's first line, all of it before `end`, however slowly it drips."""
    found = b""
    while b"\n" not in found and len(found) < _ENOUGH:
        if (left := end - monotonic()) <= 0:
            raise TimeoutError
        sock.settimeout(left)
        if not (piece := sock.recv(4096)):
            break
        found += piece
    return found.partition(b"\n")[0]


def _why_no_endpoint(fields: object, port: str, target: str) -> str:
    declared = fields.get("ports", {}) if isinstance(fields, dict) else {}
    if port not in declared:
        return f"the service has no port {port}"
    return f"port {port} is not published, and {target} is not on this machine: publish it, or check by a command"


def _unhealthy(detail: str) -> Probe:
    return Probe(healthy=False, detail=detail)
