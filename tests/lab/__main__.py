"""`python -m tests.lab up [--hosts N]|down|env|kubernetes`: the lab by hand, for tutorials and benchmarks.

It lies in EEVEON_LAB. `kubernetes` serves a fake cluster until it is interrupted and first says where its kubeconfig is.
"""

import os
import shlex
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.lab.hosts import USERS
from tests.lab.kubernetes.lab import kubernetes
from tests.lab.lab import Lab
from tests.lab.requirements import missing_for_engine, missing_for_hosts, missing_for_registry
from tests.lab.waiting import LabError

USAGE = """usage: python -m tests.lab up [--hosts N]|down|env|kubernetes
(EEVEON_LAB names the folder; engine and registry run in it, and a fake cluster keeps its kubeconfig there)
"""


def main(arguments: list[str]) -> int:
    """Exit status 0 when done, 1 when it did not work, 2 for a wrong command."""
    folder = os.environ.get("EEVEON_LAB") or f"{tempfile.gettempdir()}/eeveon-lab"
    lab = Lab(Path(folder))
    match arguments:
        case ["up"]:
            return _up(lab)
        case ["up", "--hosts", count] if count.isdigit():
            return _up(lab, hosts=int(count))
        case ["kubernetes"]:
            _serve_kubernetes(Path(folder) / "kubernetes")
            return 0
        case ["down"]:
            lab.down()
            return 0
        case ["env"]:
            return _env(lab)
        case _:
            sys.stderr.write(USAGE)
            return 2


def _up(lab: Lab, hosts: int = 0) -> int:
    missing = missing_for_engine() or missing_for_registry() or (missing_for_hosts() if hosts else None)
    if missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    try:
        lab.up()
        if hosts:
            lab.hosts.up(hosts)
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _print_environment(lab)
    return 0


def _serve_kubernetes(folder: Path) -> None:
    """Serve a fake cluster until interrupted."""
    folder.mkdir(parents=True, exist_ok=True)
    with kubernetes(folder) as running, suppress(KeyboardInterrupt):
        sys.stdout.write(f"export KUBECONFIG={shlex.quote(str(running.kubeconfig))}\n")
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.pause()


def _env(lab: Lab) -> int:
    if not lab.engine.answers():
        sys.stderr.write(f"no lab is up in {lab.folder}; start one with `python -m tests.lab up`\n")
        return 1
    _print_environment(lab)
    return 0


def _print_environment(lab: Lab) -> None:
    for name, value in lab.environment().items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    for host in lab.hosts.all():
        options = f"-i {lab.hosts.key} -o UserKnownHostsFile={lab.hosts.known_hosts}"
        sys.stdout.write(f"# {host.name}: ssh {options} root@{host.address}   (or {', '.join(USERS[1:])})\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
