"""`eeveon serve`: keeps environments in step with Git by itself."""

from pathlib import Path

import click

from eeveon.cli.console import Console


@click.command(short_help="Keep environments in step with Git by itself.")
@click.option(
    "--config",
    "-c",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The operator's file, of kind Controller.",
)
@click.option(
    "--log-format",
    type=click.Choice(["auto", "text", "json"]),
    default="auto",
    show_default=True,
    help="How to log: JSON unless stderr is a terminal.",
)
@click.option("--check", is_flag=True, help="Only check the file and what it names.")
@click.pass_obj
def command(console: Console, config: Path, log_format: str, check: bool) -> int:
    """Fetch, plan and apply what the repositories of the controller's file say, as soon as it is pushed, until stopped.

    The first SIGTERM or ^C lets what is in hand come to its end; the second does not wait for health.

    Exit status: 0 stopped, 1 the file or the port cannot be used.
    """
    from eeveon.server.run import checked, serve

    if check:
        console.out(checked(config))
        return 0
    as_text = log_format == "text" or (log_format == "auto" and console.is_terminal)
    return serve(config, as_text=as_text)
