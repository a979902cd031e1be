"""What people add in `kubernetes:` is merged last, and never makes another object of one."""

from dataclasses import replace
from typing import Any

import pytest

from eeveon.core.desired import BlueGreen, Mount, Route
from eeveon.core.scaling import Demand, Scaling
from eeveon.drivers.kubernetes.render import Manifest, common_of, rendered
from eeveon.drivers.kubernetes.render.merging import merged
from tests.drivers.kubernetes.api_schema import mistakes
from tests.drivers.kubernetes.shop import HTTP, IDENTITY, PLACE, service


def made(kind: str, **changes: object) -> Any:
    """The body of one of the objects."""
    found = rendered(PLACE, service(**changes))
    assert found.instance is not None
    whole: list[Manifest | None] = [found.instance.manifest, found.instance.scaler]
    whole += [item.manifest for item in found.supports]
    return next(item.body for item in whole if item is not None and item.kind == kind)


def pod(added: Any, **changes: object) -> Any:
    """The spec of the pods with something added to it."""
    body = made("Deployment", kubernetes={"podTemplate": {"spec": added}}, **changes)
    assert mistakes(body) == []
    return body["spec"]["template"]["spec"]


class TestMerging:
    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ({"a": 1}, None, {"a": 1}),
            ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
            ({"a": 1, "b": 2}, {"a": None, "c": None}, {"b": 2}),
            ({"args": ["a"]}, {"args": ["b"]}, {"args": ["b"]}),
            ({"a": 1}, {"a": {"b": None, "c": {"d": None}}}, {"a": {"c": {}}}),
            (
                {"env": [{"name": "A", "value": "1"}]},
                {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "3"}]},
                {"env": [{"name": "A", "value": "3"}, {"name": "B", "value": "2"}]},
            ),
            (
                {"ports": [{"port": 80}]},
                {"ports": [{"port": 80, "protocol": "TCP", "nodePort": 1}]},
                {"ports": [{"port": 80, "protocol": "TCP", "nodePort": 1}]},
            ),
            ({"env": [{"name": "A"}, {"name": "A"}]}, {"env": [{"name": "B"}]}, {"env": [{"name": "B"}]}),
            ({"ports": [{}]}, {"ports": [{"name": "a"}]}, {"ports": [{"name": "a"}]}),
            ({"env": ["A"]}, {"env": [{"name": "B"}]}, {"env": [{"name": "B"}]}),
            ({"rules": [{"name": "A"}]}, {"rules": [{"name": "B"}]}, {"rules": [{"name": "B"}]}),
        ],
    )
    def test_as_kubectl_patches(self, old: Any, new: Any, expected: Any) -> None:
        before = repr(old)
        assert merged(old, new) == expected
        assert repr(old) == before


class TestPods:
    def test_a_container_of_its_name_is_its_own_and_any_other_one_more(self) -> None:
        containers = [
            {"name": "web", "resources": {"requests": {"cpu": "100m"}}},
            {"name": "proxy", "image": "proxy:1"},
        ]
        one, two = pod({"containers": containers})["containers"]
        assert (one["image"], one["resources"]) == ("web:1", {"requests": {"cpu": "100m"}})
        assert (two["image"], two["securityContext"]) == ("proxy:1", {"allowPrivilegeEscalation": False})

    def test_who_names_an_account_wants_its_token(self) -> None:
        assert "automountServiceAccountToken" not in pod({"serviceAccountName": "robot"})
        refused = {"serviceAccountName": "robot", "automountServiceAccountToken": False}
        assert pod(refused)["automountServiceAccountToken"] is False
        assert pod({"automountServiceAccountToken": True})["automountServiceAccountToken"] is True

    @pytest.mark.parametrize(
        "context",
        [{"privileged": True}, {"capabilities": {"add": ["SYS_ADMIN"]}}],
        ids=str,
    )
    def test_rights_that_need_more_rights_have_them(self, context: Any) -> None:
        (one,) = pod({"containers": [{"name": "web", "securityContext": context}]})["containers"]
        assert one["securityContext"] == context

    def test_other_defaults_are_kept_beside_what_is_said(self) -> None:
        made = pod({"securityContext": {"fsGroup": 1}, "enableServiceLinks": True})
        assert made["securityContext"] == {"fsGroup": 1, "seccompProfile": {"type": "RuntimeDefault"}}
        assert made["enableServiceLinks"] is True

    def test_what_is_added_is_another_revision(self) -> None:
        added = {"podTemplate": {"metadata": {"annotations": {"a": "b"}}}}
        one, two = (rendered(PLACE, service(kubernetes=item)).instance for item in ({}, added))
        assert one is not None
        assert two is not None
        assert one.revision != two.revision

    def test_labels_of_pods_may_be_added_and_their_identity_stays(self) -> None:
        added = {"podTemplate": {"metadata": {"labels": {"a": "b", "eeveon.dev/service": "other"}}}}
        labels = made("Deployment", kubernetes=added)["spec"]["template"]["metadata"]["labels"]
        assert labels["a"] == "b"
        assert labels.items() >= IDENTITY.items()


class TestObjects:
    def test_each_is_spoken_of_by_its_kind(self) -> None:
        noted = {"metadata": {"annotations": {"a": "b"}}}
        names = ("deployment", "service", "ingress", "podDisruptionBudget", "horizontalPodAutoscaler")
        busy = Scaling(policy="web", least=2, most=9, demand=Demand(metric="cpu", target=0.7))
        for name in names:
            body = made(
                name[0].upper() + name[1:],
                kubernetes={name: noted},
                ports=(HTTP,),
                route=Route(balancer="", port="http"),
                scaling=busy,
            )
            assert body["metadata"]["annotations"] == {"a": "b"}, name

    def test_a_stateful_set_has_a_name_of_its_own(self) -> None:
        added = {"statefulSet": {"spec": {"podManagementPolicy": "Parallel"}}}
        body = made("StatefulSet", stateful=True, kubernetes=added)
        assert body["spec"]["podManagementPolicy"] == "Parallel"
        assert mistakes(body) == []

    def test_what_an_object_is_found_by_stays(self) -> None:
        added = {"service": {"metadata": {"name": "other", "labels": {"eeveon.dev/service": "other"}}}}
        body = made("Service", ports=(HTTP,), kubernetes=added)
        assert body["metadata"]["name"] == "web"
        assert body["metadata"]["labels"].items() >= IDENTITY.items()

    def test_the_name_of_one_side_stays_too(self) -> None:
        found = rendered(
            PLACE, service(strategy=BlueGreen(), kubernetes={"deployment": {"metadata": {"name": "x"}}})
        ).instance
        assert found is not None
        written: Any = found.manifest.body
        assert written["metadata"]["name"] == f"web-{found.revision}"

    def test_claims_are_spoken_of_by_the_name_of_their_volume(self) -> None:
        added = {
            "persistentVolumeClaims": {
                "data": {"metadata": {"labels": {"a": "b"}}, "spec": {"accessModes": ["ReadWriteMany"]}}
            }
        }
        mounts = (Mount(path="/data", volume="data"),)
        (claim,) = common_of(PLACE, (service(mounts=mounts, kubernetes=added),))
        written: Any = claim.manifest.body
        assert written["spec"]["accessModes"] == ["ReadWriteMany"]
        assert written["metadata"]["labels"]["a"] == "b"
        stateful = made("StatefulSet", stateful=True, mounts=mounts, kubernetes=added)
        assert stateful["spec"]["volumeClaimTemplates"][0]["metadata"] == {
            "name": "data",
            "labels": {"a": "b"},
        }

    def test_nothing_is_merged_into_what_is_named_by_its_content(self) -> None:
        one = rendered(PLACE, service(env={"A": "1"})).instance
        two = rendered(PLACE, replace(service(env={"A": "1"}), kubernetes={"configMap": {"a": 1}})).instance
        assert one is not None
        assert two is not None
        assert one.config == two.config
