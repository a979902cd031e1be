"""Shows a person how an apply goes: a line for each action that ended, and one that moves for those at work."""

import threading

from eeveon.cli.console import Console
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition
from eeveon.core.outcome import ActionState
from eeveon.core.plan import Action
from eeveon.execution.sheet import short_name

_DOING = {
    Condition.SERVING: "putting into service",
    Condition.RUNNING: "starting",
    Condition.STOPPED: "stopping",
    Condition.ABSENT: "removing",
}
_DONE = {
    Condition.SERVING: "serves",
    Condition.RUNNING: "runs",
    Condition.STOPPED: "stopped",
    Condition.ABSENT: "removed",
}


class TerminalProgress:
    """Speaks only on a terminal. Called from several threads."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._ended = 0
        self._working: dict[ObjectId, str] = {}
        self._lock = threading.Lock()

    def started(self, action: Action) -> None:
        """The action begins."""
        with self._lock:
            self._working[action.effect.object] = f"{_DOING[action.effect.condition]} {short_name(action)}"
            self._show()

    def ended(self, action: Action, state: ActionState, detail: str) -> None:
        """The action has come to `state`."""
        with self._lock:
            self._working.pop(action.effect.object, None)
            if self._console.is_terminal:
                self._console.transient("")
                self._console.say(f"  {_sentence(action, state, detail)}")
            self._ended += state is not ActionState.UNDONE
            self._show()

    def note(self, object_id: ObjectId, text: str) -> None:
        """Something that a driver reports of an object under way: "pulling web:2, 45 %"."""
        with self._lock:
            self._working[object_id] = text
            self._show()

    def finish(self) -> None:
        """Nothing moves any more."""
        if self._console.is_terminal:
            self._console.transient("")

    def _show(self) -> None:
        if self._console.is_terminal:
            now = ", ".join(list(self._working.values())[:3])
            self._console.transient(f"  {self._ended} of {self._total}  {now}" if now else "")


def _sentence(action: Action, state: ActionState, detail: str) -> str:
    name = short_name(action)
    if state is ActionState.DONE:
        healthy = " and is healthy" if action.health and action.health.check else ""
        return f"✓ {name} {_DONE[action.effect.condition]}{healthy}"
    if state is ActionState.UNDONE:
        return f"↩ {name} taken back: {detail}"
    return f"✗ {name}: {detail}"
