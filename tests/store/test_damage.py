"""A damaged, foreign, newer, empty or locked file gives an error in words, and never another plan than was saved."""

import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from eeveon.core.names import ServiceName, TargetName
from eeveon.errors import EEveonError, StoreError, UsageError
from eeveon.store.schema import SCHEMA
from eeveon.store.store import FILE, Store
from tests.store.child import start
from tests.store.nouns import BOB, NOW, SCOPE, TTL, a_plan, a_step, after, arrival, beginning
from tests.store.versions import fill

SAVED = '{"id":"plan-3"}'


@pytest.fixture
def path(folder: Path) -> Path:
    """The state file of a store that was used and closed."""
    fill(folder)
    return folder / FILE


def refusal(path: Path) -> StoreError:
    with pytest.raises(StoreError) as refused, Store.open(path.parent, NOW):
        pass
    assert str(path) in refused.value.message
    assert refused.value.hint
    return refused.value


def use(folder: Path) -> list[str]:
    """Everything that commands do with a store; what was found of saved plans."""
    plan = a_plan("9", a_step("web"))
    with Store.open(folder, NOW) as store:
        store.generation(SCOPE)
        store.scopes.targets_seen(SCOPE)
        store.history.records(SCOPE, 9, NOW)
        store.history.running(SCOPE, NOW)
        store.history.last_good(SCOPE, ServiceName("web"), TargetName("edge"), NOW)
        texts = [store.plans.find("plan-3").text, store.history.plan_text("apply-1")]
        store.plans.save(SCOPE, "plan-9", "{}", NOW)
        lease = store.leases.acquire(SCOPE, BOB, after(1000), TTL)
        store.journal.begin(beginning("apply-9", plan, lease.fence, after(1000)))
        store.journal.intend("apply-9", 0, "run it", after(1001))
        waiting = [errand.number for errand in store.inbox.waiting("shop/b")]
        store.inbox.put_many([arrival("waiting-1", "shop/b"), arrival("new-1", "shop/b")], after(1001))
        store.inbox.failed(waiting, "no answer", after(1002), lambda _: timedelta(seconds=1))
        store.inbox.events(9)
        store.inbox.next_due()
        store.inbox.retry("waiting-1", after(1003))
        store.inbox.prune(after(2000), after(2000))
    return texts


def test_a_sound_file_is_used_in_full(path: Path) -> None:
    assert use(path.parent)[0] == SAVED


@pytest.mark.parametrize("seed", range(24))
def test_flipped_bytes_give_an_error_in_words_or_the_plans_that_were_saved(path: Path, seed: int) -> None:
    sound = path.read_bytes()
    expected = use(shutil.copytree(path.parent, path.parent.parent / "sound"))
    chance = random.Random(seed)
    for _ in range(5):
        broken = bytearray(sound)
        for _ in range(chance.choice([1, 1, 20, 400])):
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        check(path, bytes(broken), expected)


@pytest.mark.parametrize("seed", range(12))
def test_a_torn_page_gives_an_error_in_words_or_the_plans_that_were_saved(path: Path, seed: int) -> None:
    sound = path.read_bytes()
    expected = use(shutil.copytree(path.parent, path.parent.parent / "sound"))
    chance = random.Random(seed)
    at = 512 * chance.randrange(len(sound) // 512)
    filler = chance.choice([bytes(512), chance.randbytes(512), sound[:512]])
    check(path, sound[:at] + filler + sound[at + 512 :], expected)


def check(path: Path, content: bytes, expected: list[str]) -> None:
    """With this content, using the store raises an error of ours or gives exactly the expected texts."""
    for leftover in path.parent.iterdir():
        leftover.unlink()
    path.write_bytes(content)
    with suppress(EEveonError):
        assert use(path.parent) == expected


@pytest.mark.parametrize("kept", [1, 15, 16, 99, 100, 512, 4095, 4096, 4097, 12_288, 40_000])
def test_a_cut_off_file_is_refused(path: Path, kept: int) -> None:
    os.truncate(path, kept)
    assert "is damaged" in refusal(path).message


def test_an_empty_file_is_not_taken_for_a_new_one(path: Path) -> None:
    os.truncate(path, 0)
    error = refusal(path)
    assert error.message == f"the state file {path} is damaged: it is empty"
    assert "move eeveon.db, eeveon.db-wal and eeveon.db-shm away" in error.hint
    assert "only history, saved plans and leases are lost" in error.hint


def test_a_text_file_is_refused(path: Path) -> None:
    path.write_text("apiVersion: eeveon/v2\n" * 100)
    assert "file is not a database" in refusal(path).message


def test_a_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    before = path.read_bytes()
    assert "it is not a database of EEveon" in refusal(path).message
    assert path.read_bytes() == before


def test_a_folder_in_its_place_is_refused(path: Path) -> None:
    path.unlink()
    path.mkdir()
    assert "cannot be opened for writing" in refusal(path).message


def test_a_file_in_place_of_the_state_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    refusal(tmp_path / "state" / FILE)


def test_a_file_of_a_newer_eeveon_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1000")
    error = refusal(path)
    assert f"was written by a newer EEveon (schema 1000; this one knows {SCHEMA.version})" in error.message
    assert "upgrade EEveon" in error.hint


def test_a_file_without_a_version_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 0")
    assert "its schema version is 0" in refusal(path).message


def test_a_log_without_its_file_is_not_played_into_a_new_one(path: Path) -> None:
    path.unlink()
    path.with_name(f"{FILE}-wal").write_bytes(b"frames")
    error = refusal(path)
    assert error.message.endswith("is missing, but eeveon.db-wal still holds its last changes")
    assert not path.exists()


def test_the_log_of_a_killed_process_is_played_even_if_its_end_is_torn(path: Path) -> None:
    start("leave", path.parent).communicate(timeout=60)
    log = path.with_name(f"{FILE}-wal")
    os.truncate(log, log.stat().st_size - 2000)
    with Store.open(path.parent, NOW) as store:
        store.check()
        assert store.generation(SCOPE) in {2, 3}
        assert store.plans.find("plan-3").text == SAVED


def test_a_locked_file_is_refused_after_a_while_and_can_still_be_read(path: Path) -> None:
    holder = start("hold", path.parent)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    with Store.open(path.parent, NOW, patience=timedelta(seconds=0.1)) as store:
        with pytest.raises(StoreError, match="is locked by another program") as refused:
            store.leases.break_lease(SCOPE, BOB, NOW)
        assert "run the command again" in refused.value.hint
        assert store.generation(SCOPE) == 2
        holder.communicate("go\n", timeout=60)
        assert store.leases.break_lease(SCOPE, BOB, NOW) is not None


def test_a_full_disk_is_said_and_nothing_is_half_written(path: Path) -> None:
    with Store.open(path.parent, NOW) as store:
        pages = store._database._connection.execute("PRAGMA page_count").fetchone()[0]
        store._database._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match=r"the disk of the state file .* is full"):
            store.plans.save(SCOPE, "plan-big", "x" * 100_000, NOW)
        store.plans.save(SCOPE, "plan-small", "x", NOW)
        with pytest.raises(UsageError):
            store.plans.find("plan-big")
        store.check()


def test_a_write_that_the_system_refuses_is_said_and_nothing_is_half_written(path: Path) -> None:
    told, _ = start("cramped", path.parent).communicate(timeout=60)
    assert told.startswith(f"StoreError: the state file {path} cannot be read or written: disk I/O error")
    with Store.open(path.parent, NOW) as store:
        store.check()
        with pytest.raises(UsageError):
            store.plans.find("plan-big")


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o755, 0o444), (0o755, 0o000), (0o000, 0o600)])
def test_a_file_that_this_user_may_not_write_is_refused(folder_mode: int, file_mode: int) -> None:
    with tempfile.TemporaryDirectory() as name:  # unlike pytest's, one that other users may pass through
        Path(name).chmod(0o755)
        folder = Path(name) / "state"
        fill(folder)
        (folder / FILE).chmod(file_mode)
        folder.chmod(folder_mode)
        told, _ = start("stranger", folder).communicate(timeout=60)
        folder.chmod(0o700)
    assert told.startswith("StoreError: the state ")
    assert str(folder) in told


def test_a_number_that_became_a_text_is_damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'STRICT', '') WHERE name = 'scope'")
        connection.commit()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE scope SET fence = 'two'")
        connection.commit()
    with Store.open(path.parent, NOW) as store:
        with pytest.raises(StoreError, match="a number is not one"):
            store.leases.acquire(SCOPE, BOB, after(1000), TTL)
        with pytest.raises(StoreError, match="a number is not one"):
            store.journal.done("apply-2", 0, "", after(1000))


def test_a_record_that_is_missing_is_damage_and_not_a_success(store: Store) -> None:
    with pytest.raises(StoreError, match="a row is missing"):
        store.journal.done("apply-1", 0, "", NOW)


def test_a_time_without_a_zone_is_a_mistake_of_ours_and_not_damage(store: Store) -> None:
    with pytest.raises(ValueError, match="a time without a zone"):
        store.plans.save(SCOPE, "plan-1", "{}", NOW.replace(tzinfo=None))


def spoil_page(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET rootpage = 3 WHERE name = 'step'")


def orphan_row(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM scope")


@pytest.mark.parametrize("spoil", [spoil_page, orphan_row])
def test_a_check_finds_what_no_command_has_met_yet(
    path: Path, spoil: Callable[[sqlite3.Connection], None]
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        spoil(connection)
        connection.commit()
    with Store.open(path.parent, NOW) as store, pytest.raises(StoreError, match="is damaged"):
        store.check()


def test_a_plan_that_was_altered_in_the_file_is_never_given_out(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE plan SET text = replace(text, 'plan-3', 'plan-4')")
        connection.execute("UPDATE record SET text = text || ' '")
        connection.commit()
    with Store.open(path.parent, NOW) as store:
        with pytest.raises(EEveonError, match="plan-3 is not what was saved"):
            store.plans.find("plan-3")
        with pytest.raises(EEveonError, match="the plan of record apply-1 is not what was written"):
            store.history.plan_text("apply-1")
