"""What a real engine's answers (20.10, recorded) mean. Pure."""

import json
from pathlib import Path
from typing import Any

import pytest

from eeveon.core.drift import Author
from eeveon.core.names import EnvironmentName, ProjectName, Scope, TargetName
from eeveon.core.observed import Condition, Endpoint, ObservedObject
from eeveon.drivers.docker import parse
from eeveon.drivers.docker.images import Progress, pull_error
from eeveon.drivers.docker.parse import Place
from eeveon.drivers.docker.streams import lines
from eeveon.errors import ActionRefused, TargetUnreachable

RECORDED = Path(__file__).parent / "recorded"
CASES = ("running", "stopped", "crashing", "paused")
PLACE = Place(
    target=TargetName("box"),
    scope=Scope(project=ProjectName("rec"), environment=EnvironmentName("live")),
    address="192.0.2.1",
    is_local=False,
)


def recorded(case: str) -> Any:
    return json.loads((RECORDED / f"{case}.json").read_text())


def seen(case: str, **changes: Any) -> ObservedObject:
    both = recorded(case)
    both["inspected"]["HostConfig"].update(changes)
    body = json.dumps(both["inspected"], separators=(",", ":")).encode()
    return parse.instance(PLACE, parse.listed(both["listed"], parse.excerpt(body)))


@pytest.mark.parametrize("case", CASES)
def test_the_list_and_an_inspection_tell_the_same(case: str) -> None:
    alone = parse.instance(PLACE, parse.inspected(recorded(case)["inspected"]))
    together = seen(case)
    assert alone.id == together.id
    assert (alone.fields, alone.condition, alone.started) == (
        together.fields,
        together.condition,
        together.started,
    )
    assert alone.endpoints == together.endpoints


@pytest.mark.parametrize("case", CASES)
def test_what_nobody_changed_is_as_it_was_applied(case: str) -> None:
    assert seen(case).fields == seen(case).applied


@pytest.mark.parametrize(
    ("case", "condition", "detail"),
    [
        ("running", Condition.RUNNING, ""),
        ("stopped", Condition.STOPPED, "exited with status 137 "),
        ("crashing", Condition.FAILED, "exited with status 3 "),
        ("paused", Condition.STOPPED, "paused"),
    ],
)
def test_conditions_and_their_details(case: str, condition: Condition, detail: str) -> None:
    assert seen(case).condition is condition
    assert seen(case).detail.startswith(detail)


ALWAYS, FAILING, NEVER = ({"Name": name} for name in ("unless-stopped", "on-failure", "no"))


@pytest.mark.parametrize(
    ("policy", "state", "author"),
    [
        (ALWAYS, {"ExitCode": 0}, Author.PERSON),
        (ALWAYS, {"ExitCode": 1}, Author.PERSON),
        (ALWAYS, {"ExitCode": 137, "OOMKilled": True}, Author.WORKLOAD),
        (ALWAYS, {"Status": "restarting", "ExitCode": 1}, Author.WORKLOAD),
        (ALWAYS, {"Status": "dead"}, Author.WORKLOAD),
        (ALWAYS, {"Status": "paused"}, Author.PERSON),
        (ALWAYS, {"Status": "created"}, Author.UNKNOWN),
        (ALWAYS, {"ExitCode": 127, "Error": "exec: no such file"}, Author.UNKNOWN),
        (FAILING, {"ExitCode": 0}, Author.UNKNOWN),
        (FAILING, {"ExitCode": 1}, Author.PERSON),
        ({**FAILING, "MaximumRetryCount": 3}, {"ExitCode": 1}, Author.WORKLOAD),
        (NEVER, {"ExitCode": 0}, Author.UNKNOWN),
        (NEVER, {"ExitCode": 1}, Author.WORKLOAD),
        (NEVER, {"ExitCode": 139}, Author.WORKLOAD),
        (NEVER, {"ExitCode": 137}, Author.PERSON),
        (NEVER, {"ExitCode": 143}, Author.PERSON),
        (NEVER, {"ExitCode": 137, "OOMKilled": True}, Author.WORKLOAD),
    ],
)
def test_whose_doing_an_end_is(policy: dict[str, object], state: dict[str, object], author: Author) -> None:
    inspection = recorded("stopped")["inspected"]
    inspection["State"] |= {"OOMKilled": False, "Error": "", **state}
    inspection["HostConfig"]["RestartPolicy"] = policy
    assert parse.instance(PLACE, parse.inspected(inspection)).ended_by is author


def test_a_published_port_is_reached_at_the_targets_address() -> None:
    (endpoint,) = seen("running").endpoints
    assert endpoint == Endpoint(port="http", host="192.0.2.1", number=endpoint.number)


@pytest.mark.parametrize(
    ("changes", "field", "now"),
    [
        ({"NanoCpus": 250_000_000}, "resources", {"cpu": "250m", "memory": "64Mi"}),
        ({"Memory": 0}, "resources", {"cpu": "500m"}),
        ({"NanoCpus": 0, "CpuQuota": 50_000}, "resources", {"cpu": "500m", "memory": "64Mi"}),
        ({"RestartPolicy": {"Name": "no"}}, "restart", "never"),
        ({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 0}}, "restart", "onFailure"),
    ],
)
def test_what_was_updated_by_hand_shows(changes: dict[str, object], field: str, now: object) -> None:
    assert seen("running", **changes).fields[field] == now


def test_the_engines_two_words_for_always_are_one() -> None:
    assert "restart" not in seen("running", RestartPolicy={"Name": "always"}).fields


def test_labels_cannot_pass_for_what_an_inspection_says() -> None:
    both = recorded("running")
    lie = '"HostConfig":{"Memory":1},"State":{"Status":"dead"}'
    both["inspected"] = {"Path": lie, "Labels": {"State": "{", "HostConfig": lie}, **both["inspected"]}
    excerpt = parse.excerpt(json.dumps(both["inspected"], separators=(",", ":")).encode())
    assert excerpt["State"]["Status"] == "running"
    assert excerpt["HostConfig"]["Memory"] == 64 * 2**20


def excerpt_of(case: str, part: str, **changes: Any) -> Any:
    """The excerpt of a recorded inspection, with `changes` put before all else in one part of it."""
    inspection = recorded(case)["inspected"]
    inspection[part] = {**changes, **inspection[part]}
    return parse.excerpt(json.dumps(inspection, separators=(",", ":")).encode())


def test_options_that_people_name_cannot_pass_for_limits() -> None:
    lie = {"Memory": "1", "NanoCpus": "1", "RestartPolicy": '{"Name":"no"}'}
    host = excerpt_of("running", "HostConfig", Annotations=lie)["HostConfig"]
    assert (host["Memory"], host["NanoCpus"]) == (64 * 2**20, 500_000_000)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_the_state_is_read_whole_whatever_its_texts_hold() -> None:
    said = 'exec: "{}": } not found {'
    state = excerpt_of(
        "running", "State", Note=said, Health={"Status": "unhealthy", "Log": [{"Output": said}]}
    )
    assert state["State"]["Note"] == said
    assert state["State"]["Health"]["Status"] == "unhealthy"
    assert state["State"]["Status"] == "running"


def test_a_quota_below_nothing_is_no_limit() -> None:
    assert seen("running", NanoCpus=0, CpuQuota=-1).fields["resources"] == {"memory": "64Mi"}


def frame(stream: int, text: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text


def test_lines_are_put_together_from_frames_and_pieces() -> None:
    stamp = b"2026-01-01T00:00:00.000000001Z "
    whole = (
        frame(1, stamp + b"long ")
        + frame(2, stamp + b"error\n")
        + frame(1, stamp + b"line\n")
        + frame(1, stamp + b"end")
    )
    for size in (1, 7, len(whole)):
        pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
        assert [text for _, text in lines(pieces)] == ["error", "long line", "end"]


def test_complaints_about_pulls_are_told_apart() -> None:
    gone = 'Get "http://r:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'
    assert isinstance(pull_error("r:1/web:1", gone), TargetUnreachable)
    for message in ("manifest for r:1/web:1 not found: manifest unknown", "unauthorized: no", "strange"):
        refused = pull_error("r:1/web:1", message)
        assert isinstance(refused, ActionRefused)
        assert "r:1/web:1" in refused.message


def test_progress_is_of_all_layers_together() -> None:
    progress = Progress()
    half = {"status": "Downloading", "id": "a", "progressDetail": {"current": 50, "total": 100}}
    assert progress.after({"status": "Pulling fs layer", "id": "a"}) is None
    assert progress.after(half) == 50
    assert progress.after({**half, "id": "b", "progressDetail": {"current": 0, "total": 100}}) == 25
    assert progress.after({"status": "Download complete", "id": "a"}) == 50
