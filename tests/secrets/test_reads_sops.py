"""Files that sops wrote are read as sops reads them, and refused after any change."""

import re
from collections.abc import Callable

import pytest

from eeveon.errors import SecretError
from eeveon.secrets.age import Identities
from eeveon.secrets.edit import Keys
from eeveon.secrets.encrypted import entry_version, keys_of, open_content, recipients_of, value_of

Read = Callable[[str], bytes]

OF_TYPES_YAML = {
    "stripe": "sk_test_4711",
    "port": "5432",
    "ratio": "1.5",
    "debug": "true",
    "since": "2020-01-01T00:00:00Z",
    "empty": "",
    "certificate": "first line\n# not a comment\nlast line\n",
    "db.password": "quo'te ünï 😀",
    "db.hosts.0": "one",
    "db.hosts.1.name": "two",
    "region_unencrypted": "eu-1",
    "octal_unencrypted": "8",
    "day_unencrypted": "2020-01-01T00:00:00Z",
    "ratio_unencrypted": "1.5",
}
OF_TYPES_JSON = {
    "a": "x",
    "n": "12",
    "f": "1.5",
    "b": "true",
    "l.0": "1",
    "l.1.k": "v",
    "u_unencrypted": "é<>&",
}
OF_TYPES_ENV = {"USER": "admin", "QUOTED": '"q"', "LINES": "a\nb", "PLAIN_unencrypted": "1"}
OF_RULES = {
    "user": "admin",
    "password": "hunter2",
    "port": "5432",
    "nested.password": "deep",
    "nested.other": "shown",
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("types.yaml", OF_TYPES_YAML),
        ("types.json", OF_TYPES_JSON),
        ("types.env", OF_TYPES_ENV),
        ("encrypted-regex.yaml", OF_RULES),
        ("unencrypted-regex.yaml", OF_RULES),
        ("encrypted-suffix.yaml", OF_RULES),
        ("unencrypted-suffix.yaml", OF_RULES),
        ("mac-only-encrypted.yaml", OF_RULES),
        ("binary.sops", {"": "just a text\nof two lines\n"}),
    ],
)
def test_reads_every_value(
    name: str, expected: dict[str, str], by_sops: Read, sops_identities: Identities
) -> None:
    contents = open_content(by_sops(name), name, sops_identities)
    assert {key: value_of(contents, key).reveal() for key in expected} == expected
    assert expected[""] if "" in expected else set(expected) <= set(keys_of(by_sops(name)) or ())


def test_either_of_two_recipients_can_read(by_sops: Read, sops_identities: Identities) -> None:
    assert len(recipients_of(by_sops("types.yaml")) or ()) == len(sops_identities.keys) == 2
    for identity in sops_identities.keys:
        contents = open_content(by_sops("types.yaml"), "types.yaml", Identities(keys=(identity,)))
        assert value_of(contents, "port").reveal() == "5432"


def _entry(text: str, key: str) -> str:
    found = re.search(rf"^ *{key}: (ENC\S+)$", text, re.MULTILINE)
    assert found
    return found[1]


def _swapped(text: str) -> str:
    one, two = _entry(text, "stripe"), _entry(text, "port")
    return text.replace(one, "?").replace(two, one).replace("?", two)


def _reordered(text: str) -> str:
    lines = text.split("\n")
    at = next(index for index, line in enumerate(lines) if line.startswith("port:"))
    return "\n".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]])


TAMPERING: dict[str, Callable[[str], str]] = {
    "two entries swapped": _swapped,
    "two entries reordered": _reordered,
    "an entry dropped": lambda text: text.replace(f"port: {_entry(text, 'port')}\n", ""),
    "an entry emptied": lambda text: text.replace(_entry(text, "port"), '""'),
    "an entry repeated under another key": lambda text: f"again: {_entry(text, 'port')}\n" + text,
    "a list item repeated": lambda text: re.sub(r"( *- ENC\S+\n)", r"\1\1", text),
    "an entry in plain text": lambda text: text.replace(_entry(text, "port"), "5432"),
    "an entry added in plain text": lambda text: "admin_unencrypted: true\n" + text,
    "one letter of an entry changed": lambda text: text.replace(
        "stripe: ENC[AES256_GCM,data:", "stripe: ENC[AES256_GCM,data:AAAA"
    ),
    "a type changed": lambda text: text.replace(
        _entry(text, "port"), _entry(text, "port").replace(":int]", ":bool]")
    ),
    "a plain value changed": lambda text: text.replace("eu-1", "eu-2"),
    "the time changed": lambda text: re.sub(r'lastmodified: "20', 'lastmodified: "19', text),
    "the MAC dropped": lambda text: re.sub(r"mac: ENC\S+", 'mac: ""', text),
    "the MAC of another entry": lambda text: text.replace(_entry(text, "mac"), _entry(text, "stripe")),
    "the rule changed": lambda text: text.replace(
        "unencrypted_suffix: _unencrypted", "encrypted_suffix: none"
    ),
    "only encrypted values in the MAC": lambda text: text.rstrip("\n") + "\n    mac_only_encrypted: true\n",
}


@pytest.mark.parametrize("change", TAMPERING.values(), ids=TAMPERING.keys())
def test_a_changed_file_is_refused(
    change: Callable[[str], str], by_sops: Read, sops_identities: Identities
) -> None:
    text = by_sops("types.yaml").decode()
    changed = change(text)
    assert changed != text
    with pytest.raises(SecretError, match=r"types\.yaml.* changed") as raised:
        open_content(changed.encode(), "types.yaml", sops_identities)
    assert "Git" in raised.value.hint


def test_says_who_could_read_it(by_sops: Read, other_keys: Keys) -> None:
    with pytest.raises(SecretError, match="no identity at hand is one of its recipients age1"):
        open_content(by_sops("types.yaml"), "types.yaml", other_keys.identities)
    with pytest.raises(SecretError, match="no age identity was found") as raised:
        open_content(by_sops("types.yaml"), "types.yaml", Identities(looked=("~/keys.txt",)))
    assert "~/keys.txt" in raised.value.hint


@pytest.mark.parametrize("name", ["key-groups.yaml", "comment-regex.yaml"])
def test_what_is_not_supported_is_said(name: str, by_sops: Read, sops_identities: Identities) -> None:
    with pytest.raises(SecretError, match="not supported"):
        open_content(by_sops(name), name, sops_identities)


def test_bytes_that_are_no_text_are_said(by_sops: Read, sops_identities: Identities) -> None:
    contents = open_content(by_sops("bytes.sops"), "bytes.sops", sops_identities)
    with pytest.raises(SecretError, match="not UTF-8"):
        value_of(contents, "")


def test_a_key_that_is_not_there_is_told_with_the_nearest(by_sops: Read, sops_identities: Identities) -> None:
    contents = open_content(by_sops("types.yaml"), "types.yaml", sops_identities)
    with pytest.raises(SecretError, match=r"types\.yaml has no key db\.pasword") as raised:
        value_of(contents, "db.pasword")
    assert raised.value.hint == "did you mean `db.password`?"


@pytest.mark.parametrize(
    ("key", "problem"), [("db", "holds other entries"), ("nothing", "is empty"), ("", "needs a key")]
)
def test_what_is_not_one_value_is_said(
    key: str, problem: str, by_sops: Read, sops_identities: Identities
) -> None:
    contents = open_content(by_sops("types.yaml"), "types.yaml", sops_identities)
    with pytest.raises(SecretError, match=problem):
        value_of(contents, key)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a: 1\n",
        b"sops: 1\na: 2\n",
        b'{"sops": {}}',
        b"A=1\n",
        b"\xff\x00",
        b"sops_mac=1\n",
        b"age: me\n",
    ],
)
def test_plain_text_is_no_encrypted_file(content: bytes) -> None:
    with pytest.raises(SecretError, match="is not encrypted"):
        keys_of(content, "a.enc.yaml")


def test_versions_change_with_their_entry_only(by_sops: Read) -> None:
    text = by_sops("types.yaml").decode()
    changed = text.replace(_entry(text, "port"), _entry(text, "stripe")).encode()
    versions = {
        key: (entry_version(text.encode(), key), entry_version(changed, key))
        for key in ("port", "stripe", "")
    }
    assert versions["port"][0] != versions["port"][1]
    assert versions["stripe"][0] == versions["stripe"][1]
    assert versions[""][0] != versions[""][1]
    assert all(re.fullmatch("[0-9a-f]{12}", version) for pair in versions.values() for version in pair)
    with pytest.raises(SecretError, match="no key prot"):
        entry_version(text.encode(), "prot")
