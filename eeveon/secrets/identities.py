"""Which age identities are at hand: where they may be, and reading them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from eeveon.core.secret import SecretValue
from eeveon.secrets.age import Identities, Identity

_SSH_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\n?", re.DOTALL)
_KEY_VARIABLES = ("EEVEON_AGE_IDENTITY", "SOPS_AGE_KEY")
_FILE_VARIABLES = ("EEVEON_AGE_IDENTITY_FILE", "SOPS_AGE_KEY_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place that may hold identities: a text that is already here, or a file."""

    origin: str
    text: SecretValue | None = None
    path: Path | None = None
    required: bool = False  # somebody named it, so its absence is a problem


def identity_candidates(environ: Mapping[str, str], home: Path) -> tuple[Candidate, ...]:
    """The places in the order in which they are tried. Pure: nothing is opened."""
    found: list[Candidate] = []
    for text_variable, file_variable in zip(_KEY_VARIABLES, _FILE_VARIABLES, strict=True):
        if environ.get(text_variable):
            found.append(Candidate(origin=text_variable, text=SecretValue(environ[text_variable])))
        if environ.get(file_variable):
            path = _expanded(environ[file_variable], home)
            found.append(Candidate(origin=f"{file_variable} ({path})", path=path, required=True))
    settings = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    usual = (
        settings / "eeveon" / "identity.txt",
        settings / "sops" / "age" / "keys.txt",
        home / ".config" / "sops" / "age" / "keys.txt",
    )
    return (*found, *(Candidate(origin=str(path), path=path) for path in dict.fromkeys(usual)))


def _expanded(text: str, home: Path) -> Path:
    return home / text[2:] if text.startswith("~/") else Path(text)


def read_identities(candidates: tuple[Candidate, ...]) -> Identities:
    """Every identity that can be read. What cannot be is kept as a problem, told when an identity is missed."""
    keys: list[Identity] = []
    problems: list[str] = []
    for candidate in candidates:
        text, problem = _read(candidate)
        found = tuple(_keys_in(text.reveal(), candidate.origin))
        if problem or (text.reveal() and not found):
            problems.append(problem or f"{candidate.origin} holds no age identity that can be used")
        keys.extend(found)
    return Identities(
        keys=tuple(keys),
        looked=tuple(candidate.origin for candidate in candidates),
        problems=tuple(problems),
    )


def _read(candidate: Candidate) -> tuple[SecretValue, str]:
    if candidate.text is not None:
        return candidate.text, ""
    assert candidate.path is not None
    problem = ""
    try:
        return SecretValue(candidate.path.read_text(encoding="utf-8")), ""
    except (FileNotFoundError, NotADirectoryError):
        problem = f"{candidate.origin} does not exist" if candidate.required else ""
    except OSError as error:
        problem = f"{candidate.origin} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = f"{candidate.origin} is not text"
    return SecretValue(""), problem


def _keys_in(text: str, origin: str) -> Iterator[Identity]:
    """Secret keys of age one a line, and ssh private keys. Comments and passphrase-protected files give none."""
    for found in _SSH_KEY.finditer(text):
        yield Identity(text=SecretValue(found[0].rstrip("\n") + "\n"), origin=origin)
    for line in _SSH_KEY.sub("", text).splitlines():
        if line.strip().startswith("AGE-SECRET-KEY-1"):
            yield Identity(text=SecretValue(line.strip()), origin=origin)
