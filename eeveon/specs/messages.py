"""What pydantic found, in people's words.

pydantic says that something does not fit and where; what would have fitted is read from the JSON Schema of the kind,
so the same words describe a value whichever way it is wrong, and the alternatives of a union are one problem.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic_core import ErrorDetails

from eeveon.specs import quantities
from eeveon.specs.kinds import common
from eeveon.specs.kinds.scaling_policy import METRIC_PATTERN
from eeveon.specs.problem import Path, Problem, field_name, shown
from eeveon.specs.schema import Schema, at, schema
from eeveon.specs.suggest import did_you_mean, listed
from eeveon.specs.windows import DATE, DAYS, END, START, WINDOW, ZONE

_FORMS: Final = {
    quantities.DURATION: "a duration such as 30s, 5m or 1.5h",
    quantities.SIZE: "a size such as 256Mi or 1G",
    quantities.CPU: "processors such as 500m or 0.5",
    quantities.SHARE: "a share such as 25%",
    common.NAME_PATTERN: "a name of lower-case letters, digits and `-`",
    common.KEY_PATTERN: "a key of letters, digits, `-`, `_`, `.` and `/`",
    common.VARIABLE_PATTERN: "the name of a variable (letters, digits and `_`)",
    common.TEXT_PATTERN: "text",
    common.FILLED_PATTERN: "text that is not empty",
    common.ABSOLUTE_PATTERN: "a path that starts with `/`",
    common.RELATIVE_PATTERN: "a path that does not start with `/`",
    common.IMAGE_PATTERN: "an image reference without spaces",
    quantities.MONEY: "an amount of money such as 0.03 EUR",
    common.DOMAIN_PATTERN: "a host name in lower-case letters, such as shop.example.com",
    common.PREFIX_PATTERN: "a path that starts with `/`, of letters, digits and `-._~`",
    common.NETWORK_PATTERN: "a network such as 10.0.0.0/8 or an IP address",
    common.SOCKET_PATTERN: "an address with a port, such as 127.0.0.1:8080 or [::1]:8080",
    common.LINE_PATTERN: "one line of text that is not empty",
    WINDOW: "a span of time such as Mon-Thu 08:00-17:00 or 2026-12-20/2027-01-03",
    ZONE: "a time zone such as Europe/Berlin",
    DAYS: "days such as Mon-Fri or Sat,Sun",
    START: "a time from 00:00 to 23:59",
    END: "a time from 00:00 to 24:00",
    DATE: "a day such as 2026-12-24",
    METRIC_PATTERN: "the name of a metric",
}
_NOUNS: Final = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a mapping",
}
_LONGEST_SHOWN: Final = 40
QUOTE: Final = "put quotes around it, as it is written there"


def problems_of(kind: str, document: Mapping[str, Any], errors: Sequence[ErrorDetails]) -> list[Problem]:
    """One problem for each place that pydantic found wrong."""
    found: dict[Path, Problem] = {}
    for error in errors:
        path = _path_in(document, error)
        problem = _TRANSLATIONS.get(error["type"], _misfit)(kind, path, error)
        if (
            problem.code == "wrong-value" or path not in found
        ):  # one alternative of a union had the right type
            found[path] = problem
    return list(found.values())


def _path_in(document: object, error: ErrorDetails) -> Path:
    """Give pydantic's location without the names of union members: only steps that exist in the document."""
    path: list[str | int] = []
    node = document
    for step in error["loc"]:
        known: Any = node if isinstance(node, Mapping) else range(len(node)) if isinstance(node, list) else ()
        if step in known:
            node = node[step]  # type: ignore[index]  # what is not indexed knows no step
            path.append(step)
    if error["type"] == "missing":
        path.append(error["loc"][-1])
    return tuple(path)


def _missing(kind: str, path: Path, _error: ErrorDetails) -> Problem:
    wanted = at(schema(kind), path)
    example = json.dumps(wanted["examples"][0], ensure_ascii=False)
    return Problem(
        code="missing-field",
        message=f"{_owner(kind, path[:-1])} needs the field `{path[-1]}`: {_description(wanted)}",
        path=path,
        hint=f"for example `{path[-1]}: {_yaml(example)}`",
    )


def _unknown(kind: str, path: Path, _error: ErrorDetails) -> Problem:
    known = _fields(kind, path[:-1])
    return Problem(
        code="unknown-field",
        message=f"`{path[-1]}` is not a field of {_owner(kind, path[:-1])}",
        path=path,
        hint=did_you_mean(str(path[-1]), known) or f"its fields are {listed(known, 'and')}",
        on_key=True,
    )


def _one_of(kind: str, path: Path, error: ErrorDetails) -> Problem:
    given, known = error["ctx"]["given"], error["ctx"]["known"]
    have = f"has {listed(given, 'and')}" if given else "has none of them"
    return Problem(
        code="one-of",
        message=f"{_owner(kind, path)} takes exactly one of {listed(known)}, and {have}",
        path=path,
        hint="keep one of them" if given else "",
    )


def _at_least_one(kind: str, path: Path, error: ErrorDetails) -> Problem:
    message = f"{_owner(kind, path)} needs at least one of {listed(error['ctx']['known'])}"
    return Problem(code="one-of", message=message, path=path)


def _needs(kind: str, path: Path, error: ErrorDetails) -> Problem:
    (given,), (needed,) = error["ctx"]["given"], error["ctx"]["known"]
    message = f"`{given}` of {_owner(kind, path)} only makes sense beside `{needed}`"
    return Problem(code="one-of", message=message, path=(*path, given))


def _misfit(kind: str, path: Path, error: ErrorDetails) -> Problem:
    """Any value that is not what its field takes."""
    if error["loc"][-1] == "[key]":
        return _misfit_key(kind, path, error)
    wanted, value = at(schema(kind), path), error["input"]
    if value is None:
        return Problem(
            code="no-value",
            message=f"`{field_name(path)}` has no value; it must be {_expected(kind, wanted)}",
            path=path,
            hint="remove the line, or write a value",
        )
    return Problem(
        code="wrong-type" if error["type"].endswith("_type") else "wrong-value",
        message=f"`{field_name(path)}` must be {_expected(kind, wanted)}, not {_written(value)}",
        path=path,
        hint=_hint(kind, wanted, value),
    )


def _misfit_key(kind: str, path: Path, error: ErrorDetails) -> Problem:
    names = at(schema(kind), path[:-1])["propertyNames"]
    return Problem(
        code="wrong-name",
        message=f"`{error['input']}` cannot be a name here; it must be {_expected(kind, names)}",
        path=path,
        on_key=True,
    )


_TRANSLATIONS: Final[Mapping[str, Callable[[str, Path, ErrorDetails], Problem]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    common.ONE_OF: _one_of,
    common.AT_LEAST_ONE: _at_least_one,
    common.NEEDS: _needs,
}


def _owner(kind: str, path: Path) -> str:
    return f"{kind}.{shown(path)}" if path else kind


def _fields(kind: str, path: Path) -> tuple[str, ...]:
    root = schema(kind)
    return tuple(name for form in _forms(root, at(root, path)) for name in form.get("properties", ()))


def _forms(root: Schema, wanted: Schema) -> Iterator[Schema]:
    """The alternatives of a value: itself, or the members of its union."""
    members = [
        part for part in (*wanted.get("anyOf", ()), *wanted.get("oneOf", ())) if "required" not in part
    ]
    if not members:
        yield wanted
    for part in members:
        yield root["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def _expected(kind: str, wanted: Schema) -> str:
    texts = [_expected_form(form) for form in _forms(schema(kind), wanted)]
    return " or ".join(dict.fromkeys(texts))


def _expected_form(form: Schema) -> str:
    if "const" in form:
        return f"`{form['const']}`"
    if "enum" in form:
        return listed(form["enum"])
    if "pattern" in form:
        longest = form.get("maxLength")
        return _FORMS[form["pattern"]] + (f", at most {longest} characters long" if longest else "")
    noun = _NOUNS[form["type"]]
    if form["type"] in ("integer", "number"):
        return _number(noun, form)
    return f"{noun} with at least one entry" if form.get("minItems") or form.get("minProperties") else noun


def _number(noun: str, form: Schema) -> str:
    low, high = form.get("minimum"), form.get("maximum")
    if "exclusiveMinimum" in form:
        return f"{noun} > {form['exclusiveMinimum']}"
    if low is None:
        return noun
    return f"{noun} ≥ {low}" if high == common.MOST else f"{noun} from {low} to {high}"


def _written(value: object) -> str:
    """What stands there: its sort, and the value where it is short."""
    match value:
        case bool():
            return f"`{'true' if value else 'false'}`"
        case int() | float():
            return f"the number {value}"
        case str():
            short = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
            return f"the text {json.dumps(short, ensure_ascii=False)}"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return "a mapping" if value else "an empty mapping"


def _hint(kind: str, wanted: Schema, value: object) -> str:
    forms = tuple(_forms(schema(kind), wanted))
    types = {form["type"] for form in forms if not {"enum", "const"}.intersection(form)}
    if isinstance(value, int) and not isinstance(value, bool) and "integer" in types:
        return ""
    if isinstance(value, str) and "array" in types:
        return f"write [{', '.join(_words(value))}]"
    if isinstance(value, str):
        known = [choice for form in forms for choice in form.get("enum", ())]
        return did_you_mean(value, known)
    if isinstance(value, bool | int | float) and "string" in types and "number" not in types:
        patterns = {form.get("pattern", "") for form in forms if form["type"] == "string"}
        seconds = f"{json.dumps(value)}s"
        if _fits(json.dumps(value), patterns):
            return in_quotes(value)
        return f"did you mean `{seconds}`?" if _fits(seconds, patterns) else ""
    return ""


def in_quotes(value: object) -> str:
    """What to do with a number or truth that was meant as text. Of a fraction YAML does not keep how it was written."""
    return QUOTE if isinstance(value, float) else f'put it in quotes: "{json.dumps(value)}"'


def _fits(text: str, patterns: Iterable[str]) -> bool:
    return any(re.search(pattern, text) for pattern in patterns)


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError:  # an open quote
        words = text.split()
    return [word if word.replace("-", "").replace("/", "").isalnum() else json.dumps(word) for word in words]


def _description(wanted: Schema) -> str:
    text = str(wanted.get("description", "")).rstrip(".")
    return text[:1].lower() + text[1:]


def _yaml(example: str) -> str:
    return example.replace('"', "")
