"""What JSON Schema cannot say of a `source`: addresses, names of branches, folders, one thing said twice."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from eeveon.specs.problem import Path, Problem
from eeveon.specs.repositories import is_commit, wrong_address, wrong_ref

_AT: Final[Path] = ("spec", "source")
_NOT_FOR_RELEASES: Final = frozenset(  # below `/`; a list of words, as nothing here is about temporary files
    f"/{name}"
    for name in (
        *(
            "",
            "bin",
            "boot",
            "dev",
            "etc",
            "home",
            "lib",
            "lib64",
            "media",
            "mnt",
            "opt",
            "proc",
            "root",
            "run",
        ),
        *("sbin", "srv", "sys", "tmp", "usr", "usr/local", "var", "var/lib", "var/log", "var/www"),
    )
)


def source_rules(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything that is wrong with the source of a Service."""
    source = document["spec"].get("source")
    if source is None:
        return
    yield from _address(source)
    yield from _version(source)
    yield from _place(source, document["metadata"]["name"])
    if "run" in source and "command" in document["spec"]:
        yield Problem(
            code="one-of",
            message="`command` and `source.run` both say what runs",
            path=(*_AT, "run"),
            hint="remove one of them",
            on_key=True,
        )
    for index, pattern in enumerate(source.get("exclude", [])):
        if "\n" in pattern:
            yield Problem(code="wrong-value", message="a pattern is one line", path=(*_AT, "exclude", index))


def _address(source: Mapping[str, Any]) -> Iterator[Problem]:
    if complaint := wrong_address(source["git"]):
        yield Problem(
            code="wrong-value",
            message=f"this is no address of a repository: {complaint}",
            path=(*_AT, "git"),
            hint="write https://host/path, ssh://user@host/path, user@host:path or a folder",
        )


def _version(source: Mapping[str, Any]) -> Iterator[Problem]:
    kind, name = next(iter(source["ref"].items()))
    if kind == "commit":
        complaint = "" if is_commit(name) else "it is not a full id in lower case"
    else:
        complaint = wrong_ref(name)
    if complaint:
        yield Problem(
            code="wrong-value",
            message=f"`{name}` is no {kind}: {complaint}",
            path=(*_AT, "ref", kind),
            hint="write all 40 digits, as `git rev-parse` prints them" if kind == "commit" else "",
        )
    if source.get("update") == "pin" and kind != "commit":
        yield Problem(
            code="wrong-value",
            message=f"`update: pin` is for a commit, and a {kind} can move",
            path=(*_AT, "update"),
            hint=f"write `ref: {{commit: …}}`, or `follow` the {kind}",
        )


def _place(source: Mapping[str, Any], name: str) -> Iterator[Problem]:
    path = PurePosixPath(source["path"])
    plain = "/" + "/".join(path.parts[1:])
    if ".." in path.parts or plain in _NOT_FOR_RELEASES or not source["path"].isprintable():
        yield Problem(
            code="wrong-value",
            message=f"releases cannot be kept at `{source['path']}`",
            path=(*_AT, "path"),
            hint=f"choose a folder of the service's own, as `/srv/{name}`",
        )
