"""Whose signature a commit has, decided by git with the operator's keys and nobody else's."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from eeveon.core.controller import Verify
from eeveon.core.names import CommitId
from eeveon.errors import RepositoryError
from eeveon.git.signature import trust_in
from tests.git.hosting import Upstream


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path / "up")


def ran(*words: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def complaint(upstream: Upstream, commit: str, verify: Verify) -> str:
    return trust_in(verify)(upstream.folder, CommitId(commit))


class TestSsh:
    def key(self, tmp_path: Path, name: str) -> Path:
        ran("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(tmp_path / name))
        return tmp_path / name

    def signed(self, upstream: Upstream, key: Path, text: str = "signed") -> str:
        upstream.git("config", "gpg.format", "ssh")
        upstream.git("config", "user.signingKey", str(key))
        return upstream.commit(text, "--gpg-sign")

    def signers(self, tmp_path: Path, *keys: Path, options: str = "") -> Verify:
        lines = [f"t@example.com {options}{key.with_suffix('.pub').read_text()}" for key in keys]
        (tmp_path / "allowed_signers").write_text("".join(lines))
        return Verify(signers=str(tmp_path / "allowed_signers"))

    def test_a_commit_of_a_trusted_key_is_good(self, tmp_path: Path, upstream: Upstream) -> None:
        key = self.key(tmp_path, "alice")
        assert complaint(upstream, self.signed(upstream, key), self.signers(tmp_path, key)) == ""

    def test_another_key_is_not(self, tmp_path: Path, upstream: Upstream) -> None:
        trusted, other = self.key(tmp_path, "alice"), self.key(tmp_path, "mallory")
        said = complaint(upstream, self.signed(upstream, other), self.signers(tmp_path, trusted))
        assert said.startswith(f"its signature is not of a key in {tmp_path / 'allowed_signers'}")

    def test_an_unsigned_one_is_not(self, tmp_path: Path, upstream: Upstream) -> None:
        verify = self.signers(tmp_path, self.key(tmp_path, "alice"))
        assert complaint(upstream, upstream.commit("plain"), verify) == "it is not signed"

    def test_the_signature_of_another_commit_is_not(self, tmp_path: Path, upstream: Upstream) -> None:
        key = self.key(tmp_path, "alice")
        good = self.signed(upstream, key)
        raw = upstream.git("cat-file", "commit", good)
        assert raw.endswith("\n\nsigned")
        (tmp_path / "forged").write_text(raw.removesuffix("signed") + "forged\n")
        forged = upstream.git("hash-object", "-t", "commit", "-w", str(tmp_path / "forged"))
        assert "not of a key" in complaint(upstream, forged, self.signers(tmp_path, key))

    def test_a_key_whose_time_is_over_is_not(self, tmp_path: Path, upstream: Upstream) -> None:
        key = self.key(tmp_path, "alice")
        verify = self.signers(tmp_path, key, options='valid-before="20200101" ')
        assert "not of a key" in complaint(upstream, self.signed(upstream, key), verify)

    def test_what_the_repository_configures_counts_for_nothing(
        self, tmp_path: Path, upstream: Upstream
    ) -> None:
        trusted, other = self.key(tmp_path, "alice"), self.key(tmp_path, "mallory")
        commit = self.signed(upstream, other)
        verify = self.signers(tmp_path, trusted)
        mine = tmp_path / "mine"
        mine.write_text(f"t@example.com {other.with_suffix('.pub').read_text()}")
        upstream.git("config", "gpg.ssh.allowedSignersFile", str(mine))
        assert "not of a key" in complaint(upstream, commit, verify)

    def test_a_file_of_keys_that_is_gone_lets_nobody_through(
        self, tmp_path: Path, upstream: Upstream
    ) -> None:
        with pytest.raises(RepositoryError, match="there is no such file"):
            complaint(upstream, upstream.commit("x"), Verify(signers=str(tmp_path / "nowhere")))


class TestOpenPgp:
    @pytest.fixture
    def home(self, tmp_path: Path) -> Iterator[dict[str, str]]:
        """A person's own keys, as variables of that person's environment."""
        folder = tmp_path / "gpg"
        folder.mkdir(mode=0o700)
        env = {"GNUPGHOME": str(folder), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
        yield env
        subprocess.run(["gpgconf", "--kill", "all"], env=env, check=False, timeout=60)

    def key(self, home: dict[str, str], name: str, expires: str = "never") -> str:
        words = ("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
        ran(
            *words,
            "--quick-generate-key",
            f"{name} <{name}@example.com>",
            "ed25519",
            "sign",
            expires,
            env=home,
        )
        listed = ran("gpg", "--batch", "--with-colons", "--list-keys", f"{name}@example.com", env=home)
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))

    def signed(self, upstream: Upstream, home: dict[str, str], key: str) -> str:
        upstream.git("config", "gpg.format", "openpgp")
        return upstream.commit("signed", f"--gpg-sign={key}", env=home)

    def keyring(self, tmp_path: Path, home: dict[str, str], *keys: str) -> Verify:
        (tmp_path / "keys.asc").write_text(ran("gpg", "--batch", "--armor", "--export", *keys, env=home))
        return Verify(keyring=str(tmp_path / "keys.asc"))

    def test_a_commit_of_a_trusted_key_is_good_and_of_another_not(
        self, tmp_path: Path, upstream: Upstream, home: dict[str, str]
    ) -> None:
        alice, mallory = self.key(home, "alice"), self.key(home, "mallory")
        verify = self.keyring(tmp_path, home, alice)
        assert complaint(upstream, self.signed(upstream, home, alice), verify) == ""
        assert "not of a key" in complaint(upstream, self.signed(upstream, home, mallory), verify)
        assert complaint(upstream, upstream.commit("plain"), verify) == "it is not signed"

    def test_a_revoked_key_is_not(self, tmp_path: Path, upstream: Upstream, home: dict[str, str]) -> None:
        alice = self.key(home, "alice")
        commit = self.signed(upstream, home, alice)
        paper = Path(home["GNUPGHOME"]) / "openpgp-revocs.d" / f"{alice}.rev"
        (tmp_path / "revocation").write_text(paper.read_text().replace(":-----BEGIN", "-----BEGIN"))
        ran("gpg", "--batch", "--import", str(tmp_path / "revocation"), env=home)
        assert "not of a key" in complaint(upstream, commit, self.keyring(tmp_path, home, alice))

    def test_keys_of_the_user_and_signatures_of_ssh_do_not_help(
        self, tmp_path: Path, upstream: Upstream, home: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alice, mallory = self.key(home, "alice"), self.key(home, "mallory")
        for name, value in home.items():
            monkeypatch.setenv(name, value)
        verify = self.keyring(tmp_path, home, alice)
        commit = self.signed(upstream, home, mallory)
        assert "not of a key" in complaint(upstream, commit, verify)
        (tmp_path / "allowed_signers").write_text("")
        assert "not of a key" in complaint(
            upstream, commit, Verify(signers=str(tmp_path / "allowed_signers"))
        )
