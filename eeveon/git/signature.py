"""Whether a commit was signed by somebody the operator trusts. Git decides, with a configuration of our own.

Neither the keys nor the settings of the user who runs the controller take part: only the operator's file counts. An
expired or revoked key, and a signature that another commit has, are not good.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from eeveon.core.controller import Verify
from eeveon.core.names import CommitId
from eeveon.errors import RepositoryError
from eeveon.git.process import alone

_SIGNED = b"\ngpgsig"
_SECONDS = 60


def trust_in(verify: Verify) -> Callable[[Path, CommitId], str]:
    """Says of a commit in a copy why it is not trusted; "" if it is. It raises RepositoryError where nobody can say."""
    return lambda copy, commit: _complaint(copy, commit, verify)


def _complaint(copy: Path, commit: CommitId, verify: Verify) -> str:
    trusted = Path(verify.signers or verify.keyring)
    if not trusted.is_file():
        raise RepositoryError(
            f"reading {trusted}: there is no such file", hint="correct `verify` of the repository"
        )
    with tempfile.TemporaryDirectory(prefix="eeveon-") as home:
        isolated = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GNUPGHOME": home,
            "HOME": home,
        }
        raw = alone(["git", "-C", str(copy), "cat-file", "commit", commit], isolated, seconds=_SECONDS)
        if raw.returncode != 0:
            raise RepositoryError(f"commit {commit[:12]} cannot be read: {_words(raw)}")
        if _SIGNED not in raw.stdout.partition(b"\n\n")[0]:
            return "it is not signed"
        if verify.keyring:
            _import(trusted, isolated)
        options = ("-c", f"gpg.ssh.allowedSignersFile={trusted}") if verify.signers else ()
        said = alone(["git", "-C", str(copy), *options, "verify-commit", commit], isolated, seconds=_SECONDS)
    if said.returncode == 0:
        return ""
    return f"its signature is not of a key in {trusted}: {_words(said) or 'git says no more'}"


def _import(keyring: Path, environment: Mapping[str, str]) -> None:
    try:
        done = alone(
            ["gpg", "--batch", "--quiet", "--no-autostart", "--import", str(keyring)],
            environment,
            seconds=_SECONDS,
        )
    except RepositoryError as error:
        raise RepositoryError(
            error.message, hint="install gnupg, or trust SSH keys with `verify.signers`"
        ) from error
    if done.returncode != 0:
        raise RepositoryError(f"reading the keys in {keyring}: {_words(done)}")


def _words(done: "subprocess.CompletedProcess[bytes]") -> str:
    """What a program said, in one line."""
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    return "; ".join(line.strip() for line in lines if line.strip())
