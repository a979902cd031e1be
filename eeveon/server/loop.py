"""The reconcile loop: repositories are asked what is new, environments are brought to it, side by side.

Two queues of names and their workers. A look asks one repository; a round brings one environment in step. What wakes
them (a webhook, the poll, the interval of drift, a person) only adds a name, so the newest commit always wins and
nothing piles up. An errand of the inbox has come to its end with the round that began after it was stored.
"""

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from traceback import format_exception

from eeveon.core.access import AccessPolicy
from eeveon.core.controller import ALL_OF_IT, Controller
from eeveon.core.delivery import Errand, delay
from eeveon.core.names import CommitId
from eeveon.core.polling import next_poll
from eeveon.core.standing import Phase, Standing, dated
from eeveon.drivers.connections import Kept
from eeveon.errors import CommitRefused, Denied, EEveonError, SpecsRejected, UsageError
from eeveon.reading import project_of
from eeveon.server.followed import Followed
from eeveon.server.log import Log
from eeveon.server.lookouts import Lookouts
from eeveon.server.queue import Queue
from eeveon.server.rounds import Round, go_round
from eeveon.server.stirring import Stirring
from eeveon.specs.repositories import likeness
from eeveon.store.inbox import Inbox
from eeveon.store.store import Store
from eeveon.world import World

LOOKERS = 8  # repositories asked side by side
ROUNDERS = 16  # environments brought in step side by side; each mostly waits for its targets
BUG_PAUSE = 60.0  # seconds before what ran into a defect of ours is tried again
SETTLED_KEPT, DEAD_KEPT = timedelta(days=7), timedelta(days=90)  # deliveries, for `eeveon events`
TICK = 0.5  # seconds between two looks at what people said in another process: pause, resume, retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the loop works with. `halted` says why nothing more may begin; "" while it may."""

    controller: Controller
    followed: Mapping[str, Followed]
    store: Store
    inbox: Inbox
    world: Callable[[Followed, CommitId, Kept], World]
    task: Callable[[str], Round]  # of an environment's key
    log: Log
    now: Callable[[], datetime]


class Loop:
    """Starts with `start`; ends with `stop`, after what is in hand."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looks: Queue[str] = Queue()
        self._rounds: Queue[str] = Queue()
        self._quiet: dict[str, int] = {}
        self._errors: dict[str, int] = {}
        self._environments: dict[str, frozenset[str]] = {}
        self._sources: dict[str, frozenset[str]] = {}
        self._every: dict[str, timedelta] = {}
        self._stirring = Stirring(self._rounds.add_after, self._interval, parts.now)
        self._lookouts = Lookouts(self._stirring.stir, parts.log)
        self._access: dict[str, tuple[AccessPolicy, ...]] = {}
        self._heard = 0
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Look at every repository now, and go on until stopped."""
        self._heard = self._parts.store.times_said()
        for name in self._parts.followed:
            known = [
                item.key for item in self._parts.store.standings.all() if item.key.startswith(f"{name}/")
            ]
            self._environments[name] = self._named(name) or frozenset(known)
            self._looks.add(name)
        works: list[Callable[[], None]] = [self._tick]
        works += [self._work(self._looks, self._look)] * min(LOOKERS, len(self._parts.followed))
        works += [self._work(self._rounds, self._round_of)] * ROUNDERS
        self._threads = [threading.Thread(target=work, name=f"loop-{at}") for at, work in enumerate(works)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Nothing new begins; returns when all that was in hand has come to its end."""
        self._over.set()
        self._looks.shut()
        self._rounds.shut()
        self._lookouts.close()
        for thread in self._threads:
            thread.join()

    def wake(self, environments: Iterable[str]) -> None:
        """These environments may have something new."""
        for key in environments:
            if key.endswith(f"/{ALL_OF_IT}"):
                self._looks.add(key.removesuffix(f"/{ALL_OF_IT}"))
            else:
                self._rounds.add(key)

    def is_ready(self) -> bool:
        """Whether every repository was asked since the start."""
        return self._quiet.keys() >= self._parts.followed.keys()

    def environments(self, repository: str) -> frozenset[str]:
        """The environments of a repository, as far as they are known by now."""
        return self._environments.get(repository, frozenset())

    def followers(self, alike: str) -> frozenset[str]:
        """The environments whose services' code comes from a repository with this `likeness`."""
        return frozenset(key for key, sources in tuple(self._sources.items()) if alike in sources)

    def policies(self, key: str) -> tuple[AccessPolicy, ...] | None:
        """Who may do what in an environment; None while its specs were not read since the start."""
        return () if key.endswith(f"/{ALL_OF_IT}") else self._access.get(key)

    def _work(self, queue: Queue[str], do: Callable[[str], None]) -> Callable[[], None]:
        def work() -> None:
            while (key := queue.take()) is not None:
                try:
                    do(key)
                except Exception as bug:  # noqa: BLE001 - one environment's trouble must not end the others' worker
                    self._tell(key, bug)
                    queue.add_after(key, BUG_PAUSE)
                finally:
                    queue.done(key)

        return work

    def _tell(self, key: str, bug: Exception) -> None:
        """A defect of ours shows in the log, with its trace, and in how the environment stands."""
        parts, told = self._parts, f"{type(bug).__name__}: {bug}"
        parts.log("bug", key=key, error=told, trace="".join(format_exception(bug)))
        with suppress(EEveonError):
            if (before := parts.store.standings.of(key)) is not None:
                cause = f"a bug in EEveon, please report it: {told}"
                parts.store.standings.put(
                    replace(before, phase=Phase.FAILED, cause=cause, checked=parts.now())
                )

    def _look(self, name: str) -> None:
        """Ask one repository; its environments get a round if there is something new, or none has had one."""
        parts, followed = self._parts, self._parts.followed[name]
        errands = parts.inbox.waiting(f"{name}/{ALL_OF_IT}")
        before, error = followed.accepted, ""
        try:
            commit = followed.newest(parts.now())
            self._environments[name] = self._named(name) or self._of_project(followed, commit)
        except EEveonError as wrong:
            error = wrong.message
            commit = before
        is_first = name not in self._quiet
        self._quiet[name] = 0 if commit != before or error else self._quiet.get(name, 0) + 1
        self._errors[name] = self._errors.get(name, 0) + 1 if error else 0
        if error and (is_first or self._errors[name] == 1):
            parts.log("repository", repository=name, error=error)
        if commit != before:
            parts.log("new commit", repository=name, commit=commit[:12], before=before[:12])
        if commit != before or error or is_first or errands:
            self.wake(self._environments[name])
        self._finish(errands, error)
        poll = followed.repository.poll
        chance = random.random()  # noqa: S311 - jitter
        pause = next_poll(poll, quiet=self._quiet[name], errors=self._errors[name], chance=chance)
        self._looks.add_after(name, pause.total_seconds())

    def _round_of(self, key: str) -> None:
        with self._stirring.round(key):
            self._round(key)

    def _round(self, key: str) -> None:
        """Bring one environment to the newest commit that may be applied."""
        parts, now = self._parts, self._parts.now()
        name, _, _ = key.partition("/")
        errands = parts.inbox.waiting(key)
        before = parts.store.standings.of(key) or Standing(key=key, since=now, checked=now)
        standing, trouble, is_final = self._brought(before, parts.followed[name], now)
        moment = parts.now()
        standing = dated(standing, before, moment)
        if standing.record != before.record and standing.seen == before.applied:
            self._stirring.undone(key)
        parts.store.standings.put(standing)
        if not standing.is_like(before):
            parts.log(
                standing.phase,
                environment=key,
                commit=standing.seen[:12],
                record=standing.record if standing.record != before.record else "",
                cause=standing.cause,
            )
        if trouble and not is_final:
            self._finish(errands, trouble)
        else:
            parts.inbox.done(
                [item.number for item in errands], standing.record or str(standing.phase), moment
            )
        self._rounds.add_after(key, self._interval(key).total_seconds())

    def _brought(self, before: Standing, followed: Followed, now: datetime) -> tuple[Standing, str, bool]:
        """How it stands now, what went wrong, and whether trying again is useless before something changes."""
        trouble, is_final, phase = "", False, Phase.UNREACHABLE
        try:
            commit = followed.newest(now)
        except EEveonError as wrong:
            commit, trouble, is_final = followed.accepted, wrong.message, isinstance(wrong, CommitRefused)
            phase = Phase.REFUSED if is_final else Phase.UNREACHABLE
            if not commit:
                return replace(before, phase=phase, cause=trouble), trouble, is_final
        try:
            with closing(Kept()) as connections:
                world = self._parts.world(followed, commit, connections)
                gone = go_round(before, world, self._parts.task(before.key))
            look = partial(self._parts.world, followed, commit)
            self._lookouts.keep(before.key, gone.place, lambda kept: look(kept).connect)
            standing = gone.standing
            self._sources[before.key] = frozenset(map(likeness, gone.sources))
            self._every[before.key] = gone.every
            self._access[before.key] = gone.access
        except EEveonError as wrong:
            refused = isinstance(wrong, (SpecsRejected, UsageError))
            waits = isinstance(wrong, Denied)
            phase = Phase.REFUSED if refused else Phase.WAITING if waits else Phase.UNREACHABLE
            kept = self._parts.store.standings.of(before.key) or before
            return replace(kept, phase=phase, cause=_told(wrong), seen=commit), _told(wrong), refused or waits
        if trouble and standing.phase in (Phase.SYNCED, Phase.DRIFTED):
            return replace(standing, phase=phase, cause=trouble), trouble, is_final
        return standing, trouble, is_final

    def _finish(self, errands: Iterable[Errand], trouble: str) -> None:
        """Errands of a round that went wrong are tried again, later and later; of a good one they are done."""
        inbox, now = self._parts.inbox, self._parts.now()
        numbers = [errand.number for errand in errands]
        if not numbers:
            return
        if not trouble:
            inbox.done(numbers, "", now)
            return
        inbox.failed(numbers, trouble, now, lambda attempts: delay(attempts, random.random()))  # noqa: S311 - jitter

    def _interval(self, key: str) -> timedelta:
        """How long the environment may stay unlooked at. Code that is followed is asked for as often as specs."""
        name, _, _ = key.partition("/")
        every = self._every.get(key, self._parts.controller.drift.every)
        polled = self._parts.followed[name].repository.poll.interval
        return min(every, polled) if self._sources.get(key) else every

    def _tick(self) -> None:
        """Hear what people said in other processes."""
        parts = self._parts
        pruned_next = parts.now()
        while not self._over.wait(TICK):
            try:
                before, self._heard = self._heard, parts.store.times_said()
                if before != self._heard:
                    self.wake(item.key for item in parts.store.standings.all())
                now = parts.now()
                self.wake(parts.inbox.due_environments(now))
                if now >= pruned_next and not parts.inbox.prune(now - SETTLED_KEPT, now - DEAD_KEPT):
                    pruned_next = now + timedelta(hours=1)
            except EEveonError as wrong:
                parts.log("store", error=wrong.message)

    def _named(self, name: str) -> frozenset[str]:
        named = self._parts.followed[name].repository.environments
        return frozenset(f"{name}/{environment}" for environment in named)

    def _of_project(self, followed: Followed, commit: CommitId) -> frozenset[str]:
        project = project_of(self._parts.world(followed, commit, Kept()))
        return frozenset(f"{followed.repository.name}/{environment}" for environment in project.environments)


def _told(wrong: EEveonError) -> str:
    """The error in one text. Of rejected specs the first diagnostics are named."""
    if not isinstance(wrong, SpecsRejected):
        return wrong.message
    first = "; ".join(f"{item.position}: {item.message}" for item in wrong.diagnostics[:3])
    more = len(wrong.diagnostics) - 3
    return f"{wrong.message}: {first}" + (f"; and {more} more" if more > 0 else "")
