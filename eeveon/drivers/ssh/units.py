"""A service of one revision as a systemd unit. Pure.

A unit is a list of (section, key, value), so that the same rendering is written, compared with what is there, and
read back into fields. Keys that may stand several times have one entry each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eeveon.core.names import Revision, ServiceName
from eeveon.core.values import Fields, canonical
from eeveon.drivers.ssh import containers
from eeveon.drivers.ssh.names import SECTION, Names, variable_part
from eeveon.drivers.ssh.quoting import bind, command, looked_up, text
from eeveon.drivers.ssh.releases import release_folder

RESTART_PAUSE = 1  # seconds between the end of a process and its next start
GRACE = 10.0  # seconds; as the fields leave it out
STRONG = (  # what a program that serves requests does without; `hardening: false` turns all of it off
    ("NoNewPrivileges", "yes"),
    ("PrivateTmp", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectHome", "read-only"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectSystem", "full"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
)
WITHOUT_ROOT = frozenset(
    {"NoNewPrivileges", "RestrictRealtime", "RestrictSUIDSGID"}
)  # a user's manager can do these

Directive = tuple[str, str, str]  # section, key, value
Unit = tuple[Directive, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One revision of a service on one host."""

    names: Names
    service: ServiceName
    revision: Revision
    place: str
    fields: Fields
    protected: bool = False


def unit_of(build: Build) -> Unit:
    """The unit of a revision."""
    return (
        *_unit(build),
        *_service(build),
        ("Install", "WantedBy", build.names.wanted_by),
        *_identity(build),
    )


def unit_text(unit: Unit) -> str:
    """A unit as a file."""
    lines = [
        "# Written by EEveon from the specs. What is changed here is found by the next plan, and put back."
    ]
    section = ""
    for name, key, value in unit:
        if name != section:
            lines += ["", f"[{name}]"]
            section = name
        lines.append(f"{key}={value}")
    return "\n".join([*lines, ""])


def read_unit(content: str) -> Unit:
    """A unit from its file, lines that go on joined. What is no assignment is left out."""
    found: list[Directive] = []
    section, waiting = "", ""
    for line in content.split("\n"):
        whole = waiting + line
        if not waiting and (not line.strip() or line.lstrip()[0] in "#;"):
            continue
        if section != SECTION and whole.endswith("\\"):
            waiting = whole[:-1] + " "
            continue
        waiting = ""
        stripped = whole.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1]
        elif "=" in stripped:
            key, _, value = stripped.partition("=")
            found.append((section, key.strip(), value.strip()))
    return tuple(found)


def references(fields: Fields) -> tuple[str, ...]:
    """The variables that we give to an instance, which its command and its variables may name as `$(NAME)`."""
    ports: Any = fields.get("ports", {})
    names = ["EEVEON_SERVICE", "EEVEON_INSTANCE", "EEVEON_ENVIRONMENT"]
    names += [f"EEVEON_VOLUME_{variable_part(name)}" for name in volumes(fields)]
    return (*names, *(["PORT"] if ports else []), *(f"PORT_{variable_part(name)}" for name in ports))


def volumes(fields: Fields) -> dict[str, str]:
    """The named volumes of an instance, and where it sees them."""
    mounts: Any = fields.get("mounts", {})
    return {mount["volume"]: path for path, mount in mounts.items() if "volume" in mount}


def _unit(build: Build) -> Iterator[Directive]:
    scope = build.names.scope
    yield "Unit", "Description", f"{build.service} of {scope}, instance %i".replace("%%", "%")
    if build.names.manager == "system":
        yield "Unit", "After", "network.target"
    yield (
        "Unit",
        "StartLimitIntervalSec",
        "0",
    )  # a crash loop is seen by its restarts; a start is never refused


def _service(build: Build) -> Iterator[Directive]:
    fields, names = build.fields, build.names
    yield "Service", "Type", "exec"
    yield "Service", "EnvironmentFile", text_path(names, f"env/{build.service}-%i-{build.revision}.env")
    if "image" in fields:
        yield from (
            ("Service", key, value)
            for key, value in containers.directives(build.names, build.service, build.revision, fields)
        )
    else:
        yield "Service", "ExecStart", _start(build)
        yield from _process(build)
    yield (
        "Service",
        "Restart",
        {"onFailure": "on-failure", "never": "no"}.get(str(fields.get("restart")), "always"),
    )
    yield "Service", "RestartSec", str(RESTART_PAUSE)
    yield "Service", "TimeoutStopSec", f"{stop_grace(fields):g}"


def stop_grace(fields: Fields) -> float:
    """Seconds from the request to stop to the kill."""
    return float(str(fields.get("stopGrace", GRACE)))


def text_path(names: Names, path: str) -> str:
    """A path below our folder as the value of a directive that takes no quotes."""
    return names.in_unit(path)


def _start(build: Build) -> str:
    fields = build.fields
    words: Any = fields["command"]
    env: Any = fields.get("env", {})
    folder = working_folder(build)
    program = words[0]
    if "/" in program and not program.startswith("/"):
        program = f"{folder.rstrip('/')}/{program.removeprefix('./')}"
    write = looked_up if "/" not in program and "PATH" in env else command
    return write([program, *words[1:]], references(fields))


def working_folder(build: Build) -> str:
    """Where the process starts."""
    written = str(build.fields.get("workingDir", ""))
    if written.startswith("/"):
        return written
    base = release_folder(build.fields) or "/"
    return f"{base.rstrip('/')}/{written}" if written else base


def _process(build: Build) -> Iterator[Directive]:
    fields = build.fields
    folder = working_folder(build)
    if folder != "/":
        yield "Service", "WorkingDirectory", folder.replace("%", "%%")
    if "user" in fields:
        yield "Service", "User", str(fields["user"]).replace("%", "%%")
    yield from _limits(fields)
    is_root = build.names.manager == "system"
    if is_root:
        yield from _mounts(build)
    if fields.get("hardening", True):
        for key, value in STRONG:
            if is_root or key in WITHOUT_ROOT:
                yield "Service", key, value


def _limits(fields: Fields) -> Iterator[Directive]:
    limits: Any = fields.get("resources", {})
    if "cpu" in limits:
        yield "Service", "CPUQuota", f"{cpu_percent(limits['cpu']):g}%"
    if "memory" in limits:
        yield (
            "Service",
            "MemoryMax",
            str(limits["memory"]).removesuffix("i"),
        )  # systemd's K, M, G are powers of 1024


def cpu_percent(written: str) -> float:
    """Per cent of one core: 50.0 for "500m"."""
    return float(written.removesuffix("m")) / 10 if written.endswith("m") else float(written) * 100


def _mounts(build: Build) -> Iterator[Directive]:
    mounts: Mapping[str, Any] = build.fields.get("mounts", {})  # type: ignore[assignment]
    for path, mount in mounts.items():
        source = (
            build.names.in_unit(f"volumes/{mount['volume']}")
            if "volume" in mount
            else text(mount["host"])[1:-1]
        )
        yield "Service", "BindReadOnlyPaths" if mount.get("readOnly") else "BindPaths", bind(source, path)


def _identity(build: Build) -> Iterator[Directive]:
    scope = build.names.scope
    for key, value in {
        "Project": scope.project,
        "Environment": scope.environment,
        "Service": build.service,
        "Revision": build.revision,
        "Place": build.place,
        **({"Protected": "true"} if build.protected else {}),
        "Fields": canonical(build.fields),  # secrets as references
    }.items():
        yield SECTION, key, value
