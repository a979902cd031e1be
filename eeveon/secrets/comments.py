"""Comments of SOPS files, which are encrypted too: people comment out old passwords."""

from collections.abc import Mapping

from eeveon.secrets.cipher import COMMENT, DataKey, decrypt, encrypt
from eeveon.secrets.encrypted import SopsFile
from eeveon.secrets.sops import Opened, context_of
from eeveon.secrets.tree import Scalar, containers


def _plain(ciphertext: str, opened: Opened) -> tuple[Scalar, str] | None:
    """The comment and its context. The context is some map of the file; which one depends on the writer."""
    for path in dict.fromkeys(containers(opened.values)):
        found = decrypt(ciphertext, opened.key, context_of(path))
        if found is not None:
            return found, context_of(path)
    return None


def decrypted_comments(text: str, opened: Opened) -> tuple[str, Mapping[str, str]]:
    """The text with plain comments, and the ciphertext of each. One that cannot be read stays as it is."""
    known: dict[str, str] = {}
    parts: list[str] = []
    end = 0
    for found in COMMENT.finditer(text):
        plain = _plain(found[1], opened)
        if plain is not None:
            known.setdefault(plain[0].text, found[1])
            parts += [text[end : found.start()], "#" + plain[0].text]
            end = found.end()
    return "".join([*parts, text[end:]]), known


def encrypted_comments(text: str, outer: SopsFile, opened: Opened, known: Mapping[str, str]) -> str:
    """The text with its comments encrypted; known ones keep their ciphertext."""
    for start, end, path in reversed(outer.notation.comment_spans(text)):
        comment = text[start + 1 : end].rstrip("\r")
        if comment and not COMMENT.fullmatch("#" + comment):
            sealed = known.get(comment) or encrypt(Scalar("comment", comment), opened.key, context_of(path))
            text = text[: start + 1] + sealed + text[start + 1 + len(comment) :]
    return text


def rewrapped_comments(outer: SopsFile, opened: Opened, key: DataKey) -> str:
    """The text with its comments under another key."""
    parts: list[str] = []
    end = 0
    for found in COMMENT.finditer(outer.text):
        plain = _plain(found[1], opened)
        if plain is not None:
            parts += [outer.text[end : found.start()], "#" + encrypt(plain[0], key, plain[1])]
            end = found.end()
    return "".join([*parts, outer.text[end:]])
