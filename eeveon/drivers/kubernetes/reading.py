"""Reads everything of a scope with a list call or two for each kind and namespace, all kinds at once."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from eeveon.core.names import ObjectId
from eeveon.core.observed import ObservedObject
from eeveon.drivers.kubernetes.client import Object, Where
from eeveon.drivers.kubernetes.inventory import Inventory, Written
from eeveon.drivers.kubernetes.parse import Around, doubled, is_claim_of_pods, is_part, key_of, observed
from eeveon.drivers.kubernetes.resources import OF_SERVICES, SCALERS, SECRETS, Resource
from eeveon.drivers.kubernetes.site import Site, where_of
from eeveon.drivers.kubernetes.trouble import Forbidden, Gone
from eeveon.errors import TargetUnreachable

PATIENCE: Final = timedelta(seconds=60)
_LANES: Final = 8


Lists = dict[tuple[Resource, str], list[Object] | Forbidden | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything of a scope as it was at one time. `around` has the objects of others too that scale something."""

    around: Around
    objects: tuple[ObservedObject, ...]
    live: dict[str, Object]  # by the identity's text
    places: dict[ObjectId, Where]
    doubles: dict[ObjectId, Where]  # the other controller of an instance that has two


def look(site: Site, inventory: Inventory) -> Look:
    """A complete look. Raises a TargetError where any part of it cannot be read: a shorter list is no list."""
    namespace = site.place.namespace
    with ThreadPoolExecutor(_LANES, thread_name_prefix="kubernetes") as lanes:
        noted = lanes.submit(inventory.read, PATIENCE)
        first = {(one, namespace): lanes.submit(_list, site, one, namespace) for one in OF_SERVICES}
        written = noted.result()
        more = {pair: lanes.submit(_list, site, *pair) for pair in written if pair not in first}
        lists = {pair: answer.result() for pair, answer in {**first, **more}.items()}
        others = _of_other_versions(site, lists, written)
    return _sorted_out(site, inventory, _whole({**lists, **others}, written | others.keys()))


def _list(site: Site, resource: Resource, namespace: str) -> list[Object] | Forbidden | None:
    """The objects; the refusal where we may not look; None where there is no such kind (any more)."""
    selector = "" if resource == SCALERS else site.selector  # those of others may own our replicas
    try:
        return site.client.list(resource, namespace, selector, PATIENCE, values=resource != SECRETS)
    except Forbidden as refusal:
        return refusal
    except Gone:
        return None


def _of_other_versions(site: Site, lists: Lists, written: Written) -> Lists:
    """What was written in a version that the cluster has ceased to serve: it is still there in another one."""
    found: Lists = {}
    for resource, namespace in written:
        is_gone = lists[resource, namespace] is None
        other = site.catalogue.instead(resource.api_version, resource.kind) if is_gone else None
        if other is not None and (other, namespace) not in lists:
            found[other, namespace] = _list(site, other, namespace)
    return found


def _whole(lists: Lists, written: Written) -> Iterable[tuple[Resource, list[Object]]]:
    for pair, found in lists.items():
        if isinstance(found, Forbidden):
            if pair in written or not written:
                raise TargetUnreachable(
                    found.message, hint=f"{found.hint}; without it nobody knows what runs there"
                )
        elif found is not None:
            yield pair[0], found


def _sorted_out(site: Site, inventory: Inventory, lists: Iterable[tuple[Resource, list[Object]]]) -> Look:
    everything = [(resource, live) for resource, items in lists for live in items]
    for resource, live in everything:  # a list leaves out what its items are
        live.update(apiVersion=resource.api_version, kind=resource.kind)
    around = Around(objects={key_of(resource, live): live for resource, live in everything})
    own = [
        (resource, live)
        for resource, live in everything
        if site.is_ours(live)
        and not is_part(resource, live)
        and not is_claim_of_pods(live, around)
        and key_of(resource, live)
        != (inventory.where.resource, inventory.where.namespace, inventory.where.name)
    ]
    own, doubles = _once(site, own)
    objects = [
        doubled(one) if one.id in doubles else one
        for one in (observed(site, resource, live, around) for resource, live in own)
    ]
    live_by = {str(one.id): live for one, (_, live) in zip(objects, own, strict=True)}
    places = {one.id: where_of(resource, live) for one, (resource, live) in zip(objects, own, strict=True)}
    return Look(around=around, objects=tuple(objects), live=live_by, places=places, doubles=doubles)


def _once(
    site: Site, own: list[tuple[Resource, Object]]
) -> tuple[list[tuple[Resource, Object]], dict[ObjectId, Where]]:
    """Each identity once, and where else it is.

    A service that becomes stateful, or ceases to be, has two controllers until the older one is gone; which one that is
    cannot be told where both were made in the same second.
    """
    found: dict[ObjectId, tuple[Resource, Object]] = {}
    doubles: dict[ObjectId, Where] = {}
    for resource, live in sorted(own, key=lambda pair: str(pair[1]["metadata"].get("creationTimestamp"))):
        object_id = site.id_of(resource, live)
        if object_id not in found:
            found[object_id] = resource, live
        elif resource != found[object_id][0]:
            doubles[object_id] = where_of(resource, live)
    return list(found.values()), doubles
