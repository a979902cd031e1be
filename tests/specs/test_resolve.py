"""What an environment should be, from its documents; and every mistake that needs more than one of them."""

from datetime import timedelta

import pytest

from eeveon.core.desired import Mount, Port, Recreate, Resources, Rolling, Workload
from eeveon.core.health import CommandCheck, HttpCheck, TcpCheck
from eeveon.core.policy import Mode
from eeveon.core.secret import FromEncrypted, FromEnvironment, FromFile
from eeveon.specs.catalog import CONTROLLER, KINDS
from eeveon.specs.kinds import MODELS
from tests.specs.building import EDGE, FULL, OTHER, POLICY, WEB, desired, lines, resolved, service


def only(spec: str) -> Workload:
    (workload,) = desired({"base/edge.yaml": EDGE, "base/web.yaml": service(spec)}).workloads
    return workload


def test_a_service_becomes_a_workload_for_each_of_its_targets() -> None:
    first, second = desired(
        {
            "base/a.yaml": EDGE + "---\n" + OTHER,
            "base/web.yaml": service(FULL.replace("4\n", "1\n", 1).replace("publish: 53, ", "")),
        }
    ).workloads
    assert (first.target, second.target) == ("edge", "other")
    assert second.env == first.env == {"A": "b", "PORT": "8080"}
    assert str(first.position) == "base/web.yaml:1"


def test_every_field_of_a_service_arrives() -> None:
    workload = only(FULL.replace(", other", ""))
    assert workload.command == ("run", "1")
    assert workload.ports == (
        Port(name="http", port=80, publish=0),
        Port(name="dns", port=53, publish=53, protocol="udp"),
    )
    assert workload.secrets == {
        "A1": FromEnvironment(variable="X"),
        "B1": FromFile(path="/run/x"),
        "C1": FromEncrypted(file="x.enc.yaml"),
        "D1": FromEncrypted(file="/x", key="y"),
    }
    assert workload.mounts == (
        Mount(path="/data", volume="data"),
        Mount(path="/srv", host="/srv", read_only=True),
    )
    assert workload.resources == Resources(cpu_millis=500, memory_bytes=256 * 2**20)
    assert (workload.networks, workload.working_dir, workload.user) == (("front",), "app", "nobody")
    assert (workload.restart, workload.stop_grace) == ("never", timedelta(minutes=1))
    assert workload.health.check == HttpCheck(port="http", path="/healthz")
    assert workload.health.failures == 2
    assert workload.strategy == Rolling(max_unavailable=1, surge=1)


def test_what_is_left_out_is_what_the_reference_says() -> None:
    defaults = """
targets: [edge]
image: web:1
replicas: 1
restart: always
stopGrace: 10s
rollout: {rolling: {maxUnavailable: 0, surge: 1}, approval: automatic}
"""
    spelled, short = only(defaults), only("targets: [edge]\nimage: web:1")
    assert spelled == short


def test_a_check_left_bare_has_the_rhythm_of_the_reference() -> None:
    bare = only("targets: [edge]\nimage: a\nports: [{name: p}]\nhealth: {http: {port: p}}")
    full = only(
        "targets: [edge]\nimage: a\nports: [{name: p, protocol: tcp}]\n"
        "health: {http: {port: p, path: /}, every: 5s, timeout: 2s, failures: 3, startup: 60s}"
    )
    assert bare == full


@pytest.mark.parametrize(
    ("rollout", "strategy"),
    [
        ("{recreate: {}}", Recreate()),
        ("{rolling: {}}", Rolling()),
        ("{rolling: {maxUnavailable: 30%, surge: 0}}", Rolling(max_unavailable=1, surge=0)),
        ("{rolling: {maxUnavailable: 50%, surge: 50%}}", Rolling(max_unavailable=1, surge=2)),
    ],
)
def test_a_share_of_the_replicas_is_rounded_as_kubernetes_rounds_it(rollout: str, strategy: object) -> None:
    assert only(f"targets: [edge]\nimage: a\nreplicas: 3\nrollout: {rollout}").strategy == strategy


@pytest.mark.parametrize(
    ("check", "noun"),
    [
        ("{tcp: {port: p}}", TcpCheck(port="p")),
        ("{command: [test, -f, 1]}", CommandCheck(command=("test", "-f", "1"))),
    ],
)
def test_a_service_is_asked_in_three_ways(check: str, noun: object) -> None:
    assert only(f"targets: [edge]\nimage: a\nports: [{{name: p}}]\nhealth: {check}").health.check == noun


def test_the_workloads_stand_by_service_then_target() -> None:
    files = {
        "base/z.yaml": service("targets: [other, edge]\nimage: a", "alpha"),
        "base/a.yaml": EDGE + "---\n" + OTHER,
        "production/b.yaml": service("targets: [edge]\nimage: a", "beta"),
    }
    assert [(item.service, item.target) for item in desired(files).workloads] == [
        ("alpha", "edge"),
        ("alpha", "other"),
        ("beta", "edge"),
    ]


def test_a_policy_says_what_the_guard_reads() -> None:
    (policy,) = desired({"base/a.yaml": EDGE, "base/web.yaml": WEB, "base/p.yaml": POLICY}).policies
    assert (policy.mode, policy.paused, policy.classes) == (Mode.ADVISE, True, {"restart": Mode.AUTOMERGE})
    assert (policy.limits.blast_radius, policy.limits.deletes, policy.limits.replicas_per_step) == (
        0.25,
        2,
        0.5,
    )
    assert [(window.allow, window.reason, window.span.zone) for window in policy.windows] == [
        (True, "night", "Europe/Berlin"),
        (True, "night", "Europe/Berlin"),
        (False, "", "Europe/Berlin"),
    ]
    assert policy.services.matches(policy.services.names.__iter__().__next__(), {"tier": "critical"})


def test_an_empty_policy_speaks_of_all_and_forbids_nothing() -> None:
    (policy,) = desired({"base/p.yaml": "kind: SafetyPolicy\nmetadata: {name: a}\nspec: {}\n"}).policies
    assert (policy.mode, policy.paused, policy.windows, policy.limits.deletes) == (
        Mode.PROPOSE,
        False,
        (),
        None,
    )


def test_the_labels_of_a_service_are_those_of_its_workload() -> None:
    labelled = WEB.replace("{name: web}", "{name: web, labels: {team: shop}}")
    (workload,) = desired({"base/edge.yaml": EDGE, "base/web.yaml": labelled}).workloads
    assert workload.labels == {"team": "shop"}


def test_a_target_carries_its_settings_as_written() -> None:
    text = "kind: Target\nmetadata: {name: a}\nspec: {local: {directory: run}, concurrency: 2}\n"
    (target,) = desired({"base/a.yaml": text}).targets
    assert (target.kind, target.settings, target.concurrency) == ("local", {"directory": "run"}, 2)


def test_the_documents_are_rendered_whole_and_in_order() -> None:
    documents = resolved({"base/web.yaml": WEB, "base/a.yaml": EDGE}).documents
    assert [(item.kind, item.name) for item in documents] == [("Service", "web"), ("Target", "edge")]
    assert list(documents[0].data) == ["apiVersion", "kind", "metadata", "spec"]


REFERENCES = {
    "a missing target": (
        service("targets: [egde]\nimage: a"),
        "base/web.yaml:4:13 unknown-target: there is no Target `egde` in this environment → did you mean `edge`?",
    ),
    "a name of another kind": (
        service("targets: [edge]\nimage: a\ndependsOn: [edge]"),
        "base/web.yaml:6:15 unknown-service: there is no Service `edge` in this environment; Target `edge` is of another kind",
    ),
    "itself": (
        service("targets: [edge]\nimage: a\ndependsOn: [web]"),
        "base/web.yaml:6:15 dependency-cycle: `web` depends on itself → remove it from its own `dependsOn`",
    ),
    "a service that a policy names": (
        WEB + "---\nkind: SafetyPolicy\nmetadata: {name: p}\nspec: {services: {names: [wep]}}\n",
        "base/web.yaml:7:27 unknown-service: there is no Service `wep` in this environment → did you mean `web`?",
    ),
}


@pytest.mark.parametrize("case", REFERENCES)
def test_a_name_that_leads_nowhere_is_located(case: str) -> None:
    text, expected = REFERENCES[case]
    assert lines(resolved({"base/edge.yaml": EDGE, "base/web.yaml": text}).diagnostics) == [expected]


def test_each_circle_of_dependencies_is_named_once() -> None:
    circles = {
        "web": "api, free",
        "api": "ledger",
        "ledger": "web",
        "x": "y",
        "y": "x",
        "behind": "x",
        "free": "base",
        "base": "",
        "last": "free, base",
    }
    files = {
        f"base/{name}.yaml": service(f"targets: [edge]\nimage: a\ndependsOn: [{needs}]", name)
        for name, needs in circles.items()
    }
    assert lines(resolved({"base/edge.yaml": EDGE, **files}).diagnostics) == [
        "base/api.yaml:6:15 dependency-cycle: services wait for each other: api → ledger → web → api"
        " → remove one of these steps from `dependsOn`",
        "base/x.yaml:6:15 dependency-cycle: services wait for each other: x → y → x"
        " → remove one of these steps from `dependsOn`",
    ]


def test_two_documents_of_one_name_are_both_named_and_so_is_who_refers_to_them() -> None:
    files = {"base/a.yaml": EDGE, "base/b.yaml": EDGE, "base/web.yaml": WEB}
    assert lines(resolved(files).diagnostics) == [
        "base/b.yaml:2:18 duplicate-name: Target `edge` is written twice; the first is at base/a.yaml:2:18"
        " → rename or remove one of them",
        "base/web.yaml:3:18 ambiguous-reference: `edge` is the name of two Target documents"
        " → rename or remove one of them",
    ]


def test_a_file_that_cannot_be_read_makes_no_name_missing() -> None:
    outcome = resolved({"base/edge.yaml": "kind: [", "base/web.yaml": WEB})
    assert {item.position.file for item in outcome.diagnostics} == {"base/edge.yaml"}
    assert outcome.desired is None


LOCAL = "kind: Target\nmetadata: {name: edge}\nspec: {local: {}}\n"
DOCKER = "kind: Target\nmetadata: {name: edge}\nspec: {docker: {}}\n"
SSH = "kind: Target\nmetadata: {name: edge}\nspec: {ssh: {hosts: [{name: a, address: 10.0.0.1}]}}\n"
FORMS = {
    "an image on local": (
        LOCAL,
        "image: a\ncommand: [a]",
        "wrong-form: `edge` is a local target: it runs a `command`, not an `image`",
    ),
    "a command on docker": (
        DOCKER,
        "command: [a]",
        "wrong-form: `edge` is a docker target: it runs an `image`",
    ),
    "no number on docker": (
        DOCKER,
        "image: a\nports: [{name: http}]",
        "missing-field: port `http` needs its number `port` on the docker target `edge`",
    ),
    "one port for all": (
        LOCAL,
        "command: [a]\nreplicas: 2\nports: [{name: http, port: 80}]",
        "port-conflict: 2 instances on `edge` cannot all listen on port 80",
    ),
    "one port of a host for more than there are hosts": (
        SSH,
        "command: [a]\nreplicas: 2\nports: [{name: http, port: 80}]",
        "port-conflict: 2 instances on the one host of `edge` cannot all have port 80",
    ),
    "one published port of a host for more than there are hosts": (
        SSH,
        "image: a\nreplicas: 2\nports: [{name: http, port: 80, publish: 8080}]",
        "port-conflict: 2 instances on the one host of `edge` cannot all have port 8080",
    ),
    "no time to connect": (
        SSH.replace("{hosts:", "{connectTimeout: 0s, hosts:"),
        "command: [a]",
        "wrong-value: `connectTimeout` must be more than 0, not 0s",
    ),
    "one published port for all": (
        DOCKER,
        "image: a\nreplicas: 2\nports: [{name: http, port: 80, publish: 80}]",
        "port-conflict: 2 instances on `edge` cannot all be published on port 80",
    ),
}


@pytest.mark.parametrize("case", FORMS)
def test_a_target_that_cannot_run_a_service_says_why(case: str) -> None:
    target, spec, expected = FORMS[case]
    outcome = resolved({"base/edge.yaml": target, "base/web.yaml": service(f"targets: [edge]\n{spec}")})
    (line,) = lines(outcome.diagnostics)
    assert expected in line


@pytest.mark.parametrize(
    ("target", "spec"),
    [
        (LOCAL, "command: [a]\nreplicas: 3\nports: [{name: http}]"),
        (LOCAL, "command: [a]\nports: [{name: http, port: 80, publish: 80}]"),
        (DOCKER, "image: a\nreplicas: 3\nports: [{name: http, port: 80, publish: auto}]"),
        (SSH, "command: [a]\nreplicas: 3\nports: [{name: http}]"),
    ],
)
def test_a_service_that_fits_its_target_is_taken(target: str, spec: str) -> None:
    assert desired({"base/edge.yaml": target, "base/web.yaml": service(f"targets: [edge]\n{spec}")}).workloads


def test_a_project_among_the_specs_is_misplaced_unless_it_is_the_projects_own_file() -> None:
    text = "apiVersion: eeveon/v2\nkind: Project\nmetadata: {name: a}\nspec: {environments: {a: {path: a}}}\n"
    (line,) = lines(resolved({"base/p.yaml": text}).diagnostics)
    assert line.startswith("base/p.yaml:2:7 misplaced-kind: a Project stands in `eeveon.yaml`")


def test_the_kinds_are_those_with_a_model() -> None:
    assert tuple(MODELS) == (*KINDS, CONTROLLER)


def test_references_are_checked_in_a_service_that_has_other_mistakes() -> None:
    text = service("targets: [egde, 7]\nimage: a\nreplica: 2\ndependsOn: [lost]")
    assert [item.code for item in resolved({"base/edge.yaml": EDGE, "base/web.yaml": text}).diagnostics] == [
        "unknown-target",
        "wrong-type",
        "unknown-field",
        "unknown-service",
    ]


@pytest.mark.parametrize("spec", ["spec: []", "spec: {targets: edge}"])
def test_a_spec_of_the_wrong_form_has_no_references(spec: str) -> None:
    text = f"kind: Service\nmetadata: {{name: web}}\n{spec}\n"
    codes = {item.code for item in resolved({"base/edge.yaml": EDGE, "base/web.yaml": text}).diagnostics}
    assert not codes & {"unknown-target", "unknown-service"}


def test_a_target_with_mistakes_is_not_searched_for_references() -> None:
    (only_one,) = resolved({"base/edge.yaml": EDGE.replace("fake", "fate")}).diagnostics
    assert only_one.code == "unknown-field"
