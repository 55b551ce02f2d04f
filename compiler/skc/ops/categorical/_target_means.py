"""The encodings that `target_encode` learns, computed as fractions and rounded once, so that the order of rows, their
number and the engine cannot change a bit. The formulas are those of scikit-learn's `TargetEncoder` (equations 5 to 7 of
Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes", 2001).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from skc.op import refuse
from skc.ops.categorical._categories import Keys
from skc.stats.requests import Grouped, Moments
from skc.values.types import Scalar

TargetType = Literal["auto", "continuous", "binary", "multiclass"]
NONE = Moments(0, 0, 0)
Means = tuple[
    tuple[float, ...], ...
]  # per class: of each key, of null, of unknown; by all rows, then without each fold


@dataclass(frozen=True)
class State:
    """`classes` has, per column, the names of the classes, if it has a value for each."""

    categories: tuple[Keys, ...]
    values: tuple[Means, ...]
    classes: tuple[tuple[str, ...], ...]


def learned(grouped: Grouped, folds: int, smooth: float | Literal["auto"]) -> tuple[Keys, Means]:
    """The categories, ascending, and their values for each number or class that the target has. Of two classes only
    the second has values.
    """
    keys: Keys = tuple(sorted({value for value, _ in grouped.moments if value is not None}))
    chosen = [1] if len(grouped.classes) == 2 else range(max(1, len(grouped.classes)))
    return keys, tuple(tuple(_means(grouped, (*keys, None), folds, smooth, j)) for j in chosen)


def check_classes(classes: Sequence[Scalar], target_type: TargetType) -> None:
    """Refuse classes of another number than the type of the target has. Raises SKC216."""
    classes_text = f"the target has {len(classes)} {'class' if len(classes) == 1 else 'classes'}"
    if len(classes) == 1:
        raise refuse(
            "SKC216", f"{classes_text}, and there is nothing to learn from one", hint="give rows of other classes too"
        )
    if len(classes) > 2 and target_type == "binary":
        raise refuse(
            "SKC216", f"{classes_text}, and `target_type: binary` takes 2", hint="write `target_type: multiclass`"
        )
    if len(classes) == 2 and target_type == "multiclass":
        raise refuse("SKC216", f"{classes_text}, and one column shows both", hint="write `target_type: binary`")


def _means(
    grouped: Grouped, values: Sequence[Scalar], folds: int, smooth: float | Literal["auto"], j: int
) -> Iterator[float]:
    by_fold = [[grouped.moments.get((value, f), (NONE,) * (j + 1))[j] for f in range(folds)] for value in values]
    in_folds = [_sum(column) for column in zip(*by_fold, strict=True)]
    for left_out in (None, *range(folds)):
        rest = _without(in_folds, left_out)
        mean = _rounded(rest.total, rest.rows, grouped.scale)
        for own in by_fold:
            fraction = _encoding(_without(own, left_out), rest, smooth)
            yield mean if fraction is None else _rounded(*fraction, grouped.scale)
        yield mean


def _sum(moments: Iterable[Moments]) -> Moments:
    return Moments(*map(sum, zip(*moments, strict=True)))


def _without(by_fold: Sequence[Moments], left_out: int | None) -> Moments:
    return _sum(moments for f, moments in enumerate(by_fold) if f != left_out)


def _encoding(own: Moments, rest: Moments, smooth: float | Literal["auto"]) -> tuple[int, int] | None:
    """The encoding of a category as a fraction, to be scaled; None if it is the mean of the target."""
    if smooth == "auto":
        return _shrunk(own, rest)
    a, b = Fraction(smooth).as_integer_ratio()
    weight = own.rows * b + a
    return (own.total * rest.rows * b + a * rest.total, rest.rows * weight) if weight else None


def _shrunk(own: Moments, rest: Moments) -> tuple[int, int] | None:
    """λ·mean + (1 − λ)·mean of all, where λ = V·n / (V·n + v), with V = `variance` / N² and v = `own_variance` / n²."""
    variance, own_variance = (m.squares * m.rows - m.total**2 for m in (rest, own))
    weight, other = variance * own.rows**3, own_variance * rest.rows**2
    if weight + other == 0:  # no row, or targets that are all equal
        return None
    total = weight * own.total * rest.rows + other * rest.total * own.rows
    return total, (weight + other) * own.rows * rest.rows


def _rounded(numerator: int, denominator: int, scale: int) -> float:
    """numerator / denominator · 2^-scale. Python rounds the quotient of two integers correctly."""
    return numerator / (denominator << scale) if scale >= 0 else (numerator << -scale) / denominator
