"""Every command as it is meant to be used: stdout is data, stderr is talk, and the exit code tells the outcome."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import skc
import skc_runtime
from skc import cli
from skc.frontend.pipeline_yaml import read_text
from skc.ops import OPS
from skc_runtime import golden

PIPELINE = """\
skc: 1
name: orders
data: {path: rows.csv}
inputs:
  at: timestamp
  day: {type: date, nullable: true}
  amount: {type: float64, nullable: true}
  "it's": {type: string, nullable: true, null_values: [""]}
  big: {type: int64, nullable: true}
features:
  amount: {from: amount, apply: [{impute: {strategy: median}}, log1p, standard_scale]}
  "it's": {from: "it's", apply: [{one_hot: {unknown: error}}]}
  ratio: {expr: "inputs.amount / 3.25"}
  hour: {from: at, apply: [{datetime_part: {part: hour, timezone: Europe/Berlin}}]}
  weekday: {from: day, apply: [{datetime_part: {part: weekday}}]}
  band: {from: big, apply: [{bucketize: {edges: [10, 9007199254740993], closed: left}}]}
outputs:
  x: {features: [amount, "it's", ratio, hour], dtype: float32}
  ids: {features: [weekday, band], dtype: int64}
"""
NAMES = ["a'b", 'say "ü"', "😀", ""]
COLUMNS = ["at", "day", "amount", "it's", "big", "label"]


def row(i: int) -> list[str]:
    """Row i of the data, as text."""
    day = "" if i % 11 == 0 else f"2024-{1 + i % 12:02}-{1 + i % 28:02}"
    amount = "" if i % 7 == 0 else str(i / 4)
    big = "" if i % 13 == 0 else str(9007199254740990 + i % 7)
    return [f"2024-{1 + i % 12:02}-15T{i % 24:02}:30:00Z", day, amount, NAMES[i % 4], big, str(i % 2)]


def write_csv(path: Path, rows: list[list[str]]) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


def table(rows: list[list[str]]) -> pa.Table:
    """The same rows with types."""
    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    return pa.table(
        {
            "at": pa.array([v.replace("Z", "") for v in columns["at"]]).cast(pa.timestamp("us")).cast(UTC),
            "day": pa.array([v or None for v in columns["day"]]).cast(pa.date32()),
            "amount": pa.array([float(v) if v else None for v in columns["amount"]]),
            "it's": pa.array(columns["it's"]),
            "big": pa.array([int(v) if v else None for v in columns["big"]], pa.int64()),
            "label": pa.array([int(v) for v in columns["label"]], pa.int64()),
        }
    )


UTC = pa.timestamp("us", tz="UTC")
ROWS = [row(i) for i in range(200)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a pipeline, its data and its artifact; nobody changes them."""
    folder = tmp_path_factory.mktemp("orders")
    (folder / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    write_csv(folder / "rows.csv", ROWS)
    done = skc.compile(folder / "pipeline.yaml", folder / "rows.csv", folder / "artifact", rows=500)
    assert done.path is not None
    return folder


@pytest.fixture
def here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to work in, as the current folder."""
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command line: exit code, stdout, stderr."""

    def command(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


# what every command says


def test_compile(here: Path, run: Any) -> None:
    code, out, err = run("compile", "pipeline.yaml", "-o", "made", "--rows", "100")
    assert (code, out) == (cli.EQUAL, "")
    lines = err.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["stage", "fit", "compile", "verify"]
    assert "output x: 7 columns, float32" in lines
    assert "output ids: 2 columns, int64" in lines
    assert any(line.startswith("verified: `orders` equals its reference") for line in lines)
    assert any(line.startswith("wrote made (") for line in lines)
    assert {path.name for path in (here / "made").iterdir()} >= {"model.onnx", "manifest.json", "plan.json"}


def test_compile_as_json(here: Path, run: Any) -> None:
    code, out, err = run("compile", "pipeline.yaml", "-o", "made", "--rows", "100", "--format", "json")
    assert (code, err) == (cli.EQUAL, "")
    facts = json.loads(out)
    assert facts["path"] == "made"
    assert [stage["name"] for stage in facts["stages"]] == ["fit", "compile", "verify"]
    assert facts["stages"][0]["rows"] == len(ROWS)
    assert facts["report"]["equal"] is True
    assert facts["bytes"] == sum(path.stat().st_size for path in (here / "made").iterdir())
    assert facts["plan"] == json.loads((here / "made" / "manifest.json").read_bytes())["plan"]


def test_compile_without_verifying_says_so(here: Path, run: Any) -> None:
    code, _, err = run("compile", "pipeline.yaml", "-o", "made", "--no-verify", "--signature", "packed")
    assert code == cli.EQUAL
    assert "not verified (--no-verify)" in err
    assert skc_runtime.load(here / "made").describe()["signature"] == "packed"


def test_verify(here: Path, run: Any) -> None:
    code, out, err = run("verify", "artifact", "--rows", "50", "--data", "rows.csv")
    assert (code, err) == (cli.EQUAL, "")
    assert re.search(r"^data +200 +0 ", out, flags=re.MULTILINE)
    assert out.splitlines()[-1].startswith("verified: `orders` equals its reference")
    assert "--data" not in out
    _, without, _ = run("verify", "artifact", "--rows", "50")
    assert "rows of your own; `--data` takes them" in without


@pytest.mark.parametrize("wanted", ["json", "junit"])
def test_verify_in_other_formats(wanted: str, here: Path, run: Any) -> None:
    code, out, err = run("verify", "artifact", "--rows", "50", "--format", wanted)
    assert (code, err) == (cli.EQUAL, "")
    if wanted == "json":
        facts = json.loads(out)
        assert facts["equal"] is True
        assert facts["differences"] == []
    else:
        suite = ET.fromstring(out)
        assert suite.attrib["failures"] == "0"
        assert {"boundaries", "batch 1"} <= {case.attrib["name"] for case in suite}


def test_verify_one_record(here: Path, run: Any) -> None:
    code, out, err = run("verify", "artifact", "--record", '{"at": 0, "it\'s": "😀", "big": "9007199254740993"}')
    assert (code, err) == (cli.EQUAL, "")
    assert "boundaries" not in out, "nothing else was tried, so nothing else is spoken of"
    code, out, _ = run("verify", "artifact", "--record", '{"at": 0, "it\'s": "new"}')
    assert code == cli.EQUAL
    assert "refused by both" in out


RECORDS = [
    ("{", "not JSON"),
    ("[]", "not a JSON object"),
    ("null", "not a JSON object"),
    ('{"at": 1, "at": 2}', "`at` stands twice"),
    ("{}", "`at`"),
    ('{"at": null}', "`at`"),
    ('{"at": 1.5}', "1.5"),
    ('{"at": "2024-05-01T00:00:00Z"}', "2024-05-01"),
    ('{"at": 0, "bigg": 1}', "bigg"),
    ('{"at": 0, "big": true}', "True"),
    ('{"at": 0, "big": 9223372036854775808}', "9223372036854775808"),
    ('{"at": 0, "it\'s": "\\u0000"}', "NUL"),
    ('{"at": 0, "it\'s": "\\ud800"}', "surrogate"),
]


@pytest.mark.parametrize(("record", "says"), RECORDS, ids=[record for record, _ in RECORDS])
def test_a_record_that_does_not_fit(record: str, says: str, here: Path, run: Any) -> None:
    code, out, err = run("verify", "artifact", "--record", record)
    assert (code, out) == (cli.USER, "")
    assert err.startswith("error[SKC501]: ")
    assert says in err.splitlines()[0]
    assert "hint: " in err


def test_a_record_and_data_contradict_each_other(here: Path, run: Any) -> None:
    code, _, err = run("verify", "artifact", "--record", "{}", "--data", "rows.csv")
    assert code == cli.USER
    assert "error[SKC140]" in err


def test_inspect(here: Path, run: Any) -> None:
    code, out, err = run("inspect", "artifact")
    assert (code, err) == (cli.EQUAL, "")
    assert "amount/2:standard_scale" in out
    assert "it's_😀" in out
    code, out, err = run("inspect", "artifact", "--format", "json")
    assert (code, err) == (cli.EQUAL, "")
    facts = json.loads(out)
    assert [i["name"] for i in facts["inputs"]] == COLUMNS[:-1]
    assert [len(o["columns"]) for o in facts["outputs"]] == [7, 2]


def test_check(here: Path, run: Any) -> None:
    assert run("check", "pipeline.yaml") == (cli.EQUAL, "", "pipeline.yaml: ok\n")
    code, out, err = run("check", "pipeline.yaml", "--format", "json")
    assert (code, err) == (cli.EQUAL, "")
    assert json.loads(out) == {"diagnostics": []}
    (here / "spare.yaml").write_text(PIPELINE.replace("  at: timestamp", "  spare: bool\n  at: timestamp"))
    code, out, err = run("check", "spare.yaml")
    assert (code, out) == (cli.EQUAL, "")
    assert "warning[SKC117]" in err
    assert err.endswith("spare.yaml: ok, 1 warning\n")
    code, out, _ = run("check", "spare.yaml", "--format=json")
    assert [d["code"] for d in json.loads(out)["diagnostics"]] == ["SKC117"]


def test_ops(run: Any) -> None:
    code, out, err = run("ops")
    assert code == cli.EQUAL
    assert [line.split()[0] for line in out.splitlines()] == [n for n, op in sorted(OPS.items()) if not op.internal]
    assert "skc ops NAME" in err
    code, out, err = run("ops", "one_hot")
    assert (code, err) == (cli.EQUAL, "")
    assert out.startswith("one_hot\n\n")
    assert "min_frequency" in out
    code, out, _ = run("ops", "one_hot", "--format", "json")
    assert [op["name"] for op in json.loads(out)] == ["one_hot"]


def test_schema(run: Any) -> None:
    code, out, err = run("schema")
    assert (code, err) == (cli.EQUAL, "")
    assert json.loads(out)["title"] == "skc pipeline"


def test_version_and_help(run: Any) -> None:
    code, out, err = run("--version")
    assert (code, err) == (cli.EQUAL, "")
    assert re.fullmatch(r"skc \d+\.\d+\.\d+\n", out)
    code, out, err = run("--help")
    assert (code, err) == (cli.EQUAL, "")
    assert "transform" in out
    assert run() == (cli.USER, out, "")


EXAMPLE_INPUTS = """\
skc: 1
name: example
inputs:
  fare: {type: float64, nullable: true}
  distance: float64
  age: {type: float64, nullable: true}
  hour: int64
  rooms: int64
  at: timestamp
  ordered: timestamp
  shipped: timestamp
  pickup: string
  city: string
  user: string
  word: string
  size: {type: string, nullable: true}
features:
"""


@pytest.mark.parametrize("name", [name for name, op in OPS.items() if not op.internal])
def test_the_example_of_a_page_is_right(name: str) -> None:
    """It stands on one line of the page, uses the op, and checks."""
    (example,) = re.findall(r"^Example: `(.*)`$", OPS[name].doc, flags=re.MULTILINE)
    feature = example.partition(":")[0]
    dtype = "int64" if name == "parse_datetime" else "float32"
    text = f"{EXAMPLE_INPUTS}  {example}\noutputs:\n  x: {{features: [{feature}], dtype: {dtype}}}\n"
    pipeline, _ = read_text(text, "example.yaml")
    assert name in {step.op for step in pipeline.steps}


# a model that is not what its plan says


def tamper(artifact: Path, old: float, new: float) -> None:
    """Change a constant of the model, and all that would betray it: only a comparison can tell now."""
    model = onnx.load(artifact / "model.onnx")
    changed = 0
    for node in model.graph.node:
        if node.op_type != "Constant" or node.attribute[0].name != "value":
            continue
        value = onnx.numpy_helper.to_array(node.attribute[0].t)
        if value.dtype != object and (value == old).any():
            node.attribute[0].t.CopyFrom(onnx.numpy_helper.from_array(np.where(value == old, new, value)))
            changed += 1
    assert changed == 1
    (artifact / "model.onnx").write_bytes(model.SerializeToString())
    manifest = json.loads((artifact / "manifest.json").read_bytes())
    parsed = skc_runtime.manifest.Manifest.from_json((artifact / "manifest.json").read_bytes())
    with skc_runtime.Transformer(parsed, model.SerializeToString()) as transformer:
        cases = golden.loads((artifact / "golden.jsonl").read_bytes())
        records = [golden.decode_record(parsed, case.record) for case in cases]
        (artifact / "golden.jsonl").write_bytes(golden.dumps(golden.observe(transformer, r) for r in records))
    hashes = {name: hashlib.sha256((artifact / name).read_bytes()).hexdigest() for name in manifest["files"]}
    (artifact / "manifest.json").write_text(json.dumps({**manifest, "files": hashes}))


@pytest.fixture
def wrong(here: Path) -> Path:
    """An artifact with a moved edge, in a folder whose name a shell must be told with care."""
    folder = here / "it's wrong"
    shutil.copytree(here / "artifact", folder)
    tamper(folder, 9007199254740993, 9007199254740994)
    return folder


def test_a_wrong_model_is_told_in_full(wrong: Path, run: Any) -> None:
    code, out, err = run("verify", wrong.name, "--rows", "200", "--data", "rows.csv")
    assert (code, err) == (cli.DIFFERENT, "")
    first = out[out.index("difference in output") :].splitlines()
    assert first[0] == "difference in output `ids`, column `band` (boundaries)"
    assert first[1].split(":", 1)[1].strip().startswith("band/0:bucketize is the first that differs")
    assert [line.split() for line in first[2:4]] == [["graph:", "1"], ["reference:", "2"]]
    assert re.search(r"^data +200 +[1-9]\d* ", out, flags=re.MULTILINE)
    assert re.search(r"^ids: band +exact +[1-9]", out, flags=re.MULTILINE)
    assert "Compile the pipeline again" in out
    assert out.splitlines()[-1].startswith("NOT EQUAL: `orders` differs from its reference in: ")


def test_the_printed_command_reproduces_the_difference(wrong: Path, run: Any) -> None:
    """Pasted into a shell as it is: quotes, Unicode, null and integers beyond 2^53 come through."""
    _, out, _ = run("verify", wrong.name, "--rows", "2000", "--format", "json")
    differences = json.loads(out)["differences"]
    assert {"got": "1", "want": "2"}.items() <= differences[0].items()
    found = []
    for value in ("a'b", None):
        record = {**differences[0]["record"], "it's": value}
        _, out, _ = run("verify", wrong.name, "--record", json.dumps(record), "--format", "json")
        found.append(json.loads(out)["differences"][0])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for difference in found:
        done = subprocess.run(
            ["bash", "-c", difference["reproduce"] + " --format json"],
            env={**os.environ, "PATH": path},
            capture_output=True,
            check=False,
        )
        assert done.returncode == cli.DIFFERENT, done.stderr.decode()
        again = json.loads(done.stdout)["differences"][0]
        assert {k: again[k] for k in ("column", "step", "record", "got", "want")} == {
            k: difference[k] for k in ("column", "step", "record", "got", "want")
        }


def test_a_wrong_model_in_junit(wrong: Path, run: Any) -> None:
    code, out, err = run("verify", wrong.name, "--rows", "100", "--format", "junit")
    assert (code, err) == (cli.DIFFERENT, "")
    suite = ET.fromstring(out)
    failures = {case.attrib["name"]: case.find("failure") for case in suite if case.find("failure") is not None}
    assert int(suite.attrib["failures"]) == len(failures)
    told = failures["boundaries"]
    assert told is not None
    assert told.text is not None
    assert "skc verify" in told.text
    assert out.isascii()


def test_a_missing_value_is_json_too(here: Path, run: Any) -> None:
    """NaN is no JSON: where the graph has none and the reference has one, the report says it in a word."""
    tamper(here / "artifact", 3.25, float("nan"))
    code, out, _ = run("verify", "artifact", "--rows", "50", "--format", "json")
    assert code == cli.DIFFERENT

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    facts = json.loads(out, parse_constant=refuse)
    assert {d["got"] for d in facts["differences"] if d["column"] == "ratio"} >= {"NaN"}


def test_a_bad_artifact_in_junit(here: Path, run: Any) -> None:
    (here / "artifact" / "plan.json").write_text("{}")
    code, out, err = run("verify", "artifact", "--format", "junit")
    assert code == cli.USER
    assert "error[SKC403]" in err
    suite = ET.fromstring(out)
    assert suite.attrib["errors"] == "1"
    assert suite.find("testcase/error") is not None


def test_a_difference_when_compiling_writes_nothing(here: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from skc.ops import bucketize

    def moved(params: Any) -> Any:
        return replace(params, edges=(params.edges[0] + 1, *params.edges[1:]))

    broken = replace(bucketize.OP, lower=lambda p, s, x: bucketize.OP.lower(moved(p), s, x))
    monkeypatch.setitem(OPS, "bucketize", broken)
    code, out, err = run("compile", "pipeline.yaml", "-o", "made", "--rows", "100")
    assert (code, out) == (cli.DIFFERENT, "")
    assert "band/0:bucketize is the first that differs" in err
    assert "please report" in err
    assert "--no-verify" in err.splitlines()[-1]
    assert not (here / "made").exists()


# transform


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
        assert facts["columns"][:5] == ["label", "at", "day", "big", "it's"]
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


def test_a_refused_row_leaves_the_old_file(here: Path, run: Any) -> None:
    run("transform", "artifact", "rows.csv", "-o", "features.parquet")
    before = (here / "features.parquet").read_bytes()
    write_csv(here / "bad.csv", [[*ROWS[0][:3], "zzz", *ROWS[0][4:]]])
    code, _, _ = run("transform", "artifact", "bad.csv", "-o", "features.parquet", "--force")
    assert code == cli.USER
    assert (here / "features.parquet").read_bytes() == before


MISUSES = [
    (["rows.csv", "-o", "rows.csv"], "SKC414"),
    (["rows.csv", "-o", "features.csv"], "SKC414"),
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
    write_csv(here / "null.csv", [["", *ROWS[0][1:]]])
    before = sorted(p.name for p in here.iterdir())
    exit_code, out, err = run("transform", "artifact", *arguments)
    assert (exit_code, out) == (cli.USER, "")
    assert err.startswith(f"error[{code}]: ")
    assert "hint: " in err
    assert sorted(p.name for p in here.iterdir()) == before
    assert (here / "there.parquet").read_text() == "mine"


# as a process


def test_what_is_piped_is_utf8_in_every_locale(here: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "LC_ALL": "C", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "skc", "inspect", "artifact", "--format", "json"],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == cli.EQUAL, done.stderr.decode()
    assert "it's_😀" in json.loads(done.stdout.decode("utf-8"))["outputs"][0]["columns"]


def test_a_reader_that_stops_early_is_no_error(here: Path) -> None:
    command = f"{sys.executable} -m skc schema | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["{", "0"]
    assert done.stderr == ""
