"""What the pages show is what the program prints."""

import shutil
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT, Reader
from tests.docs.console import Command, File, matches, parts, run_page

DEMO = ("eeveon.yaml", "specs", "schemas")


@pytest.fixture
def checkout(reader: Reader) -> Reader:
    """The reader in a fresh clone of the part that the demo needs, its `.venv` installed."""
    for name in DEMO:
        place = ROOT / name
        copy = shutil.copytree if place.is_dir() else shutil.copy
        copy(place, reader.root / name)
    (reader.root / ".venv").symlink_to(ROOT / ".venv")
    (reader.root / ".gitignore").write_text(".venv\n")
    assert reader.shell.run("git init -q && git add -A && git commit -qm one") == ([], 0)
    return reader


def test_the_demo_ends_with_pages_over_http_and_a_second_run_has_nothing_to_do(checkout: Reader) -> None:
    printed, status = checkout.shell.run("specs/demo.sh")
    assert status == 0, printed
    assert sum("→ 200 Hello from EEveon" in line for line in printed) == 2
    again, status = checkout.shell.run("specs/demo.sh")
    assert status == 0
    assert matches(("eeveon/demo @ …   nothing to do, 2 unchanged", "…"), again)
    assert checkout.shell.run("eeveon destroy --yes -e demo")[1] == 0
    assert checkout.shell.run("eeveon status -e demo")[0][0] == "eeveon/demo   0 of 0 instances running"


def test_the_readme_shows_what_the_program_prints(checkout: Reader) -> None:
    assert checkout.shell.run("specs/demo.sh")[1] == 0
    run_page(ROOT / "README.md", checkout.shell, checkout.root)
    assert checkout.shell.run("eeveon destroy --yes -e demo")[1] == 0


@pytest.mark.parametrize(
    ("expected", "printed", "fits"),
    [
        (("a … c",), ["a b c"], True),
        (("a … c",), ["a b d"], False),
        (("…", "end"), ["one", "two", "end"], True),
        (("…", "end"), ["one", "two"], False),
        (("a", "…", "b", "…"), ["a", "b"], True),
        ((), ["unexpected"], False),
        (("missing",), [], False),
        (("(a.b)",), ["(aXb)"], False),
        (("a",), ["a", "", ""], True),
    ],
)
def test_the_runner_tells_what_fits_from_what_does_not(
    expected: tuple[str, ...], printed: list[str], fits: bool
) -> None:
    assert matches(expected, printed) is fits


def test_the_runner_reads_commands_with_their_lines_and_files() -> None:
    page = "text\n```yaml file=a/b.yaml\nx: 1\n```\n\n```console\n$ one \\\n> two\nout\n$ three\n```\n```sh\nno\n```\n"
    assert list(parts(page)) == [
        File(path="a/b.yaml", text="x: 1\n"),
        Command(line=7, text="one \\\ntwo", expected=("out",)),
        Command(line=10, text="three", expected=()),
    ]


def test_the_runner_fails_where_a_page_is_wrong(reader: Reader, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ cd /; echo one\ntwo\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md:2: cd /; echo one"):
        run_page(page, reader.shell, reader.root)


def test_the_runner_keeps_folder_variables_and_status(reader: Reader) -> None:
    assert reader.shell.run("mkdir x; cd x; A=b; false") == ([], 1)
    assert reader.shell.run("echo $? $A; basename $PWD; cat") == (["1 b", "x"], 0)


def test_the_tutorial_is_what_happens(reader: Reader) -> None:
    run_page(ROOT / "docs" / "tutorial.md", reader.shell, reader.root)
    assert not list(reader.state.glob("local/*/scopes/*/records/instance.*"))


def test_the_page_about_importing_is_what_happens(reader: Reader) -> None:
    run_page(ROOT / "docs" / "guides" / "importing.md", reader.shell, reader.root)
