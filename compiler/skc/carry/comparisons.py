"""The comparisons of an expression, of a column with literals, as comparisons of another column.

`log_x < 3` is `z <= r` where `log_x <= t` is `z <= r`, for the float t below 3. Any comparison is made of these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from skc.expression import Node

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
At = Callable[[str, float], tuple[str, float]]  # of a name and a number: the other name, and what that is compared with


def compared_with(node: Node, name: str) -> Iterator[float]:
    """The numbers t for which the expression is made of `name <= t`, in no order."""
    for left, operator, right in _pairs(node):
        if (comparison := _placed(left, operator, right, name)) is not None:
            yield from (edge for _, edge in _parts(*comparison))
    for arg in node.args:
        yield from compared_with(arg, name)


def moved(node: Node, names: tuple[str, ...], at: At) -> Node:
    """The tree with every comparison of one of the names made of the column that `at` gives."""
    args = tuple(moved(arg, names, at) for arg in node.args)
    if not any(_placed(*pair, name) for pair in _pairs(node) for name in names):
        return replace(node, args=args)
    parts = [_moved_pair(pair, names, at) for pair in _pairs(node)]
    return parts[0] if len(parts) == 1 else Node("and", node.offset, tuple(parts))


def _moved_pair(pair: tuple[Node, str, Node], names: tuple[str, ...], at: At) -> Node:
    left, operator, right = pair
    for name in names:
        if (comparison := _placed(left, operator, right, name)) is None:
            continue
        compared = []
        for sign, edge in _parts(*comparison):
            column, carried = at(name, edge)
            sides = Node("name", left.offset, value=column), Node("literal", left.offset, value=carried)
            compared.append(Node("compare", left.offset, sides, operators=(sign,)))
        joint = "or" if comparison[0] == "!=" else "and"
        return compared[0] if len(compared) == 1 else Node(joint, left.offset, tuple(compared))
    return Node("compare", left.offset, (left, right), operators=(operator,))


def _pairs(node: Node) -> list[tuple[Node, str, Node]]:
    """`a < b < c` as `a < b` and `b < c`."""
    if node.kind != "compare":
        return []
    return [(a, operator, b) for (a, b), operator in zip(pairwise(node.args), node.operators, strict=True)]


def _placed(left: Node, operator: str, right: Node, name: str) -> tuple[str, float] | None:
    """The comparison with the name on the left, if it is one of that with a number."""
    if right.kind == "name" and right.value == name:
        left, operator, right = right, _FLIPPED[operator], left
    is_number = right.kind == "literal" and isinstance(right.value, int | float) and not isinstance(right.value, bool)
    if left.kind != "name" or left.value != name or not is_number:
        return None
    return operator, float(right.value)  # type: ignore[arg-type]  # is_number


def _parts(operator: str, number: float) -> list[tuple[str, float]]:
    """A comparison as some of `<=` and `>`, each with its edge."""
    below = math.nextafter(number, -math.inf)
    return {
        "<=": [("<=", number)],
        "<": [("<=", below)],
        ">": [(">", number)],
        ">=": [(">", below)],
        "==": [(">", below), ("<=", number)],
        "!=": [("<=", below), (">", number)],
    }[operator]
