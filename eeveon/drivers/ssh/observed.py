"""A look at a host as objects of the core. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from eeveon.core.names import ObjectId, TargetName
from eeveon.core.observed import Condition, Endpoint, ObservedObject
from eeveon.core.values import Fields
from eeveon.core.wanted import INSTANCE, VOLUME, revision_of
from eeveon.drivers.ssh import drift, states
from eeveon.drivers.ssh.hosts import Host
from eeveon.drivers.ssh.looking import Look, identity_of
from eeveon.drivers.ssh.names import Names, parts_of
from eeveon.drivers.ssh.units import Build, unit_of

_NOBODY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was seen."""

    target: TargetName
    host: Host
    names: Names


def objects_of(place: Place, look: Look) -> Iterator[ObservedObject]:
    """Everything of the scope on one host."""
    for name in look.volumes:
        yield volume(place, name)
    recorded = set()
    for name, text in look.records.items():
        record = _record(text)
        recorded.add(record["unit"])
        found = instance(place, look, ObjectId(target=place.target, kind=INSTANCE, name=name), record)
        if found is not None:
            yield found
    for unit in sorted(look.states.keys() - recorded):
        stray = _stray(place, look, unit)
        if stray is not None:
            yield stray


def volume(place: Place, name: str) -> ObservedObject:
    """A volume on the host."""
    return ObservedObject(
        id=ObjectId(target=place.target, kind=VOLUME, name=f"{name}@{place.host.name}"),
        service=None,
        ordinal=None,
        revision=revision_of({}),
        fields={},
        applied={},
        condition=Condition.RUNNING,
        place=place.host.name,
    )


def instance(
    place: Place, look: Look, object_id: ObjectId, record: Mapping[str, str]
) -> ObservedObject | None:
    """An instance by its record; None where its unit is gone and nothing of it runs."""
    parts = parts_of(object_id)
    if parts is None:
        return None
    unit = record["unit"]
    state = look.states.get(unit, _NOBODY)
    template = place.names.template(parts.service, parts.revision)
    content = look.units.get(template)
    condition = states.condition_of(state)
    if content is None and condition is Condition.STOPPED:
        return None
    identity = identity_of(content or "")
    applied = _applied(identity)
    changes = _changes(look, object_id, template)
    now: dict[str, object] = dict(applied or {})
    if template in changes and applied is not None and content is not None:
        build = Build(
            names=place.names,
            service=parts.service,
            revision=parts.revision,
            place=place.host.name,
            fields=applied,
            protected="Protected" in identity,
        )
        now = drift.fields_now(applied, unit_of(build), content)
    now = drift.with_states(now, state, env_changed=f"{object_id.name}.env" in changes)
    traces = [*changes.values(), states.trace_of(state)]
    return ObservedObject(
        id=object_id,
        service=parts.service,
        ordinal=parts.ordinal,
        revision=parts.revision,
        fields=now,
        applied=applied,
        condition=condition,
        detail=states.detail_of(state, look.clock),
        trace="; ".join(text for text in traces if text),
        endpoints=tuple(_endpoints(place, record)),
        started=_started(look, object_id, state),
        protected="Protected" in identity,
        place=place.host.name,
    )


def _started(look: Look, object_id: ObjectId, state: Mapping[str, str]) -> datetime | None:
    """When it was last started: systemd knows of what runs, and forgets what has stopped, so we note it ourselves."""
    noted = look.started.get(object_id.name)
    return states.started_of(state) or (datetime.fromtimestamp(noted, UTC) if noted else None)


def _stray(place: Place, look: Look, unit: str) -> ObservedObject | None:
    """A unit of ours without a record, which somebody started or whose record was lost; None if it is not ours."""
    head, _, rest = unit.partition("@")
    content = look.units.get(f"{head}@.service")
    ordinal = rest.removesuffix(".service")
    identity = identity_of(content or "")
    scope = place.names.scope
    if (identity.get("Project"), identity.get("Environment")) != (scope.project, scope.environment):
        return None
    if states.condition_of(look.states[unit]) is Condition.STOPPED or not ordinal.isdigit():
        return None
    name = f"{identity['Service']}-{ordinal}-{identity['Revision']}"
    return instance(place, look, ObjectId(target=place.target, kind=INSTANCE, name=name), {"unit": unit})


def _record(text: str) -> dict[str, str]:
    return dict(line.partition(" ")[::2] for line in text.split("\n") if line)


def _endpoints(place: Place, record: Mapping[str, str]) -> Iterator[Endpoint]:
    for key, number in record.items():
        if key.startswith("port:"):
            yield Endpoint(port=key.removeprefix("port:"), host=place.host.address, number=int(number))


def _applied(identity: Mapping[str, str]) -> Fields | None:
    try:
        found = json.loads(identity.get("Fields", ""))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _changes(look: Look, object_id: ObjectId, template: str) -> dict[str, str]:
    """Name of a file of the instance that was changed → what is known of it."""
    mine = {template, f"{object_id.name}.env"}
    return {
        name: drift.told(item, look.clock)
        for path, item in look.changed.items()
        if (name := path.rpartition("/")[2]) in mine
    }
