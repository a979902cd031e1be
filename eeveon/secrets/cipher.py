"""One SOPS value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.

AES-256 in Galois/counter mode with an initialisation vector of 32 bytes. The additional data is the key path of the
value ("db:password:"), so that a ciphertext cannot be moved to another key. Texts of numbers and truth values are
those of the Go program, since they go into the message authentication code.
"""

import base64
import binascii
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from eeveon.secrets.tree import Kind, Scalar

KEY_SIZE = 32
IV_SIZE = 32
TAG_SIZE = 16
COMMENT = re.compile(r"#(ENC\[AES256_GCM,data:[^\]\s]*,type:comment\])")
_ENCRYPTED = re.compile(r"ENC\[AES256_GCM,data:([^,\]]+),iv:([^,\]]+),tag:([^,\]]+),type:([a-z0-9]+)\]")
_LONGEST_NUMBER = 18  # digits of an int that always fit 64 bits
_PLAIN_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?")
_ANY = re.compile(r".*", re.DOTALL)
_FORMS: Mapping[str, re.Pattern[str]] = {
    "str": _ANY,
    "bytes": _ANY,
    "comment": _ANY,
    "bool": re.compile("True|False|true|false"),
    "int": re.compile(r"-?\d+"),
    "float": re.compile(r"[-+]?(\d+(\.\d+)?|Inf)|NaN"),
    "time": re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]+(Z|[-+]\d{2}:\d{2})"),
}
_OCTAL = re.compile(r"[-+]?0[0-7]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """The key of one SOPS file. It does not print."""

    raw: bytes

    def __repr__(self) -> str:
        return "[redacted]"


def new_data_key() -> DataKey:
    """A fresh random key."""
    return DataKey(os.urandom(KEY_SIZE))


def is_encrypted(scalar: Scalar) -> bool:
    """Whether a scalar is a ciphertext."""
    return scalar.kind == "str" and _ENCRYPTED.fullmatch(scalar.text) is not None


def encrypt(scalar: Scalar, key: DataKey, context: str) -> str:
    """The ciphertext of a scalar under a fresh initialisation vector."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    iv = os.urandom(IV_SIZE)
    sealed = AESGCM(key.raw).encrypt(iv, canonical(scalar), context.encode())
    data, tag, vector = (
        base64.b64encode(part).decode() for part in (sealed[:-TAG_SIZE], sealed[-TAG_SIZE:], iv)
    )
    return f"ENC[AES256_GCM,data:{data},iv:{vector},tag:{tag},type:{scalar.kind}]"


def decrypt(text: str, key: DataKey, context: str) -> Scalar | None:
    """The scalar of a ciphertext; None if it is not one, or was changed, moved, or made under another key."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    parts = _ENCRYPTED.fullmatch(text)
    if parts is None or parts[4] not in _FORMS:
        return None
    try:
        data, iv, tag = (base64.b64decode(part, validate=True) for part in parts.groups()[:3])
        raw = AESGCM(key.raw).decrypt(iv, data + tag, context.encode())
    except (InvalidTag, binascii.Error, ValueError):
        return None
    plain = raw.decode("utf-8", "surrogateescape")
    kind = cast(Kind, parts[4])
    if not _FORMS[kind].fullmatch(plain):
        return None  # the type is not authenticated: a changed one shows here
    return Scalar(kind, plain.lower() if kind == "bool" else plain)


def storable(scalar: Scalar) -> Scalar:
    """The scalar, as a text if its type would not give back what was written: `0123`, `1.50`, an odd time."""
    whole = scalar.kind in ("str", "bool", "null") or canonical(scalar).decode() == scalar.text
    return scalar if whole and is_portable(scalar) else Scalar("str", scalar.text)


def is_portable(scalar: Scalar) -> bool:
    """Whether sops reads an unencrypted scalar as it is read here."""
    if scalar.kind == "time":
        return _PLAIN_TIME.fullmatch(scalar.text) is not None
    return scalar.kind != "int" or len(scalar.text) <= _LONGEST_NUMBER


def canonical(scalar: Scalar) -> bytes:
    """The bytes that are encrypted, and that the message authentication code is taken over."""
    return _go_text(scalar).encode("utf-8", "surrogateescape")


def _go_text(scalar: Scalar) -> str:
    match scalar.kind:
        case "bool":
            return scalar.text.lower().capitalize()
        case "int":
            return _go_int(scalar.text)
        case "float":
            return _go_float(scalar.text)
        case "time" if _DATE.fullmatch(scalar.text):
            return scalar.text + "T00:00:00Z"
        case _:
            return scalar.text


def _go_int(text: str) -> str:
    try:
        return str(int(text, 8 if _OCTAL.fullmatch(text) else 0))
    except ValueError:
        return text


def _go_float(text: str) -> str:
    """The shortest decimal form, without an exponent."""
    try:
        number = float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    form = format(Decimal(repr(number)), "f")
    return form.rstrip("0").rstrip(".") if "." in form else form
