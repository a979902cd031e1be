"""The recorded answers of a real API server, and playing them against a cluster that is not one.

They lie in `shared/data/kubernetes` beside the repository (its README says how they were made); a checkout that lies
deeper finds them above. Requests go in as they were made, at the second at which they were made; controllers do what is
due in between. What differs in every run (uids, times, revisions, generated names) is made equal before answers are
compared, in order of appearance: the first uid of a case is `uid-1` on both sides.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = "shared/data/kubernetes/cases"


def folder() -> Path | None:
    """Where the recordings are, if they are here."""
    here = Path(__file__).resolve()
    return next((above / FOLDER for above in here.parents if (above / FOLDER).is_dir()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and what the real server answered."""

    line: int
    request: dict[str, Any]
    response: dict[str, Any]
    note: str
    by: str
    at: float


def cases() -> list[str]:
    """Their names."""
    found = folder()
    names = {path.name.partition(".")[0] for path in found.glob("*.jsonl")} if found else set()
    return sorted(names)


def exchanges(name: str) -> Iterator[Exchange]:
    """Of one case, in order."""
    found = folder()
    assert found is not None
    number = 0
    for path in sorted(found.glob(f"{name}*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            raw = json.loads(line)
            number += 1
            yield Exchange(
                line=number,
                request=raw["request"],
                response=raw["response"],
                note=raw.get("note", ""),
                by=raw.get("as", ""),
                at=raw.get("at", 0.0),
            )


_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ADDRESS = re.compile(r"\b(10\.(96|244)\.\d+\.\d+|127\.0\.0\.1(:\d+)?)\b")
_REVISION = re.compile(r"(resource version: |current: |precondition \(|record \()\d+( \(\d+\))?")
_HASHED = re.compile(
    r"(?<=-)[bcdfghjklmnpqrstvwxz2456789]{8,10}(?=$|-|\")|(?<=^)[bcdf-hj-np-tv-xz2456789]{8,10}$"
)


@dataclass(slots=True)
class Names:
    """What one side calls things that every run calls otherwise."""

    uids: dict[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """With these names made equal."""
        text = _UID.sub(lambda found: self.uids.setdefault(found[0], f"uid-{len(self.uids) + 1}"), text)
        text = _REVISION.sub(r"\1N", text)
        return _ADDRESS.sub("ADDRESS", _TIME.sub("TIME", text))

    def value(self, value: Any) -> Any:
        """A whole answer with them made equal."""
        match value:
            case {"nodePort": int()}:
                return {
                    **self.value({key: inner for key, inner in value.items() if key != "nodePort"}),
                    "nodePort": 0,
                }
            case dict():
                return {self.text(name): self.value(inner) for name, inner in value.items()}
            case list():
                return [self.value(inner) for inner in value]
            case str():
                return self.text(value)
            case _:
                return value
