"""What is wrong with a saved plan, by its JSON Schema: every mistake with its place and what was expected there."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from eeveon.specs.planschema import plan_schema
from eeveon.specs.problem import shown

_LONGEST: Final = 60  # characters of a value; a plan holds whole services
_NOUNS: Final = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a text",
    "array": "a list",
    "object": "a map",
    "null": "null",
}


def mistakes(document: object) -> tuple[str, ...]:
    """One sentence for each mistake: `$.plan.steps[0].wave: expected a whole number, found "first"`."""
    errors = Draft202012Validator(plan_schema(), format_checker=_FORMATS).iter_errors(document)
    return tuple(dict.fromkeys(sentence for error in errors for sentence in _sentences(error)))


_FORMATS: Final = FormatChecker(())
_FORMATS.checks("date-time", raises=ValueError)(
    lambda text: not isinstance(text, str) or bool(datetime.fromisoformat(text))
)


def _sentences(error: ValidationError) -> Iterator[str]:
    found, limit, schema = _parts(error)
    match error.validator:
        case "required":
            yield from (f"{_place(error, name)}: it is missing" for name in limit if name not in found)
        case "additionalProperties":
            yield from (
                f"{_place(error, name)}: a saved plan has no such field"
                for name in found
                if name not in schema["properties"]
            )
        case "anyOf":
            yield from _of_alternatives(error)
        case _:
            yield f"{_place(error)}: expected {_expected(error)}, found {_told(found)}"


def _parts(error: ValidationError) -> tuple[Any, Any, Any]:
    """The value, what the keyword asks of it, and the schema that the keyword stands in."""
    return error.instance, error.validator_value, error.schema


def _of_alternatives(error: ValidationError) -> Iterator[str]:
    """What keeps a value from being the alternative that it comes nearest to; of simple values, all alternatives."""
    inside = sorted(error.context or (), key=lambda inner: str(inner.schema_path[0]))
    if all(inner.validator == "type" and not inner.relative_path for inner in inside):
        wanted = " or ".join(_expected(inner) for inner in inside)
        yield f"{_place(error)}: expected {wanted}, found {_told(error.instance)}"
        return
    groups = [list(group) for _, group in groupby(inside, key=lambda inner: inner.schema_path[0])]
    nearest = min(groups, key=lambda group: (not _fits_in_type(group), len(group)))
    for inner in nearest:
        yield from _sentences(inner)


def _fits_in_type(group: list[ValidationError]) -> bool:
    return not any(inner.validator == "type" and not inner.relative_path for inner in group)


def _expected(error: ValidationError) -> str:
    limit: Any = error.validator_value
    match error.validator:
        case "type":
            return _NOUNS[limit]
        case "const":
            return json.dumps(limit)
        case "enum":
            return f"one of {', '.join(limit)}"
        case "minItems" | "maxItems":
            return f"a list of {limit}"
        case _:
            return f"a {limit}"  # "a date-time"


def _place(error: ValidationError, *name: str) -> str:
    return f"$.{shown((*error.absolute_path, *name))}".removesuffix(".")


def _told(found: object) -> str:
    if isinstance(found, Mapping):
        return "a map"
    text = json.dumps(found, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
