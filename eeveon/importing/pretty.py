"""Documents as a person would write them: short mappings and lists on one line, all else in block style."""

import json
from collections.abc import Mapping
from typing import Any, Final

from eeveon.render.yaml import flow_text, yaml_text
from eeveon.specs.files import EXPRESSION

_WIDTH: Final = 100
_BLOCKS: Final = frozenset({"env", "environments", "labels", "secrets", "spec", "podTemplate", "kubernetes"})
_FEW: Final = 5  # entries of a mapping on one line
_ESCAPED: Final = f"{EXPRESSION} '{EXPRESSION}' }}}}"


def document_text(document: Mapping[str, Any]) -> str:
    """One document, ending in a newline. What EEveon would take for an expression in a text is written as that text."""
    lines: list[str] = []
    _mapping(_literal(document), "", lines)
    return "\n".join(lines) + "\n"


def _literal(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _literal(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_literal(value) for value in node]
    return node.replace(EXPRESSION, _ESCAPED) if isinstance(node, str) else node


def _mapping(node: Mapping[str, Any], pad: str, lines: list[str]) -> None:
    for key, value in node.items():
        lines += _entry(pad, key, value)


def _entry(pad: str, key: str, value: Any) -> list[str]:
    lead = f"{pad}{_key(key)}:"
    flow = _flow(value) if isinstance(value, dict | list) and not (key in _BLOCKS and value) else None
    if flow is not None and len(lead) + len(flow) < _WIDTH:
        return [f"{lead} {flow}"]
    lines = [lead]
    if isinstance(value, dict) and value:
        _mapping(value, f"{pad}  ", lines)
    elif isinstance(value, list) and value:
        _items(value, f"{pad}  ", lines)
    else:
        lines = _block({key: value}, pad)
    return lines


def _items(items: list[Any], pad: str, lines: list[str]) -> None:
    for item in items:
        flow = _flow(item)
        if flow is not None and len(pad) + len(flow) + 2 < _WIDTH:
            lines.append(f"{pad}- {flow}")
        else:
            lines += _block([item], pad)


def _block(node: Any, pad: str) -> list[str]:
    """By the emitter of resolved documents, at an indentation."""
    if isinstance(node, list):
        text = yaml_text({"x": node}).partition("\n")[2].rstrip("\n")
        return [pad + line[2:] if line else line for line in text.split("\n")]
    return [pad + line if line else line for line in yaml_text(node).rstrip("\n").split("\n")]


def _key(key: str) -> str:
    return yaml_text({key: 0}).removesuffix(": 0\n")


def _flow(value: Any) -> str | None:
    """The value on one line; None where it is too rich for that."""
    if isinstance(value, dict):
        return _flow_mapping(value)
    if isinstance(value, list):
        return _flow_list(value)
    if isinstance(value, str):
        return None if "\n" in value else flow_text(value)
    return yaml_text({"x": value})[3:-1] if isinstance(value, float) else json.dumps(value)


def _flow_list(value: list[Any]) -> str | None:
    if any(isinstance(one, dict | list) and one for one in value):
        return None
    inner = [flow for one in value if (flow := _flow(one)) is not None]
    return f"[{', '.join(inner)}]" if len(inner) == len(value) else None


def _flow_mapping(value: Mapping[str, Any]) -> str | None:
    if len(value) > _FEW or any(isinstance(one, dict | list) and one for one in _two_deep(value)):
        return None
    inner = [_flow(one) for one in value.values()]
    if any(one is None for one in inner):
        return None
    return "{" + ", ".join(f"{flow_text(key)}: {one}" for key, one in zip(value, inner, strict=True)) + "}"


def _two_deep(value: Mapping[str, Any]) -> list[Any]:
    """What lies two levels below: with more than that, a line is hard to read."""
    found: list[Any] = []
    for one in value.values():
        found += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return found
