"""`eeveon secrets`: changes encrypted files. Values come from standard input and are never printed."""

import os
import shlex
import subprocess
from pathlib import Path

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.errors import SecretError, UsageError

_RECIPIENT = click.option(
    "-r",
    "--recipient",
    "recipients",
    multiple=True,
    metavar="AGE",
    help="For whom: age1… or ssh-…; repeatable.",
)
_REFUSED = (
    "a value is not taken from the command line: it would stay in the shell's history and in the process list"
)


@click.group(short_help="Read and change encrypted files.")
def command() -> None:
    """Change files that are encrypted by age or SOPS. Values come from standard input and are never printed.

    Who can read a new file: --recipient, else recipients.txt beside it or at the root of the repository.
    """


@command.command("set")
@click.argument("file")
@click.argument("key", required=False, default="")
@click.argument("value", nargs=-1, metavar="")
@_RECIPIENT
@click.pass_obj
def set_(  # noqa: PLR0917 - one parameter an argument or option
    console: Console, file: str, key: str, value: tuple[str, ...], recipients: tuple[str, ...]
) -> None:
    """Set KEY (words joined by dots) of FILE to what standard input holds; the file is made if there is none.

    A file that is one age text as a whole takes no KEY.
    """
    from eeveon.cli.sealing import keys_for, sealed_file, value_from_input
    from eeveon.secrets.edit import set_value
    from eeveon.wiring import now

    if value or "=" in key:
        raise UsageError(_REFUSED, hint="pipe it in, or leave it out and type it at the prompt")
    sealed = sealed_file(console, file, new=True)
    keys = keys_for(sealed, recipients)
    text = value_from_input(f"{key} in {sealed.name}" if key else sealed.name)
    _write(sealed.path, set_value(sealed.file, key, text, keys, now=now()))
    console.out(f"{sealed.name}: {key or 'the content'} is set")
    _say_next(console, (sealed.name,))


@command.command()
@click.argument("file")
@click.argument("key")
@_RECIPIENT
@click.pass_obj
def remove(console: Console, file: str, key: str, recipients: tuple[str, ...]) -> None:
    """Remove KEY from FILE."""
    from eeveon.cli.sealing import keys_for, sealed_file
    from eeveon.secrets.edit import remove_value
    from eeveon.wiring import now

    sealed = sealed_file(console, file)
    content = remove_value(sealed.file, key, keys_for(sealed, recipients), now=now())
    _write(sealed.path, content)
    console.out(f"{sealed.name}: {key} is removed")
    _say_next(console, (sealed.name,))


@command.command()
@click.argument("file")
@_RECIPIENT
@click.pass_obj
def edit(console: Console, file: str, recipients: tuple[str, ...]) -> None:
    """Open the plain text of FILE in $VISUAL or $EDITOR, in a private folder that is wiped afterwards."""
    from eeveon.cli.sealing import keys_for, sealed_file
    from eeveon.secrets.editor import edit as edited
    from eeveon.wiring import now

    sealed = sealed_file(console, file, new=True)
    keys = keys_for(sealed, recipients)
    content = edited(sealed.file, keys, now(), _open_editor, again=lambda problem: _again(console, problem))
    if content is None:
        console.out(f"{sealed.name}: nothing was changed")
        return
    _write(sealed.path, content)
    console.out(f"{sealed.name} is written")
    _say_next(console, (sealed.name,))


@command.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@_RECIPIENT
@click.pass_obj
def rotate(console: Console, files: tuple[str, ...], recipients: tuple[str, ...]) -> None:
    """Encrypt the same values anew: under a new key, for the recipients of the file or those given.

    None of the files is written unless all can be.
    """
    from eeveon.cli.sealing import identities, listed_recipients, sealed_file
    from eeveon.secrets.age import check_recipients
    from eeveon.secrets.edit import rotate as rotated
    from eeveon.secrets.encrypted import recipients_of
    from eeveon.wiring import now

    check_recipients(recipients)
    known, moment, ready = identities(), now(), []
    for sealed in [sealed_file(console, file) for file in files]:
        own = recipients_of(sealed.file.content or b"", sealed.name)
        chosen = recipients or own or listed_recipients(sealed)
        ready.append((sealed, rotated(sealed.file, chosen, known, now=moment)))
    for sealed, content in ready:
        _write(sealed.path, content)
        console.out(f"{sealed.name} is encrypted anew")
    _say_next(console, tuple(sealed.name for sealed, _ in ready))
    console.say(
        "Git keeps the old file: whoever could read that one knows these values. Change those that matter."
    )


@command.command("list")
@click.argument("file")
@choices.output_format("text", "json")
@click.pass_obj
def list_(console: Console, file: str, form: str) -> None:
    """Print the keys of FILE, never a value."""
    from eeveon.cli.sealing import identities, sealed_file
    from eeveon.secrets.edit import list_keys
    from eeveon.secrets.encrypted import recipients_of

    sealed = sealed_file(console, file)
    keys = list_keys(sealed.file, identities())
    if form == "json":
        from eeveon.render.as_json import as_json

        recipients = recipients_of(sealed.file.content or b"", sealed.name)
        document = {"file": sealed.name, "keys": keys, "recipients": recipients}
        console.out(as_json({"format": "eeveon.secrets/1", **document}))
    elif keys:
        console.out("\n".join(keys))
    else:
        console.say(f"{sealed.name} has no keys")


@command.command()
@click.pass_obj
def keygen(console: Console) -> None:
    """Make an identity of your own, readable by you alone, and print its recipient. Never overwrites one."""
    from eeveon.secrets.files import write_private
    from eeveon.secrets.identities import identity_candidates
    from eeveon.secrets.keygen import new_identity
    from eeveon.wiring import now

    settings = {name: os.environ[name] for name in ("XDG_CONFIG_HOME",) if name in os.environ}
    place = identity_candidates(settings, Path.home())[0].path
    assert place is not None, "without variables, the first candidate is a file"
    made = new_identity(now())
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(place, made.text.reveal())
    except FileExistsError as error:
        raise UsageError(f"{place} exists, and is not overwritten", hint="move it away first") from error
    except OSError as error:
        raise SecretError(f"writing {place}: {error.strerror}") from error
    console.out(made.recipient)
    console.say(f"The identity is in {place}: keep a copy in a safe place, and never commit it.")
    console.say("List the recipient in recipients.txt at the root of the repository, and commit that.")


def _write(path: Path, content: bytes) -> None:
    from eeveon.secrets.files import write_atomically

    write_atomically(path, content)


def _say_next(console: Console, names: tuple[str, ...]) -> None:
    console.say(f"Next: git add {shlex.join(names)} && git commit")


def _open_editor(place: Path) -> None:
    """Wait for the person's editor. Raises SecretError if it cannot be run or failed."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        status = subprocess.run([*shlex.split(editor), str(place)], check=False).returncode
    except (OSError, ValueError) as error:
        raise SecretError(f"the editor {editor!r} cannot be run: {error}", hint="set EDITOR") from error
    if status != 0:
        raise SecretError(f"the editor {editor!r} ended with status {status}; nothing was changed")


def _again(console: Console, problem: str) -> bool:
    """Whether the person wants to correct the text."""
    if not console.is_terminal:
        return False
    console.say_error(problem)
    return console.confirm("Edit again? Type y for yes; anything else drops your changes:", "y")
