"""Why a mutant that no row shows cannot be shown by any: reasons that follow from the graph or the types alone."""

from __future__ import annotations

import onnx
from onnx import TensorProto, numpy_helper

from skc.infer import ColumnNames, Types, column_names, value_types
from skc.ir import Pipeline
from skc.selfcheck.mutant import Mutant

_NEUTRAL = {"Add": 0, "Sub": 0, "Mul": 1, "Div": 1}
_PASSING = ("Identity", "Concat", "Gather", "Reshape")


class Equivalence:
    """Looks for a reason. `fused` has the steps of the sound model that the mutants were made of."""

    def __init__(self, fused: Pipeline, sound: onnx.ModelProto) -> None:
        self._fused = fused
        self._types: Types = value_types(fused)
        self._names: ColumnNames = column_names(fused)
        self._makers = {name: node for node in sound.graph.node for name in node.output}
        self._users: dict[str, list[onnx.NodeProto]] = {}
        for node in sound.graph.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)

    def reason(self, mutant: Mutant) -> str | None:
        """The reason, or None where none is known."""
        if mutant.tensor is None:
            return None
        node = self._makers[mutant.tensor]
        match mutant.kind:
            case "operation replaced" if self._has_neutral_operand(node):
                return "the other operand leaves every value as it is, in both operations"
            case "`<` for `<=`" if self._chooses_between_its_operands(node):
                return "where the two are equal, it does not matter which of them is taken"
            case "float32 in the middle" if self._ends_in_float32(mutant.tensor):
                return "the output rounds it to float32 anyway, and nothing else uses it"
        if mutant.column is not None and self._imputes_what_is_never_null(mutant, mutant.column):
            return "the column it is put in is never null"
        return None

    def _has_neutral_operand(self, node: onnx.NodeProto) -> bool:
        neutral = _NEUTRAL.get(node.op_type)
        maker = self._makers.get(node.input[1])
        if neutral is None or maker is None or maker.op_type != "Constant":
            return False
        return bool((numpy_helper.to_array(maker.attribute[0].t) == neutral).all())

    def _chooses_between_its_operands(self, node: onnx.NodeProto) -> bool:
        """Where(a < b, a, b), and nothing else."""
        users = self._users.get(node.output[0], [])
        return bool(users) and all(u.op_type == "Where" and {*u.input[1:]} == {*node.input} for u in users)

    def _ends_in_float32(self, tensor: str) -> bool:
        users = self._users.get(tensor, [])
        if not users:
            return False
        for user in users:
            if user.op_type == "Cast":
                to = next(a.i for a in user.attribute if a.name == "to")
                if to != TensorProto.FLOAT:
                    return False
            elif user.op_type not in _PASSING or not all(self._ends_in_float32(name) for name in user.output):
                return False
        return True

    def _imputes_what_is_never_null(self, mutant: Mutant, column: int) -> bool:
        """The element of a constant of `impute` belongs to a column whose type cannot miss."""
        step = next((s for s in self._fused.steps if mutant.steps == {*(s.origins or (s.name,))}), None)
        if step is None or step.op != "impute":
            return False
        nullable = [
            self._types[ref.value].nullable for ref in step.inputs for _ in self._names[ref.value][ref.start : ref.stop]
        ]
        return column < len(nullable) and not nullable[column]
