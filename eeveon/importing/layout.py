"""Where things lie in a repository, and how its files look: what `eeveon init` makes, with other services in it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from eeveon.importing.imported import Choices, Document, Imported, Lost, Sort, SpecFile
from eeveon.importing.pretty import document_text

BASE: Final = "specs/base"
_HEADS: Final = {Sort.TODO: "To do", Sort.LOST: "Not kept", Sort.DIFFERS: "Different"}
_WIDTH: Final = 108


def repository(
    choices: Choices, runtime: Mapping[str, Any], services: tuple[SpecFile, ...], lost: tuple[Lost, ...]
) -> Imported:
    """The whole repository: project, target, and the files of services in the base."""
    folder = f"specs/{choices.environment}"
    project = {
        "apiVersion": "eeveon/v2",
        "kind": "Project",
        "metadata": {"name": choices.project},
        "spec": {"base": BASE, "environments": {choices.environment: {"path": folder}}},
    }
    target = {
        "apiVersion": "eeveon/v2",
        "kind": "Target",
        "metadata": {"name": choices.target},
        "spec": runtime,
    }
    about = "What this repository is. Each environment is a folder of documents; `base` is what all of them share."
    return Imported(
        project=choices.project,
        files=(
            SpecFile(path="eeveon.yaml", about=(about,), documents=(project,)),
            SpecFile(path=f"{folder}/{choices.target}.yaml", about=_about(runtime), documents=(target,)),
            *(replace(file, path=f"{BASE}/{file.path}") for file in services),
        ),
        lost=lost,
    )


def _about(runtime: Mapping[str, Any]) -> tuple[str, ...]:
    if "docker" in runtime:
        return (
            "Where things run: the Docker engine that DOCKER_HOST names, else the one of this machine.",
            "For another one: `docker: {host: ssh://deploy@example.com}`.",
        )
    return ("Where things run: a namespace of the cluster that the kubeconfig names.",)


def texts(result: Imported) -> dict[str, str]:
    """Every file by its path, with the schema that editors complete by, and with what is lost of its service."""
    found = {file.path: _text(file, result.lost) for file in result.files}
    return {**found, **result.texts}


def _text(file: SpecFile, lost: Iterable[Lost]) -> str:
    first = file.documents[0]
    up = "../" * file.path.count("/")
    head = [f"# yaml-language-server: $schema={up}schemas/{first['kind']}.schema.json"]
    own = {document["metadata"]["name"] for document in file.documents if document["kind"] == "Service"}
    head += [f"# {line}" for line in file.about]
    for one in lost:
        if one.service and one.service in own:
            head += _comment(one)
    return "\n".join(head) + "\n" + "---\n".join(document_text(document) for document in file.documents)


def _comment(one: Lost) -> list[str]:
    from textwrap import wrap

    field = one.what.removeprefix("services.").partition(".")[2] or one.what
    text = " ".join(
        f"{_HEADS[one.sort]}: {field}: {one.why}.{f' {_sentence(one.todo)}' if one.todo else ''}".split()
    )
    return wrap(
        text,
        _WIDTH,
        initial_indent="# - ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text[0].islower() else f"{text}."


def documents(result: Imported) -> tuple[Document, ...]:
    """All documents, in the order of the files."""
    return tuple(document for file in result.files for document in file.documents)
