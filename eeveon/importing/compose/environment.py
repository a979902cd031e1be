"""Variables of a service: plain ones, and those whose values are secret and never come into specs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eeveon.importing.compose import dotenv
from eeveon.importing.compose.interpolation import interpolated
from eeveon.importing.compose.losses import Loss
from eeveon.importing.compose.merging import pairs
from eeveon.importing.compose.part import Part
from eeveon.importing.compose.storage import SECRETS, Project
from eeveon.importing.imported import Sort
from eeveon.importing.naming import MASK, fits_any, is_secret, is_variable, masked, masked_words
from eeveon.importing.nodes import Node

_ONE_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?[-?][^{}]*)?\})")


@dataclass(slots=True)
class Sources:
    """The variables of whoever applies, by what they hold: services whose values differ need different ones."""

    values: dict[str, str] = field(default_factory=dict)

    def variable(self, wanted: str, service: str, value: str) -> str:
        """The name of a variable that holds this value."""
        if self.values.setdefault(wanted, value) == value:
            return wanted
        name = f"{service}_{wanted}".upper().replace("-", "_")
        self.values[name] = value
        return name


def environment(part: Part, project: Project, sources: Sources) -> dict[str, dict[str, Any]]:
    """`env` and `secrets` of the service."""
    env: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for name, node in _variables(part).items():
        if not is_variable(name):
            part.lose(node, f"environment.{name}", Loss("no variable can have this name", "", Sort.TODO))
        elif (given := _file_of_secret(part, project, name, node)) is not None:
            secrets[name.removesuffix("_FILE")] = {"env": given}
        elif _is_secret(part, name, node):
            secrets[name] = {"env": _secret(part, sources, name, node)}
        else:
            env[name] = node.text
    return {"env": env, "secrets": secrets}


def _variables(part: Part) -> Mapping[str, Node]:
    """All variables: of the files in their order, then of `environment`; those that have no value are left out."""
    found: dict[str, Node] = {}
    files = part.get("env_file")
    for item in files.items() if files else ():
        found |= _of_file(part, item)
    written = part.get("environment")
    for name, node in pairs(written).entries() if written else ():
        given = part.source.values.get(name)
        if node.value is not None:
            found[name] = node
        elif given is not None:
            found[name] = Node(value=given, at=node.at, raw=f"${{{name}}}", used=frozenset({name}))
        else:
            part.lose(node, f"environment.{name}", Loss(
                "it is handed on from the environment, where it is not set",
                "import again with it set, or add it to `env`",
            ))  # fmt: skip
            found.pop(name, None)
    return found


def _of_file(part: Part, item: Node) -> dict[str, Node]:
    path = item.get("path") if item.is_mapping else item
    if path is None:
        return {}
    needed = item.get("required") if item.is_mapping else None
    content = part.source.request.read(path.text)
    if content is None:
        if needed is None or needed.truth:
            part.mistake(path, "env_file", f"there is no file {part.source.shown(path.text)}")
        return {}
    form = item.get("format") if item.is_mapping else None
    if form is not None and form.text == "raw":
        values = dotenv.raw(content.decode(errors="replace"))
    else:
        values = part.source.variables(path.text, part.source.values) or {}
    return {name: Node(value=value, at=path.at) for name, value in values.items()}


def _is_secret(part: Part, name: str, node: Node) -> bool:
    choices = part.source.request.choices
    if fits_any(name, choices.plain):
        return False
    if fits_any(name, choices.secret):
        return True
    return is_secret(name, node.text) or any(_is_secret_variable(part, one) for one in node.used)


def _secret(part: Part, sources: Sources, name: str, node: Node) -> str:
    """The variable of whoever applies that the value is to come from."""
    one = _ONE_VARIABLE.fullmatch(node.raw)
    wanted = (one[1] or one[2]) if one else name
    variable = sources.variable(wanted, part.name, node.text)
    part.lose(node, f"environment.{name}", Loss(
        "its value is secret, and specs hold none",
        f"apply with {variable} set, or keep it encrypted: "
        f"eeveon secrets set secrets/{part.name}.enc.yaml {name}, then `{{file: …, key: {name}}}`",
        Sort.TODO,
    ))  # fmt: skip
    return variable


def _file_of_secret(part: Part, project: Project, name: str, node: Node) -> str | None:
    """Where `X_FILE` leads to a secret of the project that is a variable: the name of that variable."""
    if not name.endswith("_FILE") or not node.text.startswith(f"{SECRETS}/"):
        return None
    written = part.get("secrets")
    goal = node.text.removeprefix(f"{SECRETS}/")
    for item in written.items() if written else ():
        source = item.get("source") if item.is_mapping else item
        target = item.get("target") if item.is_mapping else source
        entry = project.secrets.get(source.text) if source else None
        variable = entry.get("environment") if entry else None
        if target is not None and variable is not None and target.text == goal:
            part.differ(
                node, f"environment.{name}", f"the value comes as the variable {name.removesuffix('_FILE')}"
            )
            return variable.text
    return None


def secret_words(part: Part, node: Node, field: str) -> list[str]:
    """The words of a command. One that holds the value of a secret stays as it is written, or is masked."""
    found = []
    for word in node.items():
        if any(_is_secret_variable(part, name) for name in word.used):
            found.append(_unfilled(part, word))
            _report_word(part, word, field, found[-1])
        else:
            found.append(word.text)
    made = masked_words(found)
    if made != found:
        _report_word(part, node, field, MASK)
    return made


def _unfilled(part: Part, node: Node) -> str:
    """The text with the values of all variables but the secret ones, which stand there as `${NAME}`."""
    secret = {name: f"${{{name}}}" for name in node.used if _is_secret_variable(part, name)}
    return interpolated(node.raw, {**part.source.values, **secret}).text


def _report_word(part: Part, node: Node, field: str, instead: str) -> None:
    part.lose(node, field, Loss(
        f"it holds the value of a secret, so `{instead}` stands in its place",
        "let the program read it from a variable of `secrets`", Sort.TODO,
    ))  # fmt: skip


def _is_secret_variable(part: Part, name: str) -> bool:
    choices = part.source.request.choices
    if fits_any(name, choices.plain):
        return False
    return fits_any(name, choices.secret) or is_secret(name, part.source.values.get(name, ""))


def shell_text(part: Part, node: Node, field: str) -> str:
    """A text for the shell of the container, which puts in the values of secrets: there it stays as it is written."""
    if any(_is_secret_variable(part, name) for name in node.used):
        return _unfilled(part, node)
    made = masked(node.text)
    if made != node.text:
        _report_word(part, node, field, MASK)
    return made
