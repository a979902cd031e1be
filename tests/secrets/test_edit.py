"""Changing encrypted files: what went in comes out, and nothing else moved."""

import difflib
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from eeveon.core.secret import SecretValue
from eeveon.errors import SecretError
from eeveon.secrets.age import Identities
from eeveon.secrets.edit import (
    EncryptedFile,
    Keys,
    choose_recipients,
    list_keys,
    parse_recipients,
    plain_text,
    remove_value,
    rotate,
    sealed_text,
    set_value,
)
from eeveon.secrets.editor import edit
from eeveon.secrets.encrypted import open_content, recipients_of, value_of
from tests.secrets.conftest import Program

Read = Callable[[str], bytes]

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,6}", fullmatch=True).filter(
    lambda name: name != "sops" and not name.endswith("_unencrypted")
)
paths = st.lists(names, min_size=1, max_size=3).map(".".join)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FILES = ("new.enc.yaml", "new.json", "new.yaml.age", "new.json.age")


def _filled(name: str, entries: dict[str, str], keys: Keys, now: datetime) -> EncryptedFile:
    file = EncryptedFile(name=name, content=None)
    for key, value in entries.items():
        file = EncryptedFile(name=name, content=set_value(file, key, SecretValue(value), keys, now=now))
    return file


def _values(file: EncryptedFile, identities: Identities) -> dict[str, str]:
    assert file.content is not None
    contents = open_content(file.content, file.name, identities)
    return {key: value_of(contents, key).reveal() for key in list_keys(file, identities)}


def _no_prefix_of_another(entries: dict[str, str]) -> bool:
    return not any(one != two and two.startswith(one + ".") for one in entries for two in entries)


entries = st.dictionaries(paths, texts, min_size=1, max_size=4).filter(_no_prefix_of_another)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25)
@given(entries=entries)
def test_what_is_set_is_listed_and_read(
    name: str, entries: dict[str, str], keys: Keys, other_keys: Keys, now: datetime
) -> None:
    file = _filled(name, entries, keys, now)
    assert _values(file, keys.identities) == entries
    rotated = EncryptedFile(name=name, content=rotate(file, other_keys.recipients, keys.identities, now=now))
    assert _values(rotated, other_keys.identities) == entries
    with pytest.raises(SecretError):
        _values(rotated, keys.identities)
    again = sealed_text(rotated, plain_text(rotated, other_keys.identities), other_keys, now=now)
    assert _values(EncryptedFile(name=name, content=again), other_keys.identities) == entries


@settings(max_examples=25)
@given(
    entries=st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9_]{0,6}", fullmatch=True),
        texts.filter(lambda text: "\r" not in text and "\\n" not in text),
        min_size=1,
        max_size=3,
    )
)
def test_dotenv_files_hold_what_is_set(entries: dict[str, str], keys: Keys, now: datetime) -> None:
    assert _values(_filled("shop.env", entries, keys, now), keys.identities) == entries


@pytest.mark.parametrize("name", ["types.yaml", "types.json", "types.env"])
def test_setting_one_entry_changes_one_line(
    name: str, by_sops: Read, sops_identities: Identities, now: datetime
) -> None:
    before = by_sops(name)
    file = EncryptedFile(name=name, content=before)
    key = list_keys(file, sops_identities)[0]
    keys = Keys(identities=sops_identities)
    after = set_value(file, key, SecretValue("a\nb ü"), keys, now=now)
    lines = difflib.ndiff(before.decode().splitlines(), after.decode().splitlines())
    changed = {re.split("[:=]", line[2:].strip())[0].strip('"') for line in lines if line[0] in "-+"}
    assert {re.sub("^sops_", "", entry) for entry in changed} - {"u_unencrypted"} == {
        key,
        "lastmodified",
        "mac",
    }
    contents = open_content(after, name, sops_identities)
    assert value_of(contents, key).reveal() == "a\nb ü"


def test_setting_the_same_value_again_keeps_its_ciphertext(
    by_sops: Read, sops_identities: Identities, now: datetime
) -> None:
    before = by_sops("types.yaml")
    keys = Keys(identities=sops_identities)
    after = set_value(
        EncryptedFile(name="t.yaml", content=before), "stripe", SecretValue("sk_test_4711"), keys, now=now
    )
    assert before.split(b"sops:")[0] == after.split(b"sops:")[0]


def test_items_of_lists_are_set_by_their_position(
    by_sops: Read, sops_identities: Identities, now: datetime
) -> None:
    file = EncryptedFile(name="t.yaml", content=by_sops("types.yaml"))
    for key in ("db.hosts.0", "db.hosts.1.name", "db.hosts.1.port", "db.hosts.2", "db.hosts.3.name"):
        content = set_value(file, key, SecretValue(f"new {key}"), Keys(identities=sops_identities), now=now)
        contents = open_content(content, "t.yaml", sops_identities)
        assert value_of(contents, key).reveal() == f"new {key}"
        file = EncryptedFile(name="t.yaml", content=content)
    with pytest.raises(SecretError, match="holds no map"):
        set_value(file, "db.hosts.0.x", SecretValue("x"), Keys(identities=sops_identities), now=now)
    with pytest.raises(SecretError, match="single items of a list"):
        remove_value(file, "db.hosts.0", Keys(identities=sops_identities), now=now)


def test_removing_takes_the_entry_and_nothing_else(
    by_sops: Read, sops_identities: Identities, now: datetime
) -> None:
    before = by_sops("types.yaml").decode()
    keys = Keys(identities=sops_identities)
    file = EncryptedFile(name="t.yaml", content=before.encode())
    after = remove_value(file, "db.password", keys, now=now).decode()
    assert re.sub(r"    password: \S+\n", "", before).split("sops:")[0] == after.split("sops:")[0]
    with pytest.raises(SecretError, match=r"no key db\.pass") as raised:
        remove_value(file, "db.pass", keys, now=now)
    assert "db.password" in raised.value.hint


def test_rotation_changes_every_ciphertext_and_keeps_the_text(
    by_sops: Read, sops_identities: Identities, keys: Keys, now: datetime
) -> None:
    file = EncryptedFile(name="t.yaml", content=by_sops("types.yaml"))
    content = rotate(file, keys.recipients, sops_identities, now=now)
    old, new = (set(re.findall(rb"ENC\[[^\]]*\]", text)) for text in (by_sops("types.yaml"), content))
    assert len(old) == len(new)
    assert not old & new
    rotated = EncryptedFile(name="t.yaml", content=content)
    assert plain_text(rotated, keys.identities) == plain_text(file, sops_identities)
    assert recipients_of(content) == keys.recipients


def test_rotation_without_recipients_keeps_them(
    by_sops: Read, sops_identities: Identities, now: datetime
) -> None:
    before = by_sops("types.yaml")
    content = rotate(EncryptedFile(name="t.yaml", content=before), (), sops_identities, now=now)
    assert recipients_of(content) == recipients_of(before)


PLAIN = """\
# why
a: 1 # inline
b:
    # password: hunter1
    c: |
        one
        two
    d: [x, "y"]
"""


def test_edited_comments_are_encrypted_and_come_back(keys: Keys, now: datetime) -> None:
    new = EncryptedFile(name="n.yaml", content=None)
    content = sealed_text(new, PLAIN, keys, now=now)
    assert b"hunter1" not in content
    assert b"why" not in content
    file = EncryptedFile(name="n.yaml", content=content)
    back = plain_text(file, keys.identities)
    assert back == PLAIN.replace('d: [x, "y"]', 'd:\n        - x\n        - "y"')
    unchanged = sealed_text(file, back, keys, now=now)
    assert unchanged.split(b"    mac:")[0] == content.split(b"    mac:")[0]


@pytest.mark.parametrize("name", ["n.yaml", "n.json", "n.yaml.age"])
@pytest.mark.parametrize(
    "written",
    ["0123", "1.50", "12345678901234567890", "1_000", ".inf", "2020-01-01 10:00:00", "2020-01-01", "0x1F"],
)
def test_an_edited_value_is_what_was_written(name: str, written: str, keys: Keys, now: datetime) -> None:
    text = f"a: {written}\n" if name != "n.json" else json.dumps({"a": written})
    content = sealed_text(EncryptedFile(name=name, content=None), text, keys, now=now)
    assert _values(EncryptedFile(name=name, content=content), keys.identities) == {"a": written}


@pytest.mark.parametrize(
    "written", ["a_unencrypted: 2020-01-01 10:00:00", "a_unencrypted: 12345678901234567890", "1: a"]
)
def test_what_sops_would_read_differently_is_refused(written: str, keys: Keys, now: datetime) -> None:
    with pytest.raises(SecretError) as raised:
        sealed_text(EncryptedFile(name="n.yaml", content=None), written + "\n", keys, now=now)
    assert "quote" in raised.value.hint


def test_a_rotation_that_would_lose_a_key_of_another_kind_is_refused(
    by_sops: Read, sops_identities: Identities, now: datetime
) -> None:
    with_pgp = by_sops("types.yaml") + b"    pgp:\n        - fp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21\n"
    with pytest.raises(SecretError, match="also has pgp keys"):
        rotate(EncryptedFile(name="t.yaml", content=with_pgp), (), sops_identities, now=now)


def test_an_editor_that_leaves_no_file_is_told(keys: Keys, now: datetime) -> None:
    file = _filled("n.yaml", {"a": "1"}, keys, now)
    with pytest.raises(SecretError, match="left no text"):
        edit(file, keys, now, Path.unlink, again=lambda problem: False)


class Editor:
    """Writes one text after the other, as a person would, and looks at what lies there."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.places: list[Path] = []

    def __call__(self, place: Path) -> None:
        self.places.append(place)
        assert place.stat().st_mode & 0o777 == 0o600
        assert place.parent.stat().st_mode & 0o777 == 0o700
        place.with_suffix(".swp").write_text("a backup of the editor's")
        place.write_text(self.texts.pop(0))


def test_editing_seals_the_text_and_wipes_the_folder(keys: Keys, now: datetime) -> None:
    file = _filled("n.yaml", {"a": "1"}, keys, now)
    editor = Editor("a: changed\n")
    content = edit(file, keys, now, editor, again=lambda problem: False)
    assert content is not None
    assert _values(EncryptedFile(name="n.yaml", content=content), keys.identities) == {"a": "changed"}
    assert not editor.places[0].parent.exists()


def test_editing_without_a_change_writes_nothing(keys: Keys, now: datetime) -> None:
    file = _filled("n.yaml", {"a": "1"}, keys, now)
    assert edit(file, keys, now, lambda place: None, again=lambda problem: False) is None


def test_a_bad_text_is_offered_again_and_not_lost(keys: Keys, now: datetime) -> None:
    file = _filled("n.yaml", {"a": "1"}, keys, now)
    seen: list[str] = []
    editor = Editor("a: [hunter2", "a: fixed\n")

    def again(problem: str) -> bool:
        seen.append(problem)
        assert editor.places[0].read_text() == "a: [hunter2"
        return True

    content = edit(file, keys, now, editor, again=again)
    assert content is not None
    assert _values(EncryptedFile(name="n.yaml", content=content), keys.identities) == {"a": "fixed"}
    assert len(seen) == 1
    assert "hunter2" not in seen[0]
    with pytest.raises(SecretError, match="not valid YAML"):
        edit(file, keys, now, Editor("a: [hunter2"), again=lambda problem: False)


@pytest.mark.parametrize(
    "key", ["a b", ".a", "a..b", "sops", "sops.mac", "a\n", "x" * 300, "a." * 40 + "a", "\x00"]
)
def test_what_is_no_key_is_refused(key: str, keys: Keys, now: datetime) -> None:
    with pytest.raises(SecretError):
        set_value(EncryptedFile(name="n.yaml", content=None), key, SecretValue("x"), keys, now=now)


@pytest.mark.parametrize(
    ("name", "key", "problem"),
    [
        ("types.yaml", "new_unencrypted", "in plain text"),
        ("encrypted-regex.yaml", "token", "in plain text"),
        ("types.yaml", "db", "holds other entries"),
        ("types.yaml", "port.x", "holds a value"),
        ("types.yaml", "db.hosts.7", "no position"),
        ("types.yaml", "", "name the key"),
        ("types.env", "a.b", "dotenv"),
    ],
)
def test_what_cannot_be_set_is_said(
    name: str, key: str, problem: str, by_sops: Read, sops_identities: Identities, now: datetime
) -> None:
    file = EncryptedFile(name=name, content=by_sops(name))
    with pytest.raises(SecretError, match=problem):
        set_value(file, key, SecretValue("x"), Keys(identities=sops_identities), now=now)


def test_a_value_that_is_no_text_is_refused(keys: Keys, now: datetime) -> None:
    with pytest.raises(SecretError, match="not UTF-8"):
        set_value(EncryptedFile(name="n.yaml", content=None), "a", SecretValue("\udcff"), keys, now=now)


def test_a_mebibyte_comes_back(keys: Keys, now: datetime) -> None:
    value = "ü\n" * (2**20 // 3)
    assert _values(_filled("n.yaml", {"a": value}, keys, now), keys.identities) == {"a": value}


def test_recipients_are_those_given_then_those_of_the_file_then_those_listed(
    by_sops: Read, keys: Keys, other_keys: Keys
) -> None:
    new = EncryptedFile(name="n.yaml", content=None)
    old = EncryptedFile(name="t.yaml", content=by_sops("types.yaml"))
    assert choose_recipients(new, keys.recipients, other_keys.recipients) == keys.recipients
    assert choose_recipients(new, (), other_keys.recipients) == other_keys.recipients
    assert choose_recipients(old, (), keys.recipients) == recipients_of(by_sops("types.yaml"))
    with pytest.raises(SecretError, match="other recipients"):
        choose_recipients(old, keys.recipients, ())
    with pytest.raises(SecretError, match="not an age recipient"):
        choose_recipients(new, ("age1x",), ())
    assert parse_recipients("# us\nage1a\n\n  age1b \n") == ("age1a", "age1b")


def test_a_new_file_needs_a_recipient(keys: Keys, now: datetime) -> None:
    with pytest.raises(SecretError, match="nobody"):
        set_value(
            EncryptedFile(name="n.yaml", content=None),
            "a",
            SecretValue("x"),
            Keys(identities=keys.identities),
            now=now,
        )


@pytest.mark.parametrize("name", ["n.yaml", "n.json", "n.env"])
def test_sops_reads_what_we_wrote(
    name: str, sops_program: Program, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    file = _filled(name, {"A": "x\ny ü", "B": "yes"}, keys, now)
    file = EncryptedFile(name=name, content=rotate(file, (), keys.identities, now=now))
    place = tmp_path / name
    place.write_bytes(set_value(file, "C", SecretValue("1.10"), keys, now=now))
    secret = keys.identities.keys[0].text.reveal()
    for key, expected in (("A", "x\ny ü"), ("B", "yes"), ("C", "1.10")):
        assert (
            sops_program("decrypt", "--extract", f'["{key}"]', str(place), SOPS_AGE_KEY=secret).decode()
            == expected
        )
