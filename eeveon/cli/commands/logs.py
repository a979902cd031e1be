"""`eeveon logs`: what the instances of a service wrote."""

import json
import queue
import threading
from collections.abc import Iterator, Sequence

import click

from eeveon.cli import choices
from eeveon.cli.console import Console
from eeveon.cli.looking import Look, look
from eeveon.core.names import ObjectId
from eeveon.core.observed import ObservedObject, Seen, Unreachable
from eeveon.core.values import plain
from eeveon.core.wanted import INSTANCE
from eeveon.drivers.base import LogLine
from eeveon.errors import TargetError, TargetUnreachable, UsageError
from eeveon.specs.suggest import did_you_mean


@click.command(short_help="Show what the instances of a service wrote.")
@click.argument("service")
@choices.environment
@click.option("-f", "--follow", is_flag=True, help="Go on as new lines come, until interrupted.")
@click.option(
    "-n", "--tail", type=click.IntRange(min=0), default=100, show_default=True, help="Lines of each instance."
)
@click.option("--target", metavar="NAME", help="Only the instances on this target.")
@choices.output_format("text", "json")
@click.pass_obj
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    console: Console,
    service: str,
    environment: str | None,
    follow: bool,
    tail: int,
    target: str | None,
    form: str,
) -> int:
    """Show what the instances of SERVICE wrote, also of those that have stopped. SERVICE may be one instance: web-2.

    Each line begins with the instance's name if there are several. As JSON, every line is a document of its own.
    """
    with look(console, environment) as seen:
        found = _instances(seen, service, target)
        for prefix, line in _lines(seen, found, tail=tail, follow=follow):
            console.out(_as_json(line) if form == "json" else f"{prefix}{line.text}")
    return 0


def _as_json(line: LogLine) -> str:
    return json.dumps(
        {"at": plain(line.at), "instance": line.instance, "text": line.text}, ensure_ascii=False
    )


def _instances(seen: Look, named: str, target: str | None) -> list[ObservedObject]:
    """The instances that are meant, by name. Raises UsageError for none."""
    present = [
        item
        for observation in seen.scene.observed.values()
        if isinstance(observation, Seen)
        for item in observation.objects
        if item.id.kind == INSTANCE and target in (None, item.id.target)
    ]
    found = [item for item in present if named in (item.service, short(item), item.id.name)]
    if found:
        return sorted(found, key=lambda item: item.id)
    lost = [item for item in seen.scene.observed.values() if isinstance(item, Unreachable)]
    if lost:
        raise TargetUnreachable(
            f"target {lost[0].target} was not reached: {lost[0].reason}", hint=lost[0].hint
        )
    names = {str(item.service) for item in present}
    raise UsageError(f"no instance of {named!r} was found", hint=did_you_mean(named, names))


def short(item: ObservedObject) -> str:
    """An instance as people call it: "web-2"."""
    return f"{item.service}-{item.ordinal}"


def _lines(
    seen: Look, found: Sequence[ObservedObject], *, tail: int, follow: bool
) -> Iterator[tuple[str, LogLine]]:
    """The lines of all instances, one instance after the other, or as they come."""
    if not follow:
        for item in found:
            for line in seen.scene.drivers[item.id.target].logs(item.id, tail=tail, follow=False):
                yield _prefix(item, found), line
        return
    lines: queue.Queue[tuple[str, LogLine] | TargetError | None] = queue.Queue(maxsize=1000)
    for item in found:
        threading.Thread(
            target=_pump, args=(seen, item.id, tail, (_prefix(item, found), lines)), daemon=True
        ).start()
    ended = 0
    while ended < len(found):
        got = lines.get()
        if isinstance(got, TargetError):
            raise got
        if got is None:
            ended += 1
        else:
            yield got


_Sink = tuple[str, "queue.Queue[tuple[str, LogLine] | TargetError | None]"]


def _pump(seen: Look, identity: ObjectId, tail: int, sink: _Sink) -> None:
    prefix, lines = sink
    try:
        for line in seen.scene.drivers[identity.target].logs(identity, tail=tail, follow=True):
            lines.put((prefix, line))
    except TargetError as error:
        lines.put(error)
    lines.put(None)


def _prefix(item: ObservedObject, found: Sequence[ObservedObject]) -> str:
    return f"{short(item)}  " if len(found) > 1 else ""
