"""Brings one container to one condition. Each step looks first, so that all of it can be repeated."""

import re
from dataclasses import dataclass

from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Effect
from eeveon.core.secret import references
from eeveon.core.wanted import WantedObject
from eeveon.drivers.docker import parse, request
from eeveon.drivers.docker.client import Answer, Errand
from eeveon.drivers.docker.names import is_ours, label_filter, object_labels
from eeveon.drivers.docker.parse import Container
from eeveon.drivers.docker.site import Site
from eeveon.errors import ActionRefused

_BUSY = re.compile(
    r"(?:bind for |listen \w+ )\S*?:(\d+)\S*(?: failed: port is already allocated|.*in use)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One effect on one container."""

    site: Site
    errand: Errand
    object: ObjectId
    fence: int


def perform(job: Job, effect: Effect) -> ObservedObject | None:
    """The container after the effect; None if there is none then."""
    present = find(job.site, job.errand, job.object)
    match effect.condition:
        case Condition.RUNNING if effect.wanted is not None:
            _run_as_wanted(job, effect.wanted, present)
        case Condition.RUNNING:
            if present is None:
                raise ActionRefused(f"cannot start {job.object}: there is no such container")
            _start(job, present.id, present.status)
        case Condition.ABSENT:
            if present is not None:
                _stop(job, present)
                _remove(job, present.id)
            return None
        case _:
            if present is None:
                return None
            _stop(job, present)
    after = find(job.site, job.errand, job.object)
    return None if after is None else parse.instance(job.site.place, after)


def find(site: Site, errand: Errand, object_id: ObjectId) -> Container | None:
    """The container of ours with this identity, even if somebody renamed it.

    Raises ActionRefused where its name is taken by one that is not ours.
    """
    name = site.engine_name(object_id)
    answer = errand.get(f"/containers/{name}/json")
    if answer.status != 404:
        found = parse.inspected(errand.checked(answer, f"/containers/{name}/json"))
        if found.name == name:  # the engine also takes the beginning of an id for a name
            return _ours(site, found)
    wanted = object_labels(site.place.scope, object_id)
    renamed = errand.read("/containers/json", {"all": 1, "filters": label_filter(wanted)})
    if not renamed:
        return None
    again = errand.get(f"/containers/{renamed[0]['Id']}/json")
    return None if again.status == 404 else parse.inspected(errand.checked(again, "/containers"))


def _ours(site: Site, found: Container) -> Container:
    if not is_ours(site.place.scope, found.labels):
        raise ActionRefused(
            f"there is a container {found.name} on {site.place.target} that is not of {site.place.scope}",
            hint=f"rename or remove it: docker rename {found.name} …",
        )
    return found


def _run_as_wanted(job: Job, wanted: WantedObject, present: Container | None) -> None:
    if present is None:
        _create_and_start(job, wanted)
        return
    now = parse.instance(job.site.place, present).fields
    if present.status == "created":
        # An engine that is killed while it starts a container forgets that it did, and containerd, which knows it
        # by its id, refuses to start it ever again ("already exists"). It never ran, so nothing is lost with it.
        _remove(job, present.id)
        _create_and_start(job, wanted)
    elif now == wanted.fields:
        _start(job, present.id, present.status)
    elif request.can_update(now, wanted.fields):
        body = request.limits(wanted.fields) | request.restart(wanted.fields)
        job.errand.change(f"update {job.object}", f"/containers/{present.id}/update", body=body)
        _start(job, present.id, present.status)
    else:
        _stop(job, present)
        _remove(job, present.id)
        _create_and_start(job, wanted)


def _create_and_start(job: Job, wanted: WantedObject) -> None:
    made = _create(job, wanted)
    try:
        for network in request.extra_networks(job.site.place.scope, wanted.fields):
            body = {"Container": made, "EndpointConfig": request.endpoint(wanted)}
            job.errand.change(f"connect {job.object}", f"/networks/{network}/connect", body=body)
        _start(job, made, "created")
    except ActionRefused:
        _remove(job, made)  # what cannot start is not left lying about
        raise


def _create(job: Job, wanted: WantedObject) -> str:
    """The id of a new container. Its image is pulled only if the engine then says that it lacks it."""
    body = request.container(job.site.place.scope, wanted, _values(job, wanted), job.fence)
    name = {"name": job.site.engine_name(job.object)}
    answer = job.errand.write("POST", "/containers/create", name, body)
    if answer.status == 404 and "no such image" in answer.message.lower():
        job.site.images.fetch(job.errand, body["Image"], job.object)
        answer = job.errand.write("POST", "/containers/create", name, body)
    if not answer.is_good:
        raise job.errand.refusal(f"create {job.object}", answer)
    return str(answer.json()["Id"])


def _values(job: Job, wanted: WantedObject) -> dict[str, str]:
    """The secrets in plain, for the body that creates a container and for nothing else."""
    resolve = job.site.secrets.resolve
    return {name: resolve(ref).reveal() for name, ref in references(wanted.fields).items()}


def _start(job: Job, container: str, status: str) -> None:
    if status == "running":
        return
    verb = "unpause" if status == "paused" else "start"
    answer = job.errand.write("POST", f"/containers/{container}/{verb}")
    if not answer.is_good:
        raise _why_not_started(job, answer)


def _why_not_started(job: Job, answer: Answer) -> Exception:
    if busy := _BUSY.search(answer.message):
        return ActionRefused(
            f"cannot start {job.object}: port {busy[1]} of {job.site.place.address} is in use",
            hint="stop what uses it, or publish another port",
        )
    return job.errand.refusal(f"start {job.object}", answer)


def _stop(job: Job, container: Container) -> None:
    if container.status not in {"running", "restarting", "paused"}:
        return
    grace = request.grace_seconds(parse.applied_fields(container.labels))
    answer = job.errand.write("POST", f"/containers/{container.id}/stop", {"t": grace})
    if not answer.is_good and answer.status != 404:
        raise job.errand.refusal(f"stop {job.object}", answer)


def _remove(job: Job, container: str) -> None:
    answer = job.errand.write("DELETE", f"/containers/{container}", {"force": 1})
    if answer.status == 409 and "already in progress" in answer.message:
        answer = job.errand.write("POST", f"/containers/{container}/wait", {"condition": "removed"})
    if not answer.is_good and answer.status != 404:
        raise job.errand.refusal(f"remove {job.object}", answer)
