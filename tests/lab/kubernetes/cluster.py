"""The state of a cluster that does not exist, and the way of a request through it."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.lab.kubernetes import definitions, routes, statuses, writes
from tests.lab.kubernetes.access import Access
from tests.lab.kubernetes.clock import Clock
from tests.lab.kubernetes.controllers import Pace, reconcile
from tests.lab.kubernetes.controllers.kubelet import Life
from tests.lab.kubernetes.controllers.work import Work
from tests.lab.kubernetes.faults import Faults
from tests.lab.kubernetes.resources import Catalogue, Resource
from tests.lab.kubernetes.store import Store
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.wire import Answer, Reply, Request

_NAMES = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # as Kubernetes makes names: no vowels
_FIRST = ("default", "kube-system", "kube-public", "kube-node-lease")


@dataclass(slots=True)
class Cluster:
    """Everything behind the wire. One request at a time, and controllers between them."""

    clock: Clock = field(default_factory=Clock)
    pace: Pace = field(default_factory=Pace)
    store: Store = field(default_factory=Store)
    catalogue: Catalogue = field(default_factory=Catalogue)
    access: Access = field(default_factory=Access)
    faults: Faults = field(default_factory=Faults)
    bookmark_every: float = 60.0
    address_of_server: str = "127.0.0.1"
    nodes: dict[str, dict[str, str]] = field(
        default_factory=lambda: {name: {"cpu": "4", "memory": "8Gi"} for name in ("node-1", "node-2")}
    )
    fates: dict[str, str] = field(default_factory=dict)  # of images; see controllers/kubelet.py
    loads: dict[str, int] = field(
        default_factory=dict
    )  # the replicas that an autoscaler finds right, by target
    expressions: dict[str, Callable[[Object], bool]] = field(
        default_factory=dict
    )  # of admission policies, by their CEL
    rewrites: Callable[[Object], object] = field(default=lambda made: None)  # what a mutating webhook does
    binds_claims: bool = True
    holds_namespaces: bool = False  # keep those that are deleted in Terminating
    work: Work = field(default_factory=Work)
    lives: dict[str, Life] = field(default_factory=dict)  # of Pods, by uid
    told: dict[str, str] = field(default_factory=dict)  # names of events, by what they tell
    moments: dict[str, float] = field(default_factory=dict)  # finer than objects write them
    lock: threading.RLock = field(default_factory=threading.RLock)
    _made: int = 0

    def __post_init__(self) -> None:
        for name in _FIRST:
            made: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            writes.made_by(self, "kube-apiserver", "namespaces", made)

    def handle(self, request: Request) -> Reply:
        """The answer. What is refused is an answer too."""
        with self.lock:
            try:
                reply = routes.answer(self, request)
            except statuses.Refused as refused:
                return self.refusal(refused)
            return reply

    def refusal(self, refused: statuses.Refused) -> Answer:
        """A refusal as an answer."""
        if refused.text is not None:
            return Answer(code=refused.code, body=refused.text, kind="text/plain; charset=utf-8")
        headers = dict(refused.headers)
        body = refused.status()
        if token := headers.pop("x-continue", None):
            body["metadata"] = {"continue": token}
        return Answer(
            code=refused.code, body=body, headers=(*headers.items(), *statuses.warned(refused.warnings))
        )

    def settle(self) -> None:
        """Let the controllers do what is due."""
        with self.lock:
            reconcile(self)

    def since(self, pod: Object, transition: str) -> float:
        """The second since which a Pod is ready."""
        life = self.lives.get(pod["metadata"]["uid"])
        return life.since if life else self.clock.read(transition)

    def deadline(self, live: Object, condition: Object) -> float:
        """The second by which a Deployment must have moved."""
        moved = self.moments[f"{condition['lastUpdateTime']} {condition['message']}"]
        return moved + float(live["spec"]["progressDeadlineSeconds"]) * self.pace.second

    # What writing needs.

    def now(self, later: float = 0.0) -> str:
        """The moment as objects write it."""
        return self.clock.stamp(later)

    def uid(self) -> str:
        """Another one each time, the same in each run."""
        self._made += 1
        return str(uuid.uuid5(_NAMES, f"{self.clock.began} {self._made}"))

    def suffix(self) -> str:
        """Five letters for a generated name."""
        self._made += 1
        number = uuid.uuid5(_NAMES, f"suffix {self._made}").int
        return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(5))

    def address(self) -> str:
        """A cluster IP that is free."""
        self._made += 1
        return f"10.96.{self._made // 250 % 250}.{self._made % 250 + 1}"

    def writable(self, resource: Resource, namespace: str, name: str) -> None:
        """Refuse to make objects where there is no namespace, or one that goes away."""
        if not resource.namespaced:
            return
        found = self.store.get(("", "namespaces"), "", namespace)
        if found is None:
            raise statuses.not_found("", "namespaces", namespace)
        if "deletionTimestamp" in found["metadata"]:
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            refused = statuses.forbidden(resource.group, resource.plural, name, why)
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
            }
            refused.details = {**(refused.details or {}), "causes": [cause | {"field": "metadata.namespace"}]}
            raise refused

    def stored(self, resource: Resource, made: Object) -> Object:
        """Written, with its revision."""
        stored = self.store.put(resource.key, made)
        if resource.kind == "CustomResourceDefinition":
            definitions.offered(self.catalogue, self.store)
        return stored

    def removed(self, resource: Resource, live: Object) -> Object:
        """Taken away."""
        meta = live["metadata"]
        gone = self.store.remove(resource.key, meta.get("namespace", ""), meta["name"])
        if resource.kind == "CustomResourceDefinition":
            definitions.offered(self.catalogue, self.store)
        return gone

    def let_go(self, resource: Resource, stored: Object) -> None:
        """Take away what waited for its last finalizer."""
        meta = stored["metadata"]
        if "deletionTimestamp" in meta and not meta.get("finalizers") and resource.kind != "Namespace":
            if resource.kind == "Pod" and meta.get("deletionGracePeriodSeconds"):
                return
            self.removed(resource, stored)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it after every write."""
        self.store.listeners.append(listener)
