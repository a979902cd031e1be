"""Memory and CPU limits by control groups, version 2 or 1, where this user can make one.

A group is made below our own one, so that the limits we are under hold for what we start as well. Under version 2
that is possible only in a group that hands its controllers down; the nearest one above us that does is taken.
"""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PERIOD = 100_000  # microseconds; the kernel's own default for a CPU quota


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A group in which another can be made, and the version of its files."""

    folder: Path
    version: int


def place_for(controller: str) -> Place | None:
    """Where a group with this controller ("memory", "cpu") can be made; None where we may not."""
    groups = _own_groups()
    for mount, version, options in _mounts():
        own = mount / groups.get(controller if version == 1 else "", "/").lstrip("/")
        if version == 1 and controller in options:
            nearest = own if own.is_dir() else mount
            if os.access(nearest, os.W_OK):
                return Place(folder=nearest, version=1)
        elif version == 2:
            for folder in (own, *own.parents):
                if folder.is_relative_to(mount) and _hands_down(folder, controller):
                    return Place(folder=folder, version=2)
    return None


def _hands_down(folder: Path, controller: str) -> bool:
    try:
        given = (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return controller in given and os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK)


def _own_groups() -> dict[str, str]:
    """Our own group by controller; "" is that of version 2."""
    groups = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        groups.update(dict.fromkeys(controllers.split(","), path))
    return groups


def _mounts() -> list[tuple[Path, int, list[str]]]:
    """Each mounted hierarchy: its folder, its version, its controllers (version 1); version 2 first."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in {"cgroup", "cgroup2"}:
            found.append((Path(left.split()[4]), 2 if kind == "cgroup2" else 1, options.split(",")))
    return sorted(found, key=lambda item: -item[1])


def make_groups(name: str, memory: int | None, cpu_millis: int | None) -> tuple[str, ...]:
    """The groups that hold these limits, made; a limit that this machine cannot give has none."""
    made: list[str] = []
    for controller, limit in (("memory", memory), ("cpu", cpu_millis)):
        place = place_for(controller) if limit is not None else None
        if place is None or limit is None:
            continue
        folder = place.folder / name
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
            (_limit_memory if controller == "memory" else _limit_cpu)(folder, place.version, limit)
            made.append(str(folder))
    return tuple(dict.fromkeys(made))


def limits_memory(groups: tuple[str, ...]) -> bool:
    """Whether one of these groups limits memory."""
    return any(
        (Path(group) / file).exists() for group in groups for file in ("memory.max", "memory.limit_in_bytes")
    )


def _limit_memory(folder: Path, version: int, limit: int) -> None:
    (folder / ("memory.max" if version == 2 else "memory.limit_in_bytes")).write_text(str(limit))
    swap, value = ("memory.swap.max", "0") if version == 2 else ("memory.memsw.limit_in_bytes", str(limit))
    with suppress(OSError):  # a kernel that does not count swap has no such file
        if (folder / swap).exists():
            (folder / swap).write_text(value)


def _limit_cpu(folder: Path, version: int, millis: int) -> None:
    quota = millis * PERIOD // 1000
    if version == 2:
        (folder / "cpu.max").write_text(f"{quota} {PERIOD}")
    else:
        (folder / "cpu.cfs_period_us").write_text(str(PERIOD))
        (folder / "cpu.cfs_quota_us").write_text(str(quota))


def ran_out_of_memory(groups: tuple[str, ...]) -> bool:
    """Whether the kernel killed a process of one of these groups for its memory."""
    for group in groups:
        for file in ("memory.events", "memory.oom_control"):
            with suppress(OSError):
                words = dict(line.split(None, 1) for line in (Path(group) / file).read_text().splitlines())
                if int(words.get("oom_kill", "0")) > 0:
                    return True
    return False


def kill_members(groups: tuple[str, ...]) -> None:
    """Kill every process that is in one of these groups, also those that left the process group."""
    for group in groups:
        with suppress(OSError):
            for pid in (Path(group) / "cgroup.procs").read_text().split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)


def remove_groups(groups: tuple[str, ...]) -> bool:
    """Remove the groups; False while a process is still leaving one of them."""
    gone = True
    for group in groups:
        try:
            Path(group).rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            gone = False
    return gone
