"""A mistake in one document, before it is known in which file the offending value stands."""

from dataclasses import dataclass

from eeveon.core.diagnostic import Severity

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A diagnostic whose place is a path. `on_key`: the name at the end of the path is wrong, not its value."""

    code: str
    message: str
    path: Path = ()
    hint: str = ""
    severity: Severity = Severity.ERROR
    on_key: bool = False


def shown(path: Path) -> str:
    """A path as people write it: `spec.ports[0].port`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def field_name(path: Path) -> str:
    """The last name of a path with the indexes behind it: `ports[0]`."""
    names = [at for at, step in enumerate(path) if isinstance(step, str)]
    return shown(path[names[-1] :]) if names else shown(path)
