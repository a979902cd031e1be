"""The rules of a kind that JSON Schema cannot express, on documents that fit their schema.

Each rule is one function that gives what it finds wrong. Rules that need other documents are in `references`.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from eeveon.specs import quantities, windows
from eeveon.specs.access import roles_exist
from eeveon.specs.cluster_rules import cluster_rules
from eeveon.specs.controller_rules import controller_rules
from eeveon.specs.drift import too_often
from eeveon.specs.messages import in_quotes
from eeveon.specs.problem import Path, Problem, field_name
from eeveon.specs.scaling import scaling_rules
from eeveon.specs.source_rules import source_rules
from eeveon.specs.suggest import did_you_mean, listed

Rule = Callable[[Mapping[str, Any]], Iterator[Problem]]


def broken_rules(kind: str, document: Mapping[str, Any]) -> list[Problem]:
    """Everything that the rules of the kind find wrong."""
    return [problem for rule in _RULES[kind] for problem in rule(document)]


def _unique(items: list[Any], path: Path, key: str = "") -> Iterator[Problem]:
    """Entries (or their field `key`) that stand there twice."""
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        value = item.get(key) if key else item
        if value is None:
            continue
        if value in seen:
            yield Problem(
                code="duplicate-item",
                message=f"`{value}` is in `{path[-1]}` twice; the first is entry {seen[value] + 1}",
                path=(*path, index, key) if key else (*path, index),
                hint="remove one of them",
            )
        seen.setdefault(value, index)


def _lists_name_once(document: Mapping[str, Any]) -> Iterator[Problem]:
    spec = document["spec"]
    for name in ("targets", "dependsOn", "networks"):
        yield from _unique(spec.get(name, []), ("spec", name))
    yield from _unique(spec.get("ports", []), ("spec", "ports"), "name")
    for key in ("name", "path"):
        yield from _unique(spec.get("volumes", []), ("spec", "volumes"), key)


def _variable_has_one_owner(document: Mapping[str, Any]) -> Iterator[Problem]:
    spec = document["spec"]
    for name in spec.get("secrets", {}):
        if name in spec.get("env", {}):
            yield Problem(
                code="duplicate-item",
                message=f"`{name}` is in `secrets` and in `env`",
                path=("spec", "secrets", name),
                hint="remove it from one of them",
                on_key=True,
            )


def _depends_on_others(document: Mapping[str, Any]) -> Iterator[Problem]:
    name = document["metadata"]["name"]
    for index, other in enumerate(document["spec"].get("dependsOn", [])):
        if other == name:
            yield Problem(
                code="dependency-cycle",
                message=f"`{name}` depends on itself",
                path=("spec", "dependsOn", index),
                hint="remove it from its own `dependsOn`",
            )


def _health_asks_a_port(document: Mapping[str, Any]) -> Iterator[Problem]:
    spec = document["spec"]
    names = [port["name"] for port in spec.get("ports", [])]
    for check in ("http", "tcp"):
        port = spec.get("health", {}).get(check, {}).get("port")
        if port is not None and port not in names:
            known = f"its ports are {listed(names, 'and')}" if names else "it has no `ports`"
            yield Problem(
                code="unknown-port",
                message=f"`{port}` is not a port of this service; {known}",
                path=("spec", "health", check, "port"),
                hint=did_you_mean(port, names) or f"add {{name: {port}}} to `ports`",
            )


def _route_finds_a_port(document: Mapping[str, Any]) -> Iterator[Problem]:
    """A route leads to a port: the one that it names, else the only one, else the one named `http`."""
    spec = document["spec"]
    if "route" not in spec:
        return
    names = [port["name"] for port in spec.get("ports", []) if port.get("protocol") != "udp"]
    written = spec["route"].get("port")
    if written is None and (len(names) == 1 or "http" in names):
        return
    if written is not None and written in names:
        return
    known = f"its TCP ports are {listed(names, 'and')}" if names else "it has no TCP port in `ports`"
    yield Problem(
        code="unknown-port",
        message=f"the route leads to no port of this service; {known}"
        if written is None
        else f"`{written}` is no TCP port of this service; {known}",
        path=("spec", "route") if written is None else ("spec", "route", "port"),
        hint=did_you_mean(written or "", names) or ("name one as `port`" if names else "add one to `ports`"),
        on_key=written is None,
    )


def _rollout_moves(document: Mapping[str, Any]) -> Iterator[Problem]:
    rolling = document["spec"].get("rollout", {}).get("rolling")
    if rolling is None:
        return
    if not _amount(rolling.get("maxUnavailable", 0)) and not _amount(rolling.get("surge", 1)):
        yield Problem(
            code="wrong-value",
            message="with `maxUnavailable` and `surge` both 0 no instance could ever be replaced",
            path=("spec", "rollout", "rolling"),
            hint="set one of them to at least 1",
        )


def _amount(written: str | float) -> float:
    return quantities.share(written) if isinstance(written, str) else written


def _amounts_are_more_than_none(document: Mapping[str, Any]) -> Iterator[Problem]:
    spec = document["spec"]
    resources, health = spec.get("resources", {}), spec.get("health", {})
    amounts: tuple[tuple[Path, Any, Callable[[Any], object]], ...] = (
        (("spec", "resources", "cpu"), resources.get("cpu"), quantities.cpu_millis),
        (("spec", "resources", "memory"), resources.get("memory"), quantities.size),
        (("spec", "health", "every"), health.get("every"), quantities.duration),
        (("spec", "health", "timeout"), health.get("timeout"), quantities.duration),
    )
    for path, written, worth in amounts:
        if written is not None and not worth(written):
            yield Problem(
                code="wrong-value",
                message=f"`{field_name(path)}` must be more than 0, not {written}",
                path=path,
            )


def _text_keeps_its_form(document: Mapping[str, Any]) -> Iterator[Problem]:
    """`1.0` is a number to YAML: `1.0`, `1.00` and `1` would be the same variable."""
    spec = document["spec"]
    values: list[tuple[Path, object]] = [
        (("spec", "env", name), value) for name, value in spec.get("env", {}).items()
    ]
    values += [(("spec", "command", index), value) for index, value in enumerate(spec.get("command", []))]
    run = spec.get("source", {}).get("run", [])
    values += [(("spec", "source", "run", index), value) for index, value in enumerate(run)]
    probe = spec.get("health", {}).get("command", [])
    values += [(("spec", "health", "command", index), value) for index, value in enumerate(probe)]
    for path, value in values:
        if isinstance(value, float):
            yield Problem(
                code="wrong-type",
                message=f"`{field_name(path)}` must be text, not the number {value}",
                path=path,
                hint=in_quotes(value),
            )


def _windows_exist(document: Mapping[str, Any]) -> Iterator[Problem]:
    for index, window in enumerate(document["spec"].get("windows", [])):
        kind = "allow" if "allow" in window else "deny"
        try:
            windows.spans(window[kind], "UTC")
        except ValueError as reason:
            yield Problem(code="wrong-value", message=str(reason), path=("spec", "windows", index, kind))


def _stands_once_on_a_host(document: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _unique(document["spec"].get("hosts", []), ("spec", "hosts"))


def _waits_are_more_than_none(document: Mapping[str, Any]) -> Iterator[Problem]:
    """No wait at all, to a balancer, is a wait without end."""
    for name, written in document["spec"].get("timeouts", {}).items():
        if not quantities.duration(written):
            path: Path = ("spec", "timeouts", name)
            message = f"`{field_name(path)}` must be more than 0, not {written}"
            yield Problem(code="wrong-value", message=message, path=path)


def _bounds_are_in_order(document: Mapping[str, Any]) -> Iterator[Problem]:
    active = document["spec"]["active"]
    if "max" in active and active["min"] > active["max"]:
        yield Problem(
            code="wrong-value",
            message=f"`min` is {active['min']}, which is more than `max`, {active['max']}",
            path=("spec", "active", "min"),
        )


def _selected_once(document: Mapping[str, Any]) -> Iterator[Problem]:
    spec = document["spec"]
    yield from _unique(spec.get("services", {}).get("names", []), ("spec", "services", "names"))
    yield from _unique(spec.get("guardrails", []), ("spec", "guardrails"))


def _guardrails_stay_inside(document: Mapping[str, Any]) -> Iterator[Problem]:
    for index, path in enumerate(document["spec"].get("guardrails", [])):
        yield from _inside(path, ("spec", "guardrails", index))


def _folders_stay_inside(document: Mapping[str, Any]) -> Iterator[Problem]:
    spec = document["spec"]
    if isinstance(spec.get("base"), str):
        yield from _inside(spec["base"], ("spec", "base"))
    for name, environment in spec["environments"].items():
        yield from _inside(environment["path"], ("spec", "environments", name, "path"))


def _inside(path: str, at: Path) -> Iterator[Problem]:
    if ".." in PurePosixPath(path).parts:
        yield Problem(
            code="outside-repository",
            message=f"`{path}` leads out of the repository",
            path=at,
            hint="write a path from the root of the repository, without `..`",
        )


def _promotion_comes_from_others(document: Mapping[str, Any]) -> Iterator[Problem]:
    environments = document["spec"]["environments"]
    sources = {
        name: environment["promotesFrom"]["environment"]
        for name, environment in environments.items()
        if "promotesFrom" in environment
    }
    for name, source in sources.items():
        path: Path = ("spec", "environments", name, "promotesFrom", "environment")
        if source not in environments:
            yield Problem(
                code="unknown-environment",
                message=f"there is no environment `{source}` in this project",
                path=path,
                hint=did_you_mean(source, environments),
            )
        elif name == min(ring := _ring(name, sources), default=""):
            yield Problem(
                code="promotion-cycle",
                message=f"environments promote in a circle: {' → '.join((*ring, name))}",
                path=path,
                hint="the first environment has no `promotesFrom`",
            )


def _ring(start: str, sources: Mapping[str, str]) -> tuple[str, ...]:
    """The environments on the circle through `start`; none where it is on no circle."""
    walked = [start]
    while (following := sources.get(walked[-1])) is not None and following not in walked:
        walked.append(following)
    return tuple(walked) if following == start else ()


def _drift_is_looked_for_in_time(document: Mapping[str, Any]) -> Iterator[Problem]:
    for name, environment in document["spec"]["environments"].items():
        yield from too_often(environment.get("drift", {}), ("spec", "environments", name, "drift"), "every")


def _hosts_are_named_once(document: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _unique(document["spec"].get("ssh", {}).get("hosts", []), ("spec", "ssh", "hosts"), "name")


def _connections_have_time(document: Mapping[str, Any]) -> Iterator[Problem]:
    written = document["spec"].get("ssh", {}).get("connectTimeout")
    if written is not None and not quantities.duration(written):
        yield Problem(
            code="wrong-value",
            message=f"`connectTimeout` must be more than 0, not {written}",
            path=("spec", "ssh", "connectTimeout"),
        )


_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "Project": (_folders_stay_inside, _promotion_comes_from_others, _drift_is_looked_for_in_time),
    "Target": (_hosts_are_named_once, _connections_have_time),
    "Service": (
        _lists_name_once,
        _variable_has_one_owner,
        _depends_on_others,
        _health_asks_a_port,
        _route_finds_a_port,
        _rollout_moves,
        _amounts_are_more_than_none,
        _text_keeps_its_form,
        source_rules,
        cluster_rules,
    ),
    "SafetyPolicy": (_windows_exist, _selected_once, _guardrails_stay_inside),
    "LoadBalancer": (_stands_once_on_a_host, _waits_are_more_than_none),
    "NodeGroup": (_bounds_are_in_order,),
    "ScalingPolicy": (scaling_rules,),
    "AccessPolicy": (roles_exist,),
    "Controller": (controller_rules,),
}
