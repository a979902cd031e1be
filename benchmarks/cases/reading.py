"""Reading and validating 10,000 files beside parsing them, and nothing else, with PyYAML's C loader.

Both are processes of their own, `python -m benchmarks.cases.reading checked|parsed FOLDER`, with their imports.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.costs import CannotMeasureError, Cost, Errand, cpu, in_turns, run
from benchmarks.figures import Bench, Figure, Missing, as_ratio, seconds
from benchmarks.shop import make_shop

SERVICES = 10_000


def read(bench: Bench) -> Iterator[Figure | Missing]:
    """Nothing is cached, Git has no part in it."""
    specs = make_shop(bench.folder / "shop", SERVICES).repository / "specs"

    def once(what: str) -> Cost:
        command = (sys.executable, "-m", "benchmarks.cases.reading", what, str(specs))
        return run(Errand(command=command, folder=Path(__file__).parents[2], environment=os.environ))

    turns = in_turns(bench.seldom, lambda: once("checked"), lambda: once("parsed"))
    ours, theirs = turns.middle(cpu)
    yield Figure(
        what="read and validate 10,000 files, no cache: CPU",
        value=turns.ratio(cpu),
        goal=1.6,
        words=as_ratio,
        from_=f"{seconds('checked', ours)}, {seconds('CSafeLoader', theirs)}",
    )


def main(what: str, folder: Path) -> None:
    """Check or parse every file of a folder."""
    paths = sorted(folder.rglob("*.yaml"))
    if len(paths) <= SERVICES:
        raise CannotMeasureError(f"{folder} holds {len(paths)} files")
    _check(folder, paths) if what == "checked" else _parse(paths)


def _check(folder: Path, paths: list[Path]) -> None:
    from eeveon.specs.convert import Pool
    from eeveon.specs.files import check_file
    from eeveon.specs.load import SourceFile

    pool = Pool()
    for path in paths:
        source = SourceFile(path=str(path.relative_to(folder)), content=path.read_bytes())
        checked = check_file(source, pool)
        if checked.diagnostics or not checked.documents[0].sound:
            raise CannotMeasureError(f"{path} is wrong: {checked.diagnostics}")


def _parse(paths: list[Path]) -> None:
    import yaml  # type: ignore[import-untyped]  # noqa: TID251 - the peer; its stubs are one package more

    for path in paths:
        yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
