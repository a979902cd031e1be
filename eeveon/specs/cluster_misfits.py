"""What a kubernetes target cannot do of a Service, and what only a kubernetes target can."""

import re
from collections.abc import Iterator
from typing import Final

from eeveon.core.desired import BlueGreen, Rolling, Strategy, Target, Workload
from eeveon.core.diagnostic import Severity
from eeveon.specs.problem import Path, Problem

_PORT_NAME: Final = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9-]{1,15}")
_USER: Final = re.compile(r"[0-9]{1,10}(:[0-9]{1,10})?")
_NODE_PORTS: Final = range(30000, 32768)


def cluster_misfits(workload: Workload, target: Target) -> Iterator[Problem]:
    """What a cluster cannot do as it is written."""
    where = f"`{target.name}` is a kubernetes target"
    if workload.image is None:
        if workload.manifests is None:
            yield _wrong(
                ("spec", "command"), f"{where}: it runs an `image`", "add `image`, or choose a local target"
            )
        return
    if workload.restart != "always":
        yield _wrong(
            ("spec", "restart"),
            f"{where}: it always starts again what has ended",
            "remove `restart`, or write a Job in `manifests`",
        )
    if workload.user is not None and not _USER.fullmatch(workload.user):
        yield Problem(
            code="wrong-value",
            message=f"{where}: `user` is a number there, and `{workload.user}` is a name",
            path=("spec", "user"),
            hint="write the number of the user in the image, as `1000` or `1000:1000`",
        )
    if workload.stateful and not _one_by_one(workload.strategy):
        yield _wrong(
            ("spec", "rollout"),
            "the instances of a stateful service are replaced one after the other, each once the old one is gone",
            "remove `rollout`, or `stateful`",
        )
    if (workload.ports or workload.stateful) and workload.service[0].isdigit():
        yield Problem(
            code="wrong-name",
            message=f"{where}: names of Services begin with a letter there, and `{workload.service}` does not",
            path=("metadata", "name"),
        )
    yield from _ports(workload, where)


def _one_by_one(strategy: Strategy) -> bool:
    match strategy:
        case Rolling(max_unavailable=fewer, surge=more):
            return fewer <= 1 and more <= 1
        case _:
            return False


def _ports(workload: Workload, where: str) -> Iterator[Problem]:
    for index, port in enumerate(workload.ports):
        path: Path = ("spec", "ports", index)
        if port.port is None:
            yield Problem(
                code="missing-field",
                message=f"{where}: port `{port.name}` needs its number `port` there",
                path=(*path, "port"),
                hint="write the port that the program in the container listens on",
            )
        if not _PORT_NAME.fullmatch(port.name):
            yield Problem(
                code="wrong-name",
                message=f"{where}: `{port.name}` cannot be the name of a port there",
                path=(*path, "name"),
                hint="at most 15 characters, a letter among them, and no `--`",
            )
        if port.publish and port.publish not in _NODE_PORTS:
            yield Problem(
                code="wrong-value",
                message=f"{where}: nodes publish ports from {_NODE_PORTS[0]} to {_NODE_PORTS[-1]}",
                path=(*path, "publish"),
                hint="write `publish: auto`, or a `route`",
            )
        elif port.publish and isinstance(workload.strategy, BlueGreen):
            yield Problem(
                code="port-conflict",
                message=f"two sides cannot both be published on port {port.publish}",
                path=(*path, "publish"),
                hint="write `publish: auto`, or `nodePort` in `kubernetes.service.spec.ports`",
            )


def others_misfits(workload: Workload, target: Target) -> Iterator[Problem]:
    """What a target that is no cluster cannot do, or leaves out."""
    where = f"`{target.name}` is {'an' if target.kind == 'ssh' else 'a'} {target.kind} target"
    if workload.manifests is not None:
        yield _wrong(
            ("spec", "manifests"),
            f"{where}: Kubernetes YAML goes to clusters",
            "remove `manifests`, or choose a kubernetes target",
        )
    if workload.stateful:
        yield _wrong(
            ("spec", "stateful"),
            f"{where}: only clusters give instances volumes of their own",
            "remove `stateful`, or choose a kubernetes target",
        )
    if workload.route is not None and not workload.route.balancer:
        yield Problem(
            code="not-yet-honoured",
            message=f"{where}: a route without `loadBalancer` has no effect there",
            path=("spec", "route"),
            severity=Severity.WARNING,
            on_key=True,
        )


def unused_parts(workload: Workload, kinds: frozenset[str]) -> Iterator[Problem]:
    """Fields that only clusters heed, where the service runs on none."""
    if "kubernetes" in kinds:
        return
    if workload.kubernetes:
        yield _unused(("spec", "kubernetes"))
    for index, mount in enumerate(workload.mounts):
        if mount.size_bytes is not None:
            yield _unused(("spec", "volumes", index, "size"))


def _unused(path: Path) -> Problem:
    return Problem(
        code="wrong-form",
        message=f"`{path[-1]}` has no effect: the service runs on no kubernetes target",
        path=path,
        severity=Severity.WARNING,
        on_key=True,
    )


def _wrong(path: Path, message: str, hint: str) -> Problem:
    return Problem(code="wrong-form", message=message, path=path, hint=hint)
