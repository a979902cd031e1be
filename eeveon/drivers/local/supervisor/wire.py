"""What the driver and the supervisor say to one another: one line of JSON each way, then the connection ends.

A reply is `{"record": …}` (null: it does not exist), `{"records": […]}`, `{"probe": {…}}`, or one of the refusals:
`{"refused": why}`, `{"damaged": which file}`, `{"needs": "secrets"}`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from eeveon.drivers.local.supervisor.records import Record, Scope, record_from

LARGEST_REQUEST = 8 * 1024 * 1024  # bytes; variables and arguments of a process end at 2 MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing asked of the supervisor. `secrets` holds values: it is sent, and never kept on a disk."""

    verb: str  # list run stop remove keep check
    scope: Scope
    fence: int = 0
    kind: str = ""
    name: str = ""
    record: Record | None = None
    secrets: dict[str, str] | None = field(default=None, repr=False)
    command: tuple[str, ...] = ()
    timeout: float = 0.0

    def line(self) -> bytes:
        """The request as it is sent."""
        form: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        form["scope"] = {"project": self.scope.project, "environment": self.scope.environment}
        form["record"] = json.loads(self.record.text()) if self.record else None
        return json.dumps(form).encode() + b"\n"


def request_from(line: bytes) -> Request:
    """The request on a line. Raises ValueError, LookupError, TypeError or AttributeError for anything else."""
    form = json.loads(line)
    form["scope"] = Scope(**form["scope"])
    form["record"] = record_from(form["record"]) if form["record"] else None
    form["command"] = tuple(form["command"])
    return Request(**form)


def record_reply(text: str | None) -> str:
    """The object as it is now, from its record's text; None if it does not exist."""
    return f'{{"record":{text or "null"}}}'


def records_reply(texts: Iterable[str]) -> str:
    """Every object of a scope, from the records' texts."""
    return f'{{"records":[{",".join(texts)}]}}'


def refused(why: str) -> str:
    """It cannot be done, and asking again is useless."""
    return json.dumps({"refused": why})


def damaged(why: str) -> str:
    """What is known is not complete."""
    return json.dumps({"damaged": why})


def needs_secrets() -> str:
    """It can be done when the values of the secrets come along."""
    return json.dumps({"needs": "secrets"})


def probe_reply(healthy: bool, detail: str) -> str:
    """What a command said."""
    return json.dumps({"probe": {"healthy": healthy, "detail": detail}})
