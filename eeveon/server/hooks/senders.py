"""Which address a request comes from, and whether that one may send.

`X-Forwarded-For` is what anybody can write. It is believed only as far as it was written by proxies that are trusted: from
the right, past each trusted one, up to the first that is not.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from eeveon.core.controller import Network
from eeveon.server.hooks.headers import Headers

Address = IPv4Address | IPv6Address
_MOST: Final = 50  # proxies in a row; nobody has so many


def sender(peer: str, headers: Headers, trusted: Sequence[Network]) -> Address | None:
    """The address that sent the request; None where it cannot be told."""
    address = _address(peer)
    if address is None or not among(address, trusted):
        return address
    forwarded = ",".join(headers.all("x-forwarded-for"))
    if not forwarded.strip():
        return address
    for written in reversed(forwarded.split(",")[-_MOST:]):
        address = _address(written.strip())
        if address is None or not among(address, trusted):
            return address
    return address


def among(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether it is of one of these networks."""
    return address is not None and any(address in network for network in networks)


def _address(text: str) -> Address | None:
    """The address as it is written, with or without a port; one of IPv4 also where it is wrapped into IPv6."""
    bare = text.partition("]")[0].removeprefix("[") if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
