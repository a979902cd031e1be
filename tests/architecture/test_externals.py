"""Which room may import what from outside. A name that is not in the table is refused."""

import sys
from collections.abc import Mapping
from pathlib import Path

import grimp
import pytest

# Of the standard library, what has no way out: no files, no sockets, no processes, no clock, no chance.
PURE = frozenset(
    {"abc", "collections", "contextlib", "copy", "dataclasses", "datetime", "decimal", "difflib", "enum"}
    | {"fractions", "functools", "graphlib", "hashlib", "ipaddress", "itertools", "json", "math", "operator"}
    | {"re", "shlex", "statistics", "string", "textwrap", "types", "typing"}
)
STDLIB = frozenset(sys.stdlib_module_names)

ALLOWED: Mapping[str, frozenset[str]] = {
    "": STDLIB,  # errors, reconcile, wiring
    "cli": STDLIB | {"click", "watchfiles"},
    "core": PURE | {"hmac"},  # secrets are compared in constant time
    "drivers": STDLIB,
    "drivers.docker": STDLIB | {"docker"},
    "drivers.kubernetes": STDLIB | {"kubernetes", "orjson", "urllib3"},
    "drivers.ssh": STDLIB | {"fabric", "jinja2", "paramiko"},
    "errors": PURE,
    "execution": STDLIB,
    "git": STDLIB | {"git", "urllib3"},
    "importing": PURE | {"fnmatch", "posixpath"},  # fnmatchcase, names of files: of texts, none is opened
    "reconcile": STDLIB,
    "render": PURE,
    "secrets": STDLIB | {"cryptography", "pyrage", "ruamel"},
    "server": STDLIB | {"jsonschema", "prometheus_client", "starlette", "uvicorn"},
    "settings": PURE | {"pathlib"},
    "specs": PURE
    | {"jinja2", "jsonschema", "pydantic", "pydantic_core", "referencing", "ruamel", "sys"}
    | {"pathlib", "posixpath"},  # PurePosixPath, normpath: names in a repository and on hosts
    "store": STDLIB | {"sqlite_utils"},
}


def allowed_for(module: str) -> frozenset[str]:
    """The longest row of the table that is a prefix of the module's room."""
    room = module.removeprefix("eeveon").removeprefix(".")
    rows = [row for row in ALLOWED if room == row or room.startswith(f"{row}.") or row == ""]
    return ALLOWED[max(rows, key=len)]


def refused(graph: grimp.ImportGraph) -> dict[str, set[str]]:
    """What each module imports from outside and may not."""
    found = {}
    for module in sorted(name for name in graph.modules if name.split(".")[0] == "eeveon"):
        used = {name.split(".")[0] for name in graph.find_modules_directly_imported_by(module)}
        if wrong := used - {"eeveon"} - allowed_for(module):
            found[module] = wrong
    return found


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("eeveon", include_external_packages=True, cache_dir=None)


def test_every_room_imports_only_what_it_may(graph: grimp.ImportGraph) -> None:
    assert refused(graph) == {}


def test_every_row_speaks_of_a_room_that_exists(graph: grimp.ImportGraph) -> None:
    assert {row for row in ALLOWED if row and f"eeveon.{row}" not in graph.modules} == set()


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("eeveon.core.diff", "pathlib"),
        ("eeveon.core.planner.whole", "random"),
        ("eeveon.core.plan", "pydantic"),
        ("eeveon.importing.compose.whole", "pathlib"),
        ("eeveon.specs.load", "os"),
        ("eeveon.render.plan_text", "click"),
        ("eeveon.drivers.local.driver", "docker"),
        ("eeveon.execution.executor", "sqlite_utils"),
        ("eeveon.reconcile", "openai"),
    ],
)
def test_a_planted_import_is_refused(graph: grimp.ImportGraph, module: str, package: str) -> None:
    planted = grimp.build_graph("eeveon", include_external_packages=True, cache_dir=None)
    assert module in graph.modules
    planted.add_module(package, is_squashed=True)
    planted.add_import(importer=module, imported=package)
    assert refused(planted) == {module: {package}}


def test_every_package_of_the_table_is_a_declared_dependency() -> None:
    declared = Path(__file__).parents[2].joinpath("pyproject.toml").read_text(encoding="utf-8")
    names = {
        "git": "gitpython",
        "paramiko": "fabric",  # which is a way to use it
        "prometheus_client": "prometheus-client",
        "pydantic_core": "pydantic",
        "referencing": "jsonschema",
        "sqlite_utils": "sqlite-utils",
    }
    outside = set().union(*ALLOWED.values()) - STDLIB
    assert {name for name in outside if f'"{names.get(name, name)}' not in declared} == set()
