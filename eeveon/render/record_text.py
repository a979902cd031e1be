"""What became of an apply, for a terminal: the answer, the first cause, then every step with what was not done."""

from collections import Counter
from collections.abc import Iterator

from eeveon.core.outcome import ActionOutcome, ActionState, Ending, Record
from eeveon.core.plan import Plan
from eeveon.render.words import Style, columns, count, duration

_ANSWERS = {
    Ending.RUNNING: "under way",
    Ending.SUCCESS: "done",
    Ending.ROLLED_BACK: "failed, and went back to the last good revision",
    Ending.FAILED: "failed",
    Ending.ABORTED: "stopped before its end",
    Ending.UNLOCKED: "cut short by an unlock",
    Ending.EXPIRED: "cut short by the end of its lease",
    Ending.INTERRUPTED: "cut short",
    Ending.DENIED: "refused by the guard in part",
}
_MARKS = {
    ActionState.DONE: "✓",
    ActionState.FAILED: "✗",
    ActionState.UNDONE: "↩",
    ActionState.STARTED: "?",
    ActionState.NOT_STARTED: "·",
}
_WORDS = {
    ActionState.DONE: "done",
    ActionState.FAILED: "failed",
    ActionState.UNDONE: "taken back",
    ActionState.STARTED: "started, no answer known",
    ActionState.NOT_STARTED: "not started",
}


def record_summary(record: Record, plan: Plan, style: Style) -> str:
    """A few lines after an apply, ending in a newline."""
    lines = ["", f"{style.bold(str(record.scope))}  {answer(record)}"]
    lines += _cause(record, style)
    back = [step for step in plan.steps if step.goes_back_to and _was_undone(step.id, record)]
    lines += [f"  {step.id} is back at revision {step.goes_back_to}" for step in back]
    lines += _counts(record)
    lines.append(f"  Look with: eeveon status -e {record.scope.environment}, eeveon history show {record.id}")
    return "\n".join(lines) + "\n"


def record_text(record: Record, style: Style) -> str:
    """One record in full: every action with its state, in the order of the plan."""
    lines = [
        f"{style.bold(record.id)}  {record.scope}  {answer(record)}",
        f"  plan {record.plan} of commit {record.commit[:12] or '(none)'}, by {record.actor}",
        f"  began {record.started:%Y-%m-%d %H:%M:%S} UTC",
    ]
    lines += _cause(record, style)
    lines += ["", *columns([_row(outcome) for outcome in record.outcomes])]
    lines += ["", *_counts(record)]
    return "\n".join(lines) + "\n"


def records_text(records: tuple[Record, ...], style: Style) -> str:
    """Records as a table, newest first."""
    if not records:
        return "no apply yet\n"
    rows = [
        (
            record.id,
            f"{record.started:%Y-%m-%d %H:%M:%S}",
            record.commit[:7] or "-",
            record.actor,
            answer(record),
            record.cause,
        )
        for record in records
    ]
    head = style.bold(
        "\n".join(columns([("RECORD", "BEGAN (UTC)", "COMMIT", "BY", "ENDED", "CAUSE"), *rows])[:1])
    )
    return (
        "\n".join([head, *columns([("RECORD", "BEGAN (UTC)", "COMMIT", "BY", "ENDED", "CAUSE"), *rows])[1:]])
        + "\n"
    )


def answer(record: Record) -> str:
    """How it ended, and how long it took."""
    took = f" in {duration(record.ended - record.started)}" if record.ended else ""
    return f"{_ANSWERS[record.ending]}{took}"


def _cause(record: Record, style: Style) -> Iterator[str]:
    """The first cause, and beneath it what its program wrote last."""
    if record.cause:
        yield f"  {style.red(record.cause)}"
    for line in record.output:
        yield f"    | {line}".rstrip()


def _row(outcome: ActionOutcome) -> tuple[str, ...]:
    detail = f": {outcome.detail}" if outcome.detail else ""
    return (
        f"  {_MARKS[outcome.state]} {outcome.step}",
        str(outcome.effect),
        f"{_WORDS[outcome.state]}{detail}",
    )


def _counts(record: Record) -> Iterator[str]:
    states = Counter(outcome.state for outcome in record.outcomes)
    said = [f"{states[state]} {_WORDS[state]}" for state in _WORDS if states[state]]
    yield f"  {count(len(record.outcomes), 'action')}: {', '.join(said)}"


def _was_undone(step: str, record: Record) -> bool:
    return any(outcome.step == step and outcome.state is ActionState.UNDONE for outcome in record.outcomes)
