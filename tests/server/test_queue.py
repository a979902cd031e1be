"""The queue of the loop: nothing is lost, nothing is worked on twice at a time, the soonest comes first."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from eeveon.server.queue import Queue

KEYS = st.sampled_from("abc")


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class QueueHistory(RuleBasedStateMachine):
    """Any order of adding, taking and giving back, against two dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.queue: Queue[str] = Queue(self.clock)
        self.due: dict[str, float] = {}
        self.at_work: set[str] = set()

    @rule(key=KEYS, seconds=st.integers(0, 5))
    def add(self, key: str, seconds: int) -> None:
        self.queue.add_after(key, seconds)
        self.due[key] = min(self.due.get(key, 1e9), self.clock.now + seconds)

    @rule(seconds=st.integers(1, 5))
    def let_time_go_by(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule(key=KEYS)
    def forget(self, key: str) -> None:
        self.queue.forget(key)
        self.due.pop(key, None)

    def ready(self) -> list[str]:
        return [key for key, at in self.due.items() if at <= self.clock.now and key not in self.at_work]

    @precondition(lambda self: self.ready())
    @rule()
    def take(self) -> None:
        ready = self.ready()
        key = self.queue.take()
        assert key in ready
        assert self.due[key] == min(self.due[one] for one in ready)
        del self.due[key]
        self.at_work.add(key)

    @precondition(lambda self: self.at_work)
    @rule()
    def give_back(self) -> None:
        self.queue.done(self.at_work.pop())


TestQueueHistory = QueueHistory.TestCase


@given(st.lists(KEYS, max_size=20))
def test_added_many_times_is_taken_once(keys: list[str]) -> None:
    queue: Queue[str] = Queue()
    for key in keys:
        queue.add(key)
    taken = [queue.take() for _ in set(keys)]
    assert sorted(map(str, taken)) == sorted(set(keys))


def test_what_is_added_while_it_is_worked_on_comes_again() -> None:
    queue: Queue[str] = Queue()
    queue.add("a")
    assert queue.take() == "a"
    queue.add("a")
    queue.add("b")
    assert queue.take() == "b"
    queue.done("a")
    assert queue.take() == "a"


def test_a_queue_that_is_shut_lets_every_worker_go() -> None:
    queue: Queue[str] = Queue()
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(queue.take) for _ in range(4)]
        queue.shut()
        assert [item.result(timeout=10) for item in waiting] == [None] * 4
    queue.add("a")
    assert queue.take() is None


def test_many_workers_never_have_the_same_key_at_a_time() -> None:
    queue: Queue[int] = Queue()
    at_work: set[int] = set()
    lock, both, worked = threading.Lock(), [], []

    def work() -> None:
        while (key := queue.take()) is not None:
            with lock:
                both.extend([key] if key in at_work else [])
                at_work.add(key)
            worked.append(key)
            with lock:
                at_work.discard(key)
            queue.done(key)

    with ThreadPoolExecutor(8) as pool:
        workers = [pool.submit(work) for _ in range(8)]
        for _ in range(500):
            for key in range(5):
                queue.add(key)
        while queue._due or queue._at_work:
            pass
        queue.shut()
        for worker in workers:
            worker.result(timeout=10)
    assert both == []
    assert set(worked) == set(range(5))
