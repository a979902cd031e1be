"""The fake API server answers as the recorded one did: every exchange, field by field."""

import os
from collections.abc import Mapping

import pytest

from tests.lab.kubernetes import rollouts
from tests.lab.kubernetes.recordings import cases, exchanges, folder
from tests.lab.kubernetes.replay import Replay
from tests.lab.requirements import must_run

WATCH = "33-watch"  # written to while it was recorded: `test_watches.py` does the same
ROLLOUTS = tuple(name for name in cases() if "50" <= name[:2] <= "57" and name[:2] != "56")
REPLAYED = tuple(name for name in cases() if name not in ROLLOUTS and name != WATCH)

# Answers that are not the recorded ones, each with its reason.
UNLIKE: Mapping[tuple[str, int], str] = {
    ("03", 1): "fewer documents than a real server has, and other hashes",
    ("03", 2): "an empty body is read as none",
    ("23", 11): "no events of an autoscaler",
    ("24", 10): "Go's own spelling of a whole Pod template within the message",
    ("26", 4): "a real server names one of the two fields, without fieldValidation",
    ("26", 9): "the whole object is quoted within the message, with Go's order of fields",
    ("28", 21): "no id of a credential",
    ("35", 14): "a ReplicaSet that only the real controllers named",
    ("35", 15): "the same",
    ("38", 1): "no Pod Security admission",
    ("38", 2): "no Pod Security admission",
    ("38", 3): "no Pod Security admission",
    ("38", 4): "no Pod Security admission",
    ("38", 5): "no Pod Security admission",
    ("38", 9): "no Pod Security admission, and no warning of hidden variables",
    ("39", 2): "Pods that only the real controllers named: see `test_cluster.py` for evictions",
    ("39", 3): "the same",
    ("39", 4): "the same",
    ("40", 28): "ReplicaSets are listed by names that the real controllers made",
    ("56", 10): "a Deployment that was made between two recorded requests",
}
# Of rollouts, states that a race decides: the real controller saw its own write late.
RACES: Mapping[str, int] = {"51-rollout-image-pull-backoff": 1}


@pytest.fixture(autouse=True)
def _recordings() -> None:
    if folder() is None and must_run(os.environ):
        pytest.fail("the recordings are not beside the repository")
    if folder() is None:
        pytest.skip("the recordings are not beside the repository")


def test_the_recordings_are_there() -> None:
    assert len(cases()) > 40


@pytest.mark.parametrize("name", REPLAYED)
def test_answers_as_recorded(name: str) -> None:
    differing = [one for one in Replay(name).run() if (name[:2], one.line) not in UNLIKE]
    assert not differing, "\n".join(map(str, differing))


@pytest.mark.parametrize("name", ROLLOUTS)
def test_a_rollout_passes_through_every_recorded_state(name: str) -> None:
    missing = rollouts.not_passed(rollouts.recorded(name), rollouts.simulated(name))
    assert len(missing) <= RACES.get(name, 0), "\n".join(missing)


def test_no_exception_is_made_for_an_answer_that_is_right() -> None:
    wrong = {(name[:2], one.line) for name in REPLAYED for one in Replay(name).run()}
    assert set(UNLIKE) - wrong == set()


def test_every_exchange_is_played_or_named() -> None:
    played = {*REPLAYED, *ROLLOUTS, WATCH}
    assert {name for name in cases() if not any(exchanges(name))} == set()
    assert played == set(cases())
