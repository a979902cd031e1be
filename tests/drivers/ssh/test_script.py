"""Values in scripts stay values, whatever they hold, and a script that arrives cut off does nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from eeveon.drivers.ssh.script import complete, fill, joined, locked, rooted, variable
from eeveon.errors import ActionRefused

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
HOSTILE = st.sampled_from(
    [
        "'; rm -rf / #",
        "$(touch /tmp/x)",
        "`id`",
        '"',
        "'",
        "\\",
        "\n",
        "-n",
        "{name}",
        "${HOME}",
        "*",
        "~",
        "a b",
        "",
    ]
)
SHELLS = [found for name in ("sh", "bash", "dash") if (found := shutil.which(name))]


def run(script: str, shell: str = "/bin/sh") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([shell, "-s"], input=script.encode(), capture_output=True, check=False, timeout=30)


def said(script: str, shell: str = "/bin/sh") -> str:
    """What a complete script printed, without the marks."""
    done = run(script, shell)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().partition("eeveon:begin\n")[2].rpartition("\neeveon:end 0")[0]


@pytest.mark.parametrize("shell", SHELLS)
@given(values=st.lists(HOSTILE | TEXTS, min_size=1, max_size=4))
def test_a_value_arrives_as_it_is(shell: str, values: list[str]) -> None:
    script = complete(fill("printf '%s\\0' {values} {one}", values=values, one=values[0]))
    assert said(script, shell).split("\0")[:-1] == [*values, values[0]]


@given(first=HOSTILE | TEXTS, second=HOSTILE | TEXTS)
def test_pieces_and_variables_become_one_word(first: str, second: str) -> None:
    word = joined((first, variable("x"), second))
    assert said(complete(fill("x=17; printf '%s' {word}", word=word))) == f"{first}17{second}"


@given(values=st.lists(HOSTILE | TEXTS, max_size=3))
def test_no_values_are_no_words(values: list[str]) -> None:
    assert said(complete(fill("set -- {values}; printf '%s' \"$#\"", values=values))) == str(len(values))


@given(cut=st.integers(min_value=0))
def test_a_script_that_is_cut_off_does_nothing(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    mark = tmp_path_factory.mktemp("cut") / "mark"
    whole = complete(fill("touch {mark}", mark=str(mark)))
    run(whole[: cut % (len(whole) - len("eeveon; exit\n"))])
    assert not mark.exists()


def test_what_a_value_holds_is_not_filled_again() -> None:
    assert fill("{one} {two}", one="{two}", two="x") == "'{two}' x"


def test_every_value_needs_its_place_and_every_place_its_value() -> None:
    with pytest.raises(KeyError):
        fill("{one}", one="1", two="2")
    with pytest.raises(KeyError):
        fill("{one} {two}", one="1")


def test_what_no_shell_can_hold_is_refused() -> None:
    with pytest.raises(ActionRefused, match="NUL"):
        fill("{one}", one="a\0b")


def test_a_home_is_the_one_of_who_logs_in() -> None:
    assert said(complete(fill("HOME=/h; printf '%s' {path}", path=rooted("~/a b")))) == "/h/a b"
    assert rooted("/srv/~") == "'/srv/~'"


def test_a_file_is_put_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "file"
    script = fill(
        'changed=; put {file} 600 {text}; printf "%s" "$changed"', file=str(file), text="one\n'two'\n"
    )
    assert said(complete(script)) == "yes"
    assert said(complete(script)) == "", "it holds that already"
    assert file.read_text() == "one\n'two'\n"
    assert file.stat().st_mode & 0o777 == 0o600
    full = run(complete(fill("put {file} 600 text", file="/dev/full/x")))
    assert full.returncode == 65
    assert b"is the disk full" in full.stderr


def test_a_lower_fence_is_refused_and_a_higher_one_is_kept(tmp_path: Path) -> None:
    def ended(fence: int) -> subprocess.CompletedProcess[bytes]:
        return run(
            locked("echo did", scope=("shop", "staging"), root=str(tmp_path), fence=fence, key="web-1")
        )

    assert b"did" in ended(3).stdout
    assert b"did" in ended(3).stdout
    refused = ended(2)
    assert (refused.returncode, b"did" in refused.stdout) == (65, False)
    assert b"a later writer has shop/staging: this one has fence 2, and 3 was shown since" in refused.stderr
    assert b"did" in ended(4).stdout
    assert b"did" not in ended(3).stdout


def test_two_writers_of_one_object_take_turns(tmp_path: Path) -> None:
    body = 'echo "in $$"; sleep 0.3; echo "out $$"'
    log = tmp_path / "log"
    script = locked(
        fill("{ echo in; sleep 0.2; echo out; } >> {log}", log=str(log))
        if not body
        else f"{{ {body}; }} >> {log}",
        scope=("shop", "staging"),
        root=str(tmp_path / "root"),
        fence=1,
        key="web-1",
    )
    both = [
        subprocess.Popen(["sh", "-s"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(2)
    ]
    for process in both:
        assert process.stdin is not None
        process.stdin.write(script.encode())
        process.stdin.close()
    assert [process.wait(timeout=20) for process in both] == [0, 0]
    lines = [line.split() for line in log.read_text().splitlines()]
    assert [word for word, _ in lines] == ["in", "out", "in", "out"]
