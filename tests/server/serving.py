"""A real server on loopback, and requests to it."""

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eeveon.core.controller import Provider
from eeveon.core.delivery import Event
from eeveon.store.store import Store
from tests.server.child import now
from tests.server.hooks.samples import SECRET, headers_for, signature

ROOT = Path(__file__).parents[2]
CONFIG = """\
kind: Controller
spec:
  listen: 127.0.0.1:0
  bodyLimit: 2Mi
  repositories:
    - name: shop
      url: https://git.example.com/acme/shop.git
      branch: main
      environments: [production]
      webhook: {provider: github, secrets: [{env: HOOK_A}, {env: HOOK_B}]}
    - name: next
      url: git@git.example.com:acme/shop.git
      branch: main
      environments: [staging]
    - {name: lab, url: /srv/lab, branch: main, webhook: {provider: gitlab, secrets: [{env: HOOK_A}]}}
    - {name: tea, url: /srv/tea, branch: main, webhook: {provider: forgejo, secrets: [{env: HOOK_A}]}}
    - {name: own, url: /srv/own, branch: main, webhook: {provider: generic, secrets: [{env: HOOK_A}]}}
    - name: fenced
      url: /srv/fenced
      branch: main
      webhook: {provider: generic, secrets: [{env: HOOK_A}], allow: [192.30.252.0/22]}
    - {name: mute, url: /srv/mute, branch: main}
"""
NAMES = {
    Provider.GITHUB: "shop",
    Provider.GITLAB: "lab",
    Provider.GITEA: "tea",
    Provider.GENERIC: "own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    content: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A process that serves. `folder` holds its configuration and its state."""

    process: subprocess.Popen[str]
    port: int
    folder: Path

    def ask(
        self, method: str, path: str, body: bytes | Iterator[bytes] = b"", headers: Mapping[str, str] = {}
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(connection):
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return Reply(
                status=response.status,
                headers={name.lower(): value for name, value in response.getheaders()},
                content=json.loads(response.read() or b"{}"),
            )

    def text(self, path: str, headers: Mapping[str, str]) -> tuple[str, str]:
        """An answer that is no JSON, and its media type."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            assert response.status == 200
            return response.read().decode(), response.getheader("content-type", "")

    def send(
        self,
        payload: object,
        provider: Provider = Provider.GITHUB,
        identity: str = "d-1",
        event: str = "",
        more: Mapping[str, str] = {},
    ) -> Reply:
        """A webhook as the provider sends it to the repository that it has in the configuration."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = headers_for(provider, identity, event) | signature(provider, body)
        return self.ask("POST", f"/hooks/{provider}/{NAMES[provider]}", body, {**headers, **more})

    def events(self) -> tuple[Event, ...]:
        with Store.open(self.folder / "state", now()) as store:
            return store.inbox.events(10**6)

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def children(self) -> list[str]:
        return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()

    def memory(self) -> int:
        """Resident memory in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


@contextmanager
def serving(folder: Path, config: str = CONFIG, work: float | None = None) -> Iterator[Served]:
    """A server of this configuration; killed at the end, if it still runs."""
    (folder / "controller.yaml").write_text(config)
    command = [
        sys.executable,
        "-m",
        "tests.server.child",
        str(folder / "controller.yaml"),
        str(folder / "state"),
    ]
    process = subprocess.Popen(
        [*command, *([] if work is None else [str(work)])],
        cwd=ROOT,
        env={**os.environ, "HOOK_A": SECRET, "HOOK_B": "next"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield Served(process=process, port=int(process.stdout.readline()), folder=folder)
        finally:
            process.kill()
