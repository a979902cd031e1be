"""Asks one running instance whether it works: its port from here, where its users are, or a command on its host."""

import socket
from datetime import timedelta

from eeveon.core.health import NOT_SAID, Check, CommandCheck, HttpCheck, Probe, ReadyCheck, TcpCheck
from eeveon.core.observed import Endpoint, ObservedObject
from eeveon.drivers.ssh import containers
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.names import Names, parts_of
from eeveon.drivers.ssh.script import Raw, Word, complete, fill, joined
from eeveon.drivers.ssh.units import Build, unit_of
from eeveon.errors import TargetError

MARGIN = timedelta(seconds=5)  # for the way to the host, besides the command's own time
_LIKE_THE_UNIT = frozenset(  # directives of the instance that its check has, too
    {"EnvironmentFile", "User", "WorkingDirectory", "BindPaths", "BindReadOnlyPaths"}
)

_CHECK = r"""
f=$(mktemp) || refuse "no temporary file can be made"
{run} >"$f" 2>&1 </dev/null
status=$?
section status; printf '%s\n' "$status"
section said; tail -c 4096 "$f"; rm -f "$f"
"""


def probe(names: Names, line: Line, seen: ObservedObject, *, check: Check, timeout: timedelta) -> Probe:
    """What the check says now."""
    if isinstance(check, CommandCheck):
        return _by_command(line, _script(names, seen, check, timeout), check, timeout)
    if isinstance(check, ReadyCheck):
        return NOT_SAID
    endpoint = next((item for item in seen.endpoints if item.port == check.port), None)
    if endpoint is None:
        return Probe(healthy=False, detail=f"it has no port {check.port}")
    if isinstance(check, TcpCheck):
        return _by_connection(endpoint, timeout)
    return _by_http(endpoint, check, timeout)


def _by_http(endpoint: Endpoint, check: HttpCheck, timeout: timedelta) -> Probe:
    """GET the path: 2xx and 3xx are healthy."""
    from http.client import HTTPConnection, HTTPException  # 20 ms with TLS and mail; a plan probes nothing

    seconds = timeout.total_seconds()
    connection = HTTPConnection(endpoint.host, endpoint.number, timeout=seconds)
    try:
        connection.request("GET", check.path, headers={"Connection": "close", "User-Agent": "eeveon"})
        status = connection.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        return Probe(healthy=False, detail=f"GET {check.path} → {_why(error, seconds)}")
    finally:
        connection.close()
    return Probe(healthy=200 <= status < 400, detail=f"GET {check.path} → {status}")


def _by_connection(endpoint: Endpoint, timeout: timedelta) -> Probe:
    """Connect, and nothing else."""
    seconds = timeout.total_seconds()
    doing = f"connect to port {endpoint.port} ({endpoint.number})"
    try:
        socket.create_connection((endpoint.host, endpoint.number), timeout=seconds).close()
    except OSError as error:
        return Probe(healthy=False, detail=f"{doing} → {_why(error, seconds)}")
    return Probe(healthy=True, detail=f"{doing} → accepted")


def _by_command(line: Line, script: str, check: CommandCheck, timeout: timedelta) -> Probe:
    """Run the command as the instance runs: same user, variables, folder and volumes. It is ended when its time is over."""
    doing = f"`{' '.join(check.command)}`"
    try:
        output = line.run(script, timeout + MARGIN)
    except TargetError as error:
        return Probe(healthy=False, detail=f"{doing} → {error.message}")
    _, _, rest = output.stdout.partition("eeveon:section status\n")
    status, _, said = rest.partition("\n")
    lines = said.partition("eeveon:section said\n")[2].strip().splitlines()
    last = f": {lines[-1]}" if lines else ""
    if status == "0":
        return Probe(healthy=True, detail=f"{doing} → status 0{last}")
    if "RuntimeMaxSec" in said or status in {"124", "timeout"}:
        return Probe(healthy=False, detail=f"{doing} → timed out after {timeout.total_seconds():g} s")
    return Probe(healthy=False, detail=f"{doing} → status {status}{last}")


def _script(names: Names, seen: ObservedObject, check: CommandCheck, timeout: timedelta) -> str:
    parts = parts_of(seen.id)
    assert parts is not None, "it was seen by its name"
    if "image" in seen.fields:
        name = containers.container_name(names, parts.service, parts.revision, str(parts.ordinal))
        command: tuple[str, ...] = (
            "sh",
            "-c",
            f'exec "$({containers.ENGINE})" exec "$@"',
            "sh",
            name,
            *check.command,
        )
        return complete(
            fill(
                _CHECK,
                run=Raw(
                    fill(
                        "timeout {seconds} {command}", seconds=f"{timeout.total_seconds():g}", command=command
                    )
                ),
            )
        )
    build = Build(
        names=names,
        service=parts.service,
        revision=parts.revision,
        place=seen.place,
        fields=seen.applied or seen.fields,
    )
    properties: list[Word] = [f"RuntimeMaxSec={timeout.total_seconds():g}"]
    for section, key, value in unit_of(build):
        if section == "Service" and key in _LIKE_THE_UNIT:
            properties.append(_specific(f"{key}={value}", parts.ordinal))
    run = fill(
        "systemd-run {manager} --quiet --wait --pipe --collect --description={description} {properties} -- {command}",
        description=f"Health check of {seen.id.name}",  # else the journal would have the whole command, each time
        manager=names.manager_option,
        properties=[word for item in properties for word in ("-p", item)],
        command=[word.replace("$", "$$") for word in check.command],
    )
    return complete(fill(_CHECK, run=run))


def _specific(assigned: str, ordinal: int) -> Word:
    """A directive of the template for one instance; specifiers are not known to who asks over the bus."""
    written = assigned.replace("%i", str(ordinal))
    pieces: list[Word] = []
    for piece in written.split("%h/"):  # only our own paths begin with it, and never follow a doubled `%`
        pieces += [Raw('"${HOME}"'), "/", piece.replace("%%", "%")]
    return joined(pieces[2:])


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
