"""Carries out the actions of a plan: each as soon as those it waits for hold, side by side within every limit.

When an action fails, nothing more of its step starts; what the step has done is taken back in reverse order, by the
undo effects that the plan holds. Steps that do not depend on it go on. What waits for it is never started.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Protocol

from eeveon.core.names import TargetName
from eeveon.core.outcome import ActionState, Ending
from eeveon.core.plan import Action, Plan
from eeveon.core.verdict import Decision, Verdict
from eeveon.errors import LeaseLost
from eeveon.execution.interrupts import Interrupts
from eeveon.execution.journal import Journal
from eeveon.execution.performing import ActionError, Hands, perform, undo

THREADS = 64  # most of them only wait for health; a target's own work is bounded by its concurrency
BY_PERSON = "stopped by the person who started it; what was under way was finished"
LEAST = 4  # under way on each target, however many targets there are


class Progress(Protocol):
    """Hears how the run goes, from several threads."""

    def started(self, action: Action) -> None:
        """The action begins."""
        ...

    def ended(self, action: Action, state: ActionState, detail: str) -> None:
        """The action has come to `state`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that carrying out a plan needs. `check` raises LeaseLost when writing must stop."""

    hands: Hands
    journal: Journal
    progress: Progress
    check: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run ended, the first cause if it did not succeed, and the state of every action."""

    ending: Ending
    cause: str
    states: Mapping[int, ActionState]


def carry_out(plan: Plan, verdicts: Sequence[Verdict], run: Run) -> Result:
    """Do all that the verdicts allow. Never raises for what a target does."""
    allowed = {verdict.step for verdict in verdicts if verdict.decision is Decision.ALLOW}
    sheet = _Sheet(plan=plan, allowed=frozenset(allowed))

    def interrupted() -> None:
        sheet.interrupts += 1
        if sheet.interrupts > 1:  # nobody wants to wait for health any more
            run.hands.waiter.stop()

    with (
        Interrupts(interrupted),
        ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="action") as pool,
    ):
        _work_through(sheet, run, pool)
        if sheet.interrupts and sheet.is_short:
            sheet.stopped = sheet.stopped or BY_PERSON
        if not sheet.stopped:
            _take_back(sheet, run)
    return Result(ending=_ending(sheet), cause=sheet.first_cause(), states=dict(sheet.states))


@dataclass(slots=True)
class _Sheet:
    """The state of a run. Only the scheduling thread touches it."""

    plan: Plan
    allowed: frozenset[str]
    states: dict[int, ActionState] = field(default_factory=dict)
    causes: dict[int, str] = field(default_factory=dict)  # of failed actions
    finished: list[int] = field(default_factory=list)  # in the order in which they ended
    failed_steps: set[str] = field(default_factory=set)
    stuck: list[str] = field(default_factory=list)  # steps that could not be taken back
    stopped: str = ""  # why the run ended early
    interrupts: int = 0  # by the person who started it

    followers: dict[int, list[int]] = field(default_factory=dict)
    blockers: dict[int, int] = field(default_factory=dict)  # how many actions each still waits for
    frontier: dict[TargetName, deque[int]] = field(default_factory=dict)  # wait for nothing more, not started
    room: Counter[TargetName] = field(
        default_factory=Counter
    )  # further actions that may be under way, by target

    def __post_init__(self) -> None:
        targets = {action.effect.object.target for action in self.plan.actions}
        for target in sorted(targets):
            self.room[target] = max(LEAST, THREADS // len(targets))
            self.frontier[target] = deque()
        for action in self.plan.actions:
            self.states[action.index] = ActionState.NOT_STARTED
            self.blockers[action.index] = len(action.after)
            for index in action.after:
                self.followers.setdefault(index, []).append(action.index)
            if not action.after:
                self._may_start(action)

    @property
    def is_short(self) -> bool:
        """Whether something that is allowed is not done."""
        return any(
            action.step in self.allowed and self.states[action.index] is not ActionState.DONE
            for action in self.plan.actions
        )

    def take_ready(self) -> list[Action]:
        """The actions that may start now, as many as each target has room for."""
        ready: list[Action] = []
        for target, waiting in self.frontier.items():
            while waiting and self.room[target] > 0:
                action = self.plan.actions[waiting.popleft()]
                if action.step in self.allowed and action.step not in self.failed_steps:
                    self.room[target] -= 1
                    ready.append(action)
        return ready

    def note(self, action: Action, state: ActionState) -> None:
        """The action has ended; those that waited for it may become ready."""
        self.states[action.index] = state
        self.finished.append(action.index)
        self.room[action.effect.object.target] += 1
        if state is not ActionState.DONE:
            return
        for index in self.followers.get(action.index, ()):
            self.blockers[index] -= 1
            if not self.blockers[index]:
                self._may_start(self.plan.actions[index])

    def _may_start(self, action: Action) -> None:
        self.frontier[action.effect.object.target].append(action.index)

    def first_cause(self) -> str:
        """For people: "1 of 20 failed: web-2: GET /healthz → 502, 3 times"; "" if nothing failed."""
        if self.stopped:
            return self.stopped
        actions = self.plan.actions
        ended = [index for index in self.finished if index in self.causes]
        if not ended:
            return ""
        first = actions[next((index for index in ended if not actions[index].cleanup), ended[0])]
        alike = [
            action
            for action in actions
            if action.step == first.step and action.effect.condition is first.effect.condition
        ]
        failed = sum(action.index in self.causes for action in alike)
        return f"{failed} of {len(alike)} failed: {short_name(first)}: {self.causes[first.index]}"


def short_name(action: Action) -> str:
    """An instance as people call it: "web-2"."""
    wanted = action.effect.wanted
    if wanted is not None and wanted.service is not None:
        return f"{wanted.service}-{wanted.ordinal}"
    return action.effect.object.name


def _work_through(sheet: _Sheet, run: Run, pool: ThreadPoolExecutor) -> None:
    working: dict[Future[None], Action] = {}
    while True:
        if not sheet.stopped:
            _start(sheet, run, pool, working)
        if not working:
            return
        done, _ = wait(working, return_when=FIRST_COMPLETED)
        for future in done:
            _note_end(future, working.pop(future), sheet, run)


def _start(sheet: _Sheet, run: Run, pool: ThreadPoolExecutor, working: dict[Future[None], Action]) -> None:
    for action in sheet.take_ready():
        if sheet.interrupts:
            sheet.stopped = BY_PERSON
            return
        try:
            run.check()
            run.journal.intend(action.index, str(action.effect))
        except LeaseLost as lost:
            sheet.stopped = lost.message
            run.hands.waiter.stop()
            return
        sheet.states[action.index] = ActionState.STARTED
        run.progress.started(action)
        working[pool.submit(perform, action, run.hands)] = action


def _note_end(future: Future[None], action: Action, sheet: _Sheet, run: Run) -> None:
    state, detail = ActionState.DONE, ""
    try:
        future.result()
    except ActionError as failed:
        state, detail = ActionState.FAILED, str(failed)
        sheet.causes[action.index] = detail
        if not action.cleanup:
            sheet.failed_steps.add(action.step)
    sheet.note(action, state)
    write = run.journal.done if state is ActionState.DONE else run.journal.failed
    try:
        write(action.index, detail)
    except LeaseLost as lost:
        sheet.stopped = lost.message
    run.progress.ended(action, state, detail)


def _take_back(sheet: _Sheet, run: Run) -> None:
    """Undo what the failed steps did, last first. A step whose undo fails is left as it then is."""
    for index in reversed(sheet.finished):
        action = sheet.plan.actions[index]
        if action.step not in sheet.failed_steps or not action.undo or action.step in sheet.stuck:
            continue
        try:
            run.check()
            detail = ", ".join(str(effect) for effect in action.undo)
            run.journal.intend(index, f"take back: {detail}")
            undo(action, run.hands)
            detail = (
                f"{sheet.causes[index]}; {detail}" if index in sheet.causes else detail
            )  # history keeps every cause
            run.journal.undone(index, detail)
            sheet.states[index] = ActionState.UNDONE
            run.progress.ended(action, ActionState.UNDONE, detail)
        except ActionError as failed:
            sheet.stuck.append(action.step)
            run.journal.failed(index, f"could not be taken back: {failed}")
            run.progress.ended(action, ActionState.FAILED, f"could not be taken back: {failed}")
        except LeaseLost as lost:
            sheet.stopped = lost.message
            return


def _ending(sheet: _Sheet) -> Ending:
    if sheet.stopped:
        return Ending.ABORTED
    if sheet.failed_steps:
        back = {step.id for step in sheet.plan.steps if step.goes_back_to} - set(sheet.stuck)
        return Ending.ROLLED_BACK if sheet.failed_steps <= back else Ending.FAILED
    if any(step.id not in sheet.allowed for step in sheet.plan.steps):
        return Ending.DENIED
    return Ending.SUCCESS
