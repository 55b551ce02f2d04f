"""A tree back to text, with parentheses around every operation: the reverse of `parse`."""

from __future__ import annotations

from skc.expression.parse import FUNCTIONS, Node
from skc.values.types import Scalar

_PREFIX = {"neg": "-", "pos": "+", "not": "not "}


def unparse(node: Node) -> str:
    """A text that `parse` turns into the same tree, apart from offsets."""
    args = [unparse(arg) for arg in node.args]
    match node.kind:
        case "literal":
            return _literal(node.value)
        case "name":
            return str(node.value)
        case "if":
            condition, then, otherwise = args
            return f"({then} if {condition} else {otherwise})"
        case "in":
            return f"({args[0]} in ({', '.join(args[1:])},))"
        case "compare":
            parts = [part for pair in zip(node.operators, args[1:], strict=True) for part in pair]
            return f"({' '.join([args[0], *parts])})"
    if node.kind in FUNCTIONS:
        return f"{node.kind}({', '.join(args)})"
    if node.kind in _PREFIX:
        return f"({_PREFIX[node.kind]}{args[0]})"
    return f"({f' {node.kind} '.join(args)})"


def _literal(value: Scalar) -> str:
    words: dict[Scalar, str] = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    text = repr(value)
    return f"({text})" if text.startswith("-") else text
