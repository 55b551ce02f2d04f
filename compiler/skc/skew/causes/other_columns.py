"""The value of another column, or of a step before the last."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from skc.skew.causes.column import Column, Compared, Role
from skc.skew.causes.evidence import Guess, bits_of_values, close, near

_ORDER: tuple[tuple[Role, str], ...] = (
    ("feature", "the value of feature `{}`"),
    ("input", "the value of input `{}` as it is"),
    ("step", "the value of step `{}`"),
)


def another_column(case: Compared) -> Iterator[Guess]:
    """Features first, then inputs, then the values of steps."""
    for role, text in _ORDER:
        for column in case.context.columns:
            itself = column.name == case.recomputed.name and column.role == case.recomputed.role
            if column.role == role and not itself:
                yield from _one(case, column, text.format(column.name))


def _one(case: Compared, column: Column, text: str) -> Iterator[Guess]:
    if case.served.kind == "string" or column.kind == "string":
        if case.texts is None or column.kind != "string":
            return
        equal = (column.values == case.served.values) & ~column.missing & ~case.served.missing
        holds = equal | (column.missing & case.served.missing)
        tells = (column.values != case.recomputed.values) | (column.missing != case.recomputed.missing)
    else:
        assert case.numbers is not None
        assert column.numbers is not None
        holds, tells = near(case, column.numbers), ~close(case, column.numbers, case.numbers[1])
    if not holds[case.differs].all():
        return
    bits = bits_of_values(np.where(column.missing, "\0null", column.values.astype(str))[case.differs])
    yield Guess("another_column", text, holds, bits, 0, {"column": column.name, "role": column.role}, tells)
