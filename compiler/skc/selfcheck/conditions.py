"""Conditions that never hold in a column of a tensor, from the graph and the types of the inputs alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import onnx
from onnx import numpy_helper

from skc_runtime.kinds import Array

_ELEMENTWISE = ("And", "Or", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")


@dataclass(frozen=True)
class Conditions:
    """`makers`: by tensor, the node that makes it. `widths`: of the input tensors. `never_null`: those of their columns
    that have no null.
    """

    makers: Mapping[str, onnx.NodeProto]
    widths: Mapping[str, int]
    never_null: frozenset[tuple[str, int]]

    def is_never(self, tensor: str, column: int, value: bool) -> bool:
        """No row can have this value there."""
        node = self.makers.get(tensor)
        if node is None:
            return False
        if node.op_type == "Constant":
            return self._is_at(tensor, column, not value)
        match node.op_type:
            case "Identity" | "Expand":
                return self.is_never(node.input[0], column, value)
            case "Not":
                return self.is_never(node.input[0], column, not value)
            case "And" | "Or":
                verdicts = [self.is_never(name, column, value) for name in node.input]
                return any(verdicts) if value == (node.op_type == "And") else all(verdicts)
            case "IsNaN":
                return value and self._has_no_null(node.input[0], column)
            case "Less" | "Greater":
                return value and self._is_at(node.input[1], column, -math.inf if node.op_type == "Less" else math.inf)
        place = self._place(node, column)
        return place is not None and self.is_never(*place, value)

    def _is_at(self, tensor: str, column: int, value: float) -> bool:
        """A constant has this value in a column."""
        constant = self._constant(tensor)
        if constant is None:
            return False
        columns = constant.reshape(-1, constant.shape[-1] if constant.ndim else 1)
        return bool((columns[:, column if columns.shape[1] > 1 else 0] == value).all())

    def _has_no_null(self, tensor: str, column: int) -> bool:
        if (tensor, column) in self.never_null:
            return True
        place = self._place(self.makers[tensor], column) if tensor in self.makers else None
        return place is not None and self._has_no_null(*place)

    def origins(self, tensor: str) -> list[tuple[str, int]] | None:
        """For each column of a tensor that which it is, before columns were taken and joined. None if unknown."""
        width = self._width(tensor)
        return None if width is None else [self._origin(tensor, column) for column in range(width)]

    def _origin(self, tensor: str, column: int) -> tuple[str, int]:
        node = self.makers.get(tensor)
        place = None if node is None else self._place(node, column)
        return (tensor, column) if place is None else self._origin(*place)

    def _place(self, node: onnx.NodeProto, column: int) -> tuple[str, int] | None:
        """Where a column comes from that is only moved."""
        if node.op_type == "Gather":
            index = self._constant(node.input[1])
            return None if index is None or index.ndim != 1 else (node.input[0], int(index[column]))
        if node.op_type == "Slice":
            bounds = self._column_bounds(node)
            return None if bounds is None else (node.input[0], bounds[0] + column)
        if not _joins_columns(node):
            return None
        for name in node.input:
            width = self._width(name)
            if width is None:
                return None
            if column < width:
                return name, column
            column -= width
        return None

    def _column_bounds(self, node: onnx.NodeProto) -> tuple[int, int] | None:
        """The first column that a Slice takes, and how many; None if it does something else."""
        constants = [self._constant(name) for name in node.input[1:]]
        numbers = [int(c.item()) for c in constants if c is not None and c.size == 1]
        if len(constants) != 3 or len(numbers) != 3 or numbers[2] != 1 or not 0 <= numbers[0] < numbers[1]:
            return None
        return numbers[0], numbers[1] - numbers[0]

    def _width(self, tensor: str) -> int | None:
        """Of a tensor [N, width]; None where it is not known."""
        node, constant = self.makers.get(tensor), self._constant(tensor)
        if constant is not None:
            return int(constant.shape[-1]) if constant.ndim else 1
        if node is None:
            return self.widths.get(tensor)
        match node.op_type:
            case "Identity" | "Not" | "IsNaN" | "Shape":
                return self._width(node.input[0])
            case "Expand":
                return self._width(node.input[1])
            case "Gather":
                index = self._constant(node.input[1])
                return None if index is None or index.ndim != 1 else index.size
            case "Slice":
                bounds = self._column_bounds(node)
                return None if bounds is None else bounds[1]
        widths = [self._width(name) for name in node.input]
        known = [width for width in widths if width is not None]
        if len(known) < len(widths):
            return None
        if _joins_columns(node):
            return sum(known)
        return max(known) if node.op_type in _ELEMENTWISE else None

    def _constant(self, tensor: str) -> Array | None:
        node = self.makers.get(tensor)
        if node is None or node.op_type != "Constant":
            return None
        array: Array = numpy_helper.to_array(node.attribute[0].t)
        return array


def _joins_columns(node: onnx.NodeProto) -> bool:
    return node.op_type == "Concat" and any(a.name == "axis" and a.i in (1, -1) for a in node.attribute)
