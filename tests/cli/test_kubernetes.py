"""The whole way of a change on a cluster: plan, apply, no changes, drift with who, conflicts, a bad rollout, blue-green."""

import pytest

from tests.cli.conftest import Cli
from tests.cli.kubernetes_shop import Shop
from tests.lab.kubernetes.clusters import AnyCluster

pytestmark = pytest.mark.kubernetes


@pytest.fixture
def shop(cli: Cli, any_cluster: AnyCluster) -> Shop:
    any_cluster.pace(second=0.02)
    return Shop(cli, any_cluster)


def test_the_whole_way(shop: Shop) -> None:
    shop.write()
    plan = shop.plan()
    assert plan.status == 2, plan
    applied = shop.apply()
    assert applied.status == 0, applied
    assert shop.settled(), shop.plan()
    assert shop.web()["status"]["availableReplicas"] == 2
    status = shop.cli("status", "-e", "demo")
    assert status.status == 0
    assert "web" in status.out
    gone = shop.cli("destroy", "-e", "demo", "--yes")
    assert gone.status == 0, gone
    assert shop.cluster.objects.get("deployments.apps", "web", shop.space) is None
    left = [one["metadata"]["name"] for one in shop.cluster.objects.list("configmaps", shop.space)]
    assert left == ["eeveon-shop-demo"], "the namespace stays, and so does what tells whose it is"


def test_a_change_rolls_in_place_and_old_variables_go(shop: Shop) -> None:
    shop.write()
    assert shop.apply().status == 0
    uid = shop.web()["metadata"]["uid"]
    first = {one["metadata"]["name"] for one in shop.cluster.objects.list("configmaps", shop.space)}
    shop.write(image="registry.test/web:2", body="  env: {GREETING: hi}\n")
    said = shop.apply()
    assert said.status == 0, said
    assert shop.settled(), shop.plan()
    assert shop.web()["metadata"]["uid"] == uid
    assert shop.web()["spec"]["template"]["spec"]["containers"][0]["image"] == shop.image(
        "registry.test/web:2"
    )
    assert first


def test_what_somebody_changed_is_drift_with_who_and_is_taken_back(shop: Shop) -> None:
    shop.write()
    assert shop.apply().status == 0
    shop.cluster.objects.patch(
        "deployments.apps", "web", {"spec": {"replicas": 5}}, shop.space, by="kubectl-scale"
    )
    plan = shop.plan()
    assert plan.status == 2
    assert "kubectl-scale" in plan.out
    (step,) = shop.changes()
    assert step["drift"] is True
    assert step["drift_by"] == ["person"]
    said = shop.apply()
    assert said.status == 0, said
    assert shop.web()["spec"]["replicas"] == 2
    assert shop.settled()


def test_a_field_of_somebody_else_is_not_taken_unless_it_is_asked_for(shop: Shop) -> None:
    shop.write()
    assert shop.apply().status == 0
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": shop.space},
        "spec": {"template": {"metadata": {"annotations": {"team": "theirs"}}}},
    }
    shop.cluster.objects.apply("deployments.apps", body, by="their-tool")
    assert shop.settled(), "what others add besides is theirs"
    more = "    podTemplate: {metadata: {annotations: {team: ours}}}\n"
    shop.write(body=f"  kubernetes:\n{more}")
    assert "their-tool" in shop.plan().out
    refused = shop.apply()
    assert refused.status == 1
    assert "their-tool" in refused.out + refused.err
    shop.write(body=f"  kubernetes:\n    conflicts: force\n{more}")
    said = shop.apply()
    assert said.status == 0, said
    assert shop.settled()


def test_an_image_that_cannot_be_pulled_is_named_at_once_and_taken_back(shop: Shop) -> None:
    shop.write()
    assert shop.apply().status == 0
    shop.write(image="registry.test/bad/missing:2")
    said = shop.apply()
    assert said.status == 1
    assert "registry.test/bad/missing:2" in said.out
    assert shop.web()["spec"]["template"]["spec"]["containers"][0]["image"] == shop.image(
        "registry.test/web:1"
    )


def test_blue_green_changes_sides_by_the_selector(shop: Shop) -> None:
    shop.write(body="  rollout: {blueGreen: {}}\n")
    said = shop.apply()
    assert said.status == 0, said
    assert shop.settled(), shop.plan()
    before = shop.cluster.objects.get("services", "web", shop.space)
    shop.write(image="registry.test/web:2", body="  rollout: {blueGreen: {}}\n")
    said = shop.apply()
    assert said.status == 0, said
    assert shop.settled(), shop.plan()
    after = shop.cluster.objects.get("services", "web", shop.space)
    assert before is not None
    assert after is not None
    assert before["spec"]["selector"] != after["spec"]["selector"]


def test_a_service_that_left_the_specs_goes_with_all_that_belongs_to_it(shop: Shop) -> None:
    other = "kind: Service\nmetadata: {name: api}\nspec: {targets: [cluster], image: 'registry.test/api:1'}\n"
    shop.write(other)
    assert shop.apply().status == 0
    shop.write()
    said = shop.apply()
    assert said.status == 0, said
    assert shop.cluster.objects.get("deployments.apps", "api", shop.space) is None
    assert shop.settled()
