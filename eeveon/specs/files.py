"""What one spec file holds, checked as far as a file can be checked alone, and its form in a cache.

A document that stands alone is validated here once; its nouns come with it, from the cache too. One that does not
(an overlay, or one with expressions) keeps its data until `resolve` knows the rest. The data is kept as JSON text: it
is needed again only for overlays, guardrails and `eeveon render`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eeveon.core.access import AccessPolicy
from eeveon.core.desired import Target, Workload
from eeveon.core.diagnostic import Diagnostic, Position, Severity
from eeveon.core.policy import SafetyPolicy
from eeveon.specs import convert
from eeveon.specs.access import access_policy
from eeveon.specs.attached import LoadBalancer, NodeGroup
from eeveon.specs.catalog import (
    ACCESS_POLICY,
    CONTROLLER,
    KINDS,
    LATER_KINDS,
    LOAD_BALANCER,
    NODE_GROUP,
    PROJECT,
    SAFETY_POLICY,
    SCALING_POLICY,
    SERVICE,
    TARGET,
)
from eeveon.specs.convert import Pool
from eeveon.specs.locate import Locator
from eeveon.specs.problem import Problem
from eeveon.specs.scaling import ScalingPolicy, scaling_policy
from eeveon.specs.suggest import did_you_mean, listed

if TYPE_CHECKING:
    from eeveon.specs.load import Document, SourceFile

Noun = Workload | Target | SafetyPolicy | LoadBalancer | NodeGroup | ScalingPolicy | AccessPolicy

FORMAT: Final = 3  # of the cached form; another number is another key
EXPRESSION: Final = "${{"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDocument:
    """One document. `nouns` are what it says, if it is `sound` (valid by itself, without expressions)."""

    file: str
    index: int
    line: int
    kind: str
    name: str
    text: str  # the data as JSON
    sound: bool
    nouns: tuple[Noun, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def data(self) -> dict[str, Any]:
        """The data; a new copy each time."""
        data: dict[str, Any] = json.loads(self.text)
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """All documents of a file. With diagnostics it may hold less than was meant, and is not cached."""

    path: str
    documents: tuple[CheckedDocument, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


def check_file(source: "SourceFile", pool: Pool | None = None) -> CheckedFile:
    """Read and check one file. Problems of single documents wait for `resolve`, which knows what is an overlay."""
    from eeveon.specs.load import load_file  # brings the YAML reader, which cached files do without

    loaded = load_file(source)
    locator = Locator({source.path: source.content}.get)
    diagnostics = list(loaded.diagnostics)
    documents = []
    for document in loaded.documents:
        problems = _unknown_kind(document.data) or _unnamed(document.data)
        diagnostics += [locator.diagnostic(problem, source.path, document.index) for problem in problems]
        if not problems:
            documents.append(_checked(document, pool or Pool(), locator))
    ordered = sorted(diagnostics, key=lambda diagnostic: diagnostic.sort_key)
    return CheckedFile(path=source.path, documents=tuple(documents), diagnostics=tuple(ordered))


def _checked(document: "Document", pool: Pool, locator: Locator) -> CheckedDocument:
    from eeveon.specs.validate import problems  # brings pydantic

    data: dict[str, Any] = document.data
    kind: str = data["kind"]
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    found = problems(kind, data) if EXPRESSION not in text else ()
    sound = EXPRESSION not in text and all(problem.severity is Severity.WARNING for problem in found)
    return CheckedDocument(
        file=document.file,
        index=document.index,
        line=document.line,
        kind=kind,
        name=data["metadata"]["name"],
        text=text,
        sound=sound,
        nouns=nouns(kind, data, Position(file=document.file, line=document.line), pool) if sound else (),
        warnings=tuple(locator.diagnostic(problem, document.file, document.index) for problem in found)
        if sound
        else (),
    )


def nouns(kind: str, data: Mapping[str, Any], position: Position, pool: Pool) -> tuple[Noun, ...]:
    """What a valid document says, in the nouns of the core. A Project says nothing of its own."""
    if kind == SERVICE:
        return convert.workloads(data, position, pool)
    return (_ONE[kind](data, position),) if kind in _ONE else ()


_ONE: Final[Mapping[str, Callable[[Mapping[str, Any], Position], Noun]]] = {
    TARGET: convert.target,
    SAFETY_POLICY: convert.safety_policy,
    LOAD_BALANCER: convert.load_balancer,
    NODE_GROUP: convert.node_group,
    SCALING_POLICY: scaling_policy,
    ACCESS_POLICY: access_policy,
}


def _unknown_kind(data: Mapping[str, Any]) -> list[Problem]:
    kind = data.get("kind")
    if kind in KINDS:
        return []
    if kind is None:
        hint = f"write `kind:` with one of {listed(KINDS)}"
        return [Problem(code="unknown-kind", message="the document does not say its kind", hint=hint)]
    if kind in LATER_KINDS:
        message, code = f"kind {kind} comes with a later version", "kind-not-yet"
        return [Problem(code=code, message=message, path=("kind",), hint="remove the document until then")]
    hint = did_you_mean(str(kind), (*KINDS, *LATER_KINDS)) or f"the kinds are {listed(KINDS, 'and')}"
    message = f"there is no kind `{kind}`"
    if kind == CONTROLLER:
        message, hint = (
            "kind Controller is the operator's own file",
            "keep it outside of the folders of specs",
        )
    return [Problem(code="unknown-kind", message=message, path=("kind",), hint=hint)]


def _unnamed(data: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a document that cannot even be referred to."""
    metadata = data.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("name"), str):
        return []
    from eeveon.specs.validate import problems

    return problems(data["kind"], data)


def encode(checked: CheckedFile) -> bytes:
    """The cached form of a file without diagnostics. Its key is the caller's: the content's id and FORMAT."""
    assert not checked.diagnostics, "a file with diagnostics is read again, so that they have their places"
    heads = [
        [
            document.index,
            document.line,
            document.kind,
            document.name,
            document.sound,
            [_plain_warning(warning) for warning in document.warnings],
        ]
        for document in checked.documents
    ]
    lines = [json.dumps([FORMAT, heads]), *(document.text for document in checked.documents)]
    return "\n".join(lines).encode()


def decode(cached: bytes, path: str, pool: Pool | None = None) -> CheckedFile | None:
    """The file that was encoded, under its present path; None for what is damaged or has another format."""
    try:
        head, *texts = cached.decode().split("\n")
        written, heads = json.loads(head)
        if written != FORMAT:
            return None
        shared = pool or Pool()
        documents = [_decoded(head, text, path, shared) for head, text in zip(heads, texts, strict=True)]
    except (ValueError, LookupError, TypeError):
        return None
    return CheckedFile(path=path, documents=tuple(documents))


def _decoded(head: list[Any], text: str, path: str, pool: Pool) -> CheckedDocument:
    index, line, kind, name, sound, warnings = head
    return CheckedDocument(
        file=path,
        index=index,
        line=line,
        kind=kind,
        name=name,
        text=text,
        sound=sound,
        nouns=nouns(kind, json.loads(text), Position(file=path, line=line), pool) if sound else (),
        warnings=tuple([_warning(plain, path) for plain in warnings]) if warnings else (),
    )


def _plain_warning(warning: Diagnostic) -> list[Any]:
    place = warning.position
    return [warning.code, warning.message, place.line, place.column, warning.path, warning.hint]


def _warning(plain: list[Any], path: str) -> Diagnostic:
    code, message, line, column, steps, hint = plain
    return Diagnostic(
        code=code,
        message=message,
        position=Position(file=path, line=line, column=column),
        path=tuple(steps),
        hint=hint,
        severity=Severity.WARNING,
    )


__all__ = [
    "EXPRESSION",
    "FORMAT",
    "PROJECT",
    "CheckedDocument",
    "CheckedFile",
    "check_file",
    "decode",
    "encode",
]
