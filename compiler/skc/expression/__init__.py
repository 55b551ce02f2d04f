"""The language of `expr`: text → tree (`parse`) → typed tree (`check`) → NumPy (`evaluate`), ONNX (`lower`).

Why a tree of its own: Python's `ast` reads the text, but none of Python's semantics may leak in. What is not
listed in `parse` does not exist, and every promotion of an int64 to float64 is a node that `check` inserts.

The semantics of the language are documented in `skc/ops/internal/expr.py`, the op's page.
"""

from __future__ import annotations

from skc.expression.boundaries import near_literals
from skc.expression.check import Typed, check, decides_on, outcomes
from skc.expression.errors import ExpressionError
from skc.expression.evaluate import evaluate
from skc.expression.lower import lower
from skc.expression.parse import FUNCTIONS, Node, names, parse
from skc.expression.unparse import unparse

__all__ = [
    "FUNCTIONS",
    "ExpressionError",
    "Node",
    "Typed",
    "check",
    "decides_on",
    "evaluate",
    "lower",
    "names",
    "near_literals",
    "outcomes",
    "parse",
    "unparse",
]
