"""What an encrypted file is, told from its content alone; what can be said of it without a key; and opening it."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eeveon.core.secret import SecretValue
from eeveon.core.values import DIGEST_LENGTH
from eeveon.errors import SecretError
from eeveon.secrets import age, sops
from eeveon.secrets.cipher import is_encrypted
from eeveon.secrets.notation import Notation
from eeveon.secrets.notation.dotenv import Dotenv
from eeveon.secrets.notation.json import Json
from eeveon.secrets.notation.yaml import Yaml
from eeveon.secrets.tree import Node, Scalar, Tree, dotted, entry, leaves

ANY_FILE = "the encrypted file"
_SOPS_DOTENV = re.compile(r"^sops_mac=", re.MULTILINE)
_SOPS_YAML = re.compile(r"^[\"']?sops[\"']?:", re.MULTILINE)
_BINARY_KEY = "data"  # sops wraps what is no map into {"data": …}
_NOTATIONS: Mapping[str, type[Notation]] = {
    ".yaml": Yaml,
    ".yml": Yaml,
    ".json": Json,
    ".env": Dotenv,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeFile:
    """One age file. It is a map inside if its name says so (`db.yaml.age`, `db.json`)."""

    where: str
    content: bytes
    notation: Notation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SopsFile:
    """A map whose keys are readable and whose values are encrypted one by one."""

    where: str
    text: str
    notation: Notation
    tree: Tree


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Contents:
    """A file in plain text. It does not print."""

    where: str
    values: Tree | None  # None: not a map
    whole: str | None  # None: only entries can be had


def notation_of(name: str) -> Notation | None:
    """How the map inside a file of this name is written; None if the name does not say."""
    plain = name.removesuffix(".age")
    return next((kind() for suffix, kind in _NOTATIONS.items() if plain.endswith(suffix)), None)


def sealed(content: bytes, where: str) -> AgeFile | SopsFile:
    """The encrypted file that the content is; raises `SecretError` if it is not encrypted."""
    if age.is_age(content):
        return AgeFile(where=where, content=content, notation=notation_of(where))
    text = _text(content)
    notation = _sops_notation(text)
    tree = notation.parse(text, where) if notation else {}
    if notation is None or not sops.is_sops(tree):
        raise SecretError(
            f"{where} is not encrypted: it is neither an age file nor a SOPS file",
            hint="if it holds secrets, change them: they lie in Git in plain text; then use `eeveon secrets set`",
        )
    return SopsFile(where=where, text=text, notation=notation, tree=tree)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""


def _sops_notation(text: str) -> Notation | None:
    if text.lstrip().startswith("{"):
        return Json() if '"sops"' in text else None
    if _SOPS_DOTENV.search(text):
        return Dotenv()
    return Yaml() if _SOPS_YAML.search(text) else None


def keys_of(content: bytes, where: str = ANY_FILE) -> tuple[str, ...] | None:
    """The dotted keys that can be read without an identity; None for an age file."""
    match sealed(content, where):
        case AgeFile():
            return None
        case SopsFile(tree=tree):
            return tuple(dotted(path) for path, _ in leaves(sops.without_metadata(tree)))


def recipients_of(content: bytes, where: str = ANY_FILE) -> tuple[str, ...] | None:
    """The age recipients of a SOPS file; None for an age file, which does not tell."""
    match sealed(content, where):
        case AgeFile():
            return None
        case SopsFile(tree=tree):
            return sops.metadata_of(tree, where).recipients


def entry_version(content: bytes, key: str, where: str = ANY_FILE) -> str:
    """12 hex digits that change with the ciphertext of the entry. Needs no identity."""
    return entry_versions(content, (key,), where)[key]


def entry_versions(content: bytes, keys: Iterable[str], where: str = ANY_FILE) -> dict[str, str]:
    """The version of several entries, reading the file once. Raises `SecretError` for a key that is not there."""
    file = sealed(content, where)
    if isinstance(file, AgeFile):
        return dict.fromkeys(keys, _digest(content))
    values = sops.without_metadata(file.tree)
    return {key: _version(entry(values, key, where) if key else values) for key in keys}


def _version(node: Node) -> str:
    return _digest("".join(f"{dotted(path)}\0{scalar.text}\0" for path, scalar in leaves(node)).encode())


def _digest(stored: bytes) -> str:
    return hashlib.sha256(stored).hexdigest()[:DIGEST_LENGTH]


def open_content(content: bytes, where: str, identities: age.Identities) -> Contents:
    """The plain text of an encrypted file; raises `SecretError` if no identity matches or it was changed."""
    match sealed(content, where):
        case AgeFile() as file:
            text = decrypted(file, identities)
            values = file.notation.parse(text, where) if file.notation else None
            return Contents(where=where, values=values, whole=text)
        case SopsFile() as file:
            values = sops.open_tree(file.tree, identities, where).values
            only = values.get(_BINARY_KEY) if set(values) == {_BINARY_KEY} else None
            return Contents(where=where, values=values, whole=only.text if isinstance(only, Scalar) else None)


def decrypted(file: AgeFile, identities: age.Identities) -> str:
    """The text of an age file; bytes that are not UTF-8 are kept by `surrogateescape`."""
    plain = age.decrypt(file.content, identities)
    if plain is not None:
        return plain.decode("utf-8", "surrogateescape")
    if not identities.keys:
        raise SecretError(
            f"{file.where} cannot be decrypted: no age identity was found", hint=identities.search
        )
    raise SecretError(
        f"{file.where} cannot be decrypted: no identity at hand matches, or the file was changed; "
        f"its recipients: {age.recipients_of(file.content)}",
        hint=identities.search,
    )


def value_of(contents: Contents, key: str) -> SecretValue:
    """The value of an entry, numbers and truth values as text; "" is the whole content."""
    where = contents.where
    if not key:
        return _value(_whole(contents), where)
    if contents.values is None:
        raise SecretError(
            f"{where} holds one text and no keys, so it has no key {key}",
            hint="leave out the key, or give the file a name that ends in .yaml.age or .json.age",
        )
    return _value(_scalar(entry(contents.values, key, where), f"{where}, key {key}"), f"{where}, key {key}")


def _whole(contents: Contents) -> Scalar:
    if contents.whole is None:
        raise SecretError(f"{contents.where} holds a map: a reference to it needs a key")
    return Scalar("str", contents.whole)


def _scalar(node: Node, where: str) -> Scalar:
    if not isinstance(node, Scalar):
        raise SecretError(f"{where} holds other entries and is not a value by itself")
    if node.kind == "null":
        raise SecretError(f"{where} is empty (null)")
    return node


def _value(scalar: Scalar, where: str) -> SecretValue:
    if is_encrypted(scalar):
        raise SecretError(f"{where} is still encrypted after the file was decrypted; it was encrypted twice")
    if any("\ud800" <= letter <= "\udfff" for letter in scalar.text):
        raise SecretError(f"{where} holds bytes that are not UTF-8 text")
    return SecretValue(scalar.text)
