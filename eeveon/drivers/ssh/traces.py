"""Who stopped what: systemd forgets a unit as soon as it rests, so the journal of the host is asked. Pure.

It is asked only of instances that rest and should not, so a host that is as it should be is still read in one trip.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.wanted import INSTANCE
from eeveon.drivers.ssh.balancers.fields import BALANCER, name_of
from eeveon.drivers.ssh.balancers.unit import unit_name
from eeveon.drivers.ssh.drift import drop_ins_of, told
from eeveon.drivers.ssh.looking import Changed, Look, should_run
from eeveon.drivers.ssh.names import Names, parts_of
from eeveon.drivers.ssh.script import complete, fill

MOST = 20  # instances that are looked up; where more rest, the first ones say enough

_ASK = r"""
journalctl -q --no-pager -o json --output-fields=MESSAGE,UNIT,USER_UNIT -n 200 _PID={pid} {units} 2>/dev/null || :
journalctl -q --no-pager -o json --output-fields=MESSAGE -n 20 -t sudo --grep 'systemctl.*eeveon-' 2>/dev/null || :
"""
_DROP_INS = r"""
for file in {paths}; do
  stat -c 'file %Y %u %U %n' -- "$file" 2>/dev/null || continue
  sed -n 's/^[[:space:]]*\(MemoryMax\|CPUQuota\|Restart\|User\)[[:space:]]*=\(.*\)/sets \1=\2/p; t
    s/^[[:space:]]*\([A-Za-z]*\)[[:space:]]*=.*/sets \1/p' -- "$file"
done
"""  # of what may hold a secret, such as Environment, the name alone
_ENDED = re.compile(r"Stopped|Deactivated|exited|Failed|Killing|killed", re.IGNORECASE)
_SUDO = re.compile(r"^\s*(\S+) : .*COMMAND=(.*)$")


def resting_unit(names: Names, look: Look, item: ObservedObject) -> str | None:
    """The unit of an object that rests and should not; None for all others."""
    if item.condition is not Condition.STOPPED:
        return None
    if item.id.kind == BALANCER:
        return unit_name(names, name_of(item.id))
    if item.id.kind == INSTANCE and should_run(look, unit := _unit_of_instance(names, item)):
        return unit
    return None


def script(names: Names, units: Iterable[str]) -> str:
    """The script that asks what became of these units."""
    field, pid = ("USER_UNIT", "1") if names.manager == "user" else ("UNIT", "1")
    if names.manager == "user":  # its manager is not the first process
        return complete(fill(_ASK.replace("_PID={pid} ", ""), units=[f"{field}={unit}" for unit in units]))
    return complete(fill(_ASK, pid=pid, units=[f"{field}={unit}" for unit in units]))


def traces(stdout: str) -> Mapping[str, str]:
    """Unit → when it ended, and by whose command if the journal tells."""
    found: dict[str, str] = {}
    commands: list[tuple[datetime, str]] = []
    ends: dict[str, tuple[datetime, str]] = {}
    for line in stdout.split("\n"):
        entry = json.loads(line) if line.startswith("{") else {}
        message = entry.get("MESSAGE")
        if not isinstance(message, str):
            continue
        at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1_000_000, UTC)
        unit = entry.get("UNIT") or entry.get("USER_UNIT")
        if unit and _ENDED.search(message):
            ends[unit] = (at, message)
        elif (said := _SUDO.match(message)) is not None:
            commands.append((at, f"{said[1]} with `sudo {said[2].rpartition('/')[2]}`"))
    for unit, (at, message) in ends.items():
        short = unit.partition("@")[0]
        by = [who for when, who in commands if short in who and abs((at - when).total_seconds()) < 120]
        word = "stopped" if re.search("Stopped|Deactivated", message) else "ended"
        found[unit] = f"{word} {at:%Y-%m-%d %H:%M:%S} UTC" + (f" by {by[-1]}" if by else "")
    return found


def script_of_drop_ins(paths: Iterable[str]) -> str:
    """The script that asks what these drop-ins set, and whose they are."""
    return complete(fill(_DROP_INS, paths=list(paths)))


def drop_ins(stdout: str, clock: int) -> Mapping[str, str]:
    """Path of a drop-in → who wrote it and when, and what it sets."""
    found: dict[str, str] = {}
    path = ""
    for line in stdout.split("\n"):
        kind, _, rest = line.partition(" ")
        if kind == "file":
            at, uid, user, path = rest.split(" ", 3)
            found[path] = told(Changed(path=path, at=int(at), uid=int(uid), user=user), clock)
        elif kind == "sets" and path:
            found[path] += f"{' and' if ', sets ' in found[path] else ', sets'} {rest}"
    return found


def with_drop_ins(items: Iterable[ObservedObject], known: Mapping[str, str]) -> tuple[ObservedObject, ...]:
    """The objects, each with what is known of its drop-ins."""
    return tuple(
        replace(item, trace="; ".join(filter(None, (item.trace, *(known.get(path, "") for path in paths)))))
        if (paths := drop_ins_of(item))
        else item
        for item in items
    )


def with_ends(items: Iterable[ObservedObject], known: Mapping[ObjectId, str]) -> tuple[ObservedObject, ...]:
    """The objects, each with what is known of its end."""
    return tuple(
        replace(item, trace="; ".join(filter(None, (item.trace, known[item.id]))))
        if item.id in known
        else item
        for item in items
    )


def _unit_of_instance(names: Names, item: ObservedObject) -> str:
    parts = parts_of(item.id)
    assert parts is not None, "it was seen by its name"
    return names.unit(parts.service, parts.revision, parts.ordinal)
