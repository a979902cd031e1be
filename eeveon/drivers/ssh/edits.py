"""Files of a release that somebody changed on its host: which, in what, when and whose they are now. Pure."""

import base64
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

LINK = "a"  # with which the mode of a link begins; its content is as old as itself
SHOWN = 20  # files of one release that are named; more are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One file. `what` is for people: "edited", "deleted", "mode 600"; `at` is None where it is gone."""

    path: str
    what: str
    at: datetime | None = None
    uid: str = ""
    user: str = ""

    @property
    def told(self) -> str:
        """The change with what is known of who and when."""
        if self.at is None:
            return self.what
        return f"{self.what} {self.at:%Y-%m-%d %H:%M} UTC, owner uid {self.uid} ({self.user})"


@dataclass(frozen=True, slots=True)
class _Stat:
    mode: str
    size: str
    changed: str  # content, seconds
    touched: str  # the file itself, seconds
    uid: str
    user: str


def edits_of(lines: Sequence[str]) -> tuple[Edit, ...]:
    """The changes in the three lines that the host's `edits` printed; none in no lines. Raises ValueError or OSError."""
    if not lines or not lines[0]:
        return ()
    now, then, contents = (_records(line) for line in lines)
    after, before = _now(now), _then(then)
    other = frozenset(contents)
    found = [_edit(path, before.get(path), after.get(path), path in other) for path in {**before, **after}]
    return tuple(sorted((edit for edit in found if edit is not None), key=lambda edit: edit.path))


def as_fields(edits: Sequence[Edit]) -> dict[str, str]:
    """What a plan shows of them."""
    fields = {shown(edit.path): edit.told for edit in edits[:SHOWN]}
    if len(edits) > SHOWN:
        fields["…"] = f"and {len(edits) - SHOWN} more"
    return fields


def shown(path: str) -> str:
    """A path as text that every terminal and file can hold."""
    clean = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return clean if clean.isprintable() else clean.encode("unicode_escape").decode()


def _edit(path: str, before: _Stat | None, after: _Stat | None, other: bool) -> Edit | None:
    if after is None:
        return Edit(path=path, what="deleted")
    retargeted = after.mode.startswith(LINK) and before is not None and before.changed != after.changed
    if other or retargeted:
        return _changed(path, "edited", after, after.changed)
    if before is None or before.mode != after.mode:
        return _changed(path, f"mode {int(after.mode, 16) & 0o7777:o}", after, after.touched)
    if before.uid != after.uid:
        return _changed(path, "given away", after, after.touched)
    return None  # only touched


def _changed(path: str, what: str, stat: _Stat, at: str) -> Edit:
    moment = datetime.fromtimestamp(int(float(at)), UTC)
    return Edit(path=path, what=what, at=moment, uid=stat.uid, user=stat.user)


def _records(line: str) -> list[str]:
    content = gzip.decompress(base64.b64decode(line.strip(), validate=True))
    return content.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _now(records: Sequence[str]) -> dict[str, _Stat]:
    found = {}
    for record in records:
        mode, size, changed, touched, uid, user, path = record.split(" ", 6)
        found[path] = _Stat(mode, size, changed, touched, uid, user)
    return found


def _then(records: Sequence[str]) -> dict[str, _Stat]:
    found = {}
    for record in records:
        mode, size, changed, uid, path = record.split(" ", 4)
        found[path] = _Stat(mode, size, changed, "0", uid, "")
    return found
