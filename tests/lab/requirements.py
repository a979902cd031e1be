"""What a lab needs of the machine, said in one sentence when it is not there."""

import os
import shutil
from collections.abc import Mapping

from tests.lab.footprint import CGROUPS

PACKAGES = {
    "dockerd": "docker.io",
    "iptables": "iptables",
    "ip": "iproute2",
    "docker-registry": "docker-registry",
    "busybox": "busybox-static",
    "docker": "docker.io",
    "mmdebstrap": "mmdebstrap",
    "nsenter": "util-linux",
    "tc": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}
REGISTRY_COMMANDS = ("docker-registry", "busybox")
HOST_COMMANDS = ("docker", "mmdebstrap", "nsenter", "tc", "ssh", "ssh-keygen")
ENGINE_COMMANDS = ("dockerd", "iptables", "ip")


def missing_for_registry(path: str | None = None) -> str | None:
    """Why no registry can be started here, and what to do; None when it can. `path` stands in for PATH."""
    return _missing(REGISTRY_COMMANDS, path)


def missing_for_engine(path: str | None = None, user: int | None = None) -> str | None:
    """Why no engine can be started here, and what to do; None when it can."""
    if (os.geteuid() if user is None else user) != 0:
        return "starting a Docker engine needs root; or name a running one in EEVEON_TEST_DOCKER_HOST"
    if not os.access(CGROUPS, os.W_OK):
        return f"starting a Docker engine needs a writable {CGROUPS}"
    return _missing(ENGINE_COMMANDS, path)


def missing_for_hosts(path: str | None = None) -> str | None:
    """Why no Linux hosts can be started here, and what to do; None when they can."""
    return missing_for_engine(path) or _missing(HOST_COMMANDS, path)


def must_run(environment: Mapping[str, str]) -> bool:
    """In CI a missing service is a failure; elsewhere the tests that need it are skipped."""
    return environment.get("CI", "").lower() not in {"", "0", "false"}


def _missing(commands: tuple[str, ...], path: str | None) -> str | None:
    absent = [command for command in commands if shutil.which(command, path=path) is None]
    if not absent:
        return None
    packages = " ".join(PACKAGES[command] for command in absent)
    return f"{', '.join(absent)} not found; on Debian: apt-get install --no-install-recommends {packages}"
