"""profile.json: for every input and output column how often it is null, its bounds, moments, quantiles and most
frequent values.

An exact function of the rows, whatever their order, files or engine. Written as canonical JSON, values in the form of
golden.jsonl: an int64, a time or a date is a decimal in a string.

What the numbers are
--------------------
nulls               rows without a value, sentinels included; every other number is about the other rows
edges, counts       the order statistics x_⌈k·n/100⌉ of the n values for k = 1 … 99, each once, and the number of values
                    in every bin (−∞, e_0], (e_0, e_1], …, (e_last, ∞): ties make them unequal
mean, deviation     of the exact sums, rounded once, ddof 0; null if there are infinities, or a sum might overflow
categories          the most frequent values with their counts, by descending count, ties by value
other               how many values are not listed, and in how many rows
ages                how old the times of inputs were at the moment of their row, in microseconds
before_where        the rows that `where` selected from, and what of them can be counted in one scan
outputs             the same of the output columns, as serving computes them, over the rows that are not refused, and
                    what the steps met on the way; those that need an input that is left out are left out too
drift               what `drift` of the pipeline says, if anything: the levels minor, moderate and severe by measure
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from skc.diagnostics import fail
from skc.ir import DriftScales
from skc.profile import PROFILE
from skc.profile.scales_json import drift_from_json, drift_to_json
from skc.values.canonical import canonical
from skc.values.types import Scalar
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.golden import decode_value, encode_value
from skc_runtime.kinds import DTYPES, KINDS, DType
from skc_runtime.strict_json import Fields, malformed, parse

FORMAT = 1
WHERE = "data/where"  # as reports and thresholds call what `where` excludes
# A sample only typed the inputs of an estimator that was fitted elsewhere; a table is any other, frozen by its own.
Rows = Literal["training", "sample", "table"]


@dataclass(frozen=True)
class Numbers:
    """The distribution of a column of an ordered type.

    `low` and `high` are None if they are left out of the profile, `mean` and `deviation` where there is none.
    """

    zeros: int
    infinite: tuple[int, int]  # −∞ and ∞
    low: Scalar
    high: Scalar
    mean: float | None
    deviation: float | None
    edges: tuple[float | int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Categories:
    """The most frequent values of a column with their counts; `other_values` more are in `other_rows` rows."""

    counts: tuple[tuple[Scalar, int], ...]
    other_values: int
    other_rows: int


@dataclass(frozen=True)
class ColumnProfile:
    """One input. `numbers` is None for strings, bools, and if there is no value; `categories` for most numbers."""

    name: str
    dtype: DType
    nulls: int
    distinct: int
    numbers: Numbers | None
    categories: Categories | None


@dataclass(frozen=True)
class OutputProfile:
    """A column of an output, of the output's type."""

    output: str
    column: ColumnProfile

    @property
    def label(self) -> str:
        """As reports and thresholds call it."""
        return f"{self.output}.{self.column.name}"


@dataclass(frozen=True)
class StepCount:
    """In how many rows a value of column `input` of a step was of a kind: one of the signals (null, unknown, invalid,
    clipped, outside), of the rows that are served, or the code of a guard, which refuses the row.
    """

    step: str
    input: str
    kind: str
    rows: int

    @property
    def label(self) -> str:
        """As reports and thresholds call it."""
        return f"{self.step} {self.input} {self.kind}"


@dataclass(frozen=True)
class OutputsProfile:
    """Output columns over `rows` rows; `refused` more have none. `steps` has what the steps met in all of these."""

    rows: int
    refused: int
    columns: tuple[OutputProfile, ...]
    steps: tuple[StepCount, ...] = ()


@dataclass(frozen=True)
class AgeProfile:
    """The ages of an input of times: the moment of each row minus the value, an int64 in microseconds. They are whole
    days if `in_days`: then both times are taken as dates.
    """

    column: ColumnProfile
    in_days: bool

    @property
    def label(self) -> str:
        """As reports and thresholds call it."""
        return f"age of {self.column.name}"


@dataclass(frozen=True)
class AgesProfile:
    """The ages of all inputs that have any, over `rows` rows. `moment` is the column that has their moments."""

    moment: str
    rows: int
    columns: tuple[AgeProfile, ...]


@dataclass(frozen=True)
class InputBefore:
    """An input over all rows, those that `where` excluded too. `zeros`, `infinite` (−∞ and ∞) and the bounds are of an
    ordered type other than bool, and None without values.
    """

    name: str
    dtype: DType
    nulls: int
    zeros: int | None = None
    infinite: tuple[int, int] | None = None
    low: Scalar = None
    high: Scalar = None


@dataclass(frozen=True)
class BeforeWhere:
    """All `rows` rows that the predicate `where` selected from. It is None if it names an input that is left out."""

    where: str | None
    rows: int
    columns: tuple[InputBefore, ...]


@dataclass(frozen=True)
class Profile:
    """All inputs that are not left out, in the order of the pipeline, over `rows` rows, and the output columns, where
    they were computed. `before` is None where all rows were selected, `ages` where nothing has an age.
    """

    of: Rows
    rows: int
    columns: tuple[ColumnProfile, ...]
    drift: DriftScales = field(default_factory=DriftScales)
    outputs: OutputsProfile | None = None
    before: BeforeWhere | None = None
    ages: AgesProfile | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Every column of a report, as thresholds call it. A null that a step met is one of an input."""
        inputs = [column.name for column in self.columns]
        inputs += [WHERE] if self.before is not None and self.before.where is not None else []
        inputs += [] if self.ages is None else [one.label for one in self.ages.columns]
        if self.outputs is None:
            return tuple(inputs)
        steps = [step.label for step in self.outputs.steps if step.kind != "null"]
        return (*inputs, *(one.label for one in self.outputs.columns), *steps)


def dumps(profile: Profile) -> bytes:
    """The profile as profile.json."""
    text = canonical(
        {
            "skc": "profile",
            "format": FORMAT,
            "of": profile.of,
            "rows": profile.rows,
            "columns": [_column_to_json(column) for column in profile.columns],
            "outputs": None if profile.outputs is None else _outputs_to_json(profile.outputs),
            "before_where": None if profile.before is None else _before_to_json(profile.before),
            **({} if profile.ages is None else {"ages": _ages_to_json(profile.ages)}),
            **({} if profile.drift == DriftScales() else {"drift": drift_to_json(profile.drift)}),
        }
    )
    return f"{text}\n".encode()


def _outputs_to_json(outputs: OutputsProfile) -> dict[str, Any]:
    columns = [{"output": one.output, **_column_to_json(one.column)} for one in outputs.columns]
    steps = [{"step": s.step, "input": s.input, "kind": s.kind, "rows": s.rows} for s in outputs.steps]
    return {"rows": outputs.rows, "refused": outputs.refused, "columns": columns, "steps": steps}


def _ages_to_json(ages: AgesProfile) -> dict[str, Any]:
    columns = [{**_column_to_json(one.column), "in_days": one.in_days} for one in ages.columns]
    return {"moment": ages.moment, "rows": ages.rows, "columns": columns}


def _before_to_json(before: BeforeWhere) -> dict[str, Any]:
    return {"where": before.where, "rows": before.rows, "columns": [_input_to_json(one) for one in before.columns]}


def _input_to_json(one: InputBefore) -> dict[str, Any]:
    document: dict[str, Any] = {"name": one.name, "type": one.dtype, "nulls": one.nulls, "numbers": None}
    if one.zeros is not None and one.infinite is not None:
        bounds = {key: encode_value(KINDS[one.dtype].element, getattr(one, key)) for key in ("low", "high")}
        document["numbers"] = {"zeros": one.zeros, "infinite": list(one.infinite), **bounds}
    return document


def _column_to_json(column: ColumnProfile) -> dict[str, Any]:
    element = KINDS[column.dtype].element
    document: dict[str, Any] = {
        "name": column.name,
        "type": column.dtype,
        "nulls": column.nulls,
        "distinct": column.distinct,
    }
    if column.numbers is not None:
        numbers = column.numbers
        document["numbers"] = {
            "zeros": numbers.zeros,
            "infinite": list(numbers.infinite),
            "low": encode_value(element, numbers.low),
            "high": encode_value(element, numbers.high),
            "mean": encode_value("float64", numbers.mean),
            "deviation": encode_value("float64", numbers.deviation),
            "edges": [encode_value(element, edge) for edge in numbers.edges],
            "counts": list(numbers.counts),
        }
    if column.categories is not None:
        document["categories"] = [[encode_value(element, value), n] for value, n in column.categories.counts]
        document["other"] = {"values": column.categories.other_values, "rows": column.categories.other_rows}
    return document


def loads(text: bytes) -> Profile:
    """The profile in a file. Raises SKC401 (not a profile), SKC402 (a newer format)."""
    try:
        fields = Fields(parse(text, PROFILE), PROFILE)
        fields.one_of("skc", "profile")
        version = fields.number("format", 0)
        if version != FORMAT:
            message = f"profile format {version} is not supported by this version of skc, which reads {FORMAT}"
            raise fail("SKC402", message, hint="install a newer skc")
        of = cast(Rows, fields.one_of("of", *get_args(Rows)))
        rows = _count(fields, "rows")
        columns = tuple(_column_from_json(item, rows) for item in fields.objects("columns"))
        drift = drift_from_json(fields.object("drift")) if "drift" in fields else DriftScales()
        written = fields.optional_object("outputs")
        outputs = None if written is None else _outputs_from_json(written)
        all_rows = fields.optional_object("before_where")
        before = None if all_rows is None else _before_from_json(all_rows, rows)
        ages = _ages_from_json(fields.object("ages")) if "ages" in fields else None
        profile = Profile(of, rows, columns, drift, outputs, before, ages)
        fields.done()
    except SkcRuntimeError as error:
        hint = "the file is damaged or was edited; compile the pipeline again"
        raise fail("SKC401", f"{PROFILE} cannot be read: {error.message}", hint=hint) from None
    return profile


def _ages_from_json(fields: Fields) -> AgesProfile:
    moment, rows, columns = fields.text("moment"), _count(fields, "rows"), []
    for item in fields.objects("columns"):
        in_days = item.flag("in_days")
        column = _column_from_json(item, rows)
        if column.dtype != "int64" or column.numbers is None:
            raise malformed(item.location, "ages are numbers, in microseconds")
        columns.append(AgeProfile(column, in_days))
    fields.done()
    return AgesProfile(moment, rows, tuple(columns))


def _before_from_json(fields: Fields, selected: int) -> BeforeWhere:
    where, rows = fields.optional_text("where"), _count(fields, "rows")
    columns = tuple(_input_from_json(item, rows) for item in fields.objects("columns"))
    fields.done()
    if rows < selected:
        raise malformed(fields.location, f"{selected} rows were selected from fewer")
    return BeforeWhere(where, rows, columns)


def _input_from_json(fields: Fields, rows: int) -> InputBefore:
    name, dtype = fields.text("name"), cast(DType, fields.one_of("type", *DTYPES))
    one = InputBefore(name, dtype, _count(fields, "nulls"))
    numbers = fields.optional_object("numbers")
    fields.done()
    if numbers is not None:
        low, high = (decode_value(KINDS[dtype].element, numbers.take(key), fields.location) for key in ("low", "high"))
        infinite = _counts(numbers.items("infinite"), fields.location)
        if len(infinite) != 2:
            raise malformed(fields.location, "`infinite` is two counts")
        one = InputBefore(name, dtype, one.nulls, _count(numbers, "zeros"), (infinite[0], infinite[1]), low, high)
        numbers.done()
    if one.nulls + max(one.zeros or 0, sum(one.infinite or ())) > rows:
        raise malformed(fields.location, f"the counts are more than the {rows} rows")
    return one


def _outputs_from_json(fields: Fields) -> OutputsProfile:
    rows, refused = _count(fields, "rows"), _count(fields, "refused")
    columns = tuple(
        OutputProfile(item.text("output"), _column_from_json(item, rows)) for item in fields.objects("columns")
    )
    steps = tuple(_step_from_json(item, rows + refused) for item in fields.objects("steps"))
    fields.done()
    return OutputsProfile(rows, refused, columns, steps)


def _step_from_json(fields: Fields, rows: int) -> StepCount:
    step = StepCount(fields.text("step"), fields.text("input"), fields.text("kind"), _count(fields, "rows"))
    fields.done()
    if step.rows > rows:
        raise malformed(fields.location, f"the count is more than the {rows} rows")
    return step


def _column_from_json(fields: Fields, rows: int) -> ColumnProfile:
    name, dtype = fields.text("name"), cast(DType, fields.one_of("type", *DTYPES))
    nulls, distinct = _count(fields, "nulls"), _count(fields, "distinct")
    numbers = _numbers(fields.object("numbers"), dtype) if "numbers" in fields else None
    categories = _categories(fields, dtype) if "categories" in fields else None
    fields.done()
    for counts in (
        () if numbers is None else numbers.counts,
        () if categories is None else (*(n for _, n in categories.counts), categories.other_rows),
    ):
        if counts and sum(counts) != rows - nulls:
            raise malformed(fields.location, f"the counts do not add up to the {rows - nulls} values")
    return ColumnProfile(name, dtype, nulls, distinct, numbers, categories)


def _numbers(fields: Fields, dtype: DType) -> Numbers:
    element, at = KINDS[dtype].element, fields.location
    low, high = (decode_value(element, fields.take(key), at) for key in ("low", "high"))
    mean, deviation = (decode_value("float64", fields.take(key), at) for key in ("mean", "deviation"))
    edges = tuple(decode_value(element, value, at) for value in fields.items("edges"))
    counts = _counts(fields.items("counts"), at)
    infinite = _counts(fields.items("infinite"), at)
    zeros = _count(fields, "zeros")
    fields.done()
    is_increasing = all(edge is not None for edge in edges) and list(edges) == sorted(set(edges))
    if not is_increasing or len(counts) != len(edges) + 1 or len(infinite) != 2:
        raise malformed(at, "the edges and counts do not belong together")
    return Numbers(zeros, (infinite[0], infinite[1]), low, high, mean, deviation, edges, counts)


def _categories(fields: Fields, dtype: DType) -> Categories:
    element, at = KINDS[dtype].element, fields.location
    pairs = fields.items("categories")
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise malformed(at, "a category is a value and a count")
    values = [decode_value(element, value, at) for value, _ in pairs]
    counts = tuple(zip(values, _counts([n for _, n in pairs], at), strict=True))
    other = fields.object("other")
    categories = Categories(counts, _count(other, "values"), _count(other, "rows"))
    other.done()
    return categories


def _count(fields: Fields, key: str) -> int:
    return fields.number(key, 0, 2**53)


def _counts(values: Sequence[Any], location: str) -> tuple[int, ...]:
    if not all(type(value) is int and 0 <= value <= 2**53 for value in values):
        raise malformed(location, "a count is a whole number")
    return tuple(values)


def by_name(profile: Profile) -> Mapping[str, ColumnProfile]:
    """The columns by name."""
    return {column.name: column for column in profile.columns}
