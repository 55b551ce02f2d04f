"""Files of other machines, served on the loopback address: the same rows as from a file, or a typed error."""

from __future__ import annotations

import bz2
import gzip
import io
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loopback import gcs, s3, serving, web
from source_tables import load, refusal, rows

from skc.data.duckdb.connection import Database
from skc.data.sources import resolve
from skc.diagnostics import SkcError
from skc.ir import DataSource, Input, ReadOptions

INSTALLED = all(map(find_spec, ("fsspec", "aiohttp")))
NEEDS_FSSPEC = pytest.mark.skipif(not INSTALLED, reason="fsspec and aiohttp are not installed")
CSV = b"v;s\n1,5;a\n2;b\n"


def parquet(values: list[float]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"v": values}), file)
    return file.getvalue()


FILES = {
    "bucket/a.csv": CSV,
    "bucket/a.csv.gz": gzip.compress(CSV),
    "bucket/a.jsonl.bz2": bz2.compress(b'{"v": 1.5, "s": "a"}\n{"v": 2, "s": "b"}\n'),
    "bucket/lake/year=2024/x.parquet": parquet([1.0]),
    "bucket/lake/year=2025/x.parquet": parquet([2.0, 3.0]),
    "bucket/lake/year=2025/_SUCCESS": b"",
}
INPUTS = (Input("v", "float64"), Input("s", "string"))
LAKE = (Input("v", "float64"), Input("year", "int64"))
OPTIONS = ReadOptions(separator=";", decimal=",")
EXPECTED = [{"v": 1.5, "s": "a"}, {"v": 2.0, "s": "b"}]


@pytest.fixture
def address() -> Iterator[str]:
    with serving(FILES, web) as url:
        yield url


@pytest.fixture(scope="module")
def without_account() -> Iterator[None]:
    """A metadata server that knows no account, before gcsfs is imported: where none answers, it waits for 15 s."""
    with serving({}, web) as url, pytest.MonkeyPatch.context() as patch:
        for name in ("GCE_METADATA_HOST", "GCE_METADATA_IP"):
            patch.setenv(name, url.removeprefix("http://"))
        yield


@pytest.fixture(params=["s3", "gs"])
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, without_account: None) -> Iterator[str]:
    pytest.importorskip({"s3": "s3fs", "gs": "gcsfs"}[request.param])
    with serving(FILES, {"s3": s3, "gs": gcs}[request.param]) as url:
        for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "ENDPOINT_URL": url}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        yield f"{request.param}://bucket"


@NEEDS_FSSPEC
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv?version=1", "a.jsonl.bz2"])
def test_a_file_of_the_web(database: Database, address: str, name: str) -> None:
    data = DataSource(f"{address}/bucket/{name}", options=OPTIONS)
    assert rows(load(database, data, INPUTS)) == EXPECTED


def test_a_file_of_a_bucket(database: Database, bucket: str) -> None:
    assert rows(load(database, DataSource(f"{bucket}/a.csv", options=OPTIONS), INPUTS)) == EXPECTED


@pytest.mark.parametrize("path", ["lake", "lake/", "lake/*/*.parquet", "lake/**/*.parquet"])
def test_a_folder_of_a_bucket(database: Database, bucket: str, path: str) -> None:
    found = rows(load(database, f"{bucket}/{path}", LAKE))
    assert [tuple(row.values()) for row in found] == [(1.0, 2024), (2.0, 2025), (3.0, 2025)]


@NEEDS_FSSPEC
def test_an_error_names_the_address(database: Database, address: str) -> None:
    error = refusal(database, f"{address}/bucket/a.csv", INPUTS)
    assert f"`{address}/bucket/a.csv` has fields separated by semicolons" in str(error)
    data = DataSource(f"{address}/bucket/a.csv", options=ReadOptions(separator=";"))
    error = refusal(database, data, INPUTS)
    assert f"{address}/bucket/a.csv, row 1 (line 2): `1,5`" in str(error)
    assert error.diagnostics[0].hint == 'write `decimal: ","` under `data`'


@NEEDS_FSSPEC
def test_a_server_that_refuses(database: Database) -> None:
    with serving({}, lambda *_: (403, "text/plain", b"")) as url:
        error = refusal(database, f"{url}/a.csv", INPUTS)
    assert error.code in ("SKC201", "SKC203")
    assert "403" in error.diagnostics[0].notes[0]


def test_without_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(SkcError) as error:
        resolve("s3://bucket/a.csv", None)
    assert error.value.code == "SKC202"
    assert error.value.diagnostics[0].hint == "install it: `pip install 'skc[remote]'`"


def test_other_addresses_are_refused() -> None:
    with pytest.raises(SkcError) as error:
        resolve("ftp://host/a.csv", None)
    assert error.value.code == "SKC202"
    assert "https://" in str(error.value.diagnostics[0].hint)


@NEEDS_FSSPEC
def test_what_is_not_there(database: Database, address: str) -> None:
    assert refusal(database, f"{address}/bucket/b.csv", INPUTS).code == "SKC201"
    with serving({}, web) as gone:
        pass
    error = refusal(database, f"{gone}/a.csv", INPUTS)
    assert error.code == "SKC201"
    assert "Cannot connect to host" in error.diagnostics[0].notes[0]


@pytest.mark.parametrize("path", ["b.csv", "none", "x*.csv"])
def test_what_is_not_in_a_bucket(bucket: str, path: str) -> None:
    with pytest.raises(SkcError) as error:
        resolve(f"{bucket}/{path}", None)
    assert error.value.code == "SKC201"
