"""JSON Schemas that every selected document must satisfy, whoever wrote the change.

They come from a repository, so checking one must end: references stay inside of the schema, and patterns run on a
matcher whose time grows linearly with the text (Rust's, by pydantic), which has no look-around and no back-references.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from pydantic_core import SchemaError as PatternError, SchemaValidator, core_schema
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from eeveon.core.diagnostic import Diagnostic
from eeveon.core.names import ServiceName
from eeveon.core.policy import GuardrailFinding, SafetyPolicy
from eeveon.specs.catalog import SERVICE
from eeveon.specs.locate import Locator
from eeveon.specs.problem import Path, Problem, shown

LARGEST: Final = 262_144  # bytes of one schema
_MOST_FINDINGS: Final = 20  # of one document and one guardrail; more tell nothing new
_LONGEST: Final = 300  # characters of a message; jsonschema prints whole values
_REFERENCES: Final = ("$ref", "$dynamicRef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A resolved document."""

    kind: str
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the guardrails found, and what is wrong with them: in their files, and where policies name them."""

    findings: tuple[GuardrailFinding, ...]
    diagnostics: tuple[Diagnostic, ...]
    problems: tuple[tuple[str, Problem], ...]  # of the policy of this name


def check_guardrails(
    policies: Sequence[SafetyPolicy], documents: Sequence[Judged], locator: Locator
) -> Outcome:
    """Judge each document by the guardrails of each policy that selects it."""
    findings: list[GuardrailFinding] = []
    diagnostics: dict[str, Diagnostic] = {}
    problems: list[tuple[str, Problem]] = []
    for policy in policies:
        for path in policy.guardrails:
            content = locator.read(path)
            if content is None:
                problems.append((policy.name, _missing(path)))
                continue
            schema, problem = _schema(content)
            if problem is None:
                selected = (document for document in documents if _selects(policy, document))
                for document in selected:
                    findings += _findings(policy.name, path, schema, document)
            else:
                diagnostics[path] = locator.diagnostic(problem, path, 0)
    return Outcome(
        findings=tuple(findings), diagnostics=tuple(diagnostics.values()), problems=tuple(problems)
    )


def _missing(path: str) -> Problem:
    return Problem(
        code="unknown-guardrail",
        message=f"there is no file `{path}` in the repository",
        path=("spec", "guardrails", path),
        hint="paths start at the root of the repository",
    )


def _selects(policy: SafetyPolicy, document: Judged) -> bool:
    """Names select Services; labels select documents of every kind."""
    if policy.services.names and document.kind != SERVICE:
        return False
    return policy.services.matches(ServiceName(document.name), document.data["metadata"].get("labels", {}))


def _findings(policy: str, path: str, schema: Any, document: Judged) -> Iterator[GuardrailFinding]:
    for _, message in zip(range(_MOST_FINDINGS), _messages(schema, document.data), strict=False):
        yield GuardrailFinding(
            policy=policy, guardrail=path, kind=document.kind, name=document.name, message=message
        )


def _messages(schema: Any, data: Mapping[str, Any]) -> Iterator[str]:
    """What does not satisfy the schema. A schema that cannot be evaluated is satisfied by nothing."""
    validator = _Validator(schema, registry=Registry())
    try:
        for error in validator.iter_errors(data):
            where = shown(tuple(error.absolute_path))
            message = error.message if len(error.message) <= _LONGEST else f"{error.message[:_LONGEST]}…"
            yield f"{where}: {message}" if where else message
    except (RecursionError, Unresolvable):
        yield "a reference in the guardrail leads nowhere or in a circle, so nothing can satisfy it"


@lru_cache(64)
def _schema(content: bytes) -> tuple[Any, Problem | None]:
    """The schema, and why it cannot be used."""
    if len(content) > LARGEST:
        return None, _unusable(f"it has {len(content)} bytes; at most {LARGEST} are read")
    try:
        schema = json.loads(content)
        _Validator.check_schema(schema)
        return schema, next(_misuses(schema, schema, ()), None)
    except SchemaError as error:
        return None, _unusable(error.message, tuple(error.absolute_path))
    except (ValueError, RecursionError) as error:
        return None, _unusable(f"it is not JSON: {error}")


def _unusable(reason: str, path: Path = ()) -> Problem:
    return Problem(
        code="wrong-guardrail",
        message=f"the guardrail cannot be used: {reason}",
        path=path,
        hint="a guardrail is a JSON Schema, draft 2020-12",
    )


def _misuses(root: Any, node: Any, path: Path) -> Iterator[Problem]:
    """References that leave the schema or lead nowhere, and patterns that the matcher does not know.

    `patternProperties` is refused since jsonschema itself matches its keys, on Python's matcher.
    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _misuses(root, item, (*path, index))
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key in _REFERENCES and isinstance(value, str):
            yield from _wrong_reference(root, value, (*path, key))
        if key == "pattern" and isinstance(value, str):
            yield from _wrong_pattern(value, (*path, key))
        if key == "patternProperties":
            yield _unusable("`patternProperties` is not supported; use `propertyNames`", (*path, key))
        yield from _misuses(root, value, (*path, key))


def _wrong_reference(root: Any, reference: str, path: Path) -> Iterator[Problem]:
    if not reference.startswith("#"):
        yield _unusable(f"`{reference}` leads out of the file; references start with `#`", path)
    elif not _leads_somewhere(root, reference):
        yield _unusable(f"`{reference}` leads nowhere", path)


def _leads_somewhere(root: Any, reference: str) -> bool:
    try:
        Registry().with_resource("", DRAFT202012.create_resource(root)).resolver().lookup(reference)
    except Unresolvable:
        return False
    return True


def _wrong_pattern(pattern: str, path: Path) -> Iterator[Problem]:
    try:
        _matcher(pattern)
    except PatternError:
        yield _unusable(
            f"the pattern `{pattern}` is not understood; look-around and back-references are not", path
        )


@lru_cache(1024)
def _matcher(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern))


def _matches(pattern: str, text: str) -> bool:
    return _matcher(pattern).isinstance_python(text)


def _pattern(
    _validator: object, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # its stub has none
