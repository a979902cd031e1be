"""Faults of one host's network, made in that host's own namespace and on its own link: no rule of this machine changes.

This kernel has no netem. The rate is by tbf; latency, and cuts at any byte, are by `tests.lab.relay`.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.lab.waiting import LabError

LINK = "eth0"  # what the engine calls a container's own end


@dataclass(frozen=True, slots=True)
class Network:
    """The network namespace of a process."""

    pid: int

    def cut(self) -> None:
        """Drop every packet both ways, without a word: connections hang, as behind a dead switch."""
        for chain, way in (("INPUT", "-i"), ("OUTPUT", "-o")):
            self._inside("iptables", "-w", "-I", chain, way, LINK, "-j", "DROP")

    def mend(self) -> None:
        """Let packets pass again; connections that have not given up go on."""
        for chain in ("INPUT", "OUTPUT"):
            self._inside("iptables", "-w", "-F", chain)

    def slow(self, rate: str) -> None:
        """At most so many bits a second each way, in tc's words: `1mbit`."""
        limit = ("root", "tbf", "rate", rate, "burst", "4kb", "latency", "500ms")
        self._inside("tc", "qdisc", "replace", "dev", LINK, *limit)
        _run("tc", "qdisc", "replace", "dev", self._peer(), *limit)

    def fast(self) -> None:
        """As fast as it goes, again."""
        if "tbf" in self._inside("tc", "qdisc", "show", "dev", LINK):
            self._inside("tc", "qdisc", "delete", "dev", LINK, "root")
            _run("tc", "qdisc", "delete", "dev", self._peer(), "root")

    def _peer(self) -> str:
        """This machine's end of the link, through which the bridge sends to the host."""
        described = self._inside("ip", "-o", "link", "show", LINK)  # 7: eth0@if8: <BROADCAST…
        index = described.partition("@if")[2].partition(":")[0]
        for link in Path("/sys/class/net").iterdir():
            if (link / "ifindex").exists() and (link / "ifindex").read_text().strip() == index:
                return link.name
        raise LabError(f"{LINK} of process {self.pid} has no other end on this machine")

    def _inside(self, *command: str) -> str:
        return _run("nsenter", f"--net=/proc/{self.pid}/ns/net", *command)


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
