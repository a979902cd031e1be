"""`python -m benchmarks [--quick] [NAME…]`: measure all, or the named ones, and print a line for each figure."""

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.cases.clusters import cluster
from benchmarks.cases.containers import apply, observe
from benchmarks.cases.hooking import hook
from benchmarks.cases.hosts import apply_units, plan_units
from benchmarks.cases.planning import plan_1000, plan_10000, plan_cold, plan_edited
from benchmarks.cases.reaching import reach
from benchmarks.cases.reading import read
from benchmarks.cases.rendering import render
from benchmarks.cases.shipping import ship
from benchmarks.cases.starting import start
from benchmarks.costs import CannotMeasureError
from benchmarks.figures import Bench, Benchmark, line

BENCHMARKS: Mapping[str, Benchmark] = {
    "plan-1000": plan_1000,
    "plan-10000": plan_10000,
    "plan-cold": plan_cold,
    "plan-edited": plan_edited,
    "render": render,
    "start": start,
    "read": read,
    "observe": observe,
    "apply": apply,
    "ship": ship,
    "reach": reach,
    "units": plan_units,
    "hook": hook,
    "apply-units": apply_units,
    "cluster": cluster,
}


def main(arguments: list[str]) -> int:
    """Exit status 0 when everything was measured, met or missed; 1 when something broke; 2 for an unknown name."""
    names = [argument for argument in arguments if argument != "--quick"]
    if unknown := [name for name in names if name not in BENCHMARKS]:
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="eeveon-bench-"))
    try:
        broken = [name for name in names or BENCHMARKS if not _measured(name, folder, "--quick" in arguments)]
    finally:
        shutil.rmtree(folder)
    return 1 if broken else 0


def _measured(name: str, folder: Path, quick: bool) -> bool:
    """Print the figures of one benchmark as they come; whether it ran to its end."""
    own = folder / name
    own.mkdir()
    sys.stdout.write(f"{name}\n")
    try:
        for figure in BENCHMARKS[name](Bench(folder=own, quick=quick)):
            sys.stdout.write(f"  {line(figure)}\n")
            sys.stdout.flush()
    except CannotMeasureError as broken:
        sys.stdout.write(f"  broken  {broken}\n")
        return False
    finally:
        shutil.rmtree(own)
    return True


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
