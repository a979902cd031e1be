"""The state of a run: what is done, what may start now, and what a failed step still has to take back.

Only the scheduling thread touches it.
"""

from collections import Counter, deque
from dataclasses import dataclass, field

from eeveon.core.names import TargetName
from eeveon.core.outcome import ActionState, Ending
from eeveon.core.plan import Action, Plan

THREADS = 64  # most of them only wait for health; a target's own work is bounded by its concurrency
LEAST = 4  # under way on each target, however many targets there are


@dataclass(slots=True)
class Sheet:
    """One run of a plan, of which the steps in `allowed` are carried out."""

    plan: Plan
    allowed: frozenset[str]
    states: dict[int, ActionState] = field(default_factory=dict)
    causes: dict[int, str] = field(default_factory=dict)  # of failed actions
    output: dict[int, tuple[str, ...]] = field(default_factory=dict)  # what their programs wrote last
    finished: list[int] = field(default_factory=list)  # in the order in which they ended
    failed_steps: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)  # steps that could not be taken back
    stopped: str = ""  # why the run ended early
    interrupts: int = 0  # by the person who started it

    followers: dict[int, list[int]] = field(default_factory=dict)
    blockers: dict[int, int] = field(default_factory=dict)  # how many actions each still waits for
    frontier: dict[TargetName, deque[int]] = field(default_factory=dict)  # wait for nothing more, not started
    room: Counter[TargetName] = field(default_factory=Counter)  # what more may be under way, by target
    at_work: Counter[str] = field(default_factory=Counter)  # what is under way, by step
    way_back: dict[str, list[int]] = field(default_factory=dict)  # what a step has to undo, the next one last

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

    def take_ready(self) -> list[Action]:
        """The actions that may start now, as many as each target has room for."""
        ready: list[Action] = []
        for target, waiting in self.frontier.items():
            while waiting and self.room[target] > 0:
                action = self.plan.actions[waiting.popleft()]
                if action.step in self.allowed and action.step not in self.failed_steps:
                    self._begin(action)
                    ready.append(action)
        return ready

    def take_undoable(self) -> list[Action]:
        """The actions to undo now: of each step the last one that is left, once nothing of the step is under way."""
        ready: list[Action] = []
        for step, left in self.way_back.items():
            if left and not self.at_work[step]:
                action = self.plan.actions[left[-1]]
                if self.room[action.effect.object.target] > 0:
                    left.pop()
                    self._begin(action)
                    ready.append(action)
        return ready

    def fallen(self) -> list[str]:
        """The failed steps of which nothing is under way any more and nothing was taken back yet."""
        return sorted(
            step for step in self.failed_steps if step not in self.way_back and not self.at_work[step]
        )

    def turn_back(self, step: str) -> None:
        """From now on what the step has done is undone, last first."""
        actions = self.plan.actions
        self.way_back[step] = [
            index for index in self.finished if actions[index].step == step and actions[index].undo
        ]

    def give_up(self, action: Action) -> None:
        """Its step cannot be taken back; what is left of it stays as it then is."""
        self.stuck.add(action.step)
        self.way_back[action.step].clear()

    def note(self, action: Action, state: ActionState) -> None:
        """The action has ended; those that waited for it may become ready."""
        self.states[action.index] = state
        self.finished.append(action.index)
        self.free(action)
        if state is not ActionState.DONE:
            return
        for index in self.followers.get(action.index, ()):
            self.blockers[index] -= 1
            if not self.blockers[index]:
                self._may_start(self.plan.actions[index])

    def free(self, action: Action) -> None:
        """Nothing of the action is under way any more."""
        self.room[action.effect.object.target] += 1
        self.at_work[action.step] -= 1

    def first_cause(self) -> str:
        """For people: "1 of 20 failed: web-2: GET /healthz → 502, 3 times"; "" if nothing failed."""
        if self.stopped:
            return self.stopped
        first = self._first()
        if first is None:
            return ""
        actions = self.plan.actions
        alike = [
            action
            for action in actions
            if action.step == first.step and action.effect.condition is first.effect.condition
        ]
        failed = sum(action.index in self.causes for action in alike)
        return f"{failed} of {len(alike)} failed: {short_name(first)}: {self.causes[first.index]}"

    def first_output(self) -> tuple[str, ...]:
        """What the program that is the first cause wrote last."""
        first = self._first()
        return self.output[first.index] if first is not None and not self.stopped else ()

    def _first(self) -> Action | None:
        """The action that failed first; one that only tidies up comes after all others."""
        actions = self.plan.actions
        ended = [index for index in self.finished if index in self.causes]
        if not ended:
            return None
        return actions[next((index for index in ended if not actions[index].cleanup), ended[0])]

    def ending(self) -> Ending:
        """How the run ended, once it has."""
        if self.stopped:
            return Ending.ABORTED
        if self.failed_steps:
            back = {step.id for step in self.plan.steps if step.goes_back_to} - self.stuck
            return Ending.ROLLED_BACK if self.failed_steps <= back else Ending.FAILED
        if any(step.id not in self.allowed for step in self.plan.steps):
            return Ending.DENIED
        return Ending.SUCCESS

    def _begin(self, action: Action) -> None:
        self.room[action.effect.object.target] -= 1
        self.at_work[action.step] += 1

    def _may_start(self, action: Action) -> None:
        self.frontier[action.effect.object.target].append(action.index)


def short_name(action: Action) -> str:
    """An instance as people call it: "web-2"."""
    wanted = action.effect.wanted
    if wanted is not None and wanted.service is not None:
        return f"{wanted.service}-{wanted.ordinal}"
    return action.effect.object.name
