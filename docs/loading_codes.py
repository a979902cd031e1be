"""The codes of messages about a file that cannot be read as it should, for the reference."""

from collections.abc import Mapping
from typing import Final

LOADING: Final[Mapping[str, str]] = {
    "bad-merge": "What stands behind `<<` is not a mapping or a list of mappings.",
    "control-character": "The file holds a character that YAML does not allow.",
    "duplicate-anchor": "Two anchors of one document have the same name.",
    "duplicate-key": "A key is there twice in one mapping.",
    "file-too-large": "The file has more bytes than are read.",
    "key-not-text": "A key is a number, a date or a collection; write it in quotes.",
    "nesting-too-deep": "Collections stand in each other deeper than is read.",
    "not-a-mapping": "A document is a list or a single value.",
    "not-utf-8": "The file is not UTF-8.",
    "recursive-alias": "An alias names something that it is itself a part of.",
    "secret-unreadable": "An encrypted file, or the entry of it that a secret names, cannot be found or read.",
    "too-many-problems": "The file has more problems than are reported at once.",
    "too-much-by-aliases": "Aliases make the document larger than is read.",
    "unknown-alias": "An alias names no anchor.",
    "unsupported-tag": "A tag beyond the standard ones of YAML.",
    "unsupported-value": "A value that JSON cannot hold: infinity, not-a-number, or too large a number.",
    "yaml-syntax": "The file is not YAML.",
    "yaml-tab": "A tab stands where YAML wants spaces.",
    "yaml-version": "The file asks for another version of YAML than 1.2.",
}
