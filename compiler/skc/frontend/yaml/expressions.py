"""An `expr`: its text read, and the names in it as places of the pipeline file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from skc import expression
from skc.diagnostics import SkcError
from skc.frontend.definitions import Name
from skc.frontend.problems import shown
from skc.frontend.yaml.fields import wrong_type
from skc.frontend.yaml.nodes import Node, ScalarNode
from skc.ir import EXPRESSION
from skc.ops import OPS


def read_expression(node: Node, feature: str) -> tuple[tuple[Name, ...], Any]:
    """The names that the expression of a feature uses, in order of first appearance, and its op's parameters.

    A bare number or `true` is an expression too; that it uses no column is reported when it is typed.
    """
    if not isinstance(node, ScalarNode) or node.value is None:
        what = f"`expr` of feature `{shown(feature)}`"
        raise wrong_type(node, what, "an expression", "for example `fare / max(distance, 0.1)`")
    try:
        written = expression.names(node.text)
        offsets = {name: offset for offset, name in sorted(_names(expression.parse(node.text)), reverse=True)}
    except expression.ExpressionError as error:
        span = node.place(error.offset)
        raise SkcError(*(replace(d, span=span) for d in error.diagnostics)) from None
    names = tuple(Name(name, node.place(offsets[name])) for name in written)
    return names, OPS[EXPRESSION].params(expression=node.text, names=written, name=feature)


def _names(root: expression.Node) -> Iterator[tuple[int, str]]:
    """Offset and text of every name in the tree."""
    stack = [root]
    while stack:
        node = stack.pop()
        stack += node.args
        if node.kind == "name":
            yield node.offset, str(node.value)
