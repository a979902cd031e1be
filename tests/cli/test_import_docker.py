"""What is imported plans on a real engine without a mistake, and runs there as it did under Compose."""

import json
import subprocess
from collections.abc import Mapping

import pytest

from tests.cli.conftest import Cli, Said
from tests.cli.docker_shop import words
from tests.cli.test_import import copied
from tests.importing.compose_projects import NAMES
from tests.lab.fixtures import AnyEngine
from tests.lab.ports import free_port
from tests.lab.registry import Registry

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

COMPOSE = """\
name: old
services:
  web_1:
    image: IMAGE
    ports: ["PORT:8080", "8081"]
    environment:
      GREETING: "hello, $$HOME: #1"
      TOKEN: ${WEB_TOKEN}
    volumes: ["pages:/pages"]
    stop_grace_period: 1s
    user: "0:0"
    working_dir: /pages
    deploy: {resources: {limits: {cpus: "0.5", memory: 64M}}}
    healthcheck:
      test: wget -q -O /dev/null http://127.0.0.1:8080/healthz
      interval: 1s
      start_period: 20s
  worker:
    image: IMAGE
    command: sh -c 'echo "from $$GREETING"; exec sleep 1000'
    environment: [GREETING=compose]
    depends_on: {web_1: {condition: service_healthy}}
    scale: 2
    stop_grace_period: 1s
volumes: {pages: }
"""


def hand(engine: AnyEngine, *arguments: str) -> str:
    """The docker command of a person; what it printed."""
    done = subprocess.run(
        ["docker", "--host", engine.url, *arguments], capture_output=True, check=True, timeout=60
    )
    return done.stdout.decode().strip()


def imported(cli: Cli, engine: AnyEngine, *files: str, **env: str) -> None:
    """The files as a repository in the folder `new`, on this engine."""
    said = cli("import", "compose", *files, "--into", "new", env=env)
    assert said.status == 0, said.err
    target = cli.root / "new/specs/production/engine.yaml"
    target.write_text(target.read_text().replace("docker: {}", f"docker: {{host: '{engine.url}'}}"))


def new(cli: Cli, *arguments: str, env: Mapping[str, str] | None = None) -> Said:
    """A command in that repository."""
    return cli(*arguments, cwd=cli.root / "new", env=env)


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_after_the_import_creates_every_service_and_nothing_else(
    cli: Cli, clean_engine: AnyEngine, name: str
) -> None:
    imported(cli, clean_engine, *copied(cli, name), DB_USER="admin")
    plan = new(cli, "plan", "--format", "json")
    assert plan.status == 2, plan.err
    assert plan.err == ""
    files = {path.stem for path in (cli.root / "new/specs/base").iterdir()}
    made = json.loads(plan.out)["plan"]
    assert {step["service"] for step in made["steps"] if step["service"]} == files
    assert {step["verb"] for step in made["steps"]} == {"create"}
    assert made["notes"] == []


def test_it_runs_as_it_did_with_the_data_that_it_had(
    cli: Cli, clean_engine: AnyEngine, registry: Registry
) -> None:
    image, port = registry.image("web", "1").by_tag, str(free_port())
    cli.write({"compose.yaml": COMPOSE.replace("IMAGE", image).replace("PORT", port)})
    hand(clean_engine, "run", "--rm", "-v", "old_pages:/to", image, "sh", "-c", "echo precious > /to/file")
    imported(cli, clean_engine, WEB_TOKEN="tea-at-five")
    lost = cli("import", "compose", "--dry-run", "--format", "json", env={"WEB_TOKEN": "x"})
    (todo,) = [one["todo"] for one in json.loads(lost.out)["lost"] if one["what"] == "volumes.pages"]
    create, _, copy = todo.partition(": ")[2].partition(" && ")
    hand(clean_engine, *create.split()[1:])
    paths, _, command = copy.partition(" busybox ")
    hand(clean_engine, *paths.split()[1:], image, "busybox", *command.split())

    applied = new(cli, "apply", "--yes", env={"WEB_TOKEN": "tea-at-five"})
    assert applied.status == 0, words(applied)
    settled = new(cli, "plan")
    assert settled.status == 0, settled.out
    (web,) = hand(clean_engine, "ps", "--quiet", "--filter", "label=eeveon.service=web-1").split()
    (seen,) = json.loads(hand(clean_engine, "inspect", web))
    assert {"GREETING=hello, $HOME: #1", "TOKEN=tea-at-five"} <= set(seen["Config"]["Env"])
    assert seen["HostConfig"]["PortBindings"]["8080/tcp"][0]["HostPort"] == port
    assert (seen["HostConfig"]["NanoCpus"], seen["HostConfig"]["Memory"]) == (500_000_000, 64 * 2**20)
    assert (seen["Config"]["User"], seen["Config"]["WorkingDir"]) == ("0:0", "/pages")
    assert hand(clean_engine, "exec", web, "cat", "file") == "precious"
    assert "from compose" in new(cli, "logs", "worker").out
    assert len(hand(clean_engine, "ps", "--quiet", "--filter", "label=eeveon.service=worker").split()) == 2
