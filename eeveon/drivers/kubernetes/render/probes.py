"""Health checks as the kubelet makes them."""

import math
from collections.abc import Mapping
from typing import assert_never

from eeveon.core.health import Check, CommandCheck, Health, HttpCheck, ReadyCheck, TcpCheck
from eeveon.drivers.kubernetes.render.amounts import seconds


def probes_of(health: Health) -> Mapping[str, object]:
    """The probes of a container: readiness by the rhythm of the check, and for its start as long as the specs allow.

    No liveness: a container that is slow under load would be killed for it. A startup probe that never succeeds ends
    in a restart, which a rollout reports as a crash.
    """
    if health.check is None:
        return {}
    handler = _handler(health.check)
    if not handler:
        return {}
    every = seconds(health.every)
    rhythm = {"periodSeconds": every, "timeoutSeconds": seconds(health.timeout)}
    patience = math.ceil(health.startup.total_seconds() / every)
    start = {"startupProbe": {**handler, **rhythm, "failureThreshold": patience}} if patience else {}
    return {"readinessProbe": {**handler, **rhythm, "failureThreshold": health.failures}, **start}


def _handler(check: Check) -> Mapping[str, object]:
    match check:
        case HttpCheck(port=port, path=path):
            return {"httpGet": {"path": path, "port": port}}
        case TcpCheck(port=port):
            return {"tcpSocket": {"port": port}}
        case CommandCheck(command=command):
            return {"exec": {"command": [literal(word) for word in command]}}
        case ReadyCheck():
            return {}
        case _:
            assert_never(check)


def literal(word: str) -> str:
    """A word of a command that the kubelet hands over as it is: it would fill in `$(NAME)`, no other target does."""
    return word.replace("$(", "$$(")
