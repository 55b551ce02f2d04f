"""Files as people have them: from each to an artifact, with the values that pandas reads with the same options."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from file_dresses import DRESSES, Dress

import skc
from skc.artifact import READING
from skc.ir import ReadOptions

PIPELINE = """\
skc: 1
name: dress
data: {DATA}
inputs:
  I: {type: int64, nullable: true}
  X: {type: float64, nullable: true}
  B: {type: bool, nullable: true}
  S: {type: string, nullable: true}
outputs:
  out_i: {features: [I], dtype: int64}
  out_x: {features: [X], dtype: float64}
  out_b: {features: [B], dtype: bool}
  out_s: {features: [S], dtype: string}
"""


# Later it is always exact; until then the engine in C is if asked, and the one in Python never.
NEEDS_PRECISION = tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1)


def as_skc_reads(dress: Dress, folder: Path) -> pd.DataFrame:
    """Through an artifact, which is given the file again under another name: it knows how to read it."""
    (folder / dress.file).write_bytes(dress.data)
    path = pipeline(folder, "pipeline.yaml", {"path": dress.file, **dress.options}, dress.names)
    made = skc.compile(path, out=folder / "artifact", rows=10)
    assert made.report is not None
    assert made.report.is_equal
    other = folder / f"other-{dress.file}"
    other.write_bytes(dress.data)
    skc.transform(folder / "artifact", other, folder / "out.parquet")
    return pq.read_table(folder / "out.parquet").to_pandas(types_mapper=pd.ArrowDtype)


def as_pandas_reads(dress: Dress, folder: Path) -> pd.DataFrame:
    i, x, b, s = dress.names
    options: dict[str, Any] = {"keep_default_na": False, **dress.pandas}
    nulls = options.pop("na_values", [])
    options["na_values"] = {i: ["", *nulls], x: ["", *nulls], b: ["", *nulls], s: nulls} if nulls else {}
    if not nulls:
        options["na_values"] = {name: ["", dress.null] for name in (i, x, b)}
    if options.get("engine") != "python" and NEEDS_PRECISION:
        options["float_precision"] = "round_trip"
    file = folder / dress.file
    if dress.file.endswith(".zst"):  # which pandas reads with one library more
        with pa.input_stream(str(file), compression="zstd") as stream:
            (folder / "unpacked.csv").write_bytes(stream.read())
        file = folder / "unpacked.csv"
    by_python = NEEDS_PRECISION and options.get("engine") == "python"
    frame = pd.read_csv(file, dtype={i: "Int64", x: "object" if by_python else "float64", s: "object"}, **options)
    if by_python:
        frame[x] = [_number(value, options) for value in frame[x]]
    return frame


def _number(text: Any, options: Mapping[str, Any]) -> float:
    """A number as pandas leaves it: its marks replaced, or not yet."""
    if isinstance(text, str) and options.get("decimal", ".") in text:
        text = text.replace(options.get("thousands", ""), "").replace(options.get("decimal", "."), ".")
    return float(text)


@pytest.mark.parametrize("dress", DRESSES, ids=[dress.name for dress in DRESSES])
def test_values_are_those_of_pandas(dress: Dress, tmp_path: Path) -> None:
    ours, theirs = as_skc_reads(dress, tmp_path), as_pandas_reads(dress, tmp_path)
    assert len(ours) == len(theirs) == 60
    for mine, name in zip(ours, dress.names, strict=True):
        got, want = ours[mine].tolist(), theirs[name].tolist()
        missing = [value is pd.NA or value != value for value in got]
        assert missing == [value is pd.NA or value is None or value != value for value in want], name
        pairs = [(g, w) for g, w, null in zip(got, want, missing, strict=True) if not null]
        assert [g for g, _ in pairs] == [w for _, w in pairs], name
        if name in ("x", "X"):
            assert [np.float64(g).tobytes() for g, _ in pairs] == [np.float64(w).tobytes() for _, w in pairs]
    assert not set(map(str, ours.dtypes)) & {"object"}


def pipeline(folder: Path, name: str, data: Mapping[str, Any], columns: Sequence[str] = "ixbs") -> Path:
    """A pipeline.yaml on some columns."""
    text = PIPELINE.replace("{DATA}", json.dumps(data))
    for place, column in zip("IXBS", columns, strict=True):
        text = text.replace(f"  {place}: {{type", f"  {column}: {{type").replace(f"[{place}]", f"[{column}]")
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("data", [b"{", b"[1]", b"\xff", b'{"separatr": ";"}', b'{"skip_rows": -1}', b" " * 2_000_000])
def test_a_forged_reading_is_refused(data: bytes, tmp_path: Path) -> None:
    """Also where its hash is right."""
    (tmp_path / "rows.csv").write_bytes(DRESSES[0].data)
    path = pipeline(tmp_path, "pipeline.yaml", {"path": "rows.csv", "separator": ";"})
    artifact = skc.compile(path, verify=False).artifact
    assert artifact.reading == ReadOptions(separator=";")
    with pytest.raises(skc.SkcError) as error:
        _ = replace(artifact, files={**artifact.files, READING: data}).reading
    assert error.value.code == "SKC401"


def test_options_change_neither_the_plan_nor_the_model(tmp_path: Path) -> None:
    """They say how rows are read, and not what a request is."""
    artifacts = []
    for name, separator in (("a", ";"), ("b", "|")):
        lines = ["i,x,b,s", "1,2,true,c", "2,3,false,d"]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines).replace(",", separator))
        path = pipeline(tmp_path, f"{name}.yaml", {"path": f"{name}.csv", "separator": separator})
        artifacts.append(skc.compile(path, verify=False).artifact)
    first, second = artifacts
    assert first.manifest.plan == second.manifest.plan
    assert first.files["model.onnx"] == second.files["model.onnx"]
    assert first.reading != second.reading
