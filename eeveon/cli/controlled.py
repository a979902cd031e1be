"""What the commands share that speak to a controller of this machine: they read and write its store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from eeveon.cli.console import Console
from eeveon.errors import UsageError
from eeveon.store.store import Store
from eeveon.wiring import is_alive, now, state_folder

F = TypeVar("F", bound=Callable[..., Any])


def config(command: F) -> F:
    """`--config FILE`."""
    return click.option(
        "-c",
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="The controller's file, where its `store` is not the usual state folder.",
    )(command)


def controllers_store(console: Console, file: Path | None) -> Store:
    """The store of the controller whose file this is; without one, of the usual state folder."""
    state = state_folder() if file is None else _state_of((console.folder or Path()) / file)
    return Store.open(state, now(), alive=is_alive)


def _state_of(file: Path) -> Path:
    """The state folder that the controller's file names."""
    from eeveon.specs.controller import read_controller  # brings pydantic

    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"reading {file}: {error.strerror}") from error
    named = read_controller(str(file), content).store
    return Path(named).expanduser().absolute() if named else state_folder()
