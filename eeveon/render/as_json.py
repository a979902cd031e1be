"""The same as the text, for scripts: stable names, sorted keys."""

import json
from collections.abc import Sequence

from eeveon.core.diagnostic import Diagnostic
from eeveon.core.plan import PLAN_FORMAT, Plan
from eeveon.core.values import plain
from eeveon.core.verdict import Finding, Verdict


def plan_json(plan: Plan, verdicts: Sequence[Verdict] = (), findings: Sequence[Finding] = ()) -> str:
    """A plan with its verdicts, ending in a newline. Also the form of a saved plan."""
    document = {
        "format": PLAN_FORMAT,
        "plan": plain(plan),
        "verdicts": [plain(verdict) for verdict in verdicts],
        "findings": [plain(finding) for finding in findings],
    }
    return as_json(document)


def diagnostics_json(diagnostics: Sequence[Diagnostic]) -> str:
    """All diagnostics of a run, ending in a newline."""
    return as_json({"diagnostics": [plain(diagnostic) for diagnostic in diagnostics]})


def as_json(document: object) -> str:
    """Indented, sorted, ending in a newline."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
