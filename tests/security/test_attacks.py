"""Forged pipelines, data, artifacts and requests against the commands and the functions of Python.

Each is refused with a code, in bounded time, without a traceback; nothing is executed, read or written beside.
What the runtimes of all languages make of forged artifacts is in `tests/conformance`.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import skc
import skc_runtime
from skc import cli
from skc.diagnostics import SkcError

SECRET = "the-secret-7f3a"
SECONDS = 30
PIPELINE = """
skc: 1
name: attacked
data: {path: rows.csv}
inputs:
  x: float64
  s: string
features:
  x: {from: x, apply: [standard_scale]}
  y: {expr: "x + 1"}
  s: {from: s, apply: [{one_hot: {unknown: zeros}}]}
outputs: {z: {features: [x, y, s], dtype: float32}}
"""
ROWS = "x,s\n1,a\n2,b\n4,a\n"
COMPILE = ("compile", "pipeline.yaml", "-o", "out", "--rows", "10")


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "rows.csv").write_text(ROWS)
    skc.compile(folder / "pipeline.yaml", out=folder / "artifact", rows=10)
    return folder / "artifact"


@pytest.fixture
def here(tmp_path: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with all that is sound, beside a secret."""
    (tmp_path / "secret.txt").write_text(SECRET)
    here, temporary = tmp_path / "here", tmp_path / "tmp"
    here.mkdir()
    temporary.mkdir()
    (here / "pipeline.yaml").write_text(PIPELINE)
    (here / "rows.csv").write_text(ROWS)
    shutil.copytree(artifact, here / "artifact")
    monkeypatch.chdir(here)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    return here


def refused(here: Path, arguments: tuple[str, ...], codes: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must be refused, and see that nothing else came of it; what it said."""
    before = sorted(str(path.relative_to(here.parent)) for path in here.parent.rglob("*"))
    began = time.monotonic()
    assert cli.run(list(arguments)) == cli.USER
    assert time.monotonic() - began < SECONDS
    out, err = capsys.readouterr()
    said = out + err
    assert f"error[{codes}" in said
    assert "Traceback" not in said
    assert SECRET not in said
    assert len(said) < 20_000
    assert sorted(str(path.relative_to(here.parent)) for path in here.parent.rglob("*")) == before
    return said


def edited(old: str, new: str) -> Callable[[Path], None]:
    def attack(here: Path) -> None:
        assert old in PIPELINE
        (here / "pipeline.yaml").write_text(PIPELINE.replace(old, new))

    return attack


def expression(text: str) -> Callable[[Path], None]:
    return edited('"x + 1"', json.dumps(text))


def condition(text: str) -> Callable[[Path], None]:
    return edited("{path: rows.csv}", f"{{path: rows.csv, where: {json.dumps(text)}}}")


def model(reference: str) -> Callable[[Path], None]:
    return edited("dtype: float32}}", f"dtype: float64}}}}\nmodel: {{from: '{reference}', features: z}}")


PIPELINES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "an object of Python": ("SKC102", edited("attacked", "!!python/object/apply:os.system ['touch pwned']")),
    "an unknown tag": ("SKC102", edited("attacked", "!include ../secret.txt")),
    "aliases that multiply": ("SKC102", edited("name: attacked", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]")),
    "a merge key": ("SKC102", edited("name: attacked", "<<: {name: b}")),
    "deep nesting": ("SKC10", edited("attacked", "[" * 100_000 + "]" * 100_000)),
    "an import in an expression": ("SKC13", expression("__import__('os').system('touch pwned')")),
    "an attribute in an expression": ("SKC1", expression("x.__class__.__mro__")),
    "a lambda in an expression": ("SKC13", expression("(lambda: x)()")),
    "a comprehension": ("SKC13", expression("[x for x in x]")),
    "an f-string": ("SKC13", expression("f'{x}'")),
    "a huge power": ("SKC1", expression("9**9**9**9 + x")),
    "a deep expression": ("SKC13", expression("(" * 5000 + "x" + ")" * 5000)),
    "a long chain": ("SKC13", expression("x" + " + x" * 50_000)),
    "a file in where": ("SKC207", condition("s = (SELECT content FROM read_text('../secret.txt'))")),
    "a function that reads in where": ("SKC207", condition("read_text('../secret.txt') = s")),
    "two statements in where": ("SKC207", condition("x = 1; COPY (SELECT 1) TO 'pwned'")),
    "a closed parenthesis in where": ("SKC207", condition("x = 1) OR (SELECT 1) = (1")),
    "a comment in where": ("SKC207", condition("x = 1 /*")),
    "a sleep in where": ("SKC207", condition("sleep_ms(1000000) IS NULL")),
    "a gigabyte in where": ("SKC207", condition("length(repeat('x', 1000000000)) > 1")),
    "a chain of gigabytes in where": ("SKC207", condition("replace(replace(s, '', 'xxxx'), 'x', 'xxxxxxx') = s")),
    "parentheses in where": ("SKC207", condition("(" * 40_000 + "x" + ")" * 40_000)),
    "the clock in where": ("SKC207", condition("age(CAST(s AS TIMESTAMP)) > INTERVAL 1 DAY")),
    "a setting in where": ("SKC207", condition("current_setting('temp_directory') = s")),
    "a model that is imported": ("SKC154", model("os:abort")),
    "a model that is unpickled": ("SKC154", model("evil.pkl")),
    "a URL": ("SKC201", edited("rows.csv", "https://127.0.0.1:1/rows.csv")),
    "a URL of another scheme": ("SKC202", edited("rows.csv", "ftp://127.0.0.1:1/rows.csv")),
    "a device": ("SKC20", edited("rows.csv", "/dev/zero")),
    "a file that is no data": ("SKC202", edited("rows.csv", "../secret.txt")),
    "a table of a URL": ("SKC201", edited("rows.csv", "'https://127.0.0.1:1/a.duckdb::t'")),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_a_forged_pipeline(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes, attack = PIPELINES[name]
    attack(here)
    refused(here, COMPILE, codes, capsys)


def database(*statements: str) -> Callable[[Path], None]:
    def attack(here: Path) -> None:
        with duckdb.connect(str(here / "rows.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    return attack


def sqlite(here: Path) -> None:
    connection = sqlite3.connect(here / "rows.duckdb")
    connection.executescript("CREATE TABLE t (x REAL, s TEXT); INSERT INTO t VALUES (1, 'a');")
    connection.close()


def content(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda here: (here / name).write_bytes(data) and None


def bomb(here: Path) -> None:
    (here / "rows.csv.gz").write_bytes(gzip.compress(b"x" * 300_000_000, 9))


READS = "SELECT 1.0::DOUBLE AS x, content AS s FROM read_text('../secret.txt')"
DATA: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "a view that reads a file": ("rows.duckdb::t", "SKC203", database(f"CREATE VIEW t AS {READS}")),
    "a view by a macro": (
        "rows.duckdb::t",
        "SKC203",
        database(f"CREATE MACRO m() AS TABLE {READS}; CREATE VIEW t AS FROM m()"),
    ),
    "dice in a view": ("rows.duckdb::t", "SKC203", database("CREATE VIEW t AS SELECT random() AS x, 'a' AS s")),
    "generated columns": (
        "rows.duckdb::t",
        "SKC203",
        database("CREATE TABLE t (a DOUBLE, s VARCHAR, x DOUBLE GENERATED ALWAYS AS (a + 1))"),
    ),
    "SQL in the name of a table": (
        "rows.duckdb::t; COPY (SELECT 1) TO 'pwned'",
        "SKC204",
        database("CREATE TABLE t (x INT)"),
    ),
    "a database of SQLite": ("rows.duckdb::t", "SKC203", sqlite),
    "no database": ("rows.duckdb::t", "SKC203", content("rows.duckdb", b"DUCK" * 4096)),
    "no Parquet": ("rows.parquet", "SKC203", content("rows.parquet", b"PAR1" + b"\xff" * 4096 + b"PAR1")),
    "no Arrow": ("rows.arrow", "SKC203", content("rows.arrow", b"ARROW1\0\0" + b"\xff" * 4096 + b"ARROW1")),
    "no gzip": ("rows.csv.gz", "SKC203", content("rows.csv.gz", b"\x1f\x8b" + b"\xff" * 4096)),
    "a bomb of gzip": ("rows.csv.gz", "SKC20", bomb),
    "deep JSON": ("rows.jsonl", "SKC20", content("rows.jsonl", b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n")),
    "a NUL": ("rows.jsonl", "SKC20", content("rows.jsonl", b'{"x": 1, "s": "a\\u0000"}\n')),
    "a lone surrogate": ("rows.jsonl", "SKC20", content("rows.jsonl", b'{"x": 1, "s": "\\ud83d"}\n')),
}


@pytest.mark.parametrize("name", DATA)
def test_forged_data(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, codes, attack = DATA[name]
    attack(here)
    refused(here, (*COMPILE, "--data", path), codes, capsys)
    refused(here, ("transform", "artifact", path, "-o", "f.parquet"), codes, capsys)


def test_names_are_never_sql_or_patterns(here: Path) -> None:
    """A file or column whose name is SQL, a pattern or a quotation is that very file or column."""
    column = "a\"'; DROP TABLE x; --"
    (here / "r [ab]*'; --.csv").write_text(
        'x,s,"a""\'; DROP TABLE x; --"\n' + ROWS.split("\n", 1)[1].replace("\n", ",7\n")
    )
    (here / "r a.csv").write_text(f"x,s\n1,{SECRET}\n")
    assert skc.transform("artifact", "r [ab]*'; --.csv", "f.parquet", keep=(column,))["rows"] == 3


def flipped(name: str) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)

    return attack


def linked(name: str) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to("../../secret.txt")

    return attack


def manifest(change: Callable[[dict[str, object]], None]) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        document = json.loads((folder / "manifest.json").read_bytes())
        change(document)
        (folder / "manifest.json").write_text(json.dumps(document))

    return attack


def piped(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")


ARTIFACTS: dict[str, Callable[[Path], None]] = {
    **{f"a flipped bit in {name}": flipped(name) for name in ("model.onnx", "plan.json", "golden.jsonl")},
    **{f"a link at {name}": linked(name) for name in ("manifest.json", "model.onnx", "plan.json")},
    "a path out of the folder": manifest(lambda m: m["files"].update({"../../secret.txt": "0" * 64})),  # type: ignore[attr-defined]  # JSON
    "an absolute path": manifest(lambda m: m["files"].update({"/etc/passwd": "0" * 64})),  # type: ignore[attr-defined]  # JSON
    "a pipe": piped,
    "deep JSON": lambda folder: (folder / "manifest.json").write_text("[" * 100_000 + "]" * 100_000) and None,
    "no JSON": lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe" * 100) and None,
    "an empty folder": lambda folder: shutil.rmtree(folder) or folder.mkdir(),
}
COMMANDS = {
    "verify": ("verify", "artifact", "--rows", "10"),
    "inspect": ("inspect", "artifact"),
    "explain": ("explain", "artifact", "--record", '{"x": 1, "s": "a"}'),
    "diff": ("diff", "sound", "artifact"),
    "transform": ("transform", "artifact", "rows.csv", "-o", "f.parquet"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ARTIFACTS)
def test_a_forged_artifact(name: str, command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(here / "artifact", here / "sound")
    ARTIFACTS[name](here / "artifact")
    refused(here, COMMANDS[command], "SKC4", capsys)
    with pytest.raises(skc_runtime.ArtifactError):
        skc_runtime.load("artifact")


@pytest.mark.parametrize("target", ["..", ".", "rows.csv", "link", "artifact/model.onnx", "other"])
def test_force_deletes_nothing_that_skc_did_not_write(
    target: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "link").symlink_to("artifact")
    (here / "other").mkdir()
    (here / "other" / "manifest.json").write_text("{}")
    (here / "other" / "thesis.tex").write_text("mine")
    refused(here, ("compile", "pipeline.yaml", "-o", target, "--force"), "SKC41", capsys)


REQUESTS = {
    "deep": '{"x": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "a key twice": '{"x": 1, "x": 2, "s": "a"}',
    "an unknown key": '{"x": 1, "s": "a", "__class__": 1}',
    "a huge integer": '{"x": 1' + "0" * 5000 + ', "s": "a"}',
    "a lone surrogate": '{"x": 1, "s": "\\ud83d"}',
    "a NUL": '{"x": 1, "s": "a\\u0000"}',
    "no object": "[1, 2]",
    "an object of Python": '{"x": {"__reduce__": "os.system"}, "s": "a"}',
    "a number that is none": '{"x": NaNa, "s": "a"}',
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_forged_request(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(here, ("explain", "artifact", "--record", REQUESTS[name]), "SKC501", capsys)
    with skc_runtime.load("artifact") as transformer, pytest.raises(skc_runtime.RecordError) as error:
        transformer.transform_json(REQUESTS[name])
    assert len(str(error.value)) < 2000


def test_an_attack_by_the_functions_is_refused_by_the_same_code(here: Path) -> None:
    (here / "pipeline.yaml").write_text(PIPELINE.replace("attacked", "!!python/none x"))
    with pytest.raises(SkcError) as error:
        skc.compile("pipeline.yaml")
    assert error.value.code == "SKC102"
