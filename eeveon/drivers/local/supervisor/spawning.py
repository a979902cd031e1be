"""Starts one process and knows whether its program was really loaded.

The child reports through a pipe that a successful exec closes; so "no such file" comes back to whoever asked, as
text, and is not a process that ended with status 127.
"""

import grp
import os
import pwd
import resource
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OPEN_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)  # as this process found it; its children get it back


class CannotStart(Exception):  # noqa: N818 — says what happened, as the tree in errors.py does
    """The process was not started; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A process to start: everything that it will see."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    directory: str
    output: int  # an open file
    user: str | None = None
    memory: int | None = None  # bytes of data, where no cgroup limits them
    cgroups: tuple[str, ...] = ()


def spawn(launch: Launch) -> int:
    """The process id of a program that was loaded, first of a session of its own. Raises CannotStart."""
    account = _account(launch.user)
    if not launch.command:
        raise CannotStart("there is no command to run")
    ear, mouth = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            _become(launch, account, mouth)
    except OSError:
        os.close(ear)
        raise
    finally:
        os.close(mouth)
    with os.fdopen(ear, "rb") as report:
        complaint = report.read().decode(errors="replace")
    if complaint:
        os.waitpid(pid, 0)
        raise CannotStart(complaint)
    return pid


def _account(user: str | None) -> pwd.struct_passwd | None:
    if user is None:
        return None
    try:
        return pwd.getpwnam(user)
    except KeyError:
        raise CannotStart(f"there is no user {user} on this machine") from None


def _become(launch: Launch, account: pwd.struct_passwd | None, mouth: int) -> None:
    """Turn this child into the program. Never returns."""
    doing = "prepare the process"
    try:
        os.setsid()
        _standard_files(launch.output)
        _limit(launch)
        doing = f"enter the working directory {launch.directory}"
        os.chdir(launch.directory)
        doing = "become the user"
        if account is not None:
            _change_user(account)
        doing = f"run {launch.command[0]}"
        os.execvpe(launch.command[0], launch.command, launch.env)  # noqa: S606 — no shell is what is wanted
    except OSError as error:
        os.write(mouth, f"cannot {doing}: {error.strerror}".encode())
    except ValueError as error:  # a NUL byte in an argument or a variable
        os.write(mouth, f"cannot {doing}: {error}".encode())
    finally:
        os._exit(127)


def _standard_files(output: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # the interpreter ignores them, and exec would keep that
        signal.signal(number, signal.SIG_DFL)


def _limit(launch: Launch) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, OPEN_FILES)
    if launch.memory is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (launch.memory, launch.memory))
    for folder in launch.cgroups:
        (Path(folder) / "cgroup.procs").write_text("0")


def _change_user(account: pwd.struct_passwd) -> None:
    if os.geteuid() == account.pw_uid:
        return
    os.setgroups(
        [item.gr_gid for item in grp.getgrall() if account.pw_name in item.gr_mem] + [account.pw_gid]
    )
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def describe(status: int) -> str:
    """How a process ended, from its wait status: "exited with status 1", "killed by signal 9"."""
    code = os.waitstatus_to_exitcode(status)
    return f"killed by signal {-code}" if code < 0 else f"exited with status {code}"
