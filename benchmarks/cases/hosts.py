"""Units on one Linux host by SSH: plans with nothing to do beside pyinfra and Ansible, and applies beside OpenSSH."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from benchmarks.costs import CannotMeasureError, Cost, Errand, run, several
from benchmarks.figures import Bench, Figure, Missing, as_ratio, as_seconds, seconds
from benchmarks.hosts import Fleet, fleet
from benchmarks.peers import make_ansible, make_pyinfra
from benchmarks.shop import name_of
from tests.lab.hosts import Host

FEW, MANY = 100, 1000  # units and files of ours on one host: a service has a unit and a file of variables
EACH = 2
BY_PYINFRA = (10, 100)  # operations that pyinfra runs with; what 1,000 cost is drawn on from these
BY_ANSIBLE = 10
APPLIED = 100


def plan_units(bench: Bench) -> Iterator[Figure | Missing]:
    """Plans of 100 and of 1,000 units and files of one host, beside as many template operations of the peers."""
    try:
        with fleet(3) as here:
            ours = dict(_plans(bench, here))
            yield from _beside_pyinfra(bench, here, ours)
            yield from _beside_ansible(bench, here, ours)
    except CannotMeasureError as missing:
        yield Missing(what="plan of units and files on a host", why=str(missing))


def apply_units(bench: Bench) -> Iterator[Figure | Missing]:
    """100 services from nothing, beside a script that sends each unit over one open connection and starts it."""
    what = f"apply {APPLIED} services to a host: wall"
    try:
        with fleet(2) as here:
            shop = here.make_shop(bench.folder / "shop", APPLIED, here.machines[:1])
            ours = shop.run("apply", "--yes")
            peer = run(_by_hand(here, here.machines[1], bench.folder))
    except CannotMeasureError as missing:
        yield Missing(what=what, why=str(missing))
        return
    yield Figure(
        what=what,
        value=ours.wall,
        goal=30,
        words=as_seconds,
        from_=f"{seconds('apply', ours.cpu)}; {seconds('ssh -S and systemctl start, one by one', peer.wall, '')}, "
        "without variables, sandbox, start at boot and a look whether it stays up",
    )


def _plans(bench: Bench, here: Fleet) -> Iterator[tuple[int, Cost]]:
    """What a plan costs that finds nothing to do, by the units and files on the host."""
    for count, machine in zip((FEW, MANY), here.machines, strict=False):
        shop = here.make_shop(bench.folder / f"shop-{count}", count // EACH, (machine,))
        shop.run("apply", "--yes")
        shop.run("plan")  # status 0: nothing to do
        yield count, several(bench.often, lambda shop=shop: shop.run("plan"))  # type: ignore[misc]


def _beside_pyinfra(bench: Bench, here: Fleet, ours: dict[int, Cost]) -> Iterator[Figure | Missing]:
    """100 operations as they are; 1,000 as 100 and 900 more of what one more costs."""
    machine = here.machines[2]
    try:
        few, many = (
            several(bench.seldom, make_pyinfra(here, machine, bench.folder / f"pyinfra-{count}", count).costs)
            for count in BY_PYINFRA
        )
    except CannotMeasureError as missing:
        yield Missing(what="plan of units and files beside pyinfra", why=str(missing))
        return
    each = (many.cpu - few.cpu) / (BY_PYINFRA[1] - BY_PYINFRA[0])
    for count in (FEW, MANY):
        peer = many.cpu + each * (count - BY_PYINFRA[1])
        how = "" if count == BY_PYINFRA[1] else f", drawn on from {BY_PYINFRA[0]} and {BY_PYINFRA[1]}"
        yield Figure(
            what=f"plan of {count:,} units and files on a host: CPU",
            value=ours[count].cpu / peer,
            goal=1 / 50,
            words=as_ratio,
            from_=f"{seconds('plan', ours[count].cpu)}, {seconds(f'pyinfra --dry of {count:,}', peer)}{how}",
        )


def _beside_ansible(bench: Bench, here: Fleet, ours: dict[int, Cost]) -> Iterator[Figure | Missing]:
    """Ten operations, and what one of them comes to."""
    try:
        peer = make_ansible(here, here.machines[2], bench.folder / "ansible", BY_ANSIBLE)
        each = several(bench.seldom, peer.costs).cpu / BY_ANSIBLE
    except CannotMeasureError as missing:
        yield Missing(what="plan of units and files beside Ansible", why=str(missing))
        return
    for count in (FEW, MANY):
        own = ours[count].cpu / count
        yield Figure(
            what=f"plan of {count:,} units and files on a host, each: CPU",
            value=own / each,
            goal=1 / 300,
            words=as_ratio,
            from_=f"plan {own * 1000:.2f} ms, {seconds('ansible-playbook --check --diff', each)}, of {BY_ANSIBLE}",
        )


def _by_hand(here: Fleet, host: Host, folder: Path) -> Errand:
    """Each unit sent and started by a command of its own, on the connection of the first."""
    control = folder / "control"
    ssh = shlex.join((*here.ssh("-S", str(control)), host.address))
    unit = "[Service]\\nEnvironment=LOG_LEVEL=info\\nMemoryMax=64M\\nExecStart=sleep infinity\\n"
    lines = [f"{ssh} -M -N -f"]
    for number in range(APPLIED):
        name = f"hand-{name_of(number)}.service"
        start = f"cat > /etc/systemd/system/{name} && systemctl start {name}"
        lines.append(f"printf '{unit}' | {ssh} {shlex.quote(start)}")
    script = folder / "by-hand.sh"
    script.write_text("\n".join(["set -e", *lines, f"{ssh} -O exit"]) + "\n")
    return Errand(
        command=("sh", str(script)), folder=folder, environment={"PATH": "/usr/local/bin:/usr/bin:/bin"}
    )
