"""A saved plan, read back: checked field by field, and against its own id."""

import json
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eeveon.core.plan import Plan
from eeveon.core.values import digest, plain
from eeveon.core.verdict import Verdict
from eeveon.errors import UsageError

FORMAT = "eeveon.plan/1"
_AGAIN = "make a new one with `eeveon plan --out FILE`"


def read_plan(text: str, where: str) -> Plan:
    """The plan in a saved plan's text.

    Raises:
        UsageError: it is no saved plan, of another version, or was changed since it was saved.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{where} is no saved plan: {error}", hint=_AGAIN) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UsageError(f"{where} is no saved plan of this version ({FORMAT})", hint=_AGAIN)
    try:
        found: Plan = _ADAPTER.validate_python(document.get("plan"))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise UsageError(f"{where} is damaged at {place}: {first['msg']}", hint=_AGAIN) from error
    if found.id != f"plan-{digest(plain(replace(found, id='')))}":
        raise UsageError(f"{where} was changed after it was saved as {found.id}", hint=_AGAIN)
    return found


_ADAPTER: TypeAdapter[Any] = TypeAdapter(Plan)


def read_verdicts(text: str) -> tuple[Verdict, ...]:
    """The verdicts in the text of a saved plan that `read_plan` has accepted."""
    found: tuple[Verdict, ...] = _VERDICTS.validate_python(json.loads(text).get("verdicts", []))
    return found


_VERDICTS: TypeAdapter[Any] = TypeAdapter(tuple[Verdict, ...])
