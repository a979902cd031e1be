"""Names that lead from one document to another: to nothing, to two, to the wrong kind, in a circle.

And what only two documents together show: whether a target can run a service in the form that it has.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eeveon.core.desired import Target, Workload
from eeveon.core.names import ServiceName, TargetName
from eeveon.core.policy import SafetyPolicy
from eeveon.specs.catalog import LOAD_BALANCER, SAFETY_POLICY, SERVICE, TARGET
from eeveon.specs.cluster_misfits import cluster_misfits, others_misfits, unused_parts
from eeveon.specs.problem import Path, Problem
from eeveon.specs.suggest import did_you_mean

Key = tuple[str, str]  # kind and name

_WORD = re.compile("(?<=[a-z])(?=[A-Z])")  # where one begins in the name of a kind
_LOCAL = "local"
_DOCKER = "docker"
_SSH = "ssh"
_FAKE = "fake"
_KUBERNETES = "kubernetes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The names of an environment. Where a file could not be read, nothing is called missing."""

    keys: Mapping[Key, object]
    twice: frozenset[Key]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem of one document."""

    owner: Key
    problem: Problem


def broken_references(
    known: Known, workloads: Iterable[Workload], policies: Iterable[SafetyPolicy]
) -> Iterator[Finding]:
    """Names in Services and SafetyPolicies that lead nowhere, or to more than one document."""
    keys, twice = known.keys, known.twice
    seen: set[ServiceName] = set()
    for workload in workloads:
        key = (TARGET, workload.target)
        owner = (SERVICE, workload.service)
        if key not in keys or key in twice:
            yield from broken_reference(known, owner, key, ("spec", "targets", workload.target))
        if workload.service in seen:
            continue
        seen.add(workload.service)
        for other in workload.depends_on:
            yield from broken_reference(known, owner, (SERVICE, other), ("spec", "dependsOn", other))
        if workload.route is not None and workload.route.balancer:
            balancer = (LOAD_BALANCER, workload.route.balancer)
            yield from broken_reference(known, owner, balancer, ("spec", "route", "loadBalancer"))
    for policy in policies:
        for name in sorted(policy.services.names):
            yield from broken_reference(
                known, (SAFETY_POLICY, policy.name), (SERVICE, name), ("spec", "services", "names", name)
            )


def broken_reference(known: Known, owner: Key, wanted: Key, path: Path) -> Iterator[Finding]:
    """What is wrong with one name at one place; nothing where it leads to one document."""
    kind, name = wanted
    if wanted in known.twice:
        yield Finding(
            owner=owner,
            problem=Problem(
                code="ambiguous-reference",
                message=f"`{name}` is the name of two {kind} documents",
                path=path,
                hint="rename or remove one of them",
            ),
        )
    elif wanted not in known.keys and known.complete:
        others = sorted({other for other, taken in known.keys if taken == name})
        aside = f"; {others[0]} `{name}` is of another kind" if others else ""
        near = did_you_mean(name, [taken for other, taken in known.keys if other == kind])
        yield Finding(
            owner=owner,
            problem=Problem(
                code=f"unknown-{_WORD.sub('-', kind).lower()}",
                message=f"there is no {kind} `{name}` in this environment{aside}",
                path=path,
                hint=near,
            ),
        )


def dependency_cycles(workloads: Iterable[Workload]) -> Iterator[Finding]:
    """Each circle of `dependsOn` once, at the step that leaves the first name of the circle."""
    needed = {workload.service: workload.depends_on for workload in workloads if workload.depends_on}
    waiting = {name: {need for need in needs if need in needed} for name, needs in needed.items()}
    while ring := _ring(_only_stuck(waiting)):
        yield Finding(
            owner=(SERVICE, ring[0]),
            problem=Problem(
                code="dependency-cycle",
                message=f"services wait for each other: {' → '.join((*ring, ring[0]))}",
                path=("spec", "dependsOn", ring[1]),
                hint="remove one of these steps from `dependsOn`",
            ),
        )
        for name in ring:
            del waiting[name]
        for needs in waiting.values():
            needs.difference_update(ring)


def _only_stuck(waiting: dict[ServiceName, set[ServiceName]]) -> dict[ServiceName, set[ServiceName]]:
    """Remove, again and again, what waits for nothing; the rest is on a circle or behind one."""
    dependents: dict[ServiceName, list[ServiceName]] = {}
    for name, needs in waiting.items():
        for need in needs:
            dependents.setdefault(need, []).append(name)
    free = [name for name, needs in waiting.items() if not needs]
    while free:
        name = free.pop()
        del waiting[name]
        for dependent in dependents.get(name, ()):
            waiting[dependent].discard(name)
            if not waiting[dependent]:
                free.append(dependent)
    return waiting


def _ring(stuck: Mapping[ServiceName, set[ServiceName]]) -> tuple[ServiceName, ...]:
    """One circle, from its smallest name on; () where nothing is stuck. A service on itself is its own rule's."""
    if not stuck:
        return ()
    walked = [min(stuck)]
    while (following := min(stuck[walked[-1]])) not in walked:
        walked.append(following)
    ring = walked[walked.index(following) :]
    start = ring.index(min(ring))
    return tuple(ring[start:] + ring[:start])


def misfits(workloads: Iterable[Workload], targets: Mapping[TargetName, Target]) -> Iterator[Finding]:
    """Services that one of their targets cannot run as they are written."""
    releases: dict[tuple[TargetName, str], ServiceName] = {}
    workloads = tuple(workloads)
    yield from _unused(workloads, targets)
    for workload in workloads:
        if workload.source is not None:
            other = releases.setdefault((workload.target, workload.source.path), workload.service)
            if other != workload.service:
                yield Finding(owner=(SERVICE, workload.service), problem=_same_path(workload, other))
        target = targets.get(workload.target)
        if target is None or target.kind == _FAKE:
            continue
        for problem in _misfits(workload, target):
            yield Finding(owner=(SERVICE, workload.service), problem=problem)


def _unused(workloads: Iterable[Workload], targets: Mapping[TargetName, Target]) -> Iterator[Finding]:
    """What a service says for clusters, once, where it runs on none."""
    kinds: dict[ServiceName, set[str]] = {}
    for workload in workloads:
        if workload.target in targets:
            kinds.setdefault(workload.service, set()).add(targets[workload.target].kind)
    for workload in {item.service: item for item in workloads}.values():
        known = frozenset(kinds.get(workload.service, ()))
        for problem in unused_parts(workload, known) if known and _FAKE not in known else ():
            yield Finding(owner=(SERVICE, workload.service), problem=problem)


def _same_path(workload: Workload, other: ServiceName) -> Problem:
    path = workload.source.path if workload.source else ""
    return Problem(
        code="path-conflict",
        message=f"`{other}` keeps its releases at `{path}` of `{workload.target}` already",
        path=("spec", "source", "path"),
        hint="give each service a folder of its own",
    )


def _misfits(workload: Workload, target: Target) -> Iterator[Problem]:
    if workload.source is not None and target.kind != _SSH:
        yield Problem(
            code="wrong-form",
            message=f"`{target.name}` is a {target.kind} target: code from Git goes to hosts, of an ssh target",
            path=("spec", "source"),
            hint="remove `source`, or choose an ssh target",
        )
        return
    yield from (
        cluster_misfits(workload, target) if target.kind == _KUBERNETES else others_misfits(workload, target)
    )
    if target.kind == _LOCAL and workload.image is not None:
        yield Problem(
            code="wrong-form",
            message=f"`{target.name}` is a local target: it runs a `command`, not an `image`",
            path=("spec", "image"),
            hint="remove `image`, or choose a docker target",
        )
    if target.kind == _DOCKER and workload.image is None:
        yield Problem(
            code="wrong-form",
            message=f"`{target.name}` is a docker target: it runs an `image`",
            path=("spec", "command"),
            hint="add `image`, or choose a local target",
        )
    if workload.ports and target.kind != _KUBERNETES:
        yield from _port_misfits(workload, target)


def _port_misfits(workload: Workload, target: Target) -> Iterator[Problem]:
    for index, port in enumerate(workload.ports):
        path: Path = ("spec", "ports", index)
        if target.kind == _DOCKER and port.port is None:
            yield Problem(
                code="missing-field",
                message=f"port `{port.name}` needs its number `port` on the docker target `{target.name}`",
                path=(*path, "port"),
                hint="write the port that the program in the container listens on",
            )
        if workload.replicas < 2:  # one instance has the port for itself
            continue
        if target.kind == _LOCAL and port.port is not None:
            yield Problem(
                code="port-conflict",
                message=f"{workload.replicas} instances on `{target.name}` cannot all listen on port {port.port}",
                path=(*path, "port"),
                hint="leave `port` out: each instance then gets its own in `PORT`",
            )
        if target.kind == _SSH:
            yield from _too_few_hosts(workload, target, index)
        elif port.publish:
            yield Problem(
                code="port-conflict",
                message=f"{workload.replicas} instances on `{target.name}` cannot all be published on port {port.publish}",
                path=(*path, "publish"),
                hint="write `publish: auto`",
            )


def _too_few_hosts(workload: Workload, target: Target, index: int) -> Iterator[Problem]:
    """A port of the host that more instances would listen on than there are hosts."""
    port = workload.ports[index]
    field = "publish" if workload.image is not None or port.port is None else "port"
    number = port.publish if field == "publish" else port.port
    hosts: Any = target.settings["hosts"]  # fits its schema
    if number and workload.replicas > len(hosts):
        where = "the one host" if len(hosts) == 1 else f"the {len(hosts)} hosts"
        yield Problem(
            code="port-conflict",
            message=f"{workload.replicas} instances on {where} of `{target.name}` cannot all have port {number}",
            path=("spec", "ports", index, field),
            hint="leave `port` out: each instance then gets its own in `PORT`"
            if field == "port"
            else "leave `publish` out: each instance then gets a port of its host",
        )
