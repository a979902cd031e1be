"""What a change runs of which nobody can know what it does: builds and hooks of code.

They are told by the fields of the wanted objects, in which a `source` holds `build` and `hooks` as `Source` does.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from eeveon.core.changes import ObjectChange, ServiceChange, Verb
from eeveon.core.observed import Condition
from eeveon.core.wanted import WantedObject

USUAL_LIMIT = timedelta(minutes=5)  # as `Source` has it, and its fields leave out


def opaque(change: ServiceChange) -> tuple[str, ...]:
    """One sentence a command: what, where, and that its effect is unknown."""
    places: dict[tuple[str, str], list[str]] = {}
    for item in change.changes:
        if item.wanted is not None:
            for key in _commands(item, item.wanted):
                places.setdefault(key, []).append(item.wanted.place or item.wanted.id.target)
    return tuple(
        f"{moment} `{command}` on {', '.join(sorted(set(where)))}: its effect is unknown"
        for (moment, command), where in places.items()
    )


def time_to_build(wanted: WantedObject) -> timedelta:
    """How long the builds of a release may take."""
    return _limit(wanted) * len(_lists(_source(wanted).get("build")))


def time_for_hooks(wanted: WantedObject) -> timedelta:
    """How long what runs when it has come into service may take."""
    return _limit(wanted) * len(_hooks(_source(wanted)))


def _commands(item: ObjectChange, wanted: WantedObject) -> Iterator[tuple[str, str]]:
    source = _source(wanted)
    current = next((seen for seen in item.present if seen.id == wanted.id), None)
    if current is None:
        yield from (("builds with", shlex.join(words)) for words in _lists(source.get("build")))
    enters = current is None or current.condition is not Condition.SERVING or item.verb is Verb.REPLACE
    if enters and wanted.goal is Condition.SERVING:
        yield from (("then runs", shlex.join(words)) for words in _hooks(source))


def _source(wanted: WantedObject) -> Mapping[str, Any]:
    source = wanted.fields.get("source")
    return source if isinstance(source, Mapping) else {}


def _hooks(source: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    hooks = source.get("hooks")
    return _lists(hooks.get("postDeploy")) if isinstance(hooks, Mapping) else ()


def _limit(wanted: WantedObject) -> timedelta:
    seconds = _source(wanted).get("timeout")
    return timedelta(seconds=seconds) if isinstance(seconds, int | float) else USUAL_LIMIT


def _lists(written: Any) -> Sequence[Sequence[str]]:
    return written or ()
