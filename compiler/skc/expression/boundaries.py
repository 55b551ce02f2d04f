"""The input values that matter for an expression: near literals, where products overflow, limits of types."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator

from skc.expression.parse import Node, parse
from skc.values.types import Scalar, ValueType
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, INT64_MAX, INT64_MIN, TIMESTAMP_MAX, TIMESTAMP_MIN

BIG = 1.7976931348623157e308


def near_literals(text: str, x: ValueType) -> list[Scalar]:
    """Values of type `x` at and around the expression's literals, and limits of the type; None is null."""
    literals = [node.value for node in _nodes(parse(text)) if node.kind == "literal"]
    numbers = [v for v in literals if isinstance(v, int | float) and not isinstance(v, bool)]
    null: list[Scalar] = [None] if x.nullable or x.kind.is_float else []
    match x.dtype:
        case "float64" | "float32":
            return null + _float_boundaries(numbers)
        case "int64":
            return null + _int_boundaries(numbers)
        case "bool":
            return [*null, False, True]
        case "string":
            return null + _string_boundaries([v for v in literals if isinstance(v, str)])
        case "timestamp":
            return [*null, TIMESTAMP_MIN, -1, 0, 1, TIMESTAMP_MAX]
        case "date":
            return [*null, DATE_MIN, -1, 0, 1, DATE_MAX]
        case "time":
            return [*null, 0, 1, DAY_US - 1]


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for arg in node.args:
        yield from _nodes(arg)


def _float_boundaries(literals: list[int | float]) -> list[Scalar]:
    edges = [float(v) for v in literals] + [0.5, 1.5, 2.5, 1.0, -0.5, float(2**24 + 1), 2.0**53, 2.0**63]
    neighbours = [near for v in edges for near in (math.nextafter(v, -math.inf), v, math.nextafter(v, math.inf), -v)]
    return [0.0, -0.0, 5e-324, -5e-324, BIG, -BIG, math.inf, -math.inf, *neighbours]


def _int_boundaries(literals: list[int | float]) -> list[Scalar]:
    integers = [int(v) for v in literals if abs(v) < 2.0**63]
    limits = [
        limit // v for v in integers if v for limit in (INT64_MAX, INT64_MIN)
    ]  # where a product begins to overflow
    edges = [0, 2**24 + 1, 2**53 + 1, -(2**53) - 1, 2**31, 3_037_000_500, INT64_MIN, INT64_MAX, *integers, *limits]
    edges += [limit - v for v in integers for limit in (INT64_MAX, INT64_MIN)]
    edges += [2**k for k in range(1, 63)]  # every power begins to overflow around one of them
    return [*sorted({near for v in edges for near in (v - 1, v, v + 1, -v) if INT64_MIN <= near <= INT64_MAX})]


def _string_boundaries(literals: list[str]) -> list[Scalar]:
    forms = [unicodedata.normalize(form, v) for v in literals for form in ("NFC", "NFD")]
    near = [w for v in literals for w in (v.swapcase(), f" {v}", f"{v} ", v[:-1])]
    return ["", "é", "e\u0301", "😀", *literals, *forms, *near]
