"""Runs git. Every outside string comes behind `--end-of-options` or `--`, and no hook or user setting takes part."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from eeveon.errors import RepositoryError

_TIMEOUT = 60  # seconds; a status of a huge working tree on a cold disk
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_LOCAL: Mapping[str, str] = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
_AFAR: Mapping[str, str] = {
    **_LOCAL,
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",  # never ext::, which runs programs
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",  # answers with nothing, so that what needs a password fails at once
    "SSH_ASKPASS": "true",
    "GIT_LFS_SKIP_SMUDGE": "1",
}
_ELSEWHERE = frozenset(  # what Git runs a hook with: it would be the hook's repository that is read
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_PREFIX",
        "GIT_OBJECT_DIRECTORY",
        "GIT_NAMESPACE",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_GRAFT_FILE",
        "GIT_SHALLOW_FILE",
        "GIT_CONFIG",
        "GIT_QUARANTINE_PATH",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_REPLACE_REF_BASE",
    }
)
_BATCH_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=15"


def git(root: Path, *arguments: str, given: bytes = b"", good: tuple[int, ...] = (0,)) -> bytes:
    """What git prints. `good` are the exit statuses with which it did what was asked.

    Raises:
        RepositoryError: with git's own words.
    """
    done = _run(["git", "-C", str(root), *_QUIET, *arguments], dict(_LOCAL), given, _TIMEOUT)
    if done.returncode not in good:
        raise RepositoryError(f"git {arguments[0]} in {root}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def git_afar(root: Path, *arguments: str, seconds: float, environment: Mapping[str, str] = {}) -> bytes:
    """What git prints when it talks to another machine: nothing is asked of a person, and it ends in time.

    Credential helpers and keys of the user take part, for that is how git is let in, and what `environment` says.

    Raises:
        RepositoryError: with git's own words.
    """
    known = {**_AFAR, "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", _BATCH_SSH), **environment}
    options = (
        *("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30"),
        *("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "fetch.recurseSubmodules=false"),
        *("-c", "credential.interactive=false"),
    )
    done = _run(["git", "-C", str(root), *_QUIET, *options, *arguments], known, b"", seconds)
    if done.returncode != 0:
        raise RepositoryError(
            _words(done.stderr) or f"git {arguments[0]} ended with status {done.returncode}"
        )
    return done.stdout


def alone(
    command: list[str], environment: Mapping[str, str], *, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """How a command ended that is not to know the user's own settings. Raises RepositoryError if it is not there."""
    return _run(command, {**_LOCAL, **environment}, b"", seconds)


def _run(
    command: list[str], environment: Mapping[str, str], given: bytes, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """The command as it ended. In a group of its own, so that what it started (ssh, a transport) ends with it."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**_inherited(), **environment},
            start_new_session=True,
        )
    except FileNotFoundError as error:
        name = command[0]
        raise RepositoryError(f"{name} is not installed", hint=f"install {name} and try again") from error
    with process:
        try:
            said, complaint = process.communicate(given, timeout=seconds)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise RepositoryError(f"git took longer than {seconds:g} s in {command[2]}") from error
            raise
    return subprocess.CompletedProcess(command, process.returncode, said, complaint)


def _inherited() -> dict[str, str]:
    """Our own environment, without what names a repository in the place of the folder that was asked for."""
    return {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}


def _words(stderr: bytes) -> str:
    """Git's own words in one line, without what it says of its own accord."""
    lines = [line.removeprefix("fatal: ").strip() for line in stderr.decode(errors="replace").splitlines()]
    return " ".join(line for line in lines if line)
