"""A CSV file is read exactly as Python's `csv.reader(strict=True)` reads it, or refused with its line."""

from __future__ import annotations

import csv
import gzip
import io
import random
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pytest
from source_tables import load, refusal, rows

from skc.data.duckdb import csv_structure
from skc.data.duckdb.connection import Database
from skc.data.duckdb.csv_structure import is_regular
from skc.data.duckdb.raw import open_raw
from skc.data.sources import Source
from skc.diagnostics import SkcError
from skc.ir import Input, ReadOptions

Records = list[tuple[str, ...]]
DEFAULT = ReadOptions()
REWRITTEN = ReadOptions(comment="no line begins like this")  # so that the engine does not read the file itself
LETTERS = [*(["SEP"] * 6), *(['"'] * 6), " ", " ", "\t", ",", "\r\n", "\n", "\n", "\r", "a", "b", "é", "\0", "\ufeff"]
LETTERS += ["😀", "1", "''", "\\", ";", "#", "\x01", "\u00a0", "\u2028", "\x1c", "\x85", "\v", "\f", '""']


def as_python_reads(data: bytes, delimiter: str) -> Records | None:
    """The records behind the header, empty lines left out; None where the file is refused or not a table."""
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    try:
        records = [tuple(record) for record in csv.reader(text, delimiter=delimiter, strict=True) if record]
    except csv.Error:
        return None
    return records[1:] if len({len(record) for record in records}) == 1 else None


def as_skc_reads(
    database: Database, files: Sequence[Path], options: ReadOptions = DEFAULT
) -> Iterator[tuple[Path, Records | None]]:
    """Each file with its records, None where it is refused. Files of one width are read in one query where possible."""
    accepted: dict[tuple[str, int], list[tuple[Path, str]]] = {}
    for file in files:
        kind = "tsv" if file.suffix == ".tsv" else "csv"
        try:
            (group,) = open_raw(database, Source(kind, (str(file),), options=options), (), []).groups
        except SkcError as error:
            assert error.code == "SKC203"
            assert error.diagnostics[0].hint
            yield file, None
            continue
        accepted.setdefault((kind, len(group.columns)), []).append((file, group.sql))
    for some in accepted.values():
        yield from _read(database, some)


def _read(database: Database, some: Sequence[tuple[Path, str]]) -> Iterator[tuple[Path, Records | None]]:
    numbered = [f"SELECT {k}, * FROM ({sql})" for k, (_, sql) in enumerate(some)]
    try:
        found = database.execute(" UNION ALL ".join(numbered))
    except duckdb.Error:
        if len(some) == 1:
            yield some[0][0], None
            return
        half = len(some) // 2
        yield from _read(database, some[:half])
        yield from _read(database, some[half:])
        return
    records: dict[int, Records] = {}
    for k, *record in found:
        records.setdefault(k, []).append(tuple(record))
    yield from ((file, records.get(k, [])) for k, (file, _) in enumerate(some))


def random_file(random_: random.Random, folder: Path, k: int) -> Path:
    delimiter = random_.choice(",,\t")
    header = random_.choice(["a", "a,b", "a,b", "a,b,c"]).replace(",", delimiter) + random_.choice(["\n", "\n", "\r\n"])
    body = "".join(random_.choice(LETTERS) for _ in range(random_.randint(0, 12))).replace("SEP", delimiter)
    mark = "\ufeff" if random_.random() < 0.1 else ""
    path = folder / f"{k}.{'tsv' if delimiter == chr(9) else 'csv'}"
    path.write_bytes((mark + header + body).encode())
    return path


@pytest.mark.parametrize(
    ("options", "count", "least"), [(DEFAULT, 4000, 800), (REWRITTEN, 1000, 200)], ids=["by the engine", "rewritten"]
)
def test_small_files_are_read_as_python_reads_them_or_refused(
    database: Database, tmp_path: Path, options: ReadOptions, count: int, least: int
) -> None:
    random_ = random.Random(2)
    files = [random_file(random_, tmp_path, k) for k in range(count)]
    read = 0
    for file, records in as_skc_reads(database, files, options):
        data, delimiter = file.read_bytes(), "\t" if file.suffix == ".tsv" else ","
        if records is not None:
            assert records == as_python_reads(data, delimiter), data
            read += 1
    assert read > least


def test_what_a_writer_writes_is_read_as_it_was_written(database: Database, tmp_path: Path) -> None:
    """Refusing what is not regular must not refuse what is."""
    random_ = random.Random(3)
    fields = [
        "",
        "a",
        "é😀",
        'say "hi"',
        '"',
        '""',
        " ",
        " a ",
        ' "b" ',
        "1,5",
        "x\ny",
        "x\r\ny",
        "\t",
        "\0",
        "NULL",
        "'",
    ]
    fields += ["\x01skc: never null\x01", "\\N", "NA", "null"]
    written = {}
    for k in range(500):
        width, quoting = random_.randint(2, 4), random_.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
        table = [tuple(random_.choice(fields) for _ in range(width)) for _ in range(random_.randint(0, 4))]
        path = tmp_path / f"{k}.{random_.choice(['csv', 'tsv'])}"
        with path.open("w", newline="", encoding="utf-8") as file:
            dialect = {"delimiter": "\t"} if path.suffix == ".tsv" else {}
            end = random_.choice(["\n", "\r\n"])
            writer = csv.writer(file, quoting=quoting, lineterminator=end, **dialect)  # type: ignore[arg-type]  # a dict
            writer.writerows([tuple("abcd"[:width]), *table])
        written[path] = table
    for path, records in as_skc_reads(database, list(written)):
        assert records == written[path], path.read_bytes()


BLANKS = ['x, "y"', '"x" ,y', '"x", "y"', 'x,  ""', ' "x",y', 'x,"y" ', '"x\n" ,y', '"a ""b""", "y"']


@pytest.mark.parametrize("line", BLANKS)
@pytest.mark.parametrize("kind", ["csv", "tsv", "csv.gz"])
def test_a_space_next_to_a_quote_is_refused_with_its_line(
    database: Database, tmp_path: Path, line: str, kind: str
) -> None:
    text = f'a,b\n"p\nq",2\n{line}\n' if kind != "tsv" else f'a,b\n"p\nq",2\n{line}\n'.replace(",", "\t")
    path = tmp_path / f"rows.{kind}"
    path.write_bytes(gzip.compress(text.encode()) if kind.endswith("gz") else text.encode())
    error = refusal(database, str(path), (Input("a", "string"), Input("b", "string")))
    assert error.code == "SKC203"
    assert f"rows.{kind}`, line 4: a blank next to a quote" in str(error)


@pytest.mark.parametrize("line", ["1,2,", "1,2,\r", '"1","2",', '"1",2,""'])
def test_an_empty_field_too_many_is_refused_with_its_line(database: Database, tmp_path: Path, line: str) -> None:
    (tmp_path / "rows.csv").write_text(f"a,b\n1,2\n{line}\n", newline="")
    error = refusal(database, str(tmp_path / "rows.csv"), (Input("a", "string"), Input("b", "string")))
    assert error.code == "SKC203"
    assert "line 3: 3 fields, where the first line has 2" in str(error)


def test_a_text_is_never_a_null_by_itself(database: Database, tmp_path: Path) -> None:
    texts = ["\x01skc: never null\x01", "NULL", "\\N", "nan", ""]
    (tmp_path / "rows.csv").write_text("s,k\n" + "".join(f"{text},1\n" for text in texts))
    got = rows(load(database, str(tmp_path / "rows.csv"), (Input("s", "string"), Input("k", "int64"))))
    assert [row["s"] for row in got] == texts


def irregular(data: bytes, path: Path, width: int) -> bool:
    path.write_bytes(data)
    return not is_regular(str(path), ",", width)


def test_blocks_of_any_size_see_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What spans two blocks of the fast look is seen as if there was one."""
    random_ = random.Random(4)
    files = [random_file(random_, tmp_path, k).read_bytes() for k in range(150)]
    files += [b'a,b\n"x""\n""y",\r\n1,2', b"a,b\n1,2\n\n3,4\n", b"\xef\xbb\xbf" + b'"a",b\n1,2\n', b"a\n1\n\n2\n"]
    path = tmp_path / "one.csv"
    widths = [1 + (data.split(b"\n")[0]).count(b",") for data in files]
    whole = [irregular(data, path, width) for data, width in zip(files, widths, strict=True)]
    assert any(whole)
    assert not all(whole)
    for size in (1, 2, 3, 7):
        monkeypatch.setattr(csv_structure, "BLOCK", size)
        again = [irregular(data, path, width) for data, width in zip(files, widths, strict=True)]
        assert again == whole, size


@pytest.mark.parametrize("what", ["header", "line", "quote"])
def test_a_line_without_end_takes_little_memory(database: Database, tmp_path: Path, what: str) -> None:
    """A few bytes of gzip unpack to any size."""
    starts = {"header": b"a", "line": b"a,b\n1,2\n", "quote": b'a,b\n1,"2\n'}
    path = tmp_path / "rows.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(starts[what])
        for _ in range(100):
            file.write((b"x" * 99_999 + (b"\n" if what == "quote" else b"x")) * 10)
    tracemalloc.start()
    error = refusal(database, str(path), (Input("a", "string"), Input("b", "string")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.code == "SKC203"
    line = {"header": 1, "line": 3, "quote": 2}[what]
    assert f"line {line}: a record of more than" in str(error)
    assert peak < 100_000_000
