"""Loads the spec files of a repository's state, parsing only those whose content was not seen before."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from eeveon.errors import RepositoryError
from eeveon.git.tree import Entry, Tree
from eeveon.specs.convert import Pool
from eeveon.specs.files import CheckedFile, check_file, decode, encode

PROJECT_FILE = "eeveon.yaml"
_SUFFIXES = (".yaml", ".yml")
_ENCRYPTED = (".enc.yaml", ".enc.yml", ".sops.yaml", ".sops.yml")


class Cache(Protocol):
    """Checked files by the Git id of their content. May forget anything at any time."""

    def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The entries that are there."""
        ...

    def put_many(self, values: Mapping[str, bytes]) -> None:
        """Keep these entries."""
        ...


def load(tree: Tree, folders: Sequence[str], cache: Cache) -> tuple[CheckedFile, ...]:
    """Every spec file below the folders, checked as far as each can be alone, by path.

    Encrypted files lie among the specs and are none: their names end in `.enc.yaml` or `.sops.yaml`.
    """
    entries = [entry for entry in tree.entries(folders) if is_spec(entry.path)]
    pool = Pool()
    cached = cache.get_many([entry.id for entry in entries])
    found: dict[str, CheckedFile] = {}
    for entry in entries:
        known = decode(cached[entry.id], entry.path, pool) if entry.id in cached else None
        if known is not None:
            found[entry.path] = known
    missing = [entry for entry in entries if entry.path not in found]
    if missing:
        found |= _read(tree, missing, cache, pool)
    return tuple(found[entry.path] for entry in entries)


def read_one(tree: Tree, path: str) -> bytes | None:
    """The content of one file; None where it cannot be read."""
    try:
        return tree.read([path])[path]
    except RepositoryError:
        return None


def is_spec(path: str) -> bool:
    """Whether a file of a spec folder is read as specs."""
    return path.endswith(_SUFFIXES) and not path.endswith(_ENCRYPTED)


def _read(tree: Tree, entries: Sequence[Entry], cache: Cache, pool: Pool) -> dict[str, CheckedFile]:
    from eeveon.specs.load import SourceFile  # brings the YAML reader, which cached files do without

    contents = tree.read([entry.path for entry in entries])
    found = {
        entry.path: check_file(SourceFile(path=entry.path, content=contents[entry.path]), pool)
        for entry in entries
    }
    cache.put_many(
        {entry.id: encode(found[entry.path]) for entry in entries if not found[entry.path].diagnostics}
    )
    return found
