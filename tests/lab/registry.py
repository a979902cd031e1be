"""A real registry on a free port of 127.0.0.1, which engines trust without TLS."""

import http.client
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.lab.images import MANIFEST_TYPE, RECIPES, Blob, Recipe, build
from tests.lab.ports import free_port
from tests.lab.processes import is_alive, pid_in, send, spawn
from tests.lab.waiting import LabError, wait_until

SETTINGS = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image of the registry, as a spec may name it."""

    by_tag: str
    by_digest: str
    digest: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry whose files are in `folder`. Needs no root."""

    folder: Path

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`, known from `start` on."""
        return (self.folder / "address").read_text()

    def start(self) -> None:
        """Start the registry, return when it answers; the first time, push all recipes."""
        if self.answers():
            return
        if (self.folder / "address").exists():
            self._launch()
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "address").write_text(f"127.0.0.1:{free_port()}")
        self._launch()
        for recipe in RECIPES:
            self.push(recipe)

    def stop(self) -> None:
        """End the registry; its images stay for the next start."""
        send(self._pidfile, signal.SIGTERM, seconds=30)

    def answers(self) -> bool:
        """Whether the registry answers now."""
        if not is_alive(pid_in(self._pidfile)):
            return False
        try:
            return self._call("GET", "/v2/").status == http.client.OK
        except OSError:
            return False

    def image(self, name: str, version: str) -> Image:
        """The image as the registry holds it under that tag now."""
        answer = self._call("HEAD", f"/v2/eeveon/{name}/manifests/{version}", {"Accept": MANIFEST_TYPE})
        digest = answer.header("Docker-Content-Digest")
        path = f"{self.address}/eeveon/{name}"
        return Image(by_tag=f"{path}:{version}", by_digest=f"{path}@{digest}", digest=digest)

    def push(self, recipe: Recipe) -> Image:
        """Build and push an image. A tag that exists moves to it."""
        built = build(recipe)
        repository = f"/v2/eeveon/{recipe.name}"
        for blob in built.blobs:
            self._push_blob(repository, blob)
        path = f"{repository}/manifests/{recipe.version}"
        self._call("PUT", path, {"Content-Type": MANIFEST_TYPE}, built.manifest.content)
        return self.image(recipe.name, recipe.version)

    @property
    def _pidfile(self) -> Path:
        return self.folder / "registry.pid"

    def _launch(self) -> None:
        settings, log = self.folder / "registry.yml", self.folder / "registry.log"
        settings.write_text(SETTINGS.format(folder=self.folder, address=self.address))
        spawn(["docker-registry", "serve", str(settings)], pidfile=self._pidfile, log=log)
        wait_until(self._answers_or_died, seconds=30, what=f"the registry to answer on {self.address}")
        if not self.answers():
            raise LabError(f"the registry died at its start\n{log.read_text()}")

    def _answers_or_died(self) -> bool:
        return self.answers() or not is_alive(pid_in(self._pidfile))

    def _push_blob(self, repository: str, blob: Blob) -> None:
        begun = self._call("POST", f"{repository}/blobs/uploads/")
        _, _, path = begun.header("Location").partition(self.address)
        self._call(
            "PUT", f"{path}&digest={blob.digest}", {"Content-Type": "application/octet-stream"}, blob.content
        )

    def _call(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> "_Answer":
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body=body or None, headers=headers or {})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise LabError(f"the registry answered {method} {path} with {answer.status}: {text}")
        return _Answer(status=answer.status, headers=dict(answer.getheaders()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    headers: dict[str, str]

    def header(self, name: str) -> str:
        return self.headers[name]
