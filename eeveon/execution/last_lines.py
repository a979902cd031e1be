"""What a failed instance wrote last, fit to be shown and kept: a few short lines, without control codes and secrets.

An instance that was there before the run may have been given a value that has been changed since, and so is not known
any more. What has a version in the specs cannot: another value would be another revision.
"""

import re
from dataclasses import dataclass

from eeveon.core.names import ObjectId
from eeveon.core.plan import Effect
from eeveon.core.secret import FromEncrypted, Secrets, references
from eeveon.core.wanted import INSTANCE
from eeveon.drivers.base import Driver
from eeveon.errors import SecretError, TargetError
from eeveon.execution.redact import redacted

LINES = 5  # the end of a traceback; who wants more asks `eeveon logs`
LONGEST = 200  # characters of one

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Reads what instances wrote. `before` are those that were there when the run began."""

    secrets: Secrets
    before: frozenset[ObjectId]

    def last_lines(self, driver: Driver, effect: Effect) -> tuple[str, ...]:
        """The last lines of the instance that was to run; none where they cannot be read, or made safe."""
        want = effect.wanted
        if want is None or effect.object.kind != INSTANCE:
            return ()
        known = references(want.fields).values()
        if effect.object in self.before and not all(isinstance(ref, FromEncrypted) for ref in known):
            return ()
        try:
            values = [self.secrets.resolve(ref) for ref in known]
            lines = [line.text for line in driver.logs(effect.object, tail=LINES, follow=False)]
        except (TargetError, SecretError):
            return ()
        return tuple(_short(redacted(line, values)) for line in lines[-LINES:])


def _short(line: str) -> str:
    text = "".join(char if char.isprintable() else " " for char in _COLOURS.sub("", line)).rstrip()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
