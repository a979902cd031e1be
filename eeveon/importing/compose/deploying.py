"""How many instances, how much of the machine each may use, and what follows when one ends."""

from typing import Any, Final

from eeveon.importing import amounts
from eeveon.importing.compose.losses import DEPLOY, Loss
from eeveon.importing.compose.part import Part
from eeveon.importing.imported import Sort
from eeveon.importing.nodes import Node

_RESTARTS: Final = {
    "no": "never",
    "none": "never",
    "false": "never",
    "always": "always",
    "unless-stopped": "always",
    "any": "always",
    "on-failure": "onFailure",
}


def replicas(part: Part) -> int:
    """How many instances run."""
    deploy = part.get("deploy")
    if deploy is not None and (mode := deploy.get("mode")) is not None and mode.text != "replicated":
        part.lose(mode, "deploy.mode", Loss(f"`{mode.text}` is of a swarm; there is one engine a target"))
    written = (deploy.get("replicas") if deploy else None) or part.get("scale")
    if written is None:
        return 1
    if not written.text.isdigit():
        part.mistake(written, "deploy.replicas", f"`{written.text}` is no number")
        return 1
    return int(written.text)


def resources(part: Part) -> dict[str, Any]:
    """Upper limits."""
    deploy = part.get("deploy")
    groups = deploy.get("resources") if deploy else None
    limits = groups.get("limits") if groups else None
    cpu = (limits.get("cpus") if limits else None) or part.get("cpus")
    memory = (limits.get("memory") if limits else None) or part.get("mem_limit")
    found = {}
    for name, node, read in (("cpu", cpu, amounts.cpus), ("memory", memory, amounts.size)):
        if node is None or node.text in {"", "0", "0.0"}:
            continue
        worth = read(node.text)
        if worth is None:
            part.mistake(node, f"resources.{name}", f"`{node.text}` is no amount")
        else:
            found[name] = worth
    _lost(part, groups, limits)
    return found


def _lost(part: Part, groups: Node | None, limits: Node | None) -> None:
    for name, node in limits.entries() if limits else ():
        if name not in {"cpus", "memory"}:
            part.lose(node, f"deploy.resources.limits.{name}", Loss("processors and memory have limits"))
    kept = groups.get("reservations") if groups else None
    for name, node in kept.entries() if kept else ():
        if name == "devices":
            part.lose(
                node,
                "deploy.resources.reservations.devices",
                Loss("containers get no devices", "", Sort.TODO),
            )
        else:
            part.lose(node, f"deploy.resources.reservations.{name}", Loss("there are upper limits only"))
    deploy = part.get("deploy")
    for name, node in deploy.entries() if deploy else ():
        if name in DEPLOY:
            part.lose(node, f"deploy.{name}", DEPLOY[name])


def restart(part: Part) -> str | None:
    """What follows when an instance ends; None where the file says nothing."""
    deploy = part.get("deploy")
    policy = deploy.get("restart_policy") if deploy else None
    for name, node in policy.entries() if policy else ():
        if name != "condition":
            part.lose(
                node, f"deploy.restart_policy.{name}", Loss("pauses between starts are the engine's own")
            )
    condition = policy.get("condition") if policy else None
    written = condition or part.get("restart")
    if written is None:
        return "always" if policy else None
    kind, sign, count = written.text.partition(":")
    if kind not in _RESTARTS:
        part.mistake(written, "restart", f"`{written.text}` is nothing that can follow")
        return None
    if sign:
        part.lose(written, "restart", Loss(f"it is started again however often it ends, not {count} times"))
    return _RESTARTS[kind]


def rollout(part: Part, *, keeps_files: bool) -> dict[str, Any] | None:
    """How instances are replaced; None for the default of specs, one more and then one less."""
    deploy = part.get("deploy")
    update = deploy.get("update_config") if deploy else None
    for name, node in update.entries() if update else ():
        if name not in {"order", "parallelism"}:
            part.lose(
                node, f"deploy.update_config.{name}", Loss("an apply waits until each instance is healthy")
            )
    order = update.get("order") if update else None
    parallelism = update.get("parallelism") if update else None
    step = int(parallelism.text) if parallelism and parallelism.text.isdigit() else 1
    if order is not None and order.text == "start-first":
        return {"rolling": {"surge": step or 1}}
    if update is not None and step:
        return {"rolling": {"maxUnavailable": step, "surge": 0}}
    return {"recreate": {}} if keeps_files or update is not None else None
