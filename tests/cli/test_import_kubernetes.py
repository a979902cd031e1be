"""`eeveon import kubernetes` of a cluster that runs: what is written, what a plan then says, and the way over."""

import json
import re

import pytest

from tests.cli.conftest import Cli
from tests.lab.kubernetes.access import may
from tests.lab.kubernetes.clusters import AnyCluster
from tests.lab.kubernetes.kubectl import Kubectl

ALL_BUT_SECRETS = (
    "deployments.apps statefulsets.apps daemonsets.apps cronjobs.batch services ingresses.networking.k8s.io configmaps "
    "horizontalpodautoscalers.autoscaling poddisruptionbudgets.policy persistentvolumeclaims"
)
OBJECTS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: web-config}
data: {GREETING: hello}
---
apiVersion: v1
kind: Secret
metadata: {name: web-secret}
stringData: {TOKEN: s3cr3t}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: IMAGE
          args: ARGS
          ports: [{name: http, containerPort: 8080}]
          envFrom: [{configMapRef: {name: web-config}}]
          env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: web-secret, key: TOKEN}}}]
          readinessProbe: {httpGet: {path: /, port: http}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
"""


pytestmark = pytest.mark.kubernetes


@pytest.fixture
def space(any_cluster: AnyCluster) -> str:
    """The namespace."""
    return any_cluster.space("shop")


@pytest.fixture(params=["client-side", "server-side"])
def kubectl(
    request: pytest.FixtureRequest, any_cluster: AnyCluster, space: str, monkeypatch: pytest.MonkeyPatch
) -> Kubectl:
    """Objects of the namespace, applied in one of the two ways that kubectl knows."""
    made = Kubectl(cluster=any_cluster)
    any_cluster.namespace(space)
    program = any_cluster.program("registry.test/web:1")
    objects = OBJECTS.replace("IMAGE", program.image).replace("ARGS", json.dumps(program.command))
    made.do(
        "apply",
        f"--server-side={request.param == 'server-side'}".lower(),
        "-n",
        space,
        "--filename=-",
        text=objects,
    )
    monkeypatch.setenv("KUBECONFIG", str(any_cluster.kubeconfig))
    monkeypatch.setenv("TOKEN", "s3cr3t")
    return made


def test_what_runs_becomes_specs_and_the_list_is_the_way_over(
    cli: Cli, kubectl: Kubectl, space: str, any_cluster: AnyCluster
) -> None:
    said = cli.inside("import", "kubernetes", "--namespace", space, "--into", ".")
    assert said.status == 0, said
    web = (cli.root / "specs/base/web.yaml").read_text()
    assert f"image: {any_cluster.program('registry.test/web:1').image}" in web
    assert "GREETING: hello" in web
    assert "TOKEN: {env: TOKEN}" in web
    written = "".join(path.read_text() for path in cli.root.rglob("*") if path.is_file())
    assert "s3cr3t" not in written + said.out
    assert f"namespace: {space}" in (cli.root / "specs/production/cluster.yaml").read_text()

    before = cli.inside("plan")
    assert before.status == 2
    assert "services/web on cluster exists already and is not of this environment" in before.out
    assert "field is immutable" in before.out  # of the selector

    text = " ".join(said.out.split())
    commands = re.findall(
        rf"kubectl --context {re.escape(any_cluster.context)} --namespace {space} (?:delete|label) [^→,;]*?(?= eeveon.dev|,)",
        text,
    )
    assert len(commands) == 2
    for command in commands:
        kubectl.do(*command.split()[1:], *_labels_after(text, command))
    applied = cli.inside("apply", "--yes")
    assert applied.status == 0, applied
    assert cli.inside("plan").status == 0


def _labels_after(text: str, command: str) -> list[str]:
    rest = text.partition(command)[2].split()
    return [word for word in rest[:2] if word.startswith("eeveon.dev/")]


def test_a_cluster_or_namespace_with_nothing_is_told(
    cli: Cli, kubectl: Kubectl, any_cluster: AnyCluster
) -> None:
    empty = any_cluster.namespace(any_cluster.space("empty"))
    said = cli.inside("import", "kubernetes", "-n", empty)
    assert (
        said.status,
        f"nothing to import in namespace {empty} of context {any_cluster.context}" in said.err,
    ) == (1, True), said
    said = cli.inside("import", "kubernetes", "--context", "nowhere")
    assert (said.status, "nowhere" in said.err) == (3, True), said
    assert list(cli.root.iterdir()) == []


def test_what_may_not_be_read_is_named_and_nothing_is_written(
    cli: Cli, any_cluster: AnyCluster, kubectl: Kubectl, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = any_cluster.kubeconfig_for(may("list", ALL_BUT_SECRETS, space), namespace=space)
    monkeypatch.setenv("KUBECONFIG", str(few))
    said = cli.inside("import", "kubernetes", "-n", space)
    assert said.status == 1
    assert f"needs `list` on secrets in {space}" in said.err
    assert list(cli.root.iterdir()) == []
