"""A cluster does what every target must."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from eeveon.core.desired import BlueGreen, Mount, Port, Target, Workload
from eeveon.core.health import HttpCheck, ReadyCheck, TcpCheck
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Scope, ServiceName, TargetName
from eeveon.core.observed import Condition, ObservedObject, Seen
from eeveon.core.plan import Effect
from eeveon.core.wanted import INSTANCE
from eeveon.drivers.base import Context, Driver
from eeveon.drivers.kubernetes.driver import connect
from tests.drivers.contract import (
    CANARY,
    FENCE,
    PATIENCE,
    SECRET,
    Connect,
    DriverContract,
    KnownSecrets,
    MakeWorkload,
    Meddle,
    Sever,
)
from tests.drivers.contract_asking import readable_by_others
from tests.drivers.contract_life import HOSTILE
from tests.drivers.contract_parts import (
    PROBE_TIMEOUT,
    eventually,
    instances,
    run,
    run_one,
    set_condition,
    to_run,
    wanted_instance,
    wanted_objects,
    with_env,
)
from tests.lab.kubernetes.clusters import AnyCluster

TARGET = TargetName("cluster")


class Hands:
    """A person with kubectl."""

    def __init__(self, cluster: AnyCluster) -> None:
        self._cluster = cluster
        self._space = cluster.space("shop")

    def stop_by_hand(self, object_id: ObjectId) -> None:
        self._patch(object_id, {"spec": {"replicas": 0}})

    def delete_by_hand(self, object_id: ObjectId) -> None:
        self._cluster.objects.delete("deployments.apps", object_id.name, self._space)

    def edit_by_hand(self, object_id: ObjectId) -> bool:
        container = [{"name": "web", "image": "registry.test/other:1"}]
        self._patch(object_id, {"spec": {"template": {"spec": {"containers": container}}}})
        return True

    def _patch(self, object_id: ObjectId, patch: dict[str, object]) -> None:
        self._cluster.objects.patch("deployments.apps", object_id.name, patch, self._space, by="kubectl-edit")


@pytest.mark.kubernetes
class TestKubernetes(DriverContract):
    """Of replicas the cluster makes pods by itself: one instance stands for all of them, and changes in its place."""

    reaches = False
    keeps_data = False

    @pytest.fixture
    def state(self, tmp_path: Path) -> Path:
        return tmp_path / "state"

    @pytest.fixture
    def connected(self, any_cluster: AnyCluster, state: Path) -> Iterator[Callable[[str], Driver]]:
        spaces = {name: any_cluster.namespace(any_cluster.space(name)) for name in ("shop", "production")}
        any_cluster.pace(second=0.01)
        made: list[Driver] = []

        def connected(environment: str) -> Driver:
            namespace = spaces.get(environment, spaces["shop"])
            target = Target(
                name=TARGET,
                kind="kubernetes",
                settings={"kubeconfig": str(any_cluster.kubeconfig), "namespace": namespace},
            )
            context = Context(
                scope=Scope(project=ProjectName("shop"), environment=EnvironmentName(environment)),
                state=state,
                secrets=KnownSecrets(),
                report=lambda *_: None,
            )
            made.append(connect(target, context))
            return made[-1]

        yield connected
        for driver in made:
            driver.close()

    @pytest.fixture
    def driver(self, connected: Callable[[str], Driver]) -> Driver:
        return connected("demo")

    @pytest.fixture
    def second_scope_driver(self, connected: Callable[[str], Driver]) -> Driver:
        return connected("production")

    @pytest.fixture
    def reconnect(self, connected: Callable[[str], Driver]) -> Connect:
        return lambda: connected("demo")

    @pytest.fixture
    def workload(self, any_cluster: AnyCluster) -> MakeWorkload:
        def make(**changes: object) -> Workload:
            program = any_cluster.program(str(changes.pop("image", "registry.test/web:1")))
            plainly = Workload(
                service=ServiceName("web"),
                target=TARGET,
                replicas=1,
                image=program.image,
                command=program.command,
                ports=(Port(name="http", port=8080), Port(name="idle", port=8081)),
            )
            return replace(plainly, **changes)  # type: ignore[arg-type]

        return make

    @pytest.fixture
    def bad_workload(self, workload: MakeWorkload) -> Workload:
        return workload(image="registry.test/crash/web:1")

    @pytest.fixture
    def meddle(self, any_cluster: AnyCluster) -> Meddle:
        return Hands(any_cluster)

    @pytest.fixture
    def sever(self, any_cluster: AnyCluster) -> Sever:
        return any_cluster.severed

    # What one instance is: the cluster makes its pods, so it has the service's name, and no ordinal tells them apart.

    def test_previews_an_instance_for_each_replica_under_its_own_identity(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        (wanted,) = (
            item for item in wanted_objects(driver, workload(replicas=3)) if item.id.kind == INSTANCE
        )
        assert (wanted.id.name, wanted.ordinal, wanted.replicas) == ("web", 1, 3)
        assert wanted.fields["replicas"] == 3

    def test_runs_several_replicas(self, driver: Driver, workload: MakeWorkload) -> None:
        run(driver, workload(replicas=3))
        (found,) = instances(driver).values()
        assert (found.replicas, found.condition) == (3, Condition.RUNNING)

    def test_two_revisions_of_one_ordinal_stand_side_by_side(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        blue = run_one(driver, with_env(workload(strategy=BlueGreen()), RELEASE="1"))
        green = run_one(driver, with_env(workload(strategy=BlueGreen()), RELEASE="2"))
        assert {item.id: item.condition for item in instances(driver).values()} == {
            blue.id: Condition.RUNNING,
            green.id: Condition.RUNNING,
        }
        serving = driver.perform(
            Effect(object=green.id, condition=Condition.SERVING, instead=(blue.id,)), FENCE, PATIENCE
        )
        assert serving is not None
        found = instances(driver)
        assert (found[green.id].condition, found[blue.id].condition) == (Condition.SERVING, Condition.RUNNING)

    def test_many_at_once_all_succeed(self, driver: Driver, workload: MakeWorkload) -> None:
        crowd = [
            wanted_instance(driver, workload(service=ServiceName(f"web{number}")))
            for number in range(self.crowd)
        ]
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda item: driver.perform(to_run(item), FENCE, PATIENCE), crowd))
            assert [item and item.condition for item in made] == [Condition.RUNNING] * self.crowd
            assert set(instances(driver)) == {item.id for item in crowd}
            gone = list(pool.map(lambda item: set_condition(driver, item.id, Condition.ABSENT), crowd))
        assert gone == [None] * self.crowd
        assert instances(driver) == {}

    # Who asks: checks of the specs are probes of the pods, which the cluster asks; ready is what it says of them.

    def test_a_wrong_path_is_unhealthy_with_path_and_status(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload(image="registry.test/unready/web:1"))
        probe = driver.probe(made.id, HttpCheck(port="http", path="/no-such-page"), PROBE_TIMEOUT)
        assert not probe.healthy
        assert "available" in probe.detail

    def _unready(self, driver: Driver, workload: MakeWorkload) -> None:
        made = run_one(driver, workload(image="registry.test/unready/web:1"))
        probe = driver.probe(made.id, ReadyCheck(), PROBE_TIMEOUT)
        assert not probe.healthy
        assert probe.detail

    @pytest.mark.parametrize("check", [HttpCheck(port="idle", path="/"), TcpCheck(port="idle")])
    def test_a_port_where_nobody_listens_is_unhealthy(
        self, driver: Driver, workload: MakeWorkload, check: HttpCheck | TcpCheck
    ) -> None:
        del check
        self._unready(driver, workload)

    def test_a_port_that_is_not_declared_is_unhealthy(self, driver: Driver, workload: MakeWorkload) -> None:
        self._unready(driver, workload)

    def test_a_command_is_as_healthy_as_its_status(self, driver: Driver, workload: MakeWorkload) -> None:
        made = run_one(driver, workload())
        assert eventually(lambda: driver.probe(made.id, ReadyCheck(), PROBE_TIMEOUT).healthy)

    def test_a_running_instance_says_where_its_port_is_reached(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        made = run_one(driver, workload())
        found = {one.port: (one.host, one.number) for one in instances(driver)[made.id].endpoints}
        host = f"web.{self.space}.svc"
        assert found == {"http": (host, 8080), "idle": (host, 8081)}

    # What reaches the pods is what their ConfigMap and Secret hold.

    @pytest.fixture(autouse=True)
    def behind(self, any_cluster: AnyCluster) -> None:
        self.cluster = any_cluster
        self.space = any_cluster.space("shop")

    def test_hostile_characters_arrive_intact(self, driver: Driver, workload: MakeWorkload) -> None:
        hostile = with_env(workload(), **HOSTILE)
        made = run_one(driver, hostile)
        assert made.fields == wanted_instance(driver, hostile).fields
        assert instances(driver)[made.id].fields == made.fields
        (config,) = (
            one for one in self.cluster.objects.list("configmaps", self.space) if one.get("immutable")
        )
        assert config["data"] == HOSTILE

    def test_secrets_reach_the_instance_and_nobody_else(
        self, driver: Driver, state: Path, workload: MakeWorkload
    ) -> None:
        secret = workload(secrets={"TOKEN": SECRET})
        made = run_one(driver, secret)
        (held,) = self.cluster.objects.list("secrets", self.space)
        assert b64decode(held["data"]["TOKEN"]).decode() == CANARY
        web = self.cluster.objects.get("deployments.apps", "web", self.space)
        assert CANARY not in str(web)
        shown = (repr(driver), repr(driver.preview((secret,))), repr(made), repr(driver.observe()))
        assert not any(CANARY in text for text in shown)
        assert readable_by_others(state) == []

    def test_what_cannot_run_is_refused_or_shows_why(self, driver: Driver, bad_workload: Workload) -> None:
        made = run_one(driver, bad_workload)

        def watched() -> ObservedObject:
            seen_now = driver.watch(frozenset({made.id}))  # type: ignore[attr-defined]  # see `Watches`
            assert isinstance(seen_now, Seen)
            (found,) = seen_now.objects
            return found

        assert eventually(lambda: watched().condition is Condition.FAILED)
        assert "exit" in watched().detail
        assert instances(driver)[made.id].detail

    def test_logs_of_a_stopped_instance_can_still_be_read(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        """Its pods are gone, and with them what they wrote."""
        made = run_one(driver, workload())
        set_condition(driver, made.id, Condition.STOPPED)
        assert eventually(lambda: list(driver.logs(made.id, tail=9, follow=False)) == [])

    def test_following_logs_starts_with_the_last_lines(self, driver: Driver, workload: MakeWorkload) -> None:
        made = run_one(driver, workload())
        assert eventually(lambda: len(list(driver.logs(made.id, tail=9, follow=False))) == 3)
        lines = driver.logs(made.id, tail=2, follow=True)
        assert tuple(line.text for line in islice(lines, 2)) == self.log_lines[-2:]

    def test_what_is_written_into_a_volume_is_there_for_the_next_instance(
        self, driver: Driver, workload: MakeWorkload
    ) -> None:
        """The claim is the same one, and with it what is on its disk."""
        mounted = workload(mounts=(Mount(path=self.mount_path, volume="stuff"),))
        made = run_one(driver, mounted)
        (before,) = self.cluster.objects.list("persistentvolumeclaims", self.space)
        set_condition(driver, made.id, Condition.ABSENT)
        run_one(driver, mounted)
        (after,) = self.cluster.objects.list("persistentvolumeclaims", self.space)
        assert before["metadata"]["uid"] == after["metadata"]["uid"]
