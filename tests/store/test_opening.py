"""Making, opening and upgrading the state file."""

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from eeveon.core.outcome import ActionState, Ending
from eeveon.errors import StoreError
from eeveon.store.database import Opening, open_database
from eeveon.store.schema import SCHEMA
from eeveon.store.store import FILE, Store
from tests.store.child import ROOT, race
from tests.store.nouns import BOB, NOW, SCOPE, after
from tests.store.upgrades import BROKEN, SECOND, THIRD
from tests.store.versions import FOLDER, fill, load, shape

COPY = "eeveon.db.v1-20270301T120000Z.bak"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_and_its_files_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    with Store.open(folder, NOW) as store:
        store.plans.save(SCOPE, "plan-1", "{}", NOW)
        assert {path.name for path in folder.iterdir()} == {FILE, f"{FILE}-wal", f"{FILE}-shm"}
        assert {mode(path) for path in folder.iterdir()} == {0o600}
    assert mode(folder) == 0o700


def test_the_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "50% of #1? — ä"
    with Store.open(folder, NOW) as store:
        store.plans.save(SCOPE, "plan-1", "{}", NOW)
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_what_was_written_is_there_when_it_is_opened_again(folder: Path) -> None:
    fill(folder)
    with Store.open(folder, NOW) as store:
        assert store.generation(SCOPE) == 2


def test_processes_that_make_the_file_at_once_share_one(folder: Path) -> None:
    assert race(*[("create", folder)] * 3) == ["0", "0", "0"]
    logs = {f"{FILE}-wal", f"{FILE}-shm"}  # stay where the last two close at the same moment
    assert {path.name for path in folder.iterdir()} - logs == {FILE}


def test_opening_an_up_to_date_file_loads_neither_sqlite_utils_nor_pandas(folder: Path) -> None:
    fill(folder)
    program = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime;"
        "from eeveon.store.store import Store; from eeveon.store.cache import DocumentCache;"
        "store = Store.open(Path(sys.argv[1]), datetime(2027, 3, 1, tzinfo=UTC));"
        "DocumentCache(Path(sys.argv[1]), '1').get_many(['a']);"
        "print(sorted({'sqlite_utils', 'pandas', 'click'} & sys.modules.keys()))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"


def test_the_shape_of_every_version_is_kept(folder: Path, tmp_path: Path) -> None:
    """Fails when a migration was added without `python -m tests.store.versions`, or a released one was edited."""
    fill(folder)
    kept = load(SCHEMA.version, tmp_path / "kept")
    assert shape(kept) == shape(folder / FILE)
    assert {path.name for path in FOLDER.iterdir()} == {f"v{n}.sql" for n in range(1, SCHEMA.version + 1)}


@pytest.mark.parametrize("version", range(1, SCHEMA.version + 1))
def test_a_file_of_every_version_is_brought_forward_with_all_that_it_holds(
    folder: Path, version: int
) -> None:
    path = load(version, folder)
    with closing(sqlite3.connect(path)) as connection:
        (fence,) = connection.execute("SELECT fence FROM lease").fetchone()
    with Store.open(folder, NOW) as store:
        store.check()
        running, finished = store.history.records(SCOPE, 9, after(12))
        assert (finished.id, finished.ending) == ("apply-1", Ending.SUCCESS)
        assert {outcome.state for outcome in finished.outcomes} == {ActionState.DONE}
        assert (running.id, running.ending) == ("apply-2", Ending.RUNNING)
        lease = store.leases.holder(SCOPE)
        assert lease is not None
        assert (lease.holder, lease.fence) == (BOB, fence)
        assert store.plans.find("plan-3").text == '{"id":"plan-3"}'
        assert store.generation(SCOPE) == 2
    with Store.open(folder / "new", NOW):
        assert shape(path) == shape(folder / "new" / FILE)


def test_a_copy_of_the_older_file_is_kept_before_it_is_changed(folder: Path) -> None:
    path = load(1, folder)
    before = shape(path)
    with closing(open_database(path, Opening(now=NOW, schema=THIRD))) as database:
        database.check()
        with database.reading() as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (THIRD.version,)
            assert connection.execute("SELECT DISTINCT weight FROM step").fetchall() == [(7,)]
            assert connection.execute("SELECT purpose FROM lease").fetchall() == [("apply plan-2",)]
    copy = folder / COPY
    assert mode(copy) == 0o600
    assert shape(copy) == before != shape(path)
    copy.rename(path)
    with Store.open(folder, NOW) as store:  # the copy is a whole state file
        assert store.generation(SCOPE) == 2


def test_an_upgrade_that_fails_leaves_the_older_file_as_it_was(folder: Path) -> None:
    path = load(1, folder)
    with pytest.raises(StoreError, match="no such table: nowhere") as refused:
        open_database(path, Opening(now=NOW, schema=BROKEN))
    assert COPY in refused.value.hint
    with Store.open(folder, NOW) as store:
        store.check()
        assert store.generation(SCOPE) == 2


def test_an_older_file_that_is_damaged_is_not_upgraded(folder: Path) -> None:
    path = load(1, folder)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM scope")
        connection.commit()
    with pytest.raises(StoreError, match="a reference leads nowhere"):
        open_database(path, Opening(now=NOW, schema=SECOND))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_processes_that_upgrade_at_once_do_it_once(folder: Path) -> None:
    path = load(1, folder)
    assert race(*[("upgrade", folder)] * 3) == ["14", "14", "14"]
    assert [copy.name for copy in folder.glob("*.bak")] == [COPY]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SECOND.version,)


def test_an_upgrade_waits_no_longer_than_it_may_for_a_lock(folder: Path) -> None:
    path = load(1, folder)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another program"):
            open_database(path, Opening(now=NOW, patience=timedelta(seconds=0.1), schema=SECOND))
