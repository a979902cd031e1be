"""What only clusters take of a Service, what they cannot do, and what others cannot."""

import pytest

from eeveon.core.desired import Manifests, Route
from eeveon.core.names import TargetName
from tests.specs.building import EDGE, desired, lines, resolved, service

CLUSTER = "kind: Target\nmetadata: {name: cluster}\nspec: {kubernetes: {namespace: shop}}\n"
HERE = "kind: Target\nmetadata: {name: here}\nspec: {docker: {}}\n"
PORT = "ports: [{name: http, port: 80}]"


def wrong(spec: str, name: str = "web") -> list[str]:
    """What is said of a service, without the file."""
    outcome = resolved(
        {"base/cluster.yaml": CLUSTER, "base/here.yaml": HERE, "base/web.yaml": service(spec, name)}
    )
    return [line.partition(".yaml:")[2] for line in lines(outcome.diagnostics)]


def test_a_target_has_its_settings() -> None:
    spec = (
        "{kubernetes: {context: a, kubeconfig: b, namespace: c, createNamespace: true, ingressClass: nginx, "
        "storageClass: fast.example.com}}"
    )
    (target,) = desired({"base/t.yaml": f"kind: Target\nmetadata: {{name: t}}\nspec: {spec}\n"}).targets
    assert (target.kind, target.settings["createNamespace"]) == ("kubernetes", True)


def test_a_service_has_what_only_clusters_take() -> None:
    spec = (
        "targets: [cluster]\nimage: web\nstateful: true\nmanifests: k8s/./web/\n"
        "volumes: [{name: data, path: /data, size: 2Gi}]\nkubernetes: {service: {spec: {type: LoadBalancer}}}\n"
    )
    (web,) = desired({"base/c.yaml": CLUSTER, "base/web.yaml": service(spec)}).workloads
    assert web.stateful
    assert web.manifests == Manifests(folder="k8s/web")
    assert web.mounts[0].size_bytes == 2 * 2**30
    assert web.kubernetes == {"service": {"spec": {"type": "LoadBalancer"}}}


def test_a_service_of_several_targets_has_a_way_in_only_where_one_is() -> None:
    spec = f"targets: [cluster, here]\nimage: web\n{PORT}\nroute: {{host: a.example}}"
    files = {"base/c.yaml": CLUSTER, "base/h.yaml": HERE, "base/web.yaml": service(spec)}
    routes = {item.target: item.route for item in desired(files).workloads}
    assert routes == {"cluster": Route(balancer="", port="http", host="a.example"), "here": None}
    assert lines(resolved(files).diagnostics) == [
        "base/web.yaml:7:3 not-yet-honoured: `here` is a docker target: a route without `loadBalancer` has no effect "
        "there"
    ]


def test_what_clusters_take_is_no_mistake_where_a_service_runs_elsewhere_too() -> None:
    spec = (
        "targets: [cluster, here]\nimage: web\nkubernetes: {deployment: {spec: {paused: true}}}\n"
        "volumes: [{name: data, path: /data, size: 2Gi}]"
    )
    assert wrong(spec) == []


MISFITS = {
    "nothing to run": (
        "command: [a]",
        "wrong-form: `cluster` is a kubernetes target: it runs an `image` → add `image`, or choose a local target",
    ),
    "an end without a new start": (
        "image: a\nrestart: never",
        "wrong-form: `cluster` is a kubernetes target: it always starts again what has ended → remove `restart`, or "
        "write a Job in `manifests`",
    ),
    "a user by name": (
        "image: a\nuser: nobody",
        "wrong-value: `cluster` is a kubernetes target: `user` is a number there, and `nobody` is a name → write the "
        "number of the user in the image, as `1000` or `1000:1000`",
    ),
    "a stateful service that is recreated": (
        "image: a\nstateful: true\nrollout: {recreate: {}}",
        "wrong-form: the instances of a stateful service are replaced one after the other, each once the old one is "
        "gone → remove `rollout`, or `stateful`",
    ),
    "a stateful service on two sides": (
        "image: a\nstateful: true\nrollout: {blueGreen: {}}",
        "wrong-form: the instances of a stateful service are replaced one after the other, each once the old one is "
        "gone → remove `rollout`, or `stateful`",
    ),
    "a stateful service several at a time": (
        "image: a\nstateful: true\nrollout: {rolling: {surge: 3}}",
        "wrong-form: the instances of a stateful service are replaced one after the other, each once the old one is "
        "gone → remove `rollout`, or `stateful`",
    ),
    "a port without a number": (
        "image: a\nports: [{name: http}]",
        "missing-field: `cluster` is a kubernetes target: port `http` needs its number `port` there → write the port "
        "that the program in the container listens on",
    ),
    "a port with a long name": (
        "image: a\nports: [{name: a-name-of-sixteen, port: 80}]",
        "wrong-name: `cluster` is a kubernetes target: `a-name-of-sixteen` cannot be the name of a port there → at "
        "most 15 characters, a letter among them, and no `--`",
    ),
    "a port that no node publishes": (
        "image: a\nports: [{name: http, port: 80, publish: 8080}]",
        "wrong-value: `cluster` is a kubernetes target: nodes publish ports from 30000 to 32767 → write `publish: "
        "auto`, or a `route`",
    ),
    "a published port on two sides": (
        "image: a\nports: [{name: http, port: 80, publish: 30080}]\nrollout: {blueGreen: {}}",
        "port-conflict: two sides cannot both be published on port 30080 → write `publish: auto`, or `nodePort` in "
        "`kubernetes.service.spec.ports`",
    ),
    "code from Git": (
        "source: {git: 'https://a.example/b', ref: {branch: main}, path: /srv/web}",
        "wrong-form: `cluster` is a kubernetes target: code from Git goes to hosts, of an ssh target → remove "
        "`source`, or choose an ssh target",
    ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_a_cluster_cannot_do_is_told(case: str) -> None:
    spec, expected = MISFITS[case]
    assert [line.split(" ", 1)[1] for line in wrong(f"targets: [cluster]\n{spec}")] == [expected]


def test_names_of_services_begin_with_a_letter_where_something_asks_for_them() -> None:
    assert wrong(f"targets: [cluster]\nimage: a\n{PORT}", "2web") == [
        "2:18 wrong-name: `cluster` is a kubernetes target: names of Services begin with a letter there, and `2web` "
        "does not"
    ]
    assert wrong("targets: [cluster]\nimage: a", "2web") == []


@pytest.mark.parametrize(
    "spec",
    [
        "image: a\nuser: '1000'",
        "image: a\nuser: '1000:1000'",
        "manifests: k8s",
        "image: a\nstateful: true\nrollout: {rolling: {maxUnavailable: 1, surge: 0}}",
        "image: a\nreplicas: 3\nports: [{name: http, port: 80, publish: 30080}]",
        "image: a\nports: [{name: http, port: 80, publish: auto}]\nrollout: {blueGreen: {}}",
    ],
)
def test_what_a_cluster_can_do_is_no_mistake(spec: str) -> None:
    assert wrong(f"targets: [cluster]\n{spec}") == []


OTHERS = {
    "manifests": (
        "manifests: k8s",
        "wrong-form: `here` is a docker target: Kubernetes YAML goes to clusters → remove `manifests`, or choose a "
        "kubernetes target",
    ),
    "stateful": (
        "stateful: true",
        "wrong-form: `here` is a docker target: only clusters give instances volumes of their own → remove "
        "`stateful`, or choose a kubernetes target",
    ),
    "parts of objects": (
        "kubernetes: {deployment: {}}",
        "wrong-form: `kubernetes` has no effect: the service runs on no kubernetes target",
    ),
    "sizes": (
        "volumes: [{path: /host, host: /srv}, {name: data, path: /data, size: 1Gi}]",
        "wrong-form: `size` has no effect: the service runs on no kubernetes target",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_only_a_cluster_can_do_is_told(case: str) -> None:
    spec, expected = OTHERS[case]
    assert [line.split(" ", 1)[1] for line in wrong(f"targets: [here]\nimage: a\n{spec}")] == [expected]


def test_a_target_that_is_not_there_is_told_alone() -> None:
    said = wrong("targets: [cluster, gone]\nimage: a\nkubernetes: {deployment: {}}")
    assert [line.split(" ")[1] for line in said] == ["unknown-target:"]


def test_two_services_cannot_have_the_same_way_in() -> None:
    spec = f"targets: [cluster, cluster2]\nimage: a\n{PORT}\nroute: {{host: a.example, path: /a/}}"
    outcome = resolved(
        {
            "base/c.yaml": CLUSTER + "---\n" + CLUSTER.replace("cluster", "cluster2"),
            "base/a.yaml": service(spec, "a"),
            "base/b.yaml": service(spec.replace("/a/", "/a"), "b"),
            "base/c2.yaml": service(spec.replace("/a/", "/c"), "c"),
        }
    )
    assert lines(outcome.diagnostics) == [
        "base/b.yaml:7:10 route-conflict: requests for a.example/a go to `a` already → choose another `host` or `path`"
    ]


PARTS = {
    "a name": (
        "deployment: {metadata: {name: other}}",
        "`metadata.name` of an object is not to be changed here → remove it",
    ),
    "a selector": (
        "service: {spec: {selector: {a: b}}}",
        "`spec.selector` of an object is not to be changed here → remove it",
    ),
    "a number that has another place": (
        "deployment: {spec: {replicas: 3}}",
        "`spec.replicas` of an object is not to be changed here → write `replicas` of the service",
    ),
    "a claim's namespace": (
        "persistentVolumeClaims: {data: {metadata: {namespace: other}}}",
        "`metadata.namespace` of an object is not to be changed here → remove it",
    ),
    "a label of identity": (
        "podTemplate: {metadata: {labels: {app.kubernetes.io/name: a}}}",
        "`app.kubernetes.io/name` says whose an object is, in podTemplate.metadata.labels → choose another name",
    ),
    "an annotation of ours": (
        "ingress: {metadata: {annotations: {eeveon.dev/fence: '1'}}}",
        "`eeveon.dev/fence` says whose an object is, in ingress.metadata.annotations → choose another name",
    ),
    "no mapping": ("service: {spec: 3}", "`spec` must be a mapping → as the API has it"),
    "nothing where a mapping is": (
        "service: {metadata: {labels: null}}",
        "`labels` must be a mapping → as the API has it",
    ),
    "a pod that is none": ("podTemplate: {spec: []}", "`spec` must be a mapping → as the API has it"),
    "no list": (
        "podTemplate: {spec: {containers: {}}}",
        "`containers` must be a list → as the API has it",
    ),
    "a container without a name": (
        "podTemplate: {spec: {containers: [{image: a}]}}",
        "a container is a mapping with a `name` → that of the service is its own container; any other is one more",
    ),
    "a container with a strange context": (
        "podTemplate: {spec: {initContainers: [{name: a, securityContext: {capabilities: {add: all}}}]}}",
        "`add` must be a list → as the API has it",
    ),
}


@pytest.mark.parametrize("case", PARTS)
def test_what_would_make_another_object_of_it_is_told(case: str) -> None:
    part, expected = PARTS[case]
    said = wrong(f"targets: [cluster]\nimage: a\nkubernetes: {{{part}}}")
    assert [line.split(": ", 1)[1] for line in said] == [expected]


def test_what_people_add_is_otherwise_theirs() -> None:
    parts = (
        "{podTemplate: {metadata: {labels: {a: b}, annotations: {app.kubernetes.io/name: c}}, spec: {containers: "
        "[{name: web, securityContext: {capabilities: {add: [NET_ADMIN]}}}], securityContext: {fsGroup: 1}}}, "
        "service: {spec: {type: LoadBalancer}}, conflicts: force}"
    )
    assert wrong(f"targets: [cluster]\nimage: a\nkubernetes: {parts}") == []


def test_manifests_stay_in_the_repository() -> None:
    assert wrong("targets: [cluster]\nmanifests: ../k8s") == [
        "5:14 outside-repository: `../k8s` leads out of the repository → write a path from the root of the "
        "repository, without `..`"
    ]


def test_a_pretended_target_takes_it_all() -> None:
    spec = (
        f"targets: [edge]\nimage: web\n{PORT}\nroute: {{}}\nstateful: true\nkubernetes: {{deployment: {{}}}}"
    )
    (web,) = desired({"base/edge.yaml": EDGE, "base/web.yaml": service(spec)}).workloads
    assert (web.target, web.route) == (TargetName("edge"), Route(balancer="", port="http"))
