"""What the program of a fake instance does, told by its environment and command. Pure.

There is no program, so a workload says how one would behave; a workload that says nothing serves every page for ever:

    FAKE_PATHS=/,/healthz   other pages answer 404
    FAKE_CLOSED=admin,grpc  nobody listens on these ports
    FAKE_EXIT=1             it ends at once with this status (as do the commands `true` and `false`)
    FAKE_LOG=a line         what it writes as it starts; several lines are possible

A command check may be `true`, `false`, or `equals VARIABLE VALUE`, which asks for a variable or secret; other commands
end with status 127, as in a shell that does not find them.
"""

from collections.abc import Mapping
from zlib import crc32

from eeveon.core.health import Check, CommandCheck, HttpCheck, Probe, ReadyCheck, TcpCheck
from eeveon.core.observed import Condition, Endpoint
from eeveon.core.secret import SecretValue
from eeveon.core.values import Fields

Known = Mapping[str, SecretValue]  # what an instance was given as secrets, by variable

NOT_FOUND = 127
FIRST_FREE_PORT = 20000  # where a port without a number of its own is said to be reached


def started(fields: Fields) -> tuple[Condition, str]:
    """What becomes of an instance that is started: the condition, and why it does not run."""
    status = _ending(fields)
    if status is None:
        return Condition.RUNNING, ""
    restart = fields.get("restart", "always")
    if restart == "always" or (restart == "onFailure" and status != 0):
        return Condition.FAILED, f"exited with status {status}, restarted 5 times"
    return Condition.STOPPED, f"exited with status {status}"


def endpoints(host: str, name: str, fields: Fields) -> tuple[Endpoint, ...]:
    """Where the ports of a running instance are said to be reached."""
    ports = fields.get("ports")
    if not isinstance(ports, list):
        return ()
    reached = [port for port in ports if "protocol" not in port]  # left out where it is TCP
    return tuple([Endpoint(port=port["name"], host=host, number=_number(name, port)) for port in reached])


def answer(check: Check, fields: Fields, secrets: Known) -> Probe:
    """What one probe of a running instance says."""
    match check:
        case CommandCheck(command=command):
            status = _status(command, fields, secrets)
            return Probe(healthy=status == 0, detail=f"{command[0]} → status {status}")
        case ReadyCheck():
            return Probe(healthy=True, detail="ready")
        case TcpCheck(port=port):
            return Probe(
                healthy=not (why := _closed(port, fields)), detail=f"port {port} → {why or 'accepted'}"
            )
        case HttpCheck(port=port, path=path):
            if why := _closed(port, fields):
                return Probe(healthy=False, detail=f"GET {path} → {why}")
            status = 200 if _serves(path, fields) else 404
            return Probe(healthy=status == 200, detail=f"GET {path} → {status}")


def first_lines(name: str, fields: Fields) -> tuple[str, ...]:
    """What an instance writes as it starts."""
    return tuple(_env(fields).get("FAKE_LOG", f"{name} started").splitlines())


def _ending(fields: Fields) -> int | None:
    told = _env(fields).get("FAKE_EXIT", "")
    if told.isdecimal():
        return int(told)
    return {"true": 0, "false": 1}.get(_first_word(fields))


def _first_word(fields: Fields) -> str:
    command = fields.get("command")
    return str(command[0]) if isinstance(command, list) and command else ""


def _status(command: tuple[str, ...], fields: Fields, secrets: Known) -> int:
    match command:
        case ("true",):
            return 0
        case ("false",):
            return 1
        case ("equals", variable, value):
            held = secrets.get(variable) or SecretValue(_env(fields).get(variable, ""))
            return 0 if held == SecretValue(value) else 1
        case _:
            return NOT_FOUND


def _closed(port: str, fields: Fields) -> str:
    """Why a port cannot be connected to; "" if it can."""
    ports = fields.get("ports")
    if not isinstance(ports, list) or port not in {item["name"] for item in ports}:
        return "no such port"
    return "connection refused" if port in _env(fields).get("FAKE_CLOSED", "").split(",") else ""


def _serves(path: str, fields: Fields) -> bool:
    told = _env(fields).get("FAKE_PATHS")
    return told is None or path in told.split(",")


def _env(fields: Fields) -> Mapping[str, str]:
    env = fields.get("env")
    return env if isinstance(env, Mapping) else {}


def _number(name: str, port: Mapping[str, int]) -> int:
    told = port.get("publish") or port.get("port")
    return told or FIRST_FREE_PORT + crc32(f"{name} {port['name']}".encode()) % 10000
