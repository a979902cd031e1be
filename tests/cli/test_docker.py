"""The whole way of a change on a real engine with a real registry."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.cli.conftest import TARGET, WEB as LOCAL_WEB, Cli
from tests.cli.docker_shop import Shop, service, shop_on, users_of, words
from tests.lab.engine import Engine
from tests.lab.fixtures import AnyEngine
from tests.lab.images import HEALTHY, Recipe
from tests.lab.ports import free_port
from tests.lab.registry import Registry
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]


@pytest.fixture
def shop(cli: Cli, clean_engine: AnyEngine, registry: Registry) -> Shop:
    return shop_on(cli, clean_engine.url, registry)


@pytest.fixture
def fragile(cli: Cli, second_engine: Engine, registry: Registry) -> Shop:
    """On an engine that the test may stop and kill."""
    return shop_on(cli, second_engine.url, registry)


def test_the_whole_way(shop: Shop) -> None:
    shop.write(web=shop.web(replicas=2))
    plan = shop.cli.inside("plan")
    assert plan.status == 2
    assert (
        "+ service/web on box  create 2 replicas" in words(plan).replace("   ", "  ")
        or "create 2" in plan.out
    )
    assert shop.apply().status == 0
    assert shop.settled()
    assert [(item["service"], item["condition"]) for item in shop.instances()] == [("web", "running")] * 2
    assert "healthy" in shop.cli.inside("status").out
    assert shop.cli.inside("logs", "web").status == 0
    assert "done in" in shop.cli.inside("history").out
    assert shop.cli.inside("destroy", "--yes").status == 0
    assert shop.hand("ps", "--all", "--quiet") == ""
    assert shop.hand("network", "ls", "--quiet", "--filter", "type=custom") == ""


def test_a_controller_that_lost_its_state_goes_on(shop: Shop) -> None:
    for version in ("1", "2"):  # the fence that the engine has seen is above that of a first lease
        shop.write(web=shop.web(version))
        assert shop.apply().status == 0
    shutil.rmtree(shop.cli.state)
    assert shop.settled()
    shop.write(web=shop.web("1"))
    said = shop.apply()
    assert said.status == 0, said
    assert shop.settled()


def test_an_image_by_digest(shop: Shop) -> None:
    image = shop.registry.image("web", "2")
    shop.write(web=service(image.by_digest))
    assert shop.apply().status == 0
    assert shop.settled()
    assert shop.hand("inspect", "--format", "{{.Config.Image}}", shop.container()) == image.by_digest


def test_a_rollout_leaves_no_gap(shop: Shop) -> None:
    shop.write(web=shop.web("1", replicas=3))
    assert shop.apply().status == 0
    shop.write(web=shop.web("2", replicas=3))
    with users_of(shop) as answers:
        said = shop.apply()
    assert said.status == 0, said
    assert len(answers.counts) > 10
    assert min(answers.counts) >= 1, answers.counts
    assert answers.pages == {"v1", "v2"}
    with users_of(shop) as after:
        wait_until(lambda: len(after.counts) > 2, seconds=10, what="users to look")
    assert after.pages == {"v2"}
    assert set(after.counts) == {3}
    assert shop.settled()


def test_a_sick_release_goes_back(shop: Shop) -> None:
    shop.write(web=shop.web("1", replicas=3))
    assert shop.apply().status == 0
    before = shop.hand("ps", "--quiet", "--no-trunc").split()
    shop.write(web=shop.web("sick", replicas=3))
    with users_of(shop) as answers:
        said = shop.apply()
    assert said.status == 1
    assert "failed, and went back to the last good revision" in said.out
    assert "1 of 3 failed: web-1: GET /healthz → 404, 3 times" in said.out
    assert sorted(shop.hand("ps", "--all", "--quiet", "--no-trunc").split()) == sorted(before)
    assert min(answers.counts) >= 3
    record = json.loads(shop.cli.inside("history", "--format", "json").out)["records"][0]
    assert record["ending"] == "rolledBack"
    assert "GET /healthz → 404, 3 times" in shop.cli.inside("history", "show", record["id"]).out


def test_a_release_that_exits_fails_long_before_its_grace_is_over(shop: Shop) -> None:
    shop.write(web=shop.web("exits", replicas=3).replace("startup: 3s", "startup: 300s"))
    begun = time.monotonic()
    said = shop.apply()
    assert said.status == 1
    assert "of 3 failed: web-" in said.out
    assert "exited with status 3" in said.out
    assert time.monotonic() - begun < 100
    assert "cannot start" in shop.cli.inside("logs", "web").out or shop.instances() == []


def test_an_image_that_does_not_exist(shop: Shop) -> None:
    shop.write(web=service(shop.image("1").replace(":1", ":404")))
    said = shop.apply()
    assert said.status == 1
    assert ":404" in said.out
    assert "not found" in words(said) or "unknown" in words(said)
    assert shop.instances() == []


def test_a_registry_that_is_down(shop: Shop) -> None:
    fresh = shop.registry.push(Recipe(name="web", version="fresh", pages=HEALTHY | {"fresh": "yes\n"}))
    shop.write(web=service(fresh.by_tag))
    shop.registry.stop()
    try:
        said = shop.apply()
    finally:
        shop.registry.start()
    assert said.status == 1
    assert shop.registry.address in words(said)
    assert "Traceback" not in said.err
    assert shop.apply().status == 0


def test_volumes_are_kept_and_spoken_of(shop: Shop) -> None:
    shop.write(web=shop.web(more="  volumes: [{name: data, path: /data}]\n"))
    assert shop.apply().status == 0
    shop.hand("exec", shop.container(), "sh", "-c", "echo precious > /data/file")
    said = shop.cli.inside("destroy", "--yes")
    assert said.status == 0
    assert "Kept: volume/data on box" in said.out
    assert shop.hand("ps", "--all", "--quiet") == ""
    assert shop.apply().status == 0
    assert shop.hand("exec", shop.container(), "cat", "/data/file") == "precious"


def test_services_reach_each_other_by_name(shop: Shop) -> None:
    shop.write(web=shop.web("2"), other=shop.web("1", name="other", more="  dependsOn: [web]\n"))
    assert shop.apply().status == 0
    assert shop.hand("exec", shop.container("other"), "wget", "-q", "-O-", "http://web:8080/") == "v2"


def test_a_port_that_a_stranger_holds(shop: Shop) -> None:
    port = free_port()
    shop.write(web=shop.web())
    assert shop.apply().status == 0  # so that the image is there
    stranger = shop.hand("run", "--detach", "--publish", f"{port}:8080", shop.image("1"))
    shop.write(web=shop.web().replace("publish: auto", f"publish: {port}"))
    said = shop.apply()
    assert said.status == 1
    assert str(port) in words(said)
    assert "allocated" in words(said) or "in use" in words(said)
    assert [item["condition"] for item in shop.instances()] == ["running"], "it went back"
    shop.hand("rm", "--force", stranger)
    assert shop.apply().status == 0
    assert shop.settled()


def test_strangers_are_never_touched(shop: Shop) -> None:
    shop.hand("pull", "--quiet", shop.image("1"))
    stranger = shop.hand("run", "--detach", "--name", "web", "--label", "app=web", shop.image("1"))
    volume, network = shop.hand("volume", "create", "data"), shop.hand("network", "create", "shop")
    before = shop.hand("inspect", stranger)
    shop.write(web=shop.web("1"))
    assert shop.apply().status == 0
    shop.write(web=shop.web("2"))
    assert shop.apply().status == 0
    assert shop.cli.inside("destroy", "--yes").status == 0
    assert shop.hand("inspect", stranger) == before
    assert shop.hand("volume", "inspect", "--format", "{{.Name}}", volume) == "data"
    assert shop.hand("network", "inspect", "--format", "{{.Name}}", network) == "shop"


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (("stop",), "~ service/web on box start 2 replicas; by hand"),
        (("kill",), "~ service/web on box start 2 replicas; by hand"),
        (("rm", "--force"), "+ service/web on box create 1 → 2 replicas; by somebody gone from the target"),
        (("update", "--memory", "64m", "--memory-swap", "128m"), "resources.memory 64Mi → 32Mi"),
        (("update", "--restart", "no"), "restart never → (none)"),
    ],
)
def test_what_somebody_did_by_hand_is_drift_and_is_put_back(
    shop: Shop, deed: tuple[str, ...], told: str
) -> None:
    shop.write(web=shop.web(replicas=2, more="  resources: {memory: 32Mi}\n"))
    assert shop.apply().status == 0
    assert shop.settled()
    shop.hand(*deed, shop.hand("ps", "--quiet", "--filter", "name=web-1"))
    plan = shop.cli.inside("plan")
    assert plan.status == 2
    assert "Drift: changed on the targets since it was applied; an apply puts it back" in plan.out
    assert told in words(plan)
    assert shop.apply().status == 0
    assert shop.settled()
    assert [item["condition"] for item in shop.instances()] == ["running"] * 2


@pytest.mark.parametrize("ordinal", [1, 2])
def test_the_last_instance_removed_by_hand_is_drift_and_no_new_service(shop: Shop, ordinal: int) -> None:
    shop.write(web=shop.web(replicas=ordinal))
    assert shop.apply().status == 0
    shop.hand("rm", "--force", shop.hand("ps", "--quiet", "--filter", f"name=web-{ordinal}-"))
    plan = shop.cli.inside("plan")
    assert "Drift: changed on the targets since it was applied" in plan.out
    assert "by somebody gone from the target" in words(plan)
    assert shop.apply().status == 0
    assert shop.settled()


def test_an_engine_that_is_down_is_not_an_empty_one(fragile: Shop, second_engine: Engine) -> None:
    fragile.write(web=fragile.web())
    assert fragile.apply().status == 0
    fragile.cli.write({"specs/here.yaml": TARGET, "specs/local.yaml": LOCAL_WEB.replace("web}", "local}")})
    (fragile.cli.root / "specs/web.yaml").unlink()
    second_engine.stop()
    plan = fragile.cli.inside("plan")
    assert plan.status == 3
    assert "? target/box not reached, nothing planned for it" in words(plan)
    assert "service/web" not in plan.out
    said = fragile.apply()
    assert said.status == 3
    assert "? target/box not reached" in words(said)
    assert "1 action: 1 done" in said.out
    assert fragile.cli.inside("status").status == 3
    logs = fragile.cli.inside("logs", "web")
    assert logs.status == 3
    assert "target box was not reached" in logs.err
    second_engine.start()
    assert {item["service"] for item in fragile.instances()} == {"web", "local"}
    assert fragile.apply().status == 0
    assert {item["service"] for item in fragile.instances()} == {"local"}


def test_an_engine_that_is_killed_in_the_middle(fragile: Shop, second_engine: Engine) -> None:
    fragile.write(web=fragile.web("slow", replicas=4).replace("startup: 3s", "startup: 10s"))
    applying = subprocess.Popen(
        [sys.executable, "-m", "eeveon.cli.app", "apply", "--yes"],
        cwd=fragile.cli.root,
        env=fragile.cli.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: bool(fragile.hand("ps", "--quiet")), seconds=60, what="the first container")
        second_engine.kill()
        out, err = applying.communicate(timeout=120)
    finally:
        applying.kill()
        applying.communicate()
    assert applying.returncode == 1, out + err
    assert "Traceback" not in err
    assert "of 4 failed: web-" in out
    assert str(second_engine.folder) in out, "it says which engine"
    second_engine.start()
    forgotten = fragile.hand("ps", "--all", "--quiet", "--no-trunc", "--filter", "status=created").split()
    said = fragile.apply()
    assert said.status == 0, f"{out}\n{said.out}"
    assert fragile.settled()
    assert [item["condition"] for item in fragile.instances()] == ["running"] * 4
    known = fragile.hand("ps", "--all", "--quiet", "--no-trunc").split()
    assert len(known) == 4
    # What the dead engine was just starting it does not know to have started: it says "created", and what containerd
    # runs of it can neither be seen nor ended through the engine. Nothing else lives on.
    alive = containers_with_processes(second_engine)
    assert alive - set(forgotten) == set(known), "a container lives on unseen"
    assert all(len(pids) == 1 for pids in alive_in(second_engine, known).values())


def containers_with_processes(engine: Engine) -> set[str]:
    """The containers of which a process lives, whether the engine knows of them or not."""
    groups = engine.footprint.cgroup.glob("*/cgroup.procs")
    return {file.parent.name for file in groups if file.parent.name != "engine" and file.read_text()}


def alive_in(engine: Engine, containers: list[str]) -> dict[str, list[str]]:
    """The processes of these containers."""
    return {
        name: (engine.footprint.cgroup / name / "cgroup.procs").read_text().split() for name in containers
    }


def test_environments_and_projects_do_not_see_each_other(shop: Shop) -> None:
    project = (shop.cli.root / "eeveon.yaml").read_text()
    shop.cli.write({"eeveon.yaml": project + "    other: {path: specs}\n"})
    shop.write(web=shop.web())
    stranger = shop.cli.root.parent / "stranger"
    for name in ("eeveon.yaml", "specs/box.yaml", "specs/web.yaml"):
        (stranger / name).parent.mkdir(parents=True, exist_ok=True)
        text = (shop.cli.root / name).read_text().replace("name: shop", "name: stranger")
        (stranger / name).write_text(text)
    assert shop.cli.inside("apply", "-e", "demo", "--yes").status == 0
    assert shop.cli.inside("apply", "-e", "other", "--yes").status == 0
    assert shop.cli("-C", str(stranger), "apply", "-e", "demo", "--yes").status == 0
    assert len(shop.hand("ps", "--quiet").split()) == 3
    assert shop.cli.inside("destroy", "-e", "demo", "--yes").status == 0
    assert len(shop.hand("ps", "--quiet").split()) == 2
    assert shop.cli.inside("plan", "-e", "other").status == 0
    assert shop.cli("-C", str(stranger), "plan", "-e", "demo").status == 0


def test_depends_on_goes_from_this_machine_to_the_engine_and_back(shop: Shop) -> None:
    last = LOCAL_WEB.replace("name: web", "name: last") + "  dependsOn: [web]\n"
    first = LOCAL_WEB.replace("name: web", "name: first")
    shop.write(here=TARGET, first=first, web=shop.web(more="  dependsOn: [first]\n"), last=last)
    assert shop.apply().status == 0
    record = json.loads(shop.cli.inside("history", "--format", "json").out)["records"][0]
    at = {outcome["step"]: outcome for outcome in record["outcomes"]}
    order = [at[name] for name in ("service/first on here", "service/web on box", "service/last on here")]
    for before, after in pairwise(order):
        assert before["ended"] <= after["started"]
    assert shop.settled()


def test_without_a_host_it_is_the_one_of_the_environment(shop: Shop) -> None:
    shop.write(
        box="apiVersion: eeveon/v2\nkind: Target\nmetadata: {name: box}\nspec: {docker: {}}\n", web=shop.web()
    )
    said = shop.cli("apply", "--yes", env={"DOCKER_HOST": shop.url})
    assert said.status == 0, said
    assert len(shop.hand("ps", "--quiet").split()) == 1
    assert shop.cli("plan", env={"DOCKER_HOST": shop.url}).status == 0
    assert shop.cli("plan", env={"DOCKER_HOST": "tcp://127.0.0.1:1"}).status == 3


def written_by(cli: Cli) -> Iterator[bytes]:
    """Every file that EEveon wrote."""
    for file in cli.state.rglob("*"):
        if file.is_file():
            yield file.read_bytes()


def test_a_secret_is_inside_of_the_container_and_nowhere_else(shop: Shop) -> None:
    canary = "canary-4711-of-the-engine"
    shop.write(web=shop.web(more="  secrets: {TOKEN: {env: SHOP_TOKEN}}\n"))
    known = {"SHOP_TOKEN": canary}
    said = [
        shop.cli(*command, env=known)
        for command in (
            ["plan"],
            ["plan", "--format", "json"],
            ["apply", "--yes", "--format", "json"],
            ["plan", "--format", "markdown"],
            ["status", "--format", "json"],
            ["logs", "web"],
            ["history", "--format", "json"],
        )
    ]
    assert said[2].status == 0, said[2]
    assert f"TOKEN={canary}" in shop.hand("exec", shop.container(), "env").splitlines()
    inspection = json.loads(shop.hand("inspect", shop.container()))[0]
    assert canary not in json.dumps({**inspection, "Config": {**inspection["Config"], "Env": []}})
    assert canary not in "".join(f"{one.out}{one.err}" for one in said)
    assert not any(canary.encode() in content for content in written_by(shop.cli))
