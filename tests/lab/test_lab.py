"""The lab keeps its promises: real answers while it is up, nothing left when it is down."""

import http.client
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import APIError
from docker.models.containers import Container

from tests.lab.engine import Engine
from tests.lab.fixtures import AnyEngine
from tests.lab.images import HEALTHY, PORT, RECIPES, Recipe, build
from tests.lab.lab import PREFIX, Lab, owned, remove_abandoned
from tests.lab.registry import Registry
from tests.lab.requirements import missing_for_engine, missing_for_registry, must_run
from tests.lab.waiting import LabError, wait_until

in_docker = [pytest.mark.docker, pytest.mark.xdist_group("docker"), pytest.mark.timeout(120)]


@pytest.fixture
def client(clean_engine: AnyEngine) -> Iterator[docker.DockerClient]:
    client = docker.DockerClient(base_url=clean_engine.url)
    yield client
    client.close()


class TestWithDocker:
    pytestmark = in_docker

    def test_the_engine_answers(self, client: docker.DockerClient) -> None:
        assert client.ping() is True

    def test_an_image_is_pulled_by_tag_and_by_digest(
        self, client: docker.DockerClient, registry: Registry
    ) -> None:
        wanted = registry.image("web", "1")

        by_tag = client.images.pull(wanted.by_tag)
        by_digest = client.images.pull(wanted.by_digest)

        assert by_tag.id == by_digest.id
        assert by_tag.attrs["RepoDigests"] == [wanted.by_digest]

    def test_an_unknown_digest_is_refused(self, client: docker.DockerClient, registry: Registry) -> None:
        wanted = registry.image("web", "1")
        with pytest.raises(APIError, match="manifest unknown"):
            client.images.pull(wanted.by_digest[:-8] + "00000000")

    def test_a_pushed_tag_moves(self, client: docker.DockerClient, registry: Registry) -> None:
        first = registry.push(Recipe(name="moving", version="latest", pages=HEALTHY))
        second = registry.push(
            Recipe(name="moving", version="latest", pages=HEALTHY | {"index.html": "moved\n"})
        )

        assert first.by_tag == second.by_tag
        assert first.digest != second.digest
        assert client.images.pull(first.by_tag).attrs["RepoDigests"] == [second.by_digest]

    @pytest.mark.parametrize(("version", "text"), [("1", "v1\n"), ("2", "v2\n")])
    def test_a_container_serves_its_version(
        self, client: docker.DockerClient, registry: Registry, version: str, text: str
    ) -> None:
        container = run(client, registry.image("web", version).by_tag)
        assert get(container, "/") == (200, text)
        assert get(container, "/healthz") == (200, "ok\n")

    def test_the_sick_image_has_no_health(self, client: docker.DockerClient, registry: Registry) -> None:
        container = run(client, registry.image("web", "sick").by_tag)
        assert get(container, "/") == (200, "sick\n")
        assert get(container, "/healthz")[0] == 404

    def test_the_exiting_image_exits_with_3(self, client: docker.DockerClient, registry: Registry) -> None:
        container = run(client, registry.image("web", "exits").by_tag)
        assert container.wait(timeout=30)["StatusCode"] == 3
        assert container.logs() == b"cannot start\n"

    def test_containers_of_one_network_know_each_other_by_name(
        self, client: docker.DockerClient, registry: Registry
    ) -> None:
        image = registry.image("web", "2").by_tag
        network = client.networks.create("lab-names")
        server = run(client, image, name="lab-server", network=network.name)
        assert get(server, "/") == (200, "v2\n")

        fetched = client.containers.run(
            image, ["wget", "-qO-", f"http://lab-server:{PORT}/"], network=network.name, remove=True
        )

        assert fetched == b"v2\n"

    def test_limits_are_enforced(self, client: docker.DockerClient, registry: Registry) -> None:
        image = registry.image("web", "1").by_tag
        client.images.pull(image)
        hungry = client.containers.run(
            image, ["sh", "-c", "x=x; while :; do x=$x$x; done"], mem_limit="16m", detach=True
        )
        assert hungry.wait(timeout=60)["StatusCode"] == 137

    def test_a_sweep_leaves_no_object(self, second_engine: Engine, registry: Registry) -> None:
        client = docker.DockerClient(base_url=second_engine.url)
        client.volumes.create("lab-volume")
        run(client, registry.image("web", "1").by_tag, network=client.networks.create("lab-network").name)

        second_engine.sweep()

        assert client.containers.list(all=True) == []
        assert client.volumes.list() == []
        assert {network.name for network in client.networks.list()} == {"bridge", "host", "none"}
        client.close()

    def test_an_engine_publishes_on_ports_of_its_own(
        self, engine: Engine, second_engine: Engine, registry: Registry
    ) -> None:
        assert not set(engine.ports) & set(second_engine.ports)
        container = run(docker.DockerClient(base_url=second_engine.url), registry.image("web", "1").by_tag)
        assert get(container, "/") == (200, "v1\n")
        (published,) = container.ports[f"{PORT}/tcp"] or ({"HostPort": "0"},)
        assert int(published["HostPort"]) in second_engine.ports

    def test_a_killed_engine_starts_again_with_its_containers_running(
        self, second_engine: Engine, registry: Registry
    ) -> None:
        client = docker.DockerClient(base_url=second_engine.url)
        container = run(client, registry.image("web", "1").by_tag)
        container.reload()
        started = container.attrs["State"]["StartedAt"]

        second_engine.kill()
        assert not second_engine.answers()
        assert second_engine.pid is None
        second_engine.start()

        container.reload()
        assert container.attrs["State"]["Running"] is True
        assert container.attrs["State"]["StartedAt"] == started
        assert get(container, "/") == (200, "v1\n")
        client.close()

    def test_without_live_restore_a_stopped_engine_stops_its_containers(
        self, second_engine: Engine, registry: Registry
    ) -> None:
        client = docker.DockerClient(base_url=second_engine.url)
        second_engine.configure({"live-restore": False})
        container = run(client, registry.image("web", "1").by_tag)

        second_engine.stop()
        second_engine.start()

        container.reload()
        assert container.attrs["State"]["Running"] is False
        client.close()

    @pytest.mark.parametrize("end", ["politely", "after a kill"])
    def test_down_leaves_nothing(self, second_engine: Engine, registry: Registry, end: str) -> None:
        client = docker.DockerClient(base_url=second_engine.url)
        run(client, registry.image("web", "1").by_tag, network=client.networks.create("lab-left").name)
        client.close()
        held = " ".join(second_engine.footprint.left())
        assert all(word in held for word in ("process", "mount", "link br-", "link eev", "cgroup", "folder"))
        if end == "after a kill":
            second_engine.kill()

        second_engine.down()

        assert second_engine.footprint.left() == ()

    def test_a_lab_whose_owner_died_is_removed_and_a_held_one_is_not(
        self, tmp_path_factory: pytest.TempPathFactory, registry: Registry, second_engine: Engine
    ) -> None:
        place = second_engine.folder.parent.parent
        held = second_engine.folder.parent
        abandoned = Lab(place / f"{PREFIX}abandoned")
        abandoned.folder.mkdir()
        abandoned.engine.start()
        with owned(abandoned.folder):
            pass

        remove_abandoned(place)

        assert abandoned.engine.footprint.left() == ()
        assert not abandoned.folder.exists()
        assert held.exists()
        assert second_engine.answers()


class TestWithoutDocker:
    @pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.version)
    def test_an_image_has_the_same_digest_each_time(self, recipe: Recipe) -> None:
        if reason := missing_for_registry():
            pytest.skip(reason)
        assert build(recipe).manifest.digest == build(recipe).manifest.digest

    def test_what_is_missing_is_named_with_the_package_that_brings_it(self, tmp_path: Path) -> None:
        reason = missing_for_registry(str(tmp_path))
        assert reason is not None
        assert "docker-registry, busybox not found" in reason
        assert "apt-get install --no-install-recommends docker-registry busybox-static" in reason

    def test_an_engine_needs_root(self) -> None:
        reason = missing_for_engine(user=1000)
        assert reason is not None
        assert "needs root" in reason

    @pytest.mark.parametrize(
        ("value", "expected"), [("true", True), ("1", True), ("", False), ("false", False)]
    )
    def test_ci_never_skips(self, value: str, expected: bool) -> None:
        assert must_run({"CI": value}) is expected

    def test_waiting_in_vain_says_for_what(self) -> None:
        with pytest.raises(LabError, match=r"waited 0\.1 s in vain: rain"):
            wait_until(lambda: False, seconds=0.1, what="rain")

    def test_the_command_line_refuses_what_it_does_not_know(self) -> None:
        answer = subprocess.run(
            [sys.executable, "-m", "tests.lab", "sideways"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert answer.returncode == 2
        assert answer.stderr.startswith("usage: python -m tests.lab up [--hosts N]|down|env")


def run(
    client: docker.DockerClient, image: str, *, name: str | None = None, network: str | None = None
) -> Container:
    """A container of the image, its port published on a free one of 127.0.0.1."""
    client.images.pull(image)
    published = {f"{PORT}/tcp": ("127.0.0.1", 0)}  # 0: the engine chooses a free one
    return client.containers.run(image, name=name, network=network, ports=published, detach=True)


def get(container: Container, path: str) -> tuple[int, str]:
    """Status and text of a page; the proxy accepts before the container's server listens, so it may need a moment."""
    answers: list[tuple[int, str]] = []

    def answered() -> bool:
        container.reload()
        (published,) = container.ports[f"{PORT}/tcp"] or ({"HostPort": "0"},)
        port = int(published["HostPort"])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            answers.append((response.status, response.read().decode()))
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    wait_until(answered, seconds=20, what=f"an answer to GET {path}")
    return answers[-1]
