"""Whether what was applied comes up: asked while an apply waits, of a few objects, with the first cause where it will not."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from eeveon.core.health import Probe
from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.wanted import INSTANCE
from eeveon.drivers.kubernetes.client import Object, Where
from eeveon.drivers.kubernetes.parse import Around, key_of, observed
from eeveon.drivers.kubernetes.render.identity import SERVICE
from eeveon.drivers.kubernetes.resources import EVENTS, PODS, REPLICA_SETS, SERVICES, Resource
from eeveon.drivers.kubernetes.site import Site, concerned
from eeveon.drivers.kubernetes.status import Cause, first_cause, ready_of
from eeveon.drivers.kubernetes.trouble import Forbidden

_PATIENCE: Final = timedelta(seconds=10)


def probe(site: Site, where: Where | None, now: datetime) -> Probe:
    """Whether the object is ready, in the cluster's own eyes."""
    live = live_of(site, where) if where is not None else None
    if live is None:
        return Probe(healthy=False, detail="it is not there")
    if _is_down(live):
        return Probe(healthy=False, detail="it is scaled to nothing")
    ready = ready_of(live)
    cause = _cause(site, where, live, now) if where is not None and _runs_pods(live) else None
    if cause is not None:  # complete between two crashes is not healthy
        return Probe(healthy=False, detail=f"{ready.said}: {cause.text}" if ready.said else cause.text)
    return Probe(healthy=ready.complete, detail=ready.said)


def watch(site: Site, pairs: Iterable[tuple[ObjectId, Where]], now: datetime) -> tuple[ObservedObject, ...]:
    """These objects; FAILED where the newest pods are sure not to come up."""
    found = []
    for object_id, where in pairs:
        live = live_of(site, where)
        if live is None:
            continue
        seen = observed(site, where.resource, live, _around(site, where, live))
        is_up = object_id.kind == INSTANCE and seen.is_up
        found.append(_judged(seen, _cause(site, where, live, now)) if is_up else seen)
    return tuple(found)


def live_of(site: Site, where: Where) -> Object | None:
    """The object as it is now, or as it was a moment ago but not before we wrote it."""
    mirror = site.mirrors.of(where.resource, where.namespace)
    known = mirror.find(where.namespace, where.name) if mirror is not None else None
    if known and site.client.is_current(where, known[0]):
        return known[0]
    if known == [] and not site.client.has_written(where):
        return None
    return site.client.get(where, _PATIENCE)


def _judged(seen: ObservedObject, cause: Cause | None) -> ObservedObject:
    if cause is None:
        return seen
    return replace(seen, condition=Condition.FAILED if cause.final else seen.condition, detail=cause.text)


def _around(site: Site, where: Where, live: Object) -> Around:
    name = (live["metadata"].get("labels") or {}).get(SERVICE)
    service = live_of(site, Where(resource=SERVICES, namespace=where.namespace, name=name)) if name else None
    return Around(objects={key_of(SERVICES, service): service} if service else {})


def _cause(site: Site, where: Where, live: Object, now: datetime) -> Cause | None:
    """Why the newest pods do not come up. Events are optional: who may not read them has the other signs."""
    labels = ((live.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    sets = [] if live.get("kind") == "StatefulSet" else _selected(site, REPLICA_SETS, where, labels)
    pods = _selected(site, PODS, where, labels)
    cause = first_cause(live, sets, pods, now=now)
    if cause is not None and cause.final:
        return cause
    names = {live["metadata"]["name"], *(one["metadata"]["name"] for one in (*sets, *pods))}
    try:
        events = _events(site, where, names)
    except Forbidden:
        return cause
    return first_cause(live, sets, pods, events, now=now)


def _selected(site: Site, resource: Resource, where: Where, labels: Mapping[str, str]) -> list[Object]:
    """What a selector selects: of what is followed where that is all of it, else by a list."""
    mirror = site.mirrors.of(resource, where.namespace)
    if mirror is not None and SERVICE in labels and labels.items() >= site.labels.items():
        known = mirror.under(labels[SERVICE])
        if known is not None:
            return [one for one in known if (one["metadata"].get("labels") or {}).items() >= labels.items()]
    return _list(site, resource, where, ",".join(f"{key}={value}" for key, value in labels.items()))


def _events(site: Site, where: Where, names: Collection[str]) -> list[Object]:
    """Those that concern objects of these names."""
    mirror = site.mirrors.of(EVENTS, where.namespace)
    known = [mirror.under(name) for name in names] if mirror is not None else [None]
    if None not in known:
        return [one for several in known if several is not None for one in several]
    return [one for one in _list(site, EVENTS, where, "") if concerned(one) in names]


def _list(site: Site, resource: Resource, where: Where, selector: str) -> list[Object]:
    found = site.client.list(resource, where.namespace, selector, _PATIENCE)
    for one in found:
        one.update(apiVersion=resource.api_version, kind=resource.kind)
    return found


def _runs_pods(live: Object) -> bool:
    return live.get("kind") in {"Deployment", "StatefulSet"}


def _is_down(live: Object) -> bool:
    return _runs_pods(live) and (live.get("spec") or {}).get("replicas") == 0
