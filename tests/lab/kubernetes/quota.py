"""ResourceQuota: what is used, and what would be too much."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.quantities import amount, canonical
from tests.lab.kubernetes.types import Object

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_PODS = ("", "pods")
_QUOTAS = ("", "resourcequotas")
_ASKED = {"cpu": "cpu", "requests.cpu": "cpu", "memory": "memory", "requests.memory": "memory"}


def asked(pod: Object, what: str) -> Decimal:
    """How much of it the Pod requests."""
    found = Decimal(0)
    for container in pod["spec"].get("containers") or ():
        found += amount((container.get("resources", {}).get("requests") or {}).get(what, 0)) or 0
    return found


def used(cluster: "Cluster", namespace: str, name: str) -> Decimal:
    """How much of it a namespace uses."""
    pods = [
        pod
        for pod in cluster.store.list(_PODS, namespace)
        if pod["status"].get("phase") not in {"Failed", "Succeeded"}
    ]
    if name in {"pods", "count/pods"}:
        return Decimal(len(pods))
    if name in _ASKED:
        return sum((asked(pod, _ASKED[name]) for pod in pods), Decimal(0))
    plural, _, group = name.removeprefix("count/").partition(".")
    return Decimal(len(cluster.store.list((group, plural), namespace)))


def written(value: Decimal) -> str:
    """As the server writes it."""
    return str(canonical(str(value)))


def check(cluster: "Cluster", pod: Object) -> None:
    """Refuse a Pod that is too much: 403, as admission says it."""
    namespace = pod["metadata"]["namespace"]
    for quota in cluster.store.list(_QUOTAS, namespace):
        rows = list(_excess(cluster, quota, pod))
        if rows:
            wanted, taken, limited = (",".join(column) for column in zip(*rows, strict=True))
            why = f"exceeded quota: {quota['metadata']['name']}, requested: {wanted}, used: {taken}, limited: {limited}"
            raise statuses.forbidden("", "pods", pod["metadata"]["name"], why)


def _excess(cluster: "Cluster", quota: Object, pod: Object) -> Iterator[tuple[str, str, str]]:
    for name, most in sorted((quota["spec"].get("hard") or {}).items()):
        if name in {"pods", "count/pods"}:
            more = Decimal(1)
        elif name in _ASKED:
            more = asked(pod, _ASKED[name])
        else:
            continue
        taken = used(cluster, pod["metadata"]["namespace"], name)
        if taken + more > (amount(most) or 0):
            yield f"{name}={written(more)}", f"{name}={written(taken)}", f"{name}={most}"
