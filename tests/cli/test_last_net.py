"""What nobody thought of reaches a person in words, and with `--debug` as it is."""

import subprocess
import sys

import pytest

from tests.cli.conftest import SHOP, Cli

ASCII = {"PYTHONIOENCODING": "ascii"}  # an output that cannot say what the specs do


def test_an_unexpected_exception_is_a_bug_that_can_be_reported(shop: Cli) -> None:
    shop.write({"specs/web.yaml": SHOP["specs/web.yaml"].replace("spec:", "spec:\n  env: {WHO: Łukasz}")})
    said = shop("render", env=ASCII)
    assert said.status == 1
    assert said.err.startswith("error: internal error: UnicodeEncodeError: 'ascii' codec can't encode")
    assert "this is a bug of EEveon; run the command again with --debug" in said.err
    assert "Traceback" not in said.err


def test_with_debug_it_is_raised(shop: Cli) -> None:
    shop.write({"specs/web.yaml": SHOP["specs/web.yaml"].replace("spec:", "spec:\n  env: {WHO: Łukasz}")})
    assert "Traceback" in shop("--debug", "render", env=ASCII).err


@pytest.mark.parametrize(
    ("shell", "status", "said"),
    [
        ("plan > /dev/full", 1, "error: writing to standard output: No space left on device\n"),
        ("plan >&-", 2, ""),
        ("plan <&-", 2, ""),
        ("plan 2>&-", 2, ""),
        ("apply <&-", 1, "error: there is no terminal to ask on\n"),
    ],
)
def test_an_output_that_is_full_or_closed_is_no_bug(shop: Cli, shell: str, status: int, said: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m eeveon.cli.app {shell}"],
        cwd=shop.root,
        env=shop.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.partition("  ")[0]) == (status, said)


def test_a_folder_that_is_gone_is_said_in_words(shop: Cli) -> None:
    script = f"mkdir gone && cd gone && rmdir ../gone && exec {sys.executable} -m eeveon.cli.app plan"
    done = subprocess.run(
        ["sh", "-c", script], cwd=shop.root, env=shop.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: the current folder is gone")
    missing = shop("-C", "nowhere", "plan")
    assert (missing.status, "Directory 'nowhere' does not exist" in missing.err) == (2, True)
