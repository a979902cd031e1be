"""What a change runs of which nobody can know what it does: builds and hooks of code.

They are told by the fields of the wanted objects, in which a `source` holds `build` and `hooks` as `Source` does.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eeveon.core.changes import ObjectChange, ServiceChange, Verb
from eeveon.core.observed import Condition
from eeveon.core.wanted import WantedObject


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


def _commands(item: ObjectChange, wanted: WantedObject) -> Iterator[tuple[str, str]]:
    source = wanted.fields.get("source")
    if not isinstance(source, Mapping):
        return
    current = next((seen for seen in item.present if seen.id == wanted.id), None)
    if current is None:
        yield from (("builds with", shlex.join(words)) for words in _lists(source.get("build")))
    enters = current is None or current.condition is not Condition.SERVING or item.verb is Verb.REPLACE
    if enters and wanted.goal is Condition.SERVING:
        hooks = source.get("hooks")
        after = hooks.get("postDeploy") if isinstance(hooks, Mapping) else ()
        yield from (("then runs", shlex.join(words)) for words in _lists(after))


def _lists(written: Any) -> Sequence[Sequence[str]]:
    return written or ()
