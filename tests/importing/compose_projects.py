"""Projects as people write them, read into memory so that an import opens nothing."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from eeveon.importing.compose.source import Request
from eeveon.importing.compose.whole import imported
from eeveon.importing.imported import AS_USUAL, Choices, Imported

FOLDER = Path(__file__).parent / "projects"
# The files that are imported, where it is not compose.yaml, and those over them.
FILES: Mapping[str, tuple[str, ...]] = {
    "json": ("compose.json",),
    "override": ("compose.yaml", "compose.override.yaml"),
    "swarm": ("stack.yml",),
    "voting": ("docker-compose.yml",),
}
NAMES = sorted(path.name for path in FOLDER.iterdir())


@cache
def contents() -> Mapping[str, bytes]:
    """Every file of every project, as if the projects lay in /src."""
    files = (path for path in FOLDER.rglob("*") if path.is_file())
    return {f"/src/{path.relative_to(FOLDER)}": path.read_bytes() for path in files}


CONTENTS = contents()


def project(name: str, *, profiles: frozenset[str] = frozenset(), choices: Choices = AS_USUAL) -> Imported:
    """One of the projects, imported."""
    files = tuple(f"/src/{name}/{file}" for file in FILES.get(name, ("compose.yaml",)))
    request = Request(
        files=files,
        folder=f"/src/{name}",
        here=f"/src/{name}",
        read=CONTENTS.get,
        environ={"HOME": "/home/ann", "DB_USER": "admin"},
        profiles=profiles,
        choices=choices,
    )
    return imported(request)


def written(text: str, *, environ: Mapping[str, str] | None = None, choices: Choices = AS_USUAL) -> Imported:
    """A project of one file."""
    files = {"/src/shop/compose.yaml": text.encode()}
    request = Request(
        files=("/src/shop/compose.yaml",),
        folder="/src/shop",
        here="/src/shop",
        read=files.get,
        environ=environ or {},
        choices=choices,
    )
    return imported(request)


def spec(result: Imported, name: str) -> dict[str, Any]:
    """The spec of one of the services."""
    return next(
        dict(document["spec"])
        for file in result.files
        for document in file.documents
        if document["kind"] == "Service" and document["metadata"]["name"] == name
    )


def service(body: str, *, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The spec of a service `one` with these fields, indented by four blanks, and an image."""
    return spec(written(f"services:\n  one:\n    image: a:1\n{body}", environ=environ), "one")


def told(result: Imported, what: str) -> list[str]:
    """Why things of that name are not as they were."""
    return [one.why for one in result.lost if one.what == what]
