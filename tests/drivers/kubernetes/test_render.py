"""What a service becomes on a cluster."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from eeveon.core.desired import BlueGreen, Mount, Port, Recreate, Resources, Rolling, Route
from eeveon.core.health import CommandCheck, Health, HttpCheck, ReadyCheck, TcpCheck
from eeveon.core.scaling import Demand, Pace, Scaling
from eeveon.core.secret import FromEnvironment
from eeveon.core.values import plain
from eeveon.drivers.kubernetes.render import Instance, Manifest, Support, common_of, fields_of, rendered
from tests.drivers.kubernetes.api_schema import mistakes
from tests.drivers.kubernetes.shop import HTTP, IDENTITY, PLACE, service

SECRET = FromEnvironment(variable="KEY")
BUSY = Scaling(policy="web", least=3, most=9, demand=Demand(metric="cpu", target=0.7))


def instance(**changes: object) -> Instance:
    found = rendered(PLACE, service(**changes)).instance
    assert found is not None
    return found


def spec(**changes: object) -> Any:
    """The spec of the Deployment or StatefulSet."""
    body = instance(**changes).manifest.body
    assert mistakes(body) == []
    return body["spec"]


def pod(**changes: object) -> Any:
    return spec(**changes)["template"]["spec"]


def container(**changes: object) -> Any:
    (one,) = pod(**changes)["containers"]
    return one


def supports(**changes: object) -> dict[str, Support]:
    return {item.manifest.kind: item for item in rendered(PLACE, service(**changes)).supports}


def body(found: Manifest | Support | None) -> Any:
    manifest = found.manifest if isinstance(found, Support) else found
    assert manifest is not None
    return manifest.body


class TestDeployment:
    def test_it_is_named_like_the_service_and_selects_by_identity(self) -> None:
        made = instance(replicas=3)
        assert (made.manifest.api_version, made.manifest.kind, made.manifest.group) == (
            "apps/v1",
            "Deployment",
            "apps",
        )
        assert (made.manifest.namespace, made.manifest.name) == ("shop", "web")
        assert body(made.manifest)["metadata"]["labels"] == {
            "app.kubernetes.io/managed-by": "eeveon",
            "app.kubernetes.io/name": "web",
            "app.kubernetes.io/part-of": "shop",
            **IDENTITY,
            "eeveon.dev/revision": made.revision,
        }
        assert spec()["selector"] == {"matchLabels": IDENTITY}
        assert (made.replicas, made.scaled, made.beside, made.routed) == (3, False, False, False)

    def test_a_plain_image_gets_the_defaults_that_no_image_minds(self) -> None:
        assert pod() == {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 10,
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {"name": "web", "image": "web:1", "securityContext": {"allowPrivilegeEscalation": False}}
            ],
        }

    def test_without_hardening_it_may_do_what_its_image_asks_for(self) -> None:
        assert "securityContext" not in pod(hardening=False)
        assert "securityContext" not in container(hardening=False)

    def test_it_rolls_as_the_specs_say(self) -> None:
        assert spec(strategy=Rolling(max_unavailable=1, surge=2))["strategy"] == {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 1},
        }
        assert spec(strategy=Recreate())["strategy"] == {"type": "Recreate"}

    def test_a_command_keeps_the_entry_point_of_the_image(self) -> None:
        made = container(command=("serve", "$(HOME)"), working_dir="/srv", user="1000:2000")
        assert (made["args"], made["workingDir"]) == (["serve", "$$(HOME)"], "/srv")
        assert made["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "runAsUser": 1000,
            "runAsGroup": 2000,
        }
        assert "runAsGroup" not in container(user="1000")["securityContext"]

    def test_limits_are_written_as_the_server_writes_them(self) -> None:
        limits = {"cpu": "1500m", "memory": "256Mi"}
        assert container(resources=Resources(cpu_millis=1500, memory_bytes=2**28))["resources"] == {
            "limits": limits
        }
        assert container(resources=Resources(cpu_millis=2000))["resources"] == {"limits": {"cpu": "2"}}
        assert container(resources=Resources(memory_bytes=10**9))["resources"]["limits"]["memory"] == "1G"
        assert container(resources=Resources(memory_bytes=1500))["resources"]["limits"]["memory"] == "1500"

    def test_labels_of_the_specs_are_on_its_objects_and_not_on_its_pods(self) -> None:
        odd = {"team": "pay", "note": "two words", "app.kubernetes.io/name": "other", "a/b/c": "no key"}
        made = body(instance(labels=odd).manifest)
        assert made["metadata"]["labels"]["team"] == "pay"
        assert made["metadata"]["labels"]["app.kubernetes.io/name"] == "web"
        assert made["metadata"]["annotations"] == {"note": "two words", "app.kubernetes.io/name": "other"}
        assert "team" not in made["spec"]["template"]["metadata"]["labels"]
        (note,) = rendered(PLACE, service(labels=odd)).notes
        assert note.startswith("label `a/b/c` is one that a cluster does not take")

    def test_older_revisions_stay_as_long_as_the_specs_say(self) -> None:
        assert spec(keep=3)["revisionHistoryLimit"] == 3


class TestHealth:
    def test_a_check_decides_over_readiness_and_start(self) -> None:
        health = Health(
            check=HttpCheck(port="http", path="/healthz"),
            every=timedelta(seconds=2.5),
            timeout=timedelta(seconds=1),
            failures=2,
            startup=timedelta(seconds=10),
        )
        made = container(health=health, ports=(HTTP,))
        get = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 3, "timeoutSeconds": 1}
        assert made["readinessProbe"] == {**get, "failureThreshold": 2}
        assert made["startupProbe"] == {**get, "failureThreshold": 4}
        assert "minReadySeconds" not in spec(health=health)

    def test_other_checks(self) -> None:
        assert container(health=Health(check=TcpCheck(port="http")))["readinessProbe"]["tcpSocket"] == {
            "port": "http"
        }
        run = container(health=Health(check=CommandCheck(command=("test", "$(A)")), startup=timedelta(0)))
        assert run["readinessProbe"]["exec"] == {"command": ["test", "$$(A)"]}
        assert "startupProbe" not in run

    def test_without_a_check_it_must_run_for_a_while(self) -> None:
        assert spec()["minReadySeconds"] == 5
        assert "readinessProbe" not in container()
        assert "readinessProbe" not in container(health=Health(check=ReadyCheck()))

    def test_a_slow_start_has_its_time(self) -> None:
        slow = Health(check=TcpCheck(port="http"), startup=timedelta(minutes=20))
        assert spec(health=slow)["progressDeadlineSeconds"] == 1521
        assert "progressDeadlineSeconds" not in spec()


class TestVariables:
    def test_they_are_objects_named_by_their_content(self) -> None:
        made = instance(env={"B": "2", "A": "1"}, secrets={"KEY": SECRET})
        assert body(made.config)["data"] == {"A": "1", "B": "2"}
        assert (body(made.config)["immutable"], body(made.secret)["immutable"]) == (True, True)
        assert made.config is not None
        assert made.secret is not None
        assert "data" not in made.secret.body
        assert made.secret.secrets == {"KEY": SECRET}
        one: Any = made.manifest.body["spec"]
        assert one["template"]["spec"]["containers"][0]["envFrom"] == [
            {"configMapRef": {"name": made.config.name}},
            {"secretRef": {"name": made.secret.name}},
        ]

    def test_another_value_is_another_object_and_another_revision(self) -> None:
        one, two = instance(env={"A": "1"}), instance(env={"A": "2"})
        assert one.config is not None
        assert two.config is not None
        assert one.config.name != two.config.name
        assert one.revision != two.revision

    def test_another_source_of_a_secret_is_too(self) -> None:
        one, two = (
            instance(secrets={"KEY": FromEnvironment(variable=name)}).secret for name in ("KEY", "OTHER")
        )
        assert one is not None
        assert two is not None
        assert one.name != two.name

    def test_the_order_of_writing_is_nobodys_business(self) -> None:
        one, two = instance(env={"A": "1", "B": "2"}), instance(env={"B": "2", "A": "1"})
        assert one == two


class TestRevision:
    @pytest.mark.parametrize(
        "changes",
        [
            {"replicas": 5},
            {"labels": {"team": "b"}},
            {"strategy": Rolling(surge=2)},
            {"strategy": Recreate()},
            {"strategy": BlueGreen()},
            {"scaling": BUSY},
        ],
        ids=str,
    )
    def test_it_is_the_same_for_the_same_pods(self, changes: dict[str, object]) -> None:
        assert instance(**changes).revision == instance().revision

    @pytest.mark.parametrize(
        "changes",
        [{"image": "web:2"}, {"command": ("a",)}, {"user": "1"}, {"ports": (HTTP,)}],
        ids=str,
    )
    def test_other_pods_have_another(self, changes: dict[str, object]) -> None:
        assert instance(**changes).revision != instance().revision


class TestBlueGreen:
    def test_each_revision_is_a_deployment_of_its_own(self) -> None:
        made = instance(strategy=BlueGreen(), ports=(HTTP,))
        assert (made.manifest.name, made.beside, made.routed) == (f"web-{made.revision}", True, True)
        mine = {**IDENTITY, "eeveon.dev/revision": made.revision}
        assert made.selector == mine
        written: Any = made.manifest.body
        assert written["metadata"]["name"] == made.manifest.name
        assert written["spec"]["selector"] == {"matchLabels": mine}
        assert written["spec"]["template"]["metadata"]["labels"].items() >= mine.items()
        assert "strategy" not in written["spec"]

    def test_the_service_selects_nothing_by_itself(self) -> None:
        assert "selector" not in body(supports(strategy=BlueGreen(), ports=(HTTP,))["Service"])["spec"]

    def test_its_autoscaler_scales_it(self) -> None:
        made = instance(strategy=BlueGreen(), scaling=BUSY)
        assert body(made.scaler)["spec"]["scaleTargetRef"]["name"] == made.manifest.name


class TestStateful:
    def test_it_is_a_stateful_set_whose_pods_have_names_and_volumes(self) -> None:
        mounts = (Mount(path="/data", volume="data", size_bytes=2**31), Mount(path="/host", host="/srv"))
        made = spec(stateful=True, mounts=mounts, ports=(HTTP,))
        assert made["serviceName"] == "web-pods"
        (claim,) = made["volumeClaimTemplates"]
        assert claim == {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}},
        }
        assert [item["hostPath"] for item in made["template"]["spec"]["volumes"]] == [{"path": "/srv"}]
        assert "strategy" not in made

    def test_a_service_without_an_address_names_its_pods(self) -> None:
        found = rendered(PLACE, service(stateful=True, ports=(HTTP, Port(name="dns", port=53, publish=0))))
        one, two = (body(item) for item in found.supports if item.manifest.kind == "Service")
        assert (one["metadata"]["name"], two["metadata"]["name"]) == ("web", "web-pods")
        assert two["spec"]["clusterIP"] == "None"
        assert two["spec"]["publishNotReadyAddresses"]
        assert [port["name"] for port in two["spec"]["ports"]] == ["http", "dns"]
        assert all("nodePort" not in port for port in two["spec"]["ports"])

    def test_without_ports_it_has_only_that(self) -> None:
        made = rendered(PLACE, service(stateful=True))
        assert [item.manifest.name for item in made.supports] == ["web-pods"]
        assert made.traffic is None
        assert "ports" not in body(made.supports[0])["spec"]


class TestWaysIn:
    def test_a_service_has_all_ports_and_selects_the_pods(self) -> None:
        ports = (HTTP, Port(name="dns", port=53, protocol="udp"))
        assert body(supports(ports=ports)["Service"])["spec"] == {
            "ports": [
                {"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP"},
                {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
            ],
            "selector": IDENTITY,
        }

    def test_published_ports_are_opened_on_nodes(self) -> None:
        made = body(supports(ports=(replace(HTTP, publish=30080),))["Service"])["spec"]
        assert (made["type"], made["ports"][0]["nodePort"]) == ("NodePort", 30080)
        chosen = body(supports(ports=(replace(HTTP, publish=0),))["Service"])["spec"]
        assert (chosen["type"], "nodePort" in chosen["ports"][0]) == ("NodePort", False)

    def test_a_route_is_an_ingress_that_comes_once_the_pods_are_ready(self) -> None:
        route = Route(balancer="", port="http", host="shop.example.com", path="/api")
        made = supports(ports=(HTTP,), route=route)["Ingress"]
        assert made.rank > 0
        backend = {"service": {"name": "web", "port": {"name": "http"}}}
        assert body(made)["spec"] == {
            "rules": [
                {
                    "host": "shop.example.com",
                    "http": {"paths": [{"path": "/api", "pathType": "Prefix", "backend": backend}]},
                }
            ]
        }

    def test_its_class_is_the_targets(self) -> None:
        where = replace(PLACE, ingress_class="nginx")
        made = rendered(where, service(ports=(HTTP,), route=Route(balancer="", port="http"))).supports
        ingress: Any = body(made[-1])["spec"]
        assert ingress["ingressClassName"] == "nginx"
        assert "host" not in ingress["rules"][0]

    def test_a_route_through_a_balancer_is_none(self) -> None:
        assert "Ingress" not in supports(ports=(HTTP,), route=Route(balancer="front", port="http"))


class TestScaling:
    def test_an_autoscaler_owns_the_number(self) -> None:
        made = instance(scaling=replace(BUSY, up=Pace(step=4), down=Pace(stabilize=timedelta(minutes=10))))
        assert (made.scaled, made.replicas) == (True, 3)
        assert "replicas" not in spec(scaling=BUSY)
        assert body(made.scaler)["spec"] == {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 3,
            "maxReplicas": 9,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
                }
            ],
            "behavior": {
                "scaleUp": {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 60}]},
                "scaleDown": {"stabilizationWindowSeconds": 600},
            },
        }

    @pytest.mark.parametrize(
        ("target", "written"), [(56.25, "56250m"), (80, "80"), (60000, "60k"), (0.1, "100m")]
    )
    def test_a_metric_of_the_service_is_counted_for_each_pod(self, target: float, written: str) -> None:
        made = instance(scaling=replace(BUSY, demand=Demand(metric="rps", target=target)))
        assert body(made.scaler)["spec"]["metrics"] == [
            {
                "type": "Pods",
                "pods": {
                    "metric": {"name": "rps"},
                    "target": {"type": "AverageValue", "averageValue": written},
                },
            }
        ]
        assert "behavior" not in body(made.scaler)["spec"]


class TestBudget:
    @pytest.mark.parametrize(
        ("changes", "there"),
        [
            ({"replicas": 1}, False),
            ({"replicas": 2}, True),
            ({"replicas": 0}, False),
            ({"replicas": 1, "scaling": BUSY}, True),
            ({"replicas": 3, "scaling": replace(BUSY, least=1)}, False),
        ],
        ids=str,
    )
    def test_only_where_one_can_be_spared(self, changes: dict[str, object], *, there: bool) -> None:
        found = supports(**changes)
        assert ("PodDisruptionBudget" in found) is there
        if there:
            assert body(found["PodDisruptionBudget"])["spec"] == {
                "maxUnavailable": 1,
                "selector": {"matchLabels": IDENTITY},
            }


class TestVolumes:
    def test_services_that_name_a_volume_share_its_claim_at_its_largest_size(self) -> None:
        one = service(mounts=(Mount(path="/a", volume="data", size_bytes=2**30),))
        two = service(mounts=(Mount(path="/b", volume="data", size_bytes=2**31, read_only=True),))
        three = service(mounts=(Mount(path="/c", volume="cache"),))
        where = replace(PLACE, storage_class="fast")
        cache, data = common_of(where, (one, two, three))
        assert mistakes(body(data)) == mistakes(body(cache)) == []
        assert (data.protected, data.rank < 0, data.manifest.name) == (True, True, "data")
        assert body(data)["spec"] == {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "2Gi"}},
        }
        assert body(cache)["spec"]["resources"]["requests"]["storage"] == "1Gi"

    def test_pods_see_them(self) -> None:
        mounts = (
            Mount(path="/a", volume="data", read_only=True),
            Mount(path="/b", host="/srv"),
            Mount(path="/c", host="/srv"),
        )
        made = pod(mounts=mounts)
        host = made["volumes"][1]["name"]
        assert made["volumes"] == [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": host, "hostPath": {"path": "/srv"}},
        ]
        assert made["containers"][0]["volumeMounts"] == [
            {"name": "data", "mountPath": "/a", "readOnly": True},
            {"name": host, "mountPath": "/b"},
            {"name": host, "mountPath": "/c"},
        ]

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({}, True),
            ({"strategy": Recreate()}, False),
            ({"strategy": Recreate(), "replicas": 2}, True),
            ({"stateful": True}, False),
            ({"image": None}, False),
        ],
        ids=str,
    )
    def test_pods_on_several_nodes_that_want_the_same_are_told(
        self, changes: dict[str, object], *, told: bool
    ) -> None:
        mounts = (Mount(path="/host", host="/srv"), Mount(path="/data", volume="data"))
        notes = rendered(PLACE, service(mounts=mounts, **changes)).notes
        assert [note.startswith("volume `data` is for one node at a time") for note in notes] == [True] * told

    def test_a_namespace_is_made_where_the_target_says_so_and_something_runs(self) -> None:
        where = replace(PLACE, create_namespace=True)
        (made,) = common_of(where, (service(),))
        assert (made.manifest.kind, made.manifest.namespace, made.manifest.name) == ("Namespace", "", "shop")
        assert made.protected
        assert common_of(where, ()) == ()


def test_networks_mean_nothing_there() -> None:
    (note,) = rendered(PLACE, service(networks=("front",))).notes
    assert note.startswith("`networks` mean nothing to a cluster")


def test_its_fields_are_what_a_plan_shows() -> None:
    made = instance(replicas=2, env={"A": "1"}, secrets={"KEY": SECRET}, ports=(HTTP,), scaling=BUSY)
    assert made.secret is not None
    shown = fields_of(
        made.manifest.body,
        config=body(made.config)["data"],
        secrets=plain(made.secret.secrets),  # type: ignore[arg-type]  # a map stays one
        scaler=body(made.scaler),
    )
    assert shown == {
        "minReadySeconds": 5,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {
            "spec": {
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": 10,
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                "containers": {
                    "web": {
                        "name": "web",
                        "image": "web:1",
                        "ports": {"http": {"name": "http", "containerPort": 8080, "protocol": "TCP"}},
                        "envFrom": [{"configMapRef": {}}, {"secretRef": {}}],
                        "securityContext": {"allowPrivilegeEscalation": False},
                    }
                },
            }
        },
        "config": {"A": "1"},
        "secrets": {"KEY": {"variable": "KEY", "kind": "environment"}},
        "scaling": {
            "minReplicas": 3,
            "maxReplicas": 9,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
                }
            ],
        },
    }
