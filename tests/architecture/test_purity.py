"""The watch over pure rooms refuses what it is there for, and lets the machinery of the tests do its own work."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = "from tests.purity import pytest_runtest_call\n__all__ = ['pytest_runtest_call']\n"

VIOLATIONS = {
    "reads_a_file": "open('made.txt')",
    "writes_a_file": "import pathlib; pathlib.Path('made').write_text('x')",
    "lists_a_folder": "import os; os.listdir('.')",
    "opens_a_socket": "import socket; socket.socket()",
    "looks_up_a_name": "import socket; socket.gethostbyname('localhost')",
    "opens_a_database": "import sqlite3; sqlite3.connect(':memory:')",
    "starts_a_process": "import subprocess; subprocess.run(['true'])",
    "starts_a_shell": "import os; os.system('true')",
    "asks_the_web": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:1/')",
    "removes_a_folder": "import shutil; shutil.rmtree('nothing')",
}
PLANTED = """
def planted(body):
    room = {"__name__": "eeveon.core.planted"}
    exec(f"def act():\\n    try:\\n        {body}\\n    except Exception:\\n        pass", room)
    return room["act"]
"""
HARMLESS = """
import pytest
from hypothesis import given, strategies as st

def test_a_late_import():
    planted("import wave; wave.open")()

@given(st.integers())
def test_a_property_whose_examples_are_kept(number):
    planted("pass")()

@pytest.fixture
def text(tmp_path):
    planted("open('made.txt', 'w')")
    (tmp_path / "a").write_text("a")
    return (tmp_path / "a").read_text()

def test_what_a_fixture_and_a_test_do_for_themselves(text, tmp_path):
    assert (tmp_path / "a").read_text() == text
"""
FALSE_CLAIM = """
from hypothesis import given, strategies as st

@given(st.integers())
def test_it(number):
    planted("pass")()
    assert number < 9
"""


def run(pytester: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    """The tests in a room that is watched."""
    here = Path(__file__).parents[1] / "purity.py"
    room = pytester.mkpydir("tests")
    (room / "purity.py").write_text(here.read_text(encoding="utf-8"), encoding="utf-8")
    (room / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (room / "test_it.py").write_text(PLANTED + text, encoding="utf-8")
    return pytester.runpytest_subprocess("-q", "--import-mode=importlib", *options)


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["alone", "in parallel"])
def test_refuses_pure_code_that_reaches_outside(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    tests = [f"def test_{name}():\n    planted({body!r})()\n" for name, body in VIOLATIONS.items()]
    result = run(pytester, "\n".join(tests), *options)
    result.assert_outcomes(failed=len(VIOLATIONS))
    result.stdout.fnmatch_lines(["*TouchedOutside: pure code reached outside:*"])


def test_lets_through_what_tests_and_their_machinery_do(pytester: pytest.Pytester) -> None:
    run(pytester, HARMLESS).assert_outcomes(passed=3)


def test_a_property_that_fails_is_told_as_usual(pytester: pytest.Pytester) -> None:
    result = run(pytester, FALSE_CLAIM)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test case: test_it(*", "*number=9*"])
