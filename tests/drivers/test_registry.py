"""The driver of a target is found by its kind, or the message says why not and what to do."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from eeveon.core.desired import Target
from eeveon.core.names import EnvironmentName, ProjectName, Scope, TargetName
from eeveon.drivers.base import Context
from eeveon.drivers.registry import BUILT_IN, GROUP, connect, driver_of, known_kinds
from eeveon.errors import UsageError
from tests.drivers.contract import KnownSecrets

FOREIGN = '''
"""A driver of somebody else."""
def connect(target, context):
    return ("foreign", target.name)
'''


def target_of(kind: str) -> Target:
    return Target(name=TargetName("edge"), kind=kind, settings={})


def context_at(state: Path) -> Context:
    scope = Scope(project=ProjectName("shop"), environment=EnvironmentName("staging"))
    return Context(scope=scope, state=state, secrets=KnownSecrets(), report=lambda *_: None)


def install(folder: Path, kind: str, place: str) -> None:
    """Leave what pip leaves of a package with one entry point."""
    metadata = folder / f"{kind}_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {kind}-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{kind} = {place}\n")


def test_connects_to_a_built_in_kind(tmp_path: Path) -> None:
    driver = connect(target_of("fake"), context_at(tmp_path))
    assert driver.kind == "fake"


def test_every_built_in_kind_is_an_entry_point_of_the_package_too() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["entry-points"][GROUP] == BUILT_IN


def test_an_unknown_kind_is_answered_with_the_known_ones_and_a_guess() -> None:
    with pytest.raises(UsageError) as caught:
        driver_of(target_of("dokcer"))
    assert caught.value.message == "target edge is of kind dokcer, which nothing here knows"
    assert caught.value.hint == "did you mean `docker`? known kinds: docker, fake, kubernetes, local, ssh"


def test_a_driver_of_somebody_else_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "foreign_driver.py").write_text(FOREIGN)
    install(tmp_path, "foreign", "foreign_driver:connect")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert connect(target_of("foreign"), context_at(tmp_path)) == ("foreign", "edge")  # type: ignore[comparison-overlap]  # it is no real driver
    assert known_kinds() == ("docker", "fake", "foreign", "kubernetes", "local", "ssh")


def test_nobody_else_can_take_the_place_of_a_built_in_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "foreign_driver.py").write_text(FOREIGN)
    install(tmp_path, "fake", "foreign_driver:connect")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert connect(target_of("fake"), context_at(tmp_path)).kind == "fake"


def test_a_missing_extra_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needy_driver.py").write_text(
        "raise ModuleNotFoundError('no docker', name='docker.errors')\n"
    )
    install(tmp_path, "needy", "needy_driver:connect")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError) as caught:
        driver_of(target_of("needy"))
    assert "package docker is not installed" in caught.value.message
    assert caught.value.hint == "install it with `pip install 'eeveon[docker]'`"


def test_a_driver_that_needs_another_missing_module_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lacking_driver.py").write_text("import there_is_no_such_module\n")
    install(tmp_path, "lacking", "lacking_driver:connect")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match="there_is_no_such_module"):
        driver_of(target_of("lacking"))


def test_a_built_in_kind_is_found_without_asking_the_installed_packages() -> None:
    code = (
        "import sys\n"
        "from eeveon.core.desired import Target\n"
        "from eeveon.drivers.registry import driver_of\n"
        "before = 'importlib.metadata' in sys.modules\n"
        "driver_of(Target(name='edge', kind='fake', settings={}))\n"
        "assert before or 'importlib.metadata' not in sys.modules\n"
        "assert 'docker' not in sys.modules\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, timeout=30)
