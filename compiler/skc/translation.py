"""How a fitted estimator of another library becomes steps: what an op says about it, and the columns it says it with.

An op that means the same as a class of scikit-learn claims it (`Op.sklearn`), by the full name of the class, so that no
op imports the library:

    def from_sklearn(estimator: Any, x: Columns) -> Columns:
        return x.floats(null="keep").apply(OP, Params(), State(tuple(estimator.scale_.tolist())))

Why each claim lists parameters: a newer scikit-learn may add one that changes the result. A parameter that a claim does
not list makes the front end refuse the estimator, by name, until someone has read what the parameter does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol

from skc.values.types import ValueType

Nulls = Literal["keep", "error"]
# What stands for a null in the rows that the library is given: an array of Python objects may have None, which it does
# not always take for missing, or NaN, or both of them.
NullMark = Literal["NaN", "None", "both"]


class Columns(Protocol):
    """Columns of a table on their way through the steps of an estimator. Immutable; every method returns other columns.

    They are in the order that the library has them in, and may be of different types and come from different steps.
    """

    @property
    def types(self) -> tuple[ValueType, ...]:
        """The type of each column."""

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each column, for messages."""

    @property
    def marks(self) -> tuple[NullMark, ...]:
        """What stands for a null in each column."""

    @property
    def levels(self) -> tuple[Sequence[Any] | None, ...]:
        """All values that each column can hold; None where they are not known."""

    @property
    def is_raw(self) -> bool:
        """Whether every column is one of the table that the estimator is given, as it has it."""

    def floats(self, *, null: Nulls, largest: Literal["float64", "float32"] = "float64") -> Columns:
        """The columns as float64, as a library does that converts its input and then refuses what is not finite.

        Rows with an infinity are refused, and those with a null unless it is to be kept; with `largest="float32"` also
        those with a number that float32 does not hold. Raises SKC158 for columns that are not numbers.
        """

    def numbers(self) -> Columns:
        """The columns as float64, unchecked. Raises SKC158 for columns that are not numbers."""

    def filled(self, value: float) -> Columns:
        """The columns as float64 with a value for each null, as a library does that does not check its input.

        Raises SKC158 for columns that are not numbers.
        """

    def apply(self, op: Any, params: Any, state: Any = None, *, is_finite: bool = False) -> Columns:
        """One step on all columns, which must be of one type; its output columns are the result.

        `op` is an `Op`; `state` is None for one that learns nothing. `is_finite`: no output is infinite unless an
        input is, so the next step need not look again.
        """

    def pick(self, positions: Sequence[int]) -> Columns:
        """Some of the columns, by position and in that order."""

    def beside(self, *others: Columns) -> Columns:
        """These columns, then those of the others."""

    def warn(self, concern: Any) -> None:
        """Warn of something about these columns, by an `op.Concern` in the words of the library."""

    def predict(self, estimator: Any) -> Model:
        """What another fitted estimator, which is part of one that is read, predicts for these columns."""


@dataclass(frozen=True)
class Model:
    """What a fitted predictor gives, as columns.

    `prediction` is one column of the type of the target, or several where there are several targets; `probability` has
    one per class, `decision` as many as `decision_function` gives. `classes` name the columns of `probability`, and
    those of `decision` if there are as many; they are empty for a regressor. `noise` are the bounds of the rounding
    errors of `decision`, where they are known: another model may decide by it.
    """

    prediction: Columns
    probability: Columns | None = None
    decision: Columns | None = None
    classes: tuple[str, ...] = ()
    noise: Columns | None = None


@dataclass(frozen=True)
class Claim:
    """`read` turns a fitted estimator and its input columns into the columns of its `transform`, `predict` into those
    of its `predict`; either refuses by an SkcError, and is None where the class does not have that method.

    `parameters` are those that both take into account, at every value or by a refusal; `ignored` those that do not
    change a value, once it is fitted: how it was fitted, how fast, in how much memory, or in what container.
    """

    read: Callable[[Any, Columns], Columns] | None
    parameters: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    predict: Callable[[Any, Columns], Model] | None = None


def apply_each(op: Any, x: Columns, parts: Sequence[tuple[Any, Any]]) -> Columns:
    """A columnwise step whose columns differ in type or in parameters: one step for each that they share.

    `parts[k]` are the parameters and the state of column k alone. The output columns are in the order of the columns.
    """
    groups: dict[tuple[Any, ...], list[int]] = {}
    for k, (params, _) in enumerate(parts):
        groups.setdefault((x.types[k].dtype, x.types[k].nullable, params), []).append(k)
    outputs: list[Columns] = []
    places: dict[int, list[int]] = {}
    at = 0
    for (_, _, params), members in groups.items():
        states = [parts[k][1] for k in members]
        state = type(states[0])(*(sum((getattr(s, f.name) for s in states), ()) for f in fields(states[0])))
        outputs.append(x.pick(members).apply(op, params, state, is_finite=True))
        for k, names in zip(members, op.names(params, state, tuple(x.names[k] for k in members)), strict=True):
            places[k] = list(range(at, at + len(names)))
            at += len(names)
    return x.pick(()).beside(*outputs).pick([place for k in range(len(parts)) for place in places[k]])
