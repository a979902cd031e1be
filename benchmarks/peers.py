"""The peers that manage hosts: pyinfra and Ansible, from their own environment, over as many templates as we have units.

Each has a project in a folder of its own: a template of a unit, and an operation per unit that puts it there.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

from benchmarks.costs import CannotMeasureError, Cost, Errand, run
from benchmarks.hosts import Fleet
from tests.lab.hosts import Host

BIN = Path(sys.prefix) / "peers" / "bin"
TEMPLATE = """\
[Unit]
Description=service-{{ number }} of the peer

[Service]
Type=exec
Environment=LOG_LEVEL=info
Environment=SERVICE_NAME=service-{{ number }}
ExecStart=/usr/bin/sleep infinity
MemoryMax=64M
Restart=always

[Install]
WantedBy=multi-user.target
"""
INVENTORY = """\
edge = [("%(address)s", {
    "ssh_user": "root", "ssh_key": "%(key)s", "ssh_known_hosts_file": "%(known)s", "ssh_strict_host_key_checking": "yes",
})]
"""
OPERATIONS = """\
from pyinfra.operations import files

for number in range(%(count)d):
    files.template(
        name=f"unit {number}", src="unit.j2", dest=f"/etc/systemd/system/%(prefix)s-{number:05}.service",
        user="root", group="root", mode="644", number=number,
    )
"""
MACHINE = """\
%(address)s ansible_user=root ansible_ssh_private_key_file=%(key)s ansible_python_interpreter=/usr/local/bin/python3
"""
PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: unit
      ansible.builtin.template:
        src: unit.j2
        dest: "/etc/systemd/system/%(prefix)s-{{ '%%05d' %% number }}.service"
        owner: root
        group: root
        mode: "644"
      loop: "{{ range(%(count)d) | list }}"
      loop_control: {loop_var: number}
"""
SETTINGS = """\
[defaults]
host_key_checking = True
home = %(folder)s/home
[ssh_connection]
ssh_args = -F none -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=%(known)s
control_path = %(control)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A project that is applied, and the command that looks at it without changing anything."""

    look: Errand

    def costs(self) -> Cost:
        """What one look costs."""
        return run(self.look)


def make_pyinfra(fleet: Fleet, host: Host, folder: Path, count: int) -> Peer:
    """So many templates by pyinfra, put on the host. Raises CannotMeasureError where pyinfra is not installed."""
    program = _program("pyinfra")
    words = _words(fleet, host, count) | {"prefix": "pyinfra"}
    _write(folder, {"inventory.py": INVENTORY % words, "deploy.py": OPERATIONS % words, "unit.j2": TEMPLATE})
    environment = {"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}

    def errand(*options: str) -> Errand:
        command = (program, "inventory.py", "deploy.py", *options)
        return Errand(command=command, folder=folder, environment=environment)

    run(errand("-y"))
    return Peer(look=errand("--dry"))


def make_ansible(fleet: Fleet, host: Host, folder: Path, count: int) -> Peer:
    """So many templates by Ansible, put on the host, which is given a Python for it. Raises CannotMeasureError."""
    program = _program("ansible-playbook")
    give_python(host)
    control = folder / "ssh"
    words = _words(fleet, host, count) | {"prefix": "ansible", "folder": folder, "control": control}
    files = {
        "inventory.ini": MACHINE % words,
        "playbook.yaml": PLAYBOOK % words,
        "ansible.cfg": SETTINGS % words,
    }
    _write(folder, {**files, "unit.j2": TEMPLATE})
    environment = {"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    environment["ANSIBLE_CONFIG"] = str(folder / "ansible.cfg")

    def errand(*options: str) -> Errand:
        command = (program, "-i", "inventory.ini", "playbook.yaml", *options)
        return Errand(command=command, folder=folder, environment=environment)

    run(errand())
    return Peer(look=errand("--check", "--diff"))


def give_python(host: Host) -> None:
    """The interpreter that runs this, with its library and what they are linked to, under the same paths there."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    program, library = (Path(sys.base_prefix, folder, version) for folder in ("bin", "lib"))
    paths = [str(path).lstrip("/") for path in (program, library, *_linked(program, library))]
    leave_out = [f"--exclude={name}" for name in ("site-packages", "test", "__pycache__")]
    unpack = ("tar", "-C", "/", "-xf", "-", "--skip-old-files")
    with subprocess.Popen(("tar", "-C", "/", "-chf", "-", *leave_out, *paths), stdout=PIPE) as pack:
        done = subprocess.run(
            ("docker", "-H", host.engine.url, "exec", "-i", host.name, *unpack),
            stdin=pack.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
    if pack.returncode or done.returncode:
        raise CannotMeasureError(f"Ansible's host could not be given a Python: {done.stderr.strip()[-300:]}")
    host.run(f"ln -sfn {program} /usr/local/bin/python3 && python3 -c 'import json, zipfile'")


def _linked(program: Path, library: Path) -> list[Path]:
    """The shared libraries that an interpreter and its modules are linked to."""
    command = ("ldd", str(program), *map(str, library.glob("lib-dynload/*.so")))
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    words = [line.split() for line in said.splitlines() if " => /" in line]
    return sorted({Path(line[2]) for line in words})


def _program(name: str) -> str:
    if not (BIN / name).exists():
        raise CannotMeasureError(f"{name} is not installed; `make bench` installs it from locks/peers.txt")
    return str(BIN / name)


def _words(fleet: Fleet, host: Host, count: int) -> dict[str, object]:
    return {"address": host.address, "key": fleet.key, "known": fleet.known_hosts, "count": count}


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
