"""Environments that follow Git, in each of the three layouts: what the page says to do is done, and a push is applied."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.docs.conftest import end_all_below, environ
from tests.examples.conftest import Copy, Example
from tests.lab.hosts import Hosts
from tests.lab.kubernetes.kubectl import Kubectl
from tests.lab.kubernetes.lab import Kubernetes
from tests.lab.ports import free_port
from tests.lab.waiting import wait_until

PUSHED = {
    "folders.yaml": ("shop", "shop/specs/staging/web.yaml", "main"),
    "branches.yaml": ("shop", "shop/specs/staging/web.yaml", "main:staging"),
    "repositories.yaml": ("shop-staging", "shop-staging/specs/web.yaml", "main"),
}


@pytest.fixture
def example(copy: Copy) -> Iterator[Example]:
    """With the repositories that the page makes, and files that name a free port and poll at once."""
    made = copy("follow")
    (begin, *_) = re.findall(
        r"^```sh\n(.*?)^```$", (made.root / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    made.run(f"(set -e; {begin})")
    for file in made.root.glob("*.yaml"):
        text = file.read_text().replace("18130", str(free_port())).replace("interval: 5s", "interval: 1s")
        file.write_text(text)
    yield made
    end_all_below(made.root / "state")


@contextmanager
def serving(example: Example, file: str) -> Iterator[subprocess.Popen[bytes]]:
    """A controller; it must end by SIGTERM with status 0."""
    variables = environ(example.root, example.root / "state")
    with (example.root / "log").open("ab") as log:
        process = subprocess.Popen(
            ["eeveon", "serve", "--config", file], cwd=example.root, env=variables, stderr=log
        )
    try:
        yield process
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def pages(example: Example, environment: str) -> list[str]:
    """What each instance of the environment says to who asks it."""
    state = f"EEVEON_STATE={example.root / 'state'}"
    folder = "shop" if (example.root / "shop/.git").exists() else "."
    seen = json.loads(example.run(f"{state} eeveon -C {folder} status -e {environment} --format json"))
    ends = [end for item in seen["instances"] for end in item["endpoints"]]
    return [_page(f"http://{end['host']}:{end['number']}/") for end in ends]


def _page(url: str) -> str:
    with urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
    return text.strip()


def phases(example: Example, file: str) -> dict[str, tuple[str, str]]:
    """Phase and applied commit of each environment."""
    shown = example.shell.run(f"eeveon environments --config {file} --format json")[0]
    found = json.loads("\n".join(shown))["environments"]
    return {item["key"].split("/")[-1]: (item["phase"], item["applied"]) for item in found}


@pytest.mark.parametrize("file", PUSHED)
def test_what_is_pushed_is_applied_where_the_layout_says(example: Example, file: str) -> None:
    repository, changed, to = PUSHED[file]
    with serving(example, file):

        def are_there() -> bool:
            return [phase for phase, _ in phases(example, file).values()] == ["synced", "synced"]

        wait_until(are_there, seconds=60, what="both environments to be in step")
        before = phases(example, file)
        assert set(pages(example, "staging")) == {"hello from staging"}
        assert set(pages(example, "production")) == {"hello from production"}

        example.run(f"sed -i 's/hello from/welcome to/' {changed}")
        example.run(f"git -C {repository} commit --quiet --all --message 'Greet better'")
        example.run(f"git -C {repository} push --quiet origin {to}")
        wait_until(
            lambda: (
                phases(example, file)["staging"] not in {before["staging"], ("applying", "")}
                and phases(example, file)["staging"][0] == "synced"
            ),
            seconds=60,
            what="the push to be applied",
        )
        assert set(pages(example, "staging")) == {"welcome to staging"}
        assert set(pages(example, "production")) == {"hello from production"}


def test_each_controllers_file_is_sound(example: Example) -> None:
    for file in (*PUSHED, "controller/controller.yaml"):
        assert "is sound" in example.run(f"eeveon serve --check --config {file}")


def test_kubectl_takes_the_manifest_and_it_holds_the_same_file(cluster: Kubernetes, example: Example) -> None:
    file = example.root / "controller/kubernetes.yaml"
    kubectl = Kubectl(cluster=cluster)
    kubectl.do("apply", "--server-side", "--validate=strict", f"--filename={file}")
    told = json.loads(kubectl.do("get", "configmap", "eeveon", "--namespace=eeveon", "--output=json"))
    beside = (example.root / "controller/controller.yaml").read_text()
    written = [line for line in beside.splitlines() if not line.startswith("#")]
    assert told["data"]["controller.yaml"].splitlines() == written


@pytest.mark.ssh
@pytest.mark.xdist_group("ssh")
def test_systemd_takes_the_unit(hosts: Hosts, example: Example) -> None:
    (host,) = hosts.up(1)
    unit = (example.root / "controller/eeveon.service").read_text()
    host.write("/etc/systemd/system/eeveon.service", unit)
    host.run("mkdir --parents /opt/eeveon/bin && ln --symbolic --force /bin/true /opt/eeveon/bin/eeveon")
    try:
        said = host.run("systemd-analyze verify --man=no eeveon.service 2>&1")
    finally:
        host.run("rm --recursive --force /etc/systemd/system/eeveon.service /opt/eeveon")
    assert not [line for line in said.splitlines() if "eeveon" in line], said


def test_the_folder_has_no_other_files() -> None:
    folder = Path(__file__).parents[2] / "examples/follow"
    assert {path.name for path in folder.glob("*.yaml")} == set(PUSHED)
