"""What the commands of `eeveon import` share: reading what is named, and writing or showing the result."""

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from eeveon.cli.console import Console
from eeveon.core.desired import Target
from eeveon.core.names import TargetName
from eeveon.errors import UsageError
from eeveon.importing.naming import spec_name

if TYPE_CHECKING:
    from eeveon.importing.compose.source import Request as ComposeRequest
    from eeveon.importing.imported import Choices, Imported
    from eeveon.importing.kubernetes.reading import Request as KubernetesRequest

# As `docker compose` looks for them, with the one that it then puts over it.
_COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_YAML = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where the result goes."""

    into: Path | None
    dry_run: bool
    force: bool
    form: str

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """What the options say."""
        return cls(**{name: options[name] for name in ("into", "dry_run", "force", "form")})


def choices_of(options: Mapping[str, Any]) -> "Choices":
    """Names and patterns of the options. Raises UsageError for a name that cannot be one."""
    from eeveon.importing.imported import Choices

    for option in ("name", "environment", "target"):
        written = options[option]
        if written is not None and (spec_name(written) != written or not written):
            raise UsageError(
                f"--{option} {written!r} cannot be a name",
                hint="names have lower-case letters, digits and hyphens, at most 40",
            )
    return Choices(
        project=options["name"] or "",
        environment=options["environment"],
        target=options["target"] or "",
        secret=options["secret"],
        plain=options["plain"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeInput:
    """What the command line names of a Compose project."""

    files: tuple[Path, ...]
    env_files: tuple[Path, ...]
    profiles: tuple[str, ...]


def compose_request(console: Console, named: ComposeInput, choices: "Choices") -> "ComposeRequest":
    """A Compose project. Raises UsageError where no file is named and none is found."""
    from eeveon.importing.compose.source import Request

    here = _here(console)
    chosen = [_absolute(here, file) for file in named.files] or _found(here)
    return Request(
        files=tuple(map(str, chosen)),
        folder=str(chosen[0].parent),
        here=str(here),
        read=_content,
        environ=dict(os.environ),
        env_files=tuple(str(_absolute(here, file)) for file in named.env_files),
        profiles=frozenset(named.profiles),
        choices=choices,
    )


def _found(here: Path) -> list[Path]:
    if named := os.environ.get("COMPOSE_FILE"):
        return [_absolute(here, Path(name)) for name in named.split(os.pathsep)]
    first = next((here / name for name in _COMPOSE_FILES if (here / name).is_file()), None)
    if first is None:
        raise UsageError(
            f"there is no Compose file in {here}", hint="name one: eeveon import compose path/to/compose.yaml"
        )
    stem = first.name.partition(".")[0]
    overs = (first.with_name(f"{stem}.override{end}") for end in (".yaml", ".yml"))
    over = next((path for path in overs if path.is_file()), None)
    return [first] if over is None else [first, over]


@contextmanager
def kubernetes_request(
    console: Console, sources: tuple[Path, ...], place: tuple[str, str], choices: "Choices"
) -> "Iterator[KubernetesRequest]":
    """Objects of files, or without any of the cluster. Raises TargetUnreachable where there is none."""
    from eeveon.importing.kubernetes.reading import Request, YamlFile

    if not sources:
        from eeveon.drivers.registry import existing_on

        with closing(existing_on(_cluster(*place))) as there:
            namespace, context = (str(there.settings.get(name, "")) for name in ("namespace", "context"))
            yield Request(reader=there, namespace=namespace, context=context, choices=choices)
        return
    here = _here(console)
    files = []
    for source in sources:
        if str(source) == "-":
            files.append(YamlFile(path="standard input", content=sys.stdin.buffer.read()))
            continue
        for path in _yaml_files(_absolute(here, source)):
            content = _content(str(path))
            if content is None:
                raise UsageError(f"there is no file {source}")
            files.append(YamlFile(path=os.path.relpath(path, here), content=content))
    namespace, context = place
    yield Request(files=tuple(files), namespace=namespace, context=context, choices=choices)


def _cluster(namespace: str, context: str) -> Target:
    given = {"namespace": namespace, "context": context}
    settings = {name: text for name, text in given.items() if text}
    return Target(name=TargetName("cluster"), kind="kubernetes", settings=settings)


def _yaml_files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    found = sorted(path for path in place.rglob("*") if path.suffix in _YAML and path.is_file())
    if not found:
        raise UsageError(f"{place} has no file of YAML or JSON")
    return found


def _here(console: Console) -> Path:
    return (console.folder or Path.cwd()).resolve()


def _absolute(here: Path, path: Path) -> Path:
    return Path(
        os.path.normpath(here / path)
    )  # links stay: a relative path in a file starts where it is named


def _content(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"reading {path}: {error.strerror}") from error


def finish(console: Console, goal: Goal, result: "Imported", schemas: Mapping[str, str]) -> None:
    """Write the files, and the schemas beside, unless nothing is to be written; tell what they are and what is lost."""
    from eeveon.importing.layout import texts
    from eeveon.render.import_text import files_text, import_json, losses_text

    files = texts(result)
    place = (_here(console) / (goal.into or Path())).resolve()
    if not goal.dry_run:
        _write(place, {**files, **schemas}, force=goal.force)
    if goal.form == "json":
        console.out(import_json(result, files))
        return
    console.out(files_text(files) if goal.dry_run else _written(place, files))
    console.out(losses_text(result.lost, console.style()))
    if not goal.dry_run:
        _say_next(console, place)


def _written(place: Path, files: Mapping[str, str]) -> str:
    return f"Written to {place}:\n" + "\n".join(f"  {name}" for name in (*files, "schemas/"))


def _write(place: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write all of them, or none where one is in the way; what is there with the same content is not."""
    in_the_way = [name for name, text in files.items() if _is_in_the_way(place, name, text)]
    if in_the_way and not force:
        listed = "\n".join(f"  {name}" for name in in_the_way)
        raise UsageError(
            f"{place} has files that are not overwritten:\n{listed}",
            hint="name another folder with --into, or overwrite them with --force",
        )
    try:
        for name, text in files.items():
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"writing {error.filename}: {error.strerror}") from error


def _is_in_the_way(place: Path, name: str, text: str) -> bool:
    target = place / name
    if target.is_symlink() or any(above.exists() and not above.is_dir() for above in target.parents):
        return True
    return target.exists() and not (target.is_file() and target.read_bytes() == text.encode())


def _say_next(console: Console, place: Path) -> None:
    lines = [] if place == _here(console) else [f"cd {shlex.quote(os.path.relpath(place, _here(console)))}"]
    if not any((above / ".git").exists() for above in (place, *place.parents)):
        lines.append("git init")
    console.say("Next:\n" + "\n".join(f"  {line}" for line in (*lines, "eeveon validate", "eeveon plan")))
