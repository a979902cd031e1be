"""What goes wrong between a client and an API server has the right class, is waited for, and never shortens a list."""

import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from eeveon.drivers.kubernetes.access import Wanted, access_of
from eeveon.drivers.kubernetes.client import Client, Hand, Where
from eeveon.drivers.kubernetes.resources import CONFIG_MAPS
from eeveon.drivers.kubernetes.trouble import Asked, Conflict, Forbidden, Gone, error_of
from eeveon.errors import ActionRefused, ActionUncertain, TargetError, TargetUnreachable
from tests.lab.kubernetes.access import may
from tests.lab.kubernetes.faults import Fault
from tests.lab.kubernetes.lab import Kubernetes

PATIENCE = timedelta(seconds=10)
NAMESPACE = "default"
WHERE = Where(resource=CONFIG_MAPS, namespace=NAMESPACE, name="one")
BODY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": NAMESPACE}}


@pytest.fixture
def connected() -> Iterator[Callable[[Path], Client]]:
    made: list[Client] = []

    def connected(kubeconfig: Path) -> Client:
        made.append(Client(lambda: access_of(Wanted(kubeconfig=str(kubeconfig)))))
        return made[-1]

    yield connected
    for one in made:
        one.close()


@pytest.fixture
def client(connected: Callable[[Path], Client], cluster: Kubernetes) -> Client:
    return connected(cluster.kubeconfig)


def fill(cluster: Kubernetes, number: int) -> None:
    for each in range(number):
        cluster.objects.create(
            "configmaps", {**BODY, "metadata": {"name": f"m{each}", "namespace": NAMESPACE}}
        )


def names(client: Client, timeout: timedelta = PATIENCE) -> list[str]:
    return sorted(one["metadata"]["name"] for one in client.list(CONFIG_MAPS, NAMESPACE, "", timeout))


def write(client: Client, *, dry: bool = False, timeout: timedelta = PATIENCE) -> Any:
    return client.apply(WHERE, BODY, Hand(dry=dry), timeout)


class TestBusy:
    @pytest.mark.parametrize("fault", [Fault.throttled(seconds=1), Fault.unavailable(seconds=1)])
    def test_waits_as_long_as_it_is_told(self, client: Client, cluster: Kubernetes, fault: Fault) -> None:
        names(client)
        cluster.faults.next(fault)
        began = monotonic()
        assert write(client).made
        assert 1 <= monotonic() - began < 3

    def test_does_not_wait_beyond_its_time(self, client: Client, cluster: Kubernetes) -> None:
        cluster.faults.always(Fault.throttled(seconds=9))
        began = monotonic()
        with pytest.raises(TargetUnreachable, match="too busy"):
            write(client, timeout=timedelta(seconds=2))
        assert monotonic() - began < 2

    def test_never_hammers_whoever_says_to_come_back_at_once(
        self, client: Client, cluster: Kubernetes
    ) -> None:
        cluster.faults.always(Fault.unavailable(seconds=0), method="PATCH")
        with pytest.raises(TargetUnreachable):
            write(client, timeout=timedelta(seconds=1))
        assert len(cluster.faults.requests("PATCH")) <= 11

    @pytest.mark.parametrize("fault", [Fault.unavailable(), Fault.webhook_away("hook.test")])
    def test_what_was_not_done_may_be_tried_again(
        self, client: Client, cluster: Kubernetes, fault: Fault
    ) -> None:
        cluster.faults.next(fault, method="PATCH")
        with pytest.raises(TargetUnreachable):
            write(client)
        assert cluster.objects.get("configmaps", "one", NAMESPACE) is None


class TestBroken:
    @pytest.mark.parametrize(
        "fault",
        [Fault.cut_before(), Fault.cut_after(), Fault.cut_middle(), Fault.timed_out(), Fault.broken()],
    )
    def test_a_write_without_an_answer_is_uncertain(
        self, client: Client, cluster: Kubernetes, fault: Fault
    ) -> None:
        cluster.faults.next(fault, method="PATCH")
        with pytest.raises(ActionUncertain):
            write(client)
        assert not write(client).body.get("data"), "and it can be repeated"
        assert len(cluster.faults.requests("PATCH")) == 2, "nobody but the retry layer repeats a write"

    @pytest.mark.parametrize(
        "fault",
        [Fault.cut_before(), Fault.cut_after(), Fault.cut_middle(), Fault.timed_out(), Fault.broken()],
    )
    def test_a_dry_run_changes_nothing_so_it_is_only_not_reached(
        self, client: Client, cluster: Kubernetes, fault: Fault
    ) -> None:
        cluster.faults.next(fault, method="PATCH")
        with pytest.raises(TargetUnreachable):
            write(client, dry=True)

    @pytest.mark.parametrize("fault", [Fault.cut_before(), Fault.cut_after(), Fault.cut_middle()])
    def test_a_read_whose_connection_ends_is_asked_once_more(
        self, client: Client, cluster: Kubernetes, fault: Fault
    ) -> None:
        fill(cluster, 3)
        cluster.faults.next(fault, method="GET")
        assert len(names(client)) == 3
        cluster.faults.always(fault, method="GET")
        with pytest.raises(TargetUnreachable, match="the connection ended"):
            names(client)

    @pytest.mark.parametrize("fault", [Fault.timed_out(), Fault.broken(), Fault.unavailable()])
    def test_a_read_that_fails_gives_no_shorter_list(
        self, client: Client, cluster: Kubernetes, fault: Fault
    ) -> None:
        cluster.faults.next(fault, method="GET")
        with pytest.raises(TargetUnreachable):
            names(client)

    @pytest.mark.parametrize(
        "body", [b"<html>proxy error</html>", b"{}", b"[]", b'{"kind":"Status","items":[]}']
    )
    def test_what_is_no_list_is_not_an_empty_one(
        self, client: Client, cluster: Kubernetes, body: bytes
    ) -> None:
        cluster.faults.next(Fault.garbled(body), method="GET")
        with pytest.raises(TargetUnreachable):
            names(client)


class TestPages:
    def test_pages_that_run_out_begin_the_list_anew(self, client: Client, cluster: Kubernetes) -> None:
        fill(cluster, 1100)
        cluster.faults.next(Fault.expired_page(), query="continue", skip=1)
        assert len(names(client)) == 1100
        assert len(set(names(client))) == 1100

    def test_a_list_that_always_runs_out_is_no_list(self, client: Client, cluster: Kubernetes) -> None:
        fill(cluster, 600)
        cluster.faults.always(Fault.expired_page(), query="continue")
        with pytest.raises(TargetUnreachable, match="ran out"):
            names(client)


PLUG_IN = """\
#!/bin/sh
echo called >> "$0.calls"
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "'"$(cat "$0.token")"'"}}'
"""


class TestCredentials:
    def test_a_token_that_has_run_out_is_read_again_once(
        self, connected: Callable[[Path], Client], cluster: Kubernetes, tmp_path: Path
    ) -> None:
        token = tmp_path / "token"
        token.write_text("old")
        client = connected(cluster.kubeconfig_with({"tokenFile": str(token)}))
        cluster.cluster.access.tokens["old"] = cluster.cluster.access.tokens["admin-token"]
        names(client)
        del cluster.cluster.access.tokens["old"]
        token.write_text("admin-token")
        assert names(client) == []

    def test_a_token_that_stays_unknown_is_told(
        self, connected: Callable[[Path], Client], cluster: Kubernetes
    ) -> None:
        kubeconfig = cluster.kubeconfig_for(may("*", "*"))
        client = connected(kubeconfig)
        names(client)
        cluster.expire(kubeconfig)
        before = len(cluster.faults.seen)
        with pytest.raises(TargetUnreachable, match="credentials") as told:
            write(client)
        assert "log in" in (told.value.hint or "")
        assert len(cluster.faults.seen) - before == 2

    def plug_in(self, folder: Path, text: str = PLUG_IN) -> dict[str, Any]:
        program = folder / "plug-in"
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        version = "client.authentication.k8s.io/v1"
        return {"exec": {"apiVersion": version, "command": str(program), "interactiveMode": "Never"}}

    def test_a_plug_in_gives_the_token_and_a_new_one_when_it_has_run_out(
        self, connected: Callable[[Path], Client], cluster: Kubernetes, tmp_path: Path
    ) -> None:
        client = connected(cluster.kubeconfig_with(self.plug_in(tmp_path)))
        (tmp_path / "plug-in.token").write_text("first")
        cluster.cluster.access.tokens["first"] = cluster.cluster.access.tokens["admin-token"]
        names(client)
        del cluster.cluster.access.tokens["first"]
        (tmp_path / "plug-in.token").write_text("admin-token")
        assert write(client).made
        assert (tmp_path / "plug-in.calls").read_text().split() == ["called", "called"]

    def test_a_plug_in_that_fails_is_named_with_what_it_said(
        self, connected: Callable[[Path], Client], cluster: Kubernetes, tmp_path: Path, capfd: Any
    ) -> None:
        failing = "#!/bin/sh\necho 'session expired, run login' >&2\nexit 3\n"
        client = connected(cluster.kubeconfig_with(self.plug_in(tmp_path, failing)))
        with pytest.raises(TargetUnreachable, match=r"plug-in .*session expired"):
            names(client)
        assert capfd.readouterr().err == ""

    @pytest.mark.parametrize("text", ["", "a: [", "just words", '{"contexts": 3}', "\x00"])
    def test_a_kubeconfig_that_is_none_is_told(
        self, connected: Callable[[Path], Client], tmp_path: Path, text: str
    ) -> None:
        (tmp_path / "config").write_text(text)
        with pytest.raises(TargetUnreachable, match="cannot use the kubeconfig"):
            names(connected(tmp_path / "config"))


ASKED = Where(resource=CONFIG_MAPS, namespace="shop", name="one").asked("PATCH")
RBAC = 'configmaps "one" is forbidden: User "system:serviceaccount:shop:bot" cannot {} resource "configmaps" in API group "" in the namespace "shop"'


class TestRefusals:
    @pytest.mark.parametrize(
        ("said", "kind"),
        [
            (RBAC.format("patch"), Forbidden),
            (RBAC.format("create") + ': requires one of ["x"] permission(s).', Forbidden),
            (
                'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1',
                ActionRefused,
            ),
            ('admission webhook "guard.test" denied the request: you cannot do that', ActionRefused),
            ("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: cannot be", ActionRefused),
            (
                'user "x" (groups=["g"]) is attempting to grant RBAC permissions not currently held:',
                ActionRefused,
            ),
        ],
    )
    def test_only_rights_are_a_matter_of_rights(self, said: str, kind: type[TargetError]) -> None:
        error = error_of(ASKED, 403, {"kind": "Status", "reason": "Forbidden", "message": said})
        assert type(error) is kind
        assert kind is Forbidden or said in error.message

    def test_the_right_is_the_one_that_is_missing(self) -> None:
        error = error_of(ASKED, 403, {"message": RBAC.format("create")})
        assert error.message == "needs `create` on configmaps in shop"

    @pytest.mark.parametrize(
        ("status", "answer", "kind"),
        [
            (500, {"kind": "Status", "message": ".spec.x: field not declared in schema"}, ActionRefused),
            (500, {"kind": "Status", "reason": "InternalError", "message": "etcd"}, ActionUncertain),
            (500, {"message": "oops from a proxy"}, ActionUncertain),
            (502, {"message": "bad gateway"}, ActionUncertain),
            (409, {"message": "conflict"}, Conflict),
            (404, {"message": "no", "details": {"name": "shop", "kind": "namespaces"}}, Gone),
            (413, {"message": "too large"}, ActionRefused),
        ],
    )
    def test_each_status_of_a_write_has_its_class(
        self, status: int, answer: dict[str, Any], kind: type[TargetError]
    ) -> None:
        assert type(error_of(ASKED, status, answer)) is kind

    @pytest.mark.parametrize("status", [401, 410, 429, 500, 502, 503, 504])
    def test_a_read_that_gives_nothing_is_one_that_did_not_reach(self, status: int) -> None:
        asked = Asked(method="GET", resource=CONFIG_MAPS)
        assert type(error_of(asked, status, {"message": "x"})) is TargetUnreachable
