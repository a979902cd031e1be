"""A saved plan, read back: held against its schema, and against its own id.

`jsonschema` decides, and takes 0.4 s for 1,000 actions. What says, once read and written again, exactly what the file
says has the form that our own nouns write, which is the form of the schema (a property test shows it), so it is not
asked about that: the usual plan costs a quarter of the time.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eeveon.core.plan import PLAN_FORMAT, Plan
from eeveon.core.values import canonical, digest, plain
from eeveon.core.verdict import Finding, Verdict
from eeveon.errors import UsageError

NAMED = 50  # mistakes that are told one by one; a file with more is not mended by hand
_AGAIN = "make a new one with `eeveon plan --out FILE`"


def read_plan(text: str, where: str) -> Plan:
    """The plan in a saved plan's text.

    Raises:
        UsageError: it is no saved plan, of another version, has mistakes (all are named), or was changed since.
    """
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("format") != PLAN_FORMAT:
            raise UsageError(f"{where} is no saved plan of this version ({PLAN_FORMAT})", hint=_AGAIN)
        found = _parsed(document, where)
        written: Any = plain(found)
        if canonical(written) != canonical(document) and (mistakes := _mistakes(document)):
            raise _damaged(where, mistakes)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is no saved plan: {error}", hint=_AGAIN) from error
    if found.plan.id != f"plan-{digest({**written['plan'], 'id': ''})}":
        raise UsageError(f"{where} was changed after it was saved as {found.plan.id}", hint=_AGAIN)
    return found.plan


def read_verdicts(text: str) -> tuple[Verdict, ...]:
    """The verdicts in the text of a saved plan that `read_plan` has accepted."""
    found: tuple[Verdict, ...] = _VERDICTS.validate_python(json.loads(text)["verdicts"])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _SavedPlan:
    """All that is in the file, as it is written."""

    format: str
    plan: Plan
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]


_SAVED: TypeAdapter[Any] = TypeAdapter(_SavedPlan)
_VERDICTS: TypeAdapter[Any] = TypeAdapter(tuple[Verdict, ...])


def _parsed(document: Mapping[str, Any], where: str) -> _SavedPlan:
    """The document as nouns. Raises UsageError with every mistake."""
    try:
        found: _SavedPlan = _SAVED.validate_python(document)
    except ValidationError as error:
        said = tuple(f"{_path(item['loc'])}: {item['msg']}" for item in error.errors(include_url=False))
        raise _damaged(where, _mistakes(document) or said) from error
    return found


def _mistakes(document: Mapping[str, Any]) -> tuple[str, ...]:
    from eeveon.specs.plancheck import mistakes  # a plan without any does without

    return mistakes(document)


def _path(steps: Sequence[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _damaged(where: str, mistakes: Sequence[str]) -> UsageError:
    more = [f"and {len(mistakes) - NAMED} more"] if len(mistakes) > NAMED else []
    lines = "".join(f"\n  {mistake}" for mistake in [*mistakes[:NAMED], *more])
    return UsageError(f"{where} is not what a plan is saved as:{lines}", hint=_AGAIN)
