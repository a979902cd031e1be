"""Folders of plain YAML on a cluster: kinds before their objects, namespaces, prune, drift of Secrets, large objects."""

import base64
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.kubernetes_shop import Shop
from tests.lab.kubernetes.clusters import AnyCluster

PARTS = "kind: Service\nmetadata: {name: parts}\nspec: {targets: [cluster], manifests: k8s}\n"
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, description: 'TEXT', x-kubernetes-preserve-unknown-fields: true}}
"""
WIDGET = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: one}\nspec: {size: 3}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: pull}\nstringData: {user: bot}\n"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '1'}\n"
ELSEWHERE = """\
apiVersion: v1
kind: Namespace
metadata: {name: SPACE}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: SPACE}
data: {a: '1'}
"""


pytestmark = pytest.mark.kubernetes


@pytest.fixture
def shop(cli: Cli, any_cluster: AnyCluster) -> Shop:
    any_cluster.pace(second=0.02)
    return Shop(cli, any_cluster)


def write(shop: Shop, **files: str) -> None:
    for old in (shop.cli.root / "k8s").glob("*.yaml"):
        old.unlink()
    shop.write_only(PARTS, files={f"k8s/{name}.yaml": text for name, text in files.items()})


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_kind_and_its_first_object_come_in_one_apply(shop: Shop) -> None:
    write(shop, crd=DEFINITION, widget=WIDGET)
    plan = shop.plan()
    assert plan.status == 2, plan
    shop.applied()
    assert shop.names("widgets.example.com") == {"one"}
    write(shop, crd=DEFINITION, widget=WIDGET.replace("size: 3", "size: 4"))
    assert "3 → 4" in shop.plan().out
    shop.applied()


def test_an_object_whose_kind_is_nowhere_is_named(shop: Shop) -> None:
    write(shop, widget=WIDGET)
    said = shop.plan()
    assert "knows no Widget in example.com/v1" in flat(said.out + said.err)


def test_a_namespace_and_what_is_in_it(shop: Shop) -> None:
    elsewhere = shop.cluster.space("elsewhere")
    write(shop, all=ELSEWHERE.replace("SPACE", elsewhere))
    shop.applied()
    found = shop.cluster.objects.get("configmaps", "settings", elsewhere)
    assert found is not None
    write(shop, other=MAP)
    shop.applied()
    assert shop.cluster.objects.get("configmaps", "settings", elsewhere) is None
    assert shop.cluster.objects.get("namespaces", elsewhere) is not None, "with all that others have in it"


def test_what_is_of_a_kind_that_no_spec_names_any_more_is_found_and_goes(shop: Shop) -> None:
    write(shop, crd=DEFINITION, widget=WIDGET, keep=MAP)
    shop.applied()
    write(shop, crd=DEFINITION, keep=MAP)
    assert "widgets.example.com/one" in shop.plan().out
    shop.applied()
    assert shop.names("widgets.example.com") == set()


def test_an_object_whose_inventory_is_lost_goes_all_the_same(shop: Shop) -> None:
    write(shop, keep=MAP, pull=SECRET)
    shop.applied()
    shop.cluster.objects.delete("configmaps", "eeveon-shop-demo", shop.space)
    write(shop, keep=MAP)
    shop.applied()
    assert shop.names("secrets") == set()


def test_drift_in_a_secret_is_seen_and_taken_back_and_its_values_are_never_shown(shop: Shop) -> None:
    write(shop, pull=SECRET)
    shop.applied()
    patch: dict[str, Any] = {"data": {"user": base64.b64encode(b"mallory").decode()}}
    shop.cluster.objects.patch("secrets", "pull", patch, shop.space, by="kubectl-edit")
    plan = shop.plan()
    assert plan.status == 2
    assert "kubectl-edit" in plan.out
    assert "mallory" not in plan.out
    assert "bot" not in plan.out
    shop.applied()
    found = shop.cluster.objects.get("secrets", "pull", shop.space)
    assert found is not None
    assert base64.b64decode(found["data"]["user"]) == b"bot"


def test_a_key_that_somebody_takes_out_of_a_secret_comes_back(shop: Shop) -> None:
    write(shop, pull=SECRET)
    shop.applied()
    shop.cluster.objects.patch("secrets", "pull", {"data": None}, shop.space, by="kubectl-edit")
    assert shop.plan().status == 2
    shop.applied()
    found = shop.cluster.objects.get("secrets", "pull", shop.space)
    assert found is not None
    assert base64.b64decode(found["data"]["user"]) == b"bot"


def test_an_object_of_300_kilobytes_is_kept_compressed(shop: Shop) -> None:
    words = " ".join(f"word{number % 997}" for number in range(40_000))
    write(shop, crd=DEFINITION.replace("TEXT", words))
    assert len(words) > 300_000
    shop.applied()
    found = shop.cluster.objects.get("customresourcedefinitions.apiextensions.k8s.io", "widgets.example.com")
    assert found is not None
    assert found["metadata"]["annotations"]["eeveon.dev/applied"].startswith("gzip:")


def test_a_settings_change_and_one_by_hand(shop: Shop) -> None:
    write(shop, keep=MAP)
    shop.applied()
    shop.cluster.objects.patch("configmaps", "settings", {"data": {"a": "1.0", "b": "2"}}, shop.space)
    plan = shop.plan()
    assert plan.status == 2, "1 and 1.0 are the same number and not the same text"
    assert "kubectl-edit" in plan.out
    shop.applied()
    found = shop.cluster.objects.get("configmaps", "settings", shop.space)
    assert found is not None
    assert found["data"] == {"a": "1", "b": "2"}, "what others add besides is theirs"


class TestVersions:
    """A kind that the cluster serves in several versions, of which older ones end."""

    BOTH = DEFINITION + DEFINITION[DEFINITION.index("    - name: v1") :].replace(
        "name: v1", "name: v1beta1"
    ).replace("storage: true", "storage: false")
    ONLY_NEW = BOTH.replace("name: v1beta1\n      served: true", "name: v1beta1\n      served: false")
    OLD = WIDGET.replace("example.com/v1", "example.com/v1beta1")

    def test_an_object_moves_to_a_newer_version_of_its_kind(self, shop: Shop) -> None:
        write(shop, definition=self.BOTH, widget=self.OLD)
        shop.applied()
        before = shop.cluster.objects.get("widgets.example.com", "one", shop.space)
        write(shop, definition=self.BOTH, widget=WIDGET)
        shop.applied()
        after = shop.cluster.objects.get("widgets.example.com", "one", shop.space)
        assert before is not None
        assert after is not None
        assert after["metadata"]["uid"] == before["metadata"]["uid"]

    def test_one_that_was_written_in_a_version_that_is_gone_is_still_found_and_goes(self, shop: Shop) -> None:
        write(shop, definition=self.BOTH, widget=self.OLD)
        shop.applied()
        write(shop, definition=self.ONLY_NEW, widget=WIDGET)
        shop.applied()
        write(shop, definition=self.ONLY_NEW)
        shop.applied()
        assert shop.names("widgets.example.com") == set()

    def test_one_whose_version_ended_in_the_cluster_is_named_with_the_one_that_is_served(
        self, shop: Shop
    ) -> None:
        write(shop, definition=self.BOTH, widget=self.OLD)
        shop.applied()
        write(shop, definition=self.ONLY_NEW, widget=self.OLD)
        shop.apply()
        plan = shop.plan()
        assert "the cluster knows no Widget in example.com/v1beta1" in flat(plan.out)
        assert "it serves it in example.com/v1, as the manifest of one has to say" in flat(plan.out)
        write(shop, definition=self.ONLY_NEW)
        shop.applied()
        assert shop.names("widgets.example.com") == set()
