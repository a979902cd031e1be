"""A service with an image: its unit runs the host's podman or docker in the foreground. Pure.

So containers are watched, logged, started at boot and stopped as processes are, by the same systemd (docs/adr/0018).
The engine is handed variables by their names only, so no value is on a command line.
"""

from collections.abc import Iterator
from typing import Any

from eeveon.core.names import Revision, ServiceName
from eeveon.core.values import Fields
from eeveon.drivers.ssh.names import Names, variable_part
from eeveon.drivers.ssh.quoting import argument

ENGINE = "command -v podman || command -v docker || echo docker"
_PATH = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
MARGIN = 5  # seconds that the engine has to stop a container besides the service's own grace


def container_name(names: Names, service: ServiceName, revision: Revision, ordinal: str) -> str:
    """The name of an instance's container; `ordinal` may be a specifier."""
    return f"{names.prefix}{service}-{ordinal}-{revision}"


def directives(
    names: Names, service: ServiceName, revision: Revision, fields: Fields
) -> Iterator[tuple[str, str]]:
    """What the unit says of how the container starts and ends."""
    name = container_name(names, service, revision, "%i")
    grace = float(str(fields.get("stopGrace", 10.0)))
    yield "ExecStartPre", f"-{_engine('rm', '-f', name)}"
    yield (
        "ExecStart",
        " ".join([_engine("run", "--rm", "--name", name), *_options(names, fields), *_image(fields)]),
    )
    yield "ExecStop", f"-{_engine('stop', '-t', f'{grace:g}', name)}"
    yield "ExecStopPost", f"-{_engine('rm', '-f', name)}"


def _engine(*words: str) -> str:
    """A command of the engine. The words are ours, and may hold specifiers."""
    script = argument(f'exec "$({_PATH}; {ENGINE})" "$@"')
    return " ".join(["/bin/sh", "-c", script, "sh", *words])


def _options(names: Names, fields: Fields) -> Iterator[str]:
    ports: Any = fields.get("ports", {})
    env: Any = fields.get("env", {})
    secrets: Any = fields.get("secrets", {})
    for variable in sorted({*env, *secrets, "EEVEON_SERVICE", "EEVEON_INSTANCE", "EEVEON_ENVIRONMENT"}):
        yield f"--env {argument(variable)}"
    for name, port in ports.items():
        outside = f"${{EEVEON_HOST_PORT_{variable_part(name)}}}"
        inside = port.get("port") or outside
        yield f"-p {outside}:{inside}/{port.get('protocol', 'tcp')}"
    for path, mount in fields.get("mounts", {}).items():  # type: ignore[attr-defined]
        source = (
            names.in_unit(f"volumes/{mount['volume']}")
            if "volume" in mount
            else argument(mount["host"])[1:-1]
        )
        yield f'-v "{source}:{argument(path)[1:-1]}{":ro" if mount.get("readOnly") else ""}"'
    limits: Any = fields.get("resources", {})
    if "cpu" in limits:
        cpu = limits["cpu"]
        yield f"--cpus {float(cpu.removesuffix('m')) / 1000 if cpu.endswith('m') else float(cpu):g}"
    if "memory" in limits:
        yield f"--memory {limits['memory'].removesuffix('i').lower()}"
    if "workingDir" in fields:
        yield f"--workdir {argument(str(fields['workingDir']))}"
    if "user" in fields:
        yield f"--user {argument(str(fields['user']))}"
    if fields.get("hardening", True):
        yield "--security-opt no-new-privileges"


def _image(fields: Fields) -> Iterator[str]:
    yield argument(str(fields["image"]))
    words: Any = fields.get("command", [])
    yield from (argument(word) for word in words)
