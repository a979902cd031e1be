"""`eeveon`: finds the command that is asked for, loads only that one, and turns errors into words and exit statuses."""

import gc
import importlib
import os
import sys
from keyword import iskeyword
from pathlib import Path
from typing import Any

import click

from eeveon.cli.console import Console, occupy_closed_streams
from eeveon.errors import EEveonError, SpecsRejected, UsageError

COMMANDS = {  # in the order in which a newcomer meets them
    "init": "Create a repository with a first service.",
    "import": "Write specs from Compose files or Kubernetes objects.",
    "validate": "Check every document of every environment.",
    "render": "Print the resolved documents of one environment.",
    "plan": "Show what an apply would do.",
    "apply": "Bring an environment to what its specs say.",
    "rollback": "Take a service back to a revision that its target keeps.",
    "unhold": "Let a service that was taken back follow its specs again.",
    "serve": "Keep environments in step with Git by itself.",
    "environments": "Show how the environments of a controller stand.",
    "accept": "Let a controller follow a branch that was rewritten.",
    "approve": "Agree to a plan that needs it.",
    "tokens": "Make, list and revoke tokens of a controller's API.",
    "pause": "Change nothing in an environment, or in one service, until `resume`.",
    "resume": "Let the changes of an environment or a service go on.",
    "status": "Show what runs, where, and how it is.",
    "logs": "Show what the instances of a service wrote.",
    "history": "Show what earlier applies did.",
    "events": "Show what webhooks brought, and try it again.",
    "explain": "Tell where a line of a plan comes from.",
    "destroy": "Remove everything of an environment.",
    "unlock": "Break the lease of a writer that is gone.",
    "secrets": "Read and change encrypted files.",
    "schema": "Write the JSON Schemas of all kinds.",
    "doctor": "Check this machine and every target.",
}


YOUNG = 1_000_000, 50, 50  # a command is short and makes few cycles: collecting early costs a tenth


class Commands(click.Group):
    """A group whose commands are modules, imported only when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        module = importlib.import_module(f"eeveon.cli.commands.{name}")  # noqa: TID251 - names of our own table
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table itself is the help, so that `--help` loads no command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with a suggestion for a mistyped name."""
        from difflib import get_close_matches

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-C",
    "--chdir",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Work in this folder; the default is the current one.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="eeveon", message="eeveon %(version)s")
@click.pass_context
def eeveon(ctx: click.Context, folder: Path | None, debug: bool) -> None:
    """One plan and one apply for what the specs in Git say.

    Exit status: 0 done, or nothing to do; 1 an error; 2 a plan has changes, or the command line is wrong;
    3 something could not be observed; 4 a saved plan is stale or used; 5 the guard refused; 6 another writer
    has the environment.
    """
    if folder is None and not _is_somewhere():
        raise UsageError("the current folder is gone", hint="go to one that is there, or name one with -C")
    ctx.obj = console = Console(folder=folder, debug=debug)
    ctx.call_on_close(console.connections.close)


def _is_somewhere() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - nothing is done with the path
    except FileNotFoundError:
        return False
    return True


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit. No traceback reaches a user without `--debug`."""
    gc.set_threshold(*YOUNG)
    occupy_closed_streams()
    console = Console(folder=None, debug="--debug" in (sys.argv if arguments is None else arguments))
    sys.exit(run(arguments, console))


def run(arguments: list[str] | None, console: Console) -> int:
    """The exit status of one command."""
    try:
        return _status_of(arguments, console)
    except EEveonError as error:
        return _told(error, console)
    except Exception as bug:  # noqa: BLE001 - the last net: no traceback reaches a user without --debug
        return _told(_as_error(bug), console, bug)


def _status_of(arguments: list[str] | None, console: Console) -> int:
    try:
        result: Any = eeveon.main(args=arguments, prog_name="eeveon", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        console.say_error("interrupted")
        return 130
    except BrokenPipeError:
        console.close_output()
        return 141


def _as_error(bug: Exception) -> EEveonError:
    hint = "this is a bug of EEveon; run the command again with --debug, and report what it says"
    return EEveonError(f"internal error: {type(bug).__name__}: {bug}", hint=hint)


def _told(error: EEveonError, console: Console, cause: Exception | None = None) -> int:
    if console.debug:
        raise cause or error
    if isinstance(error, SpecsRejected):
        console.diagnostics(error.diagnostics)
    else:
        console.error(error)
    return error.exit_code


if __name__ == "__main__":
    main()
