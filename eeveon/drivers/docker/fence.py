"""Keeps a writer out that lost its lease: the highest fencing number that a scope has shown to an engine.

An engine has no compare-and-set, so the number is kept in the name of an empty, labelled volume: making one is atomic
and repeatable, and listing them costs 0.4 ms. It is looked at before each effect, whoever made it. What this cannot
do: a writer whose effect was already past the look is not stopped any more; and the marker goes with the last object
of its scope, so after that only the number in this process's memory is left.
"""

import threading
from typing import Any

from eeveon.core.names import Scope
from eeveon.drivers.docker.client import Errand
from eeveon.drivers.docker.names import MARKER_FENCE, MARKER_SCOPE, label_filter, scope_labels
from eeveon.errors import ActionRefused


class Fence:
    """The fence of one scope on one engine. May be used by several threads."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._lock = threading.Lock()
        self._highest = 0  # that this process has shown or seen

    def show(self, errand: Errand, number: int) -> None:
        """Refuse a number below the highest one shown so far; make it the highest if it is above."""
        shown = self._shown(errand)
        self._refuse_below(max(shown, default=0), number)
        if number in shown:
            return
        self._mark(errand, number)
        for old in shown:
            errand.write("DELETE", self._marker(old))
        self._refuse_below(
            max(self._shown(errand), default=0), number
        )  # a higher one may have come in between

    def forget(self, errand: Errand) -> None:
        """Take the marker away if nothing else of the scope is left."""
        ours = {"filters": label_filter(scope_labels(self._scope))}
        if errand.read("/networks", ours) or errand.read("/volumes", ours)["Volumes"]:
            return
        if errand.read("/containers/json", {"all": 1, "limit": 1, **ours}):
            return
        for number in self._shown(errand):
            errand.write("DELETE", self._marker(number))

    def _refuse_below(self, seen: int, number: int) -> None:
        with self._lock:
            self._highest = max(self._highest, seen, number)
            highest = self._highest
        if number < highest:
            raise ActionRefused(
                f"a later writer has {self._scope}: this one has fence {number}, and {highest} was shown since",
                hint="its lease was lost; plan again to see what the later writer did",
            )

    def _shown(self, errand: Errand) -> set[int]:
        markers: Any = errand.read("/volumes", {"filters": label_filter({MARKER_SCOPE: str(self._scope)})})
        return {int(marker["Labels"][MARKER_FENCE]) for marker in markers["Volumes"] or ()}

    def _mark(self, errand: Errand, number: int) -> None:
        labels = {MARKER_SCOPE: str(self._scope), MARKER_FENCE: str(number)}
        name = self._marker(number).rpartition("/")[2]
        errand.change("keep its fence", "/volumes/create", body={"Name": name, "Labels": labels})

    def _marker(self, number: int) -> str:
        return f"/volumes/eeveon-fence-{self._scope.project}-{self._scope.environment}-{number}"
