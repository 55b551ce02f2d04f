"""Rows to try a pipeline on: legal, seeded, and the same however they are held."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skc.ir import Input
from skc.rows.pool import Pool
from skc.rows.sampling import (
    HOSTILE,
    PLAIN,
    Record,
    RowsOf,
    Variations,
    hostile_values,
    is_legal,
    spread,
    to_blocks,
    unique,
)
from skc.values.types import Block, Scalar
from skc_runtime.errors import RecordError
from skc_runtime.kinds import DTYPES, DType
from skc_runtime.manifest import InputSpec
from skc_runtime.scalars import converter

INPUTS = [
    Input(f"{dtype}-{nullable}-{nan}", dtype, nullable=nullable, nan=nan)
    for dtype in get_args(DType)
    for nullable in (False, True)
    for nan in (("null", "error") if dtype == "float64" else ("null",))
]
SCALARS: list[Scalar] = [
    None, 0, 1, -1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 0.0, -0.0, 1.5, math.nan, math.inf, -math.inf,
    True, False, "", "a", "😀", "a\0b", "\ud800",
]  # fmt: skip


def spec(value: Input) -> InputSpec:
    return InputSpec(value.name, value.dtype, value.nullable, value.nan, value.name, 0, None)


@pytest.mark.parametrize("raw", INPUTS, ids=lambda raw: raw.name)
def test_what_is_legal_is_what_the_runtime_takes(raw: Input) -> None:
    """As it is: the runtime also converts (1 for 1.0), which no record here relies on."""
    convert = converter(spec(raw))
    for value in SCALARS:
        try:
            taken = convert(value)
        except RecordError:
            assert not is_legal(raw, value), value
            continue
        is_same = type(taken) is type(value) or (value is None and (taken is None or math.isnan(taken)))
        assert is_legal(raw, value) == is_same, value


@pytest.mark.parametrize("raw", INPUTS, ids=lambda raw: raw.name)
def test_hostile_values_are_legal_distinct_and_not_few(raw: Input) -> None:
    values = hostile_values(raw)
    assert all(is_legal(raw, v) for v in values)
    assert len({(type(v), repr(v)) for v in values}) == len(values)
    assert len(values) >= len(HOSTILE[raw.dtype])
    assert (None in values) == raw.nullable
    assert is_legal(raw, PLAIN[raw.dtype])


def test_unique_keeps_what_only_looks_equal() -> None:
    given_ = [0.0, -0.0, 0, False, "", None, 1, 1.0, True, math.nan, math.nan, 1, -0.0]
    assert [repr(v) for v in unique(given_)] == ["0.0", "-0.0", "0", "False", "''", "None", "1", "1.0", "True", "nan"]


@pytest.mark.parametrize("seed", [0, 1])
def test_generated_records_are_legal_and_a_function_of_the_seed(seed: int) -> None:
    pools: dict[str, list[Scalar]] = {i.name: hostile_values(i) for i in INPUTS}
    records = [*Pool(pools).generate(300, seed, INPUTS)]
    assert repr(records) == repr([*Pool(pools).generate(300, seed, INPUTS)])
    assert repr(records) != repr([*Pool(pools).generate(300, seed + 1, INPUTS)])
    for i in INPUTS:
        drawn = [record[i.name] for record in records]
        assert all(is_legal(i, v) for v in drawn), i.name
        assert any(v is None for v in drawn) == i.nullable
        if i.dtype != "bool":  # also what no pool holds
            assert {repr(v) for v in drawn} - {repr(v) for v in pools[i.name]}
            assert {repr(v) for v in drawn} & {repr(v) for v in pools[i.name] if v is not None}


def test_an_empty_pool_still_gives_values() -> None:
    records = Pool({i.name: [] for i in INPUTS}).generate(50, 0, INPUTS)
    assert all(is_legal(i, record[i.name]) for i in INPUTS for record in records)


def values_of(raw: Input) -> st.SearchStrategy[Any]:
    return st.sampled_from([v for v in SCALARS if is_legal(raw, v) and v == v])


RECORDS = st.lists(st.fixed_dictionaries({i.name: values_of(i) for i in INPUTS}), min_size=1, max_size=5)


def written(record: Record) -> str:
    """Every value to the sign of its zero; in which order the keys came says nothing."""
    return repr(sorted(record.items()))


@given(RECORDS)
def test_blocks_and_records_are_the_same_rows(records: list[Record]) -> None:
    blocks = to_blocks(INPUTS, records)
    again = RowsOf(INPUTS, blocks)
    assert len(again) == len(records)
    assert [written(r) for r in again] == [written(r) for r in records]
    assert [written(r) for r in again[1:]] == [written(r) for r in records[1:]]


@given(RECORDS, st.data())
def test_variations_are_what_they_stand_for(records: list[Record], data: st.DataObject) -> None:
    base = records[0]
    raw = data.draw(st.lists(st.sampled_from(INPUTS), max_size=8))
    changes = [(i.name, data.draw(values_of(i))) for i in raw]
    lazy = Variations(base, changes)
    plain = [base, *({**base, name: value} for name, value in changes)]
    assert len(lazy) == len(plain)
    assert repr([*lazy]) == repr(plain)
    start = data.draw(st.integers(0, len(plain) - 1))
    stop = data.draw(st.integers(start + 1, len(plain) + 3))
    for name, block in lazy.blocks(INPUTS, range(start, min(stop, len(plain)))).items():
        assert_same_block(block, to_blocks(INPUTS, plain[start:stop])[name])


def assert_same_block(a: Block, b: Block) -> None:
    assert a.dtype == b.dtype
    assert a.values.dtype == b.values.dtype
    assert a.values.shape == b.values.shape
    assert repr(a.to_rows()) == repr(b.to_rows())
    assert (a.valid is None) == (b.valid is None)
    if a.valid is not None and b.valid is not None:
        np.testing.assert_array_equal(a.valid, b.valid)
        assert repr(a.values[~a.valid].tolist()) == repr(b.values[~b.valid].tolist())  # the zero of the type


@given(st.integers(0, 500), st.integers(-3, 600))
def test_spread_takes_the_first_and_the_last(count: int, wanted: int) -> None:
    places = spread(count, wanted)
    assert len(places) == max(0, min(count, wanted))
    assert places == sorted(set(places))
    assert all(0 <= p < count for p in places)
    if count and wanted > 1:
        assert places[0] == 0
        assert places[-1] == count - 1
    gaps = np.diff(places)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


def test_every_dtype_is_here() -> None:
    assert {i.dtype for i in INPUTS} == {*DTYPES} == {*HOSTILE} == {*PLAIN}
