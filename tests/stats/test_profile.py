"""The profile of the training rows: equal to NumPy's and Python's own counts, on both engines, whatever the order."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_engine import open_memory
from unheld_engine import open_unheld

import skc
from skc.artifact import PROFILE
from skc.data.duckdb.engine import open_duckdb
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import Feature, Input, Pipeline, ProfileOptions, Ref
from skc.profile.document import Categories, ColumnProfile, Numbers, Profile, by_name, dumps, loads
from skc_runtime.kinds import INT64_MAX, INT64_MIN

ALL = ProfileOptions(minimum=1)
KINDS: dict[str, tuple[pa.DataType, Any]] = {
    "float64": (
        pa.float64(),
        st.one_of(st.sampled_from([-0.0, 0.0, math.inf, -math.inf, 5e-324, 0.1]), st.floats(allow_nan=False)),
    ),
    "int64": (pa.int64(), st.one_of(st.sampled_from([INT64_MIN, INT64_MAX, 0, 2**53 + 1]), st.integers(-3, 3))),
    "bool": (pa.bool_(), st.booleans()),
    "string": (pa.string(), st.sampled_from(["", "a", "é", "é", "\U0001f600", " a", "NA"])),
    "timestamp": (pa.int64(), st.sampled_from([0, -1, 10**15, -(10**15)])),
    "date": (pa.int64(), st.sampled_from([0, 20_000, -719_162, 2_932_896])),
}


def pipeline(*inputs: Input) -> Pipeline:
    return Pipeline("p", inputs, (), tuple(Feature(i.name, Ref(i.value)) for i in inputs), ())


def profile_of(table: pa.Table, *inputs: Input, options: ProfileOptions = ALL, engine: Any = open_duckdb) -> Profile:
    measured = fit(pipeline(*inputs), table, profile=options, open_engine=engine).profile
    assert measured is not None
    return measured


def expected(name: str, dtype: Any, values: list[Any]) -> ColumnProfile:
    """The definitions, written as they stand in the documentation."""
    present = [v + 0.0 if isinstance(v, float) else v for v in values if v is not None]
    counts = Counter(present)
    is_listed = dtype in ("string", "bool", "int64")
    by_count = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].encode() if dtype == "string" else pair[0]))
    categories = Categories(tuple(by_count), 0, 0) if is_listed else None
    numbers = None
    if present and dtype not in ("string", "bool"):
        edges = sorted({sorted(present)[math.ceil(Fraction(k * len(present), 100)) - 1] for k in range(1, 100)})
        bounds = [-math.inf, *edges, math.inf]
        inside = [sum(low < v <= high for v in present) for low, high in itertools.pairwise(bounds)]
        inside[0] = sum(v <= edges[0] for v in present)
        mean = deviation = None
        if all(abs(v) < 1e150 for v in present):
            mean = float(sum(map(Fraction, present)) / len(present))
            squares = [Fraction((float(v) - mean) * (float(v) - mean)) for v in present]
            deviation = math.sqrt(float(sum(squares) / len(present)))
        infinite = (sum(v == -math.inf for v in present), sum(v == math.inf for v in present))
        numbers = Numbers(counts[0], infinite, min(present), max(present), mean, deviation, tuple(edges), tuple(inside))
    return ColumnProfile(name, dtype, values.count(None), len(counts), numbers, categories)


@pytest.mark.parametrize("dtype", KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_profile_is_what_its_definition_says(dtype: Any, data: st.DataObject) -> None:
    arrow, strategy = KINDS[dtype]
    values = data.draw(st.lists(st.one_of(st.none(), strategy), min_size=1, max_size=300))
    table = pa.table({"x": pa.array(values, arrow)})
    column = Input("x", dtype, nullable=True)
    measured = profile_of(table, column)
    assert repr(measured) == repr(Profile("training", len(values), (expected("x", dtype, values),)))
    for engine in (open_memory, open_unheld):
        assert dumps(measured) == dumps(profile_of(table, column, engine=engine))


def table(rows: int = 5_000) -> pa.Table:
    """Many ties, so that bins are unequal, and enough values for every edge."""
    source = np.random.default_rng(3)
    return pa.table(
        {
            "x": pa.array(np.round(source.lognormal(size=rows), 1), mask=source.random(rows) < 0.1),
            "n": pa.array(source.integers(0, 1200, rows)),
            "s": pa.array([f"c{k}" for k in source.zipf(1.3, rows)]),
        }
    )


COLUMNS = (Input("x", "float64", nullable=True), Input("n", "int64"), Input("s", "string"))


def test_the_edges_are_those_of_numpy_and_the_counts_are_of_the_rows() -> None:
    measured = by_name(profile_of(table(), *COLUMNS))
    values = table()["x"].drop_null().to_numpy()
    numbers = measured["x"].numbers
    assert numbers is not None
    quantiles = np.quantile(values, np.arange(1, 100) / 100, method="inverted_cdf")
    assert numbers.edges == tuple(np.unique(quantiles).tolist())
    assert len(numbers.edges) < 99
    assert numbers.counts == tuple(np.bincount(np.searchsorted(numbers.edges, values), minlength=len(numbers.counts)))
    assert sum(numbers.counts) == len(values) == 5_000 - measured["x"].nulls
    assert max(numbers.counts) > 2 * min(numbers.counts[:-1])
    assert measured["n"].categories is None
    assert measured["n"].distinct > 1000
    assert measured["s"].categories is not None
    assert measured["s"].distinct > 100


def test_the_order_of_the_rows_changes_nothing() -> None:
    shuffled = table().take(pa.array(np.random.default_rng(4).permutation(5_000)))
    assert dumps(profile_of(shuffled, *COLUMNS)) == dumps(profile_of(table(), *COLUMNS))


def test_rare_categories_are_only_counted_and_what_is_left_out_is_left_out() -> None:
    options = ProfileOptions(omit=("n",), top=3, minimum=40, bounds=False)
    measured, whole = (by_name(profile_of(table(), *COLUMNS, options=o)) for o in (options, ALL))
    assert set(measured) == {"x", "s"}
    counts, others = (p["s"].categories for p in (measured, whole))
    assert counts is not None
    assert others is not None
    assert counts.counts == others.counts[:3]
    assert min(n for _, n in counts.counts) >= 40
    assert counts.other_values == whole["s"].distinct - 3
    assert counts.other_rows == 5_000 - sum(n for _, n in counts.counts) > 0
    numbers = measured["x"].numbers
    assert numbers is not None
    assert numbers.low is None
    assert numbers.high is None
    assert numbers.mean is not None
    none = by_name(profile_of(table(), *COLUMNS, options=ProfileOptions(top=0)))["s"].categories
    assert none is not None
    assert none.counts == ()
    assert none.other_rows == 5_000


def test_a_sentinel_is_a_null() -> None:
    source = (
        "skc: 1\nname: p\ninputs: {x: {type: float64, nullable: true, null_values: [-1.0]}}\n"
        "outputs: {y: {features: [x], dtype: float64}}"
    )
    read, _ = read_pipeline_text(source, "pipeline.yaml")
    rows = pa.table({"x": [-1.0, 2.0, None, math.nan, 0.0]})
    measured = fit(read, rows, profile=ALL).profile
    assert measured is not None
    (column,) = measured.columns
    assert column.nulls == 3
    assert column.numbers is not None
    assert column.numbers.low == 0.0


PIPELINE = (
    "skc: 1\nname: p\ninputs: {x: float64, s: string}\nprofile: %s\noutputs: {y: {features: [x], dtype: float64}}"
)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{omit: [X]}", "SKC104", "`X` is not an input"),
        ("{omit: []}", "SKC107", "must not be empty"),
        ("{omitted: [x]}", "SKC103", "omitted"),
        ("{top: -1}", "SKC107", "`top` of `profile`"),
        ("{top: true}", "SKC107", "`top` of `profile`"),
        ("{minimum: 0}", "SKC107", "`minimum` of `profile`"),
        ("{minimum: 1.5}", "SKC107", "`minimum` of `profile`"),
        ("{bounds: 1}", "SKC107", "`bounds` of `profile`"),
        ("true", "SKC107", "`profile` must be a mapping"),
    ],
)
def test_a_wrong_profile_is_refused_at_its_place(text: str, code: str, words: str) -> None:
    with pytest.raises(SkcError) as caught:
        read_pipeline_text(PIPELINE % text, "pipeline.yaml")
    assert caught.value.code == code
    assert words in str(caught.value)
    span = caught.value.diagnostics[0].span
    assert span is not None
    assert span.line == 4
    assert caught.value.diagnostics[0].hint


def test_a_profile_as_yaml() -> None:
    text = "{omit: [s], top: 5, minimum: 2, bounds: false}"
    assert read_pipeline_text(PIPELINE % text, "p")[0].profile == ProfileOptions(("s",), 5, 2, False)
    assert read_pipeline_text(PIPELINE % "false", "p")[0].profile is None
    assert read_pipeline_text(PIPELINE % "{}", "p")[0].profile == ProfileOptions()


EXAMPLE = profile_of(
    pa.table({"x": [1.0, math.inf, None, -0.0], "n": [INT64_MAX, 0, 0, INT64_MIN], "s": ["a", "b", "a", "\U0001f600"]}),
    *COLUMNS,
)


def test_a_profile_survives_its_file() -> None:
    assert dumps(loads(dumps(EXAMPLE))) == dumps(EXAMPLE)
    assert loads(dumps(EXAMPLE)) == EXAMPLE


def damaged() -> Iterator[tuple[str, Any]]:
    """Every leaf replaced, and every key missing or new."""
    document = json.loads(dumps(EXAMPLE))

    def walk(value: Any, path: str, put: Callable[[Any], Any]) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for key, item in value.items():
                yield f"{path}.{key} missing", put({k: v for k, v in value.items() if k != key})
                yield from walk(item, f"{path}.{key}", lambda new, key=key: put({**value, key: new}))
            yield f"{path}.new", put({**value, "new": 1})
        elif isinstance(value, list):
            for i, item in enumerate(value[:2]):
                yield from walk(item, f"{path}[{i}]", lambda new, i=i: put([*value[:i], new, *value[i + 1 :]]))
        for new in (None, -1, 0.5, "?", [], {}, True):
            if type(new) is not type(value):
                yield f"{path} = {new!r}", put(new)

    return walk(document, "$", lambda new: new)


MAY_BE_NULL = ("low", "high", "mean", "deviation", "[0] = None", "[1] = None")


def test_a_damaged_profile_is_refused_or_says_something_else() -> None:
    tried = 0
    for place, document in damaged():
        tried += 1
        text = json.dumps(document, ensure_ascii=False).encode()
        try:
            other = loads(text)
        except SkcError as error:
            assert error.code in ("SKC401", "SKC402"), place
            continue
        assert other != EXAMPLE, place
        assert dumps(other), place
    assert tried > 300


def test_a_newer_profile_is_refused() -> None:
    with pytest.raises(SkcError, match="format 2") as caught:
        loads(dumps(EXAMPLE).replace(b'"format":1', b'"format":2'))
    assert caught.value.code == "SKC402"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("profiled") / "artifact"
    text = PIPELINE % "{minimum: 1}"
    (out.parent / "pipeline.yaml").write_text(text)
    skc.compile(out.parent / "pipeline.yaml", pa.table({"x": [1.0, 2.0, 2.0], "s": ["a", "b", "a"]}), out, rows=50)
    return out


def test_the_artifact_has_it_and_is_verified_with_it(compiled: Path) -> None:
    assert loads((compiled / PROFILE).read_bytes()).rows == 3
    assert skc.verify(compiled, rows=50).is_equal
    manifest = json.loads((compiled / "manifest.json").read_bytes())
    assert PROFILE in manifest["files"]


def test_without_a_profile_the_plan_is_the_same(compiled: Path, tmp_path: Path) -> None:
    rows = pa.table({"x": [1.0, 2.0, 2.0], "s": ["a", "b", "a"]})
    for name, text, options in (
        ("flag", "{minimum: 1}", {"profile": False}),
        ("yaml", "false", {}),
    ):
        (tmp_path / f"{name}.yaml").write_text(PIPELINE % text)
        skc.compile(tmp_path / f"{name}.yaml", rows, tmp_path / name, rows=50, **options)  # type: ignore[arg-type]
        assert not (tmp_path / name / PROFILE).exists()
        for file in ("plan.json", "model.onnx", "golden.jsonl"):
            assert (tmp_path / name / file).read_bytes() == (compiled / file).read_bytes()


def test_a_changed_profile_is_a_damaged_artifact(compiled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "artifact"
    copy.mkdir()
    for file in compiled.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    text = (copy / PROFILE).read_bytes()
    (copy / PROFILE).write_bytes(text.replace(b'"rows":3', b'"rows":4'))
    with pytest.raises(SkcError) as caught:
        skc.verify(copy, rows=10)
    assert caught.value.code == "SKC403"
    assert PROFILE in str(caught.value)


def test_the_sample_of_an_estimator_is_profiled_as_a_sample() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    pandas = pytest.importorskip("pandas")
    rows = pandas.DataFrame({"a": [1.0, 2.0, 4.0]})
    scaler = preprocessing.StandardScaler().fit(rows)
    artifact = skc.compile(scaler, rows, rows=50).artifact
    assert artifact.profile is not None
    assert artifact.profile.of == "sample"
    assert artifact.profile.rows == 3
    assert skc.compile(scaler, rows, rows=50, profile=False).artifact.profile is None
    assert replace(artifact, files={k: v for k, v in artifact.files.items() if k != PROFILE}).profile is None
