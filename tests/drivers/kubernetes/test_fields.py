"""Objects as fields: what a plan shows of them, and compares."""

from typing import Any

from eeveon.drivers.kubernetes.render import fields_of

LABELS = {
    "app.kubernetes.io/managed-by": "eeveon",
    "app.kubernetes.io/name": "web",
    "app.kubernetes.io/part-of": "shop",
    "eeveon.dev/project": "shop",
    "eeveon.dev/environment": "production",
    "eeveon.dev/service": "web",
}


def deployment(spec: dict[str, Any], **metadata: object) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": LABELS, **metadata},
        "spec": spec,
        "status": {"replicas": 3},
    }


def sources(*names: str) -> dict[str, Any]:
    found = [{"configMapRef": {"name": name}} for name in names]
    return {"template": {"spec": {"containers": [{"name": "web", "envFrom": found}]}}}


def test_identity_and_what_is_the_drivers_is_left_out() -> None:
    notes = {"eeveon.dev/applied": "{}", "team": "pay"}
    assert fields_of(deployment({"replicas": 3}, annotations=notes)) == {
        "replicas": 3,
        "annotations": {"team": "pay"},
    }


def test_a_label_of_identity_with_another_value_is_shown() -> None:
    changed = {**LABELS, "app.kubernetes.io/name": "other", "eeveon.dev/mine": "a"}
    assert fields_of(deployment({}, labels=changed)) == {
        "labels": {"app.kubernetes.io/name": "other", "eeveon.dev/mine": "a"}
    }


def test_a_selector_is_shown_as_far_as_it_is_not_identity() -> None:
    assert fields_of(deployment({"selector": {"matchLabels": LABELS}})) == {}
    more = {"selector": {"matchLabels": {**LABELS, "app": "web"}, "matchExpressions": []}}
    assert fields_of(deployment(more)) == {
        "selector": {"matchLabels": {"app": "web"}, "matchExpressions": []}
    }


def test_the_names_of_what_is_named_by_its_content_are_left_out() -> None:
    other = sources("web-0123456789ab", "web-settings", "other-0123456789ab")
    shown: Any = fields_of(deployment(other))
    assert shown["template"]["spec"]["containers"]["web"]["envFrom"] == [
        {"configMapRef": {}},
        {"configMapRef": {"name": "web-settings"}},
        {"configMapRef": {"name": "other-0123456789ab"}},
    ]
    unlabelled: Any = fields_of(deployment(sources("web-0123456789ab"), labels={}))
    assert unlabelled["template"]["spec"]["containers"]["web"]["envFrom"] == [
        {"configMapRef": {"name": "web-0123456789ab"}}
    ]


def test_strange_templates_are_shown_as_they_are() -> None:
    odd = {"containers": [{"name": "web", "envFrom": ["what"]}, {"name": "b", "envFrom": "no list"}]}
    shown: Any = fields_of(deployment({"template": {"spec": odd}}))
    assert shown["template"]["spec"]["containers"]["web"]["envFrom"] == ["what"]
    none: Any = fields_of(deployment({"template": {"spec": {"containers": [1]}}}))
    assert none["template"]["spec"]["containers"] == [1]


def test_lists_with_keys_are_maps() -> None:
    pods = {
        "containers": [
            {
                "name": "web",
                "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
                "volumeMounts": [{"mountPath": "/data", "name": "data"}],
                "args": ["a"],
            }
        ],
        "topologySpreadConstraints": [{"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
    }
    shown: Any = fields_of(deployment({"template": {"metadata": {"labels": LABELS}, "spec": pods}}))
    web = shown["template"]["spec"]["containers"]["web"]
    assert list(web["ports"]) == ["80/TCP", "53/UDP"]
    assert list(web["volumeMounts"]) == ["/data"]
    assert web["args"] == ["a"]
    assert list(shown["template"]["spec"]["topologySpreadConstraints"]) == ["zone/DoNotSchedule"]
    assert "metadata" not in shown["template"]


def test_other_kinds_are_shown_by_their_own_fields() -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "labels": LABELS},
        "spec": {"ports": [{"name": "http", "port": 80}], "selector": LABELS},
        "status": {"loadBalancer": {}},
    }
    assert fields_of(body) == {"spec": {"ports": {"http": {"name": "http", "port": 80}}, "selector": LABELS}}


def test_values_of_a_secret_are_only_told_apart() -> None:
    def shown(**body: object) -> Any:
        return fields_of({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, **body})

    one, two = shown(data={"KEY": "aGVsbG8="}), shown(stringData={"KEY": "hello"}, type="Opaque")
    assert one["data"] == two["data"]
    assert two["type"] == "Opaque"
    assert "hello" not in repr(two)
    assert "aGVsbG8" not in repr(one)
    assert shown(data={"KEY": "b3RoZXI="}) != one
    assert shown() == {}


def test_config_secrets_and_scaling_are_added() -> None:
    scaler = {"spec": {"scaleTargetRef": {"name": "web"}, "minReplicas": 2}}
    assert fields_of(deployment({}), {"A": "1"}, {"KEY": {}}, scaler) == {
        "config": {"A": "1"},
        "secrets": {"KEY": {}},
        "scaling": {"minReplicas": 2},
    }
