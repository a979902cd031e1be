"""What somebody may not do on a cluster is named as RBAC writes it, before anything is done, and never taken for nothing."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.cli.conftest import Cli
from tests.cli.kubernetes_shop import Shop
from tests.lab.kubernetes.access import Rule, may
from tests.lab.kubernetes.clusters import AnyCluster

READ = "configmaps deployments.apps statefulsets.apps services secrets persistentvolumeclaims"
MORE = "horizontalpodautoscalers.autoscaling ingresses.networking.k8s.io poddisruptionbudgets.policy"
LOOK = may("get list watch", f"{READ} {MORE} replicasets.apps pods namespaces events", "")


GUIDE = Path(__file__).parents[2] / "docs/guides/kubernetes.md"

pytestmark = pytest.mark.kubernetes


@pytest.fixture
def shop(cli: Cli, any_cluster: AnyCluster) -> Shop:
    any_cluster.pace(second=0.02)
    made = Shop(cli, any_cluster)
    made.write()
    return made


def write(shop: Shop) -> Rule:
    return may("create patch update delete", f"{READ} {MORE}", shop.space)


def someone(shop: Shop, *rules: Rule, name: str = "someone") -> Shop:
    return shop.of(shop.cluster.kubeconfig_for(*rules, name=name, namespace=shop.space))


def test_who_may_only_read_can_plan_and_is_told_that_it_was_compared_here(shop: Shop) -> None:
    shop.applied()
    reader = someone(shop, LOOK)
    reader.write()
    nothing = reader.plan()
    assert nothing.status == 0, nothing.out
    reader.write(image="registry.test/web:2")
    plan = reader.plan()
    assert plan.status == 2
    assert f"{shop.image('registry.test/web:1')} → {shop.image('registry.test/web:2')}" in plan.out
    said = " ".join(plan.out.split())
    assert f"compared locally: needs `patch` on deployments.apps in {shop.space}" in said


def test_an_apply_without_the_right_names_it_and_changes_nothing(shop: Shop) -> None:
    shop.applied()
    version = shop.web()["metadata"]["resourceVersion"]
    writer = someone(shop, LOOK, may("create patch update delete", "configmaps", shop.space))
    writer.write(image="registry.test/web:2")
    said = writer.apply()
    assert said.status == 1
    assert f"needs `patch` on deployments.apps in {shop.space}" in " ".join(said.out.split())
    assert shop.web()["metadata"]["resourceVersion"] == version


def test_who_may_patch_and_not_create_is_told_so(shop: Shop) -> None:
    shop.cluster.namespace(shop.space)
    shop.write(target=", createNamespace: false")
    writer = someone(
        shop,
        LOOK,
        may("patch create update", "configmaps", shop.space),
        may("patch", "deployments.apps services", shop.space),
    )
    writer.write(target="")
    said = writer.apply()
    assert said.status == 1
    assert "needs `create` on" in " ".join(said.out.split())


@pytest.mark.parametrize("kind", ["deployments.apps", "services", "secrets"])
def test_what_was_written_to_and_may_not_be_listed_is_unknown_and_never_pruned(shop: Shop, kind: str) -> None:
    shop.write(body="  secrets: {TOKEN: {env: TOKEN}}\n")
    assert shop.cli("apply", "-e", "demo", "--yes", env={"TOKEN": "x"}).status == 0
    left = " ".join(
        one for one in f"{READ} {MORE} replicasets.apps pods namespaces events".split() if one != kind
    )
    blind = someone(shop, may("get list watch", left), may("get", kind), write(shop))
    blind.write_only()
    plan = blind.plan()
    assert plan.status not in {0, 2}, plan.out
    assert f"needs `list` on {kind} in {shop.space}" in " ".join((plan.out + plan.err).split())
    assert blind.apply().status != 0
    assert shop.web()


def test_what_was_never_written_to_need_not_be_listed(shop: Shop) -> None:
    shop.applied()
    rest = " ".join(one for one in f"{READ} {MORE} namespaces".split() if "ingresses" not in one)
    reader = someone(shop, may("get list watch", rest))
    reader.write()
    assert reader.plan().status == 0, reader.plan().out


def test_an_inventory_that_may_not_be_read_is_told(shop: Shop) -> None:
    shop.applied()
    reader = someone(shop, may("get list", f"{READ} {MORE}".replace("configmaps ", "")))
    reader.write()
    plan = reader.plan()
    assert plan.status not in {0, 2}
    assert f"on configmaps in {shop.space}" in " ".join((plan.out + plan.err).split())


def test_a_token_that_is_not_taken_is_told_and_nothing_is_planned(shop: Shop) -> None:
    shop.applied()
    kubeconfig = shop.cluster.kubeconfig_for(LOOK, write(shop), name="late", namespace=shop.space)
    late = shop.of(kubeconfig)
    late.write_only()
    shop.cluster.expire(kubeconfig)
    plan = late.plan()
    assert plan.status not in {0, 2}
    assert "credentials" in plan.out + plan.err


def of_the_guide(shop: Shop) -> list[Rule]:
    """The rules of the Role that the guide shows."""
    role = GUIDE.read_text(encoding="utf-8").partition("```yml\n")[2].partition("```")[0]
    return [
        may(
            " ".join(rule["verbs"]),
            " ".join(f"{one}.{group}".strip(".") for one in rule["resources"] for group in rule["apiGroups"]),
            shop.space,
        )
        for rule in YAML(typ="safe").load(role)["rules"]
    ]


def test_the_rights_that_the_guide_gives_suffice(shop: Shop) -> None:
    shop.cluster.namespace(shop.space)
    body = "  secrets: {TOKEN: {env: TOKEN}}\n  volumes: [{name: data, path: /data, size: 1Gi}]\n"
    deployer = someone(shop, *of_the_guide(shop))
    deployer.write(body=body, replicas="")
    text = (shop.cli.root / "specs/shop.yaml").read_text().replace(", createNamespace: true", "")
    (shop.cli.root / "specs/shop.yaml").write_text(text)
    said = shop.cli("apply", "-e", "demo", "--yes", env={"TOKEN": "x"})
    assert said.status == 0, said
    assert "needs `" not in said.out
    plan = deployer.plan()
    assert plan.status == 0, plan
    gone = shop.cli.inside("destroy", "-e", "demo", "--yes")
    assert gone.status == 0, gone.out
    assert shop.names("deployments.apps") == set()
