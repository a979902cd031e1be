"""What a record says to people. Pure."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from eeveon.core.drift import Author
from eeveon.core.observed import Condition
from eeveon.drivers.local.parse import condition_of, detail_of, ended_by, observed
from eeveon.drivers.local.supervisor.environment import expand
from eeveon.drivers.local.supervisor.records import Record, Scope, Status, record_from, stem
from tests.drivers.local.world import HERE

NOW = 1000.0
ENDED = Status(exit="exited with status 1", exited=990.0, exit_pid=5, started=980.0, failures=1)


@pytest.mark.parametrize(
    ("status", "condition", "detail"),
    [
        (Status(state="running", started=1.0), Condition.RUNNING, ""),
        (Status(state="stopping"), Condition.RUNNING, "stopping"),
        (replace(ENDED, state="ended"), Condition.STOPPED, "exited with status 1"),
        (
            replace(ENDED, state="waiting", resumes=1002.0),
            Condition.STOPPED,
            "exited with status 1, starts again in 2 s",
        ),
        (
            replace(ENDED, state="waiting", failures=3, restarts=5, resumes=1002.0),
            Condition.FAILED,
            "exited with status 1, restarted 5 times, last 20 s ago, starts again in 2 s",
        ),
        (
            replace(ENDED, state="waiting", reason="cannot run x: gone", resumes=1002.0),
            Condition.FAILED,
            "exited with status 1, cannot run x: gone, starts again in 2 s",
        ),
        (
            replace(ENDED, state="running", restarts=1, started=997.0),
            Condition.RUNNING,
            "exited with status 1, restarted once, last 3 s ago",
        ),
        (Status(state="stopped", reason="stopped by request"), Condition.STOPPED, "stopped by request"),
    ],
)
def test_condition_and_detail(status: Status, condition: Condition, detail: str) -> None:
    assert condition_of(status) is condition
    assert detail_of(status, NOW) == detail


@pytest.mark.parametrize(
    ("status", "author"),
    [
        (Status(state="stopped", reason="stopped by request"), Author.OURSELVES),
        (replace(ENDED, state="ended"), Author.WORKLOAD),
        (replace(ENDED, state="ended", exit="exited with status 0"), Author.WORKLOAD),
        (replace(ENDED, state="waiting", failures=3), Author.WORKLOAD),
        (replace(ENDED, state="ended", exit="killed by signal 11"), Author.WORKLOAD),
        (replace(ENDED, state="ended", exit="killed by signal 9: out of memory"), Author.WORKLOAD),
        (replace(ENDED, state="ended", exit="killed by signal 9"), Author.PERSON),
        (replace(ENDED, state="waiting", exit="killed by signal 15"), Author.PERSON),
        (replace(ENDED, state="ended", exit="ended"), Author.UNKNOWN),
        (replace(ENDED, state="failed", reason="cannot run x: gone"), Author.UNKNOWN),
        (replace(ENDED, state="lost", reason="not running: it ended while …"), Author.UNKNOWN),
    ],
)
def test_whose_doing_an_end_is(status: Status, author: Author) -> None:
    assert ended_by(status) is author


@given(
    name=st.text(min_size=1),
    fields=st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())),
    ports=st.dictionaries(st.text(), st.integers(1, 65535)),
)
def test_a_record_survives_its_text(name: str, fields: dict[str, object], ports: dict[str, int]) -> None:
    record = Record(
        scope=Scope(project=name, environment="e"),
        kind="instance",
        name=name,
        service="s",
        ordinal=1,
        revision="r",
        protected=True,
        fields=fields,
        ports=ports,
        status=replace(ENDED, cgroups=("a", "b")),
    )
    assert record_from(json.loads(record.text())) == record
    assert "\n" not in record.text()
    assert observed(HERE, record, NOW).fields == fields


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_name_is_a_safe_part_of_a_file_name_and_no_other_names(name: str, other: str) -> None:
    assert not set(stem(name)) & set("/@\0")
    assert stem(name) not in {".", ".."}
    assert (stem(name) == stem(other)) is (name == other)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(PORT)", "80"),
        ("a$(PORT)b$(PORT_HTTP)", "a80b81"),
        ("$$(PORT) $$$(PORT)", "$(PORT) $$(PORT)"),
        ("$PORT ${PORT} $(id) $(", "$PORT ${PORT} $(id) $("),
    ],
)
def test_only_known_names_are_filled_in(text: str, expanded: str) -> None:
    assert expand(text, {"PORT": "80", "PORT_HTTP": "81"}) == expanded
