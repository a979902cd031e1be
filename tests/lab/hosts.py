"""Linux hosts with real systemd and sshd, as containers of an engine of the lab's own, and what opens them.

Each has an address of a bridge that only this machine reaches, so every port of it is reachable and none is taken here;
it keeps the address for good, and hosts know each other by name. Users: root, `deploy` (sudo without a password),
`plain` (no sudo), `lingerer` (a user manager that always runs).
"""

import ipaddress
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import ImageNotFound, NotFound
from docker.types import IPAMConfig, IPAMPool, Mount

from tests.lab.containers import File, put, talk
from tests.lab.engine import BorrowedEngine, Engine
from tests.lab.host import Host, key_files, sweep
from tests.lab.keys import KeyPair
from tests.lab.rootfs import rootfs
from tests.lab.waiting import LabError

__all__ = ["USERS", "Host", "Hosts", "sweep"]

USERS = ("root", "deploy", "plain", "lingerer")
_IDS = {"root": 0, "deploy": 1000, "plain": 1001, "lingerer": 1002}  # as `host/setup` gives them
_NETWORK = "hosts"
# SYS_ADMIN for mounts and cgroups, without which systemd does not run; the others for what units may ask.
_CAPABILITIES = ("SYS_ADMIN", "NET_ADMIN", "SYS_NICE", "SYS_PTRACE")
_IN_MEMORY = {"/run": "", "/run/lock": "", "/tmp": "exec"}
_ENGINE_INSIDE = "/mnt/engine"
# The link is made at each boot, since /run begins empty; to a folder, since a restarted engine has another socket.
_DOCKER_LINK = f"L+ /run/docker.sock - - - - {_ENGINE_INSIDE}/docker.sock\n"


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts of one engine, and what is needed to log in: a key that they know, one that they do not, their keys."""

    engine: Engine
    folder: Path

    @property
    def key(self) -> Path:
        """The private key that every user of every host lets in."""
        return self.folder / "key"

    @property
    def wrong_key(self) -> Path:
        """A private key that nobody knows."""
        return self.folder / "wrong_key"

    @property
    def known_hosts(self) -> Path:
        """The public keys that the hosts were made with."""
        return self.folder / "known_hosts"

    def up(self, count: int, *, docker_of: Engine | BorrowedEngine | None = None) -> tuple[Host, ...]:
        """So many running hosts, `edge1` and so on; those that exist are booted, and else stay as they are.

        With `docker_of`, an engine that runs on this machine, `docker` on the new ones speaks to it.
        """
        return self._up(tuple(f"edge{number}" for number in range(1, count + 1)), docker_of)

    def add(self, name: str, *, docker_of: Engine | BorrowedEngine | None = None) -> Host:
        """One more host, of this name."""
        (host,) = self._up((name,), docker_of)
        return host

    def remove(self, host: Host) -> None:
        """Take a host away, with its disk."""
        with talk(self.engine.url) as client:
            client.containers.get(host.name).remove(force=True, v=True)
        shutil.rmtree(host.folder)
        self._note_keys()

    def all(self) -> tuple[Host, ...]:
        """Every host that was made and not removed."""
        return tuple(self._host(note.parent.name) for note in sorted(self.folder.glob("*/address")))

    def environment(self) -> dict[str, str]:
        """What a shell exports to log in; nothing without hosts."""
        addresses = " ".join(host.address for host in self.all())
        if not addresses:
            return {}
        return {
            "EEVEON_LAB_HOSTS": addresses,
            "EEVEON_LAB_KEY": str(self.key),
            "EEVEON_LAB_KNOWN_HOSTS": str(self.known_hosts),
        }

    def down(self) -> None:
        """Leave nothing of them, nor of their engine."""
        self.engine.down()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _up(self, names: tuple[str, ...], docker_of: Engine | BorrowedEngine | None) -> tuple[Host, ...]:
        self._prepare()
        with talk(self.engine.url) as client:
            made = {container.name for container in client.containers.list(all=True)}
        new = [name for name in names if name not in made]
        unknown = [name for name in new if not (self.folder / name).exists()]
        for name, address in zip(unknown, self._free_addresses(), strict=False):
            KeyPair(self.folder / name / "host_key").made()
            (self.folder / name / "address").write_text(address)
        self._note_keys()
        hosts = tuple(map(self._host, names))
        with ThreadPoolExecutor(max_workers=8) as together:
            list(together.map(lambda name: self._create(self._host(name), docker_of), new))
            list(together.map(Host.boot, hosts))
        return hosts

    def _prepare(self) -> None:
        """Tree, engine, image, network and keys."""
        tree = rootfs()
        self.engine.start()
        for key in (self.key, self.wrong_key):
            KeyPair(key).made()
        with talk(self.engine.url) as client:
            _import(client, tree)
            _make_network(client, self._subnet)

    def _create(self, host: Host, docker_of: Engine | BorrowedEngine | None) -> None:
        with talk(self.engine.url) as client:
            endpoint = client.api.create_endpoint_config(ipv4_address=host.address)
            container = client.containers.create(
                _image(rootfs()),
                name=host.name,
                hostname=host.name,
                network=_NETWORK,
                networking_config={_NETWORK: endpoint},
                cap_add=list(_CAPABILITIES),
                security_opt=["seccomp=unconfined", "apparmor=unconfined"],
                cgroupns="private",
                tmpfs=_IN_MEMORY,
                mounts=_docker_mounts(docker_of),
                restart_policy={"Name": "always"},  # so that it can reboot itself
                stop_signal="SIGRTMIN+3",  # systemd's word for halt
            )
            put(container, self._keys_of_users() | key_files(KeyPair(host.folder / "host_key")))
            if docker_of:
                put(container, {"etc/tmpfiles.d/docker.conf": File(text=_DOCKER_LINK)})

    def _keys_of_users(self) -> dict[str, File]:
        text = f"{KeyPair(self.key).public}\n"
        homes = {user: "root" if user == "root" else f"home/{user}" for user in USERS}
        return {
            f"{home}/.ssh/authorized_keys": File(text=text, mode=0o600, owner=_IDS[user])
            for user, home in homes.items()
        }

    def _host(self, name: str) -> Host:
        folder = self.folder / name
        return Host(self.engine, name, (folder / "address").read_text(), folder)

    def _note_keys(self) -> None:
        self.known_hosts.write_text("".join(f"{host.address} {host.host_key}\n" for host in self.all()))

    @property
    def _subnet(self) -> ipaddress.IPv4Network:
        """The last 254 addresses of the engine's pool; it gives them away from the first on."""
        *_, last = ipaddress.IPv4Network(self.engine.pool).subnets(new_prefix=24)
        return last

    def _free_addresses(self) -> Iterator[str]:
        taken = {host.address for host in self.all()}
        _gateway, *others = map(str, self._subnet.hosts())
        return (address for address in others if address not in taken)


def _image(tree: Path) -> str:
    return f"eeveon/host:{tree.stem}"


def _import(client: docker.DockerClient, tree: Path) -> None:
    name, _, tag = _image(tree).partition(":")
    try:
        client.images.get(f"{name}:{tag}")
    except ImageNotFound:
        changes = ["ENV container=docker", 'CMD ["/init"]']
        client.api.import_image_from_file(str(tree), repository=name, tag=tag, changes=changes)


def _make_network(client: docker.DockerClient, subnet: ipaddress.IPv4Network) -> None:
    try:
        client.networks.get(_NETWORK)
    except NotFound:
        pool = IPAMPool(subnet=str(subnet), gateway=str(next(subnet.hosts())))
        client.networks.create(_NETWORK, driver="bridge", ipam=IPAMConfig(pool_configs=[pool]))


def _docker_mounts(engine: Engine | BorrowedEngine | None) -> list[Mount]:
    """This machine's docker program, and the folder of the engine's socket without what is mounted below it."""
    if engine is None:
        return []
    program = shutil.which("docker")
    if program is None:
        raise LabError("docker not found; hosts that run containers borrow it from this machine")
    folder = Mount(_ENGINE_INSIDE, str(Path(engine.url.removeprefix("unix://")).parent), type="bind")
    folder["BindOptions"] = {"NonRecursive": True}
    return [Mount("/usr/local/bin/docker", program, type="bind", read_only=True), folder]
