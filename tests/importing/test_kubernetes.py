"""Objects of Kubernetes as specs: fields where there are fields, all else as it was, and never a secret."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from eeveon.errors import SpecsRejected
from eeveon.importing.imported import Choices, Imported, Sort
from eeveon.importing.kubernetes.reading import RESOURCES, Request, YamlFile
from eeveon.importing.kubernetes.whole import imported
from eeveon.importing.layout import texts
from eeveon.render.import_text import files_text, losses_text
from eeveon.render.words import Style
from eeveon.render.yaml import yaml_text
from eeveon.specs.files import check_file
from eeveon.specs.load import SourceFile, load_file
from tests.golden import golden
from tests.importing.compose_projects import spec, told

OBJECTS = {path.stem: path.read_bytes() for path in (Path(__file__).parent / "objects").glob("*.yaml")}
PLAIN = Style(colour=False, width=100)
# What a later step brings: the kinds and fields of clusters.


def of_files(*names: str, **options: Any) -> Imported:
    """Some of the files, imported."""
    files = tuple(YamlFile(path=f"{name}.yaml", content=OBJECTS[name]) for name in names)
    return imported(Request(files=files, **options))


def of(*objects: Mapping[str, Any], choices: Choices = Choices()) -> Imported:  # noqa: B008 - frozen
    """Objects, as `kubectl get -o yaml` prints them."""
    text = yaml_text({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    return imported(Request(files=(YamlFile(path="x.yaml", content=text.encode()),), choices=choices))


def work(kind: str = "Deployment", *, pod: Mapping[str, Any] | None = None, container: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:  # fmt: skip
    """A workload `web` with one container."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "containers": [{"name": "web", "image": "web:1", **(container or {})}],
                    **(pod or {}),
                },
            },
            **more,
        },
    }


def one(kind: str, name: str, group: str = "v1", **fields: Any) -> dict[str, Any]:
    """Another object."""
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name}, **fields}


def hatch(result: Imported) -> dict[str, Any]:
    """`kubernetes:` of the service `web`."""
    found: dict[str, Any] = spec(result, "web")["kubernetes"]
    return found


def own(result: Imported) -> dict[str, Any]:
    """What `kubernetes:` adds to the container of the service."""
    (found,) = [item for item in hatch(result)["podTemplate"]["spec"]["containers"] if item["name"] == "web"]
    return dict(found)


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_reads_well(name: str) -> None:
    result = of_files(name)
    golden(f"import/kubernetes-{name}.txt", files_text(texts(result)) + losses_text(result.lost, PLAIN))


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_every_spec_is_without_a_mistake_of_its_own(name: str) -> None:
    for path, text in texts(of_files(name)).items():
        if path.startswith("specs/"):
            checked = check_file(SourceFile(path=path, content=text.encode()))
            assert checked.diagnostics == ()


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_no_value_of_a_secret_is_written_or_told(name: str) -> None:
    result = of_files(name)
    said = json.dumps(texts(result)) + losses_text(result.lost, PLAIN)
    assert "hunter2" not in said
    assert "aHVudGVyMg==" not in said


def test_values_of_secrets_are_gone_as_soon_as_they_are_read() -> None:
    secret = one("Secret", "db", data={"a": "aHVudGVyMg=="}, stringData={"b": "hunter2"})
    secret["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}
    result = of(work(container={"envFrom": [{"secretRef": {"name": "db"}, "prefix": "DB_"}]}), secret)
    assert spec(result, "web")["secrets"] == {"DB_a": {"env": "DB_a"}, "DB_b": {"env": "DB_b"}}
    assert "hunter2" not in json.dumps(texts(result))


def test_a_live_cluster_gives_the_same_as_its_files() -> None:
    found = imported(Request(files=(YamlFile(path="x", content=OBJECTS["shop"]),)))
    kinds = {"deployments.apps": "Deployment", "services": "Service", "configmaps": "ConfigMap", "secrets": "Secret",
             "ingresses.networking.k8s.io": "Ingress", "poddisruptionbudgets.policy": "PodDisruptionBudget",
             "cronjobs.batch": "CronJob"}  # fmt: skip
    decimal = OBJECTS["shop"].replace(b"0644", b"420")  # as JSON has it
    items: Any = load_file(SourceFile(path="x", content=decimal)).documents[0].data["items"]

    def reader(resource: str) -> Iterable[Mapping[str, Any]]:
        assert resource in RESOURCES
        return [item for item in items if item["kind"] == kinds.get(resource)]

    live = imported(Request(reader=reader, namespace="shop"))
    documents = [
        [document for file in result.files for document in file.documents] for result in (found, live)
    ]
    assert sorted(map(repr, documents[0])) == sorted(map(repr, documents[1]))
    assert live.project == "shop"


def test_what_a_server_adds_is_not_kept() -> None:
    pod = {"dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
           "securityContext": {}, "terminationGracePeriodSeconds": 10}  # fmt: skip
    container = {"imagePullPolicy": "IfNotPresent", "resources": {}, "terminationMessagePath": "/dev/termination-log",
                 "terminationMessagePolicy": "File"}  # fmt: skip
    found = work(
        pod=pod, container=container, progressDeadlineSeconds=600, revisionHistoryLimit=10, replicas=1
    )
    found["metadata"] |= {
        "uid": "x",
        "managedFields": [],
        "annotations": {"deployment.kubernetes.io/revision": "3"},
    }
    found["status"] = {"replicas": 1}
    made = spec(of(found), "web")
    assert made == {
        "targets": ["cluster"],
        "image": "web:1",
        "rollout": {"rolling": {"maxUnavailable": "25%", "surge": "25%"}},
        "kubernetes": {"podTemplate": {"metadata": {"labels": {"app": "web"}}}},
    }


def test_words_limits_user_and_folder_are_fields() -> None:
    made = spec(of(work(container={
        "args": ["serve", "--port=80"], "workingDir": "/srv",
        "resources": {"limits": {"cpu": "1500m", "memory": "1Gi"}, "requests": {"cpu": "1.5", "memory": "1024Mi"}},
        "securityContext": {"runAsUser": 1000, "runAsGroup": 1000},
    })), "web")  # fmt: skip
    assert made["command"] == ["serve", "--port=80"]
    assert made["resources"] == {"cpu": "1500m", "memory": "1Gi"}
    assert (made["workingDir"], made["user"]) == ("/srv", "1000:1000")
    assert "containers" not in made["kubernetes"]["podTemplate"].get("spec", {})


def test_what_only_a_cluster_fills_in_stays_with_the_container() -> None:
    result = of(work(container={
        "command": ["/bin/app"], "args": ["--name=$(POD)"],
        "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "ME", "value": "$(POD).x"}, {"name": "PLAIN", "value": "$$"}],
    }))  # fmt: skip
    assert own(result)["command"] == ["/bin/app"]
    assert own(result)["args"] == ["--name=$(POD)"]
    assert [entry["name"] for entry in own(result)["env"]] == ["POD", "ME"]
    assert spec(result, "web")["env"] == {"PLAIN": "$$"}


def test_variables_of_config_maps_are_variables_and_the_later_is_stronger() -> None:
    result = of(
        work(container={"envFrom": [{"configMapRef": {"name": "a"}}, {"configMapRef": {"name": "none"}}],
                        "env": [{"name": "B", "value": "own"},
                                {"name": "K", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "1x"}}}]}),
        one("ConfigMap", "a", data={"A": "1", "B": "2", "1x": "z", "SMTP_PASSWORD": "p"}),
    )  # fmt: skip
    made = spec(result, "web")
    assert made["env"] == {"A": "1", "B": "own", "K": "z"}
    assert made["secrets"] == {"SMTP_PASSWORD": {"env": "SMTP_PASSWORD"}}
    assert any("ConfigMap/none" in why for why in told(result, "Deployment/web: envFrom"))
    assert any("1x" in item.what for item in result.lost if item.sort is Sort.TODO)


@pytest.mark.parametrize(
    ("probe", "check", "more"),
    [
        ({"httpGet": {"path": "/x", "port": "http"}}, {"http": {"port": "http", "path": "/x"}}, {}),
        ({"httpGet": {"port": 8080, "scheme": "HTTP"}}, {"http": {"port": "http"}}, {}),
        ({"tcpSocket": {"port": 8080}}, {"tcp": {"port": "http"}}, {}),
        ({"exec": {"command": ["a", "b"]}}, {"command": ["a", "b"]}, {}),
        (
            {"httpGet": {"port": 8080, "scheme": "HTTPS"}, "initialDelaySeconds": 7},
            {"http": {"port": "http"}},
            {"initialDelaySeconds": 7, "httpGet": {"scheme": "HTTPS"}},
        ),
    ],
)
def test_readiness_is_the_health_check(
    probe: dict[str, Any], check: dict[str, Any], more: dict[str, Any]
) -> None:
    result = of(work(container={"ports": [{"containerPort": 8080, "name": "http"}], "readinessProbe": probe}))
    rhythm = {"every": "10s", "timeout": "1s", "failures": 3, "startup": "0s"}
    assert spec(result, "web")["health"] == {**check, **rhythm}
    assert (own(result)["readinessProbe"] if more else {}) == more


def test_a_startup_probe_of_the_same_form_is_how_long_the_start_may_take() -> None:
    probe = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5}
    container = {
        "ports": [{"containerPort": 80}],
        "readinessProbe": probe,
        "startupProbe": {**probe, "failureThreshold": 12},
    }
    assert spec(of(work(container=container)), "web")["health"]["startup"] == "60s"
    container["startupProbe"] = {"tcpSocket": {"port": 80}}
    result = of(work(container=container))
    assert spec(result, "web")["health"]["startup"] == "0s"
    assert own(result)["startupProbe"] == {"tcpSocket": {"port": 80}}


def test_a_probe_that_specs_cannot_say_stays_as_it_is() -> None:
    result = of(
        work(
            container={"readinessProbe": {"grpc": {"port": 9}}, "livenessProbe": {"exec": {"command": ["x"]}}}
        )
    )
    assert "health" not in spec(result, "web")
    assert own(result)["readinessProbe"] == {"grpc": {"port": 9}}
    assert own(result)["livenessProbe"] == {"exec": {"command": ["x"]}}


def service(name: str = "web", **more: Any) -> dict[str, Any]:
    """A Service of the pods."""
    ports = more.pop("ports", [{"port": 80, "targetPort": 8080}])
    return one("Service", name, spec={"selector": {"app": "web"}, "ports": ports, **more})


def test_a_service_at_another_number_keeps_that_number() -> None:
    result = of(work(container={"ports": [{"containerPort": 8080, "name": "http"}]}), service())
    assert spec(result, "web")["ports"] == [{"name": "http", "port": 8080}]
    assert hatch(result)["service"] == {"spec": {"ports": [{"name": "http", "port": 80}]}}


def test_node_ports_are_published_and_balancers_stay_balancers() -> None:
    ports = [{"port": 8080, "nodePort": 30080}]
    result = of(work(), service(type="NodePort", ports=ports))
    assert spec(result, "web")["ports"] == [{"name": "http", "port": 8080, "publish": 30080}]
    result = of(work(), service(type="LoadBalancer", externalTrafficPolicy="Local"))
    assert hatch(result)["service"]["spec"]["type"] == "LoadBalancer"
    assert hatch(result)["service"]["spec"]["externalTrafficPolicy"] == "Local"


def test_services_of_other_names_go_along_and_find_the_same_pods() -> None:
    result = of(work(), service("frontend"))
    assert spec(result, "web")["manifests"] == "manifests/web"
    assert "app: web" in result.texts["manifests/web/service-frontend.yaml"]
    assert hatch(result)["podTemplate"]["metadata"]["labels"] == {"app": "web"}


def ingress(*paths: dict[str, Any], name: str = "web", **more: Any) -> dict[str, Any]:
    """An Ingress with one rule."""
    rules = [{"host": "shop.example.com", "http": {"paths": list(paths)}}]
    return one("Ingress", name, "networking.k8s.io/v1", spec={"rules": rules, **more})


def path(of_service: str = "web", **more: Any) -> dict[str, Any]:
    """One path of an Ingress."""
    backend = {"service": {"name": of_service, "port": {"number": 80}}}
    return {"path": "/", "pathType": "Prefix", "backend": backend, **more}


def test_an_ingress_to_one_service_is_its_route() -> None:
    result = of(
        work(container={"ports": [{"containerPort": 8080, "name": "http"}, {"containerPort": 9}]}),
        service(), ingress(path(path="/api"), tls=[{"secretName": "t"}]),
    )  # fmt: skip
    assert spec(result, "web")["route"] == {"host": "shop.example.com", "path": "/api", "port": "http"}
    assert hatch(result)["ingress"] == {"spec": {"tls": [{"secretName": "t"}]}}


@pytest.mark.parametrize("paths", [(path(), path(path="/b")), (path(pathType="Exact"),)])
def test_any_other_ingress_goes_along_as_it_is(paths: tuple[dict[str, Any], ...]) -> None:
    result = of(work(), service(), ingress(*paths))
    assert "route" not in spec(result, "web")
    assert "manifests/web/ingress-web.yaml" in result.texts


def test_an_ingress_to_several_services_belongs_to_none() -> None:
    result = of(work(), service(), ingress(path(), path("other", path="/o")))
    assert "manifests/rest/ingress-web.yaml" in result.texts
    assert spec(result, "rest") == {"targets": ["cluster"], "manifests": "manifests/rest"}


def test_volumes_stay_with_the_pods_and_claims_are_never_touched() -> None:
    result = of(
        work(container={"volumeMounts": [{"name": "d", "mountPath": "/d"}, {"name": "h", "mountPath": "/h"},
                                         {"name": "s", "mountPath": "/s", "subPath": "x"}]},
             pod={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}},
                              {"name": "h", "hostPath": {"path": "/mnt"}}, {"name": "s", "secret": {"secretName": "t"}}]}),
        one("PersistentVolumeClaim", "data"), one("Secret", "t", data={"x": "aHVudGVyMg=="}),
    )  # fmt: skip
    assert spec(result, "web")["volumes"] == [{"host": "/mnt", "path": "/h"}]
    assert [mount["name"] for mount in own(result)["volumeMounts"]] == ["d", "s"]
    assert [volume["name"] for volume in hatch(result)["podTemplate"]["spec"]["volumes"]] == ["d", "s"]
    assert "manifests" not in spec(result, "web")
    assert any(item.what.endswith("PersistentVolumeClaim/data") for item in result.lost)


def test_a_stateful_set_keeps_its_claims_and_the_service_that_names_its_pods() -> None:
    template = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast",
                "resources": {"requests": {"storage": "10Gi"}}}}  # fmt: skip
    result = of(
        work("StatefulSet", container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
             volumeClaimTemplates=[template], serviceName="web-headless", replicas=3,
             podManagementPolicy="Parallel"),
        service("web-headless", clusterIP="None"),
    )  # fmt: skip
    made = spec(result, "web")
    assert (made["stateful"], made["replicas"]) == (True, 3)
    assert made["volumes"] == [{"name": "data", "path": "/data", "size": "10Gi"}]
    assert made["kubernetes"]["persistentVolumeClaims"] == {"data": {"spec": {"storageClassName": "fast"}}}
    assert made["kubernetes"]["statefulSet"]["spec"] == {"podManagementPolicy": "Parallel"}
    assert "web-0.web-pods" in told(result, "StatefulSet/web: serviceName")[0]
    assert "clusterIP: None" in result.texts["manifests/web/service-web-headless.yaml"]


def autoscaler(**more: Any) -> dict[str, Any]:
    """An autoscaler of `web`."""
    goal = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    cpu = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    body = {"scaleTargetRef": goal, "minReplicas": 2, "maxReplicas": 9, "metrics": [cpu], **more}
    return one("HorizontalPodAutoscaler", "web", "autoscaling/v2", spec=body)


def test_an_autoscaler_owns_the_replicas() -> None:
    result = of(work(replicas=4), autoscaler())
    assert "replicas" not in spec(result, "web")
    (policy,) = [doc for file in result.files for doc in file.documents if doc["kind"] == "ScalingPolicy"]
    assert policy["spec"]["bounds"] == {"min": 2, "max": 9}
    assert policy["spec"]["reactive"] == {"target": "70%"}
    result = of(work(replicas=4), autoscaler(behavior={"scaleDown": {}}))
    assert "replicas" not in spec(result, "web")
    assert "manifests/web/horizontalpodautoscaler-web.yaml" in result.texts


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"maxUnavailable": 1}, None),
        ({"maxUnavailable": "50%"}, {"maxUnavailable": "50%"}),
        ({"minAvailable": 2}, {"minAvailable": 2, "maxUnavailable": None}),
    ],
)
def test_a_budget_says_what_it_said(wanted: dict[str, Any], found: dict[str, Any] | None) -> None:
    budget = one(
        "PodDisruptionBudget",
        "web",
        "policy/v1",
        spec={**wanted, "selector": {"matchLabels": {"app": "web"}}},
    )
    made = hatch(of(work(replicas=3), budget)).get("podDisruptionBudget", {})
    assert made.get("spec") == found


def test_what_controllers_make_is_not_imported() -> None:
    owner = {"ownerReferences": [{"kind": "ReplicaSet", "controller": True}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-x", **owner}}
    result = of(
        work(), pod, one("ReplicaSet", "web-1", "apps/v1"), one("ConfigMap", "kube-root-ca.crt", data={})
    )
    assert [file.path for file in result.files][2:] == ["specs/base/web.yaml"]
    assert result.texts == {}


def test_other_containers_and_all_of_the_pod_stay() -> None:
    side = {"name": "proxy", "image": "envoy:1"}
    found = work(pod={"nodeSelector": {"a": "b"}, "initContainers": [{"name": "i", "image": "i:1"}],
                      "serviceAccountName": "web"}, strategy={"type": "Recreate"})  # fmt: skip
    found["spec"]["template"]["spec"]["containers"].append(side)
    made = spec(of(found), "web")
    pod = made["kubernetes"]["podTemplate"]["spec"]
    assert pod["containers"] == [side]
    assert pod["nodeSelector"] == {"a": "b"}
    assert pod["initContainers"] == [{"name": "i", "image": "i:1"}]
    assert pod["serviceAccountName"] == "web"
    assert made["rollout"] == {"recreate": {}}


def test_says_what_stands_in_the_way_of_an_apply() -> None:
    todos = " ".join(item.todo for item in of_files("shop").lost)
    assert "kubectl delete deployment/web --cascade=orphan" in todos
    assert "kubectl label service/web" in todos
    assert "eeveon.dev/project=shop eeveon.dev/environment=production" in todos


def test_several_namespaces_are_several_imports() -> None:
    other = {**one("ConfigMap", "x", data={}), "metadata": {"name": "x", "namespace": "other"}}
    text = OBJECTS["shop"] + b"---\n" + yaml_text(other).encode()
    file = YamlFile(path="x.yaml", content=text)
    with pytest.raises(SpecsRejected) as refused:
        imported(Request(files=(file,)))
    assert "namespaces other, shop" in refused.value.diagnostics[0].message
    assert imported(Request(files=(file,), namespace="shop")).project == "shop"


@pytest.mark.parametrize(
    ("text", "said"), [("a: b", "no object"), ("", "nothing to import"), ("[", "value is expected")]
)
def test_what_is_no_object_is_refused(text: str, said: str) -> None:
    with pytest.raises(SpecsRejected) as refused:
        imported(Request(files=(YamlFile(path="x.yaml", content=text.encode()),)))
    assert said in refused.value.diagnostics[0].message


def test_modes_are_octal_as_the_api_reads_them() -> None:
    assert "defaultMode: 420" in texts(of_files("shop"))["specs/base/web.yaml"]


def test_no_name_leads_out_of_the_folder() -> None:
    result = of(work(), {**one("../../etc/x", "../../y", "example.com/v1"), "spec": {}})
    assert list(result.texts) == ["manifests/rest/..-..-etc-x-..-..-y.yaml"]


def test_no_secret_of_another_container_is_written() -> None:
    inits = [{"name": "i", "image": "i:1", "env": [{"name": "PGPASSWORD", "value": "hunter2"}, {"name": "A", "value": "b"}],
              "args": ["--token", "hunter2", "postgres://u:hunter2@db"]}]  # fmt: skip
    result = of(work(pod={"initContainers": inits}, container={"args": ["--api-key=hunter2", "$(X)"]}))
    assert "hunter2" not in json.dumps(texts(result)) + losses_text(result.lost, PLAIN)
    (init,) = hatch(result)["podTemplate"]["spec"]["initContainers"]
    ref = {"secretKeyRef": {"name": "web-i", "key": "PGPASSWORD"}}
    assert init["env"] == [{"name": "PGPASSWORD", "valueFrom": ref}, {"name": "A", "value": "b"}]
    assert init["args"] == ["--token", "SECRET", "postgres://u:SECRET@db"]
    assert own(result)["args"] == ["--api-key=SECRET", "$(X)"]
    assert any(
        "kubectl create secret generic web-i --from-file=PGPASSWORD=FILE" in one.todo for one in result.lost
    )
