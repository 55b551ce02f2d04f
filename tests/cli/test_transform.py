"""`skc transform`: the bits of the runtime, in every kind of file, or nothing."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from orders import COLUMNS, ROWS, UTC, row, table, write_csv

import skc_runtime
from skc import cli, streaming
from skc_runtime.kinds import INT64_MAX, INT64_MIN


def features(path: Path, artifact: Path) -> dict[str, pa.ChunkedArray]:
    """The feature columns of a file, by name."""
    written = pq.read_table(path)
    names = [f"{o.name}.{c}" for o in skc_runtime.load(artifact).manifest.outputs for c in o.columns]
    return {name: written[name] for name in names}


def assert_same_bits(path: Path, artifact: Path, data: pa.Table) -> None:
    """What was written is what the runtime gives for all rows in one batch."""
    with skc_runtime.load(artifact) as transformer:
        made = transformer.transform(data)
        for output in transformer.manifest.outputs:
            valid = made.get(output.valid or "")
            for k, column in enumerate(output.columns):
                got = features(path, artifact)[f"{output.name}.{column}"].combine_chunks()
                present = np.ones(len(got), dtype=bool) if valid is None else valid[:, k]
                assert np.array_equal(~np.asarray(got.is_null()), present)
                want = made[output.name][:, k][present]
                assert got.drop_null().to_numpy(zero_copy_only=False).tobytes() == want.tobytes(), column


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl", "feather"])
def test_transform_gives_the_bits_of_the_runtime(kind: str, here: Path, run: Any) -> None:
    """Over more rows than one chunk holds."""
    rows = [row(i) for i in range(17_000)]
    data, path = table(rows), here / f"many.{kind}"
    if kind == "csv":
        write_csv(path, rows)
    elif kind == "parquet":
        pq.write_table(data, path, row_group_size=3_000)
    elif kind == "feather":
        pyarrow.feather.write_feather(data, path)
    else:
        lines = [{k: v for k, v in zip(COLUMNS, r, strict=True) if v or k == "it's"} for r in rows]
        numbers = [{k: json.loads(v) if k in ("amount", "big") else v for k, v in line.items()} for line in lines]
        path.write_text("".join(json.dumps(line) + "\n" for line in numbers), encoding="utf-8")
    code, out, err = run("transform", "artifact", str(path), "-o", "features.parquet")
    assert (code, out) == (cli.EQUAL, "")
    assert err.startswith("wrote 17,000 rows, 9 columns to features.parquet in ")
    assert_same_bits(here / "features.parquet", here / "artifact", data)


def test_transform_keeps_columns(here: Path, run: Any) -> None:
    """An input as the pipeline reads it, any other as it is stored."""
    pq.write_table(table(ROWS), here / "rows.parquet")
    keep = [word for name in ("label", "at", "day", "big", "it's") for word in ("--keep", name)]
    for data, label in (("rows.csv", pa.string()), ("rows.parquet", pa.int64())):
        code, out, _ = run("transform", "artifact", data, "-o", "kept.parquet", "--force", "--format", "json", *keep)
        assert code == cli.EQUAL
        facts = json.loads(out)
        assert facts["rows"] == len(ROWS)
        assert facts["columns"][-5:] == ["label", "at", "day", "big", "it's"]
        kept = pq.read_table(here / "kept.parquet").select(["label", "at", "day", "big", "it's"])
        assert kept.schema.types == [label, UTC, pa.date32(), pa.int64(), pa.string()]
        want = table(ROWS).select(kept.column_names)
        assert kept.drop_columns("label") == want.drop_columns("label")
        assert kept["label"].cast(pa.int64()) == want["label"]


def test_transform_of_no_rows(here: Path, run: Any) -> None:
    write_csv(here / "none.csv", [])
    code, _, err = run("transform", "artifact", "none.csv", "-o", "none.parquet", "--keep", "day")
    assert code == cli.EQUAL, err
    written = pq.read_table(here / "none.parquet")
    assert (written.num_rows, written.num_columns) == (0, 10)
    assert written.schema.field("day").type == pa.date32()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("at", [0, 150, 16_500])
def test_a_refused_row_is_named_and_nothing_is_written(kind: str, at: int, here: Path, run: Any) -> None:
    rows = [row(i) for i in range(17_000)]
    rows[at][3] = "zzz"
    path = here / f"bad.{kind}"
    if kind == "csv":
        rows[0][3] = rows[0][3] if at == 0 else "a'b"
        write_csv(path, rows)
    else:
        pq.write_table(table(rows), path)
    before = sorted(p.name for p in here.iterdir())
    code, out, err = run("transform", "artifact", path.name, "-o", "features.parquet")
    assert (code, out) == (cli.USER, "")
    place = f"bad.{kind}, row {at + 1}" + (f" (line {at + 2})" if kind == "csv" else "")
    assert err.startswith(f"error[SKC502]: {place}: ")
    assert "'zzz'" in err
    assert "unknown-category" in err
    assert "it's/0:one_hot" in err
    assert "hint: " in err
    assert sorted(p.name for p in here.iterdir()) == before


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_refused_rows_can_be_a_column(kind: str, here: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any table of those that are computed at once; a null and a category that is refused."""
    monkeypatch.setattr(streaming, "VALUES_AT_ONCE", 1)
    rows = [row(i) for i in range(40_000)]
    refused = {0: 3, 150: 3, 16_500: 0, 39_999: 3}
    for at, column in refused.items():
        rows[at][column] = "zzz" if column == 3 else ""
    path = here / f"some.{kind}"
    if kind == "csv":
        write_csv(path, rows)
    else:
        at = pa.array([None if r[0] == "" else r[0].replace("Z", "") for r in rows]).cast(pa.timestamp("us")).cast(UTC)
        pq.write_table(table([[r[0] or "2024-01-01T00:00:00Z", *r[1:]] for r in rows]).set_column(0, "at", at), path)
    code, _, err = run(
        "transform", "artifact", path.name, "-o", "features.parquet", "--refused", "column", "--keep", "day"
    )
    assert code == cli.EQUAL, err
    assert err.startswith("wrote 40,000 rows, 11 columns, 4 of them refused, to features.parquet in ")
    written = pq.read_table(here / "features.parquet")
    assert written.column_names[-2:] == ["day", "refused"]
    words = written["refused"].to_pylist()
    assert {k: text.partition(":")[0] for k, text in enumerate(words) if text is not None} == {
        k: "unknown-category" if column == 3 else "null" for k, column in refused.items()
    }
    assert "'zzz'" in words[150]
    served = [k for k in range(len(rows)) if k not in refused]
    missing = written.take(list(refused)).drop_columns(["day", "refused"])
    assert all(column.null_count == len(refused) for column in missing.columns)
    pq.write_table(written.take(served), here / "served.parquet")
    assert_same_bits(here / "served.parquet", here / "artifact", table([rows[k] for k in served]))


@pytest.mark.parametrize("at", [[150, 16_500], [16_500, 49_000], [40_000, 49_000]])
def test_the_first_refused_row_is_named_whichever_part_is_computed_first(
    at: list[int], here: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "VALUES_AT_ONCE", 1)
    rows = [row(i) for i in range(50_000)]
    for k in at:
        rows[k][3] = "zzz"
    pq.write_table(table(rows), here / "bad.parquet")
    code, _, err = run("transform", "artifact", "bad.parquet", "-o", "features.parquet")
    assert code == cli.USER
    assert err.startswith(f"error[SKC502]: bad.parquet, row {at[0] + 1}: ")


@pytest.fixture
def in_many_tables(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Each batch of the engine is transformed by itself; the rows of each table."""
    sizes: list[int] = []
    made = streaming.features_of
    monkeypatch.setattr(streaming, "VALUES_AT_ONCE", 1)

    def noted(*given: Any) -> pa.Table:
        table = made(*given)
        sizes.append(len(table))
        return table

    monkeypatch.setattr(streaming, "features_of", noted)
    return sizes


def test_tables_follow_one_another(in_many_tables: list[int], here: Path, run: Any) -> None:
    data = table([row(i) for i in range(50_000)])
    pq.write_table(data, here / "many.parquet")
    code, _, err = run("transform", "artifact", "many.parquet", "-o", "features.parquet", "--keep", "big")
    assert code == cli.EQUAL, err
    assert len(in_many_tables) > 2
    assert sum(in_many_tables) == 50_000
    assert_same_bits(here / "features.parquet", here / "artifact", data)
    assert pq.read_table(here / "features.parquet")["big"].equals(data["big"])


def test_a_row_of_a_later_table_is_named(in_many_tables: list[int], here: Path, run: Any) -> None:
    rows = [row(i) for i in range(50_000)]
    rows[40_000][3] = rows[49_000][3] = "zzz"
    pq.write_table(table(rows), here / "bad.parquet")
    code, _, err = run("transform", "artifact", "bad.parquet", "-o", "features.parquet")
    assert code == cli.USER
    assert err.startswith("error[SKC502]: bad.parquet, row 40001: ")


def test_rows_of_long_texts_are_few_at_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    batch = pa.RecordBatch.from_pydict({"text": ["x" * 1000] * 100})
    nothing = pa.RecordBatch.from_pydict({"kept": [1] * 100})
    monkeypatch.setattr(streaming, "BYTES_AT_ONCE", 250_000)
    for inputs, kept in streaming.joined([(batch, nothing)] * 7, 10_000):
        sizes.append(inputs.num_rows)
        assert kept.num_rows == inputs.num_rows
    assert sizes == [300, 300, 100]


@pytest.mark.parametrize(
    ("column", "value", "code", "text"),
    [("at", None, "SKC209", "row 20001: `at` is null"), ("it's", "a\0b", "SKC206", "NUL")],
)
def test_rows_that_break_the_contract_are_refused_before_guards(
    column: str, value: str | None, code: str, text: str, here: Path, run: Any
) -> None:
    """As when all rows are checked first, although a step refuses an earlier row."""
    rows = [row(i) for i in range(30_000)]
    rows[7][3] = "zzz"
    data = table(rows)
    k = COLUMNS.index(column)
    values = data[column].to_pylist()
    values[20_000] = value
    pq.write_table(data.set_column(k, column, pa.array(values, data.schema.types[k])), here / "bad.parquet")
    status, _, err = run("transform", "artifact", "bad.parquet", "-o", "features.parquet")
    assert status == cli.USER
    assert err.startswith(f"error[{code}]: ")
    assert text in err
    assert not (here / "features.parquet").exists()


def test_numbers_that_hardly_repeat_have_no_dictionary(here: Path, run: Any) -> None:
    rows = [row(i) for i in range(9_000)]
    numbers = [INT64_MIN, INT64_MAX, None, 0, *range(1, len(rows) - 3)]  # whose differences exceed 64 bits
    pq.write_table(table(rows).append_column("number", pa.array(numbers, pa.int64())), here / "many.parquet")
    code, _, err = run("transform", "artifact", "many.parquet", "-o", "features.parquet", "--keep", "number")
    assert code == cli.EQUAL, err
    written = pq.ParquetFile(here / "features.parquet")
    group = written.metadata.row_group(0)
    encodings = {c.path_in_schema: c.encodings for c in map(group.column, range(group.num_columns))}
    coded = {name: "RLE_DICTIONARY" in of_column for name, of_column in encodings.items()}
    assert (coded["x.ratio"], coded["number"], coded["x.hour"], coded["ids.band"]) == (False, False, True, True)
    assert "DELTA_BINARY_PACKED" in encodings["number"]
    assert written.num_row_groups == 1
    assert written.read()["number"].to_pylist() == numbers


def test_a_refused_row_leaves_the_old_file(here: Path, run: Any) -> None:
    run("transform", "artifact", "rows.csv", "-o", "features.parquet")
    before = (here / "features.parquet").read_bytes()
    write_csv(here / "bad.csv", [[*ROWS[0][:3], "zzz", *ROWS[0][4:]]])
    code, _, _ = run("transform", "artifact", "bad.csv", "-o", "features.parquet", "--force")
    assert code == cli.USER
    assert (here / "features.parquet").read_bytes() == before


READERS = {"parquet": pq.read_table, "csv": pyarrow.csv.read_csv, "arrow": pyarrow.feather.read_table}


@pytest.mark.parametrize("kind", READERS)
def test_every_format_holds_the_same_table(kind: str, here: Path, run: Any) -> None:
    """Read back with the types of the Parquet file: a blank in a CSV file is null, and "" a text."""
    write_csv(here / "some.csv", [row(i) for i in range(500)])
    keep = ("--keep", "label", "--keep", "it's")
    assert run("transform", "artifact", "some.csv", "-o", "want.parquet", *keep)[0] == cli.EQUAL
    assert run("transform", "artifact", "some.csv", "-o", f"got.{kind}", *keep)[0] == cli.EQUAL
    want = pq.read_table(here / "want.parquet")
    if kind == "csv":
        types = dict(zip(want.schema.names, want.schema.types, strict=True))
        options = pyarrow.csv.ConvertOptions(
            column_types=types, strings_can_be_null=True, null_values=[""], quoted_strings_can_be_null=False
        )
        got = pyarrow.csv.read_csv(here / "got.csv", convert_options=options)
    else:
        got = READERS[kind](here / f"got.{kind}")
    assert got.schema.equals(want.schema)
    assert_same_columns(got, want)


def assert_same_columns(left: pa.Table, right: pa.Table) -> None:
    """By their places: nulls, and the bits of what is not null."""
    for got, want in zip(left.columns, right.columns, strict=True):
        assert got.is_null().combine_chunks().equals(want.is_null().combine_chunks())
        values, wanted = (column.drop_null().to_numpy() for column in (got, want))
        assert values.tolist() == wanted.tolist() if values.dtype == object else values.tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ((), lambda data: pyarrow.csv.read_csv(io.BytesIO(data))),
        (("--table", "parquet"), lambda data: pq.read_table(io.BytesIO(data))),
        (("--table", "arrow"), lambda data: pa.ipc.open_stream(data).read_all()),
    ],
    ids=["csv", "parquet", "arrow"],
)
def test_stdout_gets_the_table_alone(words: tuple[str, ...], read: Any, here: Path, capfdbinary: Any) -> None:
    assert cli.run(["transform", "artifact", "rows.csv", "-o", "-", "--format", "json", *words]) == cli.EQUAL
    out, err = capfdbinary.readouterr()
    assert read(out).num_rows == len(ROWS)
    assert json.loads(err)["rows"] == len(ROWS)
    assert not (here / "-").exists()


def test_stdout_gets_nothing_where_a_row_is_refused(here: Path, capfdbinary: Any) -> None:
    rows = [row(i) for i in range(17_000)]
    rows[-1][3] = "zzz"
    write_csv(here / "bad.csv", rows)
    assert cli.run(["transform", "artifact", "bad.csv", "-o", "-"]) == cli.USER
    out, err = capfdbinary.readouterr()
    assert out == b""
    assert err.startswith(b"error[SKC502]: bad.csv, row 17000")


def test_plain_names_leave_the_output_out(here: Path, run: Any) -> None:
    assert run("transform", "artifact", "rows.csv", "-o", "named.parquet")[0] == cli.EQUAL
    assert run("transform", "artifact", "rows.csv", "-o", "plain.parquet", "--plain-names")[0] == cli.EQUAL
    named, plain = pq.read_table(here / "named.parquet"), pq.read_table(here / "plain.parquet")
    assert len({name.split(".")[0] for name in named.column_names}) > 1
    assert plain.column_names == [name.split(".", 1)[1] for name in named.column_names]
    assert_same_columns(plain, named)


MISUSES = [
    (["rows.csv", "-o", "rows.csv"], "SKC410"),
    (["rows.csv", "-o", "features.txt"], "SKC414"),
    (["rows.csv", "-o", "features"], "SKC414"),
    (["rows.csv", "-o", "pipe", "--table", "csv", "--force"], "SKC412"),
    (["rows.csv", "-o", "there.parquet"], "SKC410"),
    (["rows.csv", "-o", "folder.parquet", "--force"], "SKC412"),
    (["rows.csv", "-o", "file/x.parquet"], "SKC412"),
    (["nothing.csv", "-o", "x.parquet"], "SKC201"),
    (["rows.csv", "-o", "x.parquet", "--keep", "lable"], "SKC204"),
    (["rows.csv", "-o", "x.parquet", "--keep", "label", "--keep", "label"], "SKC413"),
    (["null.csv", "-o", "x.parquet"], "SKC209"),
]


@pytest.mark.parametrize(("arguments", "code"), MISUSES, ids=lambda v: " ".join(v) if isinstance(v, list) else v)
def test_a_transform_that_cannot_be(arguments: list[str], code: str, here: Path, run: Any) -> None:
    (here / "there.parquet").write_text("mine")
    (here / "folder.parquet").mkdir()
    (here / "file").write_text("mine")
    os.mkfifo(here / "pipe")
    write_csv(here / "null.csv", [["", *ROWS[0][1:]]])
    before = sorted(p.name for p in here.iterdir())
    exit_code, out, err = run("transform", "artifact", *arguments)
    assert (exit_code, out) == (cli.USER, "")
    assert err.startswith(f"error[{code}]: ")
    assert "hint: " in err
    assert sorted(p.name for p in here.iterdir()) == before
    assert (here / "there.parquet").read_text() == "mine"
