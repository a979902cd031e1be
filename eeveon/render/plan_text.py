"""A plan for a terminal: first the answer, then one line an object, last the next command."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from eeveon.core.changes import FieldChange, Verb
from eeveon.core.plan import Plan, Step
from eeveon.core.verdict import Decision, Finding, Verdict
from eeveon.render.words import (
    SYMBOLS,
    UNKNOWN,
    Style,
    by_whom,
    count,
    duration,
    field_change,
    unknown_text,
)

_INDENT = " " * 8


def plan_text(plan: Plan, verdicts: Sequence[Verdict], findings: Sequence[Finding], style: Style) -> str:
    """The whole plan as text, ending in a newline."""
    lines = [_headline(plan, style), ""]
    intended = [step for step in plan.steps if not step.drift]
    drifted = [step for step in plan.steps if step.drift]
    lines += _waves(intended, style, many=max((step.wave for step in intended), default=1) > 1)
    if drifted:
        lines += [
            style.bold("Drift") + ": changed on the targets since it was applied; an apply puts it back",
            "",
        ]
        lines += _waves([step for step in drifted if not step.is_harmless], style, many=False)
        lines += _harmless([step for step in drifted if step.is_harmless], style)
    lines += _unknown(plan, style)
    lines += _remarks(plan)
    lines += _judgement(plan, verdicts, findings, style)
    return "\n".join(lines).rstrip() + "\n"


def revision_text(plan: Plan) -> str:
    """The commit for people: "4f2c91a", "4f2c91a + 2 changed files", "no commit"."""
    commit = plan.commit[:7] or "no commit"
    return f"{commit} + {count(plan.changed_files, 'changed file')}" if plan.changed_files else commit


def _headline(plan: Plan, style: Style) -> str:
    what = [count(len(plan.steps), "change") if plan.steps else "nothing to do"]
    if plan.unknown:
        what.append(unknown_text(plan.unknown))
    if plan.unchanged:
        what.append(f"{plan.unchanged} unchanged")
    return f"{style.bold(str(plan.scope))} @ {revision_text(plan)}   {', '.join(what)}"


def _waves(steps: Sequence[Step], style: Style, *, many: bool) -> Iterator[str]:
    width = max((len(step.id) for step in steps), default=0)
    for wave, members in groupby(steps, key=lambda step: step.wave):
        if many:
            yield f"  wave {wave}"
        for step in members:
            yield from _step(step, width, style)
        yield ""


def _harmless(steps: Sequence[Step], style: Style) -> Iterator[str]:
    """The ordinary course of a target in one line, so that nobody learns to pass over what stands above it."""
    if steps:
        authors = {author for step in steps for author in step.drift_by}
        who = by_whom(sorted(authors))
        yield f"  {style.mark('~')} {len(steps)} harmless, {who}: shown by eeveon explain, or with --format json"
        yield ""


def _step(step: Step, width: int, style: Style) -> Iterator[str]:
    parts = [what_text(step), step.strategy, by_whom(step.drift_by) if step.drift else ""]
    head = f"{style.mark(SYMBOLS[step.verb])} {step.id.ljust(width)}  "
    yield f"  {head}{'; '.join(part for part in parts if part)}".rstrip()
    for line in field_lines(step):
        yield from _wrapped(line, style)
    for line in step.opaque:
        yield from _wrapped(line, style)
    for reason in step.reasons if step.verb is not Verb.CREATE or step.present or step.drift else ():
        yield from _wrapped(reason, style)


def field_lines(step: Step) -> list[str]:
    """Each difference once; of a secret there is one line, whatever about it changed."""
    return list(dict.fromkeys(f"{field_change(change)}{_drift_mark(change, step)}" for change in step.fields))


def _drift_mark(change: FieldChange, step: Step) -> str:
    """Said of a field where the step does not say it of all: that it is drift, and by whom where they differ."""
    if change.by is None:
        return ""
    if not step.drift:
        return f" (drift {by_whom((change.by,))})"
    return f" ({by_whom((change.by,))})" if len(step.drift_by) > 1 else ""


def what_text(step: Step) -> str:
    """The verb and the replicas of a step."""
    words = {
        Verb.CREATE: "create",
        Verb.REPLACE: "replace",
        Verb.UPDATE: "change",
        Verb.START: "start",
        Verb.VERIFY: "finish",
        Verb.REMOVE: "remove",
    }
    if step.service is None:
        return words[step.verb]
    before, after = step.replicas
    if step.verb is Verb.REMOVE:
        return f"remove {count(before, 'instance')}"
    scaled = f"{before} → {after} replicas" if before not in (0, after) else count(after, "replica")
    return f"{words[step.verb]} {scaled}"


def _wrapped(text: str, style: Style) -> list[str]:
    return textwrap.wrap(
        text,
        width=max(40, style.width),
        initial_indent=_INDENT,
        subsequent_indent=_INDENT + "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _unknown(plan: Plan, style: Style) -> Iterator[str]:
    for target in plan.unknown:
        yield f"  {style.mark(UNKNOWN)} {target}  not reached, nothing planned for it"
        yield from _wrapped(target.reason, style)
        if target.hint:
            yield from _wrapped(target.hint, style)
    if plan.unknown:
        yield ""


def _remarks(plan: Plan) -> Iterator[str]:
    for seen in plan.kept:
        yield f"Kept: {seen.id}, which the specs do not name any more; it is never removed by itself."
    for note in plan.notes:
        about = f"service/{note.service} on {note.target}" if note.service else f"target/{note.target}"
        yield f"Note: {about}: {note.text}."
    if plan.kept or plan.notes:
        yield ""


def _judgement(
    plan: Plan, verdicts: Sequence[Verdict], findings: Sequence[Finding], style: Style
) -> Iterator[str]:
    if not plan.steps:
        return
    yield f"Impact: {impact_text(plan)}."
    broken = f"{count(len(findings), 'invariant')} broken"
    yield f"Checks: {broken if findings else 'every invariant holds'}."
    yield from _guard(verdicts, style)


def impact_text(plan: Plan) -> str:
    """Blast radius, risk and the longest wait, in one line."""
    impact = plan.impact
    if impact.touched:
        radius = (
            f"{impact.touched} of {count(impact.instances, 'instance')} touched ({impact.blast_radius:.0%})"
        )
    else:
        radius = "no running instance touched"
    return f"{radius}, risk {impact.risk}, waits {duration(impact.worst_wait)} at most"


def _guard(verdicts: Sequence[Verdict], style: Style) -> Iterator[str]:
    names = {Decision.ALLOW: "allowed", Decision.NEEDS_APPROVAL: "need approval", Decision.DENY: "denied"}
    said = [
        f"{sum(verdict.decision is decision for verdict in verdicts)} {name}"
        for decision, name in names.items()
        if any(verdict.decision is decision for verdict in verdicts)
    ]
    rules = sorted({verdict.rule for verdict in verdicts if verdict.decision is Decision.ALLOW})
    by = f" ({', '.join(rules)})" if rules else ""
    yield f"Guard:  {', '.join(said)}{by}."
    for verdict in verdicts:
        if verdict.decision is not Decision.ALLOW:
            yield from _wrapped(style.red(f"{verdict.step}: {verdict.rule}: {verdict.detail}"), style)
