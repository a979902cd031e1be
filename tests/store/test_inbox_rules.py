"""Whatever order things happen in, the inbox owes exactly what was accepted and not yet answered."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from eeveon.core.delivery import ATTEMPTS, ErrandState, Receipt
from eeveon.errors import UsageError
from eeveon.store.store import Store
from tests.store.nouns import NOW, after, arrival

IDS = st.sampled_from(["d-1", "d-2", "d-3", "d-4"])
ENVIRONMENTS = ("shop/a", "shop/b")
Key = tuple[str, str]  # delivery, environment


class Promises(RuleBasedStateMachine):
    """The inbox beside a dictionary that says the same."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._store = Store.open(Path(self._folder.name) / "state", NOW)
        self._second = 0.0
        self._states: dict[Key, ErrandState] = {}
        self._tries: dict[Key, int] = {}
        self._taken: dict[str, list[int]] = {}  # by reconciles under way

    def teardown(self) -> None:
        self._store.close()
        self._folder.cleanup()

    @property
    def _now(self) -> datetime:
        return after(self._second)

    @rule(ids=st.lists(IDS, min_size=1, max_size=5))
    def accept(self, ids: list[str]) -> None:
        receipts = self._store.inbox.put_many([arrival(one, *ENVIRONMENTS) for one in ids], self._now)
        for one, receipt in zip(ids, receipts, strict=True):
            keys = [(one, environment) for environment in ENVIRONMENTS]
            known = [self._states.get(key) for key in keys]
            if None in known:
                expected = Receipt.NEW
            else:
                expected = Receipt.REVIVED if ErrandState.DEAD in known else Receipt.DUPLICATE
            assert receipt is expected
            for key, state in zip(keys, known, strict=True):
                if state in (None, ErrandState.DEAD):
                    self._states[key], self._tries[key] = ErrandState.WAITING, 0

    @rule(environment=st.sampled_from(ENVIRONMENTS))
    def begin(self, environment: str) -> None:
        errands = self._store.inbox.waiting(environment)
        self._taken[environment] = [errand.number for errand in errands]

    @rule(environment=st.sampled_from(ENVIRONMENTS))
    def succeed(self, environment: str) -> None:
        numbers = self._taken.pop(environment, [])
        for key in self._keys(numbers):
            if self._states[key] is not ErrandState.DONE:
                self._states[key] = ErrandState.DONE
        self._store.inbox.done(numbers, "record-1", self._now)

    @rule(environment=st.sampled_from(ENVIRONMENTS), times=st.sampled_from([1, ATTEMPTS]))
    def fail(self, environment: str, times: int) -> None:
        numbers = self._taken.pop(environment, [])
        for _ in range(times):
            for key in self._keys(numbers):
                if self._states[key] is ErrandState.WAITING:
                    self._tries[key] += 1
                    if self._tries[key] == ATTEMPTS:
                        self._states[key] = ErrandState.DEAD
            self._store.inbox.failed(numbers, "no", self._now, lambda _: timedelta())

    @rule(identity=IDS)
    def retry(self, identity: str) -> None:
        keys = [key for key in self._states if key[0] == identity]
        open_ones = [key for key in keys if self._states[key] is not ErrandState.DONE]
        try:
            self._store.inbox.retry(f"shop/{identity}", self._now)
        except UsageError:
            assert not open_ones
        else:
            for key in open_ones:
                self._states[key], self._tries[key] = ErrandState.WAITING, 0

    @rule()
    def forget(self) -> None:
        """Everything but what waits is old."""
        self._store.inbox.prune(after(10**6), after(10**6))
        waiting = {key[0] for key, state in self._states.items() if state is ErrandState.WAITING}
        self._states = {key: state for key, state in self._states.items() if key[0] in waiting}
        self._taken.clear()

    @rule()
    def pass_time(self) -> None:
        self._second += 1

    @rule()
    def restart(self) -> None:
        self._store.close()
        self._store = Store.open(Path(self._folder.name) / "state", NOW)

    def _keys(self, numbers: list[int]) -> list[Key]:
        found = {
            errand.number: (event.delivery.id, errand.environment)
            for event in self._store.inbox.events(99)
            for errand in event.errands
        }
        return [found[number] for number in numbers]

    @invariant()
    def owes_what_was_accepted_and_not_answered(self) -> None:
        found = {
            (event.delivery.id, errand.environment): errand.state
            for event in self._store.inbox.events(99)
            for errand in event.errands
        }
        assert found == self._states
        waiting = {key[1] for key, state in self._states.items() if state is ErrandState.WAITING}
        assert self._store.inbox.due_environments(after(10**6)) == waiting
        assert (self._store.inbox.next_due() is not None) == bool(waiting)


TestPromises = Promises.TestCase
TestPromises.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
