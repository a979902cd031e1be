"""The state file as each released version left it, as SQL text: what upgrading is tested from.

`python -m tests.store.versions` writes the file of the present version, when a migration was added.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from eeveon.core.access import Right
from eeveon.core.outcome import Ending
from eeveon.core.pause import Pause
from eeveon.store.schema import APPLICATION_ID, SCHEMA
from eeveon.store.store import FILE, Store
from tests.store.nouns import ALICE, BOB, NOW, SCOPE, TTL, a_plan, a_step, after, arrival, beginning

FOLDER = Path(__file__).parent / "shapes"


def fill(folder: Path) -> None:
    """One finished apply, one that is under way, a lease, a saved plan."""
    with Store.open(folder, NOW) as store:
        first, second = a_plan("1", a_step("web")), a_plan("2", a_step("api"))
        lease = store.leases.acquire(SCOPE, ALICE, NOW, TTL)
        store.journal.begin(beginning("apply-1", first, lease.fence))
        for action in first.actions:
            store.journal.intend("apply-1", action.index, str(action.effect), after(1))
            store.journal.done("apply-1", action.index, "healthy", after(2))
        store.journal.finish("apply-1", Ending.SUCCESS, "", after(3))
        store.leases.release(lease, after(3))
        lease = store.leases.acquire(SCOPE, BOB, after(10), TTL)
        store.journal.begin(beginning("apply-2", second, lease.fence, after(10)))
        store.journal.intend("apply-2", 0, str(second.actions[0].effect), after(11))
        store.inbox.put_many([arrival("done-1", "shop/a"), arrival("waiting-1", "shop/b")], after(11))
        store.inbox.done([store.inbox.waiting("shop/a")[0].number], "apply-1", after(11))
        store.pauses.put(SCOPE, Pause(service=None, since=after(11), by="alice@desk", why="fair"))
        store.approvals.put(SCOPE, "plan-3", "alice@desk", after(12))
        store.tokens.make("alice", {Right.READ}, (), "", after(12), after(60))
        store.plans.save(SCOPE, "plan-3", '{"id":"plan-3"}', after(12))


def dump(path: Path) -> str:
    """The whole file as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        head = [f"PRAGMA application_id = {APPLICATION_ID};", f"PRAGMA user_version = {version};"]
        return "\n".join([*head, *connection.iterdump()]) + "\n"


def load(version: int, folder: Path) -> Path:
    """A state folder whose file is as that version left it; the path of the file."""
    folder.mkdir(mode=0o700)
    path = folder / FILE
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript((FOLDER / f"v{version}.sql").read_text())
    return path


def shape(path: Path) -> list[str]:
    """Every table and index, as it was declared."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        return sorted(" ".join(row[0].split()) for row in rows)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name))
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"v{SCHEMA.version}.sql").write_text(dump(Path(name) / FILE))
    sys.exit(0)
