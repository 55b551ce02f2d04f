"""Parses an `expr` and locates its names in the pipeline file."""

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
    """The names in a feature's expression, in order of first appearance, and the parameters of its op.

    A bare number or `true` is an expression too; the missing column is reported when it is typed.
    """
    if not isinstance(node, ScalarNode) or node.value is None:
        subject = f"`expr` of feature `{shown(feature)}`"
        raise wrong_type(node, subject, "an expression", "for example `fare / max(distance, 0.1)`")
    try:
        texts = expression.names(node.text)
        offsets = {name: offset for offset, name in sorted(_names(expression.parse(node.text)), reverse=True)}
    except expression.ExpressionError as error:
        span = node.position(error.offset)
        raise SkcError(*(replace(d, span=span) for d in error.diagnostics)) from None
    names = tuple(Name(name, node.position(offsets[name])) for name in texts)
    return names, OPS[EXPRESSION].params(expression=node.text, names=texts, name=feature)


def _names(root: expression.Node) -> Iterator[tuple[int, str]]:
    """Offset and text of every name in the tree."""
    stack = [root]
    while stack:
        node = stack.pop()
        stack += node.args
        if node.kind == "name":
            yield node.offset, str(node.value)
