"""Linux hosts with real systemd and sshd, as containers of an engine of the lab's own, and everything that can go wrong.

Each has an address of the engine's bridge that only this machine reaches, so every port of it is reachable and none is
taken here. Users: root, `deploy` (sudo without a password), `plain` (no sudo), `lingerer` (a user manager that always
runs). What clocks cannot do here: all hosts share the kernel's.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.lab.engine import Engine
from tests.lab.rootfs import rootfs
from tests.lab.waiting import LabError, wait_until

IMAGE = "eeveon/host:lab"
USERS = ("root", "deploy", "plain", "lingerer")
_HOMES = {"root": "/root"} | {user: f"/home/{user}" for user in USERS[1:]}
# What systemd needs in a container: its own cgroup to write to (`/lab-init` does that), and mounts for its sandboxes.
_RUN = (
    *(
        "--cap-add",
        "SYS_ADMIN",
        "--security-opt",
        "seccomp=unconfined",
        "--security-opt",
        "apparmor=unconfined",
    ),
    *("--cgroupns=private", "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec"),
    *("--stop-signal", "SIGRTMIN+3", "--env", "container=docker"),
)


@dataclass(frozen=True, slots=True)
class Host:
    """One host. What its methods do is done from outside, not over SSH."""

    engine: Engine
    name: str
    address: str  # the same after a restart: the engine gives the lowest free one

    @property
    def port(self) -> int:
        """Of its SSH server."""
        return 22

    @property
    def host_key(self) -> str:
        """Its public key: kind and base64."""
        return " ".join(self.run("cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2])

    @property
    def is_up(self) -> bool:
        """Whether its SSH server answers."""
        done = self._sh("exec 3<>/dev/tcp/127.0.0.1/22 && timeout 1 head -c 4 <&3", shell="bash")
        return done.returncode == 0 and done.stdout == "SSH-"

    def run(self, command: str, *, user: str = "root") -> str:
        """What a shell command prints. Raises LabError where it fails."""
        done = self._sh(command, user=user)
        if done.returncode:
            raise LabError(f"{self.name}: {command}: status {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout

    def try_run(self, command: str) -> int:
        """The exit status of a shell command."""
        return self._sh(command).returncode

    def write(self, path: str, content: str, *, mode: str = "644") -> None:
        """A file with this content, and its folder."""
        command = 'mkdir -p "$(dirname "$0")" && cat > "$0" && chmod "$1" "$0"'
        self._docker("exec", "-i", self.name, "sh", "-c", command, path, mode, stdin=content)

    # -- what goes wrong ----------------------------------------------------------------------------------------

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Nothing on it moves: connections are taken by the kernel, and then nothing."""
        self._docker("pause", self.name)
        try:
            yield
        finally:
            self._docker("unpause", self.name)

    @contextmanager
    def down(self) -> Iterator[None]:
        """It is switched off; afterwards it has booted again."""
        self._docker("stop", "--time", "10", self.name)
        try:
            yield
        finally:
            self.boot()

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Its cable is pulled: packets go nowhere, nobody is told."""
        self._in_its_network("ip", "link", "set", "eth0", "down")
        try:
            yield
        finally:
            self._in_its_network("ip", "link", "set", "eth0", "up")

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Its SSH server does not run; those who are connected stay so."""
        self.run("systemctl stop ssh")
        try:
            yield
        finally:
            self.run("systemctl start ssh")
            wait_until(lambda: self.is_up, seconds=30, what=f"sshd of {self.name}")

    @contextmanager
    def slow(self, rate: str = "64kbit") -> Iterator[None]:
        """What it sends comes at this rate."""
        self._in_its_network(
            *("tc", "qdisc", "add", "dev", "eth0", "root"),
            *("tbf", "rate", rate, "burst", "4kb", "latency", "500ms"),
        )
        try:
            yield
        finally:
            self._in_its_network("tc", "qdisc", "del", "dev", "eth0", "root")

    @contextmanager
    def full(self, path: str, size: str = "256k") -> Iterator[None]:
        """The folder has little room: what is in it is copied to a small disk that lies over it."""
        self.run(
            f"mkdir -p '{path}' /mnt/full && mount -t tmpfs -o size={size},mode=755 full /mnt/full && "
            f"cp -a '{path}/.' /mnt/full/ && mount --move /mnt/full '{path}' 2>/dev/null || "
            f"mount --bind /mnt/full '{path}'"
        )
        try:
            yield
        finally:
            self.run(f"umount '{path}'; umount /mnt/full 2>/dev/null; true")

    def kill_sessions(self) -> None:
        """Every SSH session ends at once; the server goes on."""
        self.try_run("pkill -KILL -f '^sshd: [^/]'")

    def new_host_key(self) -> None:
        """As after a reinstallation: another key under the same address."""
        self.run(
            "rm -f /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; "
            "systemctl restart ssh"
        )
        wait_until(lambda: self.is_up, seconds=30, what=f"sshd of {self.name}")

    def boot(self) -> None:
        """It has started, and its SSH server answers."""
        self._docker("start", self.name)
        wait_until(lambda: self.is_up, seconds=60, what=f"{self.name} to boot")

    # -- means --------------------------------------------------------------------------------------------------

    def _sh(self, command: str, *, user: str = "root", shell: str = "sh") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("docker", "-H", self.engine.url, "exec", "-u", user, self.name, shell, "-c", command),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def _in_its_network(self, *command: str) -> None:
        """Run a program of this machine in the network of the host."""
        pid = self._docker("inspect", "--format", "{{.State.Pid}}", self.name).strip()
        subprocess.run(("nsenter", f"--net=/proc/{pid}/ns/net", *command), check=True, timeout=30)

    def _docker(self, *arguments: str, stdin: str | None = None) -> str:
        return docker(self.engine, *arguments, stdin=stdin)


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
        """The public keys of the hosts as they were when they first came up."""
        return self.folder / "known_hosts"

    def up(self, count: int, *, first: int = 1, extra: Sequence[str] = ()) -> tuple[Host, ...]:
        """So many running hosts, `edge1` and so on; `extra` are further options of `docker run`."""
        self.engine.start()
        self._prepare()
        names = [f"edge{number}" for number in range(first, first + count)]
        running = docker(self.engine, "ps", "--all", "--format", "{{.Names}}").split()
        fresh = [name for name in names if name not in running]
        for name in names:
            if name in fresh:
                asked = (
                    "run",
                    "--detach",
                    "--name",
                    name,
                    "--hostname",
                    name,
                    *_RUN,
                    *extra,
                    IMAGE,
                    "/lab-init",
                )
                docker(self.engine, *asked)
            else:
                docker(self.engine, "start", name)
        hosts = tuple(Host(self.engine, name, self._address(name)) for name in names)
        for host in hosts:
            wait_until(partial(_is_up, host), seconds=60, what=f"{host.name} to boot")
            if host.name in fresh:
                self._let_in(host)
        return hosts

    def _address(self, name: str) -> str:
        (state,) = json.loads(docker(self.engine, "inspect", name))
        return str(state["NetworkSettings"]["IPAddress"])

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for key in (self.key, self.wrong_key):
            if not key.exists():
                command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(key))
                subprocess.run(command, check=True, timeout=30)
        if not docker(self.engine, "images", "--quiet", IMAGE):
            docker(self.engine, "import", str(rootfs()), IMAGE)

    def _let_in(self, host: Host) -> None:
        public = self.key.with_suffix(".pub").read_text()
        for user, home in _HOMES.items():
            host.write(f"{home}/.ssh/authorized_keys", public, mode="600")
            host.run(f"chown -R {user}: {home}/.ssh")
        with self.known_hosts.open("a") as known:
            known.write(f"{host.address} {host.host_key}\n")


def _is_up(host: Host) -> bool:
    return host.is_up


def sweep(host: Host) -> None:
    """Nothing that EEveon made is left on the host."""
    host.run(
        "systemctl list-units --all --plain --no-legend 'eeveon-*' | awk '{print $1}' | xargs -r systemctl stop; "
        "rm -rf /etc/systemd/system/eeveon-* /etc/systemd/system/*.wants/eeveon-* /etc/systemd/system.control/eeveon-* "
        "/var/lib/eeveon /srv/*; systemctl daemon-reload; systemctl reset-failed"
    )
    host.run(
        "export XDG_RUNTIME_DIR=/run/user/$(id -u); "
        "systemctl --user list-units --all --plain --no-legend 'eeveon-*' | awk '{print $1}' | "
        "xargs -r systemctl --user stop; rm -rf ~/.config/systemd/user/* ~/.local/share/eeveon ~/eeveon; "
        "systemctl --user daemon-reload; systemctl --user reset-failed; true",
        user="lingerer",
    )


def docker(engine: Engine, *arguments: str, stdin: str | None = None) -> str:
    """What the docker command prints. Raises LabError where it fails."""
    done = subprocess.run(
        ("docker", "-H", engine.url, *arguments),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    if done.returncode:
        raise LabError(f"docker {' '.join(arguments[:2])}: {done.stderr.strip()}")
    return done.stdout
