"""`eeveon schema`: the JSON Schemas of all kinds, for editors and other tools."""

from collections.abc import Mapping
from pathlib import Path

import click

from eeveon.cli.console import Console
from eeveon.errors import UsageError

SUFFIX = ".schema.json"


@click.group(short_help="Write the JSON Schemas of all kinds.")
def command() -> None:
    """Print or write the JSON Schemas (draft 2020-12) of all kinds and of saved plans."""


@command.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("schemas"),
    show_default=True,
    help="The folder that they are written to.",
)
@click.option("--check", is_flag=True, help="Write nothing; say which files differ.")
@click.pass_obj
def export(console: Console, folder: Path, check: bool) -> int:
    """Write every schema as a file of the folder. Exit status with --check: 1 if a file differs or is missing."""
    place = (console.folder or Path()) / folder
    texts = schema_files()
    different = [name for name, text in texts.items() if _content(place / name) != text]
    if check:
        for name in different:
            console.out(f"{folder / name} {'differs' if (place / name).exists() else 'is missing'}")
        if different:
            console.say("Write them anew with: eeveon schema export")
        return int(bool(different))
    _write(place, {name: texts[name] for name in different})
    console.out(
        f"{folder}: {len(different)} of {len(texts)} schemas written, the others were as they should be"
    )
    return 0


@command.command()
@click.argument("kind")
@click.pass_obj
def show(console: Console, kind: str) -> None:
    """Print the schema of KIND, or of saved plans: plan."""
    from eeveon.specs.suggest import did_you_mean

    texts = schema_files()
    if f"{kind}{SUFFIX}" not in texts:
        names = sorted(name.removesuffix(SUFFIX) for name in texts)
        hint = did_you_mean(kind, names) or f"there are {', '.join(names)}"
        raise UsageError(f"there is no schema of {kind!r}", hint=hint)
    console.out(texts[f"{kind}{SUFFIX}"])


def schema_files() -> dict[str, str]:
    """Every schema by the name of its file."""
    from eeveon.render.as_json import as_json
    from eeveon.specs.planschema import plan_schema
    from eeveon.specs.schema import schemas

    return {name: as_json(schema) for name, schema in {**schemas(), f"plan{SUFFIX}": plan_schema()}.items()}


def _content(place: Path) -> str | None:
    return place.read_text(encoding="utf-8") if place.is_file() else None


def _write(place: Path, texts: Mapping[str, str]) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (place / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"writing schemas to {place}: {error.strerror}") from error
