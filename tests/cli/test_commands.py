"""Every command as it is meant to be used: stdout is data, stderr is talk, and the exit code tells the outcome."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from orders import COLUMNS, PIPELINE, ROWS

import skc_runtime
from skc import cli
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ops import OPS


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


@pytest.mark.parametrize(("given", "signature"), [([], "packed"), (["--signature", "columns"], "columns")])
def test_the_signature(given: list[str], signature: str, here: Path, run: Any) -> None:
    assert run("compile", "pipeline.yaml", "-o", "made", "--no-verify", *given)[0] == cli.EQUAL
    assert skc_runtime.load(here / "made").describe()["signature"] == signature


def test_verify(here: Path, run: Any) -> None:
    code, out, err = run("verify", "artifact", "--rows", "50", "--data", "rows.csv")
    assert (code, err) == (cli.EQUAL, "")
    assert re.search(r"^data +200 +0 ", out, flags=re.MULTILINE)
    assert out.splitlines()[-1].startswith("verified: `orders` equals its reference")
    assert "--data" not in out
    _, without, _ = run("verify", "artifact", "--rows", "50")
    assert "your own rows; pass them with `--data`" in without


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
    (here / "record.json").write_text('{"at": 0, "it\'s": "new"}\n', encoding="utf-8")
    code, out, _ = run("verify", "artifact", "--record", "@record.json")
    assert code == cli.EQUAL
    assert "refused by both" in out


RECORDS = [
    ("@none.json", "No such file"),
    ("@latin.json", "not UTF-8"),
    ("@", "Is a directory"),
    ("{", "not JSON"),
    ("[]", "not a JSON object"),
    ("null", "not a JSON object"),
    ('{"at": 1, "at": 2}', "duplicate key `at`"),
    ("{}", "`at`"),
    ('{"at": null}', "`at`"),
    ('{"at": 1.5}', "1.5"),
    ('{"at": "2024-05-01T00:00:00"}', "2024-05-01"),
    ('{"at": "2024-05-01"}', "2024-05-01"),
    ('{"at": 0, "bigg": 1}', "bigg"),
    ('{"at": 0, "big": true}', "True"),
    ('{"at": 0, "big": 9223372036854775808}', "9223372036854775808"),
    ('{"at": 0, "it\'s": "\\u0000"}', "NUL"),
    ('{"at": 0, "it\'s": "\\ud800"}', "surrogate"),
]


@pytest.mark.parametrize(("record", "says"), RECORDS, ids=[record for record, _ in RECORDS])
def test_a_record_that_does_not_fit(record: str, says: str, here: Path, run: Any) -> None:
    (here / "latin.json").write_bytes('{"it\'s": "é"}'.encode("latin-1"))
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


def test_check_with_data(here: Path, run: Any) -> None:
    """Rows are read as `data` says."""
    (here / "rows.csv").write_text("v;w\n1,5;a\n2;b\n")
    text = "skc: 1\nname: rows\ndata: {OPTIONS}\ninputs: {v: float64}\noutputs: {x: {features: [v], dtype: float64}}\n"
    (here / "rows.yaml").write_text(text.replace("{OPTIONS}", '{separator: ";", decimal: ","}'))
    assert run("check", "rows.yaml", "--data", "rows.csv") == (cli.EQUAL, "", "rows.yaml: ok\n")
    (here / "rows.yaml").write_text(text.replace("{OPTIONS}", '{separator: ";"}'))
    code, out, err = run("check", "rows.yaml", "--data", "rows.csv")
    assert (code, out) == (cli.USER, "")
    assert "rows.csv, row 1 (line 2): `1,5` in column `v` is not a float64" in err
    assert 'hint: write `decimal: ","` under `data`' in err


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
data: {target: {column: tip, type: float64}}
inputs:
  fold: {type: int64, nullable: true}
  income: float64
  purchases: float64
  food: float64
  rent: float64
  travel: float64
  length: float64
  width: float64
  weight: float64
  red: float64
  green: float64
  blue: float64
  review: string
  fare: {type: float64, nullable: true}
  distance: float64
  age: {type: float64, nullable: true}
  hour: int64
  rooms: int64
  at: timestamp
  day: date
  year: int64
  month: int64
  day_of_month: int64
  clock: int64
  ordered: timestamp
  shipped: timestamp
  pickup: string
  city: string
  user: string
  word: string
  size: {type: string, nullable: true}
  workclass: string
  country: string
  postcode: string
  mail: string
  title: string
  phone: string
  grade: string
  kind: string
  iban: string
features:
"""


@pytest.mark.parametrize("name", [name for name, op in OPS.items() if not op.internal and not op.is_fitted_elsewhere])
def test_the_example_of_a_page_is_right(name: str) -> None:
    """It stands on one line of the page, uses the op, and checks."""
    (example,) = re.findall(r"^Example: `(.*)`$", OPS[name].doc, flags=re.MULTILINE)
    feature = example.partition(":")[0]
    is_question = example.startswith(("is_", "has_"))
    dtype = "int64" if name == "parse_datetime" else "bool" if is_question else "float32"
    text = f"{EXAMPLE_INPUTS}  {example}\noutputs:\n  x: {{features: [{feature}], dtype: {dtype}}}\n"
    pipeline, _ = read_pipeline_text(text, "example.yaml")
    assert name in {step.op for step in pipeline.steps}


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
