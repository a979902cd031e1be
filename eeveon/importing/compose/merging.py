"""One Compose file over another, as the Compose specification merges them."""

from collections.abc import Callable, Mapping
from typing import Final

from eeveon.importing.nodes import Node

_REPLACED: Final = frozenset({"command", "entrypoint", "test"})  # the whole list, not item by item
# Lists that are mappings in truth, `A=b` being `A: b`.
_PAIRS: Final = frozenset({"environment", "labels", "annotations", "args", "sysctls", "extra_hosts"})
_NAMED: Final = frozenset({"networks", "depends_on", "models"})  # lists of names, or mappings by them


def merged(lower: Node, upper: Node, field: str = "") -> Node:
    """Mappings merge, lists append, scalars are replaced; null leaves what is there."""
    if upper.value is None:
        return lower
    if lower.value is None or field in _REPLACED:
        return upper
    if field in _PAIRS:
        return pairs(upper).at_value({**pairs(lower).value, **pairs(upper).value})
    if field in _NAMED:
        lower, upper = by_name(lower), by_name(upper)
    if lower.is_mapping and upper.is_mapping:
        return _mapping(lower, upper)
    if lower.is_list or upper.is_list:
        return upper.at_value(_appended(lower, upper, _KEYS.get(field, _itself)))
    return upper


def _mapping(lower: Node, upper: Node) -> Node:
    found = dict(lower.entries())
    for name, node in upper.entries():
        found[name] = merged(found[name], node, name) if name in found else node
    return upper.at_value(found)


def pairs(node: Node) -> Node:
    """`[A=b, C]` as `{A: b, C: null}`; a mapping as it is."""
    if node.is_mapping:
        return node
    found = {}
    for item in node.items():
        name, sign, value = item.text.partition("=")
        found[name] = Node(
            value=value if sign else None, at=item.at, raw=item.raw.partition("=")[2], used=item.used
        )
    return node.at_value(found)


def by_name(node: Node) -> Node:
    """`[a, b]` as `{a: null, b: null}`; a mapping as it is."""
    return (
        node if node.is_mapping else node.at_value({item.text: item.at_value(None) for item in node.items()})
    )


def _appended(lower: Node, upper: Node, key: Callable[[Node], str]) -> list[Node]:
    """The items of both; of two with the same key the upper one, in the place of the lower."""
    found = {key(item): item for item in lower.items()}
    found.update({key(item): item for item in upper.items()})
    return list(found.values())


def _itself(item: Node) -> str:
    return repr(item.plain)


def mount_path(item: Node) -> str:
    """Where a volume is mounted: `target`, or the part behind the source."""
    if item.is_mapping:
        target = item.get("target")
        return target.text if target else ""
    parts = item.text.split(":")
    return parts[0] if len(parts) == 1 else parts[1]


def _goal(item: Node) -> str:
    """Where a secret or config of the project is put."""
    if not item.is_mapping:
        return item.text
    found = item.get("target") or item.get("source")
    return found.text if found else ""


def _file(item: Node) -> str:
    path = item.get("path") if item.is_mapping else item
    return path.text if path else ""


_KEYS: Final[Mapping[str, Callable[[Node], str]]] = {
    "volumes": mount_path,
    "secrets": _goal,
    "configs": _goal,
    "env_file": _file,
}
