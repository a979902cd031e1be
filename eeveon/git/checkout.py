"""The files of a commit, laid out in a folder that keeps its name: what local targets run their programs in."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eeveon.git.tree import Tree

KEPT = 3  # commits; programs that still run may have begun in an older one


def checked_out(tree: Tree, folder: Path) -> Path:
    """`folder/current`, a link that leads to the files of the tree's commit from now on.

    Laid out beside and then switched by a rename, so who looks sees one commit or the other. Raises RepositoryError.
    """
    place = folder / str(tree.commit)
    current = folder / "current"
    with _alone(folder):
        if not place.is_dir():
            partial = folder / f"{tree.commit}.new"
            shutil.rmtree(partial, ignore_errors=True)
            with tree.laid_out() as files:
                shutil.copytree(files, partial, symlinks=True)
            partial.rename(place)
        if not current.is_symlink() or current.readlink() != Path(place.name):
            fresh = folder / "current.new"
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(place.name)
            fresh.rename(current)
        os.utime(place)
        _forget_oldest(folder)
    return current


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Several environments of one repository are brought in step side by side, and share its folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_oldest(folder: Path) -> None:
    places = [item for item in folder.iterdir() if item.is_dir() and not item.is_symlink()]
    for place in sorted(places, key=lambda item: item.stat().st_mtime_ns, reverse=True)[KEPT:]:
        shutil.rmtree(place, ignore_errors=True)
