"""Kubernetes YAML of people's own: which objects are in it, and what is no object."""

from dataclasses import replace

import pytest

from eeveon.core.desired import Given, Manifests, Workload
from eeveon.core.diagnostic import Position
from eeveon.core.names import ServiceName, TargetName
from eeveon.specs.given import objects_in
from eeveon.specs.identities import identity_of, shared_objects
from eeveon.specs.load import SourceFile
from tests.specs.building import lines

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def read(*texts: str) -> tuple[tuple[Given, ...], list[str]]:
    files = [
        SourceFile(path=f"k8s/{number}.yaml", content=text.encode()) for number, text in enumerate(texts)
    ]
    objects, diagnostics = objects_in(files)
    return objects, lines(diagnostics)


def named(objects: tuple[Given, ...]) -> list[tuple[str, str, str, str]]:
    return [identity_of(item) for item in objects]


def test_every_document_is_an_object_in_its_place() -> None:
    objects, said = read(
        f"# first\n---\n{MAP}---\n---\napiVersion: apps/v1\nkind: Deployment\n"
        "metadata: {name: a, namespace: other}\nspec: {replicas: 2}\n"
    )
    assert said == []
    assert named(objects) == [("", "ConfigMap", "", "a"), ("apps", "Deployment", "other", "a")]
    assert [str(item.position) for item in objects] == ["k8s/0.yaml:3:1", "k8s/0.yaml:8:1"]
    assert objects[1].body["spec"] == {"replicas": 2}


def test_json_is_yaml() -> None:
    objects, said = read('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}')
    assert (named(objects), said) == ([("", "ConfigMap", "", "a")], [])


def test_a_list_is_its_entries() -> None:
    objects, said = read(
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n"
        "- nothing\n"
    )
    assert named(objects) == [("", "Secret", "", "a")]
    assert str(objects[0].position) == "k8s/0.yaml:4:3"
    assert said == ["k8s/0.yaml:5:3 wrong-manifest: an object is a mapping"]


def test_a_kind_may_end_like_a_list() -> None:
    objects, said = read("apiVersion: a.example/v1\nkind: AllowList\nmetadata: {name: a}\nspec: {}\n")
    assert (named(objects), said) == ([("a.example", "AllowList", "", "a")], [])


def test_what_only_servers_write_is_left_out() -> None:
    objects, said = read(
        "apiVersion: v1\nkind: Service\n"
        "metadata: {name: a, uid: b, resourceVersion: '3', creationTimestamp: null, labels: null}\nstatus: {a: b}\n"
    )
    assert said == []
    assert objects[0].body == {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}


WRONG = {
    "values of something else": (
        "replicas: 3",
        "an object says its `apiVersion` → files that hold none belong into another folder",
    ),
    "no kind": (
        "apiVersion: v1",
        "an object says its `kind` → files that hold none belong into another folder",
    ),
    "a spec": (
        "apiVersion: eeveon/v2\nkind: Service",
        "Service is a kind of EEveon, and no object of a cluster → move it to the specs",
    ),
    "a kustomization": (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization",
        "a kustomization is only built where its own folder is named → write its folder as `manifests`",
    ),
    "no metadata": ("apiVersion: v1\nkind: Pod", "a Pod has no `metadata.name`"),
    "a name of the server's": (
        "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}",
        "a Pod has no `metadata.name` → `generateName` makes another one each time",
    ),
    "a namespace that is a number": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: 3}",
        "`metadata.namespace` of Pod `a` must be text",
    ),
    "a label that is a number": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {version: 1.0}}",
        "`metadata.labels` of Pod `a` must be pairs of text → put quotes around numbers",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_object_is_told_where_it_is(case: str) -> None:
    text, expected = WRONG[case]
    assert read(MAP, f"# here\n{text}\n")[1] == [f"k8s/1.yaml:2:1 wrong-manifest: {expected}"]


def test_a_line_that_cannot_be_read_is_told() -> None:
    (said,) = read(f"{MAP}data: {{a: [}}\n")[1]
    assert said.startswith("k8s/0.yaml:4:")
    assert "yaml-syntax" in said


def test_an_object_that_is_there_twice_is_told() -> None:
    assert read(MAP, MAP)[1] == [
        "k8s/1.yaml:1:1 duplicate-name: ConfigMap `a` is there twice; the first is at k8s/0.yaml:1:1 → remove one "
        "of them"
    ]


def with_objects(name: str, *texts: str, image: str | None = None) -> Workload:
    return Workload(
        service=ServiceName(name),
        target=TargetName("cluster"),
        replicas=1,
        image=image,
        command=(),
        manifests=Manifests(folder="k8s", objects=read(*texts)[0]),
    )


def test_two_services_of_a_target_cannot_have_the_same_object() -> None:
    one, two = with_objects("one", MAP), with_objects("two", MAP)
    assert lines(shared_objects([one, two])) == [
        "k8s/0.yaml:1:1 duplicate-name: ConfigMap `a` is of service `one` already, on `cluster`"
    ]
    assert shared_objects([one, replace(two, target=TargetName("other"))]) == ()


def test_an_object_cannot_be_what_a_service_becomes() -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
    web = with_objects("web", text, image="web:1")
    assert lines(shared_objects([web])) == [
        "k8s/0.yaml:1:1 duplicate-name: Deployment `web` is what service `web` becomes already, on `cluster`"
    ]
    elsewhere = text.replace("{name: web}", "{name: web, namespace: other}")
    assert shared_objects([with_objects("web", elsewhere, image="web:1")]) == ()
    assert shared_objects([with_objects("web", text)]) == ()


def test_folders_that_nobody_has_read_hold_nothing() -> None:
    unread = replace(with_objects("web"), manifests=Manifests(folder="k8s"))
    assert shared_objects([unread, replace(unread, manifests=None)]) == ()


def test_a_place_is_of_the_object() -> None:
    (one,) = read(MAP)[0]
    assert one.position == Position(file="k8s/0.yaml", line=1, column=1)
