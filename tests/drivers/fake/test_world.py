"""The world behind a fake target: kept, shared, meddled with, and read back as it was asked for."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from eeveon.core.desired import Mount, Port, Resources, Workload
from eeveon.core.names import ServiceName
from eeveon.core.observed import Condition, Unreachable
from eeveon.core.wanted import VOLUME
from eeveon.drivers.fake.driver import FakeDriver, connect
from eeveon.drivers.fake.world import FakeTarget
from eeveon.errors import ActionRefused, TargetUnreachable
from tests.drivers.fake.stage import API, WEB, Stage, context, driver_of, target

FULL = replace(
    WEB,
    env={"A": "1"},
    ports=(Port(name="http", port=80, publish=8080), Port(name="dns", port=53, protocol="udp")),
    mounts=(Mount(path="/kept", volume="stuff"), Mount(path="/etc/web", host="/srv/web", read_only=True)),
    networks=("backend",),
    resources=Resources(cpu_millis=1000, memory_bytes=256 * 1024**2),
    working_dir="/srv",
    user="web",
    restart="onFailure",
    stop_grace=timedelta(seconds=3),
)


def stage_in(folder: Path) -> Stage:
    world = FakeTarget(state=folder / "edge.json")
    return Stage(world=world, driver=driver_of(world))


def test_fields_leave_defaults_out(stage: Stage) -> None:
    assert stage.wanted(WEB).fields == {"image": "web:1"}


def test_fields_hold_all_that_is_not_a_default(stage: Stage) -> None:
    assert stage.wanted(FULL).fields == {
        "image": "web:1",
        "env": {"A": "1"},
        "ports": [
            {"name": "http", "port": 80, "publish": 8080},
            {"name": "dns", "port": 53, "protocol": "udp"},
        ],
        "mounts": [
            {"path": "/kept", "volume": "stuff"},
            {"path": "/etc/web", "host": "/srv/web", "read_only": True},
        ],
        "networks": ["backend"],
        "resources": {"cpu_millis": 1000, "memory_bytes": 268435456},
        "working_dir": "/srv",
        "user": "web",
        "restart": "onFailure",
        "stop_grace": 3.0,
    }


def test_a_target_that_normalises_previews_its_own_words(world: FakeTarget) -> None:
    stage = Stage(world=world, driver=driver_of(world, {"normalise": True}))
    fields = stage.wanted(replace(FULL, restart="always")).fields
    assert fields["resources"] == {"cpu_millis": "1", "memory_bytes": "256Mi"}
    assert fields["restart"] == "always"
    made = stage.run(FULL)
    assert made is not None
    assert made.fields == stage.wanted(FULL).fields


def test_what_one_process_makes_the_next_one_finds(tmp_path: Path) -> None:
    made = stage_in(tmp_path).run(FULL)
    assert stage_in(tmp_path).seen() == (made,)


def test_two_connections_see_what_the_other_does_at_once(tmp_path: Path) -> None:
    one, two = stage_in(tmp_path), stage_in(tmp_path)
    one.run(WEB)
    two.run(API)
    assert one.seen() == two.seen()
    assert len(one.seen()) == 2


def test_connections_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    stages = [stage_in(tmp_path) for _ in range(4)]
    workloads = [replace(WEB, service=ServiceName(f"web-{number}")) for number in range(100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: stages[pair[0] % 4].run(pair[1]), enumerate(workloads)))
    assert len(stage_in(tmp_path).seen()) == 100


def test_a_change_adds_one_line_and_rewrites_none(tmp_path: Path) -> None:
    stage = stage_in(tmp_path)
    stage.run(WEB)
    before = (tmp_path / "edge.json").read_bytes()
    stage.bring(stage.wanted(WEB).id, Condition.STOPPED)
    after = (tmp_path / "edge.json").read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == before.count(b"\n") + 1


def test_outdated_lines_are_dropped_when_the_file_is_next_opened(tmp_path: Path) -> None:
    stage = stage_in(tmp_path)
    stage.run(WEB)
    for _ in range(600):
        stage.bring(stage.wanted(WEB).id, Condition.STOPPED)
        stage.bring(stage.wanted(WEB).id, Condition.RUNNING)
    before = stage.seen()
    assert stage_in(tmp_path).seen() == before
    assert (tmp_path / "edge.json").read_bytes().count(b"\n") == 2, "a fence and an object"
    stage.bring(stage.wanted(WEB).id, Condition.STOPPED)
    assert stage_in(tmp_path).seen() == stage.seen() != before


def test_a_line_cut_off_by_a_dying_writer_is_overwritten(tmp_path: Path) -> None:
    stage_in(tmp_path).run(WEB)
    with (tmp_path / "edge.json").open("ab") as file:
        file.write(b'["shop/staging","instance","api')
    stage = stage_in(tmp_path)
    assert len(stage.seen()) == 1
    stage.run(API)
    assert len(stage_in(tmp_path).seen()) == 2
    assert all(json.loads(line) for line in (tmp_path / "edge.json").read_text().splitlines())


@pytest.mark.parametrize(
    "damage", ["not JSON\n", '{"a": 1}\n', '["shop/staging"]\n', '["a","b","c",["d"]]\n']
)
def test_a_damaged_file_is_unknown_and_never_empty(tmp_path: Path, damage: str) -> None:
    (tmp_path / "edge.json").write_text(damage)
    stage = stage_in(tmp_path)
    for _ in range(2):  # the second look must not take what the first one skipped for nothing
        observation = stage.driver.observe()
        assert isinstance(observation, Unreachable)
        assert "edge.json" in observation.reason
        assert observation.hint == "remove the file; the fake target is then empty"
    with pytest.raises(TargetUnreachable):
        stage.run(WEB)
    (tmp_path / "edge.json").unlink()
    assert stage.seen() == ()


def test_a_file_that_was_removed_is_an_empty_target(tmp_path: Path) -> None:
    stage = stage_in(tmp_path)
    stage.run(WEB)
    (tmp_path / "edge.json").unlink()
    assert stage.seen() == ()


def test_connect_keeps_the_world_under_the_state_folder(tmp_path: Path) -> None:
    for settings, name in (({}, "edge.json"), ({"state": "shared.json"}, "shared.json")):
        driver = connect(target(settings), context(tmp_path))
        assert isinstance(driver, FakeDriver)
        Stage(world=FakeTarget(), driver=driver).run(WEB)
        assert (tmp_path / name).exists()


def test_hands_stop_crash_edit_and_delete(stage: Stage) -> None:
    stage.run(replace(WEB, env={"A": "1"}))
    (made,) = stage.seen()
    stage.world.stop(made.id)
    assert stage.seen()[0].condition is Condition.STOPPED
    stage.world.crash(made.id, detail="out of memory")
    assert (stage.seen()[0].condition, stage.seen()[0].detail) == (Condition.FAILED, "out of memory")
    stage.world.edit(made.id, "env.A", "2")
    stage.world.edit(made.id, "image", None)
    assert (stage.seen()[0].fields, stage.seen()[0].applied) == ({"env": {"A": "2"}}, made.fields)
    stage.world.delete(made.id)
    assert stage.seen() == ()
    with pytest.raises(LookupError, match="holds no instance/web-1-"):
        stage.world.stop(made.id)


def test_a_volume_in_use_is_not_removed(stage: Stage) -> None:
    (volume,) = (item for item in stage.driver.preview((FULL,)).objects if item.id.kind == VOLUME)
    made = stage.run(FULL)
    assert made is not None
    with pytest.raises(ActionRefused, match="uses it"):
        stage.bring(volume.id, Condition.ABSENT)
    stage.bring(made.id, Condition.ABSENT)
    assert stage.bring(volume.id, Condition.ABSENT) is None


@pytest.mark.parametrize(
    ("changes", "condition", "detail"),
    [
        ({"FAKE_EXIT": "3"}, Condition.FAILED, "exited with status 3, restarted 5 times"),
        ({"FAKE_EXIT": "0"}, Condition.FAILED, "exited with status 0, restarted 5 times"),
    ],
)
def test_a_program_that_ends_is_failed_where_it_is_to_run_for_ever(
    stage: Stage, changes: dict[str, str], condition: Condition, detail: str
) -> None:
    made = stage.run(replace(WEB, env=changes))
    assert made is not None
    assert (made.condition, made.detail) == (condition, detail)


@pytest.mark.parametrize(
    ("workload", "condition"),
    [
        (replace(WEB, command=("true",), restart="onFailure"), Condition.STOPPED),
        (replace(WEB, command=("false",), restart="onFailure"), Condition.FAILED),
        (replace(WEB, command=("false",), restart="never"), Condition.STOPPED),
    ],
)
def test_the_restart_policy_decides_what_an_end_means(
    stage: Stage, workload: Workload, condition: Condition
) -> None:
    made = stage.run(workload)
    assert made is not None
    assert made.condition is condition


def test_followed_logs_give_new_lines_and_end_with_the_instance(stage: Stage) -> None:
    made = stage.run(WEB)
    assert made is not None
    lines: list[str] = []
    first = stage.driver.logs(made.id, tail=1, follow=True)
    lines.append(next(first).text)
    reader = Thread(target=lambda: lines.extend(line.text for line in first))
    stage.world.say(made.id, "hello")
    reader.start()
    stage.world.say(made.id, "again")
    stage.world.stop(made.id)
    reader.join(timeout=10)
    assert not reader.is_alive()
    assert lines == [f"{made.id.name} started", "hello", "again"]
