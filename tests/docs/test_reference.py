"""The reference is in step with the program, and names all of it."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from docs.generate import FOLDER, KINDS, pages
from docs.loading_codes import LOADING
from eeveon import errors
from eeveon.cli.app import COMMANDS, eeveon
from eeveon.drivers.registry import known_kinds
from eeveon.specs.codes import CODES
from eeveon.specs.kinds import MODELS
from eeveon.specs.schema import schema
from tests.docs.conftest import ROOT

DOCS = ROOT / "docs"
PACKAGE = ROOT / "eeveon"
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
VARIABLE = re.compile(r"(EEVEON|SOPS|XDG|DOCKER)_[A-Z_]*[A-Z]|NO_COLOR|TERM|VISUAL|EDITOR")


def reference(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def literals(folder: Path) -> Iterator[str]:
    """Every text that a module of ours holds."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_page_is_what_make_docs_writes(name: str) -> None:
    assert reference(name) == pages()[name], "run `make docs`"


def test_every_command_is_there_with_every_option() -> None:
    text = reference("commands.md")
    for name in COMMANDS:
        command = eeveon.get_command(click.Context(eeveon), name)
        assert command is not None
        for path, one in _with_inner(f"eeveon {name}", command):
            _, _, section = text.partition(f"# {path}\n")
            section = section.partition("\n## eeveon")[0]
            assert section, path
            for option in (item for item in one.params if isinstance(item, click.Option)):
                assert all(f"`{flag}`" in section for flag in option.opts), (path, option.opts)


def _with_inner(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _with_inner(f"{path} {name}", inner)


def test_every_kind_is_there_with_every_field() -> None:
    assert set(KINDS) == set(MODELS)
    text = reference("specs.md")
    for kind in MODELS:
        root = schema(kind)
        own = text.partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
        for name, definition in ((kind, root), *root["$defs"].items()):
            section = own if name == kind else own.partition(f"### {kind}: {name}\n")[2].partition("### ")[0]
            assert all(f"| `{field}` |" in section for field in _fields(definition)), (kind, name)


def _fields(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = definition.get("properties", {})
    return found


def test_every_code_of_a_message_is_there() -> None:
    said = {*CODES, *LOADING}
    text = reference("diagnostics.md")
    assert all(f"| `{code}` |" in text for code in said)
    assert not set(CODES) & set(LOADING)


def test_no_code_is_used_that_the_reference_does_not_have() -> None:
    """Codes are the values of `code=`, and what the reader's shorthand `_fault(node, CODE, …)` is called with."""
    used: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.keyword(arg="code", value=ast.Constant(value=str(code))):
                    used.add(code)
                case ast.Call(func=ast.Attribute(attr="_fault"), args=[_, ast.Constant(value=str(code)), *_]):
                    used.add(code)
                case _:
                    pass
    assert len(used) > 30
    assert used <= {*CODES, *LOADING}, used - {*CODES, *LOADING}


def test_no_code_of_the_reference_is_unused() -> None:
    defined = PACKAGE / "specs" / "codes.py"
    used = {text for file in PACKAGE.rglob("*.py") if file != defined for text in _texts(file)}
    made = {code for code in CODES if f"{code.partition('-')[0]}-" in used}  # f"unknown-{noun}"
    assert {*CODES, *LOADING} <= used | made, {*CODES, *LOADING} - used - made


def _texts(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_exit_status_and_error_is_there() -> None:
    text = reference("exit-codes.md")
    every = vars(errors).values()
    kinds = [kind for kind in every if isinstance(kind, type) and issubclass(kind, errors.EEveonError)]
    assert len(kinds) > 10
    for error in kinds:
        if error is not errors.EEveonError:
            assert f"| `{error.__name__}` | {error.exit_code} |" in text


def test_the_readme_has_every_exit_status_of_the_reference() -> None:
    statuses = {int(row) for row in re.findall(r"^\| (\d+) \|", reference("exit-codes.md"), re.MULTILINE)}
    shown = {int(row) for row in re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)}
    assert statuses - shown == {130, 141}  # of the shell's own making
    assert not shown - statuses


def test_every_environment_variable_is_there() -> None:
    text = reference("environment.md")
    named = {text for text in literals(PACKAGE) if VARIABLE.fullmatch(text)}
    assert {"EEVEON_STATE", "DOCKER_HOST", "NO_COLOR"} <= named
    for variable in named:
        assert f"`{variable}" in text, variable


def test_every_driver_is_there() -> None:
    for kind in known_kinds():
        assert f"| [`{kind}`](#{kind}) |" in reference("drivers.md")


def pages_of_the_repository() -> list[Path]:
    written = [
        ROOT / "README.md",
        *DOCS.rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        *(ROOT / "specs").rglob("*.md"),
    ]
    return sorted(page for page in written if page.parent != DOCS / "changes")


@pytest.mark.parametrize(
    "page", pages_of_the_repository(), ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{page}: {link}"
        if anchor and goal.suffix == ".md":
            assert anchor in _anchors(goal.read_text(encoding="utf-8")), f"{page}: {link}"


def _anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    heads = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_is_reached_from_the_index() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    for page in pages_of_the_repository():
        if page.is_relative_to(DOCS) and page.name != "index.md":
            assert f"({page.relative_to(DOCS).as_posix()})" in index, page
