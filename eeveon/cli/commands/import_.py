"""`eeveon import`: specs from Compose files and from objects of Kubernetes."""

from pathlib import Path
from typing import Any

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.cli.importing import Goal, choices_of, finish


def _common(command: Any) -> Any:
    """The options that say where the result goes and what things are called."""
    for option in reversed(
        (
            click.option("--into", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
                         help="The folder of the new repository; the default is the current one."),
            click.option("--name", metavar="NAME", help="The project's name."),
            click.option("-e", "--environment", metavar="ENV", default="production", show_default=True,
                         help="The name of its first environment."),
            click.option("--target", metavar="NAME", help="The name of the Target that the services get."),
            click.option("--secret", "secret", multiple=True, metavar="PATTERN",
                         help="Variables whose values are secret, whatever they are called; repeatable."),
            click.option("--plain", "plain", multiple=True, metavar="PATTERN",
                         help="Variables whose values are not secret, whatever they are called; repeatable."),
            click.option("--dry-run", "dry_run", is_flag=True, help="Print the files; write nothing."),
            click.option("--force", is_flag=True, help="Overwrite files that are there."),
            choices.output_format("text", "json"),
        )
    ):  # fmt: skip
        command = option(command)
    return command


@click.group(short_help="Write specs from Compose files or Kubernetes objects.")
def command() -> None:
    """Write the specs of what others describe, and list all that cannot be kept as it was, each with its place.

    Nothing that runs is touched. Values of secrets are never written: specs get references, and the list says what
    to set.
    """


@command.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--env-file", "env_files", multiple=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="Variables to put in, instead of .env; repeatable.")  # fmt: skip
@click.option("--profile", "profiles", multiple=True, metavar="NAME",
              help="Also services of this profile; repeatable, `*` is all.")  # fmt: skip
@_common
@click.pass_obj
def compose(
    console: Console,
    /,
    files: tuple[Path, ...],
    env_files: tuple[Path, ...],
    profiles: tuple[str, ...],
    **common: Any,
) -> None:
    """Write the services of a Compose file. Several FILEs are merged; without one, those that Compose itself would take.

    Variables are put in as `docker compose` does it, from the environment and .env.
    """
    from eeveon.cli.importing import ComposeInput, compose_request
    from eeveon.importing.compose.whole import imported

    named = ComposeInput(files=files, env_files=env_files, profiles=profiles)
    request = compose_request(console, named, choices_of(common))
    finish(console, Goal.of(common), imported(request), _schemas())


@command.command()
@click.option("-f", "--filename", "sources", multiple=True, metavar="PATH", type=click.Path(path_type=Path),
              help="A file or folder of YAML or JSON, or `-` for standard input, in place of the cluster; repeatable.")  # fmt: skip
@click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    default="",
    help="Only objects of this namespace. Of a cluster without it: that of the context.",
)
@click.option(
    "--context",
    metavar="NAME",
    default="",
    help="The context of the kubeconfig that is read and that the Target names; the default is the current one.",
)
@_common
@click.pass_obj
def kubernetes(
    console: Console, /, sources: tuple[Path, ...], namespace: str, context: str, **common: Any
) -> None:
    """Write the services of objects of Kubernetes: Deployments and StatefulSets with all that belongs to them.

    Without -f, what runs in a namespace of the cluster, found as kubectl finds it; only lists are asked for. With it,
    what `kubectl get -o yaml` prints and files that people wrote are read alike. What has no field of a Service goes
    into its `kubernetes:`, or as a manifest into a folder.
    """
    from eeveon.cli.importing import kubernetes_request
    from eeveon.importing.kubernetes.whole import imported

    with kubernetes_request(console, sources, (namespace, context), choices_of(common)) as request:
        result = imported(request)
    finish(console, Goal.of(common), result, _schemas())


def _schemas() -> dict[str, str]:
    from eeveon.cli.commands.schema import schema_files

    return {f"schemas/{name}": text for name, text in schema_files().items()}
