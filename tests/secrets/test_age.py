"""What the program `age` wrote is read, and the other way round."""

import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from eeveon.core.secret import SecretValue
from eeveon.errors import SecretError
from eeveon.secrets import age
from eeveon.secrets.edit import EncryptedFile, Keys, list_keys, plain_text, rotate, set_value
from eeveon.secrets.encrypted import entry_version, keys_of, open_content, recipients_of, value_of
from tests.secrets.conftest import Program

PLAIN = "user: admin\nport: 5432\nversion: 1.10\ndebug: True\nnested:\n  list: [a, b]\n"


@pytest.mark.parametrize("armor", [(), ("--armor",)])
def test_reads_what_age_wrote(armor: tuple[str, ...], age_program: Program, keys: Keys) -> None:
    content = age_program("--encrypt", *armor, "-r", keys.recipients[0], stdin=PLAIN.encode())
    contents = open_content(content, "db.yaml.age", keys.identities)
    found = {
        key: value_of(contents, key).reveal() for key in ("user", "port", "version", "debug", "nested.list.1")
    }
    assert found == {
        "user": "admin",
        "port": "5432",
        "version": "1.10",
        "debug": "True",
        "nested.list.1": "b",
    }
    assert value_of(contents, "").reveal() == PLAIN
    assert value_of(open_content(content, "token.age", keys.identities), "").reveal() == PLAIN


def test_age_reads_what_we_wrote(age_program: Program, keys: Keys, now: datetime, tmp_path: Path) -> None:
    identity = tmp_path / "identity"
    identity.write_text(keys.identities.keys[0].text.reveal())
    file = EncryptedFile(name="token.age", content=None)
    content = set_value(file, "", SecretValue("ünï\n"), keys, now=now)
    assert age_program("--decrypt", "-i", str(identity), stdin=content).decode() == "ünï\n"


def test_ssh_keys_work_both_ways(age_program: Program, tmp_path: Path) -> None:
    private = tmp_path / "id"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(private)], check=True, timeout=30
    )
    public = " ".join(private.with_suffix(".pub").read_text().split()[:2])
    identity = age.Identity(text=SecretValue(private.read_text()), origin="ssh")
    content = age_program("--encrypt", "-r", public, stdin=b"x")
    assert age.decrypt(content, age.Identities(keys=(identity,))) == b"x"
    ours = age.encrypt(b"y", [public], armored=True)
    assert age_program("--decrypt", "-i", str(private), stdin=ours) == b"y"


@settings(max_examples=20)
@given(text=st.text(st.characters(exclude_categories=["Cs"])), armored=st.booleans())
def test_any_text_comes_back(text: str, armored: bool, keys: Keys) -> None:
    content = age.encrypt(text.encode(), keys.recipients, armored=armored)
    assert value_of(open_content(content, "a.age", keys.identities), "").reveal() == text


def test_a_mebibyte_comes_back(keys: Keys) -> None:
    content = age.encrypt(b"x" * 2**20, keys.recipients, armored=True)
    assert len(value_of(open_content(content, "a.age", keys.identities), "").reveal()) == 2**20


def test_the_wrong_identity_is_told_what_the_file_says(keys: Keys, other_keys: Keys) -> None:
    for armored in (False, True):
        content = age.encrypt(b"x", keys.recipients * 2, armored=armored)
        with pytest.raises(SecretError, match=r"a\.age cannot be decrypted.*recipients: 2 \(X25519\)"):
            open_content(content, "a.age", other_keys.identities)


def test_a_changed_file_is_refused(keys: Keys) -> None:
    content = age.encrypt(b"x" * 100, keys.recipients, armored=False)
    with pytest.raises(SecretError, match="cannot be decrypted"):
        open_content(content[:-1] + bytes([content[-1] ^ 1]), "a.age", keys.identities)


def test_tells_nothing_without_an_identity_but_whether_it_changed(keys: Keys) -> None:
    one, two = (age.encrypt(b"x", keys.recipients, armored=True) for _ in range(2))
    assert keys_of(one) is recipients_of(one) is None
    assert entry_version(one, "a") == entry_version(one, "b") != entry_version(two, "a")


def test_a_map_in_an_age_file_is_changed_and_rotated(keys: Keys, other_keys: Keys, now: datetime) -> None:
    content = age.encrypt(b"# why\na: 1.10\n", keys.recipients, armored=False)
    changed = set_value(
        EncryptedFile(name="db.yaml.age", content=content), "b.c", SecretValue("2"), keys, now=now
    )
    assert changed.startswith(age.MAGIC)
    rotated = rotate(
        EncryptedFile(name="db.yaml.age", content=changed), other_keys.recipients, keys.identities, now=now
    )
    file = EncryptedFile(name="db.yaml.age", content=rotated)
    assert plain_text(file, other_keys.identities) == '# why\na: 1.10\nb:\n    c: "2"\n'
    assert list_keys(file, other_keys.identities) == ("a", "b.c")
    with pytest.raises(SecretError):
        plain_text(file, keys.identities)


def test_an_age_file_is_written_for_somebody(keys: Keys, now: datetime) -> None:
    with pytest.raises(SecretError, match="nobody to encrypt for"):
        age.encrypt(b"x", (), armored=True)
    with pytest.raises(SecretError, match="`age1nonsense` is not an age recipient"):
        age.encrypt(b"x", ("age1nonsense",), armored=True)
    with pytest.raises(SecretError) as raised:
        age.encrypt(b"x", (keys.identities.keys[0].text.reveal(),), armored=True)
    assert "AGE-SECRET" not in str(raised.value)


def test_a_text_has_no_keys(keys: Keys, now: datetime) -> None:
    content = age.encrypt(b"x", keys.recipients, armored=True)
    with pytest.raises(SecretError, match="no keys"):
        value_of(open_content(content, "token.age", keys.identities), "a")
    assert list_keys(EncryptedFile(name="token.age", content=content), keys.identities) == ()
