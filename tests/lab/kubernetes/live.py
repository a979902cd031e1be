"""The cluster of EEVEON_TEST_KUBECONFIG, driven by kubectl. Each test has namespaces of its own there, removed at its end.

Whoever the kubeconfig names must be allowed everything. Nodes run the images of EEVEON_TEST_IMAGES, separated by commas: two
versions of one that has `sh` and busybox's `httpd`, and, where nothing is run in truth, one that is said to crash.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.lab.kubernetes.access import Rule
from tests.lab.kubernetes.clusters import Program
from tests.lab.kubernetes.types import Object
from tests.lab.relay import Relay, relay_to
from tests.lab.waiting import wait_until

VARIABLE: Final = "EEVEON_TEST_KUBECONFIG"
_GIVEN: Final = os.environ.get(VARIABLE, "")  # before a test takes such variables away
_KUBECTL: Final = Path(sys.executable).with_name("kubectl")
_PATIENCE: Final = 120  # seconds
_ALL: Final = "--show-managed-fields"
_IMAGES: Final = os.environ.get("EEVEON_TEST_IMAGES") or "busybox:1.36.1,busybox:1.37.0"
_SERVE: Final = (
    "mkdir -p /tmp/www; echo ok >/tmp/www/index.html; for n in 1 2 3; do echo line $n; done;"
    " exec httpd -f -p 8080 -h /tmp/www"
)
_FATES: Final = {"crash": "echo line 1; exit 1", "unready": "exec sleep 3600"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One kubeconfig, and kubectl with it."""

    kubeconfig: Path

    def kubectl(self, *arguments: str, body: object = None) -> str:
        """What it says; it must work."""
        done = self.run(*arguments, body=body)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def run(self, *arguments: str, body: object = None) -> subprocess.CompletedProcess[str]:
        """It may fail. `body` is given as JSON."""
        return subprocess.run(
            [str(_KUBECTL), f"--kubeconfig={self.kubeconfig}", *arguments],
            input="" if body is None else json.dumps(body),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveObjects:
    """What is in it. See `clusters.Objects`."""

    wire: Wire

    def get(self, kind: str, name: str, namespace: str = "default") -> Object | None:
        """The object, if it is there."""
        found = self.wire.kubectl("get", kind, name, "-n", namespace, "--ignore-not-found", "-o=json", _ALL)
        return json.loads(found) if found.strip() else None

    def list(self, kind: str, namespace: str = "") -> list[Object]:
        """All of them."""
        where = ("-n", namespace) if namespace else ("-A",)
        items: list[Object] = json.loads(self.wire.kubectl("get", kind, *where, "-o=json", _ALL))["items"]
        return [one for one in items if not _is_of_the_cluster(one)]

    def create(self, kind: str, body: Object, by: str = "somebody") -> Object:
        """A new object."""
        del kind  # its body says it
        return self._said("create", "-f-", f"--field-manager={by}", body=body)

    def patch(
        self, kind: str, name: str, patch: Object, namespace: str = "default", *, by: str = "kubectl-edit"
    ) -> Object:
        """A merge patch."""
        text = json.dumps(patch)
        return self._said(
            *("patch", kind, name, "-n", namespace, "--type=merge", f"-p={text}", f"--field-manager={by}")
        )

    def apply(self, kind: str, body: Object, by: str = "argocd", *, force: bool = False) -> Object:
        """A server-side apply."""
        del kind
        how = ("--server-side", f"--field-manager={by}", f"--force-conflicts={force}".lower())
        return self._said("apply", "-f-", *how, body=body)

    def delete(self, kind: str, name: str, namespace: str = "default", policy: str = "Background") -> None:
        """Delete it."""
        self.wire.kubectl(
            *("delete", kind, name, "-n", namespace, "--ignore-not-found", "--wait=false"),
            f"--cascade={policy.lower()}",
        )

    def _said(self, *arguments: str, body: object = None) -> Object:
        said: Object = json.loads(self.wire.kubectl(*arguments, "-o=json", body=body))
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A real cluster. See `clusters.AnyCluster`."""

    folder: Path
    kubeconfig: Path  # by way of the relay
    wire: Wire
    relay: Relay
    run: str  # of everything that this test makes
    _accounts: dict[Path, str] = field(default_factory=dict)

    @property
    def objects(self) -> LiveObjects:
        """What is in it."""
        return LiveObjects(wire=self.wire)

    @property
    def context(self) -> str:
        """The context in its kubeconfig."""
        return str(json.loads(self.kubeconfig.read_text(encoding="utf-8"))["current-context"])

    def space(self, name: str) -> str:
        """That of this test."""
        return f"{self.run}-{name}"

    def program(self, image: str) -> Program:
        """One that a node has, or nobody."""
        words = set(image.replace("/", ":").split(":"))
        if words & {"bad", "missing"}:
            return Program(image=image)
        first, second, *crashing = _IMAGES.split(",")
        if crashing and "crash" in words:
            return Program(image=crashing[0])
        fate = next((text for word, text in _FATES.items() if word in words), _SERVE)
        return Program(image=second if image.endswith(":2") else first, command=("sh", "-c", fate))

    def pace(self, **seconds: float) -> None:
        """It has its own."""

    def namespace(self, name: str) -> str:
        """A new namespace."""
        self.objects.create(
            "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )
        return name

    def kubeconfig_for(self, *rules: Rule, name: str = "deployer", namespace: str = "default") -> Path:
        """Of a service account in a namespace of its own, whose roles are the cluster's, bound where the rules say."""
        home = self.namespace(self.space(f"{name}-{secrets.token_hex(2)}"))
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "deployer", "namespace": home},
        }
        self.objects.create("serviceaccounts", account)
        for number, rule in enumerate(rules):
            for body in _granted(f"{home}-{number}", home, rule):
                self.objects.create(body["kind"], body)
        token = self.wire.kubectl("create", "token", "deployer", "-n", home).strip()
        path = self.folder / f"{name}.kubeconfig"
        _write_kubeconfig(self.kubeconfig, path, user={"token": token}, namespace=namespace)
        self._accounts[path] = home
        return path

    def expire(self, kubeconfig: Path) -> None:
        """Tokens die with their account."""
        self.wire.kubectl("delete", "serviceaccount", "deployer", "-n", self._accounts[kubeconfig])

    def wait(self, what: str, until: Callable[[], object], seconds: float = 10) -> None:
        """It takes its time."""
        wait_until(lambda: bool(until()), seconds=max(seconds, _PATIENCE), what=what)

    @contextmanager
    def severed(self) -> Iterator[None]:
        """The relay carries nothing."""
        self.relay.carries, self.relay.reset = False, False
        self.relay.cut()
        try:
            yield
        finally:
            self.relay.carries = True


@contextmanager
def live(folder: Path, kubeconfig: str = _GIVEN) -> Iterator[Live]:
    """The cluster of a kubeconfig, for one test."""
    direct = folder / "direct.kubeconfig"
    given = Wire(kubeconfig=Path(kubeconfig).absolute())
    shown = given.kubectl("config", "view", "--raw", "--flatten", "--minify", "-o=json")
    direct.write_text(shown, encoding="utf-8")
    direct.chmod(0o600)
    where = urlsplit(json.loads(shown)["clusters"][0]["cluster"]["server"])
    wire = Wire(kubeconfig=direct)
    kinds = _definitions(wire)
    with relay_to(where.hostname or "", where.port or 443) as relay:
        by_relay = folder / "kubeconfig"
        address = f"https://127.0.0.1:{relay.port}{where.path}"
        _write_kubeconfig(direct, by_relay, server=address, hostname=where.hostname or "")
        made = Live(
            folder=folder,
            kubeconfig=by_relay,
            wire=wire,
            relay=relay,
            run=f"eeveon-test-{secrets.token_hex(4)}",
        )
        try:
            yield made
        finally:
            _clean(made, kinds)


def _clean(made: Live, kinds: set[str]) -> None:
    for name in _definitions(made.wire) - kinds:
        if name.endswith((".example.com", ".example.test")):  # others may install kinds meanwhile
            made.wire.run("delete", "customresourcedefinition", name, "--wait=false")
    for kind in ("clusterrolebinding", "clusterrole", "namespace"):
        for path in made.wire.kubectl("get", kind, "-o=name").split():
            if path.partition("/")[2].startswith(made.run):
                made.wire.run("delete", path, "--wait=false")


def _definitions(wire: Wire) -> set[str]:
    return {path.partition("/")[2] for path in wire.kubectl("get", "crd", "-o=name").split()}


def _granted(name: str, account: str, rule: Rule) -> tuple[Object, Object]:
    """A role of the cluster, and what binds it where the rule says."""
    group = "rbac.authorization.k8s.io"
    common: Object = {"apiVersion": f"{group}/v1", "metadata": {"name": name}}
    rows = [{**_row(one), "verbs": sorted(rule.verbs)} for one in sorted(rule.resources)]
    bound = {
        **common,
        "kind": "RoleBinding" if rule.namespace else "ClusterRoleBinding",
        "metadata": {"name": name, **({"namespace": rule.namespace} if rule.namespace else {})},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": account}],
    }
    return {**common, "kind": "ClusterRole", "rules": rows}, bound


def _row(resource: str) -> Object:
    whole, _, sub = resource.partition("/")
    plural, _, group = whole.partition(".")
    parts = f"{plural}/{sub}" if sub else plural
    return {"apiGroups": ["*" if whole == "*" else group], "resources": [parts]}


def _write_kubeconfig(
    source: Path,
    path: Path,
    *,
    server: str = "",
    hostname: str = "",
    user: dict[str, Any] | None = None,
    namespace: str = "",
) -> None:
    config = json.loads(source.read_text(encoding="utf-8"))
    cluster = config["clusters"][0]["cluster"]
    if server:
        cluster.update({"server": server, "tls-server-name": cluster.get("tls-server-name") or hostname})
    if user is not None:
        config["users"][0]["user"] = user
    if namespace:
        config["contexts"][0]["context"]["namespace"] = namespace
    path.write_text(json.dumps(config), encoding="utf-8")
    path.chmod(0o600)


def _is_of_the_cluster(one: Object) -> bool:
    """Whether a cluster puts it into each namespace by itself."""
    return one["metadata"]["name"] in {"kube-root-ca.crt", "openshift-service-ca.crt"}
