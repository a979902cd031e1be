import random
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from eeveon.store.cache import FILE, DocumentCache

VALUES = {f"key-{number}": bytes([number]) * number for number in range(50)}


def put(folder: Path, values: dict[str, bytes], version: str = "1") -> None:
    with closing(DocumentCache(folder, version)) as cache:
        cache.put_many(values)


def got(folder: Path, keys: list[str], version: str = "1") -> dict[str, bytes]:
    with closing(DocumentCache(folder, version)) as cache:
        return dict(cache.get_many(keys))


def test_what_was_put_is_got_and_nothing_else(folder: Path) -> None:
    put(folder, VALUES)
    assert got(folder, ["key-3", "unknown", "key-40"]) == {
        "key-3": VALUES["key-3"],
        "key-40": VALUES["key-40"],
    }
    assert got(folder, list(VALUES)) == VALUES
    assert got(folder, []) == {}


@settings(max_examples=30, deadline=None)
@given(
    values=st.dictionaries(st.text(max_size=8), st.binary(max_size=40), max_size=60),
    asked=st.lists(st.text(max_size=8), max_size=5),
    repeat=st.integers(1, 900),
)
def test_any_keys_and_values_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, bytes], asked: list[str], repeat: int
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    put(folder, values)
    wanted = [*asked, *list(values)[::2], *(f"absent {number}" for number in range(repeat))]
    assert got(folder, wanted) == {key: values[key] for key in wanted if key in values}


def test_few_of_many_are_found_as_well_as_all(folder: Path) -> None:
    many = {f"{number:05}": str(number).encode() for number in range(5000)}
    put(folder, many)
    some = list(many)[::5]
    assert got(folder, some) == {key: many[key] for key in some}


def test_a_value_can_be_replaced(folder: Path) -> None:
    put(folder, {"a": b"old"})
    put(folder, {"a": b"new"})
    assert got(folder, ["a"]) == {"a": b"new"}


def test_entries_of_another_version_are_not_seen_and_go_at_the_next_write(folder: Path) -> None:
    put(folder, {"a": b"1"}, version="1")
    assert got(folder, ["a"], version="2") == {}
    assert got(folder, ["a"], version="1") == {"a": b"1"}
    put(folder, {"b": b"2"}, version="2")
    assert got(folder, ["a", "b"], version="2") == {"b": b"2"}
    assert got(folder, ["a"], version="1") == {}


def test_looking_makes_no_file(folder: Path) -> None:
    assert got(folder, ["a"]) == {}
    assert not folder.exists()


def test_the_file_is_private(folder: Path) -> None:
    with closing(DocumentCache(folder, "1")) as cache:
        cache.put_many({"a": b"1"})
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_the_oldest_go_when_the_file_grows_too_large(folder: Path) -> None:
    limit = 2_000_000
    with closing(DocumentCache(folder, "1", limit=limit)) as cache:
        for batch in range(40):
            cache.put_many({f"{batch}-{number}": bytes(1000) for number in range(100)})
        newest = [f"39-{number}" for number in range(100)]
        assert cache.get_many(newest).keys() == set(newest)
        assert cache.get_many([f"0-{number}" for number in range(100)]) == {}
    assert (folder / FILE).stat().st_size < 2 * limit


def test_more_than_fits_is_no_error(folder: Path) -> None:
    with closing(DocumentCache(folder, "1", limit=1)) as cache:
        cache.put_many(VALUES)
        assert cache.get_many(list(VALUES)) == {}


def test_a_deleted_file_is_an_empty_cache(folder: Path) -> None:
    put(folder, VALUES)
    (folder / FILE).unlink()
    assert got(folder, list(VALUES)) == {}
    put(folder, VALUES)
    assert got(folder, list(VALUES)) == VALUES


@pytest.mark.parametrize("content", [b"", b"text " * 1000, b"SQLite format 3\0" + bytes(100)])
def test_a_file_that_is_no_cache_is_made_anew(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / FILE).write_bytes(content)
    assert got(folder, list(VALUES)) == {}
    put(folder, VALUES)
    assert got(folder, list(VALUES)) == VALUES


def test_a_table_of_another_shape_is_made_anew(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.execute("CREATE TABLE document (something)")
    assert got(folder, list(VALUES)) == {}
    put(folder, VALUES)
    assert got(folder, list(VALUES)) == VALUES


@pytest.mark.parametrize("seed", range(24))
def test_damage_loses_values_and_never_changes_one(folder: Path, seed: int) -> None:
    put(folder, VALUES)
    path = folder / FILE
    chance = random.Random(seed)
    broken = bytearray(path.read_bytes())
    if seed % 2:
        del broken[1 + chance.randrange(len(broken)) :]
    for _ in range(chance.choice([1, 30, 3000])):
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(broken))
    assert got(folder, list(VALUES)).items() <= VALUES.items()
    put(folder, VALUES)
    assert got(folder, list(VALUES)) == VALUES


def test_a_value_under_a_wrong_key_is_not_given(folder: Path) -> None:
    put(folder, {"a": b"1", "b": b"2"})
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.execute("UPDATE document SET key = 'c' WHERE key = 'a'")
        connection.commit()
    assert got(folder, ["a", "b", "c"]) == {"b": b"2"}


def test_a_folder_in_place_of_the_file_is_no_cache_and_no_error(folder: Path) -> None:
    (folder / FILE).mkdir(parents=True)
    put(folder, VALUES)
    assert got(folder, list(VALUES)) == {}
    assert (folder / FILE).is_dir()


def test_a_file_in_place_of_the_state_folder_is_no_cache_and_no_error(folder: Path) -> None:
    folder.write_text("")
    put(folder, VALUES)
    assert got(folder, list(VALUES)) == {}


def test_a_locked_file_keeps_what_it_has(folder: Path) -> None:
    put(folder, {"a": b"1"})
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        put(folder, {"b": b"2"})
        assert got(folder, ["a", "b"]) == {"a": b"1"}
    put(folder, {"b": b"2"})
    assert got(folder, ["a", "b"]) == {"a": b"1", "b": b"2"}


def test_processes_share_the_file(folder: Path) -> None:
    with closing(DocumentCache(folder, "1")) as one, closing(DocumentCache(folder, "1")) as other:
        one.put_many({"a": b"1"})
        other.put_many({"b": b"2"})
        assert one.get_many(["a", "b"]) == other.get_many(["a", "b"]) == {"a": b"1", "b": b"2"}
