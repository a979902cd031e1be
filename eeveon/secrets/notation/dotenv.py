r"""Dotenv as SOPS writes it: `KEY=value` lines, newlines as `\n`, its metadata flattened into `sops_…` keys."""

import re

from eeveon.errors import SecretError
from eeveon.secrets.tree import Node, Scalar, Tree

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PREFIX = "sops_"
_LIST = "__list_"
_MAP = "__map_"


class Dotenv:
    """One flat map; only the `sops` part has maps inside."""

    name = "dotenv"
    comments = True

    def parse(self, text: str, where: str) -> Tree:
        """The map that the text holds."""
        tree: Tree = {}
        metadata: dict[str, str] = {}
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            key, equals, value = line.partition("=")
            if not equals or not _NAME.fullmatch(key):
                raise SecretError(f"{where}:{number} is not a KEY=value line")
            if key in tree or key in metadata:
                raise SecretError(f"{where}:{number} repeats the key {key}")
            value = value.removesuffix("\r").replace("\\n", "\n")
            if key.startswith(_PREFIX):
                metadata[key.removeprefix(_PREFIX)] = value
            else:
                tree[key] = Scalar("str", value)
        return tree | {"sops": _nested(metadata)} if metadata else tree

    def patch(self, text: str, tree: Tree, where: str) -> str:
        """Known keys are changed in their lines, new ones follow the others, the metadata comes last."""
        wanted = {key: _line(key, value, where) for key, value in tree.items() if key != "sops"}
        lines: list[str] = []
        for line in text.split("\n") if text else []:
            key, equals, _ = line.partition("=")
            if line.startswith("#") or not equals:
                lines.append(line)
            elif key in wanted:
                lines.append(wanted.pop(key))
        while lines and not lines[-1]:
            lines.pop()
        metadata = tree.get("sops")
        flat = _flat(metadata, "") if isinstance(metadata, dict) else {}
        lines += [
            *wanted.values(),
            *(_line(_PREFIX + key, value, where) for key, value in sorted(flat.items())),
        ]
        return "\n".join([*lines, ""])

    def comment_spans(self, text: str) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
        """Every line that starts with `#`."""
        return tuple((found.start(), found.end(), ()) for found in re.finditer(r"^#.*$", text, re.MULTILINE))


def _line(key: str, value: Node, where: str) -> str:
    if not isinstance(value, Scalar) or not _NAME.fullmatch(key) or "\r" in value.text or "\\n" in value.text:
        raise SecretError(
            f"{where}: the entry {key} cannot be written in a dotenv file",
            hint="keys are letters, digits and _; values hold no carriage return and no backslash followed by n",
        )
    return f"{key}=" + value.text.replace("\n", "\\n")


def _nested(flat: dict[str, str]) -> Tree:
    """`age__list_0__map_enc` → age[0].enc; lists of maps are all that SOPS puts into its metadata."""
    tree: Tree = {}
    for key, value in sorted(flat.items()):
        name, listed, rest = key.partition(_LIST)
        position, mapped, field = rest.partition(_MAP)
        if not listed:
            tree[name] = Scalar("str", value)
        elif mapped and position.isdigit():
            rows = tree.setdefault(name, {})
            if isinstance(rows, dict):
                row = rows.setdefault(position, {})
                if isinstance(row, dict):
                    row[field] = Scalar("str", value)
    return {name: _rows(node) for name, node in tree.items()}


def _rows(node: Node) -> Node:
    return [node[at] for at in sorted(node, key=int)] if isinstance(node, dict) else node


def _flat(node: Node, prefix: str) -> dict[str, Node]:
    if isinstance(node, Scalar):
        return {prefix: node}
    if isinstance(node, list):
        parts = [(f"{prefix}{_LIST}{at}", item) for at, item in enumerate(node)]
    else:
        parts = [(f"{prefix}{_MAP if prefix else ''}{key}", item) for key, item in node.items()]
    return {key: value for name, item in parts for key, value in _flat(item, name).items()}
