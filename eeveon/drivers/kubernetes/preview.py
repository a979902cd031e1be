"""What workloads become on a cluster, compared with what was last seen, and asked of the server only where it differs.

The answer to a dry run has all that the server adds and rewrites, so defaults and admission are never a difference.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from eeveon.core.desired import Workload
from eeveon.core.health import Health, ReadyCheck
from eeveon.core.names import ObjectId, ServiceName
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.values import Fields
from eeveon.core.wanted import Note, Preview, WantedObject, revision_of
from eeveon.drivers.kubernetes.client import Applied, Object, Where
from eeveon.drivers.kubernetes.likeness import seen_through
from eeveon.drivers.kubernetes.made import APPLIED, PROTECTED, RANK, RESTS, Made, made_of
from eeveon.drivers.kubernetes.owners import clashes
from eeveon.drivers.kubernetes.parse import Around, fields_of_all, is_claim_of_pods, replace_body
from eeveon.drivers.kubernetes.reading import Look
from eeveon.drivers.kubernetes.render import Instance, Manifest, Rendered, Support, common_of, rendered
from eeveon.drivers.kubernetes.render.identity import PROJECT
from eeveon.drivers.kubernetes.resources import CLAIMS, SCALERS, Resource
from eeveon.drivers.kubernetes.site import Site, service_of
from eeveon.drivers.kubernetes.trouble import Conflict, Forbidden, Gone
from eeveon.errors import ActionRefused, TargetError

_PATIENCE: Final = timedelta(seconds=30)
_LANES: Final = 8
_PROGRESS: Final = timedelta(seconds=600)  # a Deployment's own default deadline


Scalers = Mapping[tuple[str, str, str], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One object that is to be: what is written, and as a plan wants it before the server was asked."""

    where: Where
    made: Made
    wanted: WantedObject
    takes: bool = False  # takes fields from others

    @property
    def id(self) -> ObjectId:
        """Its identity."""
        return self.wanted.id


@dataclass(slots=True)
class Drafts:
    """All of a preview, with what must be said."""

    site: Site
    look: Look | None
    scalers: Scalers  # of others
    found: list[Draft] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def note(self, service: ServiceName | None, text: str) -> None:
        """Say something of a service."""
        self.notes.append(Note(target=self.site.place.target, service=service, text=text))


def drafted(site: Site, workloads: tuple[Workload, ...], look: Look | None) -> Drafts:
    """Everything that the workloads become. Asks the cluster only for kinds that it does not know yet."""
    drafts = Drafts(site=site, look=look, scalers=_scalers_of_others(look))
    whole = [(workload, rendered(site.place, workload)) for workload in workloads]
    for _, one in whole:
        for support in one.supports:
            if support.manifest.kind == "CustomResourceDefinition":
                site.catalogue.define(support.manifest.body)
    for support in common_of(site.place, workloads):
        _add_support(drafts, None, support)
    for workload, one in whole:
        _add(drafts, workload, one)
    if look is not None:
        _tell_of_claims(drafts, look.around, {workload.service for workload in workloads})
    return drafts


def _tell_of_claims(drafts: Drafts, around: Around, wanted: Collection[ServiceName]) -> None:
    """What pods of a StatefulSet that goes leave behind, said before it goes: only then can it be kept."""
    left: dict[ServiceName, list[str]] = {}
    for (resource, _, name), live in around.objects.items():
        service = service_of(live)
        if (
            resource == CLAIMS
            and service is not None
            and service not in wanted
            and is_claim_of_pods(live, around)
        ):
            left.setdefault(service, []).append(name)
    for service, names in left.items():
        drafts.note(service, f"what its pods have stored stays when it is gone: {', '.join(sorted(names))}")


def previewed(drafts: Drafts) -> tuple[Preview, dict[ObjectId, Draft]]:
    """The objects as the target would hold them, and the drafts that they come from, by identity."""
    seen = {one.id: one for one in drafts.look.objects} if drafts.look else {}
    settled, open_ones = [], []
    for draft in drafts.found:
        there = seen.get(draft.id)
        if drafts.look is None or (there is not None and there.fields == draft.wanted.fields):
            settled.append(draft)
        else:
            open_ones.append((draft, there))
    with ThreadPoolExecutor(_LANES, thread_name_prefix="kubernetes") as lanes:
        asked = list(lanes.map(lambda pair: _asked(drafts, *pair), open_ones))
    for _, texts in asked:
        for service, text in texts:
            drafts.note(service, text)
    everything = {draft.id: draft for draft in (*settled, *(draft for draft, _ in asked))}
    objects = tuple(everything[draft.id].wanted for draft in drafts.found)
    return Preview(objects=objects, notes=tuple(_unique(drafts.notes))), everything


def _add(drafts: Drafts, workload: Workload, one: Rendered) -> None:
    service = workload.service
    takes = workload.kubernetes.get("conflicts") == "force"
    for text in one.notes:
        drafts.note(service, text)
    for support in one.supports:
        _add_support(drafts, service, support, takes=takes, protected=workload.protected)
    if one.instance is not None and one.instance.replicas:  # of none, nothing is to run
        _add_instance(drafts, workload, one.instance, takes=takes)


def _add_support(
    drafts: Drafts,
    service: ServiceName | None,
    support: Support,
    *,
    takes: bool = False,
    protected: bool = False,
) -> None:
    manifest = support.manifest
    try:
        where = _where(drafts.site, manifest)
    except Gone as missing:
        other = drafts.site.catalogue.instead(manifest.api_version, manifest.kind) if drafts.look else None
        if other is None:
            drafts.note(
                service, f"{missing.message}: {manifest.kind} {manifest.name} cannot be made; {missing.hint}"
            )
            return
        drafts.note(
            service,
            f"{missing.message}; it serves it in {other.api_version}, as the manifest of {manifest.name} has to say",
        )
        where = _at(drafts.site, other, manifest)  # it may be there, and then is not to go
    made = Made.of_support(manifest)
    fields = _fields(drafts, made)
    object_id = drafts.site.object_id(where.resource, where.namespace, where.name)
    wanted = WantedObject(
        id=object_id,
        service=service,
        ordinal=None,
        revision=revision_of(fields),
        fields=fields,
        health=support.health,
        protected=support.protected or protected or where.resource == CLAIMS,
        rank=support.rank,
    )
    drafts.found.append(Draft(where=where, made=made, wanted=wanted, takes=takes))


def _add_instance(drafts: Drafts, workload: Workload, instance: Instance, *, takes: bool) -> None:
    site = drafts.site
    where = _where(site, instance.manifest)
    made = Made.of_instance(instance)
    own = _name(made.scaler) if made.scaler else ""
    others = drafts.scalers.get((where.namespace, where.resource.kind, where.name), ())
    owner = next((name for name in others if name != own), "")
    if owner:
        made = _without_replicas(made)
        drafts.note(
            workload.service,
            f"`replicas` belongs to the HorizontalPodAutoscaler {owner}, so it is left alone",
        )
    wanted = WantedObject(
        id=site.object_id(where.resource, where.namespace, where.name, is_instance=True),
        service=workload.service,
        ordinal=1,
        revision=instance.revision,
        fields=_fields(drafts, made),
        health=_health(instance),
        protected=workload.protected,
        goal=Condition.SERVING if instance.beside and instance.routed else Condition.RUNNING,
        keep=workload.keep if instance.beside else 0,
        replicas=instance.replicas,
    )
    drafts.found.append(Draft(where=where, made=made, wanted=wanted, takes=takes))


def _fields(drafts: Drafts, made: Made) -> Fields:
    """As a plan shows it: taken from what was read there, if that was made of the same."""
    kept = None if drafts.look is None or made.is_secret else made_of(made.text)
    return made.fields if kept is None else kept.fields


def _health(instance: Instance) -> Health:
    """Asked until the rollout is complete. What is sure to fail is told at once, by `watch`."""
    spec: Any = instance.manifest.body["spec"]
    patience = timedelta(seconds=int(spec.get("progressDeadlineSeconds", _PROGRESS.total_seconds())))
    return Health(check=ReadyCheck(), every=timedelta(seconds=1), failures=1, startup=patience)


def _scalers_of_others(look: Look | None) -> Scalers:
    """The autoscalers of somebody else, by the namespace, kind and name of what they scale."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for (resource, namespace, name), live in (look.around.objects if look else {}).items():
        if resource == SCALERS and PROJECT not in (live["metadata"].get("labels") or {}):
            target = (live.get("spec") or {}).get("scaleTargetRef") or {}
            scaled = namespace, str(target.get("kind")), str(target.get("name"))
            found.setdefault(scaled, []).append(name)
    return found


def _without_replicas(made: Made) -> Made:
    spec: Any = made.body["spec"]
    return replace_body(
        made, {**made.body, "spec": {key: value for key, value in spec.items() if key != "replicas"}}
    )


def _where(site: Site, manifest: Manifest) -> Where:
    return _at(site, site.catalogue.find(manifest.api_version, manifest.kind), manifest)


def _at(site: Site, resource: Resource, manifest: Manifest) -> Where:
    namespace = (manifest.namespace or site.place.namespace) if resource.namespaced else ""
    return Where(resource=resource, namespace=namespace, name=manifest.name)


Said = list[tuple[ServiceName | None, str]]


def _asked(drafts: Drafts, draft: Draft, there: ObservedObject | None) -> tuple[Draft, Said]:
    """The draft with the fields that the server would give it, and what must be said of it."""
    assert drafts.look is not None, "who looked at nothing asks nothing"
    service = draft.wanted.service
    live = drafts.look.live.get(str(draft.id))
    said: Said = []
    if live is not None and not draft.takes:
        found = clashes(live, draft.wanted.fields, there.applied if there else None)
        said += [
            (
                service,
                f"{draft.id}: {one}; apply refuses to take it, unless the Service says `kubernetes: {{conflicts: force}}`",
            )
            for one in found
        ]
    try:
        version = live["metadata"]["resourceVersion"] if live else ""
        answer = drafts.site.client.tried(draft.where, version, draft.made.body, _PATIENCE)
    except Forbidden as missing:
        return draft, [*said, (service, f"{draft.id} is compared locally: {missing.message}")]
    except (Gone, Conflict):
        return draft, said  # its namespace or its kind comes with the same apply
    except ActionRefused as refusal:
        return draft, [*said, (service, f"{draft.id} will be refused: {refusal.message}")]
    except TargetError as error:
        return draft, [*said, (service, f"{draft.id} is compared locally: {error.message}")]
    if live is None and not answer.made and not drafts.site.is_ours(_before(drafts, draft) or answer.body):
        said.append(
            (service, f"{draft.id} exists already and is not of this environment; apply refuses to touch it")
        )
    return _as_answered(draft, there, answer), said


def _before(drafts: Drafts, draft: Draft) -> Object | None:
    try:
        return drafts.site.client.get(draft.where, _PATIENCE, values=False)
    except TargetError:
        return None


def _as_answered(draft: Draft, there: ObservedObject | None, answer: Applied) -> Draft:
    """With the server's own spelling of what was asked; where nobody knows what was applied, with all that it would be."""
    if there is not None and there.applied is None:
        fields = fields_of_all(answer.body)
    else:
        fields = fields_as_answered(draft.made, answer.body)
    return replace(draft, wanted=replace(draft.wanted, fields=fields))


def fields_as_answered(made: Made, body: Object) -> Fields:
    """What was asked for, in the server's own spelling."""
    seen = seen_through(made.body, body)
    return made.fields if seen is made.body else replace_body(made, seen).fields


def with_notes(made: Made, *, protected: bool, rank: int, rests: bool = False) -> Fields:
    """A body as it is sent: with the annotations that are ours."""
    metadata: Any = made.body["metadata"]
    notes = {
        APPLIED: made.text,
        **({PROTECTED: "true"} if protected else {}),
        **({RANK: str(rank)} if rank else {}),
        **({RESTS: "true"} if rests else {}),
    }
    return {
        **made.body,
        "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), **notes}},
    }


def _name(body: Mapping[str, object]) -> str:
    metadata: Any = body["metadata"]
    return str(metadata["name"])


def _unique(notes: Iterable[Note]) -> Iterable[Note]:
    return dict.fromkeys(notes)
