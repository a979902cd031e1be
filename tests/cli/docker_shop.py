"""A shop whose target is a real engine, and what a person does to that engine by hand."""

import json
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from docker import APIClient

from tests.cli.conftest import PROJECT, Cli, Said
from tests.lab.registry import Registry

BOX = "apiVersion: eeveon/v2\nkind: Target\nmetadata: {name: box}\nspec: {docker: {host: 'HOST'}}\n"
WEB = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: NAME}
spec:
  targets: [box]
  replicas: REPLICAS
  image: IMAGE
  ports: [{name: http, port: 8080, publish: auto}]
  health: {http: {port: http, path: /healthz}, every: 1s, startup: 3s}
"""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The CLI, an engine, and the images of a registry."""

    cli: Cli
    url: str
    registry: Registry

    def image(self, version: str) -> str:
        """The web image of that version, by tag."""
        return self.registry.image("web", version).by_tag

    def web(self, version: str = "1", *, name: str = "web", replicas: int = 1, more: str = "") -> str:
        """The document of a service."""
        return service(self.image(version), name=name, replicas=replicas, more=more)

    def write(self, **documents: str) -> None:
        """Put documents into the environment, by the name of their file."""
        self.cli.write({f"specs/{name}.yaml": text for name, text in documents.items()})

    def apply(self) -> Said:
        """`eeveon apply --yes`."""
        return self.cli.inside("apply", "--yes")

    def settled(self) -> bool:
        """Whether a plan has nothing to do."""
        return self.cli.inside("plan").status == 0

    def instances(self) -> list[dict[str, Any]]:
        """What `eeveon status` knows."""
        found: list[dict[str, Any]] = json.loads(self.cli.inside("status", "--format", "json").out)[
            "instances"
        ]
        return found

    def hand(self, *arguments: str) -> str:
        """The docker command of a person; what it printed."""
        done = subprocess.run(
            ["docker", "--host", self.url, *arguments], capture_output=True, check=True, timeout=60
        )
        return done.stdout.decode().strip()

    def container(self, service: str = "web") -> str:
        """The engine's id of the only container of a service."""
        (found,) = [item for item in self.instances() if item["service"] == service]
        identity: str = self.hand("ps", "--all", "--quiet", "--filter", f"name={found['id']['name']}")
        assert len(identity.split()) == 1, identity
        return identity


def service(image: str, *, name: str = "web", replicas: int = 1, more: str = "") -> str:
    """The document of a service with an image."""
    text = WEB.replace("NAME", name).replace("REPLICAS", str(replicas)).replace("IMAGE", image)
    return text + more


def shop_on(cli: Cli, url: str, registry: Registry) -> Shop:
    """A repository whose only target is the engine."""
    cli.write({"eeveon.yaml": PROJECT, "specs/box.yaml": BOX.replace("HOST", url)})
    return Shop(cli=cli, url=url, registry=registry)


def words(said: Said) -> str:
    """All that was said, as if lines had no end."""
    return " ".join(f"{said.out} {said.err}".split())


@dataclass
class Answers:
    """What users of a service were answered, look by look.

    An answer counts if its port belonged to the same container before and after: engines of other tests take what is
    given back, and who asks there is no user of this shop any more. An engine cannot be told which ports to take.
    """

    counts: list[int] = field(default_factory=list)  # instances that answered 200
    pages: set[str] = field(default_factory=set)


@contextmanager
def users_of(shop: Shop) -> Iterator[Answers]:
    """Ask every published port of the engine, over and over, while the block runs."""
    answers, over = Answers(), threading.Event()
    asking = threading.Thread(target=_ask_until, args=(over, shop.url, answers))
    asking.start()
    try:
        yield answers
    finally:
        over.set()
        asking.join(timeout=30)


def _ask_until(over: threading.Event, url: str, answers: Answers) -> None:
    client = APIClient(base_url=url)
    while not over.wait(0.05):
        before = _published(client)
        said = {port: page for port in before for page in _pages(port)}
        after = _published(client)
        pages = [page for port, page in said.items() if after.get(port) == before[port]]
        answers.counts.append(len(pages))
        answers.pages.update(pages)
    client.close()


def _published(client: APIClient) -> Mapping[int, str]:
    """Every published port, and the container that it leads to."""
    return {
        port["PublicPort"]: container["Id"]
        for container in client.containers()
        for port in container["Ports"]
        if "PublicPort" in port
    }


def _pages(port: int) -> Iterator[str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            yield answer.read().decode().strip()
    except (OSError, urllib.error.URLError):
        return
