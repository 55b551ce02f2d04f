"""A verification as text: its checks, the worst columns, coverage, differences, and results for the user's rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from skc.oracle.protocol import REFERENCE
from skc.reports.layout import indented, table
from skc.verification.report import GOLDEN_FILE, ITSELF, Check, Coverage, Difference, Kind, Met, Refusal, Report, Walk
from skc.verification.shown import count, shortened, shown

SHOWN_COLUMNS = 12
SHOWN_DIFFERENCES = 5


def text(report: Report) -> str:
    """Human-readable: checks, the worst output columns, coverage, differences."""
    parts = [_check_table(report), _column_table(report), _coverage_table(report), *difference_texts(report)]
    parts += [*diagnosis(report), *data_texts(report), *alone_texts(report), *_untried(report), report.verdict()]
    return "\n\n".join(part for part in parts if part)


def difference_text(difference: Difference) -> str:
    """A block of lines: what differs, where it comes from, and how to reproduce it."""
    side = {GOLDEN_FILE: "golden.jsonl"}.get(difference.check, "graph")
    sides = (difference.check if difference.against == ITSELF else side, difference.against)
    lines = [
        ("step", blame(difference)),
        (sides[0], value_text(difference, difference.got)),
        (sides[1], value_text(difference, difference.want)),
        ("record", _record_text(difference.record)),
        *([("shrunk from", _record_text(difference.found_in))] if difference.found_in is not None else []),
        ("reproduce", difference.reproduce),
    ]
    width = max(len(label) for label, _ in lines) + 1
    is_alone = difference.check == "steps"
    where = f"step `{difference.output}` by itself" if is_alone else f"output `{difference.output}`"
    head = f"difference in {where}, column `{difference.column}` ({difference.check})"
    return "\n".join([head, *(f"  {f'{label}:':<{width}} {value}" for label, value in lines)])


def value_text(difference: Difference, value: Any) -> str:
    """A refusal as its text, a number with all its digits, anything else as JSON."""
    return shown(value) if difference.kind == "value" else str(value)


def _record_text(record: Mapping[str, Any]) -> str:
    return json.dumps({k: shortened(v) for k, v in record.items()}, ensure_ascii=False)


def blame(difference: Difference) -> str:
    """The step that differs first, and the steps that the column depends on."""
    chain = " → ".join(difference.made_by)
    knows_steps = difference.against == difference.located_by
    of_model = knows_steps and difference.check != GOLDEN_FILE
    if difference.step is None and not knows_steps and difference.against != ITSELF:
        agreed = f"no step differs from the {difference.located_by}, which {difference.against} contradicts"
        return f"{agreed}; the column is computed by {chain}" if chain else agreed
    if difference.step is None and chain and of_model:
        return f"no single step differs: look after the last of {chain}, on the way to the output"
    if difference.step is None:
        return f"no single step differs; the column is computed by {chain}" if chain else "no single step differs"
    return f"{difference.step} is the first that differs" + (f", of {chain}" if len(difference.made_by) > 1 else "")


def walk_text(walk: Walk) -> str:
    """The rows of a walk as a table."""
    marked = [(r.step, r.column, r.reference, r.graph, "<- differs" if r.differs else "") for r in walk.rows]
    return table([("step", "column", walk.against, "graph", ""), *marked])


def kind_text(kind: Kind) -> str:
    """`edges 3 of 4`."""
    return f"{kind.name} {kind.tried:,} of {kind.total:,}"


def _check_table(report: Report) -> str:
    rows = [("check", "rows", "differing", "refused", "what")]
    for c in report.checks:
        counts = (c.name, extent(c), f"{c.differing_rows:,}", f"{c.refused_rows:,}", c.about)
        rows.append(counts if c.skipped is None else (c.name, "-", "-", "-", f"{c.about}: {c.skipped}"))
    return table(rows)


def extent(check: Check) -> str:
    """How many rows were tried: `1,024 of 15,001` if the budget left some out."""
    return f"{check.rows:,} of {check.rows + check.left:,}" if check.left else f"{check.rows:,}"


def _column_table(report: Report) -> str:
    """The columns that are not identical to the last bit, the worst first, and the number of the others."""
    bitwise = [c for c in report.columns if not c.differing_rows and not c.worst_ulp]
    worst = sorted(
        (c for c in report.columns if c not in bitwise),
        key=lambda c: (-c.differing_rows, -c.worst_error, -c.worst_ulp),
    )
    rows = [("output column", "class", "differing", "worst ulp", "worst error")]
    rows += [
        (
            f"{c.output}: {c.column}",
            "exact" if c.exact else "1e-6",
            f"{c.differing_rows:,}",
            f"{c.worst_ulp:,}" if c.worst_ulp else "-",
            f"{c.worst_error:.3g}" if c.worst_error else "-",
        )
        for c in worst[:SHOWN_COLUMNS]
    ]
    lines = [table(rows)] if worst else []
    if len(worst) > SHOWN_COLUMNS:
        lines.append(f"… and {count(len(worst) - SHOWN_COLUMNS, 'more column')}, none worse")
    if bitwise:
        lines.append(f"{count(len(bitwise), 'output column')} equal to the last bit")
    return "\n".join(lines)


def _coverage_table(report: Report) -> str:
    """How many boundaries of each step were tried; if there are many steps, incomplete ones come first."""
    is_long = len(report.coverage) > SHOWN_COLUMNS
    order = sorted(report.coverage, key=lambda c: c.is_whole) if is_long else report.coverage
    rows = [("step", "boundaries reached, from raw inputs", "columns", "of these")]
    rows += [
        (
            c.step,
            f"{c.tried:,} of {c.boundaries:,}",
            f"{c.columns_reached:,} of {c.columns:,}" + _searched(c),
            ", ".join(kind_text(kind) for kind in c.kinds),
        )
        for c in order[:SHOWN_COLUMNS]
    ]
    rest = order[SHOWN_COLUMNS:]
    boundaries = f"{sum(c.tried for c in rest):,} of {sum(c.boundaries for c in rest):,} boundaries"
    more = f"\n… and {count(len(rest), 'more step')}: {boundaries}" if rest else ""
    fallbacks = "".join(f"\n  {line}" for line in _degenerate_lines(report))
    # Of a scale of 1, the state does not say whether it is the fallback or the statistic itself.
    about = "these columns use the documented fallback for a missing statistic, or a statistic equal to it"
    degenerate = f"\n\n{about}{fallbacks}" if fallbacks else ""
    return table(rows) + more + degenerate if report.coverage else ""


def _searched(coverage: Coverage) -> str:
    """How many columns were searched, where not all were."""
    is_all = coverage.columns_searched == coverage.columns
    return "" if is_all else f" ({coverage.columns_searched:,} searched)"


def _degenerate_lines(report: Report) -> list[str]:
    lines = [f"`{c.step}`, column {fallback}" for c in report.coverage for fallback in c.degenerate]
    rest = len(lines) - SHOWN_COLUMNS
    return lines if rest <= 0 else [*lines[:SHOWN_COLUMNS], f"… and {count(rest, 'more column')}"]


def difference_texts(report: Report) -> list[str]:
    """One difference of each output column, as many as fit on a screen."""
    chosen = report.first_differences()[:SHOWN_DIFFERENCES]
    rest = len(report.differences) - len(chosen)
    more = [f"{count(rest, 'more difference')} in `--format json`"] if rest else []
    walks = {id(d): [indented(walk_text(w))] for d in chosen for w in report.walks[:1] if w is report.walk_of(d)}
    return [*("\n".join([difference_text(d), *walks.get(id(d), ())]) for d in chosen), *more]


def diagnosis(report: Report) -> list[str]:
    """Whether the file or skc is at fault."""
    golden_differs = any(check.name == GOLDEN_FILE and check.differing_rows for check in report.checks)
    if golden_differs and report.oracle == REFERENCE:
        changed = "it was modified, or compiled on another processor. Compile the pipeline again."
        return [f"golden.jsonl does not match what plan.json computes: {changed}"]
    if report.model_matches_plan is None:
        return []
    if report.model_matches_plan and report.oracle != REFERENCE:
        agreed = "The artifact computes what its plan says."
        return [f"{agreed} If it was compiled from this very estimator, please report the difference."]
    if report.model_matches_plan:
        return ["This version of skc compiles the same model from plan.json: please report the difference."]
    changed = "it was modified, or built with other versions. Compile the pipeline again."
    return [f"model.onnx is not what this version of skc compiles from plan.json: {changed}"]


def data_texts(report: Report) -> list[str]:
    """The results for the user's own rows."""
    return [*refusal_texts(report), *met_texts(report), *(warning.text() for warning in report.warnings)]


def refusal_texts(report: Report) -> list[str]:
    """Which of the user's rows a service would refuse: not a difference, but worth knowing."""
    if not report.refusals:
        return []
    data = next(check for check in report.checks if check.name == "data")
    head = f"of your own {count(data.rows, 'row')}, policies of `error` refuse {data.refused_rows:,}"
    return ["\n".join([head, *(f"  {_refusal_text(refusal)}" for refusal in report.refusals[:SHOWN_COLUMNS])])]


def _refusal_text(refusal: Refusal) -> str:
    return (
        f"{count(refusal.rows, 'row')} refused ({refusal.code}) by `{refusal.step}`, column `{refusal.column}`; "
        f"the first is row {refusal.first_row:,}"
    )


def met_texts(report: Report) -> list[str]:
    """What the steps do to those of the user's rows that are served."""
    if report.data is None or not report.data.met:
        return []
    lines = [f"  {_met_text(met)}" for met in report.data.met]
    head = f"of the {count(report.data.rows - report.data.refused, 'row')} of your own that are served"
    return ["\n".join([head, *_first(lines)])]


def _met_text(met: Met) -> str:
    phrase = {"null": "made null by", "unknown": "unknown to", "clipped": "clipped by"}[met.kind]
    return f"{count(met.rows, 'row')} {phrase} `{met.step}`, column `{met.column}`; the first is row {met.first_row:,}"


def alone_texts(report: Report) -> list[str]:
    """Where the oracle differs from itself: an artifact gives a row the same bits alone as in a batch."""
    alone = report.alone
    if alone is None or not alone.differing:
        return []
    text = (
        f"{report.oracle} differs from itself: of {count(alone.rows, 'row')} asked about alone, {alone.differing:,} "
        f"have other bits than in a batch, by at most {alone.worst_error:.2g} of max(1, |value|)"
    )
    text += f", and {alone.refused:,} of them are refused" if alone.refused else ""
    return ["\n".join([text, *_first([f"  {column}" for column in alone.columns])])]


def _untried(report: Report) -> list[str]:
    """What the verdict does not cover."""
    notes = [f"{check.name}: {check.skipped}" for check in report.checks if check.skipped is not None]
    notes += report.untried
    return ["\n".join(["not tried", *_first([f"  {line}" for line in notes])])] if notes else []


def _first(lines: list[str]) -> list[str]:
    rest = len(lines) - SHOWN_COLUMNS
    return lines[:SHOWN_COLUMNS] + ([f"  … and {rest:,} more in `--format json`"] if rest > 0 else [])
