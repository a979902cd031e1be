"""Diagnostics and errors for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eeveon.core.diagnostic import Diagnostic, Severity
from eeveon.errors import EEveonError
from eeveon.render.words import Style, count


def diagnostics_text(diagnostics: Sequence[Diagnostic], style: Style) -> str:
    """Every diagnostic with its place, then how many there are. "" if there is none."""
    if not diagnostics:
        return ""
    lines = [line for item in diagnostics for line in _diagnostic(item, style)]
    errors = sum(item.severity is Severity.ERROR for item in diagnostics)
    warnings = len(diagnostics) - errors
    total = [count(number, word) for number, word in ((errors, "error"), (warnings, "warning")) if number]
    return "\n".join([*lines, "", ", ".join(total)]) + "\n"


def _diagnostic(item: Diagnostic, style: Style) -> Iterator[str]:
    severity = style.red(item.severity) if item.severity is Severity.ERROR else style.faint(item.severity)
    yield f"{style.bold(str(item.position))}  {severity}  {item.code}"
    hint = f"; {item.hint}" if item.hint else ""
    yield f"  {item.message}{hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is to be said about a whole repository."""

    diagnostics: tuple[Diagnostic, ...]
    environments: int
    documents: int


def checked_text(checked: Checked, style: Style) -> str:
    """All that is wrong, or that nothing is; ending in a newline."""
    if checked.diagnostics:
        return diagnostics_text(checked.diagnostics, style)
    size = f"{count(checked.environments, 'environment')}, {count(checked.documents, 'document')}"
    return f"{size}: no problems\n"


def error_text(error: EEveonError, style: Style) -> str:
    """An error and what to do next."""
    text = f"{style.red('error')}: {error.message}\n"
    return f"{text}  {error.hint}\n" if error.hint else text
