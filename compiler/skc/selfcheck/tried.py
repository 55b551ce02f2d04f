"""Why a mutant makes no difference: all values for which it could were tried, or cannot come to its step."""

from __future__ import annotations

import operator

import numpy as np
import onnx
from onnx import numpy_helper

from skc.infer import ColumnNames, Types, column_names, step_input_types, value_types
from skc.ir import Step
from skc.lower import Lowered
from skc.op import Decision
from skc.ops import OPS
from skc.selfcheck.conditions import Conditions
from skc.selfcheck.mutant import Mutant
from skc.selfcheck.nodes import Nodes
from skc.verification.coverage import CoverageTally

_COMPARED = {  # each comparison, and the one that differs from it only where the two are equal
    "Less": (operator.lt, operator.le),
    "LessOrEqual": (operator.le, operator.lt),
    "Greater": (operator.gt, operator.ge),
    "GreaterOrEqual": (operator.ge, operator.gt),
}


class Tried:
    """Looks for such reasons."""

    def __init__(self, nodes: Nodes, conditions: Conditions, lowered: Lowered, tally: CoverageTally) -> None:
        fused = lowered.pipeline  # as it was lowered
        self._nodes, self._conditions, self._tally = nodes, conditions, tally
        self._owner = lowered.owner
        self._steps = {step.name: step for step in fused.steps}
        self._written = {origin: step for step in fused.steps for origin in (step.origins or (step.name,))}
        slots = {i.name: i.slot for i in lowered.inputs}
        self._inputs = {i.value: (slots[i.name].tensor, slots[i.name].column) for i in fused.inputs}
        self._types: Types = value_types(fused)
        self._names: ColumnNames = column_names(fused)

    def are_by_category(self, steps: frozenset[str], tried: frozenset[str]) -> bool:
        """All steps were tried, and their results depend only on which category a value is."""
        definitions = [self._written[name] for name in steps]
        return bool(steps) and steps <= tried and all(self._decides_by(step, "category") for step in definitions)

    def _decides_by(self, step: Step, what: Decision) -> bool:
        """The step depends on no other property of the columns of its single block."""
        return OPS[step.op].decides_by(step.params, 0, step_input_types(step, self._types)[0]) == what

    def was_tried_at_the_edge(self, mutant: Mutant) -> bool:
        """A column of the step's input is compared with a constant, the result depends on that column alone, and the
        values for which the two comparisons differ came to that column.
        """
        step, node = self._step_of(mutant), self._nodes.makers[mutant.tensor or ""]
        users = self._nodes.users.get(node.output[0], []) if node.op_type == "Constant" else [node]
        if step is None or not OPS[step.op].is_columnwise(step.params):
            return False
        return bool(users) and all(self._differs_where_tried(step, user, mutant) for user in users)

    def _differs_where_tried(self, step: Step, comparison: onnx.NodeProto, mutant: Mutant) -> bool:
        edges = self._nodes.constant(comparison.input[1]) if comparison.op_type in _COMPARED else None
        if edges is None or edges.dtype.kind != "f" or not self._is_input_of(step, comparison.input[0]):
            return False
        before, other = _COMPARED[comparison.op_type]
        after = other if mutant.element is None else before
        width = sum(len(self._names[ref.value][ref.start : ref.stop]) for ref in step.inputs)
        columns = range(width) if mutant.element is None or edges.size == 1 else [mutant.element]
        for k in columns:
            edge = float(edges.flat[k if edges.size > 1 else 0])
            moved = edge if mutant.value is None else mutant.value
            near = {repr(value): value for value in (edge, moved, *([0.0, -0.0] if 0.0 in (edge, moved) else []))}
            differing = [value for value in near.values() if before(value, edge) != after(value, moved)]
            origins = step.origins or (step.name,) * width
            if not self._tally.has_tried(origins[k], origins[:k].count(origins[k]), differing):
                return False
        return True

    def _is_input_of(self, step: Step, tensor: str) -> bool:
        """It has the columns of the step's input, in order."""
        expected = []
        for ref in step.inputs:
            own = self._inputs.get(ref.value)
            columns = range(len(self._names[ref.value]))[slice(ref.start, ref.stop)]
            expected += [(ref.value, k) for k in columns] if own is None else [own]
        values, node = [ref.value for ref in step.inputs], self._nodes.makers.get(tensor)
        if [tensor] == values or (node is not None and node.op_type == "Concat" and [*node.input] == values):
            return True
        return self._conditions.origins(tensor) == expected

    def meets_whole_numbers_only(self, mutant: Mutant, node: onnx.NodeProto) -> bool:
        """The edges are those of bins over whole numbers, and no edge that is moved or compared is a whole number."""
        step = self._step_of(mutant)
        if step is None or not self._decides_by(step, "edge"):
            return False
        if not all(self._is_whole(ref.value) for ref in step.inputs):
            return False
        constants = [node] if node.op_type == "Constant" else [self._nodes.makers.get(name) for name in node.input]
        values = [
            float(value)
            for constant in constants
            if constant is not None and constant.op_type == "Constant"
            for value in numpy_helper.to_array(constant.attribute[0].t).reshape(-1)
        ]
        if mutant.element is not None:
            values = [values[mutant.element]]
        values = [value for value in values if np.isfinite(value)]  # NaN pads the edges of a column with fewer
        return bool(values) and all(abs(value - round(value)) > abs(value) * 2e-5 for value in values)

    def _is_whole(self, value: str) -> bool:
        """Every number of a float64 value is whole."""
        step = self._steps.get(value)
        return step is not None and OPS[step.op].is_whole(step.params, step_input_types(step, self._types)[0])

    def _step_of(self, mutant: Mutant) -> Step | None:
        return self._steps.get(self._owner(mutant.tensor or "") or "")

    def imputes_what_is_never_null(self, mutant: Mutant, column: int) -> bool:
        """The element of a constant that replaces nulls belongs to a column whose type is not nullable."""
        step = self._step_of(mutant)
        if step is None or not OPS[step.op].replaces_null:
            return False
        nullable = [
            self._types[ref.value].nullable for ref in step.inputs for _ in self._names[ref.value][ref.start : ref.stop]
        ]
        return column < len(nullable) and not nullable[column]
