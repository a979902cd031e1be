"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def environment(command: F) -> F:
    """`-e ENV`."""
    return click.option(
        "-e", "--environment", metavar="ENV", help="The environment; not needed if there is one."
    )(command)


def selection(command: F) -> F:
    """`--service`, `--target`."""
    for name, what in (("--target", "targets"), ("--service", "services")):
        command = click.option(
            name, what, multiple=True, metavar="NAME", help=f"Only this {what[:-1]}; repeatable."
        )(command)
    return command


def output_format(*formats: str) -> Callable[[F], F]:
    """`--format`, the first of the formats being the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How to print the result.",
    )
