"""The relay carries, delays, is silent and is cut as it says; between sockets of this machine."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.lab.relay import Relay, relay_to


@pytest.fixture
def relay() -> Iterator[Relay]:
    """To a server that sends everything back."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        with relay_to("127.0.0.1", listener.getsockname()[1]) as relay:
            yield relay
        listener.shutdown(socket.SHUT_RDWR)


def serve(listener: socket.socket) -> None:
    while True:
        try:
            wire, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=echo, args=(wire,), daemon=True).start()


def echo(wire: socket.socket) -> None:
    with wire:
        try:
            while piece := wire.recv(65536):
                wire.sendall(piece)
        except OSError:
            return


def connected(relay: Relay) -> socket.socket:
    return socket.create_connection(("127.0.0.1", relay.port), timeout=5)


def echoed(wire: socket.socket, sent: bytes) -> bytes:
    wire.sendall(sent)
    back = b""
    while len(back) < len(sent) and (piece := wire.recv(65536)):
        back += piece
    return back


def told(relay: Relay) -> bytes:
    with connected(relay) as wire:
        return wire.recv(1)


def echo_for_ever(wire: socket.socket) -> None:
    while True:
        wire.sendall(bytes(400))
        wire.recv(65536)


def test_what_is_sent_comes_back_and_is_counted(relay: Relay) -> None:
    sent = bytes(range(256)) * 4000
    with connected(relay) as wire:
        assert echoed(wire, sent) == sent
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(1) == b""  # the end is carried too, both ways
    assert relay.passed == len(sent)


def test_latency_is_added_each_way(relay: Relay) -> None:
    relay.latency = 0.15
    with connected(relay) as wire:
        began = time.monotonic()
        assert echoed(wire, b"ping") == b"ping"
        assert 0.3 <= time.monotonic() - began < 3


@pytest.mark.parametrize("left", [0, 1, 1000])
def test_no_byte_too_many_reaches_the_server(relay: Relay, left: int) -> None:
    with connected(relay) as wire:
        assert echoed(wire, b"first") == b"first"
        relay.left = left
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            echo_for_ever(wire)
    assert relay.passed == 5 + left
    with connected(relay) as wire:
        assert echoed(wire, b"again") == b"again"


def test_a_cut_resets_or_closes_all_connections(relay: Relay) -> None:
    with connected(relay) as one, connected(relay) as two:
        assert (echoed(one, b"1"), echoed(two, b"2")) == (b"1", b"2")
        relay.cut()
        for wire in (one, two):
            with pytest.raises(ConnectionResetError):
                wire.recv(1)
    relay.reset = False
    with connected(relay) as wire:
        assert echoed(wire, b"3") == b"3"
        relay.cut()
        assert wire.recv(1) == b""


def test_a_silent_relay_carries_nothing_and_stays_open(relay: Relay) -> None:
    with connected(relay) as wire:
        assert echoed(wire, b"before") == b"before"
        relay.silent = True
        wire.settimeout(0.3)
        with pytest.raises(TimeoutError):
            echoed(wire, b"into the void")


def test_a_server_that_takes_nobody_is_a_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with relay_to("127.0.0.1", port) as relay, pytest.raises(ConnectionResetError):
        told(relay)


def test_who_is_sent_away_is_told_so_and_comes_through_later(relay: Relay) -> None:
    relay.carries = False
    assert told(relay) == b""
    relay.carries = True
    with connected(relay) as wire:
        assert echoed(wire, b"hello") == b"hello"
