"""What an artifact is, as one page: its inputs with their distributions, its steps, and the way of every column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skc.inspection import Inspected
from skc.ir import SOURCE, Input, Ref, Step
from skc.lineage import Lineage, lineages
from skc.op import is_shown
from skc.ops import OPS
from skc.profile.document import ColumnProfile, by_name
from skc.reports.distribution import Picture, picture
from skc.reports.inspection import legible, short
from skc.reports.pages import render_page
from skc.verification.shown import count

MOST_COLUMNS = 500  # of an output; the others are only counted
LONGEST_STATE = 20_000  # characters of what a step learned


@dataclass(frozen=True)
class InputRow:
    """One input; `nulls` is their share in per cent, None without a profile."""

    input: Input
    nulls: float | None
    profile: ColumnProfile | None
    picture: Picture | None


@dataclass(frozen=True)
class Learned:
    """What a step learned under a name: the start of it, and all of it where that is longer."""

    name: str
    start: str
    whole: str | None


@dataclass(frozen=True)
class StepRow:
    """One step: what it is about in one line, what it takes, its parameters and what it learned."""

    name: str
    op: str
    summary: str
    inputs: str
    parameters: str
    learned: tuple[Learned, ...]


def page(inspected: Inspected) -> str:
    """The page as HTML. Every value in it is escaped."""
    pipeline, profile = inspected.pipeline, inspected.profile
    traced = lineages(pipeline)
    columns = {} if profile is None else by_name(profile)
    steps = {step["name"]: step for step in inspected.facts["steps"]}
    return render_page(
        "artifact.html.j2",
        {},
        facts=inspected.facts,
        profile=profile,
        inputs=[_input(i, columns, 0 if profile is None else profile.rows) for i in pipeline.inputs],
        steps=[_step(step, steps[step.name]) for step in pipeline.steps if _is_told(step)],
        outputs=[
            (output, list(zip(output["columns"], output["exact"], traced[output["name"]], strict=True))[:MOST_COLUMNS])
            for output in inspected.facts["outputs"]
        ],
        count=count,
        way=_way,
    )


def _is_told(step: Step) -> bool:
    """Every nullable input has a `source` step, which says something only if there are sentinels."""
    return is_shown(OPS[step.op]) or (step.op == SOURCE and bool(step.params.null_values))


def _input(value: Input, columns: Mapping[str, ColumnProfile], rows: int) -> InputRow:
    column = columns.get(value.name)
    if column is None or not rows:
        return InputRow(value, None, None, None)
    return InputRow(value, 100 * column.nulls / rows, column, picture(column, rows))


def _step(step: Step, document: Mapping[str, Any]) -> StepRow:
    params = ", ".join(f"{key}: {short(value)}" for key, value in document["params"].items() if value is not None)
    return StepRow(
        step.name,
        step.op,
        OPS[step.op].doc.strip().splitlines()[0],
        ", ".join(map(_read, step.inputs)),
        params,
        tuple(_learned(key, value) for key, value in document["state"].items()),
    )


def _read(ref: Ref) -> str:
    return str(ref).removeprefix("inputs/").removesuffix(f"/{SOURCE}")


def _learned(name: str, value: Any) -> Learned:
    text, start = json.dumps(legible(value), ensure_ascii=False), short(value)
    if text == start:
        return Learned(name, start, None)
    cut = text[:LONGEST_STATE]
    return Learned(name, start, cut if cut == text else f"{cut}… ({len(text):,} characters, all of them in plan.json)")


def _way(lineage: Lineage) -> str:
    """From the inputs through the steps."""
    inputs = ", ".join(lineage.inputs[:8])
    more = f" and {len(lineage.inputs) - 8:,} more" if len(lineage.inputs) > 8 else ""
    return " → ".join([f"{inputs}{more}", *lineage.steps])
