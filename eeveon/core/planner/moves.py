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
from dataclasses import dataclass
from typing import assert_never

from eeveon.core.changes import ObjectChange, ServiceChange, Verb
from eeveon.core.desired import BlueGreen, Recreate, Rolling, Strategy
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.planner.course import (
    DEFAULT_DRAIN,
    DEFAULT_GRACE,
    Course,
    Ordered,
    Sides,
    older_of,
    stays_in_service,
    wanted_of,
)
from eeveon.core.shelf import beyond_keep


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


def order(change: ServiceChange, *, host_ports: bool) -> tuple[Ordered, ...]:
    """All actions of one service on one target, each after those that it waits for."""
    grace = change.workload.stop_grace if change.workload else DEFAULT_GRACE
    drain = max((want.drain for want in change.wanted), default=DEFAULT_DRAIN)
    course = Course(grace=grace, drain=drain, goes_back=bool(revision_before(change)))
    moves = _moves(change)
    match strategy_of(change, host_ports=host_ports):
        case Rolling() as rolling:
            _roll(course, moves, rolling)
        case BlueGreen():
            _change_sides(course, moves)
        case Recreate():
            _recreate(course, moves)
        case other:
            assert_never(other)
    _clean_up(course, _gone(change, moves))
    return tuple(course.actions)


def _moves(change: ServiceChange) -> _Moves:
    """The moves by kind. What comes to one place and what goes from another take turns as a swap does."""
    ups = [item for item in change.changes if item.wanted is not None]
    adds = [item for item in ups if not _takes_away(item)]
    drops = [seen for item in change.changes if item.wanted is None for seen in item.present]
    drops += [
        seen for item in ups for seen in older_of(item)[:-1]
    ]  # more than one in a place: of unfinished rollouts
    swaps = [_Swap(item, older_of(item)[-1:]) for item in ups if _takes_away(item)]
    pairs = min(len(adds), len(drops))
    swaps += [_Swap(item, [seen]) for item, seen in zip(adds[:pairs], drops[:pairs], strict=True)]
    return _Moves(adds=adds[pairs:], swaps=swaps, drops=drops[pairs:])


def strategy_of(change: ServiceChange, *, host_ports: bool) -> Strategy:
    """The strategy that is really possible: a port of the machine cannot be held by the old and the new at once.

    What changes in its own place holds it once. What no process serves changes by a link, so it always changes sides at once.
    """
    if change.workload is None:
        return Recreate()
    if passive(change):
        return BlueGreen()
    strategy = change.workload.strategy
    beside = any(older_of(item) or item.wanted is None for item in change.changes)
    fixed = beside and any(port.publish or (host_ports and port.port) for port in change.workload.ports)
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


def _roll(course: Course, moves: _Moves, rolling: Rolling) -> None:
    first = [course.up(item, ()) for item in moves.adds]
    ups: list[int] = []
    downs: list[list[int]] = []
    for place, swap in enumerate(moves.swaps):
        healthy = [*first, *_one(ups, place - rolling.max_unavailable)]
        if rolling.surge == 0:
            downs.append(_downs(course, swap, healthy))
            ups.append(course.up(swap.change, downs[place] or healthy))
            continue
        freed = downs[place - rolling.surge] if place >= rolling.surge else []
        ups.append(course.up(swap.change, {*first, *freed, *_one(ups, place - rolling.surge)}))
        downs.append(_downs(course, swap, [*first, *_one(ups, place - rolling.max_unavailable)]))
    for seen in moves.drops:
        if seen.condition is not Condition.STOPPED:
            course.down(seen, [*first, *ups])


def _change_sides(course: Course, moves: _Moves) -> None:
    """All that is new runs and is healthy; then it serves, and in the same moment nothing older does; then that stops.

    What is made anew in its own place cannot stand beside itself, so those take turns.
    """
    beside = [item for item in moves.adds if not stays_in_service(item)]
    beside += [swap.change for swap in moves.swaps if swap.older]
    ready = [course.run(item, ()) for item in beside]
    ends = [course.up(item, ()) for item in moves.adds if stays_in_service(item)]
    for item in (swap.change for swap in moves.swaps if not swap.older):
        ready.append(course.up(item, ends[-1:] if ends else ready))
        ends = [*ends, ready[-1]]
    older = [seen for swap in moves.swaps for seen in swap.older] + moves.drops
    serving = [item for item in beside if wanted_of(item).goal is Condition.SERVING]
    switched = ready
    if serving:
        leaving = tuple(seen.id for seen in older if seen.condition is Condition.SERVING)
        entering = tuple(wanted_of(item).id for item in serving[1:])
        first = course.serve(serving[0], ready, Sides(enter=entering, leave=leaving))
        switched = [first, *(course.serve(item, (first,)) for item in serving[1:])]
    for seen in older:
        if seen.condition is not Condition.STOPPED:
            course.down(seen, {*switched, *ends})


def _recreate(course: Course, moves: _Moves) -> None:
    downs = [index for swap in moves.swaps for index in _downs(course, swap, ())]
    downs += [course.down(seen, ()) for seen in moves.drops if seen.condition is not Condition.STOPPED]
    for item in (*(swap.change for swap in moves.swaps), *moves.adds):
        course.up(item, downs)


def _gone(change: ServiceChange, moves: _Moves) -> list[ObservedObject]:
    """What is stopped for good by now: all that went, and of older revisions those that are not kept."""
    went = [*(seen for swap in moves.swaps for seen in swap.older), *moves.drops]
    revisions = {want.revision for want in change.wanted}
    everything = {seen.id: seen for seen in (*went, *change.shelf)}.values()
    older = [seen for seen in everything if seen.revision not in revisions]
    surplus = beyond_keep(change.wanted, older)
    return [seen for seen in everything if seen.revision in revisions or seen in surplus]


def _clean_up(course: Course, gone: Iterable[ObservedObject]) -> None:
    ends = range(len(course.actions))
    for seen in gone:
        course.remove(seen, ends)


def _downs(course: Course, swap: _Swap, after: Iterable[int]) -> list[int]:
    waits = list(after)
    return [course.down(seen, waits) for seen in swap.older if seen.condition is not Condition.STOPPED]


def _one(indexes: Sequence[int], place: int) -> list[int]:
    return [indexes[place]] if 0 <= place < len(indexes) else []


def _takes_away(change: ObjectChange) -> bool:
    """Whether the move takes something that serves away, so that it must take its turn."""
    return bool(older_of(change)) or change.verb is Verb.REPLACE
