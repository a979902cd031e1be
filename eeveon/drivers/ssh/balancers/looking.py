"""What a host says of its load balancers, and what that is as objects of the core. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from eeveon.core.names import TargetName
from eeveon.core.observed import UP, ObservedObject
from eeveon.core.values import Fields
from eeveon.core.wanted import revision_of
from eeveon.drivers.ssh import drift, states
from eeveon.drivers.ssh.balancers import texts
from eeveon.drivers.ssh.balancers.backends import Backend, backend_of
from eeveon.drivers.ssh.balancers.fields import balancer_id
from eeveon.drivers.ssh.looking import PROPERTIES, Changed
from eeveon.drivers.ssh.script import Raw, fill

_BACKENDS = "./backends/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBalancer:
    """One load balancer on one host. `backends` are those whose files are as we wrote them."""

    name: str
    fields: Fields  # as applied
    changed: tuple[Changed, ...]
    backends: tuple[Backend, ...]
    state: Mapping[str, str]


def functions() -> Raw:
    """The function `look_balancers`; `$S` and `$U` are known where it is called."""
    return fill(texts.LOOK, properties=",".join(PROPERTIES))


def balancers_of(section: str) -> Iterator[SeenBalancer]:
    """The load balancers in what was said. Raises ValueError or KeyError where it does not have that form."""
    for paragraph in f"\n{section}".split("\nbalancer ")[1:]:
        name, *lines = paragraph.split("\n")
        said: dict[str, list[str]] = {}
        for line in lines:
            key, _, value = line.partition(" ")
            said.setdefault(key, []).append(value)
        changed = tuple(_changed(line) for line in said.get("changed", []))
        spoilt = {item.path.rpartition("/")[2] for item in changed if item.path.startswith(_BACKENDS)}
        found = (backend_of(line) for line in said.get("backend", []))
        yield SeenBalancer(
            name=name,
            fields=json.loads(said["fields"][0]),
            changed=changed,
            backends=tuple(item for item in found if item is not None and item.instance not in spoilt),
            state=dict(line.partition("=")[::2] for line in said.get("state", [])),
        )


def object_of(target: TargetName, place: str, seen: SeenBalancer, clock: int) -> ObservedObject:
    """The balancer as an object; what is not as it should be is a field more."""
    condition = states.condition_of(seen.state)
    fields = dict(seen.fields)
    if seen.changed:
        fields["edited"] = {item.path.rpartition("/")[2]: drift.told(item, clock) for item in seen.changed}
    if condition not in UP:
        fields["process"] = str(condition)
    if seen.state.get("UnitFileState") == "disabled":
        fields["startsAtBoot"] = False
    traces = [*(drift.told(item, clock) for item in seen.changed), states.trace_of(seen.state)]
    return ObservedObject(
        id=balancer_id(target, seen.name, place),
        service=None,
        ordinal=None,
        revision=revision_of(seen.fields),
        fields=fields,
        applied=seen.fields,
        condition=condition,
        detail=states.detail_of(seen.state, clock),
        trace="; ".join(text for text in traces if text),
        started=states.started_of(seen.state),
        place=place,
    )


def _changed(line: str) -> Changed:
    at, uid, user, path = line.split(" ", 3)
    return Changed(path=path, at=None if at == "gone" else int(at), uid=int(uid), user=user)
