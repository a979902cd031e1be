"""Brings one network or volume to one condition: there, or not there."""

from collections.abc import Mapping
from typing import Any

from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Effect
from eeveon.core.wanted import NETWORK, WantedObject
from eeveon.drivers.docker import parse, request
from eeveon.drivers.docker.client import Errand
from eeveon.drivers.docker.names import is_ours
from eeveon.drivers.docker.site import Site
from eeveon.errors import ActionRefused


def perform(site: Site, errand: Errand, effect: Effect, fence: int) -> ObservedObject | None:
    """The network or volume after the effect; None if there is none then."""
    present = _find(site, errand, effect.object)
    if effect.condition is Condition.RUNNING:
        if present is None:
            present = _create(site, errand, effect, fence)
        return parse.support(site.place, effect.object.kind, present)
    if effect.condition is Condition.ABSENT and present is not None:
        _remove(site, errand, effect.object)
        return None
    return None if present is None else parse.support(site.place, effect.object.kind, present)


def _folder(kind: str) -> str:
    return "networks" if kind == NETWORK else "volumes"


def _find(site: Site, errand: Errand, object_id: ObjectId) -> Mapping[str, Any] | None:
    """The network or volume of ours. Raises ActionRefused where its name is taken by one that is not ours."""
    path = f"/{_folder(object_id.kind)}/{site.engine_name(object_id)}"
    answer = errand.get(path)
    if answer.status == 404:
        return None
    found: Mapping[str, Any] = errand.checked(answer, path)
    if found["Name"] != site.engine_name(
        object_id
    ):  # the engine also takes the beginning of an id for a name
        return None
    if not is_ours(site.place.scope, found["Labels"]):
        raise ActionRefused(
            f"there is a {object_id.kind} {found['Name']} on {site.place.target} that is not of {site.place.scope}",
            hint=f"remove it, if nobody needs it: docker {object_id.kind} rm {found['Name']}",
        )
    return found


def _create(site: Site, errand: Errand, effect: Effect, fence: int) -> Mapping[str, Any]:
    wanted = effect.wanted
    if wanted is None:
        raise ActionRefused(f"there is no {effect.object}, and nothing says what it should be")
    body = _body(site, wanted, fence)
    errand.change(f"create {wanted.id}", f"/{_folder(wanted.id.kind)}/create", body=body)
    found = _find(site, errand, wanted.id)
    if found is None:
        raise ActionRefused(f"{wanted.id} was created, but somebody removed it at once")
    return found


def _body(site: Site, wanted: WantedObject, fence: int) -> dict[str, Any]:
    make = request.network if wanted.id.kind == NETWORK else request.volume
    return make(site.place.scope, wanted, fence)


def _remove(site: Site, errand: Errand, object_id: ObjectId) -> None:
    name = site.engine_name(object_id)
    answer = errand.write("DELETE", f"/{_folder(object_id.kind)}/{name}")
    if answer.is_good or answer.status == 404:
        return
    users = _users(errand, object_id.kind, name)
    if not users:
        raise errand.refusal(f"remove {object_id}", answer)
    raise ActionRefused(
        f"cannot remove {object_id}: {name} is still used by {', '.join(users)}",
        hint="remove those containers, or disconnect them",
    )


def _users(errand: Errand, kind: str, name: str) -> list[str]:
    """The containers that use it, by the engine's names."""
    using = errand.read("/containers/json", {"all": 1, "filters": f'{{"{kind}":["{name}"]}}'})
    return sorted(entry["Names"][0].lstrip("/") for entry in using if entry["Names"])
