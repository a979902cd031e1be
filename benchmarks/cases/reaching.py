"""Reaching Linux hosts by SSH: commands on new and on open connections beside OpenSSH, and many hosts beside one."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.costs import CannotMeasureError, Errand, cpu, in_turns, run, wall
from benchmarks.figures import Bench, Figure, Missing, as_count, as_ratio, seconds
from benchmarks.hosts import Fleet, fleet
from benchmarks.shop import Shop
from tests.lab.hosts import Host

REACHED, MACHINES = 50, 5  # hosts, and the machines that they are, each under several names
LOOKED_AT = 20
LINE = 48  # kbit/s of a slow one
ROOT = Path(__file__).parents[2]


def reach(bench: Bench) -> Iterator[Figure | Missing]:
    """The first command of 50 hosts, one more on an open connection, and the looks of a plan at 1 and at 20 hosts."""
    try:
        with fleet(MACHINES) as here:
            shops = {hosts: _shop(bench, here, hosts) for hosts in (1, LOOKED_AT, REACHED)}
            yield from _first(bench, here, shops[REACHED])
            yield _warm(bench, here, shops[1])
            yield from _looks(bench, shops[1], shops[LOOKED_AT])
            yield _slow(bench, here, shops[1], shops[LOOKED_AT])
    except CannotMeasureError as missing:
        yield Missing(what="reaching hosts", why=str(missing))


def _first(bench: Bench, here: Fleet, shop: Shop) -> Iterator[Figure]:
    """50 hosts' first command by one process of ours, and by 50 processes of OpenSSH side by side."""
    ours = Errand(command=_way("first", shop), folder=ROOT, environment=shop.environment)
    theirs = _side_by_side(bench, here)
    before = here.cpu()
    turns = in_turns(bench.often, lambda: run(ours), lambda: run(theirs))
    spent = (here.cpu() - before) / bench.often / 2
    for kind, part in (("wall", wall), ("CPU of the client", cpu)):
        own, peer = turns.middle(part)
        yield Figure(
            what=f"first command of {REACHED} hosts: {kind}",
            value=turns.ratio(part),
            goal=0.3,
            words=as_ratio,
            from_=f"{seconds('ours', own, '')}, {seconds(f'{REACHED} x ssh', peer, '')}; {MACHINES} machines, "
            f"each under {REACHED // MACHINES} names, {seconds('spend', spent)} on it, on {os.cpu_count()} cores with us",
        )


def _warm(bench: Bench, here: Fleet, shop: Shop) -> Figure:
    """One more script, by us and by `ssh -S` on a control master, in turns; both have a deadline."""
    host, control = here.machines[0], bench.folder / "control"
    with _master(here.ssh("-S", str(control)), host.address):
        peer = (*here.ssh("-S", str(control)), host.address, "timeout -k 2 60 sh -s")
        found = _measured("warm", shop, str(20 * bench.often), "--", *peer)
    ours, theirs = found["ours"], found["peer"]
    return Figure(
        what="a command on an open connection: wall",
        value=median(a / b for a, b in zip(ours, theirs, strict=True)),
        goal=1 / 3,
        words=as_ratio,
        from_=f"ours {median(ours) * 1000:.1f} ms, ssh -S {median(theirs) * 1000:.1f} ms",
    )


def _looks(bench: Bench, shop: Shop, large: Shop) -> Iterator[Figure]:
    """What a plan does: one host, and 20, on new connections; then again on the open ones."""
    one, many = (_measured("observe", each, str(bench.often)) for each in (shop, large))
    yield Figure(
        what="round trips to observe a host",
        value=max(many["trips"]),
        goal=1,
        words=as_count,
        from_="every look",
    )
    for kind, key in (("new", "first"), ("open", "later")):
        own, other = median(many[key]), median(one[key])
        yield Figure(
            what=f"observe {LOOKED_AT} hosts on {kind} connections: wall",
            value=own / other,
            goal=2.0,
            words=as_ratio,
            from_=f"{seconds(f'{LOOKED_AT} hosts', own, '')}, {seconds('one', other, '')}; {MACHINES} machines, "
            f"each under {LOOKED_AT // MACHINES} names, on {os.cpu_count()} cores with us",
        )


def _slow(bench: Bench, here: Fleet, shop: Shop, large: Shop) -> Figure:
    """The same on new connections over lines so slow that they, and not the cores of this machine, are waited for."""
    with _lines(here.machines[:1], LINE):
        one = _measured("observe", shop, str(bench.often))
    with _lines(here.machines, LINE * LOOKED_AT // MACHINES):
        many = _measured("observe", large, str(bench.often))
    own, other = median(many["first"]), median(one["first"])
    return Figure(
        what=f"observe {LOOKED_AT} hosts over slow lines: wall",
        value=own / other,
        goal=2.0,
        words=as_ratio,
        from_=f"{seconds(f'{LOOKED_AT} hosts', own, '')}, {seconds('one', other, '')}; {LINE} kbit/s each",
    )


@contextmanager
def _lines(machines: Sequence[Host], rate: int) -> Iterator[None]:
    """What the machines send comes at this rate, in kbit/s."""
    with ExitStack() as slowed:
        for machine in machines:
            slowed.enter_context(machine.slow(f"{rate}kbit"))
        yield


def _shop(bench: Bench, here: Fleet, hosts: int) -> Shop:
    """A shop on so many hosts, one after the other of the machines, again and again."""
    each = [here.machines[number % MACHINES] for number in range(hosts)]
    folder = bench.folder / f"shop-{hosts}"
    return here.make_shop(folder, 1, each)


def _side_by_side(bench: Bench, here: Fleet) -> Errand:
    names = [host.address for host in here.machines] * (REACHED // MACHINES)
    ssh = here.ssh()
    commands = [f'{shlex.join((*ssh, name, "true"))} & pids="$pids $!"' for name in names]
    script = bench.folder / "side-by-side.sh"
    script.write_text("\n".join([*commands, "for pid in $pids; do wait $pid || exit; done"]) + "\n")
    return Errand(command=("sh", str(script)), folder=bench.folder, environment=os.environ)


@contextmanager
def _master(ssh: tuple[str, ...], address: str) -> Iterator[None]:
    subprocess.run((*ssh, "-M", "-N", "-f", address), check=True, stdin=subprocess.DEVNULL, timeout=60)
    try:
        yield
    finally:
        subprocess.run((*ssh, "-O", "exit", address), check=False, capture_output=True, timeout=60)


def _way(name: str, shop: Shop, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "benchmarks.reach", name, str(shop.repository), *arguments)


def _measured(name: str, shop: Shop, *arguments: str) -> dict[str, Any]:
    """What `benchmarks.reach` measured in a process of its own."""
    command = _way(name, shop, *arguments)
    done = subprocess.run(
        command, cwd=ROOT, env=dict(shop.environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotMeasureError(f"benchmarks.reach {name}: {done.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
