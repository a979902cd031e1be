"""The age envelope: pyrage, and what can be read of a file without a key."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eeveon.core.secret import SecretValue
from eeveon.errors import SecretError

if TYPE_CHECKING:
    import pyrage  # type: ignore[import-untyped]  # it ships no stubs

MAGIC = b"age-encryption.org/v1\n"
ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_STANZA = re.compile(rb"^-> (\S+)", re.MULTILINE)
_ORDINARY = ("X25519", "ssh-ed25519", "ssh-rsa", "scrypt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A private key as text, and where it came from."""

    text: SecretValue
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """The private keys at hand, where they were looked for, and what was wrong there."""

    keys: tuple[Identity, ...] = ()
    looked: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def search(self) -> str:
        """What to do about a missing key, for the hint of an error."""
        places = "; ".join((*self.problems, *(f"looked at {place}" for place in self.looked)))
        return f"set EEVEON_AGE_IDENTITY_FILE to a file made by age-keygen{f' ({places})' if places else ''}"


def is_age(content: bytes) -> bool:
    """Whether the content is an age file, binary or armored."""
    return content.startswith(MAGIC) or content.lstrip().startswith(ARMOR)


def encrypt(plain: bytes, recipients: Sequence[str], *, armored: bool) -> bytes:
    """An age file for these recipients: age1… or ssh public keys."""
    import pyrage

    if not recipients:
        raise SecretError(
            "there is nobody to encrypt for",
            hint="name a recipient with --recipient age1…, or list them in .eeveon/recipients.txt",
        )
    return bytes(pyrage.encrypt(plain, [_recipient(text) for text in recipients], armored=armored))


def _recipient(text: str) -> "pyrage.x25519.Recipient | pyrage.ssh.Recipient":
    import pyrage

    try:
        kind = pyrage.ssh.Recipient if text.startswith("ssh-") else pyrage.x25519.Recipient
        return kind.from_str(text)
    except pyrage.RecipientError:
        pass
    # Whoever gives a private key by mistake must not see it printed.
    shown = "a private key" if "SECRET" in text.upper() else f"`{text}`"
    raise SecretError(f"{shown} is not an age recipient", hint="recipients look like age1… or ssh-ed25519 …")


def check_recipients(recipients: Sequence[str]) -> None:
    """Raises `SecretError` for the first one that cannot be encrypted for."""
    for text in recipients:
        _recipient(text)


def decrypt(content: bytes, identities: Identities) -> bytes | None:
    """The plain bytes; None if no identity matches or the file was changed."""
    import pyrage

    keys = [key for identity in identities.keys if (key := _identity(identity)) is not None]
    if not keys:
        return None
    try:
        return bytes(pyrage.decrypt(content, keys))
    except pyrage.DecryptError:
        return None


def _identity(identity: Identity) -> "pyrage.x25519.Identity | pyrage.ssh.Identity | None":
    import pyrage

    text = identity.text.reveal()
    try:
        if text.startswith("-----BEGIN"):
            return pyrage.ssh.Identity.from_buffer(text.encode())
        return pyrage.x25519.Identity.from_str(text)
    except (pyrage.IdentityError, ValueError):
        return None


def recipients_of(content: bytes) -> str:
    """What an age file says of its recipients without a key: only how many there are, and of which kind."""
    if not content.startswith(MAGIC):
        content = _unarmored(content)
    header = content.split(b"\n---", 1)[0]
    kinds = [kind.decode("ascii", "replace") for kind in _STANZA.findall(header)]
    known = [kind for kind in kinds if kind in _ORDINARY]
    return f"{len(known)} ({', '.join(sorted(set(known))) or 'of another kind'})"


def _unarmored(content: bytes) -> bytes:
    body = b"".join(line.strip() for line in content.splitlines() if not line.startswith(b"-----"))
    try:
        return base64.b64decode(body)
    except binascii.Error:
        return b""
