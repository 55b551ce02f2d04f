"""Why a mutant makes no difference, by which numbers a tensor can hold: whole ones, and those that float32 holds."""

from __future__ import annotations

import math

import numpy as np
from onnx import NodeProto, TensorProto, numpy_helper

from skc.selfcheck.nodes import Nodes, data_inputs

_ROUNDED = {"Greater": math.floor, "LessOrEqual": math.floor, "Less": math.ceil, "GreaterOrEqual": math.ceil}
_PASSING = ("Identity", "Concat", "Gather", "Reshape")
_SELECTING = ("Gather", "Slice", "Reshape", "Squeeze", "Unsqueeze", "Expand", "Identity")


def _next_float32(edge: float, comparison: str) -> float:
    """The largest float32 up to the edge, or the least from it on: where the outcome of a comparison changes."""
    with np.errstate(over="ignore"):
        near = np.float32(edge)
    if _ROUNDED[comparison] is math.floor:
        return float(near if near <= edge else np.nextafter(near, np.float32(-np.inf)))
    return float(near if near >= edge else np.nextafter(near, np.float32(np.inf)))


class Numbers:
    """Looks for such reasons."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def is_float32(self, tensor: str) -> bool:
        """It is selected from constants that float32 holds, or is made of booleans, or of float32, as numbers."""
        maker = self._nodes.makers.get(tensor)
        if maker is None:
            return False
        if maker.op_type == "Constant":
            values = np.asarray(numpy_helper.to_array(maker.attribute[0].t))
            with np.errstate(over="ignore"):
                return bool(np.array_equal(values, values.astype(np.float32), equal_nan=values.dtype.kind == "f"))
        if maker.op_type in ("Concat", "Where"):
            return all(map(self.is_float32, maker.input[maker.op_type == "Where" :]))
        if maker.op_type in _SELECTING:
            return self.is_float32(maker.input[0])
        return maker.op_type == "Cast" and (self._nodes.is_boolean(maker.input[0]) or self._is_single(maker.input[0]))

    def _is_single(self, tensor: str) -> bool:
        """It is a tensor of float32, or sums of one."""
        maker = self._nodes.makers.get(tensor)
        if maker is None:
            return tensor in self._nodes.singles
        if maker.op_type == "CumSum" or maker.op_type in _PASSING or maker.op_type == "Slice":
            return all(map(self._is_single, data_inputs(maker)))
        return maker.op_type == "Cast" and any(a.name == "to" and a.i == TensorProto.FLOAT for a in maker.attribute)

    def cuts_float32_alike(self, tensor: str, element: int | None, value: float) -> bool:
        """Float32 alone are compared with the constant, and none lies between its element and the value."""
        constant, users = self._nodes.constant(tensor), self._nodes.users.get(tensor, [])
        if constant is None or element is None or not users:
            return False
        edge = float(constant.flat[element])
        return all(
            user.op_type in _ROUNDED
            and user.input[1] == tensor
            and self.is_float32(user.input[0])
            and _next_float32(edge, user.op_type) == _next_float32(value, user.op_type)
            for user in users
        )

    def is_no_float32(self, comparison: NodeProto) -> bool:
        """A float32 is compared with constants, none of which it can be."""
        edges = self._nodes.constant(comparison.input[1]) if comparison.op_type in _ROUNDED else None
        if edges is None or edges.dtype.kind != "f" or not self.is_float32(comparison.input[0]):
            return False
        with np.errstate(over="ignore"):
            return not (edges == edges.astype(np.float32)).any()

    def is_count(self, tensor: str) -> bool:
        """Sums of 0, 1 and -1, beginning at 0."""
        maker = self._nodes.makers.get(tensor)
        if maker is None:
            return False
        if maker.op_type in _PASSING:
            return all(map(self.is_count, data_inputs(maker)))
        if maker.op_type != "ScatterElements":
            return False
        start = self._nodes.makers.get(maker.input[0])
        zero = self._nodes.constant(start.input[0]) if start is not None and start.op_type == "Expand" else None
        return zero is not None and not zero.any() and self._is_unit(maker.input[2])

    def cuts_whole_numbers_alike(self, tensor: str, value: float) -> bool:
        """Whole numbers alone are compared with the constant, and fall on the same side of it and of the value."""
        constant, users = self._nodes.constant(tensor), self._nodes.users.get(tensor, [])
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
        maker, constant = self._nodes.makers.get(tensor), self._nodes.constant(tensor)
        if constant is not None:
            return constant.dtype.kind == "f" and bool((constant == np.floor(constant)).all())
        if maker is None:
            return False
        if maker.op_type == "MatMul":
            return all(map(self._is_whole_number, maker.input))
        if maker.op_type in (*_PASSING, "ReduceSum", "ReduceMax", "ReduceMin"):
            return all(map(self._is_whole_number, data_inputs(maker)))
        return (maker.op_type == "Cast" and self._nodes.is_boolean(maker.input[0])) or self.is_count(tensor)

    def is_asked_only_whether(self, tensor: str, value: float) -> bool:
        """Some of it, or nothing, is added up, and the sums are compared with 0."""
        constant = self._nodes.constant(tensor)
        if constant is None or constant.size != 1 or constant.item() <= 0 or value <= 0:
            return False
        choices = self._nodes.users.get(tensor, [])
        sums = [user for choice in choices for user in self._nodes.users.get(choice.output[0], [])]
        questions = [user for total in sums for user in self._nodes.users.get(total.output[0], [])]
        return (
            bool(questions)
            and all(c.op_type == "Where" and all(self._is_at_least_0(n) for n in c.input[1:]) for c in choices)
            and all(self.is_count(total.output[0]) for total in sums)
            and all(q.op_type == "Greater" and self._is_zero(q.input[1]) for q in questions)
        )

    def _is_at_least_0(self, tensor: str) -> bool:
        constant = self._nodes.constant(tensor)
        return constant is not None and bool((constant >= 0).all())

    def _is_zero(self, tensor: str) -> bool:
        constant = self._nodes.constant(tensor)
        return constant is not None and not constant.any()

    def _is_unit(self, tensor: str) -> bool:
        maker, constant = self._nodes.makers.get(tensor), self._nodes.constant(tensor)
        if constant is not None:
            return bool(np.isin(constant, (-1, 0, 1)).all())
        if maker is None:
            return False
        if maker.op_type == "Where":
            return all(map(self._is_unit, maker.input[1:]))
        return maker.op_type == "Neg" and self._is_unit(maker.input[0])

    def ends_in_float32(self, tensor: str) -> bool:
        users = self._nodes.users.get(tensor, [])
        if not users:
            return False
        for user in users:
            if user.op_type == "Cast":
                to = next(a.i for a in user.attribute if a.name == "to")
                if to != TensorProto.FLOAT:
                    return False
            elif user.op_type not in _PASSING or not all(self.ends_in_float32(name) for name in user.output):
                return False
        return True
