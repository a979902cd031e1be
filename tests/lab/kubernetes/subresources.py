"""status, scale, eviction and finalize."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.lab.kubernetes import accounts, deleting, selectors, shapes, statuses, strategic, writes, writing
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.wire import Answer, Request
from tests.lab.kubernetes.write import Write

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster


def answer(  # noqa: PLR0911 - one line a case
    cluster: "Cluster", request: Request, resource: Resource, place: tuple[str, str, str]
) -> Answer:
    """What a request to a subresource leads to."""
    namespace, name, sub = place
    live = cluster.store.get(resource.key, namespace, name)
    if live is None:
        raise statuses.not_found(resource.group, resource.plural, name)
    match sub, request.method:
        case "status", "GET":
            return shapes.one(request, resource, live, cluster.clock)
        case "status", _:
            return writes.write(cluster, request, resource, (namespace, name), "status")
        case "log", "GET" if resource.plural == "pods":
            return Answer(body=_log(request, live), kind="text/plain")
        case "token", "POST":
            return accounts.issue(cluster, live)
        case "scale", "GET":
            return Answer(body=scale_of(live))
        case "scale", _:
            return _rescaled(cluster, request, resource, live)
        case "eviction", "POST":
            return _evicted(cluster, request, resource, live)
        case "finalize", "PUT":
            return writes.write(cluster, request, resource, (namespace, name), "finalize")
        case _:
            raise statuses.no_resource()


def _log(request: Request, pod: Object) -> str:
    """What every program here writes, once it runs: three lines."""
    if pod.get("status", {}).get("phase") != "Running":
        container = request.query.get("container") or pod["spec"]["containers"][0]["name"]
        said = f'container "{container}" in pod "{pod["metadata"]["name"]}" is waiting to start: ContainerCreating'
        raise statuses.bad_request(said)
    lines = ["line 1", "line 2", "line 3"][-int(request.query.get("tailLines", "3")) :]
    stamp = f"{pod['status']['startTime']} " if request.query.get("timestamps") == "true" else ""
    return "".join(f"{stamp}{line}\n" for line in lines)


def scale_of(live: Object) -> Object:
    """The Scale of something that has replicas."""
    meta = {
        key: live["metadata"].get(key)
        for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    }
    status: Object = {"replicas": live.get("status", {}).get("replicas", 0)}
    if selector := live["spec"].get("selector"):
        status["selector"] = selectors.spoken(selector)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: value for key, value in meta.items() if value},
        "spec": {"replicas": live["spec"]["replicas"]} if live["spec"].get("replicas") else {},
        "status": status,
    }


def _rescaled(cluster: "Cluster", request: Request, resource: Resource, live: Object) -> Answer:
    asked = writes.options_of(
        request, resource, (live["metadata"]["namespace"], live["metadata"]["name"]), "scale"
    )
    if request.method == "PUT":
        wanted = writes.read(request, resource)
    else:
        wanted = strategic.merged(scale_of(live), writes.read_patch(request))
    meta = live["metadata"]
    if (given := wanted.get("metadata", {}).get("resourceVersion")) and given != meta["resourceVersion"]:
        raise statuses.conflict(resource.group, resource.plural, meta["name"], statuses.MODIFIED)
    return Answer(body=scale_of(scaled(cluster, asked, live, int(wanted.get("spec", {}).get("replicas", 0)))))


def scaled(cluster: "Cluster", asked: Write, live: Object, replicas: int) -> Object:
    """The object with so many replicas."""
    new = {**live, "spec": {**live["spec"], "replicas": replicas}}
    return writing.update(cluster, replace(asked, subresource="scale"), live, new)


def _evicted(cluster: "Cluster", request: Request, resource: Resource, pod: Object) -> Answer:
    for budget in cluster.store.list(("policy", "poddisruptionbudgets"), pod["metadata"]["namespace"]):
        if not selectors.matches(budget["spec"].get("selector"), pod["metadata"].get("labels")):
            continue
        status = budget["status"]
        if status.get("disruptionsAllowed", 0) <= 0:
            name, healthy, wanted = (
                budget["metadata"]["name"],
                status["currentHealthy"],
                status["desiredHealthy"],
            )
            message = f"The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently"
            details = {"causes": [{"reason": "DisruptionBudget", "message": message}]}
            said = "Cannot evict pod as it would violate the pod's disruption budget."
            raise statuses.Refused(429, said, "TooManyRequests", details)
    if "dryRun" not in request.query:
        deleting.delete(cluster, resource, pod, {}, dry_run=False)
    return Answer(
        code=201,
        body={"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201},
    )
