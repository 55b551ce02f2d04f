"""Random well-typed texts for `expr`, over names whose types are known. `expression_trees` makes the same for
Hypothesis
over fixed columns, with a second interpreter; here the names are those of a whole pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

from skc_runtime.kinds import DType

Names = Mapping[DType, Sequence[str]]
FLOATS = ("0.0", "(-0.0)", "0.5", "1.5", "1e308", "(-1e308)", "5e-324", "9007199254740993.0", "0.1")
INTS = ("0", "1", "2", "(-7)", "9007199254740993", "9223372036854775807", "(-9223372036854775808)")
WORDS = ("'a'", "''", "'é'", "'😀'", "'it\\'s'")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def random_expression(r: Random, names: Names) -> tuple[str, DType, bool]:
    """A text that uses at least one name, its type, and whether it is exact. `names` has exact values of any type."""
    dtypes: tuple[DType, ...] = ("float64", "float64", "int64", "bool", "string", "timestamp", "date")
    possible = [d for d in dtypes if names.get(d) or d in ("float64", "int64", "bool")]
    known = [name for group in names.values() for name in group]
    for _ in range(50):
        dtype = r.choice(possible)
        text = _text(r, names, dtype, r.randint(1, 3))
        if _uses(text, known):
            break
    else:
        text, dtype = _is_null(r, names, "bool", 0), "bool"
    if dtype == "float64" and r.random() < 0.2:
        function = r.choice(("log", "log1p", "exp", "sin", "cos"))
        return f"{function}({text}){r.choice(('', ' * 2', ' + 1e-50', ' / 3'))}", dtype, False
    return text, dtype, True


def _uses(text: str, known: Sequence[str]) -> bool:
    """Whether a name is in the text, apart from literals and functions."""
    bare = re.sub(r"'(\\'|[^'])*'", "", text)
    words = "".join(c if c.isidentifier() or c.isdigit() else " " for c in bare).split()
    return any(name in words for name in known)


def _text(r: Random, names: Names, dtype: DType, depth: int) -> str:
    if depth == 0 or r.random() < 0.15:
        return _leaf(r, names, dtype)
    makers = {"float64": _float, "int64": _int, "bool": _bool}
    if dtype not in makers or r.random() < 0.25:
        return _choice(r, names, dtype, depth - 1)
    return makers[dtype](r, names, depth - 1)


def _leaf(r: Random, names: Names, dtype: DType) -> str:
    literals = {"float64": FLOATS, "int64": INTS, "bool": ("true", "false"), "string": WORDS}.get(dtype, ())
    mine = tuple(names.get(dtype, ()))
    return r.choice(mine) if mine and (not literals or r.random() < 0.7) else r.choice(literals)


def _float(r: Random, names: Names, depth: int) -> str:
    a, b = (_text(r, names, r.choice(("float64", "float64", "int64")), depth) for _ in range(2))
    a_float = _text(r, names, "float64", depth)
    forms = (
        f"({a_float} + {b})",
        f"({b} - {a_float})",
        f"({a_float} * {b})",
        f"({a} / {b})",
        f"({a_float} ** {r.randint(0, 5)})",
        f"sqrt({a_float})",
        f"abs({a_float})",
        f"max({a_float}, {b})",
        f"min({b}, {a_float})",
        f"{r.choice(('floor', 'ceil', 'round'))}({a_float})",
    )
    return r.choice(forms)


def _int(r: Random, names: Names, depth: int) -> str:
    a, b = _text(r, names, "int64", depth), _text(r, names, "int64", depth)
    divisor = r.choice(("3", "(-2)", "1", "9223372036854775807"))
    forms = (
        f"({a} + {b})",
        f"({a} - {b})",
        f"({a} * {b})",
        f"({a} // {divisor})",
        f"({a} % {divisor})",
        f"min({a}, {b})",
        f"({a} ** {r.randint(0, 3)})",
        f"abs({a})",
    )
    return r.choice(forms)


def _bool(r: Random, names: Names, depth: int) -> str:
    of: DType = r.choice(("float64", "int64", "string", "bool", "timestamp", "date"))
    if of in ("timestamp", "date") and not names.get(of):
        of = "float64"
    a, b = _text(r, names, of, depth), _text(r, names, of, depth)
    symbol = r.choice(COMPARISONS[:2] if of in ("string", "bool") else COMPARISONS)
    p, q = _text(r, names, "bool", depth), _text(r, names, "bool", depth)
    forms = (
        f"({a} {symbol} {b})",
        f"({a} {symbol} {b})",
        f"({p} and {q})",
        f"({p} or {q})",
        f"(not {p})",
        _is_null(r, names, of, depth),
        f"({_text(r, names, 'string', depth)} in ('a', '', 'é'))",
    )
    return r.choice(forms)


def _is_null(r: Random, names: Names, dtype: DType, depth: int) -> str:
    present = [name for group in names.values() for name in group]
    return (
        f"is_null({r.choice(present)})"
        if r.random() < 0.5 or depth == 0
        else f"is_null({_text(r, names, dtype, depth)})"
    )


def _choice(r: Random, names: Names, dtype: DType, depth: int) -> str:
    a, b = _text(r, names, dtype, depth), _text(r, names, dtype, depth)
    condition = _text(r, names, "bool", depth)
    return r.choice((f"({a} if {condition} else {b})", f"({a} if {condition} else null)", f"coalesce({a}, {b})"))
