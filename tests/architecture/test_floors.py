"""The contracts of the house hold, and refuse what they are there for."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = frozenset(
    {"pydantic", "ruamel", "jinja2", "jsonschema", "docker", "requests", "git", "sqlite_utils"}
    | {"cryptography", "pyrage", "kubernetes", "fabric", "openai", "sktime", "pandas"}
    | {"starlette", "uvicorn"}
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter's verdict on the house in `folder`."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
    ]
    return subprocess.run(
        [*command, "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_house_keeps_its_contracts() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "eeveon", folder / "eeveon", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("core/diff.py", "import eeveon.specs.load", "The house has floors"),
        ("execution/executor.py", "import eeveon.reconcile", "The house has floors"),
        ("store/plans.py", "import eeveon.drivers.base", "The house has floors"),
        ("attic.py", "", "The house has floors"),
        ("importing/layout.py", "import eeveon.git.tree", "The house has floors"),
        ("specs/load.py", "import eeveon.importing.nodes", "The house has floors"),
        ("drivers/fake/driver.py", "import eeveon.secrets.sources", "Drivers know only core"),
        (
            "drivers/fake/driver.py",
            "import eeveon.drivers.local.driver",
            "Drivers are strangers to each other",
        ),
        ("reconcile.py", "import eeveon.drivers.docker.driver", "Drivers are reached through the registry"),
        ("drivers/base.py", "import eeveon.drivers.registry", "No cycles between siblings"),
    ],
)
def test_a_planted_import_breaks_its_contract(copy: Path, module: str, line: str, contract: str) -> None:
    file = copy / "eeveon" / module
    before = file.read_text(encoding="utf-8") if file.exists() else None
    file.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        result = lint(copy)
    finally:
        file.unlink() if before is None else file.write_text(before, encoding="utf-8")
    assert result.returncode == 1, result.stdout
    assert f"{contract} BROKEN" in result.stdout


def test_every_room_is_on_one_floor() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    floors = next(item for item in contracts if item["type"] == "layers")
    assert floors["exhaustive"] is True


@pytest.mark.parametrize(
    "words",
    [["--help"], ["--version"], ["plan", "--help"], ["apply", "--help"], ["import", "compose", "--help"]],
)
def test_help_loads_no_heavy_package(words: list[str]) -> None:
    program = (
        "import sys\n"
        "from eeveon.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(result.stdout.rpartition("LOADED")[2].split())
    assert "click" in loaded, "the program did not run"
    assert loaded & HEAVY == set()


SHARED = frozenset({"base", "connections", "registry"})
ROOMS = [*sorted(SHARED), *(f"{name}.driver" for name in ("fake", "local", "docker", "ssh", "kubernetes"))]


@pytest.mark.parametrize("room", ROOMS)
def test_a_driver_room_knows_only_core_and_errors(room: str) -> None:
    program = f"import sys, eeveon.drivers.{room}\nprint(*(name for name in sys.modules if name.startswith('eeveon.')))"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    rooms = {name.split(".")[1] for name in result.stdout.split()}
    assert rooms <= {"core", "drivers", "errors"}
    others = {name.split(".")[2] for name in result.stdout.split() if name.startswith("eeveon.drivers.")}
    assert others <= SHARED | {room.split(".")[0]}
