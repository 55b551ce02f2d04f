"""A target and folds from pipeline.yaml to requests: what a training row gets without its own target, what a request
gets from all rows, and what cannot be learned from.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from memory_engine import open_memory
from sklearn.model_selection import PredefinedSplit
from sklearn.preprocessing import TargetEncoder

import skc
import skc_runtime
from skc import artifact as artifacts
from skc import plan
from skc.artifact import assemble
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import DataSource, Pipeline, ProfileOptions
from skc.ops import OPS
from skc.oracle import reference
from skc.rows.boundaries import step_boundaries
from skc.rows.sources import OwnSources
from skc.values.types import column_block
from skc.verification.run import Options, verify
from skc_runtime.agreement import agree
from skc_runtime.errors import RecordError

TEXT = """\
skc: 1
name: rides
data: {target: {column: tip, type: float64}}
inputs:
  city: {type: string, nullable: true}
  hour: int64
  fold: {type: int64, nullable: true, null_values: [-1]}
features:
  night: {expr: hour < 6}
  town: {from: city, apply: [lower]}
  encoded: {from: [fold, city, hour], apply: [{target_encode: {folds: 3}}]}
  computed: {from: [fold, town, night], apply: [{target_encode: {folds: 3, smooth: 2}}]}
outputs:
  x: {features: [encoded, computed], dtype: float64}
"""
ENCODED = "{target_encode: {folds: 3}}"


def rides(rows: int = 240) -> pa.Table:
    r = np.random.default_rng(5)
    cities = ["Oslo", "oslo", "Rome", "é", None, "only here"]
    return pa.table(
        {
            "city": [*("only here" if k == 7 else cities[k % 5] for k in range(rows))],
            "hour": pa.array(r.integers(0, 24, rows)),
            "fold": pa.array([k * k % 7 % 3 for k in range(rows)], pa.int64()),
            "tip": r.normal(3, 2, rows),
        }
    )


def pipeline(text: str = TEXT) -> Pipeline:
    return read_pipeline_text(text, "pipeline.yaml")[0]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("targets")
    (folder / "p.yaml").write_text(TEXT, encoding="utf-8")
    assert skc.compile(folder / "p.yaml", rides(), folder / "a").report is not None
    return folder / "a"


def test_one_artifact_serves_training_rows_and_requests(compiled: Path) -> None:
    """As scikit-learn does with `fit_transform` for these folds, and with `transform`."""
    rows = rides()
    x = rows.select(["city", "hour"]).to_pandas().astype({"city": object})
    theirs = TargetEncoder(cv=PredefinedSplit(rows["fold"].to_numpy()), target_type="continuous")
    crossed = theirs.fit_transform(x, rows["tip"].to_numpy())
    with skc_runtime.load(compiled) as transformer:
        trained = transformer.transform(rows.select(["city", "hour", "fold"]))["x"][:, :2]
        assert agree(trained, crossed, exact=False).all()
        asked = rows.select(["city", "hour"]).append_column("fold", pa.nulls(rows.num_rows, pa.int64()))
        served = transformer.transform(asked)["x"]
        assert agree(served[:, :2], theirs.transform(x), exact=False).all()
        record = {"city": "Oslo", "hour": 3}
        alone = transformer.transform(record)["x"]
        assert (alone == transformer.transform({**record, "fold": None})["x"]).all()
        assert (alone == transformer.transform({**record, "fold": -1})["x"]).all()  # listed in `null_values`
        unknown = transformer.transform({"city": "Bonn", "hour": 99})["x"]
        assert agree(unknown[:2], np.full(2, theirs.target_mean_), exact=False).all()
        for fold in (3, -2, 2**62):
            with pytest.raises(RecordError, match="fold") as error:
                transformer.transform({**record, "fold": fold})
            assert error.value.code == "out-of-range"


def test_no_target_reaches_the_features_of_its_own_row() -> None:
    """Another target in a row changes other rows, and requests, but never that row."""
    rows = rides(60)
    before = features(fit(pipeline(), rows).pipeline, rows)
    for k in (0, 7, 31):
        tips = rows["tip"].to_pylist()
        tips[k] += 100.0
        changed = rows.set_column(3, "tip", pa.array(tips))
        after = features(fit(pipeline(), changed).pipeline, rows)
        assert (after[k] == before[k]).all()
        assert (after != before).any(axis=1).sum() > 10


def features(fitted: Pipeline, rows: pa.Table) -> Any:
    blocks = {i.name: column_block(i.dtype, rows[i.name].to_pylist(), i.nullable) for i in fitted.inputs}
    return reference.run(fitted, blocks).outputs["x"]


def test_the_state_is_a_function_of_the_rows_alone(tmp_path: Path) -> None:
    rows = rides().filter(pa.compute.is_valid(rides()["city"]))  # a CSV file could not tell null from ""
    shuffled = rows.take(np.random.default_rng(1).permutation(rows.num_rows))
    pyarrow.csv.write_csv(shuffled, tmp_path / "a.csv")
    pq.write_table(shuffled, tmp_path / "a.parquet", row_group_size=50)
    want = plan.encode(fit(pipeline(), rows, threads=1).pipeline)
    for data in (shuffled, shuffled.to_pandas(), tmp_path / "a.csv", tmp_path / "a.parquet"):
        assert plan.encode(fit(pipeline(), data, threads=2).pipeline) == want
    assert plan.encode(fit(pipeline(), shuffled, open_engine=open_memory).pipeline) == want
    declared = replace(pipeline().data or DataSource(), path=str(tmp_path / "a.csv"))
    assert plan.encode(fit(pipeline(), declared).pipeline) == want
    assert b"tip" not in want


def tried() -> set[tuple[Any, Any]]:
    """The cities and folds of the rows that verification tries through other branches."""
    fitted = fit(pipeline(), rides()).pipeline
    known = [{"city": "Oslo", "hour": 1, "fold": None}]
    sources = OwnSources(fitted, step_boundaries(fitted), 100, 0, reference.run, known)
    (branches,) = [source for source in sources if source.name == "branches"]
    return {(record["city"], record["fold"]) for record in branches.records}


def test_verification_tries_every_category_in_every_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    cities = {"Oslo", "oslo", "OSLO", "Rome", "é", "e\u0301", "only here", "only her", None}
    assert tried() >= {(city, fold) for city in cities for fold in (None, 0, 1, 2, 3)}
    monkeypatch.setitem(OPS, "target_encode", replace(OPS["target_encode"], switches=lambda *arguments: ()))
    assert not {("Rome", 1), ("Rome", 2)} <= tried()


def test_one_wrong_mean_of_one_fold_is_found(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skc.verification.run.RELATED_ROWS", 300)
    made = artifacts.read(compiled)
    (k, step) = next((k, s) for k, s in enumerate(made.pipeline.steps) if s.op == "target_encode")
    place = step.state.categories[0].index("Rome")
    table = list(step.state.values[0][0])
    table[2 * (len(step.state.categories[0]) + 2) + place] += 1e-3  # without fold 1
    steps = list(made.pipeline.steps)
    steps[k] = replace(step, state=replace(step.state, values=((tuple(table),), *step.state.values[1:])))
    wrong = replace(assemble(made.pipeline.with_steps(steps), "columns"), pipeline=made.pipeline)
    assert "branches" in verify(wrong, Options(rows=100)).verdict()


def refused(text: str, rows: pa.Table, code: str, hint: str) -> None:
    with pytest.raises(SkcError) as error:
        fit(pipeline(text), rows)
    found = [diagnostic for diagnostic in error.value.diagnostics if hint in (diagnostic.hint or "")]
    assert found, error.value
    assert {diagnostic.code for diagnostic in found} == {code}
    assert all(diagnostic.span for diagnostic in found)


def test_hints_about_the_declaration_are_followed() -> None:
    rows, target = rides(), "{column: tip, type: float64}"
    declared = f"data: {{target: {target}}}\n"
    refused(TEXT.replace(declared, ""), rows, "SKC106", "declare it under `data`: `target: {column: NAME, type:")
    refused(TEXT.replace(target, "tip"), rows, "SKC107", "write `target: {column: NAME, type: float64}`")
    leaking = TEXT.replace("inputs:\n", "inputs:\n  tip: float64\n")
    refused(leaking, rows, "SKC105", "remove the input, and what is made from it")
    refused(TEXT.replace(ENCODED, "target_encode"), rows, "SKC119", "write `from: [FOLD, CATEGORY]` and `{target_enc")
    for other in ("[hour, city]", "[city, fold]", "[fold]"):
        code = "SKC127" if other == "[fold]" else "SKC120"
        refused(TEXT.replace("[fold, city, hour]", other), rows, code, "write `from: [FOLD, CATEGORY]`, and declare FO")
    refused(TEXT.replace("type: float64}}", "type: date}}"), rows, "SKC110", "choose one of these")
    with pytest.raises(SkcError) as error:
        fit(pipeline(TEXT.replace("column: tip", "column: tips")), rows)
    assert [(d.code, d.hint) for d in error.value.diagnostics] == [("SKC204", "did you mean `tip`?")]
    assert fit(pipeline(), rows).warnings == ()


def with_column(name: str, values: list[Any]) -> pa.Table:
    rows = rides()
    return rows.set_column(rows.column_names.index(name), name, pa.array(values))


def test_hints_about_the_rows_are_followed() -> None:
    rows = rides()
    tips, folds = rows["tip"].to_pylist(), rows["fold"].to_pylist()
    text = TEXT.replace("data: {", "data: {where: CONDITION, ")
    without = with_column("tip", [None, *tips[1:]])
    refused(TEXT, without, "SKC209", "exclude such rows: `where: '\"tip\" IS NOT NULL'` under `data`")
    fit(pipeline(text.replace("CONDITION", "'\"tip\" IS NOT NULL'")), without)
    infinite = with_column("tip", [math.inf, *tips[1:]])
    refused(TEXT, infinite, "SKC211", "exclude such rows with `where`")
    fit(pipeline(text.replace("CONDITION", "tip < 1e300")), infinite)
    unfolded = with_column("fold", [None, *folds[1:]])
    refused(TEXT, unfolded, "SKC216", "give every training row a fold: null stands for a request")
    refused(TEXT, with_column("fold", [-1, *folds[1:]]), "SKC216", "give every training row a fold")
    fit(pipeline(text.replace("CONDITION", "fold IS NOT NULL")), unfolded)
    strange = with_column("fold", [3, 4, *folds[2:]])
    refused(TEXT, strange, "SKC216", "number the folds from 0 to 2, or write another number of `folds`")
    fit(pipeline(TEXT.replace("folds: 3", "folds: 5")), strange)
    refused(TEXT.replace("folds: 3", "folds: 4"), rows, "SKC216", "write the number of folds that the data has")
    alone = with_column("fold", [1] * len(folds))
    refused(TEXT, alone, "SKC216", "write the number of folds that the data has as `folds`, or divide its rows again")


def test_hints_about_the_kind_of_target_are_followed() -> None:
    def declared(dtype: str, target_type: str = "auto") -> str:
        text = TEXT.replace("type: float64}}", f"type: {dtype}}}}}")
        return text.replace("folds: 3", f"folds: 3, target_type: {target_type}")

    n = rides().num_rows
    texts, two, one = (with_column("tip", [f"t{k % m}" for k in range(n)]) for m in (3, 2, 1))
    whole = with_column("tip", [k % 3 for k in range(n)])
    refused(declared("string", "continuous"), texts, "SKC216", "declare the target float64 or int64")
    refused(declared("float64", "multiclass"), whole, "SKC216", "declare the target int64, string or bool")
    fit(pipeline(declared("int64", "multiclass")), whole)
    fit(pipeline(declared("int64", "continuous")), whole)
    refused(declared("string", "binary"), texts, "SKC216", "write `target_type: multiclass`")
    fit(pipeline(declared("string", "multiclass")), texts)
    refused(declared("string", "multiclass"), two, "SKC216", "write `target_type: binary`")
    fit(pipeline(declared("string", "binary")), two)
    refused(declared("string"), one, "SKC216", "give rows of other classes too")
    made = fit(pipeline(declared("string")), texts).pipeline
    assert made.steps[-1].state.classes == (("t0", "t1", "t2"),) * 2


def test_categories_that_are_in_one_fold_each() -> None:
    n = rides().num_rows
    names = [f"c{k}" for k in range(n)]
    rows = with_column("city", names)
    (warning,) = fit(pipeline(), rows).warnings[:1]
    assert warning.code == "SKC230"
    assert warning.hint == "group the categories before this step, or put rows of one category in several folds"
    grouped = with_column("city", [name[:2] for name in names])
    assert fit(pipeline(), grouped).warnings == ()


def test_a_target_that_is_not_learned_from_is_not_read() -> None:
    text = TEXT.replace("[encoded, computed]", "[night]")
    lines = [line for line in text.splitlines() if "target_encode" not in line]
    fit(pipeline("\n".join(lines)), rides().select(["city", "hour", "fold"]))


def test_columns_that_are_null_in_every_row() -> None:
    """As only the graph knows of a computed one. Every category has the mean of the target, and fitting says why."""
    text = TEXT.replace("from: city, apply: [lower]", "expr: \"city if city == 'Bonn' else null\"")
    made = fit(pipeline(text), rides())
    assert made.pipeline.steps[-1].state.categories == ((), (False, True))
    assert "SKC232" in {warning.code for warning in made.warnings}
    text = TEXT.replace("[fold, town, night]", "[never, town]")
    text = text.replace("features:\n", "features:\n  never: {expr: fold if hour < 0 else null}\n")
    with pytest.raises(SkcError, match="is null in 240 of 240 training rows") as error:
        fit(pipeline(text), rides())
    assert error.value.code == "SKC216"


def test_a_fold_that_is_computed_is_as_good_as_one_that_is_read() -> None:
    """`fold + 3` of rows of the folds 0 to 2, less 3."""
    text = TEXT.replace("[fold, town, night]", "[again, town, night]")
    text = text.replace("features:\n", "features:\n  again: {expr: fold + 3 - 3}\n")
    again, read = (fit(pipeline(each), rides()).pipeline for each in (text, TEXT))
    assert again.steps[-1].state == read.steps[-1].state


def test_the_profile_is_of_the_inputs_alone() -> None:
    profile = fit(pipeline(), rides(), profile=ProfileOptions()).profile
    assert profile is not None
    assert [column.name for column in profile.columns] == ["city", "hour", "fold"]
