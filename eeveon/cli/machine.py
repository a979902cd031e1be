"""What `doctor` looks at on this machine, without any repository."""

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from eeveon.errors import RepositoryError, StoreError
from eeveon.render.health_report import Check, Verdict
from eeveon.settings import Settings

OLDEST_PYTHON = (3, 11)
OLDEST_GIT = (2, 24)  # knows --end-of-options, behind which every name from outside stands
LITTLE_SPACE = 256 * 1024 * 1024  # bytes; the cache alone may take as much
_MEBIBYTE = 1024 * 1024


def machine_checks(known: Settings) -> Iterator[Check]:
    """Python, git, the state folder, and what is in it."""
    yield _python()
    yield _git()
    yield from _state(known.state)


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info[:2] >= OLDEST_PYTHON
    return Check(
        what="Python",
        verdict=Verdict.GOOD if good else Verdict.BAD,
        found=found,
        hint="" if good else f"EEveon needs {'.'.join(map(str, OLDEST_PYTHON))} or later",
    )


def _git() -> Check:
    from eeveon.git.process import git

    try:
        told = git(Path(), "version").decode(errors="replace").strip()
    except RepositoryError as error:
        return Check(what="git", verdict=Verdict.BAD, found=error.message, hint=error.hint)
    version = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
    good = version >= OLDEST_GIT
    return Check(
        what="git",
        verdict=Verdict.GOOD if good else Verdict.BAD,
        found=told.removeprefix("git version "),
        hint="" if good else f"EEveon needs {'.'.join(map(str, OLDEST_GIT))} or later",
    )


def _state(folder: Path) -> Iterator[Check]:
    what = "state folder"
    if not folder.exists():
        yield Check(
            what=what, verdict=Verdict.GOOD, found=f"{folder}: not there yet; the first plan makes it"
        )
        return
    problem, hint = _folder_problem(folder)
    if problem:
        yield Check(what=what, verdict=Verdict.BAD, found=f"{folder} {problem}", hint=hint)
        return
    yield Check(what=what, verdict=Verdict.GOOD, found=str(folder))
    yield _space(folder)
    yield _store(folder)
    yield _cache(folder)


def _folder_problem(folder: Path) -> tuple[str, str]:
    """What is wrong with the folder and what to do; ("", "") is nothing."""
    if not folder.is_dir():
        return "is no folder", "move it away, or set EEVEON_STATE"
    status = folder.stat()
    if status.st_uid != os.geteuid():
        return (
            f"belongs to user {status.st_uid}, not to {os.geteuid()}",
            "set EEVEON_STATE to a folder of yours",
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        return f"has the mode {mode:04o}: others can enter it", f"chmod 700 {folder}"
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return "cannot be written", f"chmod 700 {folder}"
    return "", ""


def _space(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    little = free < LITTLE_SPACE
    return Check(
        what="free space",
        verdict=Verdict.WARNING if little else Verdict.GOOD,
        found=f"{free // _MEBIBYTE} MiB",
        hint="make room where the state folder lies, or set EEVEON_STATE" if little else "",
    )


def _store(folder: Path) -> Check:
    from eeveon.store.store import FILE, Store
    from eeveon.wiring import now

    if not (folder / FILE).exists():
        return Check(what="store", verdict=Verdict.GOOD, found="not there yet")
    try:
        with Store.open(folder, now()) as store:
            store.check()
    except StoreError as error:
        return Check(what="store", verdict=Verdict.BAD, found=error.message, hint=error.hint)
    return Check(what="store", verdict=Verdict.GOOD, found="every page and reference is sound")


def _cache(folder: Path) -> Check:
    from eeveon.store.cache import FILE

    place = folder / FILE
    if not place.exists():
        return Check(what="cache", verdict=Verdict.GOOD, found="empty")
    if not os.access(place, os.R_OK | os.W_OK):
        hint = f"remove {place}; it is made anew"
        return Check(what="cache", verdict=Verdict.WARNING, found="cannot be used: no permission", hint=hint)
    return Check(what="cache", verdict=Verdict.GOOD, found=f"{place.stat().st_size / _MEBIBYTE:.1f} MiB")
