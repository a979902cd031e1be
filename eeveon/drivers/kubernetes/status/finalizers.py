"""Objects that were deleted and are held."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from eeveon.drivers.kubernetes.status.reading import (
    Json,
    condition,
    count,
    listed,
    moment,
    part,
    sentence,
    short,
)

_WAITS: Final[Mapping[str, str]] = {  # those of the cluster itself, which say what they wait for
    "foregroundDeletion": "waits until all that it owns is gone",
    "kubernetes.io/pvc-protection": "waits until no pod uses it",
    "kubernetes.io/pv-protection": "waits until no claim uses it",
    "service.kubernetes.io/load-balancer-cleanup": "waits until its load balancer is removed",
    "customresourcecleanup.apiextensions.k8s.io": "waits until its objects are gone",
    "kubernetes": "waits until all in it is gone",
}
_OF_NAMESPACES = (
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
)


def held_by(one: Json) -> str | None:
    """What keeps a deleted object: `held by finalizer example.com/x since 2026-11-23 10:02 UTC`; None where nothing does."""
    begun = deleted_at(one)
    names = [str(name) for name in part(one, "metadata").get("finalizers") or ()]
    names += [
        str(name) for name in part(one, "spec").get("finalizers") or () if one.get("kind") == "Namespace"
    ]
    if begun is None or not names:
        return None
    foreign = [name for name in names if name not in _WAITS]
    if foreign:
        word = "finalizer" if len(foreign) == 1 else "finalizers"
        what = f"held by {word} {listed(foreign)}"
    else:
        what = f"{listed(_WAITS[name] for name in names)},"
    return sentence(f"{what} since {begun:%Y-%m-%d %H:%M} UTC", _remaining(one))


def deleted_at(one: Json) -> datetime | None:
    """When its deletion was asked for. The time that is written down is when its grace is over."""
    meta = part(one, "metadata")
    end = moment(meta.get("deletionTimestamp"))
    return end - timedelta(seconds=count(meta, "deletionGracePeriodSeconds")) if end else None


def _remaining(one: Json) -> str:
    """What a namespace says is still in it."""
    rows = (condition(one, kind) for kind in _OF_NAMESPACES)
    return next((short(str(row.get("message", ""))) for row in rows if row.get("status") == "True"), "")
