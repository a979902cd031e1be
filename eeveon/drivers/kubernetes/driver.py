"""Runs services as Deployments and StatefulSets of one cluster, in one namespace for each environment."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final

from eeveon.core.desired import Target, Workload
from eeveon.core.health import Check, Probe
from eeveon.core.names import ObjectId, Scope, TargetName
from eeveon.core.observed import Condition, Observation, ObservedObject, Seen, Unreachable
from eeveon.core.plan import Effect
from eeveon.core.values import Fields, digest
from eeveon.core.wanted import INSTANCE, VOLUME, Preview
from eeveon.drivers.base import Capabilities, Context, Driver, LogLine
from eeveon.drivers.kubernetes import logs, watching
from eeveon.drivers.kubernetes.access import Wanted, access_of
from eeveon.drivers.kubernetes.applying import perform
from eeveon.drivers.kubernetes.catalogue import Catalogue
from eeveon.drivers.kubernetes.client import Client, Where
from eeveon.drivers.kubernetes.inventory import Inventory, Written
from eeveon.drivers.kubernetes.job import Job
from eeveon.drivers.kubernetes.lookout import Lookout
from eeveon.drivers.kubernetes.made import APPLIED, Made, made_of
from eeveon.drivers.kubernetes.parse import DOUBLED
from eeveon.drivers.kubernetes.preview import Draft, drafted, previewed
from eeveon.drivers.kubernetes.reading import PATIENCE, Look, look
from eeveon.drivers.kubernetes.render import Place
from eeveon.drivers.kubernetes.resources import (
    BUILT_IN,
    CLAIMS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    SCALERS,
    SECRETS,
    STATEFUL_SETS,
)
from eeveon.drivers.kubernetes.site import Site, mirrors_of
from eeveon.drivers.kubernetes.trouble import Gone
from eeveon.errors import ActionRefused, TargetError

_IN_PLACE: Final = frozenset(
    {DOUBLED, "annotations", "labels", "minReadySeconds", "progressDeadlineSeconds", "replicas", "revisionHistoryLimit",
     "scaling", "strategy", "updateStrategy"}
)  # fmt: skip
_DEFAULT: Final = "default"


def connect(target: Target, context: Context) -> Driver:
    """A driver for the cluster that the target's settings name. Sends and reads nothing yet."""
    return KubernetesDriver(target, context)


class KubernetesDriver:
    """One scope on one cluster."""

    kind = "kubernetes"
    capabilities = Capabilities(mutable=_IN_PLACE, runs=frozenset({"image", "manifests"}))

    def __init__(self, target: Target, context: Context) -> None:
        self._target = target
        self._context = context
        wanted = Wanted.of(target.settings)
        self._client = context.connections.borrow(
            (self.kind, wanted), lambda: Client(lambda: access_of(wanted))
        )
        self._site: Site | None = None
        self._inventory: Inventory | None = None
        self._look: Look | None = None
        self._lookouts: list[Lookout] = []
        self._drafts: dict[ObjectId, Draft] = {}
        self._bodies: dict[ObjectId, list[tuple[Fields, Made]]] = {}  # what fields of an object stand for
        self._lock = threading.Lock()

    def observe(self) -> Observation:
        """See `Driver.observe`."""
        try:
            site, inventory = self._here()
            found = look(site, inventory)
        except TargetError as error:
            return Unreachable(target=self._target.name, reason=error.message, hint=error.hint)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            # Whatever answers in shapes that no cluster uses gives no list, which is not a shorter one.
            return Unreachable(
                target=self._target.name, reason=f"the cluster answers in an unknown form: {error!r}"
            )
        self._look = found
        for one in found.objects:
            self._learn(one, found)
        return Seen(target=self._target.name, objects=found.objects)

    def preview(self, workloads: tuple[Workload, ...]) -> Preview:
        """See `Driver.preview`."""
        site = self._offline() if self._site is None and self._look is None else self._here()[0]
        preview, drafts = previewed(drafted(site, workloads, self._look))
        with self._lock:
            self._drafts |= drafts
            for object_id, draft in drafts.items():
                self._bodies.setdefault(object_id, []).append((draft.wanted.fields, draft.made))
        return preview

    def perform(self, effect: Effect, fence: int, timeout: timedelta) -> ObservedObject | None:
        """See `Driver.perform`."""
        end = monotonic() + timeout.total_seconds()
        site, inventory = self._here()
        where = self._where(site, effect.object)
        if where is None:
            if effect.condition in {Condition.ABSENT, Condition.STOPPED}:
                inventory.show(fence, frozenset(), timeout)
                return None
            raise ActionRefused(f"cannot start {effect.object}: there is no such object")
        made = self._made(effect)
        where, instead = self._changed(effect.object, where, made)
        inventory.show(fence, _places(where, made), timeout)
        draft = self._drafts.get(effect.object)
        job = Job(
            site=site,
            where=where,
            effect=effect,
            fence=fence,
            end=end,
            made=made,
            takes=bool(draft and draft.takes),
            instead=instead,
        )
        after = perform(job)
        if after is None:
            self._went(effect.object, inventory, job.left)
        return after

    def probe(self, object_id: ObjectId, check: Check, timeout: timedelta) -> Probe:
        """See `Driver.probe`. The checks of a service are its pods' readiness probes: the cluster asks them itself."""
        del check, timeout
        try:
            site, _ = self._here()
            where = self._where(site, object_id)
            return watching.probe(site, where, _now())
        except TargetError as error:
            return Probe(healthy=False, detail=error.message)

    def watch(self, objects: frozenset[ObjectId]) -> Observation:
        """See `Watches.watch`. What is sure not to come up has failed, with the first cause."""
        try:
            site, _ = self._here()
            pairs = [(one, self._where(site, one)) for one in sorted(objects)]
            found = watching.watch(site, [(one, where) for one, where in pairs if where], _now())
        except TargetError as error:
            return Unreachable(target=self._target.name, reason=error.message, hint=error.hint)
        return Seen(target=self._target.name, objects=found)

    def notice(self, changed: Callable[[], None], trouble: Callable[[str], None]) -> bool:
        """See `Notices.notice`."""
        try:
            site, inventory = self._here()
        except TargetError as error:
            trouble(error.message)
            return False
        lookout = Lookout(site, inventory, changed, trouble)
        self._lookouts.append(lookout)
        lookout.start()
        return True

    def logs(self, object_id: ObjectId, *, tail: int, follow: bool) -> Iterator[LogLine]:
        """See `Driver.logs`."""
        site, _ = self._here()
        where = self._where(site, object_id)
        if where is None:
            return iter(())
        return logs.follow(site, where, tail) if follow else logs.tail_of(site, where, tail)

    def close(self) -> None:
        """See `Driver.close`."""
        for lookout in self._lookouts:
            lookout.close()
        if self._site is not None:
            self._site.mirrors.close()
        self._context.connections.let_go()

    def _here(self) -> tuple[Site, Inventory]:
        with self._lock:
            if self._site is None or self._inventory is None:
                place = self._place(self._client.access.namespace)
                self._site = self._site_of(place)
                self._inventory = Inventory(self._client, place)
            return self._site, self._inventory

    def _offline(self) -> Site:
        """Where nobody looked yet: a preview of what is written, without the cluster."""
        try:
            return self._here()[0]
        except TargetError:
            return self._site_of(self._place(_DEFAULT))

    def _site_of(self, place: Place) -> Site:
        return Site(
            place=place,
            client=self._client,
            catalogue=Catalogue(self._client),
            secrets=self._context.secrets,
            report=self._context.report,
            mirrors=mirrors_of(self._client, place),
        )

    def _place(self, of_context: str) -> Place:
        settings = self._target.settings
        scope: Scope = self._context.scope
        name: TargetName = self._target.name
        return Place(
            scope=scope,
            target=name,
            namespace=str(settings.get("namespace") or of_context or _DEFAULT),
            create_namespace=bool(settings.get("createNamespace")),
            ingress_class=str(settings.get("ingressClass") or ""),
            storage_class=str(settings.get("storageClass") or ""),
        )

    def _learn(self, one: ObservedObject, found: Look) -> None:
        """Remember what the applied fields stand for: a change in place is taken back to them."""
        if one.applied is not None:
            annotations = found.live[str(one.id)]["metadata"].get("annotations") or {}
            made = made_of(annotations.get(APPLIED, ""))
            if made is not None and not made.is_secret:
                self._bodies.setdefault(one.id, []).append((one.applied, made))

    def _changed(self, object_id: ObjectId, where: Where, made: Made | None) -> tuple[Where, Where | None]:
        """Where an instance is to be, and what else stands for it now: a controller of the other kind."""
        seen = self._look.places.get(object_id) if self._look else None
        if object_id.kind != INSTANCE or seen is None or self._look is None:
            return where, None
        all_of_it = [where, seen, *(one for one in [self._look.doubles.get(object_id)] if one)]
        others = [one for one in all_of_it if one.resource != where.resource]
        if not others:
            return where, None
        if made is not None and made.body["kind"] != where.resource.kind:
            return others[0], where
        return where, others[0]

    def _made(self, effect: Effect) -> Made | None:
        if effect.wanted is None:
            return None
        wanted = digest(effect.wanted.fields)
        with self._lock:
            known = self._bodies.get(effect.object, ())
        return next((made for fields, made in reversed(known) if digest(fields) == wanted), None)

    def _where(self, site: Site, object_id: ObjectId) -> Where | None:
        """Where an object is: as it was drafted or seen last, or as its kind says. None for an instance of no kind yet."""
        with self._lock:
            draft = self._drafts.get(object_id)
        if draft is not None:
            return draft.where
        if self._look is not None and (seen := self._look.places.get(object_id)) is not None:
            return seen
        elsewhere, _, name = object_id.name.rpartition("/")
        namespace = elsewhere or site.place.namespace
        if object_id.kind == INSTANCE:
            return self._instance_where(site, namespace, name)
        if object_id.kind == VOLUME:
            return Where(resource=CLAIMS, namespace=namespace, name=name)
        written = (resource for resource, _ in self._here()[1].read(PATIENCE))
        for resource in (*BUILT_IN.values(), *written):
            if str(resource) == object_id.kind:
                return Where(resource=resource, namespace=namespace if resource.namespaced else "", name=name)
        raise ActionRefused(
            f"nothing here knows what {object_id} is", hint="run the command again: it looks anew then"
        )

    @staticmethod
    def _instance_where(site: Site, namespace: str, name: str) -> Where | None:
        for resource in (DEPLOYMENTS, STATEFUL_SETS):
            where = Where(resource=resource, namespace=namespace, name=name)
            try:
                live = site.client.get(where, PATIENCE, values=False)
            except Gone:
                continue
            if live is not None and site.is_ours(live):
                return where
        return None

    def _went(self, object_id: ObjectId, inventory: Inventory, timeout: timedelta) -> None:
        """Once nothing of the scope is left, nothing has to be remembered of it."""
        if object_id.kind == INSTANCE or self._look is None:
            return
        site, _ = self._here()
        if not look(site, inventory).objects:
            inventory.forget(timeout)


def _places(where: Where, made: Made | None) -> Written:
    """Every kind and namespace that bringing the object about may write to."""
    parts = {CONFIG_MAPS: made and made.config, SECRETS: made and made.secret, SCALERS: made and made.scaler}
    kinds = {where.resource, *(resource for resource, part in parts.items() if part)}
    return frozenset((kind, where.namespace) for kind in kinds)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 — "unschedulable for 30 s" is told by the clock that the cluster's is near
