"""Objects of somebody's own YAML, and the order in which they are applied."""

from typing import Any

from eeveon.core.desired import Given, Manifests
from eeveon.core.diagnostic import Position
from eeveon.core.health import ReadyCheck
from eeveon.drivers.kubernetes.render import Support, fields_of, rendered
from tests.drivers.kubernetes.shop import IDENTITY, PLACE, service

HERE = Position(file="k8s/all.yaml", line=1)
WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {"group": "example.com", "scope": "Namespaced", "names": {"kind": "Widget", "plural": "widgets"}},
}


def thing(kind: str, api_version: str = "v1", **metadata: object) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", **metadata}}


def given(*bodies: dict[str, Any], **changes: object) -> tuple[Support, ...]:
    objects = tuple(Given(body=body, position=HERE) for body in bodies)
    workload = service(image=None, manifests=Manifests(folder="k8s", objects=objects), **changes)
    found = rendered(PLACE, workload)
    assert found.instance is None
    assert found.traffic is None
    return found.supports


def test_a_folder_that_nobody_has_read_holds_nothing() -> None:
    assert rendered(PLACE, service(image=None, manifests=Manifests(folder="k8s"))).supports == ()


def test_they_come_in_the_order_that_people_expect() -> None:
    made = given(
        thing("Widget", "example.com/v1"),
        thing("ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1"),
        thing("Ingress", "networking.k8s.io/v1"),
        thing("Deployment", "apps/v1"),
        thing("Service"),
        thing("ConfigMap"),
        thing("ServiceAccount"),
        WIDGETS,
        thing("Namespace"),
    )
    ordered = [item.manifest.kind for item in sorted(made, key=lambda item: item.rank)]
    assert ordered == [
        "Namespace",
        "CustomResourceDefinition",
        "ConfigMap",
        "ServiceAccount",
        "Service",
        "Deployment",
        "Widget",
        "Ingress",
        "ValidatingWebhookConfiguration",
    ]
    after = [item.manifest.kind for item in made if item.rank > 0]
    assert after == ["Widget", "ValidatingWebhookConfiguration", "Ingress"]


def test_they_are_in_the_namespace_of_the_target_or_their_own_or_in_none() -> None:
    made = given(
        thing("ConfigMap"),
        thing("ConfigMap", namespace="other"),
        thing("ClusterRole", "rbac.authorization.k8s.io/v1", namespace="wrong"),
        WIDGETS,
        thing("Widget", "example.com/v1"),
        thing("Widget", "example.com/v1", namespace="other"),
        thing("Gadget", "example.com/v1"),
        thing("Gadget", "example.com/v1", namespace="other"),
    )
    assert [item.manifest.namespace for item in made] == [
        "shop",
        "other",
        "",
        "",
        "shop",
        "other",
        "",
        "other",
    ]
    metadata: Any = [item.manifest.body["metadata"] for item in made]
    assert [item.get("namespace", "") for item in metadata] == [item.manifest.namespace for item in made]


def test_a_kind_of_the_folder_that_is_in_no_namespace() -> None:
    everywhere = {**WIDGETS, "spec": {**WIDGETS["spec"], "scope": "Cluster"}}  # type: ignore[dict-item]  # a map
    (_, widget) = given(everywhere, thing("Widget", "example.com/v1"))
    assert widget.manifest.namespace == ""


def test_their_own_labels_stay_and_identity_is_added() -> None:
    mine = {"app.kubernetes.io/name": "grafana", "team": "ops"}
    (made,) = given(thing("ConfigMap", labels=mine), labels={"team": "shop", "tier": "low"})
    written: Any = made.manifest.body
    assert written["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "eeveon",
        "tier": "low",
        **mine,
        **IDENTITY,
    }
    assert fields_of(made.manifest.body) == {"labels": {"tier": "low", **mine}}


def test_what_has_to_be_ready_is_waited_for() -> None:
    made = given(WIDGETS, thing("Deployment", "apps/v1"), thing("ConfigMap"), thing("Job", "batch/v1"))
    asked = [isinstance(item.health.check, ReadyCheck) for item in made]
    assert asked == [True, True, False, True]


def test_namespaces_and_what_is_protected_are_never_removed_by_themselves() -> None:
    assert [item.protected for item in given(thing("Namespace"), thing("ConfigMap"))] == [True, False]
    assert given(thing("ConfigMap"), protected=True)[0].protected


def test_a_service_may_have_objects_beside_its_own() -> None:
    objects = (Given(body=thing("ConfigMap"), position=HERE),)
    found = rendered(PLACE, service(replicas=2, manifests=Manifests(folder="k8s", objects=objects)))
    assert found.instance is not None
    assert [item.manifest.kind for item in found.supports] == ["PodDisruptionBudget", "ConfigMap"]
