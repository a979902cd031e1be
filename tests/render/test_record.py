"""What became of an apply, as it is told."""

from datetime import UTC, datetime, timedelta

from eeveon.core.names import CommitId
from eeveon.core.outcome import Ending, Record
from eeveon.render.record_text import record_summary, record_text, records_text
from eeveon.render.words import PLAIN
from tests.core.worlds import SCOPE, Holding, decided, desired, service

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
PLAN = decided(desired(service("web")), Holding({}).observed()).plan
FAILED = Record(
    id="apply-1",
    scope=SCOPE,
    plan=PLAN.id,
    commit=CommitId("4f2c91a"),
    generation=1,
    actor="alice@desk",
    started=NOW,
    ended=NOW + timedelta(seconds=3),
    ending=Ending.FAILED,
    cause="1 of 1 failed: web-1: GET / → 502",
    outcomes=(),
    output=("Traceback (most recent call last):", "", "KeyError: 'DATABASE'"),
)


def test_what_the_program_wrote_stands_beneath_the_first_cause() -> None:
    beneath = (
        "  1 of 1 failed: web-1: GET / → 502\n"
        "    | Traceback (most recent call last):\n"
        "    |\n"
        "    | KeyError: 'DATABASE'\n"
    )
    assert beneath in record_summary(FAILED, PLAN, PLAIN)
    assert beneath in record_text(FAILED, PLAIN)


def test_a_list_of_records_is_a_line_each() -> None:
    assert len(records_text((FAILED,), PLAIN).splitlines()) == 2
