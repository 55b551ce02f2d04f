"""Where rows lie that Spark alone, or each executor by itself, can reach: tables of the catalogue, and a bucket."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loopback import s3, serving
from spark_plans import plan_of

import skc
from skc.diagnostics import SkcError

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("session")]  # PySpark's are its own
ROWS = pa.table(
    {
        "fare": pa.array([None if k % 7 == 3 else k * k / 3 for k in range(40)]),
        "kind": pa.array(["", "ä", "b", "a"][k % 4] for k in range(40)),
    }
)
PIPELINE = """\
skc: 1
name: rides
data: {path: %s}
inputs: {fare: {type: float64, nullable: true}, kind: string}
features:
  fare: {from: fare, apply: [{impute: {strategy: median}}, standard_scale]}
  kind: {from: kind, apply: [one_hot]}
outputs: {x: {features: [fare, kind], dtype: float32}}
"""
CAPTURED = "spark::captured"


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("expected")
    (folder / "pipeline.yaml").write_text(PIPELINE % "none")
    return plan_of(folder / "pipeline.yaml", ROWS, folder / "artifact")


@pytest.fixture
def subject(session: Any, tmp_path: Path) -> Path:
    """A pipeline that names a view of the session."""
    rows = [(row["fare"], row["kind"]) for row in ROWS.to_pylist()]
    session.createDataFrame(rows, "fare double, kind string").repartition(3).createOrReplaceTempView("captured")
    (tmp_path / "pipeline.yaml").write_text(PIPELINE % f'"{CAPTURED}"')
    return tmp_path / "pipeline.yaml"


def test_a_table_of_the_catalogue_is_fitted(subject: Path, expected: bytes, tmp_path: Path) -> None:
    """Where the pipeline or the caller names it; a path is a table of Spark too, in a format that it knows."""
    pq.write_table(ROWS, tmp_path / "rows.parquet")
    for data in (None, CAPTURED, f"spark::parquet.`{tmp_path}/rows.parquet`"):
        assert plan_of(subject, data, tmp_path / "artifact") == expected, data


def test_a_table_of_the_catalogue_is_transformed_and_kept_as_a_state(
    subject: Path, expected: bytes, tmp_path: Path
) -> None:
    skc.compile(subject, ROWS, tmp_path / "artifact")
    assert skc.transform(tmp_path / "artifact", CAPTURED, tmp_path / "features", keep=["kind"])["rows"] == 40
    skc.transform(tmp_path / "artifact", ROWS, tmp_path / "features.parquet", keep=["kind"])
    both = [pq.read_table(tmp_path / name) for name in ("features", "features.parquet")]
    assert len({str(table.sort_by([(n, "ascending") for n in table.column_names])) for table in both}) == 1
    skc.fit_state(subject, CAPTURED, tmp_path / "a.state")
    skc.merge([tmp_path / "a.state"], tmp_path / "merged")
    merged = tmp_path / "merged"
    assert (merged / "plan.json").read_bytes() + (merged / "profile.json").read_bytes() == expected


def test_a_table_that_is_not_there_is_named(subject: Path, tmp_path: Path) -> None:
    with pytest.raises(SkcError, match=r"SKC201\]: the table nowhere\.rides of Spark cannot be opened") as caught:
        skc.compile(subject, "spark::nowhere.rides", tmp_path / "a")
    (diagnostic,) = caught.value.diagnostics
    assert "listTables" in str(diagnostic.hint)
    assert "nowhere" in diagnostic.notes[0]
    skc.compile(subject, ROWS, tmp_path / "artifact")
    with pytest.raises(SkcError, match=r"SKC201\]: the table `a of Spark cannot be opened"):
        skc.transform(tmp_path / "artifact", "spark::`a", tmp_path / "features")


def test_an_engine_that_cannot_read_it_is_refused(session: Any, subject: Path) -> None:
    with pytest.raises(SkcError, match=r"SKC202\]: the table captured of Spark is read by Spark alone"):
        skc.check(subject, CAPTURED)
    with pytest.raises(SkcError, match=r"SKC140\]: the data is read by --engine spark alone, and --engine postgres is"):
        skc.compile(subject, engine="postgres")
    with pytest.raises(SkcError, match=r"SKC140\]: the data is read by --engine spark alone, and --engine postgres is"):
        skc.compile(subject, session.table("captured"), engine="postgres")


def test_executors_read_a_bucket_by_themselves(
    session: Any, subject: Path, expected: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("s3fs")
    files = {}
    for k in range(3):
        sink = io.BytesIO()
        pq.write_table(ROWS.slice(14 * k, 14), sink)
        files[f"lake/rides/{k}.parquet"] = sink.getvalue()
    with serving(files, s3) as url:
        settings = {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "ENDPOINT_URL": url, "DEFAULT_REGION": "us-east-1"}
        for name, value in settings.items():
            monkeypatch.setenv(f"AWS_{name}", value)
            monkeypatch.setitem(session.sparkContext.environment, f"AWS_{name}", value)
        assert plan_of(subject, "s3://lake/rides/*.parquet", tmp_path / "artifact", engine="spark") == expected
