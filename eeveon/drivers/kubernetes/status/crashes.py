"""Containers that end although they are to run, and init containers that end badly."""

from collections.abc import Iterator

from eeveon.drivers.kubernetes.status.cause import Cause, Container
from eeveon.drivers.kubernetes.status.events import last_seen, message
from eeveon.drivers.kubernetes.status.reading import (
    Json,
    count,
    counted,
    last_line,
    moment,
    part,
    sentence,
    short,
)

CRASH_LOOP = 3  # so many restarts, and it still does not stay up
_STEADY = 60  # seconds that it has run, after which earlier crashes are history
_LAST_SIGNAL = 64
_CANNOT_START = {"StartError", "ContainerCannotRun"}


def causes(container: Container) -> Iterator[Cause]:
    """Why it does not stay up. A first crash may be the last; a crash loop is not waited for."""
    looping = container.waiting.get("reason") == "CrashLoopBackOff"
    if not container.ended or (container.init and _is_over(container)):
        return
    if not (looping or container.has_ended or (container.restarts and not _is_steady(container))):
        return
    final = looping or container.restarts >= CRASH_LOOP
    what = f"{container.name} {_how(container)}"
    if container.restarts:
        what += f", restarted {_times(container.restarts)}"
    yield Cause(
        text=sentence(container.look.name, what, _why(container)),
        final=final,
        since=moment(container.ended.get("finishedAt")),
    )


def _is_over(container: Container) -> bool:
    """Whether an init container ended as it is to."""
    return container.has_ended and container.ended.get("exitCode") == 0


def _is_steady(container: Container) -> bool:
    """Whether it has run for a while. Where the time is not known, being ready has to do."""
    if not container.running:
        return False
    if container.look.now is None:
        return bool(container.status.get("ready"))
    return container.look.has_lasted(moment(container.running.get("startedAt")), _STEADY)


def _how(container: Container) -> str:
    ended = container.ended
    code, reason = count(ended, "exitCode"), ended.get("reason", "")
    if reason == "OOMKilled":
        limit = part(container.spec, "resources", "limits").get("memory")
        return f"was killed for its memory (OOMKilled, limit {limit})" if limit else "was killed (OOMKilled)"
    if reason in _CANNOT_START:
        return "cannot be started"
    if _by_probe(container):
        return f"is restarted, for its {_by_probe(container)} probe fails"
    if code == 0:
        return "ended with status 0, and is to run on"
    if 128 < code <= 128 + _LAST_SIGNAL:
        return f"was ended by signal {code - 128} (status {code})"
    return f"exited with status {code}"


def _why(container: Container) -> str:
    """The last words of the container, or what the probe said that ended it."""
    said = str(container.ended.get("message", ""))
    if container.ended.get("reason") in _CANNOT_START:
        return short(said)
    if _by_probe(container) and (event := _unhealthy(container)):
        return short(message(event))
    return last_line(said)


def _by_probe(container: Container) -> str:
    """`liveness` or `startup`, where a failing probe is what ended it; empty where that was an earlier time."""
    event = next(container.events("Killing"), {})
    started, killed = moment(container.ended.get("startedAt")), last_seen(event)
    if started and killed and killed < started:
        return ""
    return next((probe for probe in ("liveness", "startup") if f"{probe} probe" in message(event)), "")


def _unhealthy(container: Container) -> Json | None:
    named = _by_probe(container)
    found = container.events("Unhealthy")
    return next((event for event in found if message(event).lower().startswith(named)), None)


def _times(number: int) -> str:
    return "once" if number == 1 else counted(number, "time")
