"""What is compared: the columns with their types and nulls, the key, the times, and how much the store may lag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from skc.data.sources import resolve
from skc.data.stored import input_of, stored_columns, time_of
from skc.diagnostics import did_you_mean, fail
from skc.ir import DataSource, Input, ReadOptions
from skc.skew.keys.template import KeyTemplate
from skc.skew.parity.keys import KEYS
from skc.values.types import Scalar

SCHEMA = "schema"  # the field of an online row that says which version wrote it


@dataclass(frozen=True)
class Contract:
    """The columns that the two sides should agree on, and how their values are read: as the artifact reads them."""

    name: str
    plan: str  # hash; empty without an artifact
    inputs: tuple[Input, ...]
    reading: ReadOptions = field(default_factory=ReadOptions)
    sentinels: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)  # values that count as null, by input


@dataclass(frozen=True)
class Question:
    """What is to be compared. `lag` is in microseconds, None if no older value is allowed; `sample` is how many keys,
    None for all.
    """

    key: str
    online_key: str
    template: KeyTemplate | None = None
    time: str | None = None
    lag: int | None = None
    sample: int | None = None
    version: str | None = None
    threads: int | None = None


@dataclass(frozen=True)
class Fields:
    """The columns of a table that are read: the key, the time, the version of the row, and those to compare."""

    key: Input
    time: Input | None
    schema: Input | None
    inputs: tuple[Input, ...]

    @property
    def all(self) -> tuple[Input, ...]:
        """Each column once, though the key or the time may be compared too."""
        extra = [i for i in (self.key, self.time, self.schema) if i is not None]
        return tuple({i.name: i for i in (*self.inputs, *extra)}.values())


def fields_of(data: Any, contract: Contract, key: str, time: str | None, threads: int | None, what: str) -> Fields:
    """The columns of a table by their types. `what` is "offline" or "online"; an online table need have no time.

    Raises SKC200 to SKC205, SKC623, SKC625, SKC673.
    """
    source, _ = resolve(data, DataSource(options=contract.reading))
    stored = stored_columns(source, threads)
    known = {column.name: column for column in stored}
    if key not in known:
        hint = did_you_mean(key, known) or f"name a column of it: {', '.join(list(known)[:10])}"
        raise fail("SKC673", f"the {what} table has no column `{key}`, which is the key", hint=hint)
    natural = known[key].dtype
    is_number = natural in ("int64", "float64", "float32")  # floats, where pandas had a null among the keys
    kind: Any = "int64" if is_number else natural
    if kind not in KEYS:
        raise fail("SKC673", f"the key `{key}` of the {what} table is {known[key].kind}", hint="use texts or integers")
    own = {i.name: i for i in contract.inputs}
    inputs = tuple(readable(own[name]) for name in own if name in known and name != time)
    inputs = tuple(i for i in inputs if i.name != key)
    if not inputs:
        names = ", ".join(f"`{name}`" for name in list(own)[:10])
        some = ", ".join(f"`{name}`" for name in sorted(known)[:10])
        hint = "give a table whose columns have the names of the inputs"
        raise fail("SKC625", f"the {what} table has none of the columns {names}", hint=hint, notes=[f"columns: {some}"])
    schema = SCHEMA if what == "online" and SCHEMA in known and SCHEMA not in own else None
    return Fields(
        Input(key, kind, nullable=True),
        None if time is None or (what == "online" and time not in known) else time_of(time, stored, own.get(time)),
        None if schema is None else replace(input_of(SCHEMA, stored), dtype="string"),
        inputs,
    )


def readable(value: Input) -> Input:
    """An input that takes nulls, and numbers that are written as texts, as a store may hold them."""
    return replace(value, nullable=True, nan="null", text="number" if value.kind.is_number else value.text)
