"""Readiness as a health check; all other probes stay with the container."""

from collections.abc import Mapping
from typing import Any, Final

from eeveon.importing.kubernetes.cleaning import PROBE, without
from eeveon.importing.kubernetes.part import Part
from eeveon.importing.kubernetes.reading import mapping

_RHYTHM: Final = ("periodSeconds", "timeoutSeconds", "failureThreshold")
_HANDLERS: Final = ("httpGet", "tcpSocket", "exec", "grpc")
_PLAIN: Final = frozenset({*_RHYTHM, *_HANDLERS})


def health(part: Part, container: Mapping[str, Any], ports: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The check of the service; what it cannot say is merged over it, or stands in its place."""
    for name in ("livenessProbe", "lifecycle"):
        if container.get(name):
            part.into_container({name: _tidy(mapping(container[name]))})
    readiness, startup = mapping(container.get("readinessProbe")), mapping(container.get("startupProbe"))
    check = _check(readiness, ports) if readiness else None
    if check is None:
        for name, probe in (("readinessProbe", readiness), ("startupProbe", startup)):
            if probe:
                part.into_container({name: _tidy(probe)})
        return None
    more = {
        key: value for key, value in without(readiness, PROBE).items() if key not in (*_RHYTHM, *_HANDLERS)
    }
    more |= _more_of_http(readiness)
    if more:
        part.into_container({"readinessProbe": more})
    every = _number(readiness, "periodSeconds")
    patience = 0
    if startup and _handler(startup) == _handler(readiness) and without(startup, PROBE).keys() <= _PLAIN:
        patience = _number(startup, "periodSeconds") * _number(startup, "failureThreshold")
    elif startup:
        part.into_container({"startupProbe": _tidy(startup)})
    return {
        **check,
        "every": f"{every}s",
        "timeout": f"{_number(readiness, 'timeoutSeconds')}s",
        "failures": _number(readiness, "failureThreshold"),
        "startup": f"{patience}s",
    }


def _number(probe: Mapping[str, Any], name: str) -> int:
    return int(probe.get(name) or PROBE[name])


def _handler(probe: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: mapping(probe[name]) for name in _HANDLERS if name in probe}
    return {name: without(value, {"scheme": "HTTP", "path": "/"}) for name, value in found.items()}


def _check(probe: Mapping[str, Any], ports: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The check itself; None for one that specs cannot say."""
    http, tcp, run = (mapping(probe.get(name)) for name in ("httpGet", "tcpSocket", "exec"))
    if http and (port := _port(http.get("port"), ports)):
        path = str(http.get("path") or "/")
        return (
            {"http": {"port": port, **({} if path == "/" else {"path": path})}}
            if path.startswith("/")
            else None
        )
    if tcp and not tcp.get("host") and (port := _port(tcp.get("port"), ports)):
        return {"tcp": {"port": port}}
    command = run.get("command")
    if command and not any("$(" in str(word) for word in command):
        return {"command": [str(word) for word in command]}
    return None


def _port(written: object, ports: list[dict[str, Any]]) -> str | None:
    for port in ports:
        if written in {port["name"], port["port"]} or str(written) == str(port["port"]):
            return str(port["name"])
    return None


def _more_of_http(probe: Mapping[str, Any]) -> dict[str, Any]:
    http = mapping(probe.get("httpGet"))
    more = {key: value for key, value in http.items() if key not in {"path", "port"} and value != "HTTP"}
    return {"httpGet": more} if more else {}


def _tidy(probe: Mapping[str, Any]) -> dict[str, Any]:
    return without(probe, {"successThreshold": 1, "initialDelaySeconds": 0})
