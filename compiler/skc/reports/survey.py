"""Which steps of an estimator compile, as text and as JSON."""

from __future__ import annotations

from typing import Any

from skc.frontend.sklearn.survey import Survey
from skc.reports.layout import table


def text(survey: Survey) -> str:
    """A line for each step; under those that do not compile the reason, and what can be done."""
    lines: list[str] = []
    for refusal in survey.others:
        lines += [refusal.text(), ""]
    rows = [(step.path or "-", step.estimator, _verdict(bool(step.refusals))) for step in survey.steps]
    for line, step in zip(table(rows).splitlines() if rows else [], survey.steps, strict=True):
        lines.append(line)
        for refusal in step.refusals:
            lines.append(f"    {refusal.code}: {refusal.message}")
            lines += [f"    hint: {refusal.hint}"] if refusal.hint else []
    return "\n".join([*lines, "", verdict(survey)])


def _verdict(is_refused: bool) -> str:
    return "refused" if is_refused else "compiles"


def verdict(survey: Survey) -> str:
    """The conclusion in one line."""
    refused = sum(bool(step.refusals) for step in survey.steps) + bool(survey.others)
    if refused:
        return f"{survey.name}: {refused} of {len(survey.steps)} steps refused"
    extent = "" if survey.has_sample else "; give --data, a sample of rows, to check also what was learned"
    return f"{survey.name}: ok, {len(survey.steps)} step{'s' * (len(survey.steps) != 1)}{extent}"


def document(survey: Survey) -> dict[str, Any]:
    """The same facts as plain JSON data."""
    return {
        "compiles": survey.compiles,
        "has_sample": survey.has_sample,
        "steps": [
            {"path": s.path, "estimator": s.estimator, "refusals": [d.to_json() for d in s.refusals]}
            for s in survey.steps
        ],
        "diagnostics": [d.to_json() for d in survey.refusals],
    }
