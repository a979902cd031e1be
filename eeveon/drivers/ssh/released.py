"""What a host holds of releases, from what it says, and instances of files alone as objects of the core. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from eeveon.core.names import ObjectId, ServiceName
from eeveon.core.observed import Condition, ObservedObject
from eeveon.core.values import canonical
from eeveon.core.wanted import INSTANCE, WantedObject
from eeveon.drivers.ssh.edits import Edit, as_fields, edits_of
from eeveon.drivers.ssh.looking import files_of
from eeveon.drivers.ssh.names import parts_of
from eeveon.drivers.ssh.observed import Place
from eeveon.drivers.ssh.releases import EDITED, is_passive, release_of
from eeveon.drivers.ssh.shipping import unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One complete release on a host. `users` are the instances that it is there for, with what is noted of each."""

    service: ServiceName
    name: str
    path: str
    is_current: bool
    entered: bool  # its hooks have run since it came into service
    completed: datetime | None
    edits: tuple[Edit, ...]
    users: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Astray:
    """Where a link `current` leads, or that a folder is in its place (`to` is then "")."""

    to: str
    at: datetime
    uid: str
    user: str

    @property
    def told(self) -> str:
        """What is known of it, for people."""
        what = f"leads to {self.to}" if self.to else "is a folder"
        return f"`current` {what} since {self.at:%Y-%m-%d %H:%M} UTC, owner uid {self.uid} ({self.user})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """All complete releases of a scope on one host."""

    held: tuple[Held, ...]
    links: Mapping[ServiceName, Astray]  # of each service that has a `current`

    def of(self, instance: str) -> Held | None:
        """The release that an instance uses."""
        return next((item for item in self.held if instance in item.users), None)

    def away(self, held: Held, aim: str) -> Astray | None:
        """Where `current` leads, if it is meant to lead to this release and does not."""
        return self.links.get(held.service) if aim == Condition.SERVING and not held.is_current else None


NO_RELEASES = Releases(held=(), links={})


def releases_of(sections: Mapping[str, str]) -> Releases:
    """What the host said. Raises ValueError, KeyError or OSError where it does not have that form."""
    if "releases" not in sections:
        return NO_RELEASES
    users = _users(sections["users"])
    completed = _completed(sections["completed"])
    held: list[Held] = []
    links: dict[ServiceName, Astray] = {}
    lines = iter(sections["releases"].strip("\n").split("\n"))
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "release":
            service, name, now, hooked, path = rest.split(" ", 4)
            held.append(
                Held(
                    service=ServiceName(service),
                    name=name,
                    path=path,
                    is_current=now == "current",
                    entered=hooked == "entered",
                    completed=completed.get((service, name)),
                    edits=(),
                    users=users.get((service, name), {}),
                )
            )
        elif kind == "edited":
            held[-1] = replace(held[-1], edits=edits_of([next(lines) for _ in range(3)]))
        elif kind == "elsewhere":
            service, at, uid, user = rest.split(" ", 3)
            to = unpacked(next(lines)).decode("utf-8", "backslashreplace")
            moment = datetime.fromtimestamp(int(at), UTC)
            links[ServiceName(service)] = Astray(to=to, at=moment, uid=uid, user=user)
    return Releases(held=tuple(held), links={**links, **_links(sections["links"], held)})


def passive_objects(place: Place, releases: Releases) -> Iterator[ObservedObject]:
    """Every instance on the host that is files alone."""
    for held in releases.held:
        for name in sorted(held.users):
            found = passive(place, releases, ObjectId(target=place.target, kind=INSTANCE, name=name))
            if found is not None:
                yield found


def passive(place: Place, releases: Releases, object_id: ObjectId) -> ObservedObject | None:
    """One such instance; None where its release is not there, or it has a process."""
    held, parts = releases.of(object_id.name), parts_of(object_id)
    if held is None or parts is None:
        return None
    noted, _, aim = held.users[object_id.name].partition("\n")
    wanted: Any = json.loads(noted)
    fields = wanted["fields"]
    if not is_passive(fields):
        return None
    condition, detail, trace = _condition(held, releases, fields, aim)
    edited = {EDITED: as_fields(held.edits)} if held.edits else {}
    return ObservedObject(
        id=object_id,
        service=parts.service,
        ordinal=parts.ordinal,
        revision=parts.revision,
        fields={**fields, **edited},
        applied=fields,
        condition=condition,
        detail=detail,
        trace=trace or _edited(held.edits),
        started=held.completed,
        protected=wanted["protected"],
        place=place.host.name,
    )


def with_release(item: ObservedObject, releases: Releases) -> ObservedObject:
    """An instance with a process, and what is to be said of the release that it runs from."""
    if "source" not in item.fields:
        return item
    held = releases.of(item.id.name)
    if held is None:
        return _marked(item, {"release": "gone"}, "its release is gone from the host")
    if held.edits:
        item = _marked(item, {EDITED: as_fields(held.edits)}, _edited(held.edits))
    aim = held.users[item.id.name].partition("\n")[2]
    if (away := releases.away(held, aim)) is not None and item.condition is Condition.RUNNING:
        return replace(item, trace="; ".join(text for text in (item.trace, away.told) if text))
    if item.condition is Condition.RUNNING and aim == Condition.SERVING and serves(held, item.fields):
        return replace(item, condition=Condition.SERVING)
    return item


def _marked(item: ObservedObject, more: Mapping[str, object], trace: str) -> ObservedObject:
    source = item.fields["source"]
    assert isinstance(source, Mapping), "the fields of a source are a map"
    return replace(
        item,
        fields={**item.fields, "source": {**source, **more}},
        trace="; ".join(text for text in (item.trace, trace) if text),
    )


def note_of(wanted: WantedObject) -> str:
    """What is noted on the host of an instance that uses a release, in one line; below it stands its aim."""
    return canonical({"fields": wanted.fields, "protected": wanted.protected})


def serves(held: Held, fields: Mapping[str, Any]) -> bool:
    """Whether the release is in service: `current` leads to it, and its hooks have run."""
    release = release_of(held.service, fields)
    return held.is_current and (held.entered or not (release and release.hooks))


def _condition(
    held: Held, releases: Releases, fields: Mapping[str, Any], aim: str
) -> tuple[Condition, str, str]:
    """What the release does, what to say of it, and who did that."""
    if serves(held, fields) and aim == Condition.SERVING:
        return Condition.SERVING, "", ""
    if held.is_current and aim == Condition.SERVING:
        return Condition.RUNNING, "its hook has not run to its end", ""
    if (away := releases.away(held, aim)) is not None:
        return Condition.RUNNING, away.told, away.told
    return (Condition.STOPPED if aim == Condition.STOPPED else Condition.RUNNING), "", ""


def _edited(edits: Sequence[Edit]) -> str:
    if not edits:
        return ""
    last = max(edits, key=lambda edit: edit.at.timestamp() if edit.at else 0)
    many = f"{len(edits)} files, the last: " if len(edits) > 1 else ""
    return f"{many}{last.path} {last.told}"


def _users(text: str) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path, content in files_of(text).items():
        *_, service, name, _by, instance = path.split("/")
        found.setdefault((service, name), {})[instance] = content.rstrip("\n")
    return found


def _completed(text: str) -> dict[tuple[str, str], datetime]:
    found = {}
    for line in text.split("\n"):
        at, _, path = line.partition(" ")
        if path:
            *_, service, name, _ = path.split("/")
            found[service, name] = datetime.fromtimestamp(int(at), UTC)
    return found


def _links(text: str, held: Sequence[Held]) -> dict[ServiceName, Astray]:
    """The links that lead to a release of ours."""
    current = {f"{item.path}/current": item for item in held if item.is_current}
    found = {}
    for line in text.split("\n"):
        at, _, rest = line.partition(" ")
        uid, _, rest = rest.partition(" ")
        user, _, path = rest.partition(" ")
        if (item := current.get(path)) is not None:
            moment = datetime.fromtimestamp(int(at), UTC)
            found[item.service] = Astray(to=f"releases/{item.name}", at=moment, uid=uid, user=user)
    return found
