"""`eeveon init`: a small repository that plans and applies at once."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from eeveon.cli.console import Console
from eeveon.errors import UsageError
from eeveon.render.starter import Start, starter_files

LONGEST_NAME = 40
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_KEPT = ".gitignore"  # one that is there already stays as it is, and is in nobody's way
_WITHOUT_EFFECT = {  # options of EEveon 0.4 → what will act on them
    "repo": "deploying code from Git to hosts",
    "branch": "deploying code from Git to hosts",
    "path": "deploying code from Git to hosts",
    "ignored": "deploying code from Git to hosts",
    "strategy": "blue-green rollouts; `spec.rollout` of a Service has `rolling` and `recreate` now",
    "approve": "approvals; `eeveon apply` asks a person now",
    "interval": "`eeveon serve`, which watches repositories",
}


@click.command(short_help="Create a repository with a first service.")
@click.argument("folder", required=False, default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", metavar="NAME", help="The project's name; the default is the folder's.")
@click.option(
    "--health-url", metavar="URL", help="Where the service answers: its port, if named, and its path."
)
@click.option("--repo", metavar="URL", help="Of EEveon 0.4; no effect yet.")
@click.option("--branch", metavar="NAME", help="Of EEveon 0.4; no effect yet.")
@click.option("--path", metavar="FOLDER", help="Of EEveon 0.4; no effect yet.")
@click.option(
    "--strategy", type=click.Choice(["standard", "blue-green"]), help="Of EEveon 0.4; no effect yet."
)
@click.option("--approve", is_flag=True, default=None, help="Of EEveon 0.4; no effect yet.")
@click.option("--interval", type=int, metavar="SECONDS", help="Of EEveon 0.4; no effect yet.")
@click.option("--gitignore", "ignored", metavar="A,B", help="Of EEveon 0.4; no effect yet.")
@click.pass_obj
def command(console: Console, /, folder: Path, name: str | None, health_url: str | None, **old: Any) -> None:
    """Create a repository in FOLDER: a project, an environment `dev` on this machine, and a service that answers HTTP.

    Nothing is ever overwritten.
    """
    place = ((console.folder or Path.cwd()) / folder).resolve()
    start = Start(name=_name(name, place))
    if health_url is not None:
        start = _answering(start, health_url)
    files = {**starter_files(start), **_schemas()}
    kept = (place / _KEPT).exists()
    if kept:
        files.pop(_KEPT)
    _refuse_if_in_the_way(place, files)
    _write(place, files)
    shown = [*(name for name in files if not name.startswith("schemas/")), "schemas/"]
    console.out(f"Created in {place}:\n" + "\n".join(f"  {name}" for name in shown))
    if kept:
        console.say(f"{_KEPT} was there already and is as it was.")
    _say_what_has_no_effect(console, old)
    _say_next(console, folder, place)


def _name(given: str | None, place: Path) -> str:
    """The name that is given, else one made of the folder's. Raises UsageError for one that cannot be a name."""
    if given is not None:
        if not _NAME.fullmatch(given) or len(given) > LONGEST_NAME:
            raise UsageError(
                f"{given!r} cannot be a name",
                hint=f"names have lower-case letters, digits and hyphens, at most {LONGEST_NAME}",
            )
        return given
    made = re.sub(r"[^a-z0-9]+", "-", place.name.lower())[:LONGEST_NAME].strip("-")
    return made or "shop"


def _answering(start: Start, url: str) -> Start:
    """Answering at the URL. Raises UsageError for what is no URL, or a path that a sample page cannot have."""
    from urllib.parse import unquote, urlsplit

    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"--health-url {url!r} is no URL: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f"--health-url {url!r} is no URL", hint="it looks like http://localhost:8000/healthz"
        )
    path = parts.path or "/"
    page = unquote(path)
    steps = page.split("/")[1:]
    if parts.query or not page.isprintable() or ".." in steps or "" in steps[:-1] or "." in steps:
        raise UsageError(
            f"--health-url {url!r}: the path of a health check is plain",
            hint="leave out query, `..` and `//`",
        )
    return replace(start, path=path, page=page, port=port)


def _schemas() -> Mapping[str, str]:
    from eeveon.cli.commands.schema import schema_files

    return {f"schemas/{name}": text for name, text in schema_files().items()}


def _refuse_if_in_the_way(place: Path, files: Mapping[str, str]) -> None:
    found = [name for name in files if _is_in_the_way(place, name)]
    if found:
        listed = "\n".join(f"  {name}" for name in found)
        raise UsageError(
            f"{place} has files that are not overwritten:\n{listed}",
            hint="move them away, or name another folder",
        )


def _is_in_the_way(place: Path, name: str) -> bool:
    """Whether something is there, or something that is no folder stands where a folder is needed."""
    target = place / name
    return (
        target.exists()
        or target.is_symlink()
        or any(above.exists() and not above.is_dir() for above in target.parents)
    )


def _write(place: Path, files: Mapping[str, str]) -> None:
    try:
        for name, text in files.items():
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise UsageError(f"writing {error.filename}: {error.strerror}") from error


def _say_what_has_no_effect(console: Console, old: Mapping[str, Any]) -> None:
    for name, brings in _WITHOUT_EFFECT.items():
        if old[name] is not None:
            option = "gitignore" if name == "ignored" else name
            console.say(f"--{option} has no effect yet; it comes with {brings}.")


def _say_next(console: Console, /, folder: Path, place: Path) -> None:
    lines = [] if folder == Path() else [f"cd {shlex.quote(str(folder))}"]
    if not any((above / ".git").exists() for above in (place, *place.parents)):
        lines.append("git init")
    lines += ["eeveon plan", "eeveon apply", "eeveon status"]
    console.say("Next:\n" + "\n".join(f"  {line}" for line in lines))
