"""Whether one document says what its kind allows: by its model, then by the rules that a model cannot hold."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from eeveon.specs.kinds import MODELS
from eeveon.specs.later import not_yet
from eeveon.specs.messages import problems_of
from eeveon.specs.problem import Problem
from eeveon.specs.rules import broken_rules

_VALIDATORS = {kind: model.__pydantic_validator__ for kind, model in MODELS.items()}


def problems(kind: str, document: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with a document, and what of it has no effect yet. [] is the usual answer."""
    try:
        _VALIDATORS[kind].validate_python(document)
    except ValidationError as invalid:
        return problems_of(kind, document, invalid.errors(include_url=False))
    return [*broken_rules(kind, document), *not_yet(kind, document)]
