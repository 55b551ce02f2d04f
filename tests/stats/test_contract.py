"""What is demanded of training rows: of all columns at once, and also where nothing is learned from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_tables import refusal

import skc
from skc.data.duckdb.connection import Database
from skc.diagnostics import SkcError
from skc.ir import Input

STATELESS = """\
skc: 1
name: stateless
DATA
inputs: {a: float64, b: int64, c: {type: string, nullable: true}}
features:
  a: {from: a, apply: [{clip: {min: 0, max: 1}}]}
outputs:
  x: {features: [a, b], dtype: float64}
"""


@pytest.mark.parametrize("how", ["declared", "given"])
def test_data_is_read_also_where_nothing_is_learned(tmp_path: Path, how: str) -> None:
    """Rows that cannot be served must not wait for a step that needs them."""
    declared = "data: {path: rows.csv}" if how == "declared" else ""
    (tmp_path / "pipeline.yaml").write_text(STATELESS.replace("DATA", declared))
    rows = tmp_path / "rows.csv"
    data = None if how == "declared" else rows
    for text, code in (("a,b,c\n1,x,\n", "SKC206"), ("a,b,c\n1,,\n", "SKC209"), ("a,b\n1,2\n", "SKC204")):
        rows.write_text(text)
        with pytest.raises(SkcError) as error:
            skc.compile(tmp_path / "pipeline.yaml", data, verify=False)
        assert error.value.code == code
    rows.write_text("a,b,c\n1,2,\n1,3,x\n")
    made = skc.compile(tmp_path / "pipeline.yaml", data, verify=False)
    assert made.stages[0].rows == 2
    assert [w.code for w in made.warnings] == ["SKC117", "SKC223"]


def test_a_pipeline_that_learns_nothing_needs_no_data(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(STATELESS.replace("DATA", ""))
    assert skc.compile(tmp_path / "pipeline.yaml", verify=False).stages[0].rows == 0


def test_the_first_bad_value_of_every_column_is_reported(database: Database, tmp_path: Path) -> None:
    """Across files, each at its place, in one run."""
    (tmp_path / "1.csv").write_text("a,b,c,d\n1,2,x,4\n1,no,x,4\n")
    (tmp_path / "2.csv").write_text("a,b,c,d\n1.5,2,x,4\n2,worse,x,nan\n-,2,x,4\n")
    inputs = (Input("a", "int64"), Input("b", "int64"), Input("c", "string"), Input("d", "float64", nan="error"))
    error = refusal(database, f"{tmp_path}/*.csv", inputs)
    assert [(d.code, d.message.split(": ", 1)[0].removeprefix(f"{tmp_path}/")) for d in error.diagnostics] == [
        ("SKC206", "1.csv, row 2 (line 3)"),
        ("SKC206", "2.csv, row 1 (line 2)"),
        ("SKC209", "2.csv, row 2 (line 3)"),
    ]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_nulls_are_reported_together_with_bad_values(database: Database, tmp_path: Path, kind: str) -> None:
    """One run tells of both; a null in a row that `where` leaves out, or may leave out, is not told of."""
    rows = {"a": ["1.5", "2", "3", "4"], "b": ["5", "", "", "6"], "c": ["", "7", "8", "9"]}
    if kind == "csv":
        lines = [",".join(cells) for cells in zip(*rows.values(), strict=True)]
        (tmp_path / "rows.csv").write_text("\n".join(["a,b,c", *lines, ""]))
    else:
        table = pa.table({k: pa.array([float(v) if v else None for v in vs]) for k, vs in rows.items()})
        pq.write_table(table, tmp_path / "rows.parquet")
    inputs = (Input("a", "int64"), Input("b", "float64"), Input("c", "float64"))
    error = refusal(database, str(tmp_path / f"rows.{kind}"), inputs, where="a <> 2")
    assert [(d.code, d.message.split("`")[1] if d.code == "SKC209" else "a") for d in error.diagnostics] == [
        ("SKC206", "a"),
        ("SKC209", "b"),
    ]
    assert ", row 3" in error.diagnostics[1].message
    assert error.diagnostics[1].notes == ("1 of 2 rows are null",)


def test_many_bad_columns_are_counted(database: Database) -> None:
    table = pa.table({f"c{k}": [0.5] for k in range(40)})
    error = refusal(database, table, tuple(Input(f"c{k}", "int64") for k in range(40)))
    assert len(error.diagnostics) == 10
    assert "and 30 more columns with such values: `c10`, `c11`" in str(error)


def test_all_columns_that_are_missing_or_of_another_type_are_reported(database: Database) -> None:
    table = pa.table({"a": ["x"], "b": [True], "c": [1]})
    inputs = (Input("a", "float64"), Input("b", "int64"), Input("c", "int64"), Input("d", "int64"))
    error = refusal(database, table, inputs)
    assert sorted(d.code for d in error.diagnostics) == ["SKC204", "SKC205", "SKC205"]


EMPTY = """\
skc: 1
name: empty
inputs: {a: {type: float64, nullable: true}, s: {type: string, nullable: true}, k: int64}
features:
  a: {from: a, apply: [{impute: {value: 1}}, {clip: {min: 0, max: 5}}]}
  s: {from: s, apply: [{one_hot: {unknown: zeros}}]}
outputs:
  x: {features: [a, s, k], dtype: float64}
"""


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_a_column_without_values_reaches_the_ops(tmp_path: Path, kind: str) -> None:
    """`impute` with a value and `one_hot` have a rule for it; the warning names the column."""
    (tmp_path / "pipeline.yaml").write_text(EMPTY.replace("s: {type: string,", 's: {type: string, null_values: [""],'))
    path = tmp_path / f"rows.{kind}"
    match kind:
        case "csv":
            path.write_text('a,s,k\n,"",1\n,,2\n')
        case "parquet":
            pq.write_table(pa.table({"a": pa.nulls(2), "s": pa.nulls(2, pa.string()), "k": [1, 2]}), path)
        case _:
            path.write_text('{"a": null, "s": null, "k": 1}\n{"k": 2}\n')
    made: Any = skc.compile(tmp_path / "pipeline.yaml", path, tmp_path / "artifact", rows=200)
    assert [(w.code, w.message.split("`")[1]) for w in made.warnings] == [("SKC222", "a"), ("SKC222", "s")]
    assert made.report.is_equal
    if kind == "jsonl":
        path.write_text('{"a": null, "k": 1}\n')
        with pytest.raises(SkcError, match="SKC204"):
            skc.compile(tmp_path / "pipeline.yaml", path)
