"""float32 as the type of an input: one rounding, the same for a column of float32, a text and a number of JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import skc
from skc.artifact import PLAN, read
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline_text
from skc.selfcheck.run import self_check
from skc.verification.run import Options
from skc_runtime import RecordError, load

NUMBERS = [0.1, 0.3, 0.7, -0.7, 16777217.0, 1e-46, 2.5, 3.4028235677973362e38]
PIPELINE = """
skc: 1
name: narrow
inputs:
  x: {type: float32, nullable: true, null_values: [-999.9]}
  y: float32
features:
  bins: {from: x, apply: [{impute: {value: 0}}, {bucketize: {edges: [0.3, 0.7], closed: left}}]}
  learned: {from: y, apply: [{quantile_bin: {bins: 3}}]}
  below: {expr: y < 0.7}
  staged: {expr: y / 2, apply: [standard_scale]}
outputs:
  out: {features: [bins, learned, below, x, y, staged], dtype: float64}
"""


def table(dtype: pa.DataType) -> pa.Table:
    return pa.table({"x": pa.array([*NUMBERS[:-1], -999.9], dtype), "y": pa.array(NUMBERS, dtype)})


def written(folder: Path, name: str) -> str:
    path = folder / name
    columns = table(pa.float64()).to_pydict()
    rows = list(zip(columns["x"], columns["y"], strict=True))
    match path.suffix:
        case ".csv":
            path.write_text("x,y\n" + "".join(f"{x!r},{y!r}\n" for x, y in rows))
        case ".jsonl":
            lines = [json.dumps({"x": x, "y": y}) for x, y in rows]
            path.write_text("\n".join(lines))
        case _:
            pq.write_table(table(pa.float32() if name.startswith("narrow") else pa.float64()), path)
    return str(path)


def compiled(tmp_path: Path, data: Any, signature: Any = "columns") -> Any:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    return skc.compile(
        tmp_path / "pipeline.yaml", data=data, out=tmp_path / "artifact", signature=signature, force=True
    )


@pytest.mark.parametrize("signature", ["columns", "packed"])
def test_one_meaning_in_every_source_and_request(tmp_path: Path, signature: Any) -> None:
    """Each kind of data fits the same plan, and each kind of request gets the same bits."""
    names = ["narrow.parquet", "wide.parquet", "a.csv", "a.jsonl"]
    plans, outputs = set(), []
    for name in names:
        compiled(tmp_path, written(tmp_path, name), signature)
        plans.add((tmp_path / "artifact" / PLAN).read_bytes())
    assert len(plans) == 1
    records = [
        dict(zip("xy", pair, strict=True)) for pair in zip(*table(pa.float64()).to_pydict().values(), strict=True)
    ]
    body = json.dumps(records).encode()
    with load(tmp_path / "artifact") as transformer:
        outputs += [transformer.transform(table(dtype))["out"] for dtype in (pa.float32(), pa.float64())]
        outputs += [transformer.transform(records)["out"], transformer.transform_json(body)["out"]]
        outputs += [np.array([transformer.transform(record)["out"] for record in records])]
        frame = table(pa.float32()).to_pandas(), table(pa.float64()).to_pandas()
        outputs += [transformer.transform(one)["out"] for one in frame]
    for output in outputs:
        np.testing.assert_array_equal(output, outputs[0][: len(output)])
    bins, learned, below, x, y, _ = outputs[0].T
    narrow = np.array(NUMBERS, np.float32).astype(np.float64)
    np.testing.assert_array_equal(y, narrow)
    np.testing.assert_array_equal(x, [*narrow[:-1], math.nan])
    assert bins.tolist()[:3] == [0.0, 1.0, 1.0]  # float32(0.3) is above 0.3, float32(0.7) below 0.7
    np.testing.assert_array_equal(below, narrow < 0.7)
    assert set(learned) == {0.0, 1.0, 2.0}


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_number_outside_float32_is_refused_with_its_row(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("csv"):
        path.write_text("x,y\n1,1\n1,3.4028235677973366e38\n")
    elif name.endswith("jsonl"):
        path.write_text('{"x": 1, "y": 1}\n{"x": 1, "y": 3.4028235677973366e38}\n')
    else:
        pq.write_table(pa.table({"x": [1.0, 1.0], "y": [1.0, 3.4028235677973366e38]}), path)
    with pytest.raises(SkcError) as error:
        compiled(tmp_path, str(path))
    assert error.value.code == "SKC206"
    assert "row 2" in str(error.value)
    assert "3.4028234663852886e+38" in str(error.value)


def test_a_request_outside_float32_is_refused(tmp_path: Path) -> None:
    compiled(tmp_path, table(pa.float64()))
    with load(tmp_path / "artifact") as transformer:
        for request in ({"x": 1.0, "y": 1e39}, [{"x": 1.0, "y": 1.0}, {"x": 1e39, "y": 1.0}]):
            with pytest.raises(RecordError, match="outside float32") as error:
                transformer.transform(request)
            assert error.value.code == "float32-overflow"
        with pytest.raises(RecordError) as error:
            transformer.transform_columns({"x": np.array([1.0, 1.0]), "y": np.array([1.0, 1e300])})
        assert (error.value.code, error.value.input, error.value.row) == ("float32-overflow", "y", 1)


def test_an_edge_moved_by_one_float32_is_found_and_by_less_is_no_fault(tmp_path: Path) -> None:
    compiled(tmp_path, table(pa.float64()))
    check = self_check(read(tmp_path / "artifact"), Options(rows=300))
    survivors = {outcome.mutant.kind for outcome in check.survivors}
    assert survivors.isdisjoint({"edge at the next float", "`<` for `<=`", "float off by an ulp of float32"}), survivors


def test_the_warning_goes_where_the_input_is_float32() -> None:
    """The data is float32, and a step decides by the last bit."""
    narrow = table(pa.float32())
    declared = read_pipeline_text(PIPELINE, "pipeline.yaml")[0]
    asked = read_pipeline_text(PIPELINE.replace("float32", "float64"), "pipeline.yaml")[0]
    (warning,) = [w for w in fit(asked, narrow).warnings if w.code == "SKC235"]
    assert warning.hint is not None
    assert "declare them `float32`" in warning.hint
    assert not [w for w in fit(declared, narrow).warnings if w.code == "SKC235"]


def test_a_null_value_outside_float32() -> None:
    text = PIPELINE.replace("-999.9", "1e39")
    with pytest.raises(SkcError) as error:
        read_pipeline_text(text, "pipeline.yaml")
    assert error.value.code == "SKC115"
    assert "outside float32" in str(error.value)
    read_pipeline_text(text.replace("x: {type: float32", "x: {type: float64"), "pipeline.yaml")
