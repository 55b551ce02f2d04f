"""The walk of one record as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from skc.op import is_shown
from skc.ops import OPS
from skc.reports.layout import table
from skc.verification.explain import Explanation, by_step, value_rows


def text(walk: Explanation) -> str:
    """The walk, human-readable; `=` is the identical value, `?` one that the graph does not show."""
    head = f"`{walk.name}` makes of {json.dumps(walk.record, ensure_ascii=False)}"
    steps = [("step", "column", walk.steps_by, "graph", ""), *_step_rows(walk)]
    outputs = [("output", "column", walk.oracle, "graph", ""), *_output_rows(walk)]
    verdict = f"{walk.oracle}: {walk.want}; graph: {walk.got}"
    return "\n\n".join([head, table(steps), *([table(outputs)] if walk.outputs else []), verdict])


def _step_rows(walk: Explanation) -> Iterator[tuple[str, ...]]:
    for group in by_step(walk.steps):
        if is_shown(OPS[group.values[0].op]):
            yield from group.rows()


def _output_rows(walk: Explanation) -> Iterator[tuple[str, ...]]:
    for output, values in groupby(walk.outputs, key=lambda value: value.output):
        yield from value_rows(output, [(v.column, v.got, v.want, v.differs, True) for v in values])
