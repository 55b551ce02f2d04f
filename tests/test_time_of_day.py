"""The type `time`: microseconds since midnight, from every source and in every form of a request."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import skc
from skc.artifact import PLAN
from skc.diagnostics import SkcError
from skc.frontend.yaml.reader import read_pipeline_text
from skc_runtime import RecordError, load

PIPELINE = """
skc: 1
name: clock
inputs:
  opens: {type: time, nullable: true, null_values: ["-"]}
  id: string
features:
  hour: {from: opens, apply: [{datetime_part: {part: hour}}, {cyclical: {period: 24}}]}
  late: {expr: "is_null(opens) or opens > opens"}
  micros: {from: opens, apply: [{cast: {to: int64}}]}
  filled: {from: opens, apply: [{impute: {strategy: most_frequent}}, {datetime_part: {part: minute}}]}
outputs:
  x: {features: [hour, late], dtype: float64}
  n: {features: [micros, filled, opens], dtype: int64}
"""
CLOCKS = [datetime.time(9, 5), datetime.time(23, 59, 59, 999_999), None, datetime.time(9, 5), datetime.time.min]
MICROS = [32_700_000_000, 86_399_999_999, None, 32_700_000_000, 0]
IDS = [f"01234567-89ab-cdef-0123-45678900000{k}" for k in range(5)]


def table(dtype: pa.DataType) -> pa.Table:
    return pa.table({"opens": pa.array(CLOCKS, pa.time64("us")).cast(dtype), "id": IDS})


def written(folder: Path, name: str) -> str:
    path = folder / name
    texts = [None if clock is None else clock.isoformat() for clock in CLOCKS]
    match path.suffix:
        case ".csv":
            path.write_text("opens,id\n" + "".join(f"{t or '-'},{i}\n" for t, i in zip(texts, IDS, strict=True)))
        case ".jsonl":
            lines = [json.dumps({"opens": t, "id": i}) for t, i in zip(texts, IDS, strict=True)]
            path.write_text("\n".join(lines))
        case ".duckdb":
            with duckdb.connect(str(path)) as connection:
                connection.register("rows", table(pa.time64("us")))
                connection.execute("CREATE TABLE t AS SELECT opens, id::UUID AS id FROM rows")
            return f"{path}::t"
        case _:
            pq.write_table(table(pa.time64("ns")), path)
    return str(path)


def test_one_meaning_in_every_source_and_request(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    plans = set()
    for name in ("a.csv", "a.jsonl", "a.parquet", "a.duckdb"):
        data = written(tmp_path, name)
        skc.compile(tmp_path / "pipeline.yaml", data=data, out=tmp_path / "artifact", force=True)
        plans.add((tmp_path / "artifact" / PLAN).read_bytes())
        report = skc.verify(tmp_path / "artifact", data=data)
        assert report.is_equal, report
    assert len(plans) == 1
    records: list[dict[str, Any]] = [
        {"opens": None if clock is None else clock.isoformat(), "id": i} for clock, i in zip(CLOCKS, IDS, strict=True)
    ]
    with load(tmp_path / "artifact") as transformer:
        outputs = [transformer.transform(records), transformer.transform_json(json.dumps(records).encode())]
        outputs += [transformer.transform(table(dtype)) for dtype in (pa.time64("us"), pa.time64("ns"))]
        outputs += [transformer.transform(table(pa.time64("us")).to_pandas())]
        outputs += [transformer.transform_columns({"opens": values, "id": IDS}) for values in (CLOCKS, MICROS)]
        for output in outputs:
            for name, values in outputs[0].items():
                np.testing.assert_array_equal(output[name], values)
        assert outputs[0]["n"].tolist() == [
            [32_700_000_000, 5, 32_700_000_000],
            [86_399_999_999, 59, 86_399_999_999],
            [0, 5, 0],
            [32_700_000_000, 5, 32_700_000_000],
            [0, 0, 0],
        ]
        for outside in (-1, 86_400_000_000):
            with pytest.raises(RecordError) as error:
                transformer.transform({"opens": outside, "id": IDS[0]})
            assert (error.value.code, error.value.input) == ("out-of-range", "opens")


@pytest.mark.parametrize(
    ("feature", "code"),
    [
        ("from: opens, apply: [{datetime_part: {part: weekday}}]", "SKC126"),
        ("from: opens, apply: [{datetime_part: {part: hour, timezone: Europe/Berlin}}]", "SKC126"),
        ("from: opens, apply: [standard_scale]", "SKC120"),
        ("from: opens, apply: [{cast: {to: timestamp}}]", "SKC128"),
        ("expr: opens - opens", "SKC134"),
    ],
)
def test_what_a_time_of_day_cannot_be(feature: str, code: str) -> None:
    text = PIPELINE.replace("features:\n", f"features:\n  bad: {{{feature}}}\n").replace("[hour,", "[bad, hour,")
    with pytest.raises(SkcError) as error:
        read_pipeline_text(text, "pipeline.yaml")
    assert code in {diagnostic.code for diagnostic in error.value.diagnostics}


def test_a_draft_reads_the_types_of_the_warehouse(tmp_path: Path) -> None:
    """What `skc init` writes for them compiles."""
    rows = 60
    clocks = [datetime.time(k % 24, k) for k in range(rows)]
    data = pa.table(
        {
            "opens": pa.array(clocks, pa.time64("us")),
            "price": pa.array([k / 10 for k in range(rows)], pa.float32()),
            "paid": pa.array(list(range(rows)), pa.decimal128(12, 2)),
        }
    )
    pq.write_table(data, tmp_path / "data.parquet")
    draft = skc.init(tmp_path / "data.parquet")
    (tmp_path / "pipeline.yaml").write_text(draft.text)
    assert "opens: time" in draft.text
    assert "price: float32" in draft.text
    skc.compile(tmp_path / "pipeline.yaml", data=tmp_path / "data.parquet", out=tmp_path / "artifact")
