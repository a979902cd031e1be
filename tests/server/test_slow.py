"""Whoever is slow, or sends without end, holds nothing for long."""

import time

from eeveon.server.hooks.body import PATIENCE as BODY
from eeveon.server.listening import PATIENCE as HEADERS
from tests.server.hooks.samples import GITHUB
from tests.server.serving import Served

HEAD = b"POST /hooks/github/shop HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n"


def test_slow_requests_are_given_up_while_others_are_answered(served: Served) -> None:
    silent, slow_head, slow_body, second = (served.raw() for _ in range(4))
    with silent, slow_head, slow_body, second:
        began = time.monotonic()
        slow_head.sendall(HEAD)
        slow_body.sendall(HEAD + b"\r\nabc")
        second.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        told = b""
        while not told.endswith(b'{"status":"lives"}'):
            told += second.recv(4096)
        second.sendall(b"GET /healthz")
        assert served.send(GITHUB, identity="meanwhile").status == 202
        for connection in (silent, slow_head, second):
            assert connection.recv(4096) == b""
        assert HEADERS - 1 < time.monotonic() - began < HEADERS + 15
        answer = slow_body.recv(4096)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in answer
        assert BODY - 1 < time.monotonic() - began < BODY + 15
    assert [event.delivery.id for event in served.events()] == ["meanwhile"]


def test_headers_without_end_are_cut_off(served: Served) -> None:
    with served.raw() as connection:
        connection.sendall(HEAD)
        try:
            for number in range(1000):
                connection.sendall(b"x-%d: " % number + b"y" * 1000 + b"\r\n")
            assert connection.recv(4096) == b""
        except ConnectionError:  # it was cut off while we wrote
            pass


def test_a_sender_that_leaves_before_its_answer_harms_nobody(served: Served) -> None:
    for _ in range(50):
        with served.raw() as connection:
            connection.sendall(HEAD + b"\r\n" + b"x" * 100)
    assert served.send(GITHUB, identity="after").status == 202
