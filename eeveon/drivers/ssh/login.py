"""A connection of fabric's to one host, checked and logged in. Raises what paramiko and the sockets raise."""

import socket
from typing import Any

from fabric import Config, Connection
from paramiko import BadHostKeyException

from eeveon.drivers.ssh.hosts import Access, Host
from eeveon.drivers.ssh.keys import identity
from eeveon.drivers.ssh.trust import changed, trust

DEAD_AFTER = 20_000  # milliseconds until what was sent and not acknowledged ends the connection


def connect(host: Host, access: Access) -> Any:
    """An open connection. The user's ssh_config is not read: what a plan acts on stands in the specs."""
    seconds = access.connect.total_seconds()
    usual = {
        "timeout": seconds,
        "banner_timeout": seconds,
        "auth_timeout": seconds,
        "channel_timeout": seconds,
        **identity(access),
    }
    if access.jump is None:
        sock = _sock(host.address, host.port, seconds)
        return _open(host, access, {**usual, "sock": sock})
    jump = access.jump
    gate = Host(name=jump.address, address=jump.address, port=jump.port, user=jump.user or host.user)
    first = _open(gate, access, {**usual, "sock": _sock(gate.address, gate.port, seconds)})
    try:
        return _open(host, access, usual, gateway=first)
    except BaseException:
        first.close()
        raise


def _open(host: Host, access: Access, arguments: dict[str, Any], gateway: Any = None) -> Any:
    connection = Connection(
        host.address,
        user=host.user or None,
        port=host.port,
        config=Config(lazy=True, overrides={"load_ssh_configs": False}),
        gateway=gateway,
        connect_kwargs=arguments,
    )
    where = ""
    try:
        where = trust(connection.client, host, access.known_hosts)
        connection.open()
    except BaseException as error:
        connection.close()
        if "sock" in arguments:
            arguments["sock"].close()
        if isinstance(error, BadHostKeyException):
            raise changed(host, error.key, error.expected_key, where) from error
        raise
    return connection


def _sock(address: str, port: int, seconds: float) -> socket.socket:
    """A connection that sends what it has at once, and notices when nobody is there any more."""
    sock = socket.create_connection((address, port), timeout=seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER)
    return sock
