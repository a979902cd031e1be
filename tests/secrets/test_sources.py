"""References become values, or errors that say what is missing and never what was there."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from eeveon.core.secret import FromEncrypted, FromEnvironment, FromFile, SecretRef, Secrets
from eeveon.errors import RepositoryError, SecretError
from eeveon.secrets.age import Identities
from eeveon.secrets.edit import Keys
from eeveon.secrets.files import private_folder, write_atomically, write_private
from eeveon.secrets.identities import identity_candidates, read_identities
from eeveon.secrets.sources import Resolver

Read = Callable[[str], bytes]


class Folder:
    """Reads files of a folder and counts how often."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reads: list[str] = []

    def __call__(self, path: str) -> bytes:
        self.reads.append(path)
        return (self.root / path).read_bytes()


def _resolver(root: Path, identities: Identities = Identities(), **environ: str) -> Resolver:  # noqa: B008  frozen
    return Resolver(Folder(root), environ, identities)


def test_reads_the_environment_and_files(tmp_path: Path) -> None:
    (tmp_path / "inside").write_bytes(b"one\n\n")
    outside = tmp_path / "outside"
    outside.write_text("two")
    secrets: Secrets = _resolver(tmp_path, TOKEN="three\n", EMPTY="")
    refs: list[SecretRef] = [FromFile(path="inside"), FromFile(path=str(outside))]
    refs += [FromEnvironment(variable="TOKEN"), FromEnvironment(variable="EMPTY")]
    assert [secrets.resolve(ref).reveal() for ref in refs] == ["one\n", "two", "three\n", ""]


def test_decrypts_a_file_once(tmp_path: Path, by_sops: Read, sops_identities: Identities) -> None:
    (tmp_path / "a.yaml").write_bytes(by_sops("types.yaml"))
    folder = Folder(tmp_path)
    resolver = Resolver(folder, {}, sops_identities)
    found: list[str] = []

    def resolve() -> None:
        found.append(resolver.resolve(FromEncrypted(file="a.yaml", key="db.hosts.1.name")).reveal())

    threads = [threading.Thread(target=resolve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["two"] * 8
    assert folder.reads == ["a.yaml"]


def test_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff")
    (tmp_path / "plain.yaml").write_text("a: 1")
    problems: dict[SecretRef, str] = {
        FromEnvironment(variable="NONE"): "environment variable NONE is not set",
        FromFile(path="none"): "secret file none does not exist",
        FromFile(path=str(tmp_path / "none")): "does not exist",
        FromFile(path="folder"): "secret file folder is a folder",
        FromFile(path="bytes/x"): "bytes/x cannot be read: Not a directory",
        FromFile(path="/a\0b"): "no file can have",
        FromFile(path="bytes"): "bytes is not UTF-8 text",
        FromEncrypted(file="none.yaml", key="a"): "secret file none.yaml does not exist",
        FromEncrypted(file="plain.yaml", key="a"): "plain.yaml is not encrypted",
    }
    for ref, problem in problems.items():
        with pytest.raises(SecretError, match=problem):
            _resolver(tmp_path).resolve(ref)


def test_the_heavy_packages_are_imported_when_they_are_needed() -> None:
    rooms = "import sys, eeveon.secrets.sources, eeveon.secrets.editor; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", rooms], capture_output=True, check=True, text=True, timeout=60
    )
    names = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert "eeveon" in names
    assert not names & {"pyrage", "cryptography", "ruamel", "tempfile"}


def test_says_what_the_repository_says() -> None:
    def read(path: str) -> bytes:
        raise RepositoryError(f"{path} leaves the repository")

    with pytest.raises(SecretError, match=r"a cannot be read: a leaves the repository"):
        Resolver(read, {}, Identities()).resolve(FromFile(path="a"))


def test_looks_for_identities_in_this_order(tmp_path: Path) -> None:
    environ = {
        "SOPS_AGE_KEY": "k2",
        "SOPS_AGE_KEY_FILE": "~/f2",
        "EEVEON_AGE_IDENTITY": "k1",
        "EEVEON_AGE_IDENTITY_FILE": "/f1",
        "XDG_CONFIG_HOME": "/config",
    }
    candidates = identity_candidates(environ, tmp_path)
    assert [candidate.path or candidate.origin for candidate in candidates] == [
        "EEVEON_AGE_IDENTITY",
        Path("/f1"),
        "SOPS_AGE_KEY",
        tmp_path / "f2",
        Path("/config/eeveon/identity.txt"),
        Path("/config/sops/age/keys.txt"),
        tmp_path / ".config/sops/age/keys.txt",
    ]
    assert len(identity_candidates({}, tmp_path)) == 2


def test_reads_identities_from_every_place(tmp_path: Path, keys: Keys, other_keys: Keys) -> None:
    one, two = (held.identities.keys[0].text.reveal() for held in (keys, other_keys))
    (tmp_path / ".config/eeveon").mkdir(parents=True)
    (tmp_path / ".config/eeveon/identity.txt").write_text(f"# created\n# public key\n{two}\n")
    found = read_identities(identity_candidates({"EEVEON_AGE_IDENTITY": one}, tmp_path))
    assert [identity.text.reveal() for identity in found.keys] == [one, two]
    assert not found.problems
    assert one not in repr(found)


def test_tells_of_identities_that_cannot_be_used(tmp_path: Path, by_sops: Read) -> None:
    (tmp_path / "text").write_text("hunter2")
    (tmp_path / "eeveon/identity.txt").mkdir(parents=True)
    (tmp_path / "sops/age").mkdir(parents=True)
    (tmp_path / "sops/age/keys.txt").write_bytes(b"hunter2\xff")
    environ = {
        "EEVEON_AGE_IDENTITY_FILE": str(tmp_path / "none"),
        "SOPS_AGE_KEY_FILE": str(tmp_path / "text"),
    }
    environ |= {"SOPS_AGE_KEY": "hunter2", "XDG_CONFIG_HOME": str(tmp_path)}
    identities = read_identities(identity_candidates(environ, tmp_path))
    (tmp_path / "a.yaml").write_bytes(by_sops("types.yaml"))
    with pytest.raises(SecretError, match="no age identity was found") as raised:
        _resolver(tmp_path, identities).resolve(FromEncrypted(file="a.yaml", key="port"))
    hint = raised.value.hint
    assert "none) does not exist" in hint
    assert "text) holds no age identity" in hint
    assert "identity.txt cannot be read: Is a directory" in hint
    assert "keys.txt is not text" in hint
    assert "SOPS_AGE_KEY holds no age identity" in hint
    assert ".config/sops/age/keys.txt" in hint
    assert "hunter2" not in hint


def test_an_ssh_key_among_others_is_an_identity(tmp_path: Path, keys: Keys) -> None:
    one = keys.identities.keys[0].text.reveal()
    ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nYWFh\n-----END OPENSSH PRIVATE KEY-----"
    found = read_identities(identity_candidates({"EEVEON_AGE_IDENTITY": f"# both\n{ssh}\n{one}\n"}, tmp_path))
    assert [identity.text.reveal() for identity in found.keys] == [ssh + "\n", one]


def test_an_identity_that_cannot_be_parsed_is_no_identity(tmp_path: Path, by_sops: Read) -> None:
    identities = read_identities(identity_candidates({"SOPS_AGE_KEY": "AGE-SECRET-KEY-1XYZ"}, tmp_path))
    (tmp_path / "a.yaml").write_bytes(by_sops("types.yaml"))
    with pytest.raises(SecretError, match="no identity at hand") as raised:
        _resolver(tmp_path, identities).resolve(FromEncrypted(file="a.yaml", key="port"))
    assert "XYZ" not in str(raised.value) + raised.value.hint


def test_writes_the_whole_file_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.yaml"
    write_atomically(target, b"one")
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    target.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(target)
    write_atomically(link, b"two")
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (b"two", 0o640)
    assert link.is_symlink()
    assert [path.name for path in target.parent.iterdir()] == ["a.yaml"]
    with pytest.raises(SecretError, match="cannot be written"):
        write_atomically(target / "below", b"x")


def test_the_private_folder_is_private_and_wiped() -> None:
    with private_folder() as folder:
        write_private(folder / "a", "canary")
        linked = os.open(folder / "a", os.O_RDONLY)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o600
    try:
        assert os.read(linked, 100) == b"\0" * 6
    finally:
        os.close(linked)
    assert not folder.exists()
