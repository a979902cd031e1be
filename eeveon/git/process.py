"""Runs git. Every outside string comes behind `--end-of-options` or `--`, and no hook or user setting takes part."""

import os
import subprocess
from pathlib import Path

from eeveon.errors import RepositoryError

_TIMEOUT = 60  # seconds; a status of a huge working tree on a cold disk


def git(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints.

    Raises:
        RepositoryError: with git's own words.
    """
    command = [
        "git",
        "-C",
        str(root),
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
        *arguments,
    ]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, timeout=_TIMEOUT, check=False, env=environment
        )
    except FileNotFoundError as error:
        raise RepositoryError("git is not installed", hint="install git and try again") from error
    except subprocess.TimeoutExpired as error:
        raise RepositoryError(f"git {arguments[0]} in {root} took longer than {_TIMEOUT} s") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise RepositoryError(f"git {arguments[0]} in {root}: {said}")
    return done.stdout
