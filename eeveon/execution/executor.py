"""Carries out the actions of a plan: each as soon as those it waits for hold, side by side within every limit.

When an action fails, nothing more of its step starts. As soon as nothing of the step is under way any more, what it
has done is taken back in reverse order, by the undo effects that the plan holds, while steps that do not depend on it
go on. What waits for it is never started. A person's stop keeps a failed step as it is, for a look, but lets one that
is being taken back come to its end.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from eeveon.core.outcome import ActionState, Ending
from eeveon.core.plan import Action, Plan
from eeveon.core.verdict import Decision, Verdict
from eeveon.errors import LeaseLost
from eeveon.execution.interrupts import Interrupts
from eeveon.execution.journal import Journal
from eeveon.execution.performing import ActionError, Hands, perform, undo
from eeveon.execution.sheet import THREADS, Sheet

BY_PERSON = "stopped by the person who started it; what was under way was finished"


class Progress(Protocol):
    """Hears how the run goes, from several threads."""

    def started(self, action: Action) -> None:
        """The action begins."""
        ...

    def ended(self, action: Action, state: ActionState, detail: str) -> None:
        """The action has come to `state`."""
        ...


def go_on(_action: Action) -> str:
    """Nothing stops a run that nobody can stop."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that carrying out a plan needs.

    `check` raises LeaseLost when writing must stop. `halt` says why an action may not start now; "" if it may.
    """

    hands: Hands
    journal: Journal
    progress: Progress
    check: Callable[[], None]
    halt: Callable[[Action], str] = go_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run ended, the first cause if it did not succeed, and the state of every action."""

    ending: Ending
    cause: str
    output: tuple[str, ...]  # what the program that is the first cause wrote last
    states: Mapping[int, ActionState]


def carry_out(plan: Plan, verdicts: Sequence[Verdict], run: Run) -> Result:
    """Do all that the verdicts allow. Never raises for what a target does."""
    allowed = {verdict.step for verdict in verdicts if verdict.decision is Decision.ALLOW}
    sheet = Sheet(plan=plan, allowed=frozenset(allowed))

    def interrupted() -> None:
        sheet.interrupts += 1
        if sheet.interrupts > 1:  # nobody wants to wait for health any more
            run.hands.waiter.stop()

    with (
        Interrupts(interrupted),
        ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="action") as pool,
    ):
        _work_through(_Work(sheet=sheet, run=run, pool=pool))
    return Result(
        ending=sheet.ending(),
        cause=sheet.first_cause(),
        output=sheet.first_output(),
        states=dict(sheet.states),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A run under way. `ends` says for each piece of work what is to be noted when it has ended."""

    sheet: Sheet
    run: Run
    pool: ThreadPoolExecutor
    ends: dict[Future[None], Callable[[Future[None]], None]] = field(default_factory=dict)


def _work_through(work: _Work) -> None:
    while True:
        _turn_back(work)
        _undo(work)
        if not work.sheet.stopped:
            _start(work)
        if not work.ends:
            return
        done, _ = wait(work.ends, return_when=FIRST_COMPLETED)
        for future in done:
            work.ends.pop(future)(future)


def _start(work: _Work) -> None:
    sheet, run = work.sheet, work.run
    for action in sheet.take_ready():
        if sheet.interrupts:
            sheet.stopped = BY_PERSON
            return
        if reason := run.halt(action):
            sheet.stopped = reason
            return
        try:
            run.check()
            run.journal.intend(action.index, str(action.effect))
        except LeaseLost as lost:
            _lose(work, lost)
            return
        sheet.states[action.index] = ActionState.STARTED
        run.progress.started(action)
        work.ends[work.pool.submit(perform, action, run.hands)] = partial(_note_end, work, action)


def _note_end(work: _Work, action: Action, future: Future[None]) -> None:
    sheet, run = work.sheet, work.run
    state, detail = ActionState.DONE, ""
    try:
        future.result()
    except ActionError as failed:
        state, detail = ActionState.FAILED, str(failed)
        sheet.causes[action.index] = detail
        sheet.output[action.index] = failed.output
        if not action.cleanup:
            sheet.failed_steps.add(action.step)
    sheet.note(action, state)
    write = run.journal.done if state is ActionState.DONE else run.journal.failed
    try:
        write(action.index, detail)
    except LeaseLost as lost:
        _lose(work, lost)
    run.progress.ended(action, state, detail)


def _turn_back(work: _Work) -> None:
    """Steps that failed and of which nothing is under way any more begin to be taken back."""
    sheet = work.sheet
    for step in sheet.fallen():
        if sheet.interrupts:
            sheet.stopped = sheet.stopped or BY_PERSON
        if sheet.stopped:
            return
        sheet.turn_back(step)


def _undo(work: _Work) -> None:
    sheet, run = work.sheet, work.run
    for action in sheet.take_undoable():
        try:
            run.check()
            run.journal.intend(action.index, f"take back: {_told(action)}")
        except LeaseLost as lost:
            _lose(work, lost)
            return
        work.ends[work.pool.submit(undo, action, run.hands)] = partial(_note_undone, work, action)


def _note_undone(work: _Work, action: Action, future: Future[None]) -> None:
    """A step whose undo fails is left as it then is. History keeps every cause."""
    sheet, run = work.sheet, work.run
    sheet.free(action)
    try:
        future.result()
    except ActionError as failed:
        sheet.give_up(action)
        state, write, detail = ActionState.FAILED, run.journal.failed, f"could not be taken back: {failed}"
    else:
        cause = sheet.causes.get(action.index)
        state, write = ActionState.UNDONE, run.journal.undone
        detail = f"{cause}; {_told(action)}" if cause else _told(action)
    try:
        write(action.index, detail)
    except LeaseLost as lost:
        _lose(work, lost)
        return
    sheet.states[action.index] = state
    run.progress.ended(action, state, detail)


def _told(action: Action) -> str:
    return ", ".join(str(effect) for effect in action.undo)


def _lose(work: _Work, lost: LeaseLost) -> None:
    """Nothing more is sent, not even to take back, and nobody waits for health."""
    work.sheet.stopped = lost.message
    work.run.hands.waiter.stop()
    for left in work.sheet.way_back.values():
        left.clear()
