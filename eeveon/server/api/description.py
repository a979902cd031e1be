"""The API as an OpenAPI 3.1 document, made of its operations: it cannot say what they do not do."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

from eeveon.server.api.operations import Operation

ROOT: Final = "/api/v1"
_NAMES: Final = re.compile(r"\{(\w+)\}")
_ERRORS: Final = {
    "400": "The call is not understood; the text names every mistake.",
    "401": "No token, or one that does not work.",
    "403": "The token, or the AccessPolicies of the environment, do not allow it.",
    "404": "There is no such thing.",
    "409": "Not as things stand.",
    "429": "Too many calls; `Retry-After` says when to go on.",
}


def description(operations: Iterable[Operation]) -> dict[str, Any]:
    """The document."""
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(f"{ROOT}{one.path}", {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "EEveon",
            "version": version("eeveon"),
            "summary": "What a controller knows, and what it can be told.",
        },
        "paths": paths,
        "security": [{"token": []}, {"session": []}],
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "eeveon_session"},
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "properties": {"error": {"type": "string"}, "hint": {"type": "string"}},
                    "required": ["error"],
                }
            },
        },
    }


def _operation(one: Operation) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _NAMES.findall(one.path)
    ]
    parameters += [
        {"name": item.name, "in": "query", "description": item.summary, "schema": item.schema}
        for item in one.query
    ]
    answers = {
        str(one.status): {
            "description": one.gives,
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        **{status: _error(text) for status, text in _ERRORS.items()},
    }
    found: dict[str, Any] = {
        "summary": one.summary,
        "operationId": _id(one),
        "description": f"Takes the right `{one.right}`.",
        "responses": answers,
    }
    if parameters:
        found["parameters"] = parameters
    if one.body:
        found["requestBody"] = {
            "required": bool(one.body.get("required")),
            "content": {"application/json": {"schema": one.body}},
        }
    return found


def _error(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _id(one: Operation) -> str:
    words = [
        word for word in re.split(r"[/{}]+", one.path) if word and word not in {"repository", "environment"}
    ]
    return one.method.lower() + "".join(word.capitalize() for word in words)
