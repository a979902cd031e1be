"""Others on a cluster: autoscalers, webhooks, quotas, people, tools, and what the server rewrites by itself."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.kubernetes_shop import PLAIN, Shop
from tests.lab.kubernetes.clusters import AnyCluster
from tests.lab.kubernetes.faults import Fault

POLICY = """\
kind: ScalingPolicy
metadata: {name: web}
spec: {service: web, bounds: {min: 3, max: 6}, demand: {metric: cpu}, reactive: {target: 70%}}
"""
SCALED = "  resources: {cpu: 0.5}\n"


@pytest.fixture
def shop(cli: Cli, any_cluster: AnyCluster) -> Shop:
    any_cluster.pace(second=0.02)
    made = Shop(cli, any_cluster)
    made.write()
    return made


def flat(text: str) -> str:
    return " ".join(text.split())


def scaler(shop: Shop) -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "theirs", "namespace": shop.space},
        "spec": {"scaleTargetRef": reference, "minReplicas": 4, "maxReplicas": 9},
    }


class TestReplicas:
    @pytest.mark.kubernetes
    def test_those_that_somebodys_autoscaler_decides_are_left_alone(self, shop: Shop) -> None:
        shop.applied()
        shop.cluster.objects.create("horizontalpodautoscalers.autoscaling", scaler(shop))
        shop.cluster.wait("scaled", lambda: shop.web()["spec"]["replicas"] == 4)
        plan = shop.plan()
        assert "belongs to the HorizontalPodAutoscaler theirs" in flat(plan.out)
        shop.write(body="  env: {GREETING: hi}\n")
        shop.applied()
        assert shop.web()["spec"]["replicas"] == 4

    def test_they_are_handed_to_a_policy_and_back_without_a_reset(self, shop: Shop) -> None:
        shop.write(body=SCALED, replicas="  replicas: 4\n")
        shop.applied()
        seen: list[int] = []
        shop.fake.cluster.listen(lambda: seen.append(shop.web()["spec"].get("replicas", 1)))
        shop.write(POLICY, body=SCALED, replicas="")
        shop.applied()
        assert shop.names("horizontalpodautoscalers.autoscaling") == {"web"}
        assert set(seen) == {4}
        shop.fake.cluster.loads["web"] = 6
        shop.cluster.objects.patch(
            "horizontalpodautoscalers.autoscaling", "web", {"metadata": {"labels": {"a": "b"}}}, shop.space
        )
        shop.cluster.wait("scaled", lambda: shop.web()["spec"]["replicas"] == 6)
        assert shop.settled(), shop.plan().out
        seen.clear()
        shop.write(body=SCALED, replicas="  replicas: 5\n")
        shop.applied()
        assert shop.names("horizontalpodautoscalers.autoscaling") == set()
        assert shop.web()["spec"]["replicas"] == 5
        assert set(seen) <= {6, 5}

    @pytest.mark.kubernetes
    def test_a_policy_from_the_beginning(self, shop: Shop) -> None:
        shop.write(POLICY, body=SCALED, replicas="")
        shop.applied()
        shop.cluster.wait("scaled", lambda: shop.web()["spec"]["replicas"] == 3)
        assert shop.settled(), shop.plan().out
        gone = shop.cli.inside("destroy", "-e", "demo", "--yes")
        assert gone.status == 0, gone.out
        assert shop.names("horizontalpodautoscalers.autoscaling") == set()

    @pytest.mark.kubernetes
    def test_somebody_who_changes_the_autoscaler_is_drift(self, shop: Shop) -> None:
        shop.write(POLICY, body=SCALED, replicas="")
        shop.applied()
        shop.cluster.objects.patch(
            "horizontalpodautoscalers.autoscaling", "web", {"spec": {"maxReplicas": 50}}, shop.space
        )
        assert "scaling.maxReplicas" in flat(shop.plan().out), shop.plan().out
        shop.applied()
        shop.cluster.objects.delete("horizontalpodautoscalers.autoscaling", "web", shop.space)
        assert not shop.settled()
        shop.applied()
        assert shop.names("horizontalpodautoscalers.autoscaling") == {"web"}


class TestRefusals:
    def test_a_webhook_that_refuses_is_named_in_the_plan_already(self, shop: Shop) -> None:
        shop.applied()
        shop.write(image="registry.test/web:2")
        refusal = Fault.webhook_refuses("guard.test", "images must have a digest", 403)
        shop.fake.faults.always(refusal, method="PATCH", path="/deployments/")
        plan = shop.plan()
        assert "guard.test" in flat(plan.out)
        assert "images must have a digest" in flat(plan.out)
        said = shop.apply()
        assert said.status == 1
        assert "images must have a digest" in flat(said.out + said.err)
        shop.fake.faults.clear()
        assert shop.web()["spec"]["template"]["spec"]["containers"][0]["image"] == shop.image(
            "registry.test/web:1"
        )
        shop.applied()

    @pytest.mark.kubernetes
    def test_a_quota_that_is_full_is_the_cause_and_the_step_is_taken_back(self, shop: Shop) -> None:
        shop.applied()
        quota = {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "small", "namespace": shop.space},
            "spec": {"hard": {"pods": "2"}},
        }
        shop.cluster.objects.create("resourcequotas", quota)
        shop.write(image="registry.test/web:2")
        said = shop.apply()
        assert said.status == 1
        assert "quota" in flat(said.out)
        assert shop.web()["spec"]["template"]["spec"]["containers"][0]["image"] == shop.image(
            "registry.test/web:1"
        )

    @pytest.mark.kubernetes
    def test_what_has_no_such_field_is_named(self, shop: Shop) -> None:
        shop.write(body="  kubernetes: {podTemplate: {spec: {nodeSelectr: {a: b}}}}\n")
        plan = shop.plan()
        assert "nodeSelectr" in plan.out + plan.err


@pytest.mark.kubernetes
class TestOthersObjects:
    def test_an_object_of_somebody_in_the_way_is_not_touched(self, shop: Shop) -> None:
        shop.cluster.namespace(shop.space)
        theirs = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": shop.space},
            "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 80}]},
        }
        shop.cluster.objects.create("services", theirs)
        plan = shop.plan()
        assert "not of this environment" in flat(plan.out), plan.out
        said = shop.apply()
        assert said.status == 1
        assert "is not of shop/demo" in flat(said.out + said.err)
        found = shop.cluster.objects.get("services", "web", shop.space)
        assert found is not None
        assert found["spec"]["selector"] == {"app": "theirs"}


class TestRewrites:
    @pytest.mark.kubernetes
    def test_quantities_and_orders_are_no_drift(self, shop: Shop) -> None:
        body = "  resources: {cpu: 1, memory: 1024Mi}\n  env: {B: '2', A: '1'}\n"
        shop.write(body=body)
        shop.applied()
        assert shop.plan().status == 0

    def test_what_a_webhook_rewrites_each_time_is_no_drift(self, shop: Shop) -> None:
        def rewrite(made: dict[str, Any]) -> None:
            if made["kind"] == "Deployment":
                pod = made["spec"]["template"]["spec"]
                for container in pod["containers"]:
                    container["image"] = container["image"].replace("registry.test/", "mirror.test/")
                made["metadata"].setdefault("labels", {})["team"] = "platform"

        shop.fake.cluster.rewrites = rewrite
        shop.applied()
        assert shop.web()["spec"]["template"]["spec"]["containers"][0]["image"] == "mirror.test/web:1"
        assert "mirror" not in shop.plan().out
        shop.write(image="registry.test/web:2")
        (step,) = shop.changes()
        assert not step["drift"]
        shop.applied()
        assert shop.web()["spec"]["template"]["spec"]["containers"][0]["image"] == "mirror.test/web:2"


@pytest.mark.kubernetes
class TestInPlace:
    def test_a_change_to_recreate_and_back(self, shop: Shop) -> None:
        shop.applied()
        shop.write(body=f"{PLAIN}  rollout: {{recreate: {{}}}}\n")
        shop.applied()
        assert shop.web()["spec"]["strategy"] == {"type": "Recreate"}
        shop.write()
        shop.applied()
        assert shop.web()["spec"]["strategy"]["type"] == "RollingUpdate"

    def test_old_variables_go_once_no_old_pods_name_them(self, shop: Shop) -> None:
        shop.write(body="  env: {A: '1'}\n  secrets: {T: {env: T}}\n")
        assert shop.cli("apply", "-e", "demo", "--yes", env={"T": "x"}).status == 0
        for number in range(2, 16):
            shop.write(body=f"  env: {{A: '{number}'}}\n  secrets: {{T: {{env: T}}}}\n")
            assert shop.cli("apply", "-e", "demo", "--yes", env={"T": "x"}).status == 0
        kept = {
            source["configMapRef"]["name"]
            for one in shop.cluster.objects.list("replicasets.apps", shop.space)
            for source in one["spec"]["template"]["spec"]["containers"][0]["envFrom"]
            if "configMapRef" in source
        }
        left = shop.names("configmaps") - {"eeveon-shop-demo"}
        assert kept <= left
        assert len(left - kept) <= 1, "that of a ReplicaSet which went since"
        assert 2 <= len(kept) <= 12
        assert len(shop.names("secrets")) == 1
        shop.write(body="")
        assert shop.apply().status == 0

    def test_a_stateful_service(self, shop: Shop) -> None:
        body = "  stateful: true\n  volumes: [{name: data, path: /data, size: 1Gi}]\n"
        shop.write(body=body)
        shop.applied()
        shop.write(body=body, image="registry.test/web:2")
        shop.applied()
        assert "Kept" not in shop.plan().out
        found = shop.cluster.objects.get("statefulsets.apps", "web", shop.space)
        assert found is not None
        assert found["spec"]["template"]["spec"]["containers"][0]["image"] == shop.image(
            "registry.test/web:2"
        )

    def test_the_volumes_of_a_stateful_service_that_is_gone_are_told(self, shop: Shop) -> None:
        program = shop.cluster.program("registry.test/web:1")
        command = f"  command: {json.dumps(program.command)}\n" if program.command else ""
        shop.write(
            f"kind: Service\nmetadata: {{name: db}}\nspec:\n  targets: [cluster]\n  image: {program.image}\n{command}"
            "  stateful: true\n  volumes: [{name: data, path: /data, size: 1Gi}]\n"
        )
        shop.applied()
        assert "data-db-0" not in shop.plan().out
        shop.write()
        assert "what its pods have stored stays when it is gone: data-db-0" in flat(shop.plan().out)
        shop.applied()
        assert "Kept: volume/data-db-0 on cluster" in shop.plan().out

    @pytest.mark.parametrize("first", ["", "  stateful: true\n"])
    def test_a_service_that_becomes_stateful_or_not_changes_its_controller(
        self, shop: Shop, first: str
    ) -> None:
        bodies = {"": "deployments.apps", "  stateful: true\n": "statefulsets.apps"}
        (second,) = bodies.keys() - {first}
        shop.write(body=PLAIN + first)
        shop.applied()
        shop.write(body=PLAIN + second)
        shop.applied()
        assert shop.names(bodies[second]) == {"web"}
        assert shop.names(bodies[first]) == set()

    def test_of_two_controllers_of_a_service_the_one_that_is_not_wanted_goes(self, shop: Shop) -> None:
        shop.applied()
        web = shop.web()
        pods = web["spec"]["template"]
        spec = {"replicas": 1, "selector": web["spec"]["selector"], "serviceName": "web", "template": pods}
        double = {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "web", "namespace": shop.space, "labels": web["metadata"]["labels"]},
            "spec": spec,
        }
        shop.cluster.objects.create("statefulsets.apps", double)
        assert "a Deployment and a StatefulSet" in flat(shop.plan().out)
        shop.applied()
        assert shop.names("statefulsets.apps") == set()
        assert shop.web()["metadata"]["uid"] == web["metadata"]["uid"]
        shop.cluster.objects.create("statefulsets.apps", double)
        shop.write_only(
            "kind: Service\nmetadata: {name: api}\nspec: {targets: [cluster], image: 'registry.test/api:1'}\n"
        )
        shop.applied()
        assert (shop.names("statefulsets.apps"), shop.names("deployments.apps")) == (set(), {"api"})

    def test_a_saved_plan_is_applied_by_another_process(self, shop: Shop) -> None:
        shop.applied()
        shop.write(image="registry.test/web:2", body="  env: {GREETING: hi}\n")
        plan = shop.cli("plan", "-e", "demo")
        (name,) = {word for word in plan.out.split() if word.startswith("plan-")}
        said = shop.cli("apply", name, "--yes")
        assert said.status == 0, said
        assert shop.web()["spec"]["template"]["spec"]["containers"][0]["image"] == shop.image(
            "registry.test/web:2"
        )
        assert shop.settled()


class TestTrouble:
    """What a server in trouble says is waited for, or told; what was not read to its end is never taken for nothing."""

    @pytest.mark.parametrize("fault", [Fault.throttled(seconds=1), Fault.unavailable(seconds=1)])
    def test_a_server_that_asks_to_wait_is_waited_for(self, shop: Shop, fault: Fault) -> None:
        shop.fake.faults.next(fault, times=2)
        shop.fake.faults.next(fault, method="PATCH")
        shop.applied()
        assert len(shop.fake.faults.seen) > 3

    @pytest.mark.parametrize(
        "fault",
        [Fault.broken(), Fault.garbled(b'{"kind": "DeploymentList", "items": [{'), Fault.expired_page()],
        ids=["500", "cut off", "410"],
    )
    def test_a_list_that_is_not_complete_prunes_nothing(self, shop: Shop, fault: Fault) -> None:
        api = (
            "kind: Service\nmetadata: {name: api}\nspec: {targets: [cluster], image: 'registry.test/api:1'}\n"
        )
        shop.write(api)
        shop.applied()
        shop.write()
        shop.fake.faults.always(fault, method="GET", path="/deployments")
        plan = shop.plan()
        assert plan.status == 3, plan
        assert "not reached, nothing planned for it" in flat(plan.out)
        assert shop.apply().status == 3
        shop.fake.faults.clear()
        assert shop.names("deployments.apps") == {"api", "web"}
        shop.applied()
        assert shop.names("deployments.apps") == {"web"}

    @pytest.mark.parametrize(
        "fault",
        [Fault.expired_page(), Fault.cut_middle(), Fault.throttled(seconds=1)],
        ids=["410", "cut", "429"],
    )
    def test_an_apply_whose_watches_end_waits_on_and_names_the_cause(self, shop: Shop, fault: Fault) -> None:
        shop.fake.faults.next(fault, times=12, query="watch")
        shop.applied()
        shop.write(image="registry.test/bad/missing:2")
        shop.fake.faults.next(fault, times=12, query="watch")
        said = shop.apply()
        assert said.status == 1, said
        assert "registry.test/bad/missing:2" in said.out
        assert [one for one in shop.fake.faults.seen if one.query.get("watch")]
