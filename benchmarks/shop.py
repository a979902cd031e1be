"""Repositories of many services, about 25 lines of YAML each in a file of its own, committed to Git."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.costs import Cost, Errand, run

EEVEON = str(Path(sys.executable).with_name("eeveon"))
ENVIRONMENT = "bench"
_FOLDER = 100  # services in one folder

PROJECT = """\
apiVersion: eeveon/v2
kind: Project
metadata: {name: shop}
spec:
  environments:
    bench: {path: specs}
"""
FAKE_TARGET = """\
apiVersion: eeveon/v2
kind: Target
metadata: {name: pretend}
spec: {fake: {}, concurrency: 64}
"""
SERVICE = """\
apiVersion: eeveon/v2
kind: Service
metadata:
  name: %(name)s
  labels:
    team: team-%(team)d
    tier: standard
spec:
  targets: [pretend]
  replicas: 1
  image: registry.example.com/shop/%(name)s:1.%(minor)d.0
  command: [serve, --port, "8080"]
  ports:
    - name: http
      port: 8080
  env:
    LOG_LEVEL: %(level)s
    SERVICE_NAME: %(name)s
    CACHE_URL: redis://cache-%(team)d.internal:6379/0
  resources:
    cpu: 250m
    memory: 128Mi
  restart: always
  stopGrace: 15s
  health:
    tcp: {port: http}
    every: 5s
    timeout: 2s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A repository, and the state folder of the EEveon that works with it."""

    repository: Path
    state: Path

    def run(self, *arguments: str, good: Iterable[int] = (0,)) -> Cost:
        """What one `eeveon …` in the repository costs."""
        return run(self.errand(*arguments, good=good))

    def errand(self, *arguments: str, good: Iterable[int] = (0,)) -> Errand:
        """One `eeveon …` in the repository."""
        return Errand(
            command=(EEVEON, *arguments),
            folder=self.repository,
            environment=self.environment,
            good=frozenset(good),
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that a command of this shop is run with. Modules are compiled once, as installed ones are."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, "EEVEON_STATE": str(self.state), "GIT_CONFIG_GLOBAL": os.devnull}

    def forget_what_was_read(self) -> None:
        """As on a machine that has not seen these files before."""
        for file in self.state.glob("cache.db*"):
            file.unlink()

    def edit(self, numbers: Iterable[int], level: str) -> None:
        """Write these services with another log level, which nothing was cached for."""
        for number in numbers:
            self.file(number).write_text(service(number, level))

    def commit(self) -> None:
        """Commit everything."""
        commit(self.repository)

    def file(self, number: int) -> Path:
        """Where a service is written."""
        return self.repository / "specs" / f"{number // _FOLDER:03}" / f"{name_of(number)}.yaml"


def name_of(number: int) -> str:
    """The name of a service."""
    return f"service-{number:05}"


def service(number: int, level: str = "info") -> str:
    """The document of one service."""
    return SERVICE % {"name": name_of(number), "team": number % 10, "minor": number % 7, "level": level}


def make_shop(folder: Path, services: int) -> Shop:
    """A shop on a fake target, committed, nothing of it applied."""
    return make_repository(folder, FAKE_TARGET, services, service)


def make_repository(folder: Path, target: str, services: int, text: Callable[[int], str]) -> Shop:
    """A committed repository of one target and many services."""
    shop = Shop(repository=folder / "repository", state=folder / "state")
    specs = shop.repository / "specs"
    specs.mkdir(parents=True)
    (shop.repository / "eeveon.yaml").write_text(PROJECT)
    (specs / "target.yaml").write_text(target)
    for number in range(services):
        shop.file(number).parent.mkdir(exist_ok=True)
        shop.file(number).write_text(text(number))
    git(shop.repository, "init", "--quiet")
    commit(shop.repository)
    return shop


def let_it_run(shop: Shop) -> None:
    """Bring the fake target to what the specs say, and plan once, so that everything is warm.

    Not by `eeveon apply`, which writes each of its steps to the disk before it does it.
    """
    command = (sys.executable, "-m", "benchmarks.settle", str(shop.repository))
    run(Errand(command=command, folder=Path(__file__).parent.parent, environment=shop.environment))
    shop.run("plan")


def commit(repository: Path) -> None:
    """Commit everything in a repository."""
    git(repository, "add", "--all")
    author = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    git(repository, *author, "commit", "--quiet", "--message", "change")


def git(repository: Path, *arguments: str) -> None:
    """Run git, untouched by the settings of whoever runs this."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-c", "gc.auto=0", *arguments], cwd=repository, check=True, env=environment)
