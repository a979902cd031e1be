"""Changing encrypted files: set, remove, rotate, list and edit. Bytes in, bytes out; the time is an argument.

In a SOPS file everything that is not changed keeps its ciphertext, so one changed entry is one changed line (beside
the MAC and the time). An age file is one envelope and is written anew as a whole.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from eeveon.core.secret import SecretValue
from eeveon.errors import SecretError
from eeveon.secrets import age, sops
from eeveon.secrets.cipher import is_portable, storable
from eeveon.secrets.comments import decrypted_comments, encrypted_comments, rewrapped_comments
from eeveon.secrets.encrypted import AgeFile, SopsFile, decrypted, keys_of, notation_of, recipients_of, sealed
from eeveon.secrets.notation.yaml import Yaml
from eeveon.secrets.tree import Scalar, Tree, dotted, leaves, with_entry, without_entry

_KEY = re.compile(r"[^\x00-\x20\x7f.]+(?:\.[^\x00-\x20\x7f.]+)*")
_MOST_DOTS = 30
_LONGEST_KEY = 200  # YAML cannot hold much longer ones on one line


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedFile:
    """A file by its name in the repository; without content it is a new one, whose name decides its format."""

    name: str
    content: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a change decrypts with, and for whom it encrypts: all of an age file, a new SOPS file."""

    identities: age.Identities
    recipients: tuple[str, ...] = ()


def choose_recipients(
    file: EncryptedFile, given: tuple[str, ...], listed: tuple[str, ...]
) -> tuple[str, ...]:
    """Those given, else those of the file, else those listed for the repository. Raises `SecretError` for a bad one."""
    present = recipients_of(file.content, file.name) if file.content is not None else None
    if given and present and set(given) != set(present):
        raise SecretError(
            f"{file.name} is encrypted for other recipients",
            hint=f"use `eeveon secrets rotate {file.name}` to change them",
        )
    chosen = given or present or listed
    age.check_recipients(chosen)
    return chosen


def parse_recipients(text: str) -> tuple[str, ...]:
    """The recipients of a list, one a line; `#` starts a comment."""
    return tuple(
        line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")
    )


def set_value(file: EncryptedFile, key: str, value: SecretValue, keys: Keys, *, now: datetime) -> bytes:
    """The file with the entry set; "" sets the whole content of an age file that is no map."""
    text = value.reveal()
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise SecretError(f"{file.name}, key {key}: the value is not UTF-8 text")
    if not key:
        return _set_whole(file, text, keys)
    _check_key(key, file.name)
    return _changed(file, keys, lambda tree: with_entry(tree, key, Scalar("str", text), file.name), now)


def remove_value(file: EncryptedFile, key: str, keys: Keys, *, now: datetime) -> bytes:
    """The file without the entry."""
    _check_key(key, file.name)
    return _changed(file, keys, lambda tree: without_entry(tree, key, file.name), now)


def list_keys(file: EncryptedFile, identities: age.Identities) -> tuple[str, ...]:
    """The dotted keys in the order of the file. An age file needs an identity; one that is no map has none."""
    assert file.content is not None
    found = keys_of(file.content, file.name)
    if found is not None:
        return found
    inside = _age_file(file)
    if inside.notation is None:
        return ()
    tree = inside.notation.parse(decrypted(inside, identities), file.name)
    return tuple(dotted(path) for path, _ in leaves(tree))


def rotate(
    file: EncryptedFile, recipients: tuple[str, ...], identities: age.Identities, *, now: datetime
) -> bytes:
    """The same values under a new key for these recipients; none means those that a SOPS file has."""
    assert file.content is not None
    match sealed(file.content, file.name):
        case AgeFile() as inside:
            return _age_bytes(inside, decrypted(inside, identities), recipients)
        case SopsFile() as outer:
            return _rotated(outer, recipients, identities, now)


def _rotated(
    outer: SopsFile, recipients: tuple[str, ...], identities: age.Identities, now: datetime
) -> bytes:
    opened = sops.open_tree(outer.tree, identities, outer.where)
    if opened.metadata.other_keys:
        raise SecretError(
            f"{outer.where} also has {', '.join(opened.metadata.other_keys)} keys, which would be left out",
            hint="rotate it with sops",
        )
    renewed, part = sops.fresh(recipients or opened.metadata.recipients)
    metadata = replace(opened.metadata, wrapped=renewed.metadata.wrapped)
    kept = outer.tree[sops.METADATA]
    assert isinstance(kept, dict)
    fresh_part = part[sops.METADATA]
    assert isinstance(fresh_part, dict)
    original: Tree = {sops.METADATA: {**kept, "age": fresh_part["age"]}}
    tree = sops.seal_tree(opened.values, replace(renewed, metadata=metadata), original, now)
    text = rewrapped_comments(outer, opened, renewed.key)
    return _patched(outer, text, tree)


def plain_text(file: EncryptedFile, identities: age.Identities) -> str:
    """What a person edits: the plain text without metadata, comments included; "" for a new file."""
    if file.content is None:
        return ""
    match sealed(file.content, file.name):
        case AgeFile() as inside:
            return decrypted(inside, identities)
        case SopsFile() as outer:
            opened = sops.open_tree(outer.tree, identities, file.name)
            text, _ = decrypted_comments(outer.text, opened)
            return outer.notation.patch(text, opened.values, file.name)


def sealed_text(file: EncryptedFile, text: str, keys: Keys, *, now: datetime) -> bytes:
    """The file with an edited text as its content; entries and comments that did not change keep their ciphertext."""
    outer = _sealed_or_new(file)
    if isinstance(outer, AgeFile):
        if outer.notation:
            outer.notation.parse(text, file.name)
        return _age_bytes(outer, text, keys.recipients)
    opened, original = _opened(file, outer, keys)
    values = outer.notation.parse(text, file.name)
    _refuse_metadata(values, file.name)
    values = sops.mapped(values, lambda path, scalar: _storable(path, scalar, opened, file.name))
    _, known = decrypted_comments(outer.text, opened)
    body = encrypted_comments(text, outer, opened, known)
    tree = sops.seal_tree(values, opened, original, now)
    return _patched(outer, body, tree)


def _storable(path: tuple[str, ...], scalar: Scalar, opened: sops.Opened, where: str) -> Scalar:
    if opened.metadata.rule.covers(path):
        return storable(scalar)
    if not is_portable(scalar):
        raise SecretError(
            f"{where}: the unencrypted entry {dotted(path)} is read differently by sops", hint="quote it"
        )
    return scalar


def _changed(file: EncryptedFile, keys: Keys, change: Callable[[Tree], Tree], now: datetime) -> bytes:
    outer = _sealed_or_new(file)
    if isinstance(outer, AgeFile):
        return _changed_age(outer, keys, change)
    opened, original = _opened(file, outer, keys)
    values = change(opened.values)
    _refuse_plain(values, opened, file.name)
    tree = sops.seal_tree(values, opened, original, now)
    return _patched(outer, outer.text, tree)


def _patched(outer: SopsFile, text: str, tree: Tree) -> bytes:
    """The new file, read back before it is handed out: a file that cannot be read loses every secret in it."""
    written = outer.notation.patch(text, tree, outer.where)
    if outer.notation.parse(written, outer.where) != tree:
        raise SecretError(
            f"{outer.where} cannot be written as {outer.notation.name} without changing a value"
        )
    return written.encode()


def _changed_age(outer: AgeFile, keys: Keys, change: Callable[[Tree], Tree]) -> bytes:
    if outer.notation is None:
        raise SecretError(
            f"{outer.where} holds one text and no keys",
            hint="leave out the key, or use a name that ends in .yaml.age or .json.age",
        )
    text = decrypted(outer, keys.identities) if outer.content else ""
    tree = change(outer.notation.parse(text, outer.where) if text else {})
    return _age_bytes(outer, outer.notation.patch(text, tree, outer.where), keys.recipients)


def _set_whole(file: EncryptedFile, text: str, keys: Keys) -> bytes:
    outer = _sealed_or_new(file)
    if isinstance(outer, SopsFile) or outer.notation is not None:
        raise SecretError(f"{file.name} holds a map: name the key to set")
    return _age_bytes(outer, text, keys.recipients)


def _sealed_or_new(file: EncryptedFile) -> AgeFile | SopsFile:
    if file.content is not None:
        return sealed(file.content, file.name)
    if file.name.endswith(".age"):
        return AgeFile(where=file.name, content=b"", notation=notation_of(file.name))
    return SopsFile(where=file.name, text="", notation=notation_of(file.name) or Yaml(), tree={})


def _opened(file: EncryptedFile, outer: SopsFile, keys: Keys) -> tuple[sops.Opened, Tree]:
    if file.content is None:
        return sops.fresh(keys.recipients)
    return sops.open_tree(outer.tree, keys.identities, file.name), outer.tree


def _age_file(file: EncryptedFile) -> AgeFile:
    found = sealed(file.content or b"", file.name)
    assert isinstance(found, AgeFile)
    return found


def _age_bytes(outer: AgeFile, text: str, recipients: tuple[str, ...]) -> bytes:
    armored = not outer.content.startswith(age.MAGIC)
    return age.encrypt(text.encode("utf-8", "surrogateescape"), recipients, armored=armored)


def _check_key(key: str, where: str) -> None:
    if not _KEY.fullmatch(key) or len(key) > _LONGEST_KEY or key.count(".") > _MOST_DOTS:
        raise SecretError(f"{where}: this is not a key", hint="keys are words joined by dots, without spaces")
    if key == sops.METADATA or key.startswith(sops.METADATA + "."):
        raise SecretError(f"{where}: the key `{sops.METADATA}` is the file's own metadata")


def _refuse_metadata(values: Tree, where: str) -> None:
    if sops.METADATA in values:
        raise SecretError(
            f"{where}: the key `{sops.METADATA}` is the file's own metadata; choose another name"
        )


def _refuse_plain(values: Tree, opened: sops.Opened, where: str) -> None:
    """A value that the file's own rule leaves in plain text is not a secret any more."""
    rule, before = opened.metadata.rule, dict(leaves(opened.values))
    for path, scalar in leaves(values):
        words = [part for part in path if isinstance(part, str)]
        if before.get(path) != scalar and not rule.covers(words):
            raise SecretError(
                f"{where}: {dotted(path)} would be stored in plain text, by the file's rule {rule.kind} = {rule.pattern}",
                hint="choose another key",
            )
