"""Loads the spec files of a repository's state, parsing only those whose content was not seen before."""

from collections.abc import Mapping, Sequence
from posixpath import normpath
from typing import Protocol

from eeveon.errors import RepositoryError
from eeveon.git.tree import Entry, Tree, blob_id
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


def load(
    tree: Tree, entries: Sequence[Entry], cache: Cache, pool: Pool | None = None
) -> tuple[CheckedFile, ...]:
    """These spec files, each checked as far as it can be alone, in their order."""
    shared = pool or Pool()
    cached = cache.get_many([entry.id for entry in entries])
    found: dict[str, CheckedFile] = {}
    for entry in entries:
        known = decode(cached[entry.id], entry.path, shared) if entry.id in cached else None
        if known is not None:
            found[entry.path] = known
    missing = [entry for entry in entries if entry.path not in found]
    if missing:
        found |= _read(tree, missing, cache, shared)
    return tuple(found[entry.path] for entry in entries)


def listed(tree: Tree, folders: Sequence[str]) -> tuple[tuple[Entry, ...], ...]:
    """The spec files of each folder, from one look at the repository.

    Encrypted files lie among the specs and are none: their names end in `.enc.yaml` or `.sops.yaml`.
    """
    entries = tree.entries([folder for folder in folders if folder], is_spec)
    return tuple(tuple(entry for entry in entries if _is_below(entry.path, folder)) for folder in folders)


def ignored(tree: Tree, folders: Sequence[str]) -> tuple[str, ...]:
    """What Git ignores of these folders, once they were listed: spec files, and folders (`/` at the end) with some."""
    return tuple(path for path in sorted(tree.ignored) if any(_is_below(path, folder) for folder in folders))


def unread(tree: Tree, folders: Sequence[str]) -> Mapping[str, str]:
    """Folders with spec files below these folders, once they were listed, that are not looked into, and why."""
    return {
        path: why
        for path, why in sorted(tree.unread.items())
        if any(_is_below(path, folder) for folder in folders)
    }


def project_entry(tree: Tree) -> Entry:
    """The file that holds the Project, without a look at the rest of the repository."""
    return Entry(PROJECT_FILE, blob_id(tree.read([PROJECT_FILE])[PROJECT_FILE]))


def _is_below(path: str, folder: str) -> bool:
    top = normpath(folder) if folder else ""
    return bool(top) and (top == "." or path == top or path.startswith(f"{top}/"))


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
        {
            entry.id: encode(found[entry.path])
            for entry in entries
            if not found[entry.path].diagnostics and _is_of(contents[entry.path], entry)
        }
    )
    return found


def _is_of(content: bytes, entry: Entry) -> bool:
    """Whether it is the content of that id: not if the file was edited since, or if Git filters it on checkout."""
    return blob_id(content) == entry.id
