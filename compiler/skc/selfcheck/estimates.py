"""Why a mutant makes no difference that counts: it moves the bound of a rounding error, which is an estimate."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
import onnx

from skc.selfcheck.nodes import LOGIC, Nodes

_ESTIMATE = "rounding-noise"
_COMPARING = ("Less", "LessOrEqual", "Greater", "GreaterOrEqual")
_LOGICAL = (*LOGIC, "Equal")
_MOVING = ("Identity", "Concat", "Gather", "GatherElements", "Slice", "Reshape", "Squeeze", "Unsqueeze", "Expand")
_ARITHMETIC = (
    *("Add", "Sub", "Mul", "Div", "Min", "Max", "Abs", "Neg", "Sqrt", "MatMul", "ReduceMax", "ReduceMin", "ReduceSum"),
    *("Where", "CumSum", "Exp", *_MOVING),
)
_DECIDED = (*_LOGICAL, "Cast", "ReduceMax", "ReduceMin", "Where", *_MOVING)  # a Cast only to ask whether all are true


class Estimates:
    """Looks for such reasons. `steps` are the names of the steps."""

    def __init__(self, nodes: Nodes, steps: Container[str]) -> None:
        self._nodes, self._steps = nodes, steps

    def ends_in_an_estimate(self, tensor: str) -> bool:
        """All that it is computed for is the bound of a rounding error, which is compared once, for a guard.

        A choice by what was compared is none of it: that whole numbers have no error is exact, not an estimate.
        """
        maker = self._nodes.makers.get(tensor)
        is_decided = maker is not None and maker.op_type in (*_COMPARING, *_LOGICAL)
        seen: set[tuple[str, bool]] = set()
        pending = [(tensor, is_decided)]
        while pending:
            name, is_decided = pending.pop()
            head, _, code = name.rpartition("/")
            if (name, is_decided) in seen or (is_decided and code == _ESTIMATE and head in self._steps):
                continue
            seen.add((name, is_decided))
            users = self._nodes.users.get(name, [])
            if not users or not all(_continues(user, name, is_decided) for user in users):
                return False
            pending += [(o, is_decided or user.op_type in _COMPARING) for user in users for o in user.output]
        return True

    def adds_too_little(self, node: onnx.NodeProto) -> bool:
        """It adds a constant to the bound of a rounding error, far below anything that the bound is compared with."""
        added = self._nodes.constant(node.input[1]) if node.op_type in ("Add", "Sub") else None
        if added is None or not self.ends_in_an_estimate(node.output[0]):
            return False
        return self._is_too_little(node.output[0], 2 * float(np.abs(added).max(initial=0.0)))

    def _is_too_little(self, tensor: str, moved: float) -> bool:
        """Wherever it is compared, so large a change is less than 2e-5 of the least threshold."""
        for user in self._nodes.users.get(tensor, []):
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
        factor = self._nodes.constant(user.input[1]) if user.op_type in ("Mul", "Div", "MatMul") else None
        if factor is None or user.input[0] != tensor or not factor.size:
            return False
        if user.op_type == "Div":
            return bool(factor.all()) and self._is_too_little(user.output[0], moved / float(np.abs(factor).min()))
        largest = (np.abs(factor).sum(axis=0) if user.op_type == "MatMul" else np.abs(factor)).max()
        return self._is_too_little(user.output[0], moved * float(largest))

    def _least(self, tensor: str) -> float:
        """Something that no value of a threshold is below: that of a constant, or of max(x, c) times a constant."""
        constant, maker = self._nodes.constant(tensor), self._nodes.makers.get(tensor)
        if constant is not None:
            return float(constant.min())
        operands = [] if maker is None else list(maker.input)
        if maker is not None and maker.op_type == "Mul":
            return max(0.0, self._least(operands[0])) * max(0.0, self._least(operands[1]))
        return max(map(self._least, operands)) if maker is not None and maker.op_type == "Max" else -np.inf


def _continues(user: onnx.NodeProto, name: str, is_decided: bool) -> bool:
    """The node computes more of a bound, or compares it; or behind the comparison says of which rows it holds."""
    is_value = user.op_type not in ("Where", "Gather", "GatherElements") or name != user.input[_choosing(user)]
    return is_value and user.op_type in (_DECIDED if is_decided else (*_ARITHMETIC, *_COMPARING))


def _choosing(user: onnx.NodeProto) -> int:
    """Which input of a Where or a Gather says what is taken."""
    return 0 if user.op_type == "Where" else 1
