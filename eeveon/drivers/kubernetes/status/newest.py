"""The Pods of a workload's newest revision, apart from those of older ones, whose troubles are not those of a rollout."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from eeveon.drivers.kubernetes.status.cause import Look
from eeveon.drivers.kubernetes.status.events import about
from eeveon.drivers.kubernetes.status.progress import is_stateful
from eeveon.drivers.kubernetes.status.reading import Json, is_going, label, name_of, owner, part, uid

_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """All that is looked at, sorted."""

    workload: Json
    replica_set: Json  # the newest of a Deployment; empty of a StatefulSet, or where there is none yet
    new: tuple[Look, ...]
    old: tuple[Look, ...]
    events: tuple[Json, ...]  # about the workload itself, newest first
    now: datetime | None

    @property
    def staying(self) -> tuple[Look, ...]:
        """The new Pods that nobody has deleted."""
        return tuple(look for look in self.new if not is_going(look.pod))


def rollout_of(
    workload: Json,
    replica_sets: Iterable[Json],
    pods: Iterable[Json],
    events: Iterable[Json],
    *,
    now: datetime | None,
) -> Rollout:
    """Sort what belongs to a workload; what belongs to others is left out."""
    all_events = tuple(events)
    sets = [one for one in replica_sets if owner(one) in {"", uid(workload)}]
    newest = _newest(workload, sets)
    owners = {uid(one) for one in sets} | {uid(workload)}
    new: list[Look] = []
    old: list[Look] = []
    for pod in pods:
        if owner(pod) and owner(pod) not in owners:
            continue
        look = Look(pod=pod, events=about(pod, all_events), now=now)
        (new if _is_new(workload, newest, pod) else old).append(look)
    return Rollout(
        workload=workload,
        replica_set=newest,
        new=tuple(new),
        old=tuple(old),
        events=about(workload, all_events),
        now=now,
    )


def _newest(workload: Json, sets: Iterable[Json]) -> Json:
    """The ReplicaSet of the newest template; empty where those at hand were read before it was there.

    A controller writes the revision to the ReplicaSet first and then to the Deployment.
    """
    found = None if is_stateful(workload) else max(sets, key=_order, default=None)
    return {} if found is None or _revision(found) < _revision(workload) else found


def _order(replica_set: Json) -> tuple[int, str, str]:
    """A rollback makes an old ReplicaSet the newest again, so that the time of its creation comes second."""
    made = str(part(replica_set, "metadata").get("creationTimestamp", ""))
    return _revision(replica_set), made, name_of(replica_set)


def _revision(one: Json) -> int:
    text = str(part(one, "metadata", "annotations").get(_REVISION, ""))
    return int(text) if text.isdigit() else 0


def _is_new(workload: Json, newest: Json, pod: Json) -> bool:
    if is_stateful(workload):
        update = part(workload, "status").get("updateRevision", "")
        return bool(not update or label(pod, "controller-revision-hash") == update)
    if owner(pod) and uid(newest):
        return owner(pod) == uid(newest)
    return bool(newest) and label(pod, "pod-template-hash") == label(newest, "pod-template-hash")
