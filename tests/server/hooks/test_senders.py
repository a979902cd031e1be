"""A header is believed only as far as trusted proxies wrote it."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, strategies as st

from eeveon.server.hooks.headers import Headers
from eeveon.server.hooks.senders import among, sender

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("::1"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.7"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.7,10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [" "], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.7:1234"], "203.0.113.7"),
        ("::1", ["[2001:db8::1]:1234"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, unknown"], None),
        ("10.0.0.1", ["203.0.113.7,"], None),
        ("", ["203.0.113.7"], None),
    ],
)
def test_the_first_address_from_the_right_that_no_trusted_proxy_has(
    peer: str, forwarded: list[str], expected: str | None
) -> None:
    headers = Headers([(b"x-forwarded-for", value.encode()) for value in forwarded])
    assert sender(peer, headers, TRUSTED) == (ip_address(expected) if expected else None)


@given(st.text(max_size=40))
def test_nothing_written_into_the_header_makes_a_stranger_a_friend(written: str) -> None:
    headers = Headers([(b"x-forwarded-for", written.encode())])
    assert str(sender("192.0.2.1", headers, TRUSTED)) == "192.0.2.1"
    sender("10.0.0.1", headers, TRUSTED)


def test_an_address_that_cannot_be_told_is_in_no_network() -> None:
    assert not among(None, [ip_network("0.0.0.0/0")])
    assert among(ip_address("192.30.252.9"), [ip_network("192.30.252.0/22")])
    assert not among(ip_address("::1"), [ip_network("0.0.0.0/0")])
