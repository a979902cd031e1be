"""Every error that may reach a person, as one tree; each leaf has its exit status.

    EEveonError                        1
    ├── UsageError                     1   the command line asks for something that does not exist
    ├── SpecsRejected                  1   what people wrote is wrong; carries every diagnostic
    ├── SecretError                    1   a secret cannot be read, decrypted or written
    ├── PlanStale                      4   something that a saved plan relies on has moved
    ├── PlanUsed                       4   the saved plan was applied before
    ├── Denied                         5   the guard refused; carries the rule
    ├── ApplyFailed                    1   at least one step of an apply failed
    ├── LeaseHeld                      6   another writer has the environment
    ├── LeaseLost                      6   this writer no longer has it
    ├── StoreError                     1   the state folder or its database cannot be used
    ├── RepositoryError                1   Git or the specs folder cannot be read
    ├── CommitRefused                  1   a commit may not be applied: its signature, or a branch that was rewritten
    └── TargetError                    1
        ├── TargetUnreachable          3   nothing was sent; safe to try again
        ├── ActionRefused              1   the target said no; useless to try again
        └── ActionUncertain            1   sent, no answer; observe before anything else

A message says what was being done, where, why, and what to do next. `hint` is that last part.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eeveon.core.diagnostic import Diagnostic


class EEveonError(Exception):
    """The root: a sentence for a person, what to do next, and the exit status of the command."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(EEveonError):
    """The command line names something that does not exist or does not fit together."""


class SpecsRejected(EEveonError):
    """The specs hold mistakes; nothing was planned from them."""

    def __init__(self, diagnostics: "Iterable[Diagnostic]") -> None:
        self.diagnostics = tuple(diagnostics)
        count = len(self.diagnostics)
        super().__init__(f"the specs have {count} {'problem' if count == 1 else 'problems'}")


class SecretError(EEveonError):
    """A secret cannot be read, decrypted or written. The message never holds a value."""


class PlanStale(EEveonError):
    """Something that the plan relies on has moved since it was made; the message names it."""

    exit_code = 4


class PlanUsed(EEveonError):
    """The plan was applied before; one plan is applied once."""

    exit_code = 4


class Denied(EEveonError):
    """The guard refused; the message names the rule."""

    exit_code = 5


class ApplyFailed(EEveonError):
    """At least one step failed; the record says what was applied, what failed and what never started."""


class LeaseHeld(EEveonError):
    """Another writer holds the environment; the message says who, where, since when and why."""

    exit_code = 6


class LeaseLost(EEveonError):
    """This writer's lease expired or was broken; it must not write any more."""

    exit_code = 6


class StoreError(EEveonError):
    """The state folder or its database cannot be used."""


class RepositoryError(EEveonError):
    """Git or the specs folder cannot be read."""


class CommitRefused(EEveonError):
    """A commit may not be applied: not signed by who is trusted, or of a branch that was rewritten or is gone."""


class TargetError(EEveonError):
    """A target did not do what was asked. Raised by drivers only."""


class TargetUnreachable(TargetError):
    """Nothing was sent: safe to try again."""

    exit_code = 3


class ActionRefused(TargetError):
    """The target understood and said no: useless to try again."""


class ActionUncertain(TargetError):
    """Sent, but no answer came: observe before anything else."""
