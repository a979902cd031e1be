"""Where engines are, and what is said when they are not there. Only loopback, no engine."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eeveon.core.desired import Target
from eeveon.core.names import EnvironmentName, ObjectId, ProjectName, Scope, TargetName
from eeveon.core.observed import Condition, Unreachable
from eeveon.core.plan import Effect
from eeveon.drivers.base import Context
from eeveon.drivers.docker.address import DEFAULT_HOST, Tls, address_of
from eeveon.drivers.docker.driver import connect
from eeveon.drivers.docker.wire import open_connection
from eeveon.errors import TargetUnreachable
from tests.drivers.contract import KnownSecrets

ITEM = ObjectId(target=TargetName("box"), kind="instance", name="web-1-000000000000")


def unreachable(settings: dict[str, object]) -> Unreachable:
    """What observing says; performing must say the same."""
    scope = Scope(project=ProjectName("shop"), environment=EnvironmentName("staging"))
    context = Context(scope=scope, state=Path(), secrets=KnownSecrets(), report=lambda *_: None)
    driver = connect(Target(name=TargetName("box"), kind="docker", settings=settings), context)
    observation = driver.observe()
    with pytest.raises(TargetUnreachable):
        driver.perform(Effect(object=ITEM, condition=Condition.STOPPED), 1, timedelta(seconds=5))
    driver.close()
    assert isinstance(observation, Unreachable)
    return observation


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that says the same to everybody; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    near, _ = server.accept()
                except OSError:
                    return
                with near:
                    near.recv(65536)
                    near.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("settings", "environ", "expected"),
    [
        ({}, {}, {"url": DEFAULT_HOST, "published": "127.0.0.1", "is_local": True}),
        ({}, {"DOCKER_HOST": "tcp://h:1"}, {"host": "h", "port": 1, "published": "h", "is_local": False}),
        ({"host": "unix:///x"}, {"DOCKER_HOST": "tcp://h:1"}, {"path": "/x"}),
        ({"host": "tcp://h"}, {}, {"port": 2375, "tls": None}),
        ({"host": "tcp://h", "tls": {"ca": "a"}}, {}, {"port": 2376, "tls": Tls(ca="a")}),
        ({"host": "ssh://me@h:2222"}, {}, {"scheme": "ssh", "user": "me", "port": 2222, "published": "h"}),
        ({"host": "unix:///x", "address": "10.0.0.1"}, {}, {"published": "10.0.0.1"}),
        ({"host": "tcp://h"}, {"DOCKER_TLS_VERIFY": "1"}, {"tls": None}),
    ],
)
def test_addresses(settings: dict[str, Any], environ: dict[str, str], expected: dict[str, object]) -> None:
    address = address_of(settings, environ)
    assert {name: getattr(address, name) for name in expected} == expected


@pytest.mark.parametrize(
    "host", ["npipe:////./pipe/docker", "ssh://-oProxyCommand=x", "tcp://", "tcp://h:x", "x"]
)
def test_what_is_no_address_is_said_and_not_tried(host: str) -> None:
    assert host in unreachable({"host": host}).reason


def test_a_socket_that_is_not_there(tmp_path: Path) -> None:
    found = unreachable({"host": f"unix://{tmp_path}/no.sock"})
    assert found.reason.endswith("no such socket")
    assert found.hint


def test_a_closed_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = unreachable({"host": f"tcp://127.0.0.1:{port}"})
    assert found.reason == f"cannot reach the Docker engine at tcp://127.0.0.1:{port}: connection refused"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nApi-Version: 1.24\r\nContent-Length: 2\r\n\r\nOK", "too old"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", "no Docker engine"),
        (b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", "wants TLS"),
        (b"SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
        (b"", "closed in the middle"),
        (b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 9\r\n\r\nOK", "closed in the middle"),
    ],
)
def test_what_answers_but_is_no_engine_for_us(answer: bytes, reason: str) -> None:
    with answering(answer) as url:
        assert reason in unreachable({"host": url}).reason


def test_tls_to_a_plain_port() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        assert "does not speak TLS" in unreachable({"host": url, "tls": {}}).reason


def test_a_machine_that_ssh_does_not_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = unreachable({"host": f"ssh://nobody@127.0.0.1:{port}"})
    assert "refused" in found.reason.lower()


def test_the_kernel_watches_over_a_connection_to_another_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        connection = open_connection(address_of({"host": f"tcp://127.0.0.1:{port}"}, {}), 5)
        with listener.accept()[0] as far:
            near = far.getpeername()[1]
            lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
            (timer,) = [line[5] for line in lines if line[1] == f"0100007F:{near:04X}"]
        connection.close()
    kind, _, hundredths = timer.partition(":")
    assert kind == "02"  # of keeping alive
    assert int(hundredths, 16) <= 1500, "a network that is gone is noticed within half a minute"
