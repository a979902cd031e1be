"""A new age identity, in the form that `age-keygen` gives it."""

from dataclasses import dataclass
from datetime import datetime

from eeveon.core.secret import SecretValue


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIdentity:
    """The text of an identity file, and the recipient that others encrypt for."""

    text: SecretValue
    recipient: str


def new_identity(now: datetime) -> NewIdentity:
    """A key that nobody else has."""
    import pyrage  # type: ignore[import-untyped]  # it ships no stubs

    key = pyrage.x25519.Identity.generate()
    recipient = str(key.to_public())
    text = f"# created: {now.isoformat(timespec='seconds')}\n# public key: {recipient}\n{key}\n"
    return NewIdentity(text=SecretValue(text), recipient=recipient)
