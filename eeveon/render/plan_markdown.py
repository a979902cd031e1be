"""A plan as Markdown, for a comment on a pull request: a table of steps, details folded."""

from collections.abc import Iterator, Sequence

from eeveon.core.plan import Plan, Step
from eeveon.core.verdict import Decision, Finding, Verdict
from eeveon.render.plan_text import field_lines, impact_text, revision_text, what_text
from eeveon.render.words import SYMBOLS, by_whom, count, unknown_text


def plan_markdown(plan: Plan, verdicts: Sequence[Verdict], findings: Sequence[Finding]) -> str:
    """The whole plan as Markdown, ending in a newline."""
    lines = [f"### `{plan.scope}` @ {revision_text(plan)}: {_answer(plan)}", ""]
    if plan.steps:
        lines += ["| | what | wave | why | guard |", "|---|---|---|---|---|"]
        lines += _rows(plan, verdicts)
        lines += ["", f"Impact: {impact_text(plan)}."]
    for target in plan.unknown:
        lines += [
            "",
            f"**?** `{target}` was not reached, nothing is planned for it: {_safe(target.reason)}",
        ]
    for note in plan.notes:
        lines += ["", f"Note: `{note.service or note.target}`: {_safe(note.text)}"]
    for finding in findings:
        lines += ["", f"**Broken invariant {finding.invariant}**: {_safe(finding.detail)}"]
    if any(step.fields for step in plan.steps):
        lines += ["", *_details(plan.steps)]
    return "\n".join(lines) + "\n"


def _answer(plan: Plan) -> str:
    parts = [count(len(plan.steps), "change") if plan.steps else "nothing to do"]
    if plan.unknown:
        parts.append(unknown_text(plan.unknown))
    return ", ".join(parts)


def _rows(plan: Plan, verdicts: Sequence[Verdict]) -> Iterator[str]:
    said = {verdict.step: verdict for verdict in verdicts}
    for step in plan.steps:
        verdict = said[step.id]
        drift = (f"drift {by_whom(step.drift_by)}",) if step.drift else ()
        why = "; ".join((*drift, *step.reasons, *step.opaque))
        rule = f"{verdict.decision}: {verdict.rule}"
        if verdict.decision is not Decision.ALLOW:
            rule = f"**{rule}** {verdict.detail}"
        cells = (f"`{SYMBOLS[step.verb]}`", f"`{step.id}` {what_text(step)}", str(step.wave), why, rule)
        yield f"| {' | '.join(_safe(cell) for cell in cells)} |"


def _details(steps: Sequence[Step]) -> Iterator[str]:
    yield "<details><summary>Fields</summary>"
    yield ""
    yield "```diff"
    for step in steps:
        if step.fields:
            yield f"# {step.id}"
        for line in field_lines(step):
            yield f"! {_unfenced(line)}"
    yield "```"
    yield "</details>"


def _safe(text: str) -> str:
    """Text that cannot break a table's row or become HTML or a mention."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").replace("@", "@\u200b")


def _unfenced(text: str) -> str:
    return text.replace("```", "`\u200b``")
