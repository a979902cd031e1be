"""Fields that are understood and not yet acted on. Nobody may believe that they work, so each is spoken of.

A field without which the document cannot do its job is an error; any other is a warning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from eeveon.core.diagnostic import Severity
from eeveon.specs.problem import Path, Problem, field_name

_ANY: Final = "*"
_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True, slots=True)
class _Later:
    path: tuple[str, ...]
    brings: str
    severity: Severity = _WARNING
    value: object = None  # only this value; None is any


_FIELDS: Final[Mapping[str, tuple[_Later, ...]]] = {
    "Project": (
        _Later(("spec", "environments", _ANY, "promotesFrom"), "promotion"),
        _Later(("spec", "retention"), "retention"),
        _Later(("spec", "features"), "the learned parts"),
    ),
    "Target": (),
    "Service": (
        _Later(("spec", "source", "update"), "proposing a newer version", _ERROR, "propose"),
        _Later(("spec", "rollout", "canary"), "canaries", _ERROR),
        _Later(("spec", "rollout", "gate"), "gates"),
        _Later(("spec", "rollout", "approval"), "approvals", _WARNING, "manual"),
    ),
    "SafetyPolicy": (
        _Later(("spec", "automerge"), "automatic merges"),
        _Later(("spec", "approvals", "stepUp"), "agreement of another person"),
    ),
    "LoadBalancer": (),
    "NodeGroup": (_Later(("spec", "cost"), "costs"),),
    "ScalingPolicy": (
        _Later(("spec", "reactive", "warmup"), "waiting for new instances"),
        _Later(("spec", "forecast"), "forecasts"),
        _Later(("spec", "budget"), "budgets"),
        _Later(("spec", "canary"), "canaries of policies"),
        _Later(("spec", "onMissing"), "floors for missing metrics", _WARNING, "floor"),
        _Later(("spec", "onMissing", "fallback"), "numbers for missing metrics"),
    ),
    "AccessPolicy": (_Later(("spec", "stepUp"), "agreement of another person"),),
    "Controller": (),
}


def not_yet(kind: str, document: Mapping[str, Any]) -> list[Problem]:
    """One problem for each field of the document that a later version will act on."""
    spec = document["spec"]
    found = [
        _problem(later, path)
        for later in _FIELDS[kind]
        if later.path[1] in spec  # the quick answer for most documents
        for path, value in _matches(document, later.path)
        if later.value in (None, value)
    ]
    if isinstance(spec.get("base"), Mapping):
        found.append(_problem(_Later((), "a base from Git", _ERROR), ("spec", "base")))
    return found


def _problem(later: _Later, path: Path) -> Problem:
    return Problem(
        code="not-yet-honoured",
        message=f"`{field_name(path)}` has no effect in this version: {later.brings} will come with a later one",
        path=path,
        hint="remove it until then" if later.severity is _ERROR else "",
        severity=later.severity,
        on_key=True,
    )


def _matches(node: Any, wanted: tuple[str, ...], walked: Path = ()) -> Iterator[tuple[Path, object]]:
    if not wanted:
        yield walked, node
        return
    step, *rest = wanted
    for key in node if step == _ANY else (step,):
        if key in node:
            yield from _matches(node[key], tuple(rest), (*walked, key))
