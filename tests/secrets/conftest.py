"""Keys, files written by sops, and the real `age` program."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyrage  # type: ignore[import-untyped]  # it ships no stubs
import pytest

from eeveon.core.secret import SecretValue
from eeveon.secrets.age import Identities, Identity
from eeveon.secrets.edit import Keys

Program = Callable[..., bytes]
HERE = Path(__file__).parent / "written_by_sops"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # `make install` brings sops beside python


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2027, 3, 2, 10, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def sops_identities() -> Identities:
    lines = (HERE / "identities.txt").read_text().splitlines()
    texts = [line for line in lines if line.startswith("AGE-SECRET-KEY")]
    return Identities(keys=tuple(Identity(text=SecretValue(text), origin="the tests") for text in texts))


@pytest.fixture(scope="session")
def by_sops() -> Callable[[str], bytes]:
    return lambda name: (HERE / name).read_bytes()


@pytest.fixture(scope="session")
def keys() -> Keys:
    """One identity of our own, and its recipient."""
    return new_keys()


@pytest.fixture(scope="session")
def other_keys() -> Keys:
    return new_keys()


def new_keys() -> Keys:
    made = pyrage.x25519.Identity.generate()
    identity = Identity(text=SecretValue(str(made)), origin="the tests")
    return Keys(identities=Identities(keys=(identity,)), recipients=(str(made.to_public()),))


def _program(name: str) -> Program:
    found = shutil.which(name, path=PATH)
    assert found is not None

    def run(*arguments: str, stdin: bytes = b"", **environment: str) -> bytes:
        return subprocess.run(
            [found, *arguments],
            input=stdin,
            capture_output=True,
            check=True,
            timeout=30,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment},
        ).stdout

    return run


@pytest.fixture(scope="session")
def age_program() -> Program:
    if shutil.which("age") is None and not os.environ.get("CI"):
        pytest.skip("the program `age` is not installed")
    assert shutil.which("age"), "CI must have the program `age`"
    return _program("age")


@pytest.fixture(scope="session")
def sops_program() -> Program:
    """Comes with the locked packages, so it is never missing."""
    return _program("sops")
