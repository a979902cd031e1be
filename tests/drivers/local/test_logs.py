"""Logs are kept within bounds, read from their end, and followed across a rotation."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from eeveon.core.observed import Condition
from eeveon.drivers.local.driver import LocalDriver
from eeveon.drivers.local.logs import Following, last_lines
from eeveon.drivers.local.supervisor.rotation import rotate
from tests.drivers.contract_parts import eventually
from tests.drivers.local.world import bring, log_text, run, shell


def test_a_log_that_reaches_its_size_is_rotated_under_the_running_process(
    connect: Callable[..., LocalDriver],
) -> None:
    driver = connect(logs={"maxBytes": 2000, "files": 2})
    made = run(driver, shell("i=0; while :; do i=$((i+1)); echo line $i; sleep 0.002; done"))
    current = driver.client.folder.log(driver.scope, made.id.name)
    older = driver.client.folder.log(driver.scope, made.id.name, 1)
    assert eventually(older.exists)
    first = older.stat().st_mtime_ns
    assert eventually(lambda: older.stat().st_mtime_ns != first)
    assert sorted(path.name for path in current.parent.iterdir()) == [current.name, older.name]
    assert {path.stat().st_mode & 0o777 for path in current.parent.iterdir()} == {0o600}
    assert eventually(lambda: current.stat().st_size > 0)
    assert current.read_bytes()[:5] == b"line "


def test_tail_reads_the_end_of_a_big_log_and_goes_back_into_the_rotated_ones(tmp_path: Path) -> None:
    current, older = tmp_path / "log", tmp_path / "log.1"
    older.write_text("".join(f"old {number}\n" for number in range(10)))
    current.write_text("".join(f"new {number} {'x' * 100}\n" for number in range(100_000)))
    lines, position = last_lines([current, older], 2)
    assert [line.split()[1] for line in lines] == [b"99998", b"99999"]
    assert position == current.stat().st_size
    current.write_text("one\ntwo\nunfinished")
    lines, position = last_lines([current, older], 4)
    assert lines == [b"old 8", b"old 9", b"one", b"two"]
    assert position == len("one\ntwo\n")
    assert last_lines([current, older], 0)[0] == []
    assert last_lines([tmp_path / "none"], 5) == ([], 0)


def test_following_loses_no_line_when_the_log_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("a\nb\n")
    following = Following(path, 4)
    writer = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(writer, b"c\nd")
    assert list(following.new_lines()) == [b"c"]
    os.write(writer, b"d\ne\n")
    rotate(path, 3)
    os.write(writer, b"f\n")
    assert list(following.new_lines()) == [b"dd", b"e", b"f"]
    rotate(path, 3)
    os.write(writer, b"g\n")
    assert list(following.new_lines()) == [b"g"]
    os.close(writer)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["log", "log.1", "log.2"]
    assert (tmp_path / "log.2").read_text() == "a\nb\nc\ndd\ne\n"


def test_following_ends_when_the_instance_is_removed(driver: LocalDriver) -> None:
    made = run(driver, shell("echo one; sleep 1000"))
    assert eventually(lambda: log_text(driver, made) == "one")
    found: list[str] = []
    reader = Thread(
        target=lambda: found.extend(line.text for line in driver.logs(made.id, tail=5, follow=True))
    )
    reader.start()
    assert eventually(lambda: found == ["one"])
    bring(driver, made.id, Condition.ABSENT)
    reader.join(10)
    assert not reader.is_alive()


def test_closing_the_driver_ends_what_follows(driver: LocalDriver) -> None:
    made = run(driver, shell("sleep 1000"))
    reader = Thread(target=lambda: list(driver.logs(made.id, tail=5, follow=True)))
    reader.start()
    driver.close()
    reader.join(10)
    assert not reader.is_alive()
