"""The SOPS envelope: one data key for a file, wrapped for each recipient; each value under it; one MAC over all.

Follows the public description and the files of sops 3.11. The MAC is the SHA-512 of all values in the order of the
file, itself encrypted with the time of the last change as its context. A file whose MAC does not match is refused
as a whole. Only age recipients are read; key groups (Shamir) and rules by comment are refused.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

from eeveon.errors import SecretError
from eeveon.secrets import age
from eeveon.secrets.cipher import DataKey, canonical, decrypt, encrypt, new_data_key
from eeveon.secrets.tree import Node, Scalar, Tree, dotted, leaves

METADATA = "sops"
VERSION = "3.11.0"  # of the program whose format new files follow
ONLY_ENCRYPTED_MAC = hashlib.sha256(b"sops").digest()  # starts a MAC that covers encrypted values only
_OTHER_KEYS = ("kms", "gcp_kms", "azure_kv", "hc_vault", "hckms", "pgp")
_UNSUPPORTED = ("key_groups", "encrypted_comment_regex", "unencrypted_comment_regex")

RuleKind = Literal["unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex"]
_RULES: tuple[RuleKind, ...] = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which keys of a file are encrypted."""

    kind: RuleKind = "unencrypted_suffix"
    pattern: str = "_unencrypted"

    def covers(self, path: Sequence[str]) -> bool:
        """Whether the value at this key path is to be encrypted."""
        if self.kind.endswith("suffix"):
            hit = any(key.endswith(self.pattern) for key in path)
        else:
            hit = any(re.search(self.pattern, key) for key in path)
        return hit if self.kind.startswith("encrypted") else not hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The `sops` part of a file."""

    wrapped: tuple[tuple[str, str], ...]  # recipient, data key in an armored age file
    other_keys: tuple[str, ...]  # kinds of master keys that are not age
    modified: str  # RFC 3339; the context of the MAC
    mac: str
    rule: Rule
    only_encrypted: bool

    @property
    def recipients(self) -> tuple[str, ...]:
        """The age recipients."""
        return tuple(recipient for recipient, _ in self.wrapped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file decrypted: its values, and what is needed to write it again."""

    values: Tree
    key: DataKey
    metadata: Metadata
    reuse: Mapping[tuple[str, Scalar], str]  # ciphertext of an unchanged value at a key path


def is_sops(tree: Mapping[str, Node]) -> bool:
    """Whether a map carries the metadata of SOPS."""
    part = tree.get(METADATA)
    return isinstance(part, dict) and "mac" in part and "lastmodified" in part


def metadata_of(tree: Mapping[str, Node], where: str) -> Metadata:
    """The metadata, checked; raises `SecretError` for what cannot be read here."""
    part = tree[METADATA]
    assert isinstance(part, dict)
    for name in _UNSUPPORTED:
        if part.get(name):
            raise SecretError(f"{where} uses `{name}` of SOPS, which is not supported")
    return Metadata(
        wrapped=_wrapped(part.get("age")),
        other_keys=tuple(name for name in _OTHER_KEYS if part.get(name)),
        modified=_text(part.get("lastmodified")),
        mac=_text(part.get("mac")),
        rule=_rule(part, where),
        only_encrypted=_text(part.get("mac_only_encrypted")).lower() == "true",
    )


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and node.kind != "null" else ""


def _wrapped(node: Node | None) -> tuple[tuple[str, str], ...]:
    items = node if isinstance(node, list) else []
    return tuple(
        (_text(item.get("recipient")), _text(item.get("enc"))) for item in items if isinstance(item, dict)
    )


def _rule(part: Mapping[str, Node], where: str) -> Rule:
    given = [Rule(kind=kind, pattern=_text(part[kind])) for kind in _RULES if _text(part.get(kind))]
    if len(given) > 1:
        raise SecretError(f"{where}: more than one of {', '.join(_RULES)} is given")
    if not given:
        return Rule()
    if given[0].kind.endswith("regex") and not _is_regex(given[0].pattern):
        raise SecretError(f"{where}: `{given[0].kind}` is not a regular expression that can be read here")
    return given[0]


def _is_regex(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def open_tree(tree: Tree, identities: age.Identities, where: str) -> Opened:
    """Every value in plain text. Raises `SecretError` if no identity matches or anything was changed."""
    metadata = metadata_of(tree, where)
    key = _data_key(metadata, identities, where)
    reuse: dict[tuple[str, Scalar], str] = {}

    def plain(path: tuple[str, ...], scalar: Scalar) -> Scalar:
        if scalar.kind == "null" or scalar.text == "" or not metadata.rule.covers(path):
            return scalar
        found = decrypt(scalar.text, key, context_of(path)) if scalar.kind == "str" else None
        if found is None or found.kind == "comment":
            raise SecretError(
                f"{where}: the entry {dotted(path)} was changed, moved, or is not encrypted",
                hint="restore the file from Git, then change it with `eeveon secrets`",
            )
        reuse.setdefault((context_of(path), found), scalar.text)
        return found

    values = mapped(without_metadata(tree), plain)
    expected = decrypt(metadata.mac, key, metadata.modified)
    if expected is None or not hmac.compare_digest(expected.text, mac_of(values, metadata)):
        raise SecretError(
            f"{where} was changed after it was encrypted: its MAC does not match its entries",
            hint="restore the file from Git, then change it with `eeveon secrets` or sops",
        )
    return Opened(values=values, key=key, metadata=metadata, reuse=reuse)


def _data_key(metadata: Metadata, identities: age.Identities, where: str) -> DataKey:
    if not metadata.wrapped:
        kinds = ", ".join(metadata.other_keys) or "none"
        raise SecretError(f"{where} has no age recipients (its keys: {kinds})", hint="add one with sops")
    if not identities.keys:
        raise SecretError(f"{where} cannot be decrypted: no age identity was found", hint=identities.search)
    for _, wrapped in metadata.wrapped:
        raw = age.decrypt(wrapped.encode(), identities)
        if raw is not None and len(raw) == 32:
            return DataKey(raw)
    raise SecretError(
        f"{where} cannot be decrypted: no identity at hand is one of its recipients {', '.join(metadata.recipients)}",
        hint=identities.search,
    )


def context_of(path: Sequence[str]) -> str:
    """The additional data of a value: its key path."""
    return ":".join(path) + ":"


def without_metadata(tree: Mapping[str, Node]) -> Tree:
    """The map without its `sops` part."""
    return {key: value for key, value in tree.items() if key != METADATA}


def mapped(tree: Tree, change: Callable[[tuple[str, ...], Scalar], Scalar]) -> Tree:
    """The same shape with each scalar changed; positions in lists are no part of the path."""

    def walk(node: Node, path: tuple[str, ...]) -> Node:
        match node:
            case Scalar():
                return change(path, node)
            case dict():
                return {key: walk(value, (*path, key)) for key, value in node.items()}
            case list():
                return [walk(value, path) for value in node]

    return cast(Tree, walk(tree, ()))


def mac_of(values: Tree, metadata: Metadata) -> str:
    """The message authentication code of plain values."""
    state = hashlib.sha512(ONLY_ENCRYPTED_MAC if metadata.only_encrypted else b"")
    for path, scalar in leaves(values):
        keys = [part for part in path if isinstance(part, str)]
        if scalar.kind != "null" and (not metadata.only_encrypted or metadata.rule.covers(keys)):
            state.update(canonical(scalar))
    return state.hexdigest().upper()


def seal_tree(values: Tree, opened: Opened, original: Tree, now: datetime) -> Tree:
    """The encrypted form of changed values: unchanged ones keep their ciphertext, MAC and time are new."""
    metadata = opened.metadata

    def cipher(path: tuple[str, ...], scalar: Scalar) -> Scalar:
        if scalar.kind == "null" or scalar.text == "" or not metadata.rule.covers(path):
            return scalar
        kept = opened.reuse.get((context_of(path), scalar))
        return Scalar("str", kept or encrypt(scalar, opened.key, context_of(path)))

    modified = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    part = dict(cast(Tree, original[METADATA]))
    part["lastmodified"] = Scalar("str", modified)
    mac = Scalar("str", mac_of(values, metadata))
    part["mac"] = Scalar("str", encrypt(mac, opened.key, modified))
    return mapped(values, cipher) | {METADATA: part}


def fresh(recipients: Sequence[str]) -> tuple[Opened, Tree]:
    """An empty file for these recipients, opened, and its metadata."""
    key = new_data_key()
    part: Tree = {"age": wrapped_for(key, recipients)}
    part |= {name: Scalar("str", "") for name in ("lastmodified", "mac")}
    part |= {"unencrypted_suffix": Scalar("str", "_unencrypted"), "version": Scalar("str", VERSION)}
    original: Tree = {METADATA: part}
    return Opened(values={}, key=key, metadata=metadata_of(original, ""), reuse={}), original


def wrapped_for(key: DataKey, recipients: Sequence[str]) -> Node:
    """The data key for each recipient, in an age file of its own."""
    if not recipients:
        age.encrypt(b"", recipients, armored=True)  # raises: nobody to encrypt for
    items: list[Node] = []
    for recipient in recipients:
        sealed = age.encrypt(key.raw, [recipient], armored=True).decode()
        items.append({"recipient": Scalar("str", recipient), "enc": Scalar("str", sealed)})
    return items
