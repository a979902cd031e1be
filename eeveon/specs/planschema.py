"""The JSON Schema of a saved plan, generated from the core's own nouns."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from eeveon.core.plan import PLAN_FORMAT, Plan
from eeveon.core.verdict import Finding, Verdict

_REF = "#/$defs/{model}"


class _Generator(GenerateJsonSchema):
    """pydantic's schemas for what is written: spans as numbers, every field there, and none that nobody knows."""

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:  # noqa: ARG002 - pydantic's
        """Seconds."""
        return {"type": "number"}

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """A noun is written with all of its fields."""
        found = super().dataclass_schema(schema)
        return {**found, "required": list(found["properties"]), "additionalProperties": False}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A field that is always written needs no default."""
        return self.generate_inner(schema["schema"])


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
        "properties": {"format": {"const": PLAN_FORMAT}, **properties},
        "required": ["format", *properties],
        "additionalProperties": False,
        **shared,
    }
