"""Why a mutant makes no difference, by what is chosen or absorbed behind it in the graph."""

from __future__ import annotations

import numpy as np
import onnx

from skc.selfcheck.nodes import LOGIC, Nodes

_ELEMENTWISE = ("Add", "Sub", "Mul", "Div", "Min", "Max", "Neg", "Abs", "Sqrt", "Exp", "Log")
_BLIND_TO_ZEROS = ("Exp", "Abs", "Shape", "IsNaN", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
_KEEPING_ZEROS = ("Identity", "Concat", "Slice", "Expand", "Neg", "Add", "Sub", "Mul", "MatMul", "Min", "Max")


class Branches:
    """Looks for such reasons."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def has_neutral_operand(self, node: onnx.NodeProto) -> bool:
        """x + 0 and x - 0, of floats where the sign of zero does not matter; x * 1 and x / 1, of floats also -1."""
        operand = self._nodes.constant(node.input[1]) if len(node.input) == 2 else None
        if operand is None:
            return False
        is_float = operand.dtype.kind == "f"
        if node.op_type in ("Mul", "Div"):
            return bool(((np.abs(operand) if is_float else operand) == 1).all())
        is_neutral = node.op_type in ("Add", "Sub") and bool((operand == 0).all())
        return is_neutral and (not is_float or self._ignores_sign_of_zero(node.output[0]))

    def _ignores_sign_of_zero(self, tensor: str) -> bool:
        """No output changes where a zero in it gets the other sign."""
        users = self._nodes.users.get(tensor, [])
        return bool(users) and all(
            user.op_type in _BLIND_TO_ZEROS
            or (user.op_type == "Add" and any(map(self._nodes.is_never_zero, user.input)))
            or (user.op_type in _KEEPING_ZEROS and self._ignores_sign_of_zero(user.output[0]))
            for user in users
        )

    def is_absorbed(self, tensor: str) -> bool:
        """Every use of it ends in `x and false` or `x or true`."""
        users = self._nodes.users.get(tensor, [])
        return bool(users) and all(
            self._absorbs(user) or (user.op_type in LOGIC and self.is_absorbed(user.output[0])) for user in users
        )

    def _absorbs(self, node: onnx.NodeProto) -> bool:
        deciding = {"And": False, "Or": True}.get(node.op_type)
        operands = [self._nodes.constant(name) for name in node.input]
        return deciding is not None and any(c is not None and bool((c == deciding).all()) for c in operands)

    def is_never_equal(self, node: onnx.NodeProto) -> bool:
        """It compares two constants that differ everywhere, a number that a lookup never returns, or x + c and x."""
        left, right = (self._nodes.constant(name) for name in node.input)
        if left is not None and right is not None:
            return not bool((left == right).any())
        maker = self._nodes.makers.get(node.input[0])
        if maker is not None and maker.op_type == "LabelEncoder" and right is not None:
            attributes = {a.name: a for a in maker.attribute}
            if "values_int64s" not in attributes:
                return False
            ids = {*attributes["values_int64s"].ints, attributes["default_int64"].i}
            return ids.isdisjoint(right.reshape(-1).tolist())
        if maker is None or maker.op_type != "Add" or node.input[1] not in maker.input:
            return False
        added = [self._nodes.constant(name) for name in maker.input if name != node.input[1]]
        return all(c is not None and c.dtype == np.int64 and bool((c != 0).all()) for c in added)

    def chooses_between_its_operands(self, node: onnx.NodeProto) -> bool:
        """It is exactly Where(a < b, a, b). Equal floats are excluded, because they may be zeros of different sign."""
        users = self._nodes.users.get(node.output[0], [])
        if node.input[0] not in self._nodes.integers and not any(map(self._nodes.is_never_zero, node.input)):
            return False
        return bool(users) and all(u.op_type == "Where" and {*u.input[1:]} == {*node.input} for u in users)

    def counts_from_the_end(self, node: onnx.NodeProto) -> bool:
        """To a place in tables, nothing or half of their length is added; below 0, Gather counts from the end."""
        added = self._nodes.constant(node.input[1]) if node.op_type == "Add" else None
        lengths = self._lengths_looked_up(node.output[0])
        if added is None or added.dtype.kind != "i" or lengths is None or len({*lengths}) != 1:
            return False
        return bool(np.isin(2 * added, (0, lengths[0])).all())

    def _lengths_looked_up(self, tensor: str) -> list[int] | None:
        """Of the constants that it is an index of, also after a choice; None if it is used for anything else."""
        lengths: list[int] = []
        for user in self._nodes.users.get(tensor, []):
            if user.op_type == "Where" and tensor in user.input[1:]:
                behind = self._lengths_looked_up(user.output[0])
            else:
                table = (
                    self._nodes.constant(user.input[0])
                    if user.op_type == "Gather" and user.input[1] == tensor
                    else None
                )
                has_axis = any(a.name == "axis" and a.i for a in user.attribute)
                behind = None if table is None or has_axis else [table.shape[0]]
            if behind is None:
                return None
            lengths += behind
        return lengths

    def is_never_taken(self, tensor: str) -> bool:
        """It stands in where a condition holds, and what is computed from it is replaced where the same one holds."""
        users = self._nodes.users.get(tensor, [])
        return bool(users) and all(
            user.op_type == "Where" and list(user.input).index(tensor) == 1 and self._is_replaced(*_result(user))
            for user in users
        )

    def _is_replaced(self, tensor: str, condition: str) -> bool:
        """What is computed from it, element by element, is not taken where a condition holds."""
        users = self._nodes.users.get(tensor, [])
        return bool(users) and all(
            (user.op_type == "Where" and user.input[0] == condition and tensor not in user.input[:2])
            or (
                (user.op_type in _ELEMENTWISE or (user.op_type == "Where" and tensor != user.input[0]))
                and self._is_replaced(user.output[0], condition)
            )
            for user in users
        )

    def has_equal_branches(self, node: onnx.NodeProto) -> bool:
        if node.op_type != "Where":
            return False
        one, other = (self._nodes.constant(name) for name in node.input[1:])
        return one is not None and other is not None and one.tolist() == other.tolist()

    def is_same_at_the_edge(self, node: onnx.NodeProto) -> bool:
        """It only chooses between branches of integers that agree where x is the one constant it is compared with."""
        x, edge = node.input[0], self._nodes.constant(node.input[1])
        if edge is None or edge.dtype != np.int64 or edge.size != 1:
            return False
        users = self._nodes.users.get(node.output[0], [])
        at_edge = [[self._value_at(name, x, int(edge.item())) for name in user.input[1:]] for user in users]
        return bool(users) and all(
            user.op_type == "Where" and user.input[0] == node.output[0] and None not in values and len({*values}) == 1
            for user, values in zip(users, at_edge, strict=True)
        )

    def _value_at(self, tensor: str, x: str, value: int) -> int | None:
        """What x, or a constant minus x, is where x has that value."""
        if tensor == x:
            return value
        maker = self._nodes.makers.get(tensor)
        constant = self._nodes.constant(maker.input[0]) if maker is not None and maker.op_type == "Sub" else None
        if maker is None or constant is None or constant.size != 1 or maker.input[1] != x:
            return None
        return int(constant.item()) - value


def _result(choice: onnx.NodeProto) -> tuple[str, str]:
    """Of a Where: its output and its condition."""
    return choice.output[0], choice.input[0]
