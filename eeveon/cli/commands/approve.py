"""`eeveon approve`: a person agrees to a plan that a SafetyPolicy asks people about."""

from pathlib import Path

import click

from eeveon.cli import controlled
from eeveon.cli.console import Console
from eeveon.errors import UsageError
from eeveon.wiring import now, this_process


@click.command(short_help="Agree to a plan that needs it.")
@click.argument("plan")
@controlled.config
@click.pass_obj
def command(console: Console, plan: str, config: Path | None) -> int:
    """Agree to PLAN (the beginning of its id is enough), which a SafetyPolicy with `approvals` asks people about.

    It counts for this very plan: one that is made when anything has changed needs a new approval. A controller that
    waits for it goes on within a second.
    """
    holder = this_process("approve")
    with controlled.controllers_store(console, config) as store:
        saved = store.plans.find(plan)
        if saved.used_by:
            raise UsageError(f"{saved.id} was applied before, by {saved.used_by}")
        count = store.approvals.put(saved.scope, saved.id, f"{holder.owner}@{holder.host}", now())
    console.out(f"{saved.id} of {saved.scope} has {count} approval{'s' if count > 1 else ''}.")
    return 0
