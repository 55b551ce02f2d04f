"""Proofs that a mutant makes no difference, or only to an estimate, from the graph or the types alone."""

from __future__ import annotations

import math
import operator

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from skc.emit.opset import element_types
from skc.emit.tensor_names import owner
from skc.infer import ColumnNames, Types, column_names, step_input_types, value_types
from skc.ir import Step
from skc.lower import GUARDS, Lowered
from skc.op import Decision
from skc.ops import OPS
from skc.selfcheck.conditions import Conditions
from skc.selfcheck.lookups import Lookups
from skc.selfcheck.mutant import Mutant
from skc.verification.coverage import CoverageTally
from skc_runtime.kinds import Array

_OF_CATEGORIES = ("`<` for `<=`", "another parameter", "category dropped")
_OF_KEYS = ("key accepted in another case", "key accepted with a blank")
_OF_EDGES = ("`<` for `<=`", "edge at the next float", "float off by 1e-5", "float off by an ulp of float32")
_AT_AN_EDGE = ("`<` for `<=`", "edge at the next float")
_LOGIC = ("And", "Or", "Not", "Xor")
_BOOLEAN = (*_LOGIC, "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "IsNaN", "IsInf")
_ROUNDED = {"Greater": math.floor, "LessOrEqual": math.floor, "Less": math.ceil, "GreaterOrEqual": math.ceil}
_COMPARED = {  # each comparison, and the one that differs from it only where the two are equal
    "Less": (operator.lt, operator.le),
    "LessOrEqual": (operator.le, operator.lt),
    "Greater": (operator.gt, operator.ge),
    "GreaterOrEqual": (operator.ge, operator.gt),
}
_PASSING = ("Identity", "Concat", "Gather", "Reshape")
_SELECTING = ("Gather", "Slice", "Reshape", "Squeeze", "Unsqueeze", "Expand", "Identity")
_ELEMENTWISE = ("Add", "Sub", "Mul", "Div", "Min", "Max", "Neg", "Abs", "Sqrt", "Exp", "Log")
_BLIND_TO_ZEROS = ("Exp", "Abs", "Shape", "IsNaN", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
_KEEPING_ZEROS = ("Identity", "Concat", "Slice", "Expand", "Neg", "Add", "Sub", "Mul", "MatMul", "Min", "Max")
_ESTIMATE = "rounding-noise"


class Equivalence:
    """Looks for a reason. `lowered` has the sound model that the mutants were made from, `seen` knows which boundaries
    of the unfused steps were tried.
    """

    def __init__(self, lowered: Lowered, tally: CoverageTally) -> None:
        fused, sound = lowered.pipeline, lowered.model
        self._steps = {step.name: step for step in fused.steps}
        self._tally, self._decided, self._exhausted = tally, tally.decided, tally.exhausted
        self._written = {origin: step for step in fused.steps for origin in (step.origins or (step.name,))}
        self._inputs = {i.value: i.name for i in fused.inputs}
        self._types: Types = value_types(fused)
        self._names: ColumnNames = column_names(fused)
        self._makers = {name: node for node in sound.graph.node for name in node.output}
        self._flags = {i.name for i in sound.graph.input if i.type.tensor_type.elem_type == TensorProto.BOOL}
        self._integers = {name for name, dtype in element_types(sound).items() if dtype == "int64"}
        self._lookups = Lookups(self._makers)
        widths = {i.name: i.type.tensor_type.shape.dim[-1].dim_value for i in sound.graph.input}
        never_null = frozenset(i.name for i in fused.inputs if not i.nullable)
        self._conditions = Conditions(self._makers, {name: w for name, w in widths.items() if w}, never_null)
        self._users: dict[str, list[onnx.NodeProto]] = {}
        for node in sound.graph.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)

    def reason(self, mutant: Mutant) -> str | None:
        """The reason, or None where none is known."""
        if mutant.kind in _OF_CATEGORIES and self._are_by_category(mutant.steps, self._decided):
            return "every category was tried, and an unknown one and null, where there may be such"
        if mutant.kind in _OF_KEYS and self._are_by_category(mutant.steps, self._exhausted):
            return "this very key was tried"
        if mutant.kind in _OF_EDGES and self._are_by_category(mutant.steps, self._exhausted):
            return "every key was tried, and a value between the keys equals none, wherever it is searched"
        if mutant.tensor is None:
            return None
        if mutant.kind in _AT_AN_EDGE and self._was_tried_at_the_edge(mutant):
            return "it matters only for values at the edge, and those were tried"
        node = self._makers[mutant.tensor]
        if mutant.keys and not any(self._lookups.can_be(node.input[0], key) for key in mutant.keys):
            return "no text that is looked up there can be that key"
        if mutant.keys and all(self._lookups.gives_itself(node, k, v) for k, v in mutant.keys.items()):
            return "what is not found stays as it is, and the entry gives just that"
        if self._is_absorbed(mutant.tensor):
            return "a constant behind it decides, whatever comes there"
        match mutant.kind:
            case "operation replaced" if self._has_neutral_operand(node):
                return "the other operand leaves every value as it is, in both operations"
            case "operation replaced" if self._counts_from_the_end(node):
                return "what is subtracted from a place in a table counts from its end, down to the same entry"
            case "operation replaced" if self._adds_too_little(node):
                return "only the bound of a rounding error moves, which is an estimate, by 2e-5 of it at most"
            case "`<` for `<=`" if self._chooses_between_its_operands(node):
                return "where the two are equal, it does not matter which of them is taken"
            case "`<` for `<=`" if self._is_same_at_the_edge(node):
                return "where the two are equal, both branches are"
            case "condition inverted" if self._has_equal_branches(node):
                return "both branches are the same constant"
            case "`<` for `<=`" if self._is_never_equal(node):
                return "the two are never equal"
            case "float32 in the middle" if self._is_float32(mutant.tensor):
                return "it is one of some constants, such as 0 and 1, which float32 holds, or was float32 before"
            case "float32 in the middle" if self._is_count(mutant.tensor):
                return "it is a sum of ones, and float32 holds whole numbers up to 16,777,216"
            case "float32 in the middle" if self._ends_in_float32(mutant.tensor):
                return "the output rounds it to float32 anyway, and nothing else uses it"
        if mutant.kind in _OF_EDGES and self._ends_in_an_estimate(mutant.tensor):
            return "only the bound of a rounding error moves, which is an estimate, by 1e-5 of a constant at most"
        if mutant.element is not None and self._is_never_taken(mutant.tensor):
            return "what is computed from it is replaced by something else"
        if mutant.value is not None and self._cuts_whole_numbers_alike(mutant.tensor, mutant.value):
            return "whole numbers are compared with it, and none lies in between"
        if mutant.value is not None and self._is_asked_only_whether(mutant.tensor, mutant.value):
            return "it is only asked whether there is any, and a sum of what is above 0 is above 0"
        if mutant.kind in _OF_EDGES and self._meets_whole_numbers_only(mutant, node):
            return "the values that come there are whole numbers, and none of them lies so near"
        if mutant.kind == "guard that never fires" and self._conditions.is_never(GUARDS, mutant.element or 0, True):
            return "no value of that column makes it fire"
        if mutant.element is not None and self._imputes_what_is_never_null(mutant, mutant.element):
            return "the column it is put in is never null"
        return None

    def _are_by_category(self, steps: frozenset[str], tried: frozenset[str]) -> bool:
        """All steps were tried, and their results depend only on which category a value is."""
        definitions = [self._written[name] for name in steps]
        return bool(steps) and steps <= tried and all(self._decides_by(step, "category") for step in definitions)

    def _decides_by(self, step: Step, what: Decision) -> bool:
        """The step depends on no other property of the columns of its single block."""
        return OPS[step.op].decides_by(step.params, 0, step_input_types(step, self._types)[0]) == what

    def _has_neutral_operand(self, node: onnx.NodeProto) -> bool:
        """x + 0 and x - 0, of floats where the sign of zero does not matter; x * 1 and x / 1, of floats also -1."""
        operand = self._constant(node.input[1]) if len(node.input) == 2 else None
        if operand is None:
            return False
        is_float = operand.dtype.kind == "f"
        if node.op_type in ("Mul", "Div"):
            return bool(((np.abs(operand) if is_float else operand) == 1).all())
        is_neutral = node.op_type in ("Add", "Sub") and bool((operand == 0).all())
        return is_neutral and (not is_float or self._ignores_sign_of_zero(node.output[0]))

    def _ignores_sign_of_zero(self, tensor: str) -> bool:
        """No output changes where a zero in it gets the other sign."""
        users = self._users.get(tensor, [])
        return bool(users) and all(
            user.op_type in _BLIND_TO_ZEROS
            or (user.op_type == "Add" and any(map(self._is_never_zero, user.input)))
            or (user.op_type in _KEEPING_ZEROS and self._ignores_sign_of_zero(user.output[0]))
            for user in users
        )

    def _is_never_zero(self, tensor: str) -> bool:
        constant = self._constant(tensor)
        return constant is not None and bool((constant != 0).all())

    def _constant(self, tensor: str) -> Array | None:
        maker = self._makers.get(tensor)
        if maker is not None and maker.op_type == "Expand":
            return self._constant(maker.input[0])
        if maker is None or maker.op_type != "Constant":
            return None
        return np.asarray(numpy_helper.to_array(maker.attribute[0].t))

    def _is_absorbed(self, tensor: str) -> bool:
        """Every use of it ends in `x and false` or `x or true`."""
        users = self._users.get(tensor, [])
        return bool(users) and all(
            self._absorbs(user) or (user.op_type in _LOGIC and self._is_absorbed(user.output[0])) for user in users
        )

    def _absorbs(self, node: onnx.NodeProto) -> bool:
        deciding = {"And": False, "Or": True}.get(node.op_type)
        operands = [self._constant(name) for name in node.input]
        return deciding is not None and any(c is not None and bool((c == deciding).all()) for c in operands)

    def _was_tried_at_the_edge(self, mutant: Mutant) -> bool:
        """A column of the step's input is compared with a constant, the result depends on that column alone, and the
        values for which the two comparisons differ came to that column.
        """
        step, node = self._step_of(mutant), self._makers[mutant.tensor or ""]
        users = self._users.get(node.output[0], []) if node.op_type == "Constant" else [node]
        if step is None or not OPS[step.op].is_columnwise(step.params):
            return False
        return bool(users) and all(self._differs_where_tried(step, user, mutant) for user in users)

    def _differs_where_tried(self, step: Step, comparison: onnx.NodeProto, mutant: Mutant) -> bool:
        edges = self._constant(comparison.input[1]) if comparison.op_type in _COMPARED else None
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
        sources = [self._inputs.get(ref.value, ref.value) for ref in step.inputs]
        node = self._makers.get(tensor)
        return [tensor] == sources or (node is not None and node.op_type == "Concat" and [*node.input] == sources)

    def _is_never_equal(self, node: onnx.NodeProto) -> bool:
        """It compares two constants that differ everywhere, a number that a lookup never returns, or x + c and x."""
        left, right = (self._constant(name) for name in node.input)
        if left is not None and right is not None:
            return not bool((left == right).any())
        maker = self._makers.get(node.input[0])
        if maker is not None and maker.op_type == "LabelEncoder" and right is not None:
            attributes = {a.name: a for a in maker.attribute}
            if "values_int64s" not in attributes:
                return False
            ids = {*attributes["values_int64s"].ints, attributes["default_int64"].i}
            return ids.isdisjoint(right.reshape(-1).tolist())
        if maker is None or maker.op_type != "Add" or node.input[1] not in maker.input:
            return False
        added = [self._constant(name) for name in maker.input if name != node.input[1]]
        return all(c is not None and c.dtype == np.int64 and bool((c != 0).all()) for c in added)

    def _is_float32(self, tensor: str) -> bool:
        """It is selected from constants that float32 holds, or is made of booleans, or of float32, as numbers."""
        maker = self._makers.get(tensor)
        if maker is None:
            return False
        if maker.op_type == "Constant":
            values = np.asarray(numpy_helper.to_array(maker.attribute[0].t))
            with np.errstate(over="ignore"):
                return bool(np.array_equal(values, values.astype(np.float32), equal_nan=values.dtype.kind == "f"))
        if maker.op_type in ("Concat", "Where"):
            return all(map(self._is_float32, maker.input[maker.op_type == "Where" :]))
        if maker.op_type in _SELECTING:
            return self._is_float32(maker.input[0])
        return maker.op_type == "Cast" and (self._is_boolean(maker.input[0]) or self._is_single(maker.input[0]))

    def _is_single(self, tensor: str) -> bool:
        """It is a tensor of float32, or sums of one."""
        maker = self._makers.get(tensor)
        if maker is None:
            return False
        if maker.op_type == "CumSum":
            return self._is_single(maker.input[0])
        return maker.op_type == "Cast" and any(a.name == "to" and a.i == TensorProto.FLOAT for a in maker.attribute)

    def _is_boolean(self, tensor: str) -> bool:
        maker = self._makers.get(tensor)
        if maker is None:
            return tensor in self._flags
        if maker.op_type in ("Concat", "Gather", "Slice"):
            return all(map(self._is_boolean, _data_inputs(maker)))
        return maker.op_type in _BOOLEAN

    def _chooses_between_its_operands(self, node: onnx.NodeProto) -> bool:
        """It is exactly Where(a < b, a, b). Equal floats are excluded, because they may be zeros of different sign."""
        users = self._users.get(node.output[0], [])
        if node.input[0] not in self._integers and not any(map(self._is_never_zero, node.input)):
            return False
        return bool(users) and all(u.op_type == "Where" and {*u.input[1:]} == {*node.input} for u in users)

    def _ends_in_an_estimate(self, tensor: str) -> bool:
        """It is computed only for guards against rounding errors."""
        seen: set[str] = set()
        pending = [tensor]
        while pending:
            name = pending.pop()
            users = self._users.get(name, [])
            head, _, code = name.rpartition("/")
            if name in seen or (code == _ESTIMATE and head in self._steps):
                continue
            if not users:
                return False
            seen.add(name)
            pending += [output for user in users for output in user.output]
        return True

    def _counts_from_the_end(self, node: onnx.NodeProto) -> bool:
        """To a place in tables, nothing or half of their length is added; below 0, Gather counts from the end."""
        added = self._constant(node.input[1]) if node.op_type == "Add" else None
        lengths = self._lengths_looked_up(node.output[0])
        if added is None or added.dtype.kind != "i" or lengths is None or len({*lengths}) != 1:
            return False
        return bool(np.isin(2 * added, (0, lengths[0])).all())

    def _lengths_looked_up(self, tensor: str) -> list[int] | None:
        """Of the constants that it is an index of, also after a choice; None if it is used for anything else."""
        lengths: list[int] = []
        for user in self._users.get(tensor, []):
            if user.op_type == "Where" and tensor in user.input[1:]:
                behind = self._lengths_looked_up(user.output[0])
            else:
                table = self._constant(user.input[0]) if user.op_type == "Gather" and user.input[1] == tensor else None
                has_axis = any(a.name == "axis" and a.i for a in user.attribute)
                behind = None if table is None or has_axis else [table.shape[0]]
            if behind is None:
                return None
            lengths += behind
        return lengths

    def _adds_too_little(self, node: onnx.NodeProto) -> bool:
        """It adds a constant to the bound of a rounding error, far below anything that the bound is compared with."""
        added = self._constant(node.input[1]) if node.op_type in ("Add", "Sub") else None
        if added is None or not self._ends_in_an_estimate(node.output[0]):
            return False
        return self._is_too_little(node.output[0], 2 * float(np.abs(added).max(initial=0.0)))

    def _is_too_little(self, tensor: str, moved: float) -> bool:
        """Wherever it is compared, so large a change is less than 2e-5 of the least threshold."""
        for user in self._users.get(tensor, []):
            if user.op_type in ("Less", "Greater"):
                if user.input[0] != tensor or moved > 2e-5 * self._least(user.input[1]):
                    return False
            elif user.op_type in ("Add", "Sub", "Min"):
                if not self._is_too_little(user.output[0], moved):
                    return False
            elif not self._is_too_little_scaled(user, tensor, moved):
                return False
        return True

    def _is_too_little_scaled(self, user: onnx.NodeProto, tensor: str, moved: float) -> bool:
        """The same behind a product with a constant, or a quotient by one."""
        factor = self._constant(user.input[1]) if user.op_type in ("Mul", "Div", "MatMul") else None
        if factor is None or user.input[0] != tensor or not factor.size:
            return False
        if user.op_type == "Div":
            return bool(factor.all()) and self._is_too_little(user.output[0], moved / float(np.abs(factor).min()))
        largest = (np.abs(factor).sum(axis=0) if user.op_type == "MatMul" else np.abs(factor)).max()
        return self._is_too_little(user.output[0], moved * float(largest))

    def _least(self, tensor: str) -> float:
        """Something that no value of a threshold is below: that of a constant, or of max(x, c) times a constant."""
        constant, maker = self._constant(tensor), self._makers.get(tensor)
        if constant is not None:
            return float(constant.min())
        operands = [] if maker is None else list(maker.input)
        if maker is not None and maker.op_type == "Mul":
            return max(0.0, self._least(operands[0])) * max(0.0, self._least(operands[1]))
        return max(map(self._least, operands)) if maker is not None and maker.op_type == "Max" else -np.inf

    def _is_never_taken(self, tensor: str) -> bool:
        """It stands in where a condition holds, and what is computed from it is replaced where the same one holds."""
        users = self._users.get(tensor, [])
        return bool(users) and all(
            user.op_type == "Where" and list(user.input).index(tensor) == 1 and self._is_replaced(*_result(user))
            for user in users
        )

    def _is_replaced(self, tensor: str, condition: str) -> bool:
        """What is computed from it, element by element, is not taken where a condition holds."""
        users = self._users.get(tensor, [])
        return bool(users) and all(
            (user.op_type == "Where" and user.input[0] == condition and tensor not in user.input[:2])
            or (
                (user.op_type in _ELEMENTWISE or (user.op_type == "Where" and tensor != user.input[0]))
                and self._is_replaced(user.output[0], condition)
            )
            for user in users
        )

    def _has_equal_branches(self, node: onnx.NodeProto) -> bool:
        if node.op_type != "Where":
            return False
        one, other = (self._constant(name) for name in node.input[1:])
        return one is not None and other is not None and one.tolist() == other.tolist()

    def _is_same_at_the_edge(self, node: onnx.NodeProto) -> bool:
        """It only chooses between branches of integers that agree where x is the one constant it is compared with."""
        x, edge = node.input[0], self._constant(node.input[1])
        if edge is None or edge.dtype != np.int64 or edge.size != 1:
            return False
        users = self._users.get(node.output[0], [])
        at_edge = [[self._value_at(name, x, int(edge.item())) for name in user.input[1:]] for user in users]
        return bool(users) and all(
            user.op_type == "Where" and user.input[0] == node.output[0] and None not in values and len({*values}) == 1
            for user, values in zip(users, at_edge, strict=True)
        )

    def _value_at(self, tensor: str, x: str, value: int) -> int | None:
        """What x, or a constant minus x, is where x has that value."""
        if tensor == x:
            return value
        maker = self._makers.get(tensor)
        constant = self._constant(maker.input[0]) if maker is not None and maker.op_type == "Sub" else None
        if maker is None or constant is None or constant.size != 1 or maker.input[1] != x:
            return None
        return int(constant.item()) - value

    def _is_count(self, tensor: str) -> bool:
        """Sums of 0, 1 and -1, beginning at 0."""
        maker = self._makers.get(tensor)
        if maker is None:
            return False
        if maker.op_type in _PASSING:
            return all(map(self._is_count, _data_inputs(maker)))
        if maker.op_type != "ScatterElements":
            return False
        start = self._makers.get(maker.input[0])
        zero = self._constant(start.input[0]) if start is not None and start.op_type == "Expand" else None
        return zero is not None and not zero.any() and self._is_unit(maker.input[2])

    def _cuts_whole_numbers_alike(self, tensor: str, value: float) -> bool:
        """Whole numbers alone are compared with the constant, and fall on the same side of it and of the value."""
        constant, users = self._constant(tensor), self._users.get(tensor, [])
        if constant is None or constant.size != 1 or not users:
            return False
        return all(
            user.op_type in _ROUNDED
            and user.input[1] == tensor
            and self._is_whole_number(user.input[0])
            and _ROUNDED[user.op_type](constant.item()) == _ROUNDED[user.op_type](value)
            for user in users
        )

    def _is_whole_number(self, tensor: str) -> bool:
        """Sums and choices of whole numbers. (A sum is taken to stay below 2^53.)"""
        maker, constant = self._makers.get(tensor), self._constant(tensor)
        if constant is not None:
            return constant.dtype.kind == "f" and bool((constant == np.floor(constant)).all())
        if maker is None:
            return False
        if maker.op_type == "MatMul":
            return all(map(self._is_whole_number, maker.input))
        if maker.op_type in (*_PASSING, "ReduceSum", "ReduceMax", "ReduceMin"):
            return all(map(self._is_whole_number, _data_inputs(maker)))
        return (maker.op_type == "Cast" and self._is_boolean(maker.input[0])) or self._is_count(tensor)

    def _is_asked_only_whether(self, tensor: str, value: float) -> bool:
        """Some of it, or nothing, is added up, and the sums are compared with 0."""
        constant = self._constant(tensor)
        if constant is None or constant.size != 1 or constant.item() <= 0 or value <= 0:
            return False
        choices = self._users.get(tensor, [])
        sums = [user for choice in choices for user in self._users.get(choice.output[0], [])]
        questions = [user for total in sums for user in self._users.get(total.output[0], [])]
        return (
            bool(questions)
            and all(c.op_type == "Where" and all(self._is_at_least_0(n) for n in c.input[1:]) for c in choices)
            and all(self._is_count(total.output[0]) for total in sums)
            and all(q.op_type == "Greater" and self._is_zero(q.input[1]) for q in questions)
        )

    def _is_at_least_0(self, tensor: str) -> bool:
        constant = self._constant(tensor)
        return constant is not None and bool((constant >= 0).all())

    def _is_zero(self, tensor: str) -> bool:
        constant = self._constant(tensor)
        return constant is not None and not constant.any()

    def _is_unit(self, tensor: str) -> bool:
        maker, constant = self._makers.get(tensor), self._constant(tensor)
        if constant is not None:
            return bool(np.isin(constant, (-1, 0, 1)).all())
        if maker is None:
            return False
        if maker.op_type == "Where":
            return all(map(self._is_unit, maker.input[1:]))
        return maker.op_type == "Neg" and self._is_unit(maker.input[0])

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

    def _meets_whole_numbers_only(self, mutant: Mutant, node: onnx.NodeProto) -> bool:
        """The edges are those of bins over whole numbers, and no edge that is moved or compared is a whole number."""
        step = self._step_of(mutant)
        if step is None or not self._decides_by(step, "edge"):
            return False
        if not all(self._is_whole(ref.value) for ref in step.inputs):
            return False
        constants = [node] if node.op_type == "Constant" else [self._makers.get(name) for name in node.input]
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
        return self._steps.get(owner(mutant.tensor or "", self._steps) or "")

    def _imputes_what_is_never_null(self, mutant: Mutant, column: int) -> bool:
        """The element of a constant that replaces nulls belongs to a column whose type is not nullable."""
        step = self._step_of(mutant)
        if step is None or not OPS[step.op].replaces_null:
            return False
        nullable = [
            self._types[ref.value].nullable for ref in step.inputs for _ in self._names[ref.value][ref.start : ref.stop]
        ]
        return column < len(nullable) and not nullable[column]


def _result(choice: onnx.NodeProto) -> tuple[str, str]:
    """Of a Where: its output and its condition."""
    return choice.output[0], choice.input[0]


def _data_inputs(node: onnx.NodeProto) -> list[str]:
    """The inputs that values come from: all of a Concat, the first of a node that only selects values."""
    return list(node.input if node.op_type == "Concat" else node.input[:1])
