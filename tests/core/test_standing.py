"""How an environment stands: since when, and whether that is news."""

from dataclasses import replace
from datetime import timedelta

import pytest

from eeveon.core.names import CommitId
from eeveon.core.standing import Phase, Standing, dated
from tests.core.moments import NOON

LATER = NOON + timedelta(minutes=5)
FAILED = Standing(key="shop/demo", phase=Phase.FAILED, cause="web is ill", since=NOON, checked=NOON)


def test_what_is_as_it_was_lasts_since_it_began() -> None:
    assert dated(FAILED, FAILED, LATER) == replace(FAILED, checked=LATER)


@pytest.mark.parametrize("change", [{"phase": Phase.WAITING}, {"cause": "api is ill"}])
def test_what_became_another_begins_with_the_look(change: dict[str, object]) -> None:
    found = dated(replace(FAILED, **change), FAILED, LATER)  # type: ignore[arg-type]
    assert (found.since, found.checked) == (LATER, LATER)
    assert not found.is_like(FAILED)


def test_a_new_apply_is_news_and_a_new_look_is_none() -> None:
    assert replace(FAILED, checked=LATER, seen=CommitId("4f2c91a")).is_like(FAILED)
    assert not replace(FAILED, record="apply-2").is_like(FAILED)
