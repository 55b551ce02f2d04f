"""What explains the differences of a column: the values of its rows, and of all else that is known of them.

The rows are those that differ, and of all others some that do not; both as many as are kept. The values of steps and
inputs come from the oracle, which computes them for these rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skc.infer import column_names
from skc.skew.causes import Cause, Column, Context, explain
from skc.skew.causes.column import narrowed
from skc.skew.evaluated import Evaluated
from skc.skew.log_reader import LoggedRequest
from skc.skew.replay.blame import made_of
from skc.skew.replay.hidden import Hidden
from skc.skew.replay.requests import NotInLogError
from skc.skew.replay.served import Row, Seen
from skc.skew.replay.shown import Shower
from skc_runtime.kinds import ELEMENTS, KINDS, OutputDType
from skc_runtime.manifest import OutputSpec

MOST_EXPLAINED = 100  # columns of a report
MOST_COLUMNS = 100  # beyond which inputs and steps that a feature is not made of are left out


@dataclass(frozen=True)
class _Case:
    """A request, and one of its features as served and recomputed."""

    request: LoggedRequest
    hidden: Hidden
    served: Any
    recomputed: Any
    differs: bool


class Explainer:
    """Explains the columns of one replay."""

    def __init__(self, shower: Shower, seen: Sequence[Seen]) -> None:
        self._shower, self._seen = shower, seen
        self._evaluated: dict[tuple[int, ...], tuple[Evaluated, tuple[Column, ...]] | None] = {}
        self.left = MOST_EXPLAINED

    def explain(self, spec: OutputSpec, k: int, rows: Sequence[Row]) -> Cause | None:
        """What explains the rows of a column that differ; None if nothing does."""
        self.left -= 1
        cases = [_Case(row.request, row.hidden, row.served, row.recomputed, True) for row in rows]
        for seen in self._seen:
            served, recomputed, differs = seen.features[spec.name]
            if not differs[k]:
                cases.append(_Case(seen.request, seen.hidden, served[k], recomputed[k], False))
        served_column, recomputed_column = (
            _column(spec.columns[k], spec.dtype, [getattr(case, side) for case in cases])
            for side in ("served", "recomputed")
        )
        known = self._known([(case.request, case.hidden) for case in cases])
        differs = np.array([case.differs for case in cases], dtype=bool)
        if known is None:
            return explain(served_column, recomputed_column, Context(differs))
        evaluated, columns = known
        own, is_wide = self._made_of(spec.name, k), len(columns) > MOST_COLUMNS
        others = tuple(
            column
            for column in columns
            if column.name in own or not (_is_time(column) or (is_wide and column.role != "feature"))
        )
        is_hidden = any(case.hidden.inputs for case in cases)
        changed = None if is_hidden else evaluated.changed(spec.name, k)
        return explain(served_column, recomputed_column, Context(differs, others, changed=changed))

    def _made_of(self, output: str, k: int) -> set[str]:
        """The inputs and steps that a feature is made of, each column by the name that it has among all columns."""
        pipeline = self._shower.pipeline
        names = column_names(pipeline)
        inputs = {i.value: i.name for i in pipeline.inputs}
        result = set()
        for value, column in made_of(pipeline, (output, k)):
            one = f"{value}: {names[value][column]}" if len(names[value]) > 1 else value
            result.add(inputs.get(value, one))
        return result

    def _known(self, requests: Sequence[tuple[LoggedRequest, Hidden]]) -> tuple[Evaluated, tuple[Column, ...]] | None:
        """All that is computed of some requests; None if the log does not have enough of one."""
        key = tuple(id(request) for request, _ in requests)
        if key not in self._evaluated:
            self._evaluated = {key: self._evaluate(requests)}  # columns that differ in the same rows follow
        return self._evaluated[key]

    def _evaluate(
        self, requests: Sequence[tuple[LoggedRequest, Hidden]]
    ) -> tuple[Evaluated, tuple[Column, ...]] | None:
        try:
            records = [self._shower.record(Row(request, hidden, None, None)) for request, hidden in requests]
        except NotInLogError:
            return None
        shower = self._shower
        evaluated = Evaluated(shower.pipeline, shower.outputs, shower.oracle.evaluate, records)
        hidden_inputs = frozenset[str]().union(*(hidden.inputs for _, hidden in requests))
        hidden_steps = frozenset[str]().union(*(hidden.steps for _, hidden in requests))
        return evaluated, tuple(evaluated.columns(hidden_inputs, hidden_steps, requests[0][1].columns))


def _is_time(column: Column) -> bool:
    """Whether it is a time, of which a feature that is made of it alone can be a part."""
    return KINDS[column.kind].is_time or KINDS[column.kind].is_clock


def _column(name: str, dtype: OutputDType, values: Sequence[Any]) -> Column:
    """Plain values, None for null, as a column. A float that a float32 cannot represent makes it one of float64."""
    element = ELEMENTS[dtype]
    present = np.array([value is not None for value in values], dtype=bool)
    filled = [element.zero if value is None else value for value in values]
    if not element.is_float:
        return Column(name, dtype, np.array(filled, dtype=element.numpy), None if present.all() else present)
    array = np.array(filled, dtype=np.float64)
    floats = narrowed(array, element.numpy)
    return Column(name, "float32" if floats.dtype == np.float32 else "float64", floats)
