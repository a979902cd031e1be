"""Brings one object to one condition. Every request can be repeated: an apply of what is there changes nothing."""

from base64 import b64encode
from dataclasses import replace
from time import monotonic, sleep  # noqa: TID251 — see `_PAUSE` and `_send`
from typing import Any, Final

from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.values import Fields
from eeveon.core.wanted import INSTANCE
from eeveon.drivers.kubernetes.client import Hand, Object, Where
from eeveon.drivers.kubernetes.job import Job
from eeveon.drivers.kubernetes.leftovers import bequeath, tidy
from eeveon.drivers.kubernetes.made import APPLIED, PROTECTED, RANK, RESTS, Made, made_of
from eeveon.drivers.kubernetes.owners import clashes
from eeveon.drivers.kubernetes.parse import Around, key_of, observed
from eeveon.drivers.kubernetes.preview import fields_as_answered, with_notes
from eeveon.drivers.kubernetes.render.identity import REVISION
from eeveon.drivers.kubernetes.resources import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    SCALERS,
    SECRETS,
    SERVICES,
    Resource,
)
from eeveon.drivers.kubernetes.site import service_of
from eeveon.drivers.kubernetes.status import held_by
from eeveon.drivers.kubernetes.trouble import Conflict, Gone
from eeveon.drivers.kubernetes.watching import live_of
from eeveon.errors import ActionRefused, ActionUncertain

_NOBODY: Final = "none"  # a revision that no pod has: a Service that selects it sends nobody anything
_TRAFFIC: Final = "eeveon-traffic"
_SCALE: Final = "eeveon-scale"
_PAUSE: Final = 0.1


def perform(job: Job) -> ObservedObject | None:
    """The object after the effect; None if there is none then."""
    live = job.site.client.get(job.where, job.left)
    if live is not None and not job.site.is_ours(live):
        raise ActionRefused(
            f"there is a {job.where.resource.kind} {job.where.name} in {job.where.namespace or 'the cluster'} that is not"
            f" of {job.site.place.scope}",
            hint=f"rename the service, or hand the object over: kubectl label {job.where.resource} {job.where.name} …",
        )
    match job.effect.condition:
        case Condition.ABSENT:
            if live is not None:
                _remove(job, live)
            _leave_other(job)
            return None
        case Condition.STOPPED:
            if live is None:
                return None
            live = _rest(job, live)
        case Condition.RUNNING | Condition.SERVING:
            live = _up(job, live)
        case Condition.FAILED:
            raise AssertionError("nobody asks for a failure")
    return _after(job, live)


def _up(job: Job, live: Object | None) -> Object:
    if job.effect.wanted is not None:
        live = _applied(job, live)
    elif live is None:
        raise ActionRefused(f"cannot start {job.object}: there is no such {job.where.resource.kind}")
    elif job.object.kind == INSTANCE and (live.get("spec") or {}).get("replicas") == 0:
        live = _started(job, live)
    if job.object.kind == INSTANCE:
        if job.effect.condition is Condition.SERVING:
            _route(job, live)
        elif job.effect.wanted is None:
            _unroute(job, live)
    return live


def _applied(job: Job, live: Object | None) -> Object:
    wanted = job.effect.wanted
    assert wanted is not None, "its caller looked"
    if job.made is None:
        raise ActionRefused(
            f"nothing here knows what {job.object} is to be",
            hint="plan again: it is read and rendered anew then",
        )
    for part, resource in ((job.made.config, CONFIG_MAPS), (job.made.secret, SECRETS)):
        if part is not None:
            _apply_part(job, resource, part)
    body = with_notes(job.made, protected=wanted.protected, rank=wanted.rank)
    force = job.takes or _may_take(job, live)
    if job.where.resource == DEPLOYMENTS and live is not None:
        _forget_rolling(job, body, live)
    if live is not None:
        _hand_over(job, body, live)
    if job.made.scaler is None:
        _scaler(job, live)  # before: it would change the replicas once more
    try:
        answer = job.site.client.apply(job.where, body, Hand(force=force), job.left).body
    except Conflict as conflict:
        raise _explained(job, conflict) from conflict
    if job.object.kind == INSTANCE:
        _finish(job, answer, was_there=live is not None)
    return answer


def _finish(job: Job, answer: Object, *, was_there: bool) -> None:
    """What comes after the Deployment or StatefulSet of a service: its autoscaler, and an end to what it replaces."""
    if job.made is not None and job.made.scaler is not None:
        scaler = job.beside(SCALERS, job.where.name)
        job.written[scaler] = job.site.client.apply(scaler, job.made.scaler, Hand(force=True), job.left).body
    _leave_other(job)
    if was_there:  # of what was not there before, nothing is left that this one does not name
        tidy(job, answer)


def _leave_other(job: Job) -> None:
    """Remove the Deployment that a StatefulSet has come for, or the other way round: of one service runs one."""
    other = job.site.client.get(job.instead, job.left, values=False) if job.instead else None
    if job.instead is not None and other is not None and job.site.is_ours(other):
        job.site.client.delete(job.instead, other["metadata"]["uid"], job.left)


def _apply_part(job: Job, resource: Resource, body: Fields) -> None:
    metadata: Any = body["metadata"]
    sent: Fields = body
    if resource == SECRETS:
        assert job.made is not None, "its caller looked"
        resolve = job.site.secrets.resolve
        values = {name: resolve(ref).reveal() for name, ref in job.made.references.items()}
        data = {
            name: b64encode(value.encode("utf-8", "surrogateescape")).decode()
            for name, value in values.items()
        }
        sent = {**body, "data": data}
    where = job.beside(resource, metadata["name"])
    answer = job.site.client.apply(where, sent, Hand(force=True), job.left).body
    job.written[where] = {
        name: value for name, value in answer.items() if resource != SECRETS or name != "data"
    }
    if answer["metadata"].get("ownerReferences"):  # of one that was to go, and would take this along
        job.site.client.merge(where, {"metadata": {"ownerReferences": None}}, job.left)


def _may_take(job: Job, live: Object | None) -> bool:
    """Whether nothing is taken from others that was never ours: then what others changed is put back by force."""
    if live is None or job.made is None:
        return True
    kept = _kept(live)
    return not clashes(live, job.made.fields, kept.fields if kept else None)


def _explained(job: Job, conflict: Conflict) -> ActionRefused:
    fields = "; ".join(f"{field.lstrip('.')} ({text})" for field, text in conflict.causes[:6])
    return ActionRefused(
        f"{job.object}: another manager owns what it wants to set: {fields or conflict.message}",
        hint="leave the field out of the spec, or take it with `kubernetes: {conflicts: force}` of the Service",
    )


def _forget_rolling(job: Job, body: Fields, live: Object) -> None:
    """A Deployment that is to recreate its pods must lose the defaults of rolling first, or it is refused (422)."""
    strategy: Any = (body.get("spec") or {}).get("strategy") or {}  # type: ignore[attr-defined]
    there = (live["spec"].get("strategy") or {}).get("type")
    if strategy.get("type") == "Recreate" and there == "RollingUpdate":
        job.site.client.merge(
            job.where, {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}, job.left
        )


def _hand_over(job: Job, body: Fields, live: Object) -> None:
    """What we give up must not fall to a default: the live value gets another owner first.

    The number of replicas when an autoscaler takes it over, the selector of a Service when sides are changed by it.
    """
    mine = _kept(live)
    if mine is None:
        return
    before: Any = mine.body.get("spec") or {}
    after: Any = body.get("spec") or {}
    if job.object.kind == INSTANCE and "replicas" in before and "replicas" not in after:
        scaler: Any = job.made.scaler["spec"] if job.made and job.made.scaler else {}
        fewest = scaler.get("minReplicas", 1)  # none at all is none for ever: no autoscaler starts from there
        _own(job, job.where, {"replicas": live["spec"]["replicas"] or fewest}, _SCALE)
    elif job.where.resource == SERVICES and "selector" in before and "selector" not in after:
        _own(job, job.where, {"selector": live["spec"]["selector"]}, _TRAFFIC)


def _own(job: Job, where: Where, spec: dict[str, Any], manager: str) -> None:
    metadata = {"name": where.name, "namespace": where.namespace}
    body = {
        "apiVersion": where.resource.api_version,
        "kind": where.resource.kind,
        "metadata": metadata,
        "spec": spec,
    }
    answer = job.site.client.apply(where, body, Hand(manager=manager, force=True), job.left).body
    if where != job.where:
        job.written[where] = answer


def _scaler(job: Job, live: Object | None) -> None:
    """No autoscaler of ours any more, if what is there says that it had one."""
    made = _kept(live) if live is not None else None
    if job.object.kind != INSTANCE or made is None or made.scaler is None:
        return
    where = job.beside(SCALERS, job.where.name)
    there = job.site.client.get(where, job.left)
    if there is not None and job.site.is_ours(there):
        job.site.client.delete(where, there["metadata"]["uid"], job.left)


def _rest(job: Job, live: Object) -> Object:
    """Scaled to nothing, with a note that it was us."""
    if job.object.kind != INSTANCE:
        return live
    made = _kept(live)
    if made is None:
        return job.site.client.merge(job.where, {"spec": {"replicas": 0}}, job.left)
    if (live["spec"].get("replicas"), RESTS in _notes(live)) == (0, True):
        return live
    _scaler(job, live)
    body: Any = with_notes(made, **_marks(live), rests=True)
    return job.site.client.apply(
        job.where, {**body, "spec": {**body["spec"], "replicas": 0}}, Hand(force=True), job.left
    ).body


def _started(job: Job, live: Object) -> Object:
    made = _kept(live)
    if made is None:
        return job.site.client.merge(job.where, {"spec": {"replicas": 1}}, job.left)
    body: Any = with_notes(made, **_marks(live))
    if made.scaler is not None:  # nothing else would bring it up from nothing
        spec: Any = made.scaler["spec"]
        _own(job, job.where, {"replicas": spec["minReplicas"]}, _SCALE)
    answer = job.site.client.apply(job.where, body, Hand(force=True), job.left).body
    if made.scaler is not None:
        job.site.client.apply(job.beside(SCALERS, job.where.name), made.scaler, Hand(force=True), job.left)
    return answer


def _route(job: Job, live: Object) -> None:
    """All requests to the pods of this revision, in one moment."""
    service = job.beside(SERVICES, str(service_of(live)))
    if job.site.client.get(service, job.left) is None:
        raise ActionRefused(f"cannot put {job.object} into service: there is no Service {service.name}")
    _own(job, service, {"selector": live["spec"]["selector"]["matchLabels"]}, _TRAFFIC)


def _unroute(job: Job, live: Object) -> None:
    """No requests to its pods any more, if they get any."""
    selector = (live["spec"].get("selector") or {}).get("matchLabels") or {}
    name = service_of(live)
    if REVISION not in selector or name is None:
        return
    service = job.beside(SERVICES, name)
    there = job.site.client.get(service, job.left)
    if there is not None and (there["spec"].get("selector") or {}).get(REVISION) == selector[REVISION]:
        _own(job, service, {"selector": {**selector, REVISION: _NOBODY}}, _TRAFFIC)


def _remove(job: Job, live: Object) -> None:
    if job.object.kind == INSTANCE:
        _unroute(job, live)
        bequeath(job, live)
    job.site.client.delete(job.where, live["metadata"]["uid"], job.left)
    _scaler(job, live)
    while (still := job.site.client.get(job.where, job.left, values=False)) is not None:
        if still["metadata"]["uid"] != live["metadata"]["uid"]:
            break
        if monotonic() > job.end:
            raise ActionUncertain(
                f"{job.object} is being removed: {held_by(still) or 'the cluster has not done it yet'}",
                hint="what holds it has to finish its work; nothing here takes a finalizer away",
            )
        sleep(_PAUSE)
    if job.object.kind == INSTANCE:
        tidy(job, live, all_of_it=True)


def _after(job: Job, live: Object) -> ObservedObject:
    """The object as it now is, with what is around it."""
    around: dict[Any, Object] = {}
    if job.object.kind == INSTANCE:
        made = _kept(live) or Made(body={})
        pairs: list[tuple[Resource, str]] = [(SERVICES, str(service_of(live)))]
        pairs += [(SCALERS, job.where.name)] if made.scaler else []
        pairs += [(CONFIG_MAPS, _name(made.config))] if made.config else []
        pairs += [(SECRETS, _name(made.secret))] if made.secret else []
        for resource, name in pairs:
            there = _beside(job, job.beside(resource, name))
            if there is not None:
                around[key_of(resource, there)] = there
    return _as_sent(job, live, observed(job.site, job.where.resource, live, Around(objects=around)))


def _beside(job: Job, where: Where) -> Object | None:
    """What is beside an object now: known by a watch or by what was written there, or else asked for."""
    if (known := job.written.get(where)) is not None:
        return known
    try:
        if where.resource == SERVICES and not job.site.client.has_written(where):
            return live_of(job.site, where)
        return job.site.client.get(where, job.left, values=where.resource != SECRETS)
    except Gone:
        return None


def _as_sent(job: Job, live: Object, found: ObservedObject) -> ObservedObject:
    """The object with the fields that were asked for, where it differs from them only by what the server made of them.

    Usually a dry run has told; not where the namespace or the kind came with the same apply.
    """
    wanted = job.effect.wanted
    if wanted is None or job.made is None or found.fields == wanted.fields:
        return found
    answered = fields_as_answered(job.made, live)
    return replace(found, fields=wanted.fields, touches=(), trace="") if found.fields == answered else found


def _marks(live: Object) -> dict[str, Any]:
    notes = _notes(live)
    return {"protected": notes.get(PROTECTED) == "true", "rank": int(notes.get(RANK, "0"))}


def _notes(live: Object) -> dict[str, str]:
    found: dict[str, str] = live["metadata"].get("annotations") or {}
    return found


def _kept(live: Object) -> Made | None:
    text = _notes(live).get(APPLIED)
    return made_of(text) if text else None


def _name(body: Fields) -> str:
    metadata: Any = body["metadata"]
    return str(metadata["name"])
