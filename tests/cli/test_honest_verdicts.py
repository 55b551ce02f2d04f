"""What a green verdict does not say is said beside it: rows refused, files changed, replays that prove nothing."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import skc
import skc_runtime
from skc import cli

PIPELINE = """
skc: 1
name: riders
inputs:
  age: {type: float64, nullable: true}
  sex: string
  deck: {type: string, nullable: true}
  town: string
features:
  age: {from: age, apply: [{impute: {strategy: median}}, standard_scale]}
  sex: {from: sex, apply: [{one_hot: {unknown: error}}]}
  deck: {from: deck, apply: [{one_hot: {unknown: error}}]}
  town: {from: town, apply: [{one_hot: {unknown: error}}]}
outputs:
  x: {features: [age, sex, deck, town], dtype: float64}
"""
HEAD = "age,sex,deck,town\n"
ROWS = [f"{20 + i},{('male', 'female')[i % 2]},{'ABC'[i % 3]},{('Cork', 'Rome')[i // 3 % 2]}" for i in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("riders")
    (made / "pipeline.yaml").write_text(PIPELINE)
    (made / "rows.csv").write_text(HEAD + "\n".join(ROWS) + "\n")
    assert skc.compile(made / "pipeline.yaml", str(made / "rows.csv"), made / "artifact").path is not None
    return made


def verify(folder: Path, *options: str, artifact: str = "artifact") -> int:
    return cli.run(["verify", str(folder / artifact), "--rows", "200", *options])


def changed(folder: Path, to: Path, name: str, change: Callable[[Any], Any], *, mend: bool = True) -> Path:
    """A copy of the artifact with one JSON or ONNX file changed, and its hash mended."""
    to.mkdir()
    for file in (folder / "artifact").iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    data = (to / name).read_bytes()
    (to / name).write_bytes(change(data))
    if mend and name != "manifest.json":
        manifest = json.loads((to / "manifest.json").read_bytes())
        manifest["files"][name] = hashlib.sha256((to / name).read_bytes()).hexdigest()
        (to / "manifest.json").write_text(json.dumps(manifest))
    return to


# golden records


def golden(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "artifact" / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[1:]]


def test_most_golden_records_are_served_though_three_steps_refuse_what_they_do_not_know(folder: Path) -> None:
    cases = golden(folder)
    served = [case for case in cases if "outputs" in case]
    assert len(served) >= len(cases) / 2
    assert len(cases) > len(served), "refusals are replayed too"
    assert len({json.dumps(case["outputs"]) for case in served}) > 10


def test_so_loading_notices_another_model(folder: Path, tmp_path: Path) -> None:
    def nudge(data: bytes) -> bytes:
        model = onnx.load_from_string(data)
        for node in model.graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                value = numpy_helper.to_array(node.attribute[0].t)
                if value.dtype == np.float64 and (value == 39.5).any():
                    node.attribute[0].t.CopyFrom(numpy_helper.from_array(np.where(value == 39.5, 39.501, value)))
        return bytes(model.SerializeToString())

    wrong = changed(folder, tmp_path / "wrong", "model.onnx", nudge)
    assert (wrong / "model.onnx").read_bytes() != (folder / "artifact" / "model.onnx").read_bytes()
    with pytest.raises(skc_runtime.ArtifactError) as error:
        skc_runtime.load(wrong)
    assert error.value.code == "golden-mismatch"


def test_a_wrong_golden_file_is_reported_as_such(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def lie(data: bytes) -> bytes:
        return data.replace(b'"error":{"code":"unknown-category"}', b'"error":{"code":"invalid-value"}', 1)

    wrong = changed(folder, tmp_path / "wrong", "golden.jsonl", lie)
    assert cli.run(["verify", str(wrong), "--rows", "200"]) == cli.DIFFERENT
    told = capsys.readouterr().out
    assert "golden.jsonl does not match what plan.json computes" in told
    assert "golden.jsonl: refused: invalid-value" in told
    assert "please report" not in told
    assert f"reproduce:    skc verify {wrong}\n" in told, "only the file shows it, no record does"


# rows of the user that nobody would serve


def test_refused_rows_are_counted_by_guard(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*ROWS[:3], "30,alien,A,Cork", "31,male,Z,Cork", "32,alien,A,Rome"]
    data = tmp_path / "rows.csv"
    data.write_text(HEAD + "\n".join(rows) + "\n")
    assert verify(folder, "--data", str(data)) == cli.EQUAL
    told = capsys.readouterr().out
    assert "of your own 6 rows, policies of `error` refuse 3" in told
    assert "2 rows refused (unknown-category) by `sex/0:one_hot`, column `sex`; the first is row 4" in told
    assert "1 row refused (unknown-category) by `deck/0:one_hot`, column `deck`; the first is row 5" in told
    assert verify(folder, "--data", str(data), "--format", "junit") == cli.EQUAL
    suite = ET.fromstring(capsys.readouterr().out)
    said = {case.get("name"): case.findtext("system-out") or "" for case in suite.iter("testcase")}
    assert said["data"].startswith("6 rows, 3 refused by both")
    assert "the first is row 5" in said["data"]


def test_when_all_rows_are_refused_nothing_was_proved_on_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "rows.csv"
    data.write_text(HEAD + "30,alien,A,Cork\n" * 5)
    assert verify(folder, "--data", str(data)) == cli.USER
    told = capsys.readouterr().out
    assert "error[SKC512]: every one of your 5 rows is refused" in told
    assert "values of your own rows: every one of them is refused" in told.partition("not tried")[2]


def test_data_without_a_row_is_no_proof(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rows.csv").write_text(HEAD)
    assert verify(folder, "--data", str(tmp_path / "rows.csv")) == cli.USER
    assert "error[SKC208]" in capsys.readouterr().err


# files of several makings


def renamed_input(manifest: dict[str, Any]) -> None:
    manifest["inputs"][0]["name"] = "aeg"


def other_nullable(manifest: dict[str, Any]) -> None:
    manifest["inputs"][0]["nullable"] = False


def swapped_columns(manifest: dict[str, Any]) -> None:
    columns = manifest["outputs"][0]["columns"]
    columns[1], columns[2] = columns[2], columns[1]


def other_guard(manifest: dict[str, Any]) -> None:
    manifest["guards"]["columns"][0]["code"] = "invalid-value"


@pytest.mark.parametrize("built", ["here", "elsewhere"])
@pytest.mark.parametrize(
    ("change", "key"),
    [
        (renamed_input, "inputs"),
        (other_nullable, "inputs"),
        (swapped_columns, "outputs"),
        (other_guard, "guards"),
    ],
)
def test_a_manifest_of_another_contract(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any, key: str, built: str
) -> None:
    """Also where other versions of the tools are installed, which make other bytes."""

    def edit(data: bytes) -> bytes:
        manifest = json.loads(data)
        change(manifest)
        if built == "elsewhere":
            manifest["built_with"]["numpy"] = "1.0"
        return json.dumps(manifest).encode()

    wrong = changed(folder, tmp_path / "wrong", "manifest.json", edit)
    assert cli.run(["verify", str(wrong), "--rows", "10"]) == cli.USER
    told = capsys.readouterr().err
    assert told.startswith("error[SKC403]")
    assert f"disagree about `{key}`" in told or "golden" in told


@pytest.mark.parametrize("name", ["model.onnx", "plan.json", "golden.jsonl"])
def test_inspect_notices_a_file_that_was_changed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    wrong = changed(folder, tmp_path / "wrong", name, lambda data: data + b" ", mend=False)
    assert cli.run(["inspect", str(wrong)]) == cli.USER
    assert f"error[SKC403]: {name}" in capsys.readouterr().err
    (wrong / name).unlink()
    assert cli.run(["inspect", str(wrong)]) == cli.USER
    assert "error[SKC404]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "SKC403"),
        (b"{}", "SKC403"),
        (b'{"skc": "artifact", "format": 2}', "SKC402"),
        (b'{"skc": "artifact", "format": "2"}', "SKC403"),
        (b'{"skc": "plan", "format": 1, "files": {"plan.json": ""}}', "SKC403"),
        (b"\xff", "SKC403"),
    ],
)
def test_inspect_of_what_is_no_manifest(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes, code: str
) -> None:
    wrong = changed(folder, tmp_path / "wrong", "manifest.json", lambda data: text)
    assert cli.run(["inspect", str(wrong)]) == cli.USER
    assert f"error[{code}]" in capsys.readouterr().err


# the command line


def test_a_negative_seed_is_the_users_mistake(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(folder, "--seed", "-5") == cli.USER
    assert "error[SKC140]" in capsys.readouterr().err
    with pytest.raises(skc.SkcError) as error:
        skc.verify(folder / "artifact", seed=-1)
    assert error.value.code == "SKC140"


@pytest.mark.parametrize("command", ["inspect", "verify --rows 10"])
def test_a_reader_that_has_seen_enough_changes_no_exit_code(folder: Path, command: str) -> None:
    """`head` closes the pipe while the command still writes."""
    verb, *options = command.split()
    program = f"{sys.executable} -m skc {verb} {folder / 'artifact'} {' '.join(options)} | head -c 1 > /dev/null"
    done = subprocess.run(
        ["bash", "-c", f"{program}; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")
