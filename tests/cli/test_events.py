"""`eeveon events`: what webhooks brought, and trying it again."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eeveon.core.controller import Provider
from eeveon.core.delivery import ATTEMPTS, Delivery, Kind
from eeveon.store.inbox import Arrival
from eeveon.store.store import Store
from tests.cli.conftest import Cli

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
PUSH = Delivery(
    id="72d3162e-cc78-11e3",
    provider=Provider.GITHUB,
    repository="shop",
    kind=Kind.PUSH,
    event="push",
    ref="refs/heads/main",
    commit="4f2c91a" + "0" * 33,
    urls=("https://github.com/acme/shop",),
    paths=("web.yaml",),
    received=NOW,
)
PING = replace(PUSH, id="ping-1", kind=Kind.PING, event="ping", ref="", commit="", paths=None, urls=())
GONE = replace(PUSH, id="gone-1", deleted=True, commit="", paths=None)


def fill(state: Path) -> None:
    """A dead one, one that waits for its second attempt, one that is done, one that concerned nobody."""
    with Store.open(state, NOW) as store:
        inbox = store.inbox
        inbox.put_many([Arrival(delivery=PUSH, environments=("shop/production", "shop/staging"))], NOW)
        first, second = (inbox.waiting(f"shop/{name}")[0].number for name in ("production", "staging"))
        inbox.done([second], "record-7", NOW)
        for _ in range(ATTEMPTS):
            inbox.failed([first], "edge does not answer", NOW, lambda _: timedelta())
        inbox.put_many([Arrival(delivery=GONE, environments=("shop/production",))], NOW)
        (waits,) = inbox.waiting("shop/production")
        inbox.failed([waits.number], "the branch is gone", NOW, lambda _: timedelta(days=10**5))
        inbox.put_many([Arrival(delivery=PING, environments=())], NOW)


@pytest.fixture
def told(cli: Cli) -> Cli:
    fill(cli.state)
    return cli


def test_events_are_listed_newest_first(told: Cli) -> None:
    lines = told("events", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["EVENT", "ping-1", "gone-1", "72d3162e…"]
    assert "push refs/heads/main deleted" in lines[2]
    assert "given up" in lines[3]
    assert "edge does not answer" in lines[3]
    assert "→ 4f2c91a" in lines[3]


def test_only_those_in_a_state_are_listed(told: Cli) -> None:
    found = json.loads(told("events", "list", "--state", "dead", "--format", "json").out)
    assert [(one["delivery"]["id"], one["state"]) for one in found["events"]] == [(PUSH.id, "dead")]
    assert told("events", "list", "--state", "done").out == "no event\n"


def test_one_is_shown_with_each_environment_and_what_to_do(told: Cli) -> None:
    shown = told("events", "show", "72d").out
    assert "✗ shop/production  given up after 10 attempts: edge does not answer" in shown
    assert "✓ shop/staging     done: record-7" in shown
    assert f"eeveon events retry {PUSH.id}" in shown
    assert "after 1 attempt: the branch is gone" in told("events", "show", "gone").out
    assert "concerned nobody" in told("events", "show", "ping").out


def test_a_dead_one_is_tried_again(told: Cli) -> None:
    assert "shop/production  waits, is due now" in told("events", "retry", "72d").out
    assert json.loads(told("events", "show", "72d", "--format", "json").out)["event"]["state"] == "waiting"
    again = told("events", "retry", "ping")
    assert (again.status, "nothing to try again of ping-1: it is ignored" in again.err) == (1, True)


def test_an_event_that_is_not_there_is_named(cli: Cli) -> None:
    missing = cli("events", "show", "x")
    assert (missing.status, "no event begins with 'x'" in missing.err) == (1, True)


def test_the_controllers_file_says_where_its_state_is(cli: Cli) -> None:
    fill(cli.root / "elsewhere")
    cli.write(
        {
            "controller.yaml": "kind: Controller\nspec:\n  store: elsewhere\n  repositories:\n"
            "    - {name: shop, url: /srv/shop, branch: main}\n"
        }
    )
    assert "ping-1" in cli("events", "list", "-c", "controller.yaml").out
    assert cli("events", "list").out == "no event\n"
