"""The columns that flow between the steps of an estimator, and the definitions of the steps made on the way."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal, cast

import numpy as np

from skc.diagnostics import fail
from skc.frontend.definitions import ALWAYS_INPUT, FeatureDefinition, Name, Selector, StepDefinition
from skc.infer import input_levels, output_levels, output_type
from skc.ir import EXPRESSION, Input
from skc.op import CASTS, AnyOp, Concern, Known, NoState
from skc.ops import CAST, FINITE, IMPUTE, OPS, STAND_IN
from skc.translation import Columns, Model, NullMark, Nulls
from skc.values.types import ValueType, column_block
from skc_runtime.kinds import KINDS

FLOATS = "float64"


@dataclass(frozen=True)
class Column:
    """One column: the `index`-th of an input or a feature.

    `checked` says that a step has refused what is not finite: "keep" rows with an infinity, "error" those with a null
    as well. `known` are all values that it can hold, if they are known.
    """

    source: str
    index: int
    x: ValueType
    name: str
    checked: Nulls | None = None
    known: Known = None

    @property
    def is_input(self) -> bool:
        return self.source.startswith(ALWAYS_INPUT)


@dataclass
class Recorder:
    """The features that an estimator has become so far, under names that no other has."""

    inputs: Sequence[Input]
    marks: Mapping[str, NullMark] = field(default_factory=dict)  # of inputs whose nulls are not NaN
    features: list[FeatureDefinition] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    widths: dict[str, int] = field(default_factory=dict)  # columns of each input and feature
    taken_by: dict[str, tuple[ValueType, ...]] = field(default_factory=dict)  # the types of what each step takes
    converted: dict[Column, Column] = field(default_factory=dict)  # to float64
    finite: dict[tuple[Column, Nulls], Column] = field(default_factory=dict)
    concerns: list[tuple[str, Concern, str]] = field(default_factory=list)  # about a step, and the name of a column

    def __post_init__(self) -> None:
        self.taken |= {i.name for i in self.inputs}
        self.widths |= {f"{ALWAYS_INPUT}{i.name}": 1 for i in self.inputs}

    def raw(self) -> Table:
        """The inputs, as columns."""
        types = [ValueType(i.dtype, nullable=i.nullable) for i in self.inputs]
        columns = [
            Column(f"{ALWAYS_INPUT}{i.name}", 0, x, i.name, known=input_levels(i)[0])
            for i, x in zip(self.inputs, types, strict=True)
        ]
        return Table(self, "", tuple(columns))

    def unique(self, name: str) -> str:
        """The name, or with the first free number after it."""
        chosen, number = name, 2
        while chosen in self.taken or chosen.replace("/", "__") in self.taken:
            chosen, number = f"{name}_{number}", number + 1
        self.taken |= {chosen, chosen.replace("/", "__")}
        return chosen

    def sources(self, columns: Iterable[Column], *, singly: bool = False) -> tuple[Name, ...]:
        """The columns as a definition names them: neighbours of one value together, a whole value without positions.

        `singly`: each with its position, for an op that takes single columns of values whose width is known later.
        """
        if singly:
            return tuple(Name(c.source, columns=None if c.is_input else (c.index,)) for c in columns)
        names: list[Name] = []
        for source, group in groupby(columns, key=lambda column: column.source):
            positions = tuple(column.index for column in group)
            is_whole = positions == tuple(range(self.widths[source]))
            names.append(Name(source, columns=None if is_whole else positions))
        return tuple(names)

    def record(
        self, path: str, op: AnyOp, params: Any, state: Any, columns: Sequence[Column], *, is_finite: bool
    ) -> tuple[Column, ...]:
        """Define one step on columns; returns the columns that it makes."""
        state = NoState() if state is None else state
        output = output_type(op, params, [column.x for column in columns])
        step = self.unique(path)
        feature = step.replace("/", "__")
        self.features.append(
            FeatureDefinition(
                feature,
                self.sources(columns, singly=op.is_variadic(params)),
                (StepDefinition(op, params, state, name=step),),
            )
        )
        groups = op.names(params, state, tuple(column.name for column in columns))
        # only a float can be infinite, so nothing else needs a check
        checked: list[Nulls | None] = [c.checked if c.x.kind.is_float else "error" for c in columns]
        still: Nulls | None = None
        if is_finite and None not in checked:
            still = "keep" if output.nullable and output.kind.is_float else "error"
        known = output_levels(op, params, state, columns[0].x, output, groups, [c.known for c in columns])
        names = [name for group in groups for name in group]
        self.widths[feature], self.taken_by[feature] = len(names), tuple(column.x for column in columns)
        one = output.with_(width=1)
        return tuple(Column(feature, i, one, name, still, known[i]) for i, name in enumerate(names))

    def record_expression(self, path: str, text: str, names: Sequence[str], columns: Sequence[Column]) -> Column:
        """Define one column by an expression, whose names are the columns, in order."""
        expr = OPS[EXPRESSION]
        params = expr.params(expression=text, names=tuple(names))
        output = output_type(expr, params, [column.x for column in columns])
        step = self.unique(path)
        feature = step.replace("/", "__")
        sources = tuple(Name(c.source, columns=None if self.widths[c.source] == 1 else (c.index,)) for c in columns)
        self.features.append(FeatureDefinition(feature, sources, (StepDefinition(expr, params, NoState(), name=step),)))
        self.widths[feature], self.taken_by[feature] = 1, tuple(column.x for column in columns)
        known = output_levels(expr, params, NoState(), columns[0].x, output, ((text,),), [c.known for c in columns])
        return Column(feature, 0, output, text, known=known[0])

    def guards_behind(self, columns: Iterable[Column]) -> set[str]:
        """The features behind some columns whose step may refuse a row."""
        names, guarding = {column.source for column in columns}, set[str]()
        for feature in reversed(self.features):
            if feature.name in names and not isinstance(feature.sources, Selector):
                names |= {source.text for source in feature.sources}
                (step,) = feature.steps
                if _may_refuse(step.op, step.params, step.state, self.taken_by[feature.name]):
                    guarding.add(feature.name)
        return guarding


def _may_refuse(op: AnyOp, params: Any, state: Any, types: Sequence[ValueType]) -> bool:
    """Whether a step has guards: it makes them for whatever row, as `apply` shows for one of zeros."""
    blocks = [column_block(x.dtype, [KINDS[x.dtype].zero], nullable=x.nullable) for x in types]
    with np.errstate(all="ignore"):
        return bool(op.apply(params, state, *op.arguments(params, blocks)).guards)


@dataclass(frozen=True)
class Table:
    """Columns at one place of the walk; `path` names the steps made there. See `skc.translation.Columns`."""

    recorder: Recorder
    path: str
    columns: tuple[Column, ...]

    @property
    def types(self) -> tuple[ValueType, ...]:
        return tuple(column.x for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def marks(self) -> tuple[NullMark, ...]:
        marks = {f"{ALWAYS_INPUT}{name}": mark for name, mark in self.recorder.marks.items()}
        return tuple(marks.get(column.source, "NaN") for column in self.columns)

    @property
    def levels(self) -> tuple[Known, ...]:
        return tuple(column.known for column in self.columns)

    @property
    def is_raw(self) -> bool:
        return all(column.is_input for column in self.columns)

    def at(self, path: str) -> Table:
        """The same columns, at another place."""
        return replace(self, path=path)

    def pick(self, positions: Iterable[int]) -> Table:
        return replace(self, columns=tuple(self.columns[i] for i in positions))

    def refused_with(self, removed: Table) -> Table:
        """The columns, for rows that the steps of the removed ones do not refuse: scikit-learn computes all of them."""
        guards, behind = self.recorder.guards_behind, self.recorder.guards_behind(self.columns)
        kept: list[Column] = []
        for column in removed.columns:
            if guards([column]) - behind:
                behind |= guards([column])
                kept.append(column)
        if not kept or not self.columns:
            return self
        numbers = self.numbers()
        (first, *others), path = numbers.columns, f"{self.path}/removed"
        needed = replace(removed, columns=tuple(kept)).numbers().columns
        params = STAND_IN.params()
        (joined,) = self.recorder.record(path, STAND_IN, params, None, (first, first, *needed), is_finite=False)
        return replace(self, columns=(replace(joined, name=first.name, checked=first.checked), *others))

    def beside(self, *others: Columns) -> Table:
        tables = cast(tuple["Table", ...], others)  # there is no other implementation
        return replace(self, columns=(*self.columns, *(column for table in tables for column in table.columns)))

    def warn(self, concern: Concern) -> None:
        self.recorder.concerns += [(self.path, concern, column.name) for column in self.columns]

    def predict(self, estimator: Any) -> Model:
        from skc.frontend.sklearn.walk import predict  # which reads the columns of a step

        return predict(estimator, self).model

    def apply(self, op: AnyOp, params: Any, state: Any = None, *, is_finite: bool = False) -> Table:
        if not self.columns:
            return self
        output = self.recorder.record(self.path, op, params, state, self.columns, is_finite=is_finite)
        return replace(self, columns=output)

    def computed(self, text: str, names: Sequence[str]) -> Table:
        """One column by an expression, in which the columns have these names."""
        return replace(self, columns=(self.recorder.record_expression(self.path, text, names, self.columns),))

    def times(self, weight: float) -> Table:
        """Every column times a number."""
        if not math.isfinite(weight):
            raise fail("SKC151", f"a transformer has the weight {weight}", hint="give it a finite weight")
        factor = repr(float(weight)) if weight >= 0 else f"({float(weight)!r})"
        parts = [
            self.pick([k]).computed(f"{'(1.0 if c else 0.0)' if c.x.dtype == 'bool' else 'c'} * {factor}", ("c",))
            for k, c in enumerate(self.columns)
        ]
        return self.pick(()).beside(*parts)

    def of_one_kind(self) -> Table:
        """The columns as an array holds them: as float64 where they are numbers of different types."""
        return self.numbers() if len({column.x.dtype for column in self.columns}) > 1 else self

    def floats(self, *, null: Nulls, largest: Literal["float64", "float32"] = "float64") -> Table:
        if largest == FLOATS:
            return self.numbers()._finite(null)
        check = FINITE.params(null=null, largest=largest)
        checked = replace(self.numbers(), path=f"{self.path}/finite").apply(FINITE, check)
        return replace(self, columns=tuple(replace(column, checked=null) for column in checked.columns))

    def filled(self, value: float) -> Table:
        table, width = self.numbers(), len(self.columns)
        return table.apply(IMPUTE, IMPUTE.params(value=value), IMPUTE.state((value,) * width, (False,) * width))

    def numbers(self) -> Table:
        strings = [c.name for c in self.columns if not c.x.kind.is_float and FLOATS not in CASTS[c.x.dtype]]
        if strings:
            raise fail(
                "SKC158",
                f"column `{strings[0]}` is not a number, and this step takes numbers",
                hint="encode it in an earlier step, such as `OneHotEncoder`",
            )
        converted, columns = self.recorder.converted, self.columns
        for dtype in dict.fromkeys(c.x.dtype for c in columns if not c.x.kind.is_float):
            fresh = [c for c in dict.fromkeys(columns) if c.x.dtype == dtype and c not in converted]
            if fresh:
                to_float, path = CAST.params(to=FLOATS, inexact="round"), f"{self.path}/to_float"
                output = self.recorder.record(path, CAST, to_float, None, fresh, is_finite=False)
                whole = (replace(c, checked="keep" if c.x.nullable else "error") for c in output)  # never infinite
                converted.update(zip(fresh, whole, strict=True))
        return replace(self, columns=tuple(converted.get(c, c) for c in columns))

    def _finite(self, null: Nulls) -> Table:
        finite, columns = self.recorder.finite, self.columns
        enough = ("error",) if null == "error" else ("keep", "error")
        fresh = [c for c in dict.fromkeys(columns) if c.checked not in enough and (c, null) not in finite]
        if fresh:
            check, path = FINITE.params(null=null), f"{self.path}/finite"
            output = self.recorder.record(path, FINITE, check, None, fresh, is_finite=False)
            for column, checked in zip(fresh, output, strict=True):
                finite[column, null] = replace(checked, checked=null)
                if null == "error":
                    finite[column, "keep"] = finite[column, null]
        return replace(self, columns=tuple(c if c.checked in enough else finite[c, null] for c in columns))


def step_name(text: str) -> str:
    """A name that scikit-learn gave, as one part of the name of a step."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029/#]", "_", text) or "_"
