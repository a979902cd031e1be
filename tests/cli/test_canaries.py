"""Secrets with values that nobody could write by chance, and a search of everything that was written and printed."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyrage  # type: ignore[import-untyped]  # it ships no stubs
import pytest

from tests.cli.conftest import PROJECT, TARGET, Cli, Said
from tests.cli.leaks import Search, environments_with, readable_by_others

CANARIES = {
    "env": 'canary/env+"4711\\ü',
    "plain file": "canary-file-0815-of-the-host",
    "SOPS file": "canary-sops-1234-entry",
    "age file": "canary-age-5678-whole",
    "unused entry": "canary-sops-9999-never-referenced",
    "rotated": "canary-sops-2222-after-rotation",
}
SERVED = ("env", "plain file", "SOPS file", "age file")
WEB = """\
apiVersion: eeveon/v2
kind: Service
metadata: {name: web}
spec:
  targets: [here]
  command: [python3, -m, http.server, "$(PORT)", --bind, 127.0.0.1]
  ports: [{name: http}]
  health: {http: {port: http, path: /}, every: 1s, startup: 20s}
  secrets:
    FROM_ENV: {env: CANARY_VARIABLE}
    FROM_FILE: {file: PLAIN}
    FROM_SOPS: {file: secrets/web.enc.yaml, key: db.password}
    FROM_AGE: {file: secrets/whole.age}
"""


@dataclass(kw_only=True)
class Nest:
    """A shop with a canary in every source, and all that was said to anybody."""

    cli: Cli
    plain: Path
    identity: Path
    search: Search

    def __call__(self, *arguments: str, given: str = "", **env: str) -> Said:
        """One command, whose output is searched."""
        known = {
            "CANARY_VARIABLE": CANARIES["env"],
            "EEVEON_AGE_IDENTITY_FILE": str(self.identity),
            **env,
        }
        said = self.cli(*arguments, given=given, env=known)
        self.search.text(f"stdout of {' '.join(arguments)}", said.out)
        self.search.text(f"stderr of {' '.join(arguments)}", said.err)
        self.search.command_lines()
        return said

    def web(self, before: str = "", after: str = "") -> None:
        """Write the service, with one thing otherwise."""
        assert before in WEB
        self.cli.write(
            {"specs/web.yaml": WEB.replace("PLAIN", str(self.plain)).replace(before or "\0", after)}
        )

    def found(self) -> list[str]:
        """Every place that holds a canary and should not, now that all is done."""
        self.search.folder(self.cli.state)
        self.search.folder(self.cli.root)
        self.search.folder(self.cli.home)
        self.search.command_lines()
        return self.search.found

    def environment(self) -> dict[str, str]:
        """The environment of the service's process, as the kernel has it."""
        port = json.loads(self("status", "--format", "json").out)["instances"][0]["endpoints"][0]["number"]
        (process,) = [
            place
            for place in Path("/proc").iterdir()
            if place.name.isdecimal() and f"http.server\0{port}\0".encode() in _read(place / "cmdline")
        ]
        lines = (process / "environ").read_text().split("\0")
        return dict(line.split("=", 1) for line in lines if "=" in line)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


@pytest.fixture
def nest(cli: Cli, tmp_path: Path) -> Nest:
    place = tmp_path / "host"
    place.mkdir(mode=0o700)
    (place / "plain").write_text(CANARIES["plain file"] + "\n")
    key = pyrage.x25519.Identity.generate()
    (place / "identity.txt").write_text(f"{key}\n")
    texts = {**CANARIES, "the age identity": str(key)}
    made = Nest(cli=cli, plain=place / "plain", identity=place / "identity.txt", search=Search(texts))
    cli.write({"eeveon.yaml": PROJECT, "specs/here.yaml": TARGET, "recipients.txt": f"{key.to_public()}\n"})
    made.web()
    for arguments, value in (
        (("secrets/web.enc.yaml", "db.password"), CANARIES["SOPS file"]),
        (("secrets/web.enc.yaml", "unused"), CANARIES["unused entry"]),
        (("secrets/whole.age",), CANARIES["age file"]),
    ):
        done = made("secrets", "set", *arguments, given=value)
        assert done.status == 0, done
    return made


LOOKING = (
    ("plan",),
    ("plan", "--format", "json"),
    ("plan", "--format", "markdown"),
    ("validate",),
    ("validate", "--format", "json"),
    ("render",),
    ("render", "--format", "json"),
    ("explain", "service/web"),
    ("explain", "service/web", "--format", "json"),
    ("status",),
    ("status", "--format", "json"),
    ("history",),
    ("history", "--format", "json"),
    ("doctor",),
    ("secrets", "list"),
    ("secrets", "list", "secrets/web.enc.yaml", "secrets/whole.age"),
    ("logs", "web"),
)


AFTER_A_FAILURE = (
    ("--debug", "plan"),
    ("--debug", "validate"),
    ("--debug", "explain", "web"),
    ("--debug", "doctor"),
    ("status",),
    ("logs", "web"),
    ("history", "--format", "json"),
)


def look(nest: Nest, commands: tuple[tuple[str, ...], ...] = LOOKING) -> None:
    """Everything that only looks."""
    for arguments in commands:
        nest(*arguments)


def test_nothing_is_found_but_in_the_service(nest: Nest) -> None:
    look(nest)
    assert nest("plan", "--out", "plan.json").status == 2
    assert nest("apply", "--yes").status == 0
    look(nest)
    got = nest.environment()
    assert {got["FROM_ENV"], got["FROM_FILE"], got["FROM_SOPS"], got["FROM_AGE"]} == {
        CANARIES[name] for name in SERVED
    }, "the service was given what it asked for"
    record = json.loads(nest("history", "--format", "json").out)["records"][0]["id"]
    nest("history", "show", record)
    nest("history", "show", record, "--format", "json")
    assert nest("plan").status == 0
    assert nest("apply", "--yes", "--format", "json").status == 0
    assert nest.found() == []
    assert nest.search.searched > 100_000, "the search had something to search"


def test_the_search_finds_what_is_there(nest: Nest) -> None:
    """Each source is found where it is known to be, so an empty result elsewhere says something."""
    nest.search.folder(nest.plain.parent)
    assert [item.split(" in ")[0] for item in nest.search.found] == ["the age identity", "plain file"]


def test_state_is_not_open_to_others(nest: Nest) -> None:
    assert nest("apply", "--yes").status == 0
    assert readable_by_others(nest.cli.state) == []
    assert readable_by_others(nest.cli.home) == []


SICK = (
    "path: /}, every: 1s, startup: 20s}",
    "path: /gone}, every: 1s, startup: 1s}\n  env: {NEW: revision}",
)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("CANARY_VARIABLE", "NO_SUCH_VARIABLE", "NO_SUCH_VARIABLE is not set"),
        ("/plain}", "/gone}", "does not exist"),
        ("db.password", "db.pasword", "pasword"),
        ("secrets/whole.age", "secrets/web.enc.yaml", "needs a key"),
        (SICK[0], SICK[1], "GET /gone → 404"),
        ("python3, -m, http.server", "sh, -c, 'exit 3'", "exited with status 3"),
        ("python3, -m, http.server", "no-such-program", "no-such-program"),
    ],
)
def test_nothing_is_found_after_a_failure(nest: Nest, before: str, after: str, told: str) -> None:
    nest.web()
    assert nest("apply", "--yes").status == 0
    text = (nest.cli.root / "specs/web.yaml").read_text()
    assert before in text
    nest.cli.write({"specs/web.yaml": text.replace(before, after)})
    said = nest("apply", "--yes")
    assert said.status == 1, said
    assert told in " ".join(f"{said.out} {said.err}".split())
    nest("--debug", "apply", "--yes")
    look(nest, AFTER_A_FAILURE)
    assert nest.found() == []


def test_nothing_is_found_after_a_wrong_identity(nest: Nest) -> None:
    stranger = nest.identity.parent / "stranger.txt"
    stranger.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    for arguments in (
        ("apply", "--yes"),
        ("--debug", "apply", "--yes"),
        ("secrets", "rotate", "secrets/whole.age"),
    ):
        said = nest(*arguments, EEVEON_AGE_IDENTITY_FILE=str(stranger))
        assert said.status == 1, said
    assert environments_with(CANARIES["SOPS file"], nest.cli.state) == 0
    assert nest.found() == []


def test_a_damaged_file_tells_nothing(nest: Nest) -> None:
    for name in ("secrets/web.enc.yaml", "secrets/whole.age"):
        file = nest.cli.root / name
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        for arguments in (
            ("apply", "--yes"),
            ("--debug", "apply", "--yes"),
            ("validate",),
            ("secrets", "list", name),
        ):
            nest(*arguments)
        file.write_bytes(whole)
    assert nest("apply", "--yes").status == 0
    assert nest.found() == []


def test_a_value_is_never_taken_from_the_command_line(nest: Nest) -> None:
    said = nest("secrets", "set", "secrets/web.enc.yaml", "db.password", "on-the-command-line")
    assert said.status == 1
    assert "not taken from the command line" in said.err


def test_a_new_value_restarts_the_service_and_is_shown_as_changed(nest: Nest) -> None:
    assert nest("apply", "--yes").status == 0
    assert (
        nest("secrets", "set", "secrets/web.enc.yaml", "db.password", given=CANARIES["rotated"]).status == 0
    )
    plan = nest("plan")
    assert plan.status == 2
    assert "secret FROM_SOPS changed" in plan.out
    for name in ("FROM_ENV", "FROM_FILE", "FROM_AGE"):
        assert name not in plan.out
    assert nest("apply", "--yes").status == 0
    assert nest.environment()["FROM_SOPS"] == CANARIES["rotated"]
    assert nest("plan").status == 0
    assert nest.found() == []


def test_another_entry_of_the_same_file_restarts_nothing(nest: Nest) -> None:
    assert nest("apply", "--yes").status == 0
    assert nest("secrets", "set", "secrets/web.enc.yaml", "unused", given=CANARIES["rotated"]).status == 0
    assert nest("plan").status == 0
    assert nest.found() == []


def test_the_same_value_encrypted_anew_counts_as_a_change(nest: Nest) -> None:
    """A plan reads no secret: it sees ciphertext, and `rotate` makes a new one. So rotating a key restarts its users."""
    assert nest("apply", "--yes").status == 0
    assert nest("secrets", "rotate", "secrets/web.enc.yaml", "secrets/whole.age").status == 0
    plan = nest("plan")
    assert plan.status == 2
    assert "secret FROM_SOPS changed" in plan.out
    assert "secret FROM_AGE changed" in plan.out
    assert nest("apply", "--yes").status == 0
    assert nest.environment()["FROM_SOPS"] == CANARIES["SOPS file"]
    assert nest("plan").status == 0
    assert nest.found() == []


@pytest.mark.parametrize("how", ["printed", "as a header"])
def test_a_program_that_quotes_its_secrets_as_it_fails_gives_none_of_them_away(nest: Nest, how: str) -> None:
    """Its own log holds what it wrote, and is its own matter; reports and the store do not."""
    quoting = {
        "printed": "cat $0; env | grep FROM_; exit 3",
        "as a header": "printf 'user:%s' \"$FROM_FILE\" | base64 -w0; printf ' %s\\n' \"$FROM_SOPS\"; exit 3",
    }[how]
    program = nest.cli.root / "quote.sh"
    program.write_text(f"#!/bin/sh\necho no database\n{quoting}\n")
    nest.web('[python3, -m, http.server, "$(PORT)", --bind, 127.0.0.1]', f"[sh, {program}]")
    said = nest("apply", "--yes")
    assert said.status == 1
    assert "    | no database\n" in said.out or "    | FROM_" in said.out
    assert "[redacted]" in said.out
    record = json.loads(nest("history", "--format", "json").out)["records"][0]
    assert "[redacted]" in "".join(record["output"])
    assert "[redacted]" in nest("history", "show", record["id"]).out
    for file in nest.cli.state.glob("eeveon.db*"):
        nest.search.text(str(file), file.read_bytes())
    assert nest.search.found == []
