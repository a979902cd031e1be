"""What one instance wrote, from the journal of its host."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from eeveon.core.names import ObjectId
from eeveon.drivers.base import LogLine
from eeveon.drivers.ssh.client import Line
from eeveon.drivers.ssh.names import Names, parts_of
from eeveon.drivers.ssh.script import complete, fill, rooted
from eeveon.errors import ActionRefused

_PATIENCE = timedelta(seconds=60)

# systemd's own words about the unit are left out: the match is on who wrote, not on whom it is about.
_READER = r"""
since=$(stat -c %.Y {folder}/instances/{name}) || refuse {name}" is not on this host any more"
printf 'since %s\n' "$since"
read_journal() { journalctl -q --no-pager -o json --output-fields=MESSAGE -n {tail} "$@" {match}; }
"""

_TAIL = r"""
read_journal || refuse "the journal cannot be read"
"""

# Standard input ends when nobody listens any more; then the journal is let go, which would see that at its next line only.
_FOLLOW = r"""
read_journal -f & reader=$!
cat >/dev/null; kill "$reader" 2>/dev/null; wait "$reader" 2>/dev/null
"""


def read(names: Names, line: Line, object_id: ObjectId, *, tail: int, follow: bool) -> Iterator[LogLine]:
    """The last lines and, with `follow`, new ones as they come."""
    parts = parts_of(object_id)
    if parts is None:
        raise ActionRefused(f"{object_id} is no instance of ours")
    field = "_SYSTEMD_USER_UNIT" if names.manager == "user" else "_SYSTEMD_UNIT"
    match = f"{field}={names.unit(parts.service, parts.revision, parts.ordinal)}"
    reader = fill(_READER, folder=rooted(names.folder), name=object_id.name, tail=tail, match=match)
    script = complete(f"{reader}{_FOLLOW if follow else _TAIL}")
    if not follow:
        return _parsed(object_id, line.read(script, _PATIENCE).stdout.encode().split(b"\n"))
    return _parsed(object_id, line.lines(script))


def _parsed(object_id: ObjectId, lines: Iterable[bytes]) -> Iterator[LogLine]:
    """The lines, without those of an instance of the same name that was there before."""
    since = datetime.min.replace(tzinfo=UTC)
    for line in lines:
        if line.startswith(b"since "):
            since = datetime.fromtimestamp(float(line.split()[1]), UTC)
        elif line.startswith(b"{"):
            entry = json.loads(line)
            at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1_000_000, UTC)
            if at >= since:
                yield LogLine(instance=object_id.name, text=_message(entry.get("MESSAGE")), at=at)


def _message(written: Any) -> str:
    """The text of an entry. The journal gives bytes that are no text as a list of numbers, and nothing for too many."""
    if isinstance(written, list):
        return bytes(written).decode(errors="replace")
    return str(written or "")
