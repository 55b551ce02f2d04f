"""`one_hot` and `ordinal` against scikit-learn's encoders on data made to disagree; fused, large columns."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import op_harness as harness
import pytest
from sklearn.feature_extraction import FeatureHasher
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from skc.ir import Pipeline
from skc.ops import OPS
from skc.ops.categorical import hash_features, vocabulary
from skc.stats.requests import ValueCounts
from skc.values.types import Scalar, ValueType
from skc_runtime.kinds import Array

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
STRINGS = ["a", "A", "", " a", "a ", "é", "e\u0301", "中", "\uff01", "😀", "0:a", "1:", "ab", "null"]
STRINGS += ["infrequent"]
INTS = [INT64_MIN, INT64_MIN + 1, -1, 0, 1, 7, 2**53, 2**53 + 1, INT64_MAX - 1, INT64_MAX]


def weighted(values: Sequence[Scalar], counts: Sequence[int]) -> list[Scalar]:
    """Each value so many times, shuffled."""
    data = [value for value, count in zip(values, counts, strict=True) for _ in range(count)]
    random.Random(len(data)).shuffle(data)
    return data


COLUMNS: dict[str, tuple[str, list[Scalar]]] = {
    "strings, ties": ("string", weighted(STRINGS, [3, 1, 2, 2, 1, 3, 3, 1, 2, 2, 1, 5, 1, 1, 2])),
    "strings, all once": ("string", [*STRINGS]),
    "one string": ("string", [""] * 4),
    "two strings": ("string", ["b", "a", "b"]),
    "three, tied": ("string", ["c", "b", "a", "c", "b", "a"]),
    "integers": ("int64", weighted(INTS, [2, 1, 3, 3, 1, 2, 1, 4, 2, 2])),
    "one integer": ("int64", [INT64_MIN]),
    "booleans": ("bool", [True, False, True, True]),
    "one boolean": ("bool", [False, False]),
}
# Both booleans are categories here, seen or not; scikit-learn has to be told.
KNOWN = {"bool": [[False, True]]}
GROUPINGS: list[dict[str, Any]] = [
    {},
    *({"min_frequency": n} for n in (1, 2, 3, 100)),
    *({"min_frequency": f} for f in (0.05, 0.1, 0.25, 1 / 3, 0.5, 0.999)),
    *({"max_categories": n} for n in (1, 2, 3, 4, 9, 10, 11, 14, 15, 16)),
    {"min_frequency": 2, "max_categories": 3},
    {"min_frequency": 0.1, "max_categories": 5},
]


def fitted(op: str, params: Mapping[str, Any], dtype: str, fit: Sequence[Scalar]) -> Pipeline:
    pipeline = harness.build(OPS[op], params, {"x": dtype})
    return harness.fit(pipeline, [[value] for value in fit])


def column(values: Sequence[Scalar], dtype: str) -> Array:
    return np.array(values, dtype={"string": object, "int64": np.int64, "bool": bool}[dtype.rstrip("?")])[:, None]


def assert_both_give(pipeline: Pipeline, rows: Sequence[Scalar], want: Array) -> None:
    lists = [[value] for value in rows]
    np.testing.assert_array_equal(harness.run_reference(pipeline, lists).values, want)
    np.testing.assert_array_equal(harness.Graph(pipeline).run(lists).values, want)


def probes(dtype: str) -> list[Scalar]:
    known: dict[str, list[Scalar]] = {
        "string": [*STRINGS, "b", "c", "unknown", "B"],
        "int64": [*INTS, 2, -2, 2**53 + 2],
        "bool": [False, True],
    }
    return known[dtype]


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize("grouping", GROUPINGS, ids=str)
@pytest.mark.parametrize("name", COLUMNS)
def test_one_hot(name: str, grouping: dict[str, Any]) -> None:
    """All of `drop` and `unknown`, values and names."""
    dtype, data = COLUMNS[name]
    policies = {"zeros": "ignore", "infrequent": "infrequent_if_exist"}
    for drop, unknown in itertools.product((None, "first", "if_binary"), policies):
        encoder = OneHotEncoder(
            categories=KNOWN.get(dtype, "auto"),
            drop=drop,
            handle_unknown=policies[unknown],
            sparse_output=False,
            **grouping,
        )
        encoder.fit(column(data, dtype))
        pipeline = fitted("one_hot", {"drop": drop, "unknown": unknown, **grouping}, dtype, data)
        assert_both_give(pipeline, probes(dtype), encoder.transform(column(probes(dtype), dtype)))
        if "infrequent" not in data:
            names = encoder.get_feature_names_out(["x"]).tolist()
            assert list(harness.output_names(pipeline)) == [n.removesuffix("_sklearn") for n in names]


@pytest.mark.parametrize("grouping", GROUPINGS, ids=str)
@pytest.mark.parametrize("name", COLUMNS)
def test_ordinal(name: str, grouping: dict[str, Any]) -> None:
    dtype, data = COLUMNS[name]
    encoder = OrdinalEncoder(
        categories=KNOWN.get(dtype, "auto"),
        handle_unknown="use_encoded_value",
        unknown_value=-5,
        dtype=np.int64,
        **grouping,
    ).fit(column(data, dtype))
    pipeline = fitted("ordinal", {"unknown": "value", "unknown_value": -5, **grouping}, dtype, data)
    assert_both_give(pipeline, probes(dtype), encoder.transform(column(probes(dtype), dtype)))


@pytest.mark.parametrize("op", ["one_hot", "ordinal"])
@pytest.mark.parametrize("name", COLUMNS)
def test_unknown_is_an_error_where_scikit_learn_raises(op: str, name: str) -> None:
    dtype, data = COLUMNS[name]
    made = {"one_hot": OneHotEncoder, "ordinal": OrdinalEncoder}[op]
    encoder = made(categories=KNOWN.get(dtype, "auto"), min_frequency=2)
    encoder.fit(column(data, dtype))
    rows = [[value] for value in probes(dtype)]
    pipeline = fitted(op, {"min_frequency": 2}, dtype, data)
    want = set()
    for i, row in enumerate(rows):
        try:
            encoder.transform(column(row, dtype))
        except ValueError:
            want.add(("unknown-category", i, "x"))
    assert harness.run_reference(pipeline, rows).guards == want
    assert harness.Graph(pipeline).run(rows).guards == want


@pytest.mark.parametrize("missing_value", [None, -1, 50])
@pytest.mark.parametrize("grouping", GROUPINGS, ids=str)
def test_ordinal_nulls(grouping: dict[str, Any], missing_value: int | None) -> None:
    """NaN is scikit-learn's missing value among strings; it counts as a row, not as a category."""
    data: list[Any] = [*COLUMNS["strings, ties"][1], None, None, None]
    as_nan = column([np.nan if value is None else value for value in data], "string")
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-5,
        encoded_missing_value=np.nan if missing_value is None else missing_value,
        **grouping,
    ).fit(as_nan)
    params = {"unknown": "value", "unknown_value": -5, "missing_value": missing_value, **grouping}
    pipeline = fitted("ordinal", params, "string?", data)
    rows = [[value] for value in [*data, "unknown", ""]]
    want = encoder.transform(column([np.nan if v is None else v for (v,) in rows], "string"))
    expected = [[None if np.isnan(v) else int(v)] for v in want[:, 0]]
    assert harness.run_reference(pipeline, rows).rows == expected
    assert harness.Graph(pipeline).run(rows).rows == expected


def test_one_hot_nulls() -> None:
    """Where nothing is grouped, scikit-learn's category of None is the null column."""
    data: list[Any] = ["b", None, "a", "", None]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(column(data, "string"))
    pipeline = fitted("one_hot", {"unknown": "zeros"}, "string?", data)
    rows: list[Any] = [*data, "c"]
    assert_both_give(pipeline, rows, encoder.transform(column(rows, "string")))


def test_ordinal_with_a_list() -> None:
    categories = ["low", "", "high", "ab"]
    data: list[Scalar] = ["low", "high", "low", ""]
    for grouping in GROUPINGS:
        encoder = OrdinalEncoder(categories=[categories], dtype=np.int64, **grouping)
        encoder.fit(column(data, "string"))
        pipeline = fitted("ordinal", {"categories": categories, **grouping}, "string", data)
        assert_both_give(pipeline, categories, encoder.transform(column(categories, "string")))


@pytest.mark.parametrize("n_features", [1, 3, 1000])
@pytest.mark.parametrize("signs", [True, False])
def test_hash_features(n_features: int, signs: bool) -> None:
    """Every kind of text, and numbers of all sizes that do not cancel."""
    keys = {"s": "string?", "größe": "float64?", "t": "string?", "n": "float64?"}
    texts, numbers = [*probes("string"), None], [0.0, -0.0, 5e-324, 0.1, 1.7e308, None]
    rows = [[a, x, b, None] for a, b in zip(texts, reversed(texts), strict=True) for x in numbers]
    rows += [["a", x, "b", y] for x in numbers[:4] for y in numbers[:4]]
    state = hash_features.State(tuple(f"{k}=" if kind == "string?" else k for k, kind in keys.items()))
    params = {"n_features": n_features, "alternate_sign": signs}
    got = harness.Graph(harness.build(OPS["hash_features"], params, keys, state)).run(rows)
    dicts = [{k: v for k, v in zip(keys, row, strict=True) if v is not None} for row in rows]
    want = FeatureHasher(n_features, alternate_sign=signs).transform(dicts).toarray()
    assert not got.guards
    np.testing.assert_array_max_ulp(got.values, want, maxulp=4)


@pytest.mark.parametrize("dtype", ["string", "int64", "bool"])
@pytest.mark.parametrize("op", ["one_hot", "ordinal", "vocabulary", "hash_bucket"])
def test_fused_columns(op: str, dtype: str) -> None:
    """One block of three columns gives what three blocks of one give; that between has no values."""
    pool = probes(dtype)
    data = [[pool[i % len(pool)], None, pool[(i * 7 + 1) % len(pool)]] for i in range(5)]
    rows: list[list[Any]] = [[v, w, v] for v, w in itertools.product([*pool, None], repeat=2)]
    all_params: dict[str, dict[str, Any]] = {
        "one_hot": {"unknown": "zeros", "drop": "first"},
        "ordinal": {"unknown": "value", "unknown_value": -1},
        "vocabulary": {"oov_buckets": 3},
        "hash_bucket": {"buckets": 5},
    }
    params = all_params[op]
    names = ["a", "b", "c"]
    whole = harness.fit(harness.build(OPS[op], params, dict.fromkeys(names, f"{dtype}?")), data)
    got = harness.Graph(whole).run(rows).rows
    parts = []
    for k, name in enumerate(names):
        part = harness.fit(harness.build(OPS[op], params, {name: f"{dtype}?"}), [[row[k]] for row in data])
        parts.append(harness.Graph(part).run([[row[k]] for row in rows]).rows)
    assert got == [list(itertools.chain(*row)) for row in zip(*parts, strict=True)]
    assert harness.run_reference(whole, rows).rows == got


@pytest.mark.parametrize("dtype", ["string", "int64"])
def test_a_large_vocabulary(dtype: str) -> None:
    """Four columns of 50,000 keys, in time that grows with their number only."""
    size, width = 50_000, 4
    params = vocabulary.Params()
    x = ValueType("int64" if dtype == "int64" else "string", width=width)
    keys = [[f"{k}:{i}" if dtype == "string" else i * 7 - k for i in range(size)] for k in range(width)]
    counts = [tuple((key, size - i) for i, key in enumerate(column_keys)) for column_keys in keys]
    started = time.perf_counter()
    state = vocabulary.freeze(params, x, [{ValueCounts(): column_counts} for column_counts in counts])
    pipeline = harness.build(OPS["vocabulary"], {}, {f"x{k}": dtype for k in range(width)})
    *before, step = pipeline.steps
    pipeline = pipeline.with_steps([*before, type(step)(step.name, step.op, params, step.inputs, state)])
    graph = harness.Graph(pipeline, "packed")
    assert time.perf_counter() - started < 30
    picks = [0, 1, size // 2, size - 1]
    rows = [[keys[k][i] for k in range(width)] for i in picks]
    assert graph.run(rows).rows == [[i + 1] * width for i in picks]
    assert graph.run([list(reversed(row)) for row in rows[1:]]).rows == [[0] * width] * 3


@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("name", COLUMNS)
def test_target_encode(name: str, classes: int) -> None:
    """The means are those of the fitted encoder; unknown values have the mean of the target."""
    dtype, values = COLUMNS[name]
    target = [i % 3 for i in range(len(values))] if classes == 3 else [i * 0.37 for i in range(len(values))]
    if len(set(target)) < classes:
        return
    kind = "multiclass" if classes == 3 else "continuous"
    theirs = TargetEncoder(target_type=kind, cv=2).fit(column(values, dtype), target)
    means = theirs.target_mean_.tolist() if classes == 3 else [float(theirs.target_mean_)]
    table = tuple((*encoding.tolist(), mean, mean) for encoding, mean in zip(theirs.encodings_, means, strict=True))
    encode = OPS["target_encode"]
    labels = ("0", "1", "2") if classes == 3 else ()
    state = encode.state((tuple(theirs.categories_[0].tolist()),), (table,), (labels,))
    pipeline = harness.build(encode, {}, {"x": dtype}, state)
    unknown: Scalar = {"string": "zzz", "int64": 5, "bool": True}[dtype]
    rows = [*values, unknown]
    want = theirs.transform(column(rows, dtype))
    for run in (harness.run_reference(pipeline, [[v] for v in rows]), harness.Graph(pipeline).run([[v] for v in rows])):
        assert (run.values == want).all()
