"""A look at a few processes of one host: what an apply does again and again, and the whole host is too much for. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from eeveon.core.names import ObjectId
from eeveon.core.observed import ObservedObject
from eeveon.drivers.ssh import instances
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.looking import functions
from eeveon.drivers.ssh.names import Names, parts_of
from eeveon.drivers.ssh.observed import Place
from eeveon.drivers.ssh.releases import is_passive
from eeveon.drivers.ssh.script import complete, fill, rooted
from eeveon.errors import TargetUnreachable

_HEAD = "S={folder}; U={units}"
_LOOK = "section watched; look {unit} {template} {name}"


def can_watch(item: ObservedObject) -> bool:
    """Whether an instance is a process, and not a folder that others serve."""
    return parts_of(item.id) is not None and not is_passive(item.fields)


def by_host(items: Iterable[ObservedObject]) -> Mapping[str, tuple[ObjectId, ...]]:
    """The objects of each host."""
    found: dict[str, list[ObjectId]] = {}
    for item in items:
        found.setdefault(item.place, []).append(item.id)
    return {place: tuple(objects) for place, objects in found.items()}


def watch(
    place: Place, line: Line, objects: tuple[ObjectId, ...], timeout: timedelta
) -> tuple[ObservedObject, ...]:
    """Those of the objects that are there. Raises TargetUnreachable, ActionRefused."""
    said = line.read(watch_script(place.names, objects), timeout).stdout
    looks = said.split("\neeveon:section watched\n")[1:]
    if len(looks) != len(objects):
        raise TargetUnreachable(
            f"{place.host} answers in an unknown form: {len(looks)} looks at {len(objects)} objects"
        )
    found = (instances.seen(place, look, item) for look, item in zip(looks, objects, strict=True))
    return tuple(item for item in found if item is not None)


def watch_script(names: Names, objects: Iterable[ObjectId]) -> str:
    """The script that looks at each of these instances."""
    head = fill(_HEAD, folder=rooted(names.folder), units=names.unit_folder)
    return complete("\n".join((functions(names), head, *_looks(names, objects))))


def _looks(names: Names, objects: Iterable[ObjectId]) -> Iterator[str]:
    for item in objects:
        parts = parts_of(item)
        assert parts is not None, "only instances with such a name are watched"
        yield fill(
            _LOOK,
            unit=names.unit(parts.service, parts.revision, parts.ordinal),
            template=names.template(parts.service, parts.revision),
            name=item.name,
        )
