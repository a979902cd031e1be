"""One document over another, in which only what differs is written.

Maps merge, lists of named items merge by name, other lists replace, null removes.
`Layers` remembers both, so that a mistake of the merged document is found in the file that defines the value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eeveon.specs.files import CheckedDocument
from eeveon.specs.problem import Path, Problem, field_name
from eeveon.specs.suggest import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The document that results, and the overlay's own mistakes (their paths are the overlay's)."""

    data: dict[str, Any]
    problems: tuple[Problem, ...]


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> Merged:
    """The base with what the overlay says instead."""
    problems: list[Problem] = []
    return Merged(data=_merge(base, overlay, (), problems), problems=tuple(problems))


def _merge(
    base: Mapping[str, Any], overlay: Mapping[str, Any], path: Path, problems: list[Problem]
) -> dict[str, Any]:
    merged = dict(base)
    for key, value in overlay.items():
        if value is not None:
            merged[key] = _over(base.get(key), value, (*path, key), problems)
        elif key in base:
            del merged[key]
        else:
            problems.append(_removes_nothing((*path, key), base))
    return merged


def _over(base: Any, value: Any, path: Path, problems: list[Problem]) -> Any:
    if isinstance(value, dict):
        return _merge(base if isinstance(base, dict) else {}, value, path, problems)
    if _is_named(base) and _is_named(value):
        return _merge_named(base, value, path, problems)
    return value


def _merge_named(base: list[Any], items: list[Any], path: Path, problems: list[Problem]) -> list[Any]:
    merged = list(base)
    waiting = {item["name"]: at for at, item in enumerate(base)}
    for at, item in enumerate(items):
        place = waiting.pop(item["name"], None)  # a second item of the name is added, for a rule to find
        over = _over(None if place is None else base[place], item, (*path, at), problems)
        if place is None:
            merged.append(over)
        else:
            merged[place] = over
    return merged


def _is_named(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value)
    )


def _removes_nothing(path: Path, base: Mapping[str, Any]) -> Problem:
    return Problem(
        code="overlay-removes-nothing",
        message=f"`{field_name(path)}: null` removes nothing: the base document has no such field here",
        path=path,
        hint=did_you_mean(str(path[-1]), base) or "remove the line",
        on_key=True,
    )


@dataclass(frozen=True, slots=True)
class Layers:
    """The documents that one resolved document was made of."""

    base: CheckedDocument
    overlay: CheckedDocument | None = None

    def origin(self, problem: Problem, merged: Mapping[str, Any]) -> tuple[CheckedDocument, Path]:
        """The document that defines what the problem is about, and the path in it."""
        if self.overlay is None:
            return self.base, problem.path
        written, base = self.overlay.data, self.base.data
        found = _path_in(written, merged, problem.path)
        if found is not None:
            return self.overlay, found
        if problem.code == "missing-field" and _path_in(base, merged, problem.path[:-1]) is None:
            around = _path_in(written, merged, problem.path[:-1])
            return self.overlay, (*(around or ()), problem.path[-1])
        return self.base, _path_in(base, merged, problem.path) or problem.path


def _path_in(layer: Any, merged: Any, path: Path) -> Path | None:
    """A path of the merged document as this layer has it; None where the layer does not say it."""
    found: list[str | int] = []
    for step in path:
        if isinstance(step, int) and _is_named(layer) and step < len(merged):
            name = merged[step].get("name") if isinstance(merged[step], dict) else None
            step = next((at for at, item in enumerate(layer) if item["name"] == name), -1)  # noqa: PLW2901  # the layer's own index
        known: Any = (
            layer if isinstance(layer, dict) else range(len(layer)) if isinstance(layer, list) else ()
        )
        if step not in known:
            return None
        merged = merged[path[len(found)]] if path[len(found)] in _steps(merged) else None
        layer = layer[step]
        found.append(step)
    return tuple(found)


def _steps(node: Any) -> Any:
    return node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
