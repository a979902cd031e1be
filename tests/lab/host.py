"""One Linux host of a lab, and everything that can go wrong with it. What is done here is done from outside, not by SSH.

What goes wrong within a test is a context manager; it is undone at the end. `heal` undoes whatever a test left.
One thing cannot be had: a clock of its own. All hosts share the kernel's, and Linux has namespaces for the time since
boot only.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker.models.containers import Container

from tests.lab import watches
from tests.lab.containers import File, execute, put, talk
from tests.lab.engine import Engine
from tests.lab.keys import KeyPair
from tests.lab.network import Network
from tests.lab.waiting import LabError, wait_until

HOST_KEY = "etc/ssh/ssh_host_ed25519_key"
TIDY = Path(__file__).parent / "host/tidy"

# The disk of a host is this machine's. So a small one is laid over the folder, with what is in it; and what is there in
# the end goes back below. It is called `small`, by which `heal` finds it.
_LAY_OVER = """
set -e; folder="$0"; rm -rf /var/tmp/small; mkdir -p "$folder"; cp -a "$folder" /var/tmp/small
mount -t tmpfs -o "size=$1,mode=$(stat -c %a "$folder")" small "$folder"
chown --reference=/var/tmp/small "$folder"; cp -a /var/tmp/small/. "$folder/"; rm -rf /var/tmp/small
"""
_TAKE_AWAY = """
set -e; folder="$0"; rm -rf /var/tmp/small; cp -a "$folder" /var/tmp/small
umount --lazy "$folder"; rsync -a --delete /var/tmp/small/ "$folder/"; rm -rf /var/tmp/small
"""


@dataclass(frozen=True, slots=True)
class Host:
    """A host that was made, in whatever state it is. `folder` holds its host key."""

    engine: Engine
    name: str
    address: str  # the same for as long as the host exists
    folder: Path

    @property
    def port(self) -> int:
        """Of its SSH server."""
        return 22

    @property
    def host_key(self) -> str:
        """The public key that it was made with: kind and base64."""
        return self._first_key.public

    @property
    def is_up(self) -> bool:
        """Whether its SSH server greets."""
        try:
            with socket.create_connection((self.address, self.port), timeout=1) as wire:
                return wire.recv(4) == b"SSH-"
        except OSError:
            return False

    def run(self, command: str, *arguments: str, user: str = "root") -> str:
        """What a shell command prints; further arguments are its $0, $1, … Raises LabError where it fails."""
        with self._container() as container:
            said = execute(container, ("sh", "-c", command, *arguments), user=user)
        if said.status:
            raise LabError(f"{self.name}: {command}: status {said.status}: {said.errors or said.output}")
        return said.output

    def try_run(self, command: str) -> int:
        """The exit status of a shell command."""
        with self._container() as container:
            return execute(container, ("sh", "-c", command), user="root").status

    def write(self, path: str, content: str, *, mode: int = 0o644) -> None:
        """A file of root with this content, and its folder."""
        self.run('mkdir -p "$(dirname "$0")"', path)
        with self._container() as container:
            put(container, {path.removeprefix("/"): File(text=content, mode=mode)})

    # -- on and off ---------------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Switch it on if it is off. Its disk is as it was, /run and /tmp are empty; it lets users in when this returns."""
        with self._container() as container:
            container.start()
        self.await_boot()

    def await_boot(self) -> None:
        """Return when its SSH server greets, and boot has come so far that not only root is let in."""
        try:
            wait_until(lambda: self.is_up, seconds=60, what=f"sshd of {self.name} to greet on {self.address}")
            wait_until(self._lets_in, seconds=60, what=f"{self.name} to let users in")
        except LabError as error:
            raise LabError(f"{error}; {watches.in_words()}") from error

    def shut_down(self) -> None:
        """Switch it off as an administrator does: units are stopped in order."""
        with self._container() as container:
            container.stop(timeout=30)

    def power_off(self) -> None:
        """Pull its plug: no process learns of it."""
        with self._container() as container:
            container.kill()

    def reboot(self) -> None:
        """Shut it down and boot it."""
        self.shut_down()
        self.boot()

    # -- what goes wrong ----------------------------------------------------------------------------------------

    @contextmanager
    def down(self) -> Iterator[None]:
        """It is switched off; afterwards it has booted again."""
        self.shut_down()
        try:
            yield
        finally:
            self.boot()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Nothing on it moves: connections are taken by the kernel, and then nothing."""
        self.pause()
        try:
            yield
        finally:
            self.unpause()

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Packets from and to it go nowhere, nobody is told: connections hang, and go on afterwards if they still can."""
        self.cut()
        try:
            yield
        finally:
            self.mend()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Its SSH server does not run; those who are connected stay so."""
        self.run("systemctl stop ssh.service")
        try:
            yield
        finally:
            self.run("systemctl start ssh.service")
            wait_until(lambda: self.is_up, seconds=30, what=f"sshd of {self.name}")

    @contextmanager
    def slow(self, rate: str = "64kbit") -> Iterator[None]:
        """At most so many bits a second come and go, in tc's words."""
        self._network().slow(rate)
        try:
            yield
        finally:
            self._network().fast()

    @contextmanager
    def full(self, path: str, size: str = "256k") -> Iterator[None]:
        """The folder and all below it have a small disk, with what was in them; what is written to it stays afterwards."""
        self.fill_disk(path, size)
        try:
            yield
        finally:
            self.free_disk(path)

    def pause(self) -> None:
        """Let it hang until `unpause`."""
        with self._container() as container:
            container.pause()

    def unpause(self) -> None:
        """Let it go on as if nothing had been."""
        with self._container() as container:
            container.unpause()

    def cut(self) -> None:
        """Lose its packets until `mend`, or until it boots."""
        self._network().cut()

    def mend(self) -> None:
        """Lose no packets any more."""
        self._network().mend()

    def fill_disk(self, path: str, size: str = "256k") -> None:
        """Give the folder a small disk until `free_disk`. A boot in between brings back what was there before."""
        self.run(_LAY_OVER, path, size)

    def free_disk(self, path: str) -> None:
        """Give the folder its disk back, with what is in it now."""
        self.run(_TAKE_AWAY, path)

    def kill_sessions(self) -> None:
        """Every SSH session ends at once; the server goes on."""
        self.try_run("pkill -KILL -f '^sshd: [^/]'")

    def new_host_key(self) -> None:
        """As after a reinstallation: another key under the same address."""
        self._present(KeyPair(self.folder / "other_key").replaced())

    def old_host_key(self) -> None:
        """The key that known_hosts has, again."""
        self._present(self._first_key)

    # -- afterwards ---------------------------------------------------------------------------------------------

    def heal(self) -> None:
        """Nothing of the above is wrong with it any more."""
        with self._container() as container:
            if container.status == "paused":
                container.unpause()
            container.start()  # changes nothing when it runs
        self._network().mend()
        self._network().fast()
        for path in self._small_disks():
            self.free_disk(path)
        if self.run(f"cat /{HOST_KEY}.pub").strip() != self.host_key:
            self.old_host_key()
        self.run("systemctl start ssh.service")
        self.await_boot()

    def _present(self, key: KeyPair) -> None:
        with self._container() as container:
            put(container, key_files(key))
        self.run("systemctl reset-failed ssh.service; systemctl restart ssh.service")
        wait_until(lambda: self.is_up, seconds=30, what=f"sshd of {self.name}")

    def _lets_in(self) -> bool:
        return self.try_run("test ! -e /run/nologin") == 0

    def _small_disks(self) -> tuple[str, ...]:
        mounts = (line.split() for line in self.run("cat /proc/mounts").splitlines())
        return tuple(point for device, point, *_ in mounts if device == "small")

    @property
    def _first_key(self) -> KeyPair:
        return KeyPair(self.folder / "host_key")

    def _network(self) -> Network:
        with self._container() as container:
            return Network(container.attrs["State"]["Pid"])

    @contextmanager
    def _container(self) -> Iterator[Container]:
        with talk(self.engine.url) as client:
            yield client.containers.get(self.name)


def key_files(key: KeyPair) -> dict[str, File]:
    """The files by which an SSH server presents a key."""
    return {
        HOST_KEY: File(text=key.path.read_text(), mode=0o600),
        f"{HOST_KEY}.pub": File(text=f"{key.public}\n"),
    }


def sweep(host: Host) -> None:
    """Nothing that EEveon made is left on the host: units eeveon-*, also of users, its folders, /srv."""
    host.run(TIDY.read_text())
