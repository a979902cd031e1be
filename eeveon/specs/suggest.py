"""The name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_CLOSE_ENOUGH = 0.6


def suggestion(written: str, known: Iterable[str]) -> str | None:
    """The known name nearest to what was written: `Replicas`, `stop_grace` and `replcas` all find theirs."""
    by_folded = {_folded(name): name for name in sorted(known, reverse=True)}
    folded = _folded(written)
    if folded in by_folded:
        return by_folded[folded]
    near = get_close_matches(folded, by_folded, n=1, cutoff=_CLOSE_ENOUGH)
    return by_folded[near[0]] if near else None


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """A hint that names it, or "" where nothing is near."""
    meant = suggestion(written, known)
    return f"did you mean `{meant}`?" if meant is not None else ""


def listed(names: Iterable[str], last: str = "or") -> str:
    """Names for a sentence: `a`, `b` or `c`."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"


def _folded(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")
