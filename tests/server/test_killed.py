"""Killed at any moment between the answer and the recorded result, no delivery is lost and none is done twice."""

import threading
import time
from http.client import HTTPException
from pathlib import Path

import pytest

from eeveon.core.delivery import EventState
from tests.server.hooks.samples import GITHUB
from tests.server.serving import Served, serving


def send_until_it_is_gone(served: Served, name: str, accepted: list[str]) -> None:
    for number in range(10**6):
        try:
            if served.send(GITHUB, identity=f"{name}-{number}").status == 202:
                accepted.append(f"{name}-{number}")
        except (OSError, HTTPException):
            return


@pytest.mark.parametrize("delay", [0.05, 0.2, 0.35, 0.6])
def test_what_was_answered_is_done_by_who_comes_next(tmp_path: Path, delay: float) -> None:
    accepted: list[str] = []
    with serving(tmp_path, work=0.05) as served:
        senders = [
            threading.Thread(target=send_until_it_is_gone, args=(served, name, accepted)) for name in "abc"
        ]
        for sender in senders:
            sender.start()
        while not accepted:
            time.sleep(0.001)  # noqa: TID251 - a test waits
        time.sleep(delay)  # noqa: TID251
        served.process.kill()
        for sender in senders:
            sender.join()
        at_the_kill = {event.delivery.id: event for event in served.events()}
    assert set(accepted) <= set(at_the_kill)
    with serving(tmp_path, work=0.0) as again:
        deadline = time.monotonic() + 20
        while any(event.state is EventState.WAITING for event in again.events()):
            assert time.monotonic() < deadline
            time.sleep(0.05)  # noqa: TID251
        after = {event.delivery.id: event for event in again.events()}
        assert again.send(GITHUB, identity=accepted[0]).content["receipt"] == "duplicate"
    assert {event.state for event in after.values()} == {EventState.DONE}
    for identity, event in at_the_kill.items():
        if event.state is EventState.DONE:
            assert after[identity] == event


def test_a_server_that_is_asked_to_stop_answers_what_it_has_in_hand(tmp_path: Path) -> None:
    accepted: list[str] = []
    with serving(tmp_path) as served:
        sender = threading.Thread(target=send_until_it_is_gone, args=(served, "a", accepted))
        sender.start()
        while len(accepted) < 5:
            time.sleep(0.001)  # noqa: TID251
        served.process.terminate()
        sender.join()
        served.process.wait(timeout=15)
        assert set(accepted) == {event.delivery.id for event in served.events()}
