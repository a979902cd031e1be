"""One service on one target: the order in which instances come and go, and how each move is undone.

Every instance change is a move with up to two sides: an *up* (the wanted instance is made to run, and healthy) and
its *downs* (older ones of the same place stop). Rolling needs two numbers, `surge` and `unavailable`:

    down i  waits for  up (i - unavailable)     so that at most `unavailable` fewer are healthy
    up i    waits for  down (i - surge)         so that at most `surge` more exist

What has stopped is removed only after the whole service is healthy, so going back is a start, not a rebuild.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from eeveon.core.changes import ObjectChange, ServiceChange, Verb
from eeveon.core.desired import Recreate, Rolling, Strategy
from eeveon.core.health import Health
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Effect

START_TIMEOUT = timedelta(minutes=10)  # an image of some GB over a slow line
STOP_MARGIN = timedelta(seconds=30)  # besides the service's own grace
REMOVE_TIMEOUT = timedelta(seconds=60)
DEFAULT_GRACE = timedelta(seconds=10)  # of a service that is no longer in the specs


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


@dataclass(slots=True)
class _Sequence:
    """The actions of one service as they are laid out."""

    grace: timedelta
    goes_back: bool
    actions: list[Ordered] = field(default_factory=list)

    def up(self, change: ObjectChange, after: Iterable[int]) -> int:
        assert change.wanted is not None, "only a wanted instance comes up"
        health = change.wanted.health
        effect = Effect(object=change.wanted.id, condition=Condition.RUNNING, wanted=change.wanted)
        return self._add(
            Ordered(
                effect=effect,
                after=tuple(sorted(after)),
                deadline=START_TIMEOUT + health.worst_case,
                health=health,
                undo=self._undo_up(change),
            )
        )

    def down(self, seen: ObservedObject, after: Iterable[int]) -> int:
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

    def _add(self, action: Ordered) -> int:
        self.actions.append(action)
        return len(self.actions) - 1

    def _undo_up(self, change: ObjectChange) -> tuple[Effect, ...]:
        assert change.wanted is not None, "only a wanted instance comes up"
        new = change.wanted.id
        if change.verb is Verb.UPDATE or (change.verb is Verb.REPLACE and not _older(change)):
            return ()  # it is the same object: there is nothing to go back to
        if change.verb is Verb.START or not self.goes_back:
            return (Effect(object=new, condition=Condition.STOPPED),)  # kept for its logs
        return (Effect(object=new, condition=Condition.ABSENT), *_restart(_older(change)))


def order(change: ServiceChange, *, host_ports: bool) -> tuple[Ordered, ...]:
    """All actions of one service on one target, each after those that it waits for."""
    grace = change.workload.stop_grace if change.workload else DEFAULT_GRACE
    sequence = _Sequence(grace=grace, goes_back=bool(revision_before(change)))
    moves = _moves(change)
    strategy = strategy_of(change, host_ports=host_ports)
    if isinstance(strategy, Rolling):
        _roll(sequence, moves, strategy)
    else:
        _recreate(sequence, moves)
    _clean_up(sequence, [*(seen for swap in moves.swaps for seen in swap.older), *moves.drops])
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
    """The strategy that is really possible: a port of the machine cannot be held by the old and the new at once."""
    if change.workload is None:
        return Recreate()
    strategy = change.workload.strategy
    fixed = any(port.publish or (host_ports and port.port) for port in change.workload.ports)
    if isinstance(strategy, Rolling) and strategy.surge and fixed:
        return Rolling(surge=0, max_unavailable=max(1, strategy.max_unavailable))
    return strategy


def revision_before(change: ServiceChange) -> str:
    """The revision that runs now and is not the wanted one: what a failed rollout goes back to. "" if none is."""
    wanted = {want.revision for want in change.wanted}
    older = [seen for seen in change.present if seen.revision not in wanted]
    running = [seen for seen in older if seen.condition is Condition.RUNNING]
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


def _recreate(sequence: _Sequence, moves: _Moves) -> None:
    downs = [index for swap in moves.swaps for index in _downs(sequence, swap, ())]
    downs += [sequence.down(seen, ()) for seen in moves.drops if seen.condition is not Condition.STOPPED]
    for item in (*(swap.change for swap in moves.swaps), *moves.adds):
        sequence.up(item, downs)


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


def _restart(older: Sequence[ObservedObject]) -> tuple[Effect, ...]:
    """Starts one older instance again, if none of them runs: an earlier apply had stopped it."""
    if not older or any(seen.condition is Condition.RUNNING for seen in older):
        return ()
    return (Effect(object=older[-1].id, condition=Condition.RUNNING),)
