"""Folders of Kubernetes YAML: read with the specs, from the working tree and from commits, and built by kubectl."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from eeveon.core.desired import Desired, Given, Manifests, Workload
from eeveon.core.diagnostic import Diagnostic
from eeveon.core.names import CommitId, EnvironmentName, ProjectName, Scope, ServiceName, TargetName
from eeveon.errors import SpecsRejected
from eeveon.git.tree import open_tree
from eeveon.manifests import read_manifests, with_manifests
from tests.cli.conftest import Cli
from tests.cli.test_repository import commit, git
from tests.git.test_tree import Remembering

SPECS = {
    "eeveon.yaml": """\
apiVersion: eeveon/v2
kind: Project
metadata: {name: shop}
spec: {environments: {demo: {path: specs}}}
""",
    "specs/edge.yaml": "kind: Target\nmetadata: {name: edge}\nspec: {fake: {}}\n",
    "specs/web.yaml": "kind: Service\nmetadata: {name: web}\nspec: {targets: [edge], manifests: k8s/web}\n",
}
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../base]\n"
BUILT = {"k8s/web/kustomization.yaml": KUSTOMIZATION, "k8s/base/map.yaml": MAP.replace("NAME", "base")}
# As `kubectl kustomize DIR` is called; it prints what the kustomization beside it refers to.
KUBECTL = """\
#!/bin/sh
test "$1" = kustomize || exit 9
test -f "$2/../base/map.yaml" || { echo "error: no base in $2" >&2; exit 1; }
cat "$2/../base/map.yaml"
"""


@pytest.fixture
def shop(cli: Cli) -> Cli:
    cli.write(SPECS)
    git(cli, "init", "-q")
    return cli


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubectl that is found first."""
    place = tmp_path / "bin" / "kubectl"
    place.parent.mkdir()
    place.write_text(KUBECTL)
    place.chmod(place.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{place.parent}{os.pathsep}{os.environ['PATH']}")
    return place


def wanted(*targets: str, folder: str = "k8s/web") -> Desired:
    workloads = tuple(
        Workload(
            service=ServiceName("web"),
            target=TargetName(target),
            replicas=1,
            image=None,
            command=(),
            manifests=Manifests(folder=folder),
        )
        for target in targets
    )
    scope = Scope(project=ProjectName("shop"), environment=EnvironmentName("demo"))
    return Desired(scope=scope, commit=CommitId(""), changed_files=0, targets=(), workloads=workloads)


def objects(found: Desired) -> tuple[Given, ...]:
    manifests = found.workloads[0].manifests
    assert manifests is not None
    assert manifests.objects is not None
    return manifests.objects


def names(found: Desired) -> list[object]:
    return [item.body["metadata"]["name"] for item in objects(found)]  # type: ignore[index]  # JSON data


def told(diagnostics: tuple[Diagnostic, ...]) -> list[str]:
    return [f"{item.position} {item.code}: {item.message}" for item in diagnostics]


def test_all_files_of_the_folder_are_read_once_for_all_targets(shop: Cli) -> None:
    shop.write(
        {
            "k8s/web/b.yml": MAP.replace("NAME", "b"),
            "k8s/web/more/a.json": '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}',
            "k8s/web/README.md": "not YAML",
        }
    )
    found, said = read_manifests(wanted("one", "two"), open_tree(shop.root), Remembering())
    assert said == ()
    assert names(found) == ["b", "a"]
    assert found.workloads[0].manifests is not None
    assert found.workloads[1].manifests == found.workloads[0].manifests


def test_what_was_read_is_remembered_by_the_content_of_all_files(shop: Cli) -> None:
    cache = Remembering()
    shop.write({"k8s/web/a.yaml": MAP.replace("NAME", "a")})
    first = with_manifests(wanted("one"), open_tree(shop.root), cache)
    assert with_manifests(wanted("one"), open_tree(shop.root), cache) == first
    assert len(cache.kept) == 1
    cache.kept = dict.fromkeys(cache.kept, b"damaged")
    assert with_manifests(wanted("one"), open_tree(shop.root), cache) == first
    shop.write({"k8s/web/a.yaml": MAP.replace("NAME", "b")})
    assert names(with_manifests(wanted("one"), open_tree(shop.root), cache)) == ["b"]


def test_a_commit_has_its_own(shop: Cli) -> None:
    shop.write({"k8s/web/a.yaml": MAP.replace("NAME", "a")})
    first = commit(shop)
    shop.write({"k8s/web/a.yaml": MAP.replace("NAME", "b")})
    assert names(with_manifests(wanted("one"), open_tree(shop.root, first), Remembering())) == ["a"]


def test_a_line_that_cannot_be_read_refuses_the_specs(shop: Cli) -> None:
    shop.write({"k8s/web/a.yaml": f"{MAP.replace('NAME', 'a')}data: {{a: [}}\n"})
    with pytest.raises(SpecsRejected) as refused:
        with_manifests(wanted("one"), open_tree(shop.root), Remembering())
    assert [item.code for item in refused.value.diagnostics] == ["yaml-syntax"]
    for command in ("validate", "plan"):
        said = shop.inside(command)
        assert said.status == 1
        assert "k8s/web/a.yaml:4:" in f"{said.out}{said.err}"


def test_a_folder_that_is_not_there_is_told_at_the_service(shop: Cli) -> None:
    said = shop.inside("validate")
    assert said.status == 1
    assert "specs/web.yaml:1" in said.out
    assert "there is no Kubernetes YAML in `k8s/web`" in said.out


def test_specs_without_manifests_are_as_they_were(shop: Cli) -> None:
    plain = wanted()
    assert read_manifests(plain, open_tree(shop.root), Remembering()) == (plain, ())


class TestKustomizations:
    @pytest.mark.usefixtures("kubectl")
    def test_kubectl_builds_one(self, shop: Cli) -> None:
        shop.write(BUILT)
        found = with_manifests(wanted("one"), open_tree(shop.root), Remembering())
        assert names(found) == ["base"]
        assert [str(item.position) for item in objects(found)] == ["k8s/web/kustomization.yaml"]

    @pytest.mark.usefixtures("kubectl")
    def test_also_of_a_commit(self, shop: Cli) -> None:
        shop.write(BUILT)
        (shop.root / "link").symlink_to("nowhere")
        first = commit(shop)
        shop.write({"k8s/base/map.yaml": MAP.replace("NAME", "changed")})
        assert names(with_manifests(wanted("one"), open_tree(shop.root, first), Remembering())) == ["base"]

    @pytest.mark.usefixtures("kubectl")
    def test_what_kubectl_says_is_told_at_the_kustomization(self, shop: Cli) -> None:
        shop.write({"k8s/web/kustomization.yaml": KUSTOMIZATION})
        _, said = read_manifests(wanted("one"), open_tree(shop.root), Remembering())
        assert told(said) == [
            "k8s/web/kustomization.yaml manifests-unreadable: kubectl kustomize web: no base in web"
        ]

    @pytest.mark.usefixtures("kubectl")
    def test_what_it_builds_is_looked_at_like_any_other(self, shop: Cli) -> None:
        shop.write({**BUILT, "k8s/base/map.yaml": "kind: ConfigMap\n"})
        _, said = read_manifests(wanted("one"), open_tree(shop.root), Remembering())
        assert told(said) == ["k8s/web/kustomization.yaml wrong-manifest: an object says its `apiVersion`"]

    def test_without_kubectl_it_says_what_is_missing(
        self, shop: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop.write(BUILT)
        tree = open_tree(shop.root)
        tree.entries(["."])
        only = tmp_path / "only-git"
        only.mkdir()
        (only / "git").symlink_to(_git())
        monkeypatch.setenv("PATH", str(only))
        _, said = read_manifests(wanted("one"), tree, Remembering())
        assert "there is no kubectl here" in said[0].message
        assert said[0].hint == "install kubectl, or write plain YAML"

    def test_a_kubectl_that_cannot_be_run_is_told(self, shop: Cli, kubectl: Path) -> None:
        shop.write(BUILT)
        kubectl.write_text("#!/nowhere/at/all\n")
        _, said = read_manifests(wanted("one"), open_tree(shop.root), Remembering())
        assert [item.code for item in said] == ["manifests-unreadable"]


def _git() -> str:
    found = shutil.which("git")
    assert found is not None
    return found
