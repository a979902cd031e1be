"""Documents as a spec file, or as JSON, each with the place where it is written."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from eeveon.render.as_json import as_json
from eeveon.render.yaml import yaml_text

FORMAT = "eeveon.documents/1"


class Origin(Protocol):
    """A document as it holds in an environment."""

    @property
    def file(self) -> str:
        """Where its lowest layer is written."""
        ...

    @property
    def line(self) -> int:
        """The line there."""
        ...

    @property
    def data(self) -> Mapping[str, Any]:
        """The document."""
        ...


def documents_yaml(documents: Sequence[Origin]) -> str:
    """One YAML stream, in the order given."""
    return "---\n".join(_commented(document) for document in documents)


def documents_json(documents: Sequence[Origin]) -> str:
    """The same for scripts."""
    written = [
        {"file": document.file, "line": document.line, "document": document.data} for document in documents
    ]
    return as_json({"format": FORMAT, "documents": written})


def _commented(document: Origin) -> str:
    place = f"{document.file}:{document.line}".encode("unicode_escape").decode("ascii")
    return f"# {place}\n{yaml_text(document.data)}"
