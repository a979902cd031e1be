"""The JSON Schema of a saved plan, generated from the core's own nouns."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from eeveon.core.plan import Plan
from eeveon.core.verdict import Finding, Verdict
from eeveon.specs.planfile import FORMAT

_REF = "#/$defs/{model}"


class _Generator(GenerateJsonSchema):
    """pydantic's schemas, with spans as the saved form has them."""

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:  # noqa: ARG002 - pydantic's
        """Seconds."""
        return {"type": "number"}


def plan_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of what `eeveon plan --out FILE` writes."""
    parts: tuple[tuple[str, TypeAdapter[Any]], ...] = (
        ("plan", TypeAdapter(Plan)),
        ("verdicts", TypeAdapter(tuple[Verdict, ...])),
        ("findings", TypeAdapter(tuple[Finding, ...])),
    )
    found, shared = TypeAdapter.json_schemas(
        [(name, "validation", adapter) for name, adapter in parts],
        schema_generator=_Generator,
        ref_template=_REF,
    )
    properties = {name: found[name, "validation"] for name, _ in parts}
    return {
        "$schema": _Generator.schema_dialect,
        "title": "Saved plan",
        "type": "object",
        "properties": {"format": {"const": FORMAT}, **properties},
        "required": ["format", *properties],
        "additionalProperties": False,
        **shared,
    }
