"""One service on one target: the order in which instances come and go, and how each move is undone.

Every instance change is a move with up to two sides: an *up* (the wanted instance is made to run, and healthy) and
its *downs* (older ones of the same place stop). Rolling needs two numbers, `surge` and `unavailable`:

    down i  waits for  up (i - unavailable)     so that at most `unavailable` fewer are healthy
    up i    waits for  down (i - surge)         so that at most `surge` more exist

What is put into service climbs one rung more: an up ends when it serves, a down begins with leaving service. Blue-green
is all ups, then one change of sides, then all downs.

What has stopped is removed only after the whole service is healthy, so going back is a start, not a rebuild; the
newest revisions of it stay for as long as the service keeps them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import assert_never

from eeveon.core.changes import ObjectChange, ServiceChange, Verb
from eeveon.core.desired import BlueGreen, Recreate, Rolling, Strategy
from eeveon.core.diff import kept_revisions
from eeveon.core.health import Health
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Effect
from eeveon.core.wanted import WantedObject

START_TIMEOUT = timedelta(minutes=10)  # an image of some GB over a slow line
STOP_MARGIN = timedelta(seconds=30)  # besides the service's own grace
SERVE_TIMEOUT = timedelta(minutes=2)  # a balancer's new configuration, tested and loaded; besides draining
REMOVE_TIMEOUT = timedelta(seconds=60)
DEFAULT_GRACE = timedelta(seconds=10)  # of a service that is no longer in the specs
DEFAULT_DRAIN = timedelta(seconds=30)  # the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An action before it has its final number. `after` holds positions in the same list."""

    effect: Effect
    after: tuple[int, ...]
    deadline: timedelta
    health: Health | None = None
    undo: tuple[Effect, ...] = ()
    cleanup: bool = False


@dataclass(frozen=True, slots=True)
class _Swap:
    """One instance that comes, and those that go for it."""

    change: ObjectChange
    older: list[ObservedObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moves:
    """What the instances of one service need, by kind of move."""

    adds: list[ObjectChange]  # nothing that serves is taken away
    swaps: list[_Swap]  # something that serves is: these take turns
    drops: list[ObservedObject]  # nothing comes in their place


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """Who else enters service in the same moment, and who leaves it."""

    enter: tuple[ObjectId, ...] = ()
    leave: tuple[ObjectId, ...] = ()


NO_SIDES = _Sides()


@dataclass(slots=True)
class _Sequence:
    """The actions of one service as they are laid out."""

    grace: timedelta
    drain: timedelta
    goes_back: bool
    actions: list[Ordered] = field(default_factory=list)

    def up(self, change: ObjectChange, after: Iterable[int]) -> int:
        """It runs, is healthy, and serves if it is to. Gives the action that says so."""
        want = _wanted(change)
        if _stays_in_service(change):
            return self._bring(change, after, Condition.SERVING)
        ready = self.run(change, after)
        return self.serve(change, (ready,)) if want.goal is Condition.SERVING else ready

    def run(self, change: ObjectChange, after: Iterable[int]) -> int:
        """It runs and is healthy, and does not serve yet."""
        current = _current(change)
        if current is not None and current.condition is Condition.SERVING:
            after = (self.leave(current, after),)
        return self._bring(change, after, Condition.RUNNING)

    def serve(self, change: ObjectChange, after: Iterable[int], sides: _Sides = NO_SIDES) -> int:
        """It gets the requests, alone or with a whole side."""
        want = _wanted(change)
        effect = Effect(
            object=want.id, condition=Condition.SERVING, wanted=want, beside=sides.enter, instead=sides.leave
        )
        before = [seen.id for seen in _older(change) if seen.condition is Condition.SERVING]
        health = want.health if want.asked is Condition.SERVING else None
        return self._add(
            Ordered(
                effect=effect,
                after=tuple(sorted(after)),
                deadline=SERVE_TIMEOUT + (health.worst_case if health else timedelta()),
                health=health,
                undo=(
                    *(Effect(object=one, condition=Condition.SERVING) for one in (*before, *sides.leave)),
                    *(Effect(object=one, condition=Condition.RUNNING) for one in (want.id, *sides.enter)),
                ),
            )
        )

    def leave(self, seen: ObservedObject, after: Iterable[int]) -> int:
        """It gets no requests any more, and has answered those it had."""
        return self._add(
            Ordered(
                effect=Effect(object=seen.id, condition=Condition.RUNNING),
                after=tuple(sorted(after)),
                deadline=self.drain + STOP_MARGIN,
                undo=(Effect(object=seen.id, condition=Condition.SERVING),) if self.goes_back else (),
            )
        )

    def down(self, seen: ObservedObject, after: Iterable[int]) -> int:
        """It leaves service if it serves, and stops."""
        if seen.condition is Condition.SERVING:
            after = (self.leave(seen, after),)
        return self._add(
            Ordered(
                effect=Effect(object=seen.id, condition=Condition.STOPPED),
                after=tuple(sorted(after)),
                deadline=self.grace + STOP_MARGIN,
                undo=(Effect(object=seen.id, condition=Condition.RUNNING),) if self.goes_back else (),
            )
        )

    def remove(self, seen: ObservedObject, after: Iterable[int]) -> int:
        return self._add(
            Ordered(
                effect=Effect(object=seen.id, condition=Condition.ABSENT),
                after=tuple(sorted(after)),
                deadline=self.grace + REMOVE_TIMEOUT,
                cleanup=True,
            )
        )

    def _bring(self, change: ObjectChange, after: Iterable[int], condition: Condition) -> int:
        want = _wanted(change)
        asked = want.asked is Condition.RUNNING or condition is Condition.SERVING
        return self._add(
            Ordered(
                effect=Effect(object=want.id, condition=condition, wanted=want),
                after=tuple(sorted(after)),
                deadline=START_TIMEOUT + (want.health.worst_case if asked else timedelta()),
                health=want.health if asked else None,
                undo=self._undo_up(change),
            )
        )

    def _add(self, action: Ordered) -> int:
        self.actions.append(action)
        return len(self.actions) - 1

    def _undo_up(self, change: ObjectChange) -> tuple[Effect, ...]:
        new = _wanted(change).id
        if change.verb is Verb.UPDATE or (change.verb is Verb.REPLACE and not _older(change)):
            return ()  # it is the same object: there is nothing to go back to
        if change.verb is Verb.START or not self.goes_back:
            return (Effect(object=new, condition=Condition.STOPPED),)  # kept for its logs
        return (
            Effect(object=new, condition=Condition.ABSENT),
            *_restart(_older(change), _wanted(change).goal),
        )


def order(change: ServiceChange, *, host_ports: bool) -> tuple[Ordered, ...]:
    """All actions of one service on one target, each after those that it waits for."""
    grace = change.workload.stop_grace if change.workload else DEFAULT_GRACE
    drain = max((want.drain for want in change.wanted), default=DEFAULT_DRAIN)
    sequence = _Sequence(grace=grace, drain=drain, goes_back=bool(revision_before(change)))
    moves = _moves(change)
    match strategy_of(change, host_ports=host_ports):
        case Rolling() as rolling:
            _roll(sequence, moves, rolling)
        case BlueGreen():
            _change_sides(sequence, moves)
        case Recreate():
            _recreate(sequence, moves)
        case other:
            assert_never(other)
    _clean_up(sequence, _gone(change, moves))
    return tuple(sequence.actions)


def _moves(change: ServiceChange) -> _Moves:
    """The moves by kind. What comes to one place and what goes from another take turns as a swap does."""
    ups = [item for item in change.changes if item.wanted is not None]
    adds = [item for item in ups if not _takes_away(item)]
    drops = [seen for item in change.changes if item.wanted is None for seen in item.present]
    drops += [
        seen for item in ups for seen in _older(item)[:-1]
    ]  # more than one in a place: of unfinished rollouts
    swaps = [_Swap(item, _older(item)[-1:]) for item in ups if _takes_away(item)]
    pairs = min(len(adds), len(drops))
    swaps += [_Swap(item, [seen]) for item, seen in zip(adds[:pairs], drops[:pairs], strict=True)]
    return _Moves(adds=adds[pairs:], swaps=swaps, drops=drops[pairs:])


def strategy_of(change: ServiceChange, *, host_ports: bool) -> Strategy:
    """The strategy that is really possible: a port of the machine cannot be held by the old and the new at once.

    What no process serves changes by a link, so it always changes sides at once.
    """
    if change.workload is None:
        return Recreate()
    if passive(change):
        return BlueGreen()
    strategy = change.workload.strategy
    fixed = any(port.publish or (host_ports and port.port) for port in change.workload.ports)
    if isinstance(strategy, BlueGreen) and fixed:
        return Recreate()
    if isinstance(strategy, Rolling) and strategy.surge and fixed:
        return Rolling(surge=0, max_unavailable=max(1, strategy.max_unavailable))
    return strategy


def passive(change: ServiceChange) -> bool:
    """Whether nothing of the service runs by itself: its health can only be asked once it serves."""
    return any(want.asked is Condition.SERVING for want in change.wanted)


def revision_before(change: ServiceChange) -> str:
    """The revision that runs now and is not the wanted one: what a failed rollout goes back to. "" if none is."""
    wanted = {want.revision for want in change.wanted}
    older = [seen for seen in change.present if seen.revision not in wanted and seen not in change.shelf]
    running = [seen for seen in older if seen.is_up]
    candidates = [seen.revision for seen in running or older]
    return max(sorted(set(candidates)), key=candidates.count) if candidates and change.wanted else ""


def _roll(sequence: _Sequence, moves: _Moves, rolling: Rolling) -> None:
    first = [sequence.up(item, ()) for item in moves.adds]
    ups: list[int] = []
    downs: list[list[int]] = []
    for place, swap in enumerate(moves.swaps):
        healthy = [*first, *_one(ups, place - rolling.max_unavailable)]
        if rolling.surge == 0:
            downs.append(_downs(sequence, swap, healthy))
            ups.append(sequence.up(swap.change, downs[place] or healthy))
            continue
        freed = downs[place - rolling.surge] if place >= rolling.surge else []
        ups.append(sequence.up(swap.change, {*first, *freed, *_one(ups, place - rolling.surge)}))
        downs.append(_downs(sequence, swap, [*first, *_one(ups, place - rolling.max_unavailable)]))
    for seen in moves.drops:
        if seen.condition is not Condition.STOPPED:
            sequence.down(seen, [*first, *ups])


def _change_sides(sequence: _Sequence, moves: _Moves) -> None:
    """All that is new runs and is healthy; then it serves, and in the same moment nothing older does; then that stops.

    What is made anew in its own place cannot stand beside itself, so those take turns.
    """
    beside = [item for item in moves.adds if not _stays_in_service(item)]
    beside += [swap.change for swap in moves.swaps if swap.older]
    ready = [sequence.run(item, ()) for item in beside]
    ends = [sequence.up(item, ()) for item in moves.adds if _stays_in_service(item)]
    for item in (swap.change for swap in moves.swaps if not swap.older):
        ready.append(sequence.up(item, ends[-1:] if ends else ready))
        ends = [*ends, ready[-1]]
    older = [seen for swap in moves.swaps for seen in swap.older] + moves.drops
    serving = [item for item in beside if _wanted(item).goal is Condition.SERVING]
    switched = ready
    if serving:
        leaving = tuple(seen.id for seen in older if seen.condition is Condition.SERVING)
        entering = tuple(_wanted(item).id for item in serving[1:])
        first = sequence.serve(serving[0], ready, _Sides(enter=entering, leave=leaving))
        switched = [first, *(sequence.serve(item, (first,)) for item in serving[1:])]
    for seen in older:
        if seen.condition is not Condition.STOPPED:
            sequence.down(seen, {*switched, *ends})


def _recreate(sequence: _Sequence, moves: _Moves) -> None:
    downs = [index for swap in moves.swaps for index in _downs(sequence, swap, ())]
    downs += [sequence.down(seen, ()) for seen in moves.drops if seen.condition is not Condition.STOPPED]
    for item in (*(swap.change for swap in moves.swaps), *moves.adds):
        sequence.up(item, downs)


def _gone(change: ServiceChange, moves: _Moves) -> list[ObservedObject]:
    """What is stopped for good by now: all that went, and of older revisions those that are not kept."""
    went = [*(seen for swap in moves.swaps for seen in swap.older), *moves.drops]
    revisions = {want.revision for want in change.wanted}
    older = [seen for seen in (*went, *change.shelf) if seen.revision not in revisions]
    kept = kept_revisions(change.wanted, older)
    everything = {seen.id: seen for seen in (*went, *change.shelf)}
    return [seen for seen in everything.values() if seen.revision not in kept]


def _clean_up(sequence: _Sequence, gone: Iterable[ObservedObject]) -> None:
    ends = range(len(sequence.actions))
    for seen in gone:
        sequence.remove(seen, ends)


def _downs(sequence: _Sequence, swap: _Swap, after: Iterable[int]) -> list[int]:
    waits = list(after)
    return [sequence.down(seen, waits) for seen in swap.older if seen.condition is not Condition.STOPPED]


def _one(indexes: Sequence[int], place: int) -> list[int]:
    return [indexes[place]] if 0 <= place < len(indexes) else []


def _takes_away(change: ObjectChange) -> bool:
    """Whether the move takes something that serves away, so that it must take its turn."""
    return bool(_older(change)) or change.verb is Verb.REPLACE


def _older(change: ObjectChange) -> list[ObservedObject]:
    """Other revisions in the same place."""
    wanted: ObjectId | None = change.wanted.id if change.wanted is not None else None
    return [seen for seen in change.present if seen.id != wanted]


def _restart(older: Sequence[ObservedObject], goal: Condition) -> tuple[Effect, ...]:
    """Starts one older instance again, if none of them runs: an earlier apply had stopped it."""
    if not older or any(seen.is_up for seen in older):
        return ()
    return (Effect(object=older[-1].id, condition=goal),)


def _wanted(change: ObjectChange) -> WantedObject:
    assert change.wanted is not None, "only a wanted instance comes up"
    return change.wanted


def _current(change: ObjectChange) -> ObservedObject | None:
    """The wanted instance itself, as it stands."""
    wanted = _wanted(change).id
    return next((seen for seen in change.present if seen.id == wanted), None)


def _stays_in_service(change: ObjectChange) -> bool:
    """Whether it serves already and goes on serving while it is looked at or changed in place."""
    current = _current(change)
    serves = current is not None and current.condition is Condition.SERVING
    return serves and change.verb is not Verb.REPLACE and _wanted(change).goal is Condition.SERVING
