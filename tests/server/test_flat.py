"""Hundreds of deliveries, good and bad, leave no process, no open file and no thread behind."""

import json
import os
import time

from eeveon.core.controller import Provider
from tests.server.hooks.samples import GITHUB, PUSHES, headers_for, signature
from tests.server.serving import NAMES, Served


def some(served: Served, count: int, start: int) -> None:
    for number in range(start, start + count):
        for provider in Provider:
            assert served.send(PUSHES[provider], provider, f"d-{number}").status == 202
        assert served.send(b"{", identity="bad").status == 400
        assert served.send(GITHUB, more={"x-hub-signature-256": ""}).status == 401
        large = json.dumps({**GITHUB, "more": "x" * 300_000}).encode()
        headers = headers_for(Provider.GITHUB, f"large-{number}") | signature(Provider.GITHUB, large)
        assert served.ask("POST", f"/hooks/github/{NAMES[Provider.GITHUB]}", large, headers).status == 202
        with served.raw() as connection:
            connection.sendall(b"POST /hooks/github/shop HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n")


def test_processes_files_and_threads_are_flat(served: Served) -> None:
    some(served, 20, 0)
    files, threads, memory = served.open_files(), served.threads(), served.memory()
    some(served, 80, 20)
    assert served.ask("GET", "/healthz").status == 200
    deadline = time.monotonic() + 10  # the last connections may still be closing
    while served.open_files() > files and time.monotonic() < deadline:
        time.sleep(0.05)  # noqa: TID251 - a test waits
    assert served.open_files() <= files
    # The pool for large bodies grows to its size where they come quickly, and no further.
    pool = (os.cpu_count() or 1) + 4
    assert served.threads() <= threads + pool
    assert served.children() == []
    assert served.memory() < memory + 20_000
