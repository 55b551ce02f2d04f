"""Fitting a whole pipeline, stage by stage: what is learned is a function of the rows alone; errors name the place."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import op_harness as harness
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from oracle_stats import column_stats

from skc import fit as fitting
from skc import stage_values
from skc.data.duckdb.connection import Database
from skc.data.typed_rows import open_rows
from skc.diagnostics import SkcError, Span
from skc.fit import Fitted, fit
from skc.infer import step_input_types, value_types
from skc.ir import DataSource, Feature, Input, Output, Pipeline, Ref, Step
from skc.op import NoState
from skc.ops import OPS
from skc.oracle import reference
from skc.oracle.protocol import select
from skc.values.types import concat_blocks
from skc_runtime.chunks import LENGTHS
from skc_runtime.session import GraphSession

ROWS = 3001


def step(name: str, op: str, *inputs: str, **params: Any) -> Step:
    return Step(name, op, OPS[op].params(**params), tuple(map(Ref, inputs)), span=Span("p.yaml", 9, 9))


def pipeline(*steps: Step, inputs: tuple[Input, ...], where: str | None = None) -> Pipeline:
    features = (Feature("f", Ref(steps[-1].name)),)
    data = DataSource("data.csv", where) if where else None
    made = Pipeline("test", inputs, steps, features, (), data)
    made.verify()
    return made


INPUTS = (
    Input("a", "float64", nullable=True),
    Input("b", "float64", nullable=True, null_values=(-1.0,)),
    Input("s", "string", nullable=True, null_values=("", "NA")),
    Input("n", "int64", nullable=True),
)


def deep() -> Pipeline:
    """Three stages, several of whose steps stand on values that only the graph makes."""
    return pipeline(
        step("inputs/b/source", "source", "inputs/b", null_values=(-1.0,)),
        step("inputs/s/source", "source", "inputs/s", null_values=("", "NA")),
        step("inputs/n/source", "source", "inputs/n"),
        step("x/0:impute", "impute", "inputs/a", "inputs/b/source", strategy="mean"),
        step("x/1:standard_scale", "standard_scale", "x/0:impute"),
        step("x/2:quantile_bin", "quantile_bin", "x/0:impute", bins=5),
        step("v/0:impute", "impute", "inputs/s/source", strategy="most_frequent"),
        step("v/1:vocabulary", "vocabulary", "v/0:impute", top_k=50),
        step("m/0:source", "source", "v/0:impute", null_values=("w0", "w1")),
        step("m/1:vocabulary", "vocabulary", "m/0:source"),
        step("w", "vocabulary", "inputs/s/source", min_frequency=3),
        step("n", "vocabulary", "inputs/n/source"),
        step("y", "standard_scale", "x/1:standard_scale"),
        inputs=INPUTS,
    )


def table(rows: int = ROWS) -> pa.Table:
    rng = np.random.default_rng(7)
    a = np.exp(rng.normal(0, 20, rows)) * rng.choice([-1, 1], rows)
    b = np.where(rng.random(rows) < 0.1, -1.0, rng.normal(1e6, 1, rows))
    words = np.array(["", "NA", "é", "e\u0301", "\U0001f600", *(f"w{i}" for i in range(300))], dtype=object)
    s = words[(rng.random(rows) ** 3 * len(words)).astype(int)]
    n = rng.integers(-(2**62), 2**62, 20)[rng.integers(0, 20, rows)]
    return pa.table(
        {
            "a": pa.array(a, mask=rng.random(rows) < 0.1),
            "b": pa.array(b, mask=rng.random(rows) < 0.1),
            "s": pa.array(s.tolist(), pa.string()),  # never null: a CSV file could not tell it from ""
            "n": pa.array(n, mask=rng.random(rows) < 0.1),
        }
    )


def states(fitted: Fitted) -> list[Any]:
    return [step.state for step in fitted.pipeline.steps]


def by_oracle(unfitted: Pipeline, data: pa.Table) -> list[Any]:
    """Fitted step by step with the oracle's statistics of what the reference gives."""
    blocks = harness.blocks(unfitted, list(zip(*(data[i.name].to_pylist() for i in unfitted.inputs), strict=True)))
    types = value_types(unfitted)
    done: list[Step] = []
    for one in unfitted.steps:
        values = reference.run(replace(unfitted, steps=tuple(done), features=(), outputs=()), blocks).values
        block = concat_blocks([select(values, ref) for ref in one.inputs])
        (x,) = step_input_types(one, types)
        requests = OPS[one.op].needs(one.params, x)
        stats = [column_stats([row[k] for row in block.to_rows()], requests) for k in range(block.width)]
        done.append(replace(one, state=OPS[one.op].freeze(one.params, x, stats)))
    return [one.state for one in done]


def test_every_stage_equals_the_oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also over many chunks, the last of which is not full."""
    monkeypatch.setattr(stage_values, "CHUNK", 1000)
    data = table()
    fitted = fit(deep(), data)
    assert fitted.rows == ROWS
    assert fitted.stages == 3
    assert states(fitted) == by_oracle(deep(), data)


def variants(folder: Path, data: pa.Table) -> dict[str, Any]:
    """The same rows in other orders, in one file and in seven, as text and typed."""
    order = np.random.default_rng(1).permutation(data.num_rows)
    shuffled = data.take(pa.array(order))
    pyarrow.csv.write_csv(shuffled, folder / "one.csv")
    pq.write_table(data, folder / "one.parquet", row_group_size=500)
    for i in range(7):
        part = shuffled.slice(i * 500, 500 if i < 6 else data.num_rows)
        pq.write_table(part, folder / f"seven{i}.parquet")
        pyarrow.csv.write_csv(part.select(["n", "s", "b", "a"]), folder / f"seven{i}.csv")
    paths = ["one.csv", "one.parquet", "seven*.csv", "seven*.parquet"]
    return {"memory": shuffled} | {name: str(folder / name) for name in paths}


def test_the_state_is_a_function_of_the_rows_alone(tmp_path: Path) -> None:
    data = table()
    want = states(fit(deep(), data, threads=1))
    for name, variant in variants(tmp_path, data).items():
        for threads in (1, 2, 4):
            assert states(fit(deep(), variant, threads=threads)) == want, (name, threads)


def test_steps_share_columns_and_keep_states() -> None:
    """A step that has a state keeps it; one that learns nothing needs no data."""
    scale = step("y", "standard_scale", "inputs/a")
    known = replace(scale, state=OPS["standard_scale"].state((1.0,), (2.0,)))
    made = fit(pipeline(known, inputs=INPUTS[:1]))
    assert (made.rows, made.stages, states(made)) == (0, 0, [known.state])
    stateless = pipeline(step("z", "source", "inputs/s"), inputs=INPUTS)
    assert states(fit(stateless)) == [NoState()]
    assert fit(stateless, table()).rows == ROWS
    with pytest.raises(SkcError, match="SKC200"):
        fit(pipeline(scale, inputs=INPUTS[:1]))


def test_partial_refs_take_their_columns() -> None:
    """A step on columns 1 to 2 of a block learns from those only."""
    part = Step("y", "standard_scale", OPS["standard_scale"].params(), (Ref("x", 1, 2), Ref("inputs/b")))
    whole = pipeline(step("x", "impute", "inputs/a", "inputs/b", value=0.5), part, inputs=INPUTS[:2])
    data = table().select(["a", "b"])
    b = data["b"].fill_null(0.5)
    made = states(fit(whole, data))[1]
    assert made.mean == (fmean(b), fmean(data["b"].drop_null()))


def fmean(values: Any) -> float:
    """The exact mean, rounded once."""
    return float(sum(map(Fraction, values.to_pylist())) / len(values))


def test_a_column_is_constant_only_if_it_has_one_value() -> None:
    """However many rows there are: scikit-learn takes this one for constant."""
    data = pa.table({"a": np.tile([1e9, 1e9 + 1], 2_000_000)})
    (state,) = states(fit(pipeline(step("y", "standard_scale", "inputs/a"), inputs=INPUTS[:1]), data))
    assert (state.mean, state.scale) == ((1e9 + 0.5,), (0.5,))


def test_where_applies_to_any_data(tmp_path: Path) -> None:
    data = table()
    only = pipeline(step("y", "standard_scale", "inputs/b"), inputs=INPUTS[:2], where="b > 1e6")
    want = data.filter(pa.compute.greater(data["b"], 1e6))
    made = fit(only, data)
    assert made.rows == want.num_rows
    assert states(made) == states(fit(pipeline(only.steps[0], inputs=INPUTS[:2]), want))
    everything = fit(only, DataSource(variants(tmp_path, data)["one.csv"]))
    assert everything.rows == ROWS


def test_warnings_and_progress() -> None:
    seen: list[tuple[str, int, int | None]] = []
    data = table().append_column("c", pa.array([1.0] * ROWS))
    one = pipeline(*deep().steps, inputs=(*INPUTS, Input("c", "float64", span=Span("p.yaml", 4, 3))))
    made = fit(one, data, progress=lambda *event: seen.append(event))
    told = [(w.code, w.severity, str(w.span)) for w in made.warnings]
    assert told == [("SKC223", "warning", "p.yaml:4:3"), *[("SKC231", "warning", "p.yaml:9:9")] * 2]
    assert seen[0] == ("reading", 0, None)
    assert ("reading", ROWS, ROWS) in seen
    assert ("stage 2: graph", ROWS, ROWS) in seen
    assert seen[-1] == ("stage 3: statistics", ROWS, ROWS)
    assert all(total is not None and 0 <= done <= total for _, done, total in seen[1:])
    assert made.seconds > 0


def test_a_guarded_row_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, row and line of the first row that a policy of `error` refuses, behind `where` and over many chunks."""
    monkeypatch.setattr(stage_values, "CHUNK", 2048)
    steps = [
        step("at", "parse_datetime", "inputs/s", format="%Y-%m-%d", timezone="UTC", invalid="error"),
        step("y", "impute", "at", strategy="most_frequent"),
    ]
    one = pipeline(*steps, inputs=(Input("s", "string"), Input("k", "int64")), where="k >= 0")
    day = "2024-02-29"
    (tmp_path / "1.csv").write_text("s,k\n" + f"{day},1\nz,-1\n" * 4000)
    (tmp_path / "2.csv").write_text("s,k\n" + f"{day},1\n" * 4000 + "q,-1\nq,5\nq,6\n")
    for data in (f"{tmp_path}/*.csv", f"{tmp_path}/*.parquet"):
        with pytest.raises(SkcError) as error:
            fit(one, data)
        assert error.value.code == "SKC224", str(error.value)
        place = f"{data.replace('*', '2')}, row 4002{' (line 4003)' if data.endswith('csv') else ''}"
        assert f"{place}: step `at` refuses the value of `s` (invalid-value)" in str(error.value)
        assert "p.yaml:9:9" in str(error.value)
        assert "the row: `s` = 'q'\n" in str(error.value)
        for name in "12":
            pq.write_table(
                pyarrow.csv.read_csv(tmp_path / f"{name}.csv"),
                tmp_path / f"{name}.parquet",
                row_group_size=1000,
            )


def test_refusals_name_the_step() -> None:
    data = pa.table({"a": [1.0, math.inf]})
    scale = step("y", "standard_scale", "inputs/a")
    with pytest.raises(SkcError) as error:
        fit(pipeline(scale, inputs=INPUTS[:1]), data)
    assert error.value.code == "SKC211"
    assert "column `a` before step `y`" in str(error.value)
    assert "p.yaml:9:9" in str(error.value)
    one_value = pa.table({"a": [1.0, 1.0]})
    without = step("inputs/a/source", "source", "inputs/a", null_values=(1.0,))
    with pytest.raises(SkcError, match="SKC210"):
        fit(pipeline(without, step("y", "standard_scale", "inputs/a/source"), inputs=INPUTS[:1]), one_value)
    emptied = [step("x", "impute", "inputs/a", value=0.0), step("e", "source", "x", null_values=(1.0,))]
    with pytest.raises(SkcError) as error:
        fit(pipeline(*emptied, step("y", "standard_scale", "e"), inputs=INPUTS[:1]), one_value)
    assert error.value.code == "SKC210"
    assert "in step `y`" in str(error.value)
    assert "p.yaml:9:9" in str(error.value)
    with pytest.raises(SkcError, match="SKC212"):
        fit(pipeline(scale, inputs=INPUTS[:1]), pa.table({"a": [1e308, -1e308]}))
    large = fit(pipeline(scale, inputs=INPUTS[:1]), pa.table({"a": [1e308, 1e308]}))  # only their sum is too large
    assert (states(large)[0].mean, states(large)[0].scale) == ((1e308,), (1.0,))


def test_a_small_memory_limit_changes_nothing(tmp_path: Path) -> None:
    """Sorting and grouping spill."""
    rows = 1_000_000
    rng = np.random.default_rng(3)
    data = pa.table({"a": rng.normal(0, 1, rows), "s": [f"some longer word {i}" for i in rng.integers(0, 10**6, rows)]})
    pq.write_table(data, tmp_path / "a.parquet")
    steps = [step("q", "quantile_bin", "inputs/a", bins=4), step("v", "vocabulary", "inputs/s", top_k=3)]
    inputs = (Input("a", "float64"), Input("s", "string"))
    want = states(fit(pipeline(*steps, inputs=inputs), data))
    assert (
        states(fit(pipeline(*steps, inputs=inputs), str(tmp_path / "a.parquet"), memory_limit="60MB", threads=2))
        == want
    )


def test_an_exhausted_memory_limit_is_a_diagnostic(tmp_path: Path) -> None:
    data = pa.table({"s": [f"{'long ' * 50}{i}" for i in range(200_000)]})
    pq.write_table(data, tmp_path / "a.parquet")
    with pytest.raises(SkcError) as error:
        fit(
            pipeline(step("v", "vocabulary", "inputs/s"), inputs=(Input("s", "string"),)),
            str(tmp_path / "a.parquet"),
            memory_limit="5MB",
        )
    assert error.value.code in ("SKC220", "SKC221")


def test_outputs_do_not_disturb() -> None:
    one = replace(deep(), outputs=(Output("out", (Ref("y"),), "float64"),))
    assert states(fit(one, table(50))) == states(fit(deep(), table(50)))


@pytest.mark.parametrize("shape", ["block", "features"])
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_work_grows_with_the_columns_and_not_with_their_square(
    shape: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times the columns: no more queries, and each step is asked once what it needs."""
    queries, needs = [], []
    for name in ("run", "row", "execute"):
        real = getattr(Database, name)
        monkeypatch.setattr(Database, name, lambda self, sql, real=real: [queries.append(sql), real(self, sql)][1])
    real_needs = fitting.requests_of
    monkeypatch.setattr(fitting, "requests_of", lambda *given: [needs.append(1), real_needs(*given)][1])
    counted = []
    for width in (8, 24):
        names = [f"c{k}" for k in range(width)]
        table = pa.table({name: [float(k * r % 7) for r in range(50)] for k, name in enumerate(names, start=1)})
        path = tmp_path / f"{width}.{kind}"
        (pq.write_table if kind == "parquet" else pyarrow.csv.write_csv)(table, str(path))
        groups = [names] if shape == "block" else [[name] for name in names]
        steps = []
        for k, group in enumerate(groups):
            steps.append(step(f"{k}/0", "impute", *(f"inputs/{name}" for name in group), strategy="median"))
            steps.append(step(f"{k}/1", "impute", f"{k}/0", strategy="most_frequent"))
            steps.append(step(f"{k}/2", "standard_scale", f"{k}/1"))
        queries.clear()
        needs.clear()
        fit(pipeline(*steps, inputs=tuple(Input(name, "float64") for name in names)), path)
        assert len(needs) == len(steps)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_long_text_is_not_run_with_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that splits texts takes memory of rows x longest text: neither fitting nor verifying gives it many."""
    texts: list[str] = ["some words"] * 3000 + ["word " * (LENGTHS // 5)] + ["other words"] * 3000
    data = pa.table({"s": texts, "k": list(range(6001))})
    sizes = []
    run = GraphSession.run

    def noted(session: GraphSession, feeds: Any) -> Any:
        (values,) = (tensor for tensor in feeds.values() if tensor.dtype == object)
        sizes.append((len(values), len(values) * max(map(len, values[:, 0].tolist()))))
        return run(session, feeds)

    monkeypatch.setattr(GraphSession, "run", noted)
    steps = [step("y", "strip", "inputs/s"), step("z", "vocabulary", "y")]
    fitted = fit(pipeline(*steps, inputs=(Input("s", "string"), Input("k", "int64"))), data)
    (keys,) = fitted.pipeline.steps[1].state.keys
    assert keys == ("other words", "some words", texts[3000].strip())
    assert sum(rows for rows, _ in sizes) == 6001
    assert len(sizes) > 2
    assert max(size for _, size in sizes) <= LENGTHS
    with open_rows((Input("s", "string"), Input("k", "int64")), data) as rows:
        blocks = [b["s"].values[:, 0].tolist() for b, _ in rows.batches()]
    assert [text for block in blocks for text in block] == texts
    assert max(len(block) * max(map(len, block)) for block in blocks) <= LENGTHS


def test_a_refused_row_behind_a_long_text_is_named() -> None:
    texts = ["2024-02-29"] * 3000 + ["x" * LENGTHS] + ["2024-02-29"] * 3000 + ["q"]
    steps = [
        step("at", "parse_datetime", "inputs/s", format="%Y-%m-%d", timezone="UTC", invalid="null"),
        step("z", "impute", "at", strategy="most_frequent"),
        step("n", "parse_datetime", "inputs/t", format="%Y-%m-%d", timezone="UTC", invalid="error"),
        step("m", "impute", "n", strategy="most_frequent"),
    ]
    both = pipeline(*steps, inputs=(Input("s", "string"), Input("t", "string")))
    with pytest.raises(SkcError) as error:
        fit(both, pa.table({"s": texts, "t": [*texts[:1] * 6001, "q"]}))
    assert error.value.code == "SKC224"
    assert "row 6002" in str(error.value)
