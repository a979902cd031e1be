"""`eeveon secrets`: values come in by standard input alone, and never come out."""

import json
import os
import pty
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from eeveon.core.secret import FromEncrypted
from eeveon.secrets.identities import identity_candidates, read_identities
from eeveon.secrets.sources import Resolver
from tests.cli.conftest import Cli

CANARY = "canary4711"
FILE = "secrets/web.enc.yaml"


@pytest.fixture
def own(shop: Cli) -> Cli:
    """A shop whose owner has an identity, which the repository lists as recipient."""
    shop.write({"recipients.txt": shop("secrets", "keygen").out})
    return shop


def value(cli: Cli, key: str, file: str = FILE) -> str:
    """What a driver would be handed."""
    known = read_identities(identity_candidates({}, cli.home))
    resolver = Resolver(lambda path: (cli.root / path).read_bytes(), {}, known)
    return resolver.resolve(FromEncrypted(file=file, key=key)).reveal()


def test_keygen_makes_a_private_identity_once(shop: Cli) -> None:
    said = shop("secrets", "keygen")
    place = shop.home / ".config/eeveon/identity.txt"
    before = place.read_bytes()
    assert said.status == 0
    assert said.out.startswith("age1")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    again = shop("secrets", "keygen")
    assert again.status == 1
    assert "not overwritten" in again.err
    assert place.read_bytes() == before
    assert "AGE-SECRET-KEY" not in said.out + said.err + again.err


def test_the_identity_is_one_that_age_knows(shop: Cli) -> None:
    recipient = shop("secrets", "keygen").out.strip()
    place = shop.home / ".config/eeveon/identity.txt"
    told = subprocess.run(["age-keygen", "-y", str(place)], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == recipient


def test_set_takes_all_of_standard_input_but_one_line_break(own: Cli) -> None:
    for given, kept in (
        (f"{CANARY}\n", CANARY),
        (f"{CANARY}\n\n", f"{CANARY}\n"),
        (f" {CANARY}", f" {CANARY}"),
    ):
        said = own("secrets", "set", FILE, "db.password", given=given)
        assert said.status == 0, said.err
        assert f"git add {FILE}" in said.err
        assert value(own, "db.password") == kept
    assert CANARY not in (own.root / FILE).read_text()


def test_a_value_as_an_argument_is_refused_and_not_repeated(own: Cli) -> None:
    for arguments in (("token", CANARY), (f"token={CANARY}",)):
        said = own("secrets", "set", FILE, *arguments, given="x")
        assert said.status == 1
        assert "shell's history" in said.err
        assert CANARY not in said.out + said.err
    assert not (own.root / FILE).exists()


def test_an_empty_input_sets_nothing(own: Cli) -> None:
    assert own("secrets", "set", FILE, "token").status == 1
    assert not (own.root / FILE).exists()


def test_a_terminal_is_asked_twice_without_echo(own: Cli) -> None:
    assert typed(own, CANARY, CANARY) == (0, True)
    assert value(own, "token") == CANARY
    assert typed(own, "one", "two") == (1, True)
    assert value(own, "token") == CANARY


def test_list_prints_keys_and_recipients_and_no_value(own: Cli) -> None:
    own("secrets", "set", FILE, "a.b", given=CANARY)
    own("secrets", "set", FILE, "c", given=CANARY)
    assert own("secrets", "list", FILE).out == "a.b\nc\n"
    told = json.loads(own("secrets", "list", FILE, "--format", "json").out)
    assert told["keys"] == ["a.b", "c"]
    assert told["recipients"] == [(own.root / "recipients.txt").read_text().strip()]


def test_remove_takes_one_key_out(own: Cli) -> None:
    own("secrets", "set", FILE, "a", given="1")
    own("secrets", "set", FILE, "b", given="2")
    assert own("secrets", "remove", FILE, "a").status == 0
    assert own("secrets", "list", FILE).out == "b\n"
    said = own("secrets", "remove", FILE, "a")
    assert said.status == 1


def test_files_are_found_from_a_folder_inside_and_from_the_root(own: Cli) -> None:
    own("secrets", "set", FILE, "a", given="1")
    inside = own.root / "specs"
    assert own("secrets", "list", FILE, cwd=inside).out == "a\n"
    assert own("secrets", "list", f"../{FILE}", cwd=inside).out == "a\n"
    assert own("secrets", "list", "web.enc.yaml", cwd=own.root / "secrets").out == "a\n"
    said = own("secrets", "list", "nothing.enc.yaml")
    assert (said.status, "there is no file nothing.enc.yaml" in said.err) == (1, True)


def test_the_list_beside_the_file_is_nearer_than_that_of_the_root(own: Cli, tmp_path: Path) -> None:
    other = other_identity(tmp_path)
    own.write({"secrets/recipients.txt": f"# of the folder\n{other}\n"})
    own("secrets", "set", FILE, "a", given="1")
    assert json.loads(own("secrets", "list", FILE, "--format", "json").out)["recipients"] == [other]


def test_without_any_recipient_nothing_is_written(shop: Cli) -> None:
    said = shop("secrets", "set", FILE, "a", given=CANARY)
    assert said.status == 1
    assert "--recipient" in said.err
    assert not (shop.root / FILE).exists()


def test_rotate_encrypts_for_others_and_keeps_the_values(own: Cli, tmp_path: Path) -> None:
    mine, other = (own.root / "recipients.txt").read_text().strip(), other_identity(tmp_path)
    own("secrets", "set", FILE, "a", given=CANARY)
    before = (own.root / FILE).read_text()
    said = own("secrets", "rotate", FILE, "-r", mine, "-r", other)
    assert said.status == 0, said.err
    assert "Git keeps the old file" in said.err
    assert (own.root / FILE).read_text() != before
    assert value(own, "a") == CANARY
    told = json.loads(own("secrets", "list", FILE, "--format", "json").out)
    assert set(told["recipients"]) == {mine, other}


def test_rotate_writes_no_file_unless_all_can_be(own: Cli) -> None:
    own("secrets", "set", FILE, "a", given=CANARY)
    own.write({"secrets/plain.enc.yaml": "a: 1\n"})
    before = (own.root / FILE).read_bytes()
    said = own("secrets", "rotate", FILE, "secrets/plain.enc.yaml")
    assert said.status == 1
    assert "is not encrypted" in said.err
    assert (own.root / FILE).read_bytes() == before


def test_edit_hands_the_plain_text_to_the_editor_and_wipes_it(own: Cli) -> None:
    own("secrets", "set", FILE, "a", given="old")
    said = own("secrets", "edit", FILE, env={"EDITOR": editor(own, f"s/old/{CANARY}/")})
    assert said.status == 0, said.err
    assert value(own, "a") == CANARY
    assert CANARY not in said.out + said.err
    assert not Path((own.home / "edited").read_text().strip()).exists()


def test_an_edit_that_changes_nothing_writes_nothing(own: Cli) -> None:
    own("secrets", "set", FILE, "a", given="old")
    before = (own.root / FILE).read_bytes()
    said = own("secrets", "edit", FILE, env={"VISUAL": "true"})
    assert "nothing was changed" in said.out
    assert (own.root / FILE).read_bytes() == before


def test_an_editor_that_fails_or_is_missing_leaves_the_file_alone(own: Cli) -> None:
    own("secrets", "set", FILE, "a", given="old")
    before = (own.root / FILE).read_bytes()
    for program in ("false", "there-is-no-such-editor"):
        said = own("secrets", "edit", FILE, env={"EDITOR": program})
        assert said.status == 1
        assert program in said.err
    assert (own.root / FILE).read_bytes() == before


def test_a_text_without_keys_is_set_as_a_whole(own: Cli) -> None:
    assert own("secrets", "set", "secrets/cert.age", given=f"{CANARY}\nline\n").status == 0
    assert value(own, "", "secrets/cert.age") == f"{CANARY}\nline"


def editor(cli: Cli, expression: str) -> str:
    """A real program that changes the file by sed and tells where it was."""
    script = cli.home / "editor"
    note = cli.home / "edited"
    script.write_text(
        f'#!/bin/sh\nsed -i {shlex.quote(expression)} "$1"\necho "$1" > {shlex.quote(str(note))}\n'
    )
    script.chmod(0o755)
    return shlex.quote(str(script))


def other_identity(folder: Path) -> str:
    place = folder / "other.txt"
    subprocess.run(["age-keygen", "-o", str(place)], capture_output=True, check=True)
    told = subprocess.run(["age-keygen", "-y", str(place)], capture_output=True, text=True, check=True)
    return told.stdout.strip()


def typed(cli: Cli, first: str, second: str) -> tuple[int, bool]:
    """Type two lines at a terminal; the exit status, and whether neither was echoed."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(cli.root)
        os.execve(
            sys.executable,
            [sys.executable, "-m", "eeveon.cli.app", "secrets", "set", FILE, "token"],
            cli.environ,
        )
    seen = b""
    for prompt, line in ((b"(not shown): ", first), (b"Once more: ", second)):
        while prompt not in seen:
            seen += os.read(terminal, 4096)
        os.write(terminal, f"{line}\n".encode())
    while chunk := _rest(terminal):
        seen += chunk
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), first.encode() not in seen


def _rest(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # what Linux gives when the other side is closed
        return b""
