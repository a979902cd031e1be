"""Real processes for the tests of the store: each is one run of this module, started by `run` or `start`.

python -m tests.store.child COMMAND FOLDER [ARGUMENT…]
"""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

from eeveon.core.outcome import Ending
from eeveon.errors import EEveonError
from eeveon.store.database import Opening, open_database
from eeveon.store.leases import Holder
from eeveon.store.store import FILE, Store
from tests.store.nouns import ALICE, NOW, SCOPE, TTL, a_plan, a_step, after, beginning
from tests.store.upgrades import SECOND

NOBODY = 65534
ROOT = Path(__file__).parents[2]


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.child", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def race(*commands: tuple[str | Path, ...]) -> list[str]:
    """Start all, let them go at once when each is ready, and give what each printed."""
    children = [start(*command) for command in commands]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    return [child.communicate(timeout=60)[0].strip() for child in children]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_the_line() -> None:
    say("ready")
    sys.stdin.readline()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def acquire(folder: Path, name: str) -> None:
    holder = Holder(owner=name, host="desk", pid=os.getpid(), process="1", reason="race")
    with Store.open(folder, NOW) as store:
        at_the_line()
        try:
            say(f"fence {store.leases.acquire(SCOPE, holder, NOW, TTL).fence}")
        except EEveonError as error:
            say(type(error).__name__)


def create(folder: Path) -> None:
    at_the_line()
    with Store.open(folder, NOW) as store:
        store.check()
        say(str(store.generation(SCOPE)))


def upgrade(folder: Path) -> None:
    at_the_line()
    with closing(open_database(folder / FILE, Opening(now=NOW, schema=SECOND))) as database:
        database.check()
        with database.reading() as connection:
            say(str(connection.execute("SELECT sum(weight) FROM step").fetchone()[0]))


def journal(folder: Path, steps: str) -> None:
    """The writes of an apply with two actions; killed by `kill -9` after so many of them."""
    store = Store.open(folder, NOW)
    plan = a_plan("1", a_step("web"), replicas=1)
    lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    writes: list[Callable[[], object]] = [
        lambda: store.journal.begin(beginning("apply-1", plan, lease.fence)),
        lambda: store.journal.intend("apply-1", 0, "run it", after(1)),
        lambda: store.journal.done("apply-1", 0, "healthy", after(2)),
        lambda: store.journal.intend("apply-1", 1, "remove the old", after(3)),
        lambda: store.journal.failed("apply-1", 1, "no answer", after(4)),
        lambda: store.journal.finish("apply-1", Ending.FAILED, "no answer", after(5)),
    ]
    for write in writes[: int(steps)]:
        write()
    die()


def scribble(folder: Path) -> None:
    """Journal entries without end; the number of those that are on disk is said after each."""
    store = Store.open(folder, NOW)
    lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
    store.journal.begin(beginning("apply-1", a_plan("1", a_step("web")), lease.fence))
    for number in count(1):
        store.journal.intend("apply-1", 0, f"attempt {number}", NOW)
        say(str(number))


def hold(folder: Path) -> None:
    """Keep the write lock until a line comes."""
    with closing(open_database(folder / FILE, Opening(now=NOW))) as database, database.writing():
        at_the_line()


def cramped(folder: Path) -> None:
    """Save a plan that the system does not let this process write out: files may hold 200 kB."""
    with Store.open(folder, NOW) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            store.plans.save(SCOPE, "plan-big", "x" * 1_000_000, NOW)
        except EEveonError as error:
            say(f"{type(error).__name__}: {error.message}")


def stranger(folder: Path) -> None:
    """Open the store as a user who may only read it."""
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        with Store.open(folder, NOW) as store:
            store.plans.save(SCOPE, "plan-1", "{}", NOW)
    except EEveonError as error:
        say(f"{type(error).__name__}: {error.message}")


def leave(folder: Path) -> None:
    """Begin an apply and die inside of the next transaction, with all of it only in the write-ahead log."""
    database = open_database(folder / FILE, Opening(now=NOW))
    store = Store(database, lambda _holder: None)
    lease = store.leases.acquire(SCOPE, ALICE, after(1000), TTL)
    store.journal.begin(beginning("apply-9", a_plan("9", a_step("web")), lease.fence, after(1000)))
    with database.writing() as connection:
        connection.execute("UPDATE scope SET generation = 99")
        die()


COMMANDS: dict[str, Callable[..., None]] = {
    command.__name__: command
    for command in (acquire, create, upgrade, journal, scribble, hold, cramped, stranger, leave)
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
