"""A Docker engine of our own: `dockerd` started by hand, all of it inside one folder."""

import http.client
import json
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.lab.footprint import Footprint, addresses_in_use, make_bridge
from tests.lab.ports import one_at_a_time, unnamed_ports
from tests.lab.processes import is_alive, pid_in, send, spawn
from tests.lab.waiting import LabError, wait_until

# 198.18.0.0/15 is set aside for tests of network gear (RFC 2544), so nobody routes it. Cut into 16 slots, one an
# engine: 30 user-defined networks of 126 addresses in the lower half, the default bridge in the upper one.
SLOTS = tuple(
    (f"198.{18 + n // 8}.{n % 8 * 32}.0/20", f"198.{18 + n // 8}.{n % 8 * 32 + 16}.1/20") for n in range(16)
)

# An engine publishes on ports of its own: those of one range would go from engine to engine as they are given back,
# and whoever asks one engine would hear another. An engine reads the range once, as it starts.
FIRST_PORT, PORTS_OF_A_SLOT = 4_000, 375


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine. `folder` must be short: the kernel allows a socket's path 107 characters."""

    folder: Path

    @property
    def url(self) -> str:
        """What DOCKER_HOST would be."""
        return f"unix://{self._socket}"

    @property
    def pool(self) -> str:
        """The addresses for user-defined networks, known from the first start on."""
        (pool,) = json.loads(self._settings.read_text())["default-address-pools"]
        return str(pool["base"])

    @property
    def ports(self) -> range:
        """Where the ports are that this engine finds for `publish: auto`."""
        slot = next(n for n, (pool, _) in enumerate(SLOTS) if pool == self.pool)
        first = FIRST_PORT + slot * PORTS_OF_A_SLOT
        return range(first, first + PORTS_OF_A_SLOT)

    @property
    def footprint(self) -> Footprint:
        """What this engine leaves on the machine."""
        return Footprint(self.folder)

    @property
    def pid(self) -> int | None:
        """The engine's process, or None."""
        pid = pid_in(self._pidfile)
        return pid if is_alive(pid) else None

    def start(self) -> None:
        """Start the engine, the first time or again, and return when it answers."""
        if self.answers():
            return
        self._prepare()
        self._forget_the_dead()
        group = self.footprint.cgroup / "engine"
        group.mkdir(parents=True, exist_ok=True)
        command = ["dockerd", "--config-file", str(self._settings)]
        with unnamed_ports(self.ports):
            spawn(command, pidfile=self._pidfile, log=self._log, cgroup=group)
            try:
                wait_until(self._answers_or_died, seconds=60, what=f"the engine to answer on {self.url}")
            except LabError as error:
                raise LabError(f"{error}\n{self._last_words()}") from error
        if not self.answers():
            raise LabError(f"the engine died at its start\n{self._last_words()}")

    def stop(self) -> None:
        """End the engine politely; under live-restore, the setting here, its containers go on running."""
        send(self._pidfile, signal.SIGTERM, seconds=60)

    def kill(self) -> None:
        """`kill -9`: nothing is written, nothing is closed."""
        send(self._pidfile, signal.SIGKILL, seconds=10)

    def configure(self, settings: dict[str, object]) -> None:
        """Start the engine again with other entries in its `daemon.json`, such as `{"live-restore": False}`."""
        self.stop()
        self._settings.write_text(json.dumps(json.loads(self._settings.read_text()) | settings, indent=2))
        self.start()

    def down(self) -> None:
        """Leave nothing, neither of the engine nor of its containers, whatever state it is in."""
        if self.answers():
            self.sweep()
            self.stop()
        self.footprint.erase()

    def answers(self) -> bool:
        """Whether the engine answers a ping now."""
        try:
            return self._call("GET", "/_ping") == b"OK"
        except OSError:
            return False

    def sweep(self) -> None:
        """Remove every container, network and volume; images stay."""
        for container in json.loads(self._call("GET", "/containers/json?all=1")):
            self._call("DELETE", f"/containers/{container['Id']}?force=1&v=1")
        for network in json.loads(self._call("GET", '/networks?filters={"type":["custom"]}')):
            self._call("DELETE", f"/networks/{network['Id']}")
        for volume in json.loads(self._call("GET", "/volumes"))["Volumes"] or ():
            self._call("DELETE", f"/volumes/{volume['Name']}?force=1")

    @property
    def _socket(self) -> Path:
        return self.folder / "docker.sock"

    @property
    def _pidfile(self) -> Path:
        return self.folder / "engine.pid"

    @property
    def _settings(self) -> Path:
        return self.folder / "daemon.json"

    @property
    def _log(self) -> Path:
        return self.folder / "engine.log"

    def _prepare(self) -> None:
        """Folder, bridge and settings; all kept as they are when the engine only starts again."""
        if self._settings.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with one_at_a_time():
            pool, bridge_address = _free_slot()
            make_bridge(self.footprint.bridge, bridge_address)
        self._settings.write_text(json.dumps(self._engine_settings(pool), indent=2))

    def _engine_settings(self, pool: str) -> dict[str, object]:
        return {
            "hosts": [self.url],
            "data-root": str(self.folder / "data"),
            "exec-root": str(self.folder / "exec"),
            "pidfile": str(self.folder / "docker.pid"),
            "storage-driver": "overlay2",
            "exec-opts": ["native.cgroupdriver=cgroupfs"],
            "cgroup-parent": f"/{self.footprint.name}",
            "containerd-namespace": self.footprint.name,
            "bridge": self.footprint.bridge,
            "default-address-pools": [{"base": pool, "size": 25}],
            "iptables": False,
            "ip-forward": False,
            "ip-masq": False,
            "live-restore": True,
            **self._identity_settings(),
        }

    def _identity_settings(self) -> dict[str, object]:
        """Engine 20 keeps its id in /etc/docker unless told, so all engines of a machine share it; later ones refuse
        the key, and keep the id in their own folder."""
        version = subprocess.run(
            ["dockerd", "--version"], check=True, capture_output=True, text=True, timeout=30
        )
        return (
            {"deprecated-key-path": str(self.folder / "key.json")} if "version 20." in version.stdout else {}
        )

    def _forget_the_dead(self) -> None:
        """After a kill, the engine takes a zombie for the running containerd of its note, and waits for it in vain."""
        for note in (self.folder / "docker.pid", self.folder / "exec/containerd/containerd.pid"):
            if not is_alive(pid_in(note)):
                note.unlink(missing_ok=True)

    def _answers_or_died(self) -> bool:
        return self.answers() or self.pid is None

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text().splitlines()[-15:])

    def _call(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection("docker")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.settimeout(60)
            wire.connect(str(self._socket))
            connection.sock = wire
            connection.request(method, path.replace('"', "%22"))
            answer = connection.getresponse()
            body = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise LabError(f"the engine answered {method} {path} with {answer.status}: {body.decode()}")
        return body


@dataclass(frozen=True, slots=True)
class BorrowedEngine:
    """A real engine that the environment names. It is used and left alone: never stopped, never swept."""

    url: str


def _free_slot() -> tuple[str, str]:
    taken = addresses_in_use()
    for pool, bridge_address in SLOTS:
        if bridge_address not in taken:
            return pool, bridge_address
    raise LabError("16 labs are up on this machine; bring one down with `python -m tests.lab down`")
