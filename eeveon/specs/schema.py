"""The published JSON Schemas, generated from the models: what editors complete by and other tools check by."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from eeveon.specs.kinds import MODELS

Schema = Mapping[str, Any]


class _Generator(GenerateJsonSchema):
    """pydantic's schemas with two things said as we mean them."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A field that may be left out has no `default: null`, since null fits none."""
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """All keys of a mapping follow their pattern."""
        written = super().dict_schema(schema)
        if "patternProperties" in written:
            written["additionalProperties"] = next(iter(written.pop("patternProperties").values()))
            written["propertyNames"] = self.generate_inner(schema["keys_schema"])
        return written


@cache
def schema(kind: str) -> Schema:
    """The JSON Schema (draft 2020-12) of one kind."""
    generated = MODELS[kind].model_json_schema(by_alias=True, schema_generator=_Generator)
    titled = {"$schema": _Generator.schema_dialect, **_without_titles(generated), "title": kind}
    return dict(sorted(titled.items()))


def schemas() -> Mapping[str, Schema]:
    """All of them by the name of their file."""
    return {f"{kind}.schema.json": schema(kind) for kind in MODELS}


def at(root: Schema, path: Iterable[str | int]) -> Schema:
    """What the schema says of the value at a path; {} where it says nothing."""
    node = root
    for step in path:
        node = _step(root, _followed(root, node), step)
    return _followed(root, node)


def _step(root: Schema, node: Schema, step: str | int) -> Schema:
    if isinstance(step, int):
        return _mapping(node.get("items"))
    for form in (node, *(_followed(root, part) for part in node.get("oneOf", ()) if "required" not in part)):
        found = form.get("properties", {}).get(step, form.get("additionalProperties"))
        if isinstance(found, Mapping):
            return found
    return {}


def _followed(root: Schema, node: Schema) -> Schema:
    """The node itself, or the definition it names; what is written beside the reference goes before."""
    if "$ref" not in node:
        return node
    named: Schema = root["$defs"][node["$ref"].rpartition("/")[2]]
    return {**named, **{key: value for key, value in node.items() if key != "$ref"}}


def _mapping(value: object) -> Schema:
    return value if isinstance(value, Mapping) else {}


def _without_titles(node: Any, *, names: bool = False) -> Any:
    """Drop pydantic's titles, which repeat the names of fields. `names`: the keys of this mapping are names, not keywords."""
    if isinstance(node, list):
        return [_without_titles(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = not names
    return {
        key: _without_titles(value, names=inner and key in ("properties", "$defs"))
        for key, value in sorted(node.items())
        if names or key != "title"
    }
