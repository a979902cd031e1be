"""What is removed from a cluster: waited for until it is gone, and told what holds it."""

from datetime import timedelta

import pytest

from eeveon.core.names import ObjectId, TargetName
from eeveon.core.observed import Condition
from eeveon.core.plan import Effect
from eeveon.drivers.base import Driver
from eeveon.errors import ActionUncertain
from tests.lab.kubernetes.clusters import AnyCluster

NAMES = {"project": "shop", "environment": "demo", "service": "web"}
LABELS = {
    "app.kubernetes.io/managed-by": "eeveon",
    **{f"eeveon.dev/{key}": name for key, name in NAMES.items()},
}
GONE = Effect(
    object=ObjectId(target=TargetName("cluster"), kind="configmaps", name="settings"),
    condition=Condition.ABSENT,
)


@pytest.mark.kubernetes
def test_a_finalizer_that_holds_is_named_and_not_taken_away(admin: Driver, any_cluster: AnyCluster) -> None:
    metadata = {
        "name": "settings",
        "namespace": any_cluster.space("shop"),
        "labels": LABELS,
        "annotations": {"eeveon.dev/applied": '{"body":{"kind":"ConfigMap","apiVersion":"v1"}}'},
        "finalizers": ["them.test/hold"],
    }
    any_cluster.objects.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    admin.observe()
    for _ in range(2):
        with pytest.raises(
            ActionUncertain, match=r"is being removed: held by finalizer them\.test/hold since"
        ):
            admin.perform(GONE, 1, timedelta(seconds=0.5))
    held = any_cluster.objects.get("configmaps", "settings", any_cluster.space("shop"))
    assert held is not None
    assert held["metadata"]["finalizers"] == ["them.test/hold"]
    any_cluster.objects.patch(
        "configmaps", "settings", {"metadata": {"finalizers": None}}, any_cluster.space("shop")
    )
    assert admin.perform(GONE, 1, timedelta(seconds=5)) is None
