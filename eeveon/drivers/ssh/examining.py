"""Whether a host has what it needs for the services that are placed on it: one look, and a remark for each thing."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from eeveon.core.desired import Target, Workload
from eeveon.drivers.base import Remark
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.names import Names
from eeveon.drivers.ssh.script import complete, fill, rooted
from eeveon.errors import TargetError

OLDEST_SYSTEMD = 240  # knows Type=exec, which tells a program that cannot be started from one that ended
SKEW = 5.0  # seconds between two clocks that nobody minds
LITTLE = 64 * 1024  # KiB; releases and logs need more sooner or later
PATIENCE = timedelta(seconds=30)
TOOLS = (
    "flock",
    "sha256sum",
    "stat",
    "tail",
    "sed",
    "grep",
    "cmp",
    "date",
    "timeout",
    "journalctl",
    "systemd-run",
)
LIMITS = {"cpu": "CPUQuota", "memory": "MemoryMax"}

_LOOK = r"""
say() { printf '%s=%s\n' "$1" "$2"; }
say clock "$(date +%s)"
say user "$(id -un)"
say systemd "$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')"
say manager "$(systemctl {manager} is-system-running 2>&1)"
for tool in {tools}; do command -v "$tool" >/dev/null 2>&1 || say missing "$tool"; done
for tool in podman docker haproxy nginx; do command -v "$tool" >/dev/null 2>&1 && say has "$tool"; done
say controllers "$(cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null || ls /sys/fs/cgroup 2>/dev/null | tr '\n' ' ')"
folder={root}; while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
[ ! -w "$folder" ] || say writes yes
set -- $(df -Pk "$folder" 2>/dev/null | tail -n 1); say free "${4-}"
[ ! -e "/var/lib/systemd/linger/$(id -un)" ] || say lingers yes
:
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the services of an environment ask of every host of a target."""

    containers: bool
    limits: frozenset[str]
    balancers: Mapping[str, frozenset[str]]  # software → names of hosts; none are all


def needs_of(target: Target, workloads: Iterable[Workload]) -> Needs:
    """What these services ask."""
    mine = [workload for workload in workloads if workload.target == target.name]
    limits = {"cpu" for item in mine if item.resources.cpu_millis}
    limits |= {"memory" for item in mine if item.resources.memory_bytes}
    return Needs(
        containers=any(item.image is not None for item in mine),
        limits=frozenset(limits),
        balancers={item.software: frozenset(item.hosts) for item in target.balancers},
    )


def examine(names: Names, line: Line, needs: Needs, now: datetime) -> Iterator[Remark]:
    """Everything that is to be said of one host; the first thing says whether it answers."""
    script = complete(fill(_LOOK, manager=names.manager_option, tools=TOOLS, root=rooted(names.root)))
    host = line.host
    try:
        output = line.read(script, PATIENCE)
    except TargetError as error:
        found = error.message.removeprefix(f"{host}: ")
        yield Remark(place=host.name, verdict="unreachable", found=found, hint=error.hint)
        return
    facts = _facts(output.stdout)
    problems = [*_problems(names, facts), *_tools(facts, needs, host.name)]
    yield from (Remark(place=host.name, verdict="bad", found=found, hint=hint) for found, hint in problems)
    warnings = list(_warnings(names, facts, needs, now))
    yield from (
        Remark(place=host.name, verdict="warning", found=found, hint=hint) for found, hint in warnings
    )
    if not problems and not warnings:
        version, user = facts["systemd"][0], facts["user"][0]
        yield Remark(place=host.name, verdict="good", found=f"systemd {version}, as {user}")


def _facts(stdout: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^([a-z]+)=(.*)$", stdout, re.MULTILINE):
        found.setdefault(key, []).append(value.strip())
    return found


_Said = Iterator[tuple[str, str]]  # what is found, and what to do


def _problems(names: Names, facts: Mapping[str, list[str]]) -> _Said:
    version = facts["systemd"][0]
    if not version.isdigit():
        yield "there is no systemd", "only hosts that run systemd can be targets"
    elif int(version) < OLDEST_SYSTEMD:
        yield f"systemd {version} is too old", f"{OLDEST_SYSTEMD} or later is needed"
    state = facts["manager"][0]
    if "bus" in state or state in {"offline", "unknown"}:
        hint = (
            "loginctl enable-linger there, and log in again"
            if names.manager == "user"
            else "is it a container?"
        )
        yield f"systemd does not answer: {state}", hint
    if "writes" not in facts:
        yield f"{names.root} cannot be written", "correct `root` of the target, or make it writable"


def _tools(facts: Mapping[str, list[str]], needs: Needs, host: str) -> _Said:
    has = facts.get("has", [])
    for tool in facts.get("missing", []):
        yield (
            f"{tool} is missing",
            "install it: it is part of coreutils, util-linux, grep, sed, diffutils or systemd",
        )
    if needs.containers and "podman" not in has and "docker" not in has:
        yield "neither podman nor docker is installed, and a service has an `image`", "install one of them"
    for software, hosts in needs.balancers.items():
        if software not in has and (not hosts or host in hosts):
            yield f"{software} is not installed, and a LoadBalancer wants it", f"install {software}"


def _warnings(names: Names, facts: Mapping[str, list[str]], needs: Needs, now: datetime) -> _Said:
    if names.manager == "user" and "lingers" not in facts:
        user = facts["user"][0]
        yield f"units end with the last login of {user}", f"loginctl enable-linger {user}"
    ahead = int(facts["clock"][0]) - now.timestamp()
    if abs(ahead) > SKEW:
        yield (
            f"its clock is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}",
            "let it follow a time server",
        )
    known = facts["controllers"][0].replace(",", " ").split()
    for name in sorted(needs.limits - set(known)):
        yield (
            f"`{LIMITS[name]}` has no effect there: control groups have no {name} controller",
            "see cgroups(7)",
        )
    free = facts["free"][0]
    if free.isdigit() and int(free) < LITTLE:
        yield f"{int(free) // 1024} MiB are free where EEveon keeps its files", "make room"
