"""Inputs that are local times: the same instants from files, tables and requests, whatever the clock did."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import skc
import skc_runtime
from skc.diagnostics import SkcError

BERLIN = ZoneInfo("Europe/Berlin")
PIPELINE = """\
skc: 1
name: rides
inputs:
  at: {type: timestamp, nullable: true, timezone: Europe/Berlin, ambiguous: AMBIGUOUS, nonexistent: NONEXISTENT}
  k: int64
features:
  hour: {from: at, apply: [{datetime_part: {part: hour, timezone: UTC}}, {impute: {value: -1}}]}
  scaled: {from: at, apply: [{datetime_part: {part: minute, timezone: UTC}}, {cast: {to: float64}}, standard_scale]}
outputs:
  x: {features: [hour], dtype: int64}
  z: {features: [scaled], dtype: float64}
"""
# In Berlin: an hour that is skipped, one that occurs twice, and the microseconds around them.
TEXTS = [
    "2024-03-31T01:59:59.999999",
    "2024-03-31T03:00:00",
    "2024-10-27T01:59:59.999999",
    "2024-10-27T02:00:00",
    "2024-10-27T02:59:59.999999",
    "2024-10-27T03:00:00",
    "1890-06-01T12:00:00.5",
    "2090-07-01T12:00",
    None,
]
SKIPPED = "2024-03-31T02:30:00"


def pipeline(folder: Path, ambiguous: str = "latest", nonexistent: str = "error") -> Path:
    text = PIPELINE.replace("AMBIGUOUS", ambiguous).replace("NONEXISTENT", nonexistent)
    path = folder / "pipeline.yaml"
    path.write_text(text)
    return path


def naive(text: str | None) -> datetime.datetime | None:
    return None if text is None else datetime.datetime.fromisoformat(text)


def hours(texts: list[str | None], fold: int = 1) -> list[int]:
    found = [naive(text) for text in texts]
    return [-1 if t is None else t.replace(tzinfo=BERLIN, fold=fold).astimezone(datetime.UTC).hour for t in found]


def table(texts: list[str | None]) -> pa.Table:
    return pa.table({"at": pa.array([naive(text) for text in texts], pa.timestamp("us")), "k": range(len(texts))})


def sources(folder: Path, texts: list[str | None]) -> Mapping[str, Any]:
    """The same rows in every form that holds local times."""
    typed = table(texts)
    lines = [json.dumps({"at": text, "k": k}) for k, text in enumerate(texts)]
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n")
    fields = [f"{text or ''},{k}" for k, text in enumerate(texts)]
    (folder / "a.csv").write_text("at,k\n" + "\n".join(fields) + "\n")
    pq.write_table(typed, folder / "a.parquet")
    pq.write_table(typed.set_column(0, "at", pa.array(texts)), folder / "text.parquet")
    return {
        "csv": folder / "a.csv",
        "jsonl": folder / "a.jsonl",
        "parquet": folder / "a.parquet",
        "text": folder / "text.parquet",
        "arrow": typed,
        "pandas": typed.to_pandas(),
        "polars": pl.from_arrow(typed),
    }


def test_every_form_of_the_data_is_the_same_pipeline(tmp_path: Path) -> None:
    identities = {}
    for name, data in sources(tmp_path, TEXTS).items():
        compiled = skc.compile(pipeline(tmp_path), data=data, out=tmp_path / name, verify=False)
        identities[name] = skc_runtime.load(tmp_path / name).identity
        assert compiled.artifact.manifest.tzdata is not None
    assert len(set(identities.values())) == 1, identities


@pytest.mark.parametrize("ambiguous", ["latest", "earliest"])
def test_a_request_means_what_the_training_row_meant(tmp_path: Path, ambiguous: str) -> None:
    skc.compile(pipeline(tmp_path, ambiguous), data=table(TEXTS), out=tmp_path / "artifact", rows=500)
    transformer = skc_runtime.load(tmp_path / "artifact")
    assert transformer.describe()["inputs"][0]["timezone"] == "Europe/Berlin"
    want = hours(TEXTS, fold=int(ambiguous == "latest"))
    typed = table(TEXTS)
    rows = range(len(TEXTS))
    requests = [
        typed,
        typed.to_pandas(),
        pl.from_arrow(typed),
        [{"at": text, "k": k} for k, text in enumerate(TEXTS)],
        [{"at": naive(text), "k": k} for k, text in enumerate(TEXTS)],
        [typed.to_pandas().iloc[k].to_dict() for k in rows],
    ]
    for request in requests:
        assert transformer.transform(request)["x"].ravel().tolist() == want
    columns = {"at": np.array(TEXTS, "datetime64[us]"), "k": np.arange(len(TEXTS))}
    assert transformer.transform_columns(columns)["x"].ravel().tolist() == want
    for k, text in enumerate(TEXTS):
        body = json.dumps({"at": text, "k": k}).encode()
        assert transformer.transform_json(body)["x"].tolist() == [want[k]]


def test_a_skipped_time_follows_its_policy(tmp_path: Path) -> None:
    results: dict[str, Any] = {}
    for policy in ("error", "null", "shift_forward"):
        skc.compile(pipeline(tmp_path, "latest", policy), data=table(TEXTS), out=tmp_path / policy, verify=False)
        try:
            results[policy] = skc_runtime.load(tmp_path / policy).transform({"at": SKIPPED, "k": 1})["x"].tolist()
        except skc_runtime.RecordError as error:
            results[policy] = (error.code, error.input)
    assert results == {"error": ("nonexistent-time", "at"), "null": [-1], "shift_forward": [1]}


def test_all_changes_of_the_clock_are_tried_and_faults_are_found(tmp_path: Path) -> None:
    compiled = skc.compile(pipeline(tmp_path), data=table(TEXTS), out=tmp_path / "artifact", rows=500)
    assert compiled.report is not None
    (row,) = [row for row in compiled.report.coverage if row.step == "inputs/at/local_time"]
    (changes,) = [kind for kind in row.kinds if kind.name == "zone change"]
    assert changes.tried == changes.total > 1000
    checked = skc.self_check(tmp_path / "artifact", rows=500)
    assert not [fault for fault in checked.survivors if "local_time" in str(fault)]


@pytest.mark.parametrize(
    ("column", "hint"),
    [
        (pa.array([0], pa.timestamp("us", "UTC")), "leave out `timezone`"),
        (pa.array([1.5]), "declare it `float64`"),
        (pa.array([True]), "declare it `bool`"),
    ],
)
def test_a_column_of_another_type_is_refused(tmp_path: Path, column: pa.Array, hint: str) -> None:
    with pytest.raises(SkcError) as error:
        skc.compile(pipeline(tmp_path), data=pa.table({"at": column, "k": [1]}), verify=False)
    assert error.value.code == "SKC205"
    assert hint in str(error.value)


@pytest.mark.parametrize(
    "text", ["2024-01-01T00:00Z", "2024-01-01T00:00+01:00", "2024-01-01", "2023-02-29T00:00", "x", "2024-01-01T24:00"]
)
def test_a_text_that_is_not_a_local_time_is_refused_in_data(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(f"at,k\n{text},1\n")
    for data in (tmp_path / "a.csv", pa.table({"at": [text], "k": [1]})):
        with pytest.raises(SkcError) as error:
            skc.compile(pipeline(tmp_path), data=data, verify=False)
        assert error.value.code == "SKC206"
        assert "leave out `timezone`" in str(error.value)


def test_nanoseconds_are_refused_in_data(tmp_path: Path) -> None:
    column = pa.array([1_000, 1_001], pa.timestamp("ns"))
    with pytest.raises(SkcError) as error:
        skc.compile(pipeline(tmp_path), data=pa.table({"at": column, "k": [1, 2]}), verify=False)
    assert error.value.code == "SKC206"


def test_where_sees_the_local_time(tmp_path: Path) -> None:
    pq.write_table(table(TEXTS), tmp_path / "a.parquet")
    path = pipeline(tmp_path)
    where = r"""where: "\"at\" >= TIMESTAMP '2024-10-27 03:00:00'" """
    path.write_text(path.read_text() + f"data:\n  path: {tmp_path}/a.parquet\n  {where}\n")
    assert skc.compile(path, verify=False).stages[0].rows == 2


def test_a_record_of_the_command_line_may_be_a_request(tmp_path: Path) -> None:
    compiled = skc.compile(pipeline(tmp_path), data=table(TEXTS), out=tmp_path / "artifact", verify=False)
    hours_of = [
        skc.explain(tmp_path / "artifact", json.dumps({"at": at, "k": 1})).to_json()
        for at in ("2024-07-01T12:00", 1_719_835_200_000_000, "1719835200000000")
    ]
    assert hours_of[0] == hours_of[1] == hours_of[2]
    assert compiled.artifact.manifest.inputs[0].timezone == "Europe/Berlin"
    with pytest.raises(SkcError, match="has an offset, but the input is a local time") as error:
        skc.explain(tmp_path / "artifact", '{"at": "2024-07-01T12:00Z", "k": 1}')
    assert error.value.code == "SKC501"
