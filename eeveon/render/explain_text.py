"""Where one line of a plan comes from: the document, the rule, the observation, the actions."""

from collections.abc import Iterator
from dataclasses import dataclass

from eeveon.core.plan import Action, Step
from eeveon.core.values import plain
from eeveon.core.verdict import Verdict
from eeveon.render.as_json import as_json
from eeveon.render.words import Style, by_whom, duration, field_change


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One step of a plan with all that it came from."""

    plan: str
    step: Step
    verdict: Verdict | None
    actions: tuple[Action, ...]


def explained_text(explained: Explained, style: Style) -> str:
    """For people, ending in a newline."""
    step = explained.step
    lines = [f"{style.bold(step.id)}  in {explained.plan}, wave {step.wave}, risk {step.risk}", ""]
    lines += [f"Document:  {step.source or 'none: no document asks for it any more'}"]
    lines += ["Why:"]
    lines += [f"  {reason}" for reason in step.reasons]
    for change in step.fields:
        cause = f"changed on the target {by_whom((change.by,))}" if change.by else "the specs changed"
        lines.append(f"  {field_change(change)}: {cause}")
    if step.drift_by:
        lines.append(f"Drift:     {by_whom(step.drift_by)}")
    lines += ["Observed:", *_observed(step)]
    lines += [f"Rollout:   {step.strategy}"] if step.strategy else []
    if step.goes_back_to:
        lines.append(f"If it fails: goes back to revision {step.goes_back_to}")
    if explained.verdict is not None:
        verdict = explained.verdict
        lines.append(f"Guard:     {verdict.decision} by {verdict.rule}: {verdict.detail}")
    lines += ["Actions:", *_actions(explained.actions)]
    return "\n".join(lines) + "\n"


def explained_json(explained: Explained) -> str:
    """For scripts."""
    return as_json({"format": "eeveon.explain/1", "explained": plain(explained)})


def _observed(step: Step) -> Iterator[str]:
    if not step.present:
        yield "  nothing of it on the target"
    for seen in step.present:
        detail = f", {seen.detail}" if seen.detail else ""
        trace = f" ({seen.trace})" if seen.trace else ""
        yield f"  {seen.id}: {seen.condition}{detail}{trace}"


def _actions(actions: tuple[Action, ...]) -> Iterator[str]:
    for action in actions:
        after = f" after {', '.join(str(index) for index in action.after)}" if action.after else ""
        health = ", then waits until it is healthy" if action.health and action.health.check else ""
        yield f"  {action.index}. {action.effect}{after}{health}, at most {duration(action.deadline)}"
        for effect in action.undo:
            yield f"     undone by: {effect}"
