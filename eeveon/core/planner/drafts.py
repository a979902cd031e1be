"""All steps of a plan in their waves, each with the steps that it waits for.

What other things stand on comes first: supports by rank, then services by what they depend on, then supports above
rank 0, such as ways in that lead to what has to be ready. What goes, goes after everything that is still wanted (what
takes over stands before) and the other way round: supports above 0, services, the other supports.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from eeveon.core.changes import Changes, ObjectChange, ServiceChange
from eeveon.core.desired import Desired
from eeveon.core.diff import Views
from eeveon.core.names import ServiceName
from eeveon.core.planner.course import Ordered
from eeveon.core.planner.moves import order
from eeveon.core.planner.steps import support_action
from eeveon.core.planner.waves import changed_before, through, waves

_Needs = Mapping[ServiceName, Sequence[ServiceName]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A step with its actions, before both have their place in the plan."""

    id: str
    wave: int
    change: ServiceChange | ObjectChange
    actions: tuple[Ordered, ...]
    waits_for: frozenset[str]  # ids of steps
    waits_for_cleanup: bool = False


def drafts_of(changes: Changes, desired: Desired, views: Views) -> list[Draft]:
    """All steps in the order of a person's reading: by wave, then by name."""
    needs = {workload.service: workload.depends_on for workload in desired.workloads}
    early = _early([item for item in changes.supports if item.wanted is not None and rank_of(item) <= 0])
    kept = list(_kept(changes, views, needs, early))
    late = _late(
        [item for item in changes.supports if item.wanted is not None and rank_of(item) > 0],
        (early, kept),
        needs,
    )
    stands = _ids(kept) | _ids(late)
    going = [item for item in changes.supports if item.wanted is None]
    doors = _backwards([item for item in going if rank_of(item) > 0], _last((*early, *kept, *late)), stands)
    gone = _removed(changes, views, _last((*early, *kept, *late, *doors)), stands | _ids(doors))
    grounds = _backwards(
        [item for item in going if rank_of(item) <= 0],
        _last((*early, *kept, *late, *doors, *gone)),
        stands | _ids(doors) | _ids(gone),
    )
    grounds = [replace(draft, waits_for_cleanup=True) for draft in grounds]
    return sorted((*early, *kept, *late, *doors, *gone, *grounds), key=lambda draft: (draft.wave, draft.id))


def rank_of(change: ObjectChange) -> int:
    """Where the support stands in the order of its kind."""
    return (change.wanted or change.present[0]).rank


def owner_of(change: ObjectChange) -> ServiceName | None:
    """The service that the support is for; None for one that is for all."""
    return (change.wanted or change.present[0]).service


def _early(changes: Sequence[ObjectChange]) -> list[Draft]:
    found: list[Draft] = []
    for wave, tier in enumerate(_tiers(changes), start=1):
        before = _ids(found)
        found += [_support_draft(change, wave, before) for change in tier]
    return found


def _late(
    changes: Sequence[ObjectChange], stand: tuple[Sequence[Draft], Sequence[Draft]], needs: _Needs
) -> list[Draft]:
    """Those of a service wait for it and for what it depends on, so that they do not wait for a sick stranger."""
    early, kept = stand
    found: list[Draft] = []
    for wave, tier in enumerate(_tiers(changes), start=_last((*early, *kept)) + 1):
        below = list(found)
        for change in tier:
            owner = owner_of(change)
            services = _ids(kept) if owner is None else _steps_of(kept, owner, needs)
            before = _grounds(early, owner) | services | _ids(_for(below, owner))
            found.append(_support_draft(change, wave, before))
    return found


def _steps_of(kept: Iterable[Draft], owner: ServiceName, needs: _Needs) -> frozenset[str]:
    changed = {draft.change.service: draft for draft in kept if isinstance(draft.change, ServiceChange)}
    wanted = {owner, *changed_before(owner, frozenset(changed), needs)}
    return frozenset(
        draft.id
        for draft in kept
        if isinstance(draft.change, ServiceChange) and draft.change.service in wanted
    )


def _backwards(changes: Sequence[ObjectChange], last: int, stands: frozenset[str]) -> list[Draft]:
    found: list[Draft] = []
    for wave, tier in enumerate(reversed(_tiers(changes)), start=last + 1):
        before = stands | _ids(found)
        found += [_support_draft(change, wave, before) for change in tier]
    return found


def _kept(changes: Changes, views: Views, needs: _Needs, early: Sequence[Draft]) -> Iterator[Draft]:
    wanted = [change for change in changes.services if change.workload is not None]
    before = through(frozenset(change.service for change in wanted), needs)
    wave_of = waves(before)
    first = _last(early)
    steps_of: dict[ServiceName, set[str]] = {}
    for change in wanted:
        steps_of.setdefault(change.service, set()).add(change.label)
    for change in wanted:
        waits = _grounds(early, change.service).union(*(steps_of[name] for name in before[change.service]))
        yield _service_draft(change, views, wave_of[change.service] + first, waits)


def _removed(changes: Changes, views: Views, last: int, before: frozenset[str]) -> list[Draft]:
    return [
        _service_draft(change, views, last + 1, before)
        for change in changes.services
        if change.workload is None
    ]


def _grounds(early: Iterable[Draft], service: ServiceName | None) -> frozenset[str]:
    """What a service stands on: all that is below rank 0 or for all, and its own."""
    return frozenset(
        draft.id
        for draft in early
        if isinstance(draft.change, ObjectChange)
        and (rank_of(draft.change) < 0 or owner_of(draft.change) in (None, service))
    )


def _for(drafts: Iterable[Draft], owner: ServiceName | None) -> list[Draft]:
    return [
        draft
        for draft in drafts
        if isinstance(draft.change, ObjectChange)
        and (owner is None or owner_of(draft.change) in (None, owner))
    ]


def _tiers(changes: Sequence[ObjectChange]) -> list[list[ObjectChange]]:
    """The changes of each rank, the lowest first."""
    return [list(tier) for _, tier in groupby(sorted(changes, key=rank_of), key=rank_of)]


def _last(drafts: Iterable[Draft]) -> int:
    return max((draft.wave for draft in drafts), default=0)


def _ids(drafts: Iterable[Draft]) -> frozenset[str]:
    return frozenset(draft.id for draft in drafts)


def _service_draft(change: ServiceChange, views: Views, wave: int, waits_for: frozenset[str]) -> Draft:
    return Draft(
        id=change.label,
        wave=wave,
        change=change,
        actions=order(change, host_ports=views[change.target].host_ports),
        waits_for=waits_for,
    )


def _support_draft(change: ObjectChange, wave: int, waits_for: frozenset[str]) -> Draft:
    action = support_action(change)
    return Draft(
        id=str(action.effect.object), wave=wave, change=change, actions=(action,), waits_for=waits_for
    )
