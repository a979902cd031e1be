"""Brings one instance with a process to one rung of its ladder: absent, stopped, running. Pure but for the line.

Each is one script under the lock of the object. What is written is written under the lock of the scope, all files of
the object or, by the next attempt, all of them; then that lock is let go, since starting and stopping can take long.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from eeveon.core.names import ObjectId
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.plan import Effect
from eeveon.core.wanted import WantedObject
from eeveon.drivers.ssh import scripts_of_units as texts
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.looking import Look, functions, look_of
from eeveon.drivers.ssh.names import Parts, parts_of, variable_part
from eeveon.drivers.ssh.observed import Place, instance
from eeveon.drivers.ssh.quoting import assignment
from eeveon.drivers.ssh.script import Raw, Word, fill, joined, locked, rooted, variable
from eeveon.drivers.ssh.units import Build, unit_of, unit_text, volumes
from eeveon.errors import ActionRefused, TargetUnreachable

FIRST_PORT, PORTS = 20000, 10000  # allocated from here, so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One effect on one host. `secrets` are the values that the object needs, by variable."""

    place: Place
    line: Line
    effect: Effect
    fence: int
    timeout: timedelta
    secrets: Mapping[str, str]


def perform(job: Job) -> ObservedObject | None:
    """The instance as it is after the effect; None if it is then absent. Raises the three target errors."""
    parts = parts_of(job.effect.object)
    if parts is None:
        raise ActionRefused(f"{job.effect.object} is no instance of ours")
    body = "\n".join((functions(job.place.names), _head(job, parts), _body(job, parts), _look(job, parts)))
    output = job.line.run(_locked(job, parts, body), job.timeout)
    return seen(job.place, output.stdout, job.effect.object)


def seen(place: Place, stdout: str, object_id: ObjectId) -> ObservedObject | None:
    """One instance from the output of a script that looked at it alone."""
    try:
        look: Look = look_of(stdout)
    except (KeyError, ValueError) as error:
        raise TargetUnreachable(f"{place.host} answers in an unknown form: {error!r}") from error
    text = look.records.get(object_id.name)
    if text is None:
        return None
    record = dict(line.partition(" ")[::2] for line in text.split("\n") if line)
    return instance(place, look, object_id, record)


def _locked(job: Job, parts: Parts, body: str) -> str:
    scope = job.place.names.scope
    return locked(
        body,
        scope=(scope.project, scope.environment),
        root=job.place.names.root,
        fence=job.fence,
        key=f"{parts.service}-{parts.ordinal}",
    )


def _head(job: Job, parts: Parts) -> Raw:
    names = job.place.names
    return fill(
        texts.HEAD,
        units=names.unit_folder,
        runtime=names.runtime_folder,
        name=job.effect.object.name,
        template=names.template(parts.service, parts.revision),
        unit=names.unit(parts.service, parts.revision, parts.ordinal),
        wants=joined((names.unit_folder, f"/{names.wanted_by}.wants")),
        root=rooted(names.root),
    )


def _look(job: Job, parts: Parts) -> Raw:
    names = job.place.names
    return fill(
        texts.LOOK,
        unit=names.unit(parts.service, parts.revision, parts.ordinal),
        template=names.template(parts.service, parts.revision),
        name=job.effect.object.name,
    )


def _body(job: Job, parts: Parts) -> str:
    effect = job.effect
    match effect.condition:
        case Condition.RUNNING | Condition.SERVING:
            install = _install(job, parts, effect.wanted) if effect.wanted else Raw(texts.MUST_EXIST)
            return f"{install}\n{texts.START}"
        case Condition.STOPPED:
            install = _install(job, parts, effect.wanted) if effect.wanted else Raw("")
            return f"{install}\n{texts.STOP}"
        case Condition.ABSENT:
            return texts.REMOVE
        case _:
            raise ActionRefused(f"{effect.object} cannot be brought to {effect.condition}: that is no aim")


def _install(job: Job, parts: Parts, wanted: WantedObject) -> Raw:
    """Everything that the instance is, on the host: folders, ports, unit, environment, record."""
    ports: Any = wanted.fields.get("ports", {})
    numbers = {name: variable(f"p{index}") for index, name in enumerate(ports)}
    build = Build(
        names=job.place.names,
        service=parts.service,
        revision=parts.revision,
        place=job.place.host.name,
        fields=wanted.fields,
        protected=wanted.protected,
    )
    allocated = "\n".join(_port(parts, index, name, port) for index, (name, port) in enumerate(ports.items()))
    image = str(wanted.fields.get("image", ""))
    return fill(
        texts.INSTALL,
        volumes=Raw("\n".join(_volume(name, wanted) for name in volumes(wanted.fields))),
        image=Raw(fill(texts.PULL, image=image) if image else ""),
        ports=Raw(allocated),
        unit_text=unit_text(unit_of(build)),
        env=joined(_environment(job, parts, wanted, numbers)),
        record=joined(_record(job, parts, numbers)),
    )


def _volume(name: str, wanted: WantedObject) -> str:
    user = "" if "image" in wanted.fields else str(wanted.fields.get("user", ""))
    return fill(texts.VOLUME, name=name, user=user)


def _port(parts: Parts, index: int, name: str, port: Mapping[str, Any]) -> str:
    """The number of one port, kept in the variable `p<index>`."""
    fixed = port.get("publish") or ("" if "publish" in port else port.get("port", ""))
    first = FIRST_PORT + (hash_of(f"{parts.service}\0{parts.ordinal}\0{parts.revision}\0{name}") % PORTS)
    protocol = port.get("protocol", "tcp")
    call = fill(
        "port_of {name} {fixed} {first} {protocol}",
        name=name,
        fixed=str(fixed),
        first=first,
        protocol=protocol,
    )
    return f"{call}; p{index}=$port"


def hash_of(text: str) -> int:
    """A number for a text, the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _environment(job: Job, parts: Parts, wanted: WantedObject, numbers: Mapping[str, Raw]) -> list[Word]:
    """The environment file in pieces: what we say, what the service says, its secrets. The last one wins."""
    ours = _ours(job, parts, wanted, numbers)
    env: Any = wanted.fields.get("env", {})
    pieces: list[Word] = []
    for name, value in ours.items():
        pieces += [f'{name}="', value, '"\n']
    for name, value in env.items():
        pieces += _expanded(assignment(name, value), ours)
    pieces += [assignment(name, value) for name, value in job.secrets.items()]
    return pieces


def _ours(job: Job, parts: Parts, wanted: WantedObject, numbers: Mapping[str, Raw]) -> dict[str, Word]:
    names = job.place.names
    known: dict[str, Word] = {
        "EEVEON_SERVICE": parts.service,
        "EEVEON_INSTANCE": job.effect.object.name,
        "EEVEON_ENVIRONMENT": names.scope.environment,
    }
    mounted = names.manager == "system" or "image" in wanted.fields
    for volume, path in volumes(wanted.fields).items():
        folder: Word = path if mounted else joined((variable("S"), f"/volumes/{volume}"))
        known[f"EEVEON_VOLUME_{variable_part(volume)}"] = folder
    inner: Any = wanted.fields.get("ports", {})
    for name, number in reversed(tuple(numbers.items())):  # so that the first one is PORT
        inside = inner[name].get("port") if "image" in wanted.fields else None
        known["PORT"] = known[f"PORT_{variable_part(name)}"] = inside or number
        if "image" in wanted.fields:
            known[f"EEVEON_HOST_PORT_{variable_part(name)}"] = number
    return known


def _expanded(line: str, names: Mapping[str, Word]) -> list[Word]:
    r"""The line in pieces, `$(NAME)` replaced; in the file its dollar has a backslash before it."""
    pieces: list[Word] = []
    rest = line
    while rest:
        found = [(rest.find(f"\\$({name})"), name) for name in names]
        escaped = rest.find("\\$\\$(")
        at, name = min(((at, name) for at, name in found if at >= 0), default=(-1, ""))
        if escaped >= 0 and (at < 0 or escaped < at):  # `$$(` is a plain `$(`
            pieces.append(rest[:escaped] + "\\$(")
            rest = rest[escaped + len("\\$\\$(") :]
        elif at >= 0:
            pieces += [rest[:at], names[name]]
            rest = rest[at + len(f"\\$({name})") :]
        else:
            return [*pieces, rest]
    return pieces


def _record(job: Job, parts: Parts, numbers: Mapping[str, Raw]) -> list[Word]:
    unit = job.place.names.unit(parts.service, parts.revision, parts.ordinal)
    pieces: list[Word] = [f"unit {unit}\n"]
    for name, number in numbers.items():
        pieces += [f"port:{name} ", number, "\n"]
    return pieces
