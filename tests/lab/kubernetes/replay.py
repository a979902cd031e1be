"""Playing recorded requests against a cluster that is not one, and what differs in its answers."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.lab.kubernetes import writes
from tests.lab.kubernetes.access import ADMIN, may, service_account
from tests.lab.kubernetes.clock import Clock
from tests.lab.kubernetes.cluster import Cluster
from tests.lab.kubernetes.controllers import Pace
from tests.lab.kubernetes.recordings import Exchange, Names, exchanges
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.wire import Answer, Reply, Request, Stream
from tests.lab.kubernetes.writing import completed

RECORDED = Pace(
    create=0.6, ready=0.0, stop=0.4, crash=0.5, backoff=2.3, growth=4.0, longest_backoff=60.0, pull=0.8
)
_NAMESPACE = re.compile(r"/namespaces/([^/]+)/")
_AGENTS = {"40": "kubectl", "41": "kubectl", "17": "kubectl"}
# Written by controllers at their own time, or for reasons of the recorded machine.
_CONTROLLERS = {"kube-controller-manager", "kubelet", "kube-scheduler"}
_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where an answer is not the recorded one."""

    line: int
    note: str
    request: str
    what: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.line} {self.request} ({self.note})\n    " + "\n    ".join(self.what)


@dataclass(slots=True)
class Replay:
    """One case, from its first request to its last."""

    name: str
    cluster: Cluster = field(
        default_factory=lambda: Cluster(clock=Clock(told=0.0), pace=RECORDED, binds_claims=False)
    )
    real: Names = field(default_factory=Names)
    ours: Names = field(default_factory=Names)
    tokens: dict[str, str] = field(default_factory=dict)  # continue tokens of ours by recorded ones

    def begin(self) -> None:
        """Make what was there before."""
        prepare(self)

    def send(self, exchange: Exchange) -> Reply:
        """The answer to a recorded request."""
        return self.cluster.handle(self._request(exchange))

    def run(self) -> Iterator[Difference]:
        """Every answer that differs."""
        self.begin()
        for exchange in exchanges(self.name):
            self.cluster.clock.told = exchange.at
            self.cluster.settle()
            if "older than" in exchange.note or "expired" in exchange.note:
                self.cluster.store.compact()
            if exchange.note in _EXISTING:
                self._apply(_EXISTING[exchange.note], exchange.at)
            reply = self.send(exchange)
            found = tuple(self._differences(exchange, reply))
            if found:
                asked = f"{exchange.request['method']} {exchange.request['path']} {exchange.request['query']}"
                yield Difference(line=exchange.line, note=exchange.note, request=asked, what=found)

    def _apply(self, body: Object, at: float) -> None:
        """Make what the recorder had made a while before."""
        self.cluster.clock.told = at - 3
        namespace = _PLACES[self.name[:2]]
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
        whole = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
        headers = {"authorization": f"Bearer {ADMIN}", "content-type": "application/apply-patch+yaml"}
        data, query = json.dumps(whole).encode(), {"fieldManager": "eeveon"}
        self.cluster.handle(Request(method="PATCH", path=path, query=query, headers=headers, body=data))
        for seconds in (3.0, 2.0, 1.0, 0.0):
            self.cluster.clock.told = at - seconds
            self.cluster.settle()

    def _request(self, exchange: Exchange) -> Request:
        raw = exchange.request
        body = raw["body"]
        data = (
            b""
            if body is None
            else body.encode()
            if isinstance(body, str)
            else self._ours(json.dumps(body)).encode()
        )
        headers = {name.lower(): value for name, value in raw["headers"].items()}
        headers["user-agent"] = agent(self.name, exchange)
        if exchange.by != "none":
            headers["authorization"] = f"Bearer {exchange.by or ADMIN}"
        query = {name: self.tokens.get(value, value) for name, value in raw["query"].items()}
        if "resourceVersion" in query:
            query["resourceVersion"] = self._revision(query["resourceVersion"])
        return Request(method=raw["method"], path=raw["path"], query=query, headers=headers, body=data)

    def _ours(self, text: str) -> str:
        """A body with our uids and revisions in place of the recorded ones."""
        back = {name: uid for uid, name in self.ours.uids.items()}
        for uid, name in self.real.uids.items():
            text = text.replace(uid, back.get(name, uid))
        text = re.sub(
            r'(/metadata/resourceVersion", "value": )"(\d+)"',
            lambda m: f'{m[1]}"{self._revision(m[2])}"',
            text,
        )
        return re.sub(
            r'"resourceVersion": "(\d+)"', lambda m: f'"resourceVersion": "{self._revision(m[1])}"', text
        )

    def _revision(self, recorded: str) -> str:
        return self.tokens.get(f"rv {recorded}", recorded)

    def _differences(self, exchange: Exchange, reply: Any) -> Iterator[str]:
        answer = reply if isinstance(reply, Answer) else _gathered(reply, exchange)
        status = exchange.response["status"]
        if answer.code != status:
            yield f"status {answer.code} instead of {status}: {str(answer.body)[:600]}"
            return
        kind = exchange.response["headers"].get("Content-Type", "")
        if kind and answer.kind != kind:
            yield f"Content-Type {answer.kind!r} instead of {kind!r}"
        for name in ("Warning", "Retry-After"):
            wanted = exchange.response["headers"].get(name, [])
            wanted = wanted if isinstance(wanted, list) else [wanted]
            given = [value for key, value in answer.headers if key == name]
            if given != wanted:
                yield f"{name}: {given} instead of {wanted}"
        self._learn(exchange.response["body"], answer.body)
        recorded = stable(self.real.value(known(exchange.response["body"])))
        given = stable(self.ours.value(json.loads(json.dumps(known(answer.body)))))
        yield from difference(recorded, given, "")

    def _learn(self, recorded: Any, given: Any) -> None:
        """Remember which of our revisions and tokens stand for the recorded ones."""
        match recorded, given:
            case dict(), dict():
                for name in recorded.keys() & given.keys():
                    if name == "resourceVersion" and isinstance(given[name], str):
                        self.tokens[f"rv {recorded[name]}"] = given[name]
                    elif name == "continue":
                        self.tokens[recorded[name]] = given[name]
                    else:
                        self._learn(recorded[name], given[name])
            case list(), list():
                by_name = {_name(one): one for one in given}
                for one in recorded:
                    self._learn(one, by_name.get(_name(one)))
            case _:
                return


def _name(one: Any) -> Any:
    return one.get("metadata", {}).get("name") if isinstance(one, dict) else one


def _gathered(stream: Stream, exchange: Exchange) -> Answer:
    """A watch as a list of its lines."""
    lines, on, seconds = [], True, 0.0
    while on:
        more, on = stream.more(seconds)
        lines += more
        seconds += 60.0
    return Answer(body=lines, kind=stream.kind)


def agent(name: str, exchange: Exchange) -> str:
    """The program that asked: the recorded answer tells, where the request does not."""
    return _AGENTS.get(name[:2], "eeveon-recorder")


_SAME_WORLD = {"31-partial-metadata-and-table": "30-list-paging-and-selectors"}
_SAME_WORLD["32-expired-410"] = "30-list-paging-and-selectors"


def prepare(replay: Replay) -> None:
    """What was there before the case began: its namespaces, and objects that it reads without having made them."""
    cluster, made = replay.cluster, set[tuple[str, ...]]()
    for exchange in (
        *(exchanges(_SAME_WORLD[replay.name]) if replay.name in _SAME_WORLD else ()),
        *exchanges(replay.name),
    ):
        request, response = exchange.request, exchange.response
        found = _NAMESPACE.search(request["path"])
        if found and found[1] not in _ABSENT and not cluster.store.get(("", "namespaces"), "", found[1]):
            body: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": found[1]}}
            writes.made_by(cluster, "eeveon-recorder", "namespaces", body)
        if response["status"] in {200, 201} and not response.get("stream"):
            for one in _objects(response["body"]):
                place = (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"])
                if place not in made and (request["method"] == "GET" or "items" in response["body"]):
                    _seed(cluster, one)
                made.add(place)
    cluster.expressions |= _EXPRESSIONS
    for token, user in _USERS.items():
        cluster.access.tokens[token] = user


_EXPRESSIONS: dict[str, Callable[[Object], bool]] = {
    "object.spec.replicas <= 3": lambda one: one["spec"]["replicas"] <= 3,
    "object.spec.template.spec.containers.all(c, !c.image.endsWith(':latest'))": lambda one: (
        not any(
            container["image"].endswith(":latest")
            for container in one["spec"]["template"]["spec"]["containers"]
        )
    ),
    "has(object.metadata.labels) && 'owner' in object.metadata.labels": lambda one: (
        "owner" in one["metadata"].get("labels", {})
    ),
    "object.metadata.name != 'nomsg'": lambda one: one["metadata"]["name"] != "nomsg",
}
_ABSENT = {"no-such-ns", "rec-made", "default"}
_WEB: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "registry.test/web:1"}]},
        },
    },
}
_ONE: Object = {**_WEB, "spec": {**_WEB["spec"], "replicas": 1}}
_EXISTING = {
    "selector changed, dry run": _WEB,
    "merge patch, unknown field, fieldValidation=Strict": _WEB,
    "the same once it exists": _WEB,
    "dry run": _ONE,
    "Foreground, in the body": _ONE,
    "Orphan": _ONE,
}
_PLACES = {"24": "rec-err", "26": "rec-err", "28": "rec-rbac", "35": "rec-del", "39": "rec-evict"}
_USERS = {
    "serviceaccount": service_account(
        "rec-rbac",
        "deployer",
        may("get list", "configmaps", "rec-rbac"),
        may("get patch", "deployments.apps", "rec-rbac"),
        may("get patch create", "roles.rbac.authorization.k8s.io", "rec-rbac"),
    )
}
_MADE_BY_CONTROLLERS = {"Pod", "ReplicaSet", "Event", "Endpoints", "Scale", "Table", "EndpointSlice"}


def _objects(body: Any) -> Iterator[Object]:
    """The whole objects of an answer."""
    if not isinstance(body, dict) or body.get("kind", "").startswith(("PartialObject", "Table", "API")):
        return
    kind = body.get("kind", "")
    for one in body.get("items", [body]):
        whole = {"kind": kind.removesuffix("List"), "apiVersion": body.get("apiVersion"), **one}
        meta = whole.get("metadata", {})
        if whole["kind"] not in _MADE_BY_CONTROLLERS and "uid" in meta and "ownerReferences" not in meta:
            yield whole


def _seed(cluster: Cluster, one: Object) -> None:
    """Put it there as it is."""
    resource = cluster.catalogue.of_kind(one["apiVersion"], one["kind"])
    if resource is not None and resource.kind != "Namespace":
        whole = completed(resource, one)
        cluster.stored(resource, whole)


def known(body: Any) -> Any:
    """Without what a controller of the recorded machine left, and the descriptions of columns."""
    if isinstance(body, dict) and body.get("kind") == "Table":
        columns = [{**one, "description": ""} for one in body["columnDefinitions"]]
        ages = [at for at, one in enumerate(columns) if one["name"] == "Age"]
        rows = [
            {**row, "cells": ["AGE" if at in ages else cell for at, cell in enumerate(row["cells"])]}
            for row in body["rows"]
        ]
        return {**body, "columnDefinitions": columns, "rows": rows}
    if isinstance(body, dict) and body.get("kind") == "Scale":
        return {**body, "status": {}}
    if isinstance(body, dict) and isinstance(body.get("items"), list):
        items = [
            one for one in body["items"] if _name(one) not in {"openshift-service-ca.crt", "kube-root-ca.crt"}
        ]
        return {**body, "items": items}
    return body


def stable(body: Any) -> Any:
    """Without revisions, and without what controllers write at their own time."""
    match body:
        case dict():
            found = {name: stable(value) for name, value in body.items()}
            if isinstance(meta := found.get("metadata"), dict):
                found["metadata"] = _stable_meta(meta)
                if (
                    "spec" in found
                    and "status" in found
                    and found.get("kind") not in {"Scale", "SelfSubjectAccessReview"}
                ):
                    del found["status"]
            return found
        case list():
            return [stable(one) for one in body]
        case _:
            return body


def _stable_meta(meta: Object) -> Object:
    kept = {
        name: value
        for name, value in meta.items()
        if name not in {"resourceVersion", "continue", "remainingItemCount"}
    }
    if "managedFields" in kept:
        kept["managedFields"] = sorted(
            (
                {**row, "fieldsV1": _quiet(row.get("fieldsV1") or {})}
                for row in kept["managedFields"]
                if row.get("manager") not in _CONTROLLERS or row.get("subresource") != "status"
            ),
            key=lambda row: (row["operation"], row["manager"], row.get("subresource", "")),
        )
    if isinstance(notes := kept.get("annotations"), dict):
        notes = {name: value for name, value in notes.items() if name != _REVISION}
        kept["annotations"] = notes
        if not notes:
            del kept["annotations"]
    return kept


def _quiet(fields: Any) -> Any:
    """Owned fields without what depends on whether a controller was faster."""
    found = copy.deepcopy(fields)
    notes = found.get("f:metadata", {}).get("f:annotations")
    if notes is not None:
        notes.pop(".", None)
        notes.pop(f"f:{_REVISION}", None)
    return found


def difference(recorded: Any, given: Any, path: str) -> Iterator[str]:
    """Where two answers differ."""
    match recorded, given:
        case dict(), dict():
            for name in sorted(recorded.keys() | given.keys()):
                here = f"{path}.{name}"
                if name not in given:
                    yield f"{here} missing: {_short(recorded[name])}"
                elif name not in recorded:
                    yield f"{here} not recorded: {_short(given[name])}"
                else:
                    yield from difference(recorded[name], given[name], here)
        case list(), list() if len(recorded) == len(given):
            for at, (one, other) in enumerate(zip(recorded, given, strict=True)):
                yield from difference(one, other, f"{path}[{at}]")
        case _ if recorded != given or type(recorded) is not type(given):
            yield f"{path}: {_short(given)} instead of {_short(recorded)}"
        case _:
            return


def _short(value: Any) -> str:
    return json.dumps(value)[:500]
