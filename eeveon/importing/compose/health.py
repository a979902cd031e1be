"""Health checks, word by word."""

from typing import Any, Final

from eeveon.importing import amounts
from eeveon.importing.compose.environment import shell_text
from eeveon.importing.compose.losses import Loss
from eeveon.importing.compose.part import Part
from eeveon.importing.nodes import Node

# As Docker has them where the file says nothing; the specs say all of them, since their own are others.
_TIMES: Final = {
    "interval": ("every", "30s"),
    "timeout": ("timeout", "30s"),
    "start_period": ("startup", "0s"),
}
_RETRIES: Final = 3
_TEST: Final = "healthcheck.test"


def health(part: Part) -> dict[str, Any] | None:
    """The check as specs have it; None for a service without one."""
    written = part.get("healthcheck")
    if written is None or ((off := written.get("disable")) is not None and off.truth):
        return None
    test = written.get("test")
    if test is None:
        part.lose(written, "healthcheck", Loss("it only changes the check of the image, which is not asked"))
        return None
    command = _command(part, test)
    if not command:
        return None
    found: dict[str, Any] = {"command": command}
    for theirs, (ours, usual) in _TIMES.items():
        node = written.get(theirs)
        span = amounts.duration(node.text) if node else usual
        if node is not None and span is None:
            part.mistake(node, f"healthcheck.{theirs}", f"`{node.text}` is no duration")
        found[ours] = span if node is None or amounts.duration(node.text) not in {None, "0s"} else usual
    retries = written.get("retries")
    found["failures"] = (
        int(retries.text) if retries and retries.text.isdigit() and int(retries.text) else _RETRIES
    )
    if (odd := written.get("start_interval")) is not None:
        part.lose(odd, "healthcheck.start_interval", Loss("every probe comes after `every`"))
    return {name: found[name] for name in ("command", "every", "timeout", "failures", "startup")}


def _command(part: Part, test: Node) -> list[str]:
    if not test.is_list:
        return ["/bin/sh", "-c", shell_text(part, test, _TEST)]
    words = test.items()
    match words[0].text if words else "":
        case "NONE":
            return []
        case "CMD":
            return [shell_text(part, word, _TEST) for word in words[1:]]
        case "CMD-SHELL" if len(words) == 2:
            return ["/bin/sh", "-c", shell_text(part, words[1], _TEST)]
        case _:
            part.mistake(test, "healthcheck.test", "it begins with NONE, CMD or CMD-SHELL")
            return []
