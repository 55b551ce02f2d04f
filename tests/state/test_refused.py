"""What cannot be merged is refused by name, and a file that is not a state never gives anything else."""

from __future__ import annotations

import json
import random
import re
import zipfile
from copy import copy
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from engine_cases import INPUTS, ROWS, pipeline, staged, step
from state_parts import fitted_on, parts_of, states_of

import skc
from skc import cli
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.ir import ProfileOptions
from skc.state import collect as collecting
from skc.state.document import dumps, open_state, read_state

YAML = """\
skc: 1
name: small
inputs:
  x: float64
  s: {type: string, nullable: true}
features:
  x: {from: x, apply: [{clip: {min: 0, max: 9}}, standard_scale]}
  s: {from: s, apply: [{vocabulary: {}}]}
outputs:
  out: {features: [x], dtype: float64}
  ids: {features: [s], dtype: int64}
"""


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a pipeline, the rows of two days, and their states."""
    monkeypatch.chdir(tmp_path)
    Path("pipeline.yaml").write_text(YAML)
    Path("monday.csv").write_text("x,s\n1,a\n2,b\n")
    Path("tuesday.csv").write_text("x,s\n7,b\n")
    for day in ("monday", "tuesday"):
        skc.fit_state("pipeline.yaml", f"{day}.csv", f"{day}.state")


def refusal(*states: str, **options: Any) -> str:
    with pytest.raises(SkcError) as error:
        skc.merge(states, verify=False, **options)
    (diagnostic,) = error.value.diagnostics
    return f"{diagnostic.code}: {diagnostic.message}; {diagnostic.hint}"


def rewritten(path: str, change: Any, name: str = "state.json") -> None:
    """A state with another document, whose archive is whole."""
    with zipfile.ZipFile(path) as archive:
        files = {entry: archive.read(entry) for entry in archive.namelist()}
    files[name] = change(files[name])
    with zipfile.ZipFile(path, "w") as archive:
        for entry, data in files.items():
            archive.writestr(entry, data)


def field(key: str, value: Any) -> Any:
    return lambda data: json.dumps({**json.loads(data), key: value}).encode()


ONCE = "merge each part once; --allow-overlap counts such rows twice"
AGAIN = "write the states again, with the same pipeline and the same version of skc"


def test_the_same_rows_twice() -> None:
    both = "SKC697: `monday.state` and `again.state` both have the rows of"
    Path("copy.csv").write_text(Path("monday.csv").read_text())
    skc.fit_state("pipeline.yaml", "copy.csv", "again.state")
    same = "`monday.csv` and `copy.csv`, which have the same content"
    assert refusal("monday.state", "again.state") == f"{both} {same}; {ONCE}"
    skc.merge_states(["monday.state", "tuesday.state"], "again.state", force=True)
    assert refusal("monday.state", "again.state") == f"{both} `monday.csv`; {ONCE}"
    assert refusal("monday.state", "monday.state") == "SKC697: `monday.state` is named twice; name each state once"
    doubled = skc.merge(["monday.state", "again.state"], allow_overlap=True, verify=False)
    assert doubled.stages[0].rows == 5


def test_another_pipeline_or_version(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("other.yaml").write_text(YAML.replace("max: 9", "max: 8"))
    skc.fit_state("other.yaml", "tuesday.csv", "other.state")
    message = "SKC697: `monday.state` and `other.state` are of different pipelines"
    assert refusal("monday.state", "other.state") == f"{message}; {AGAIN}"
    message = "SKC697: `monday.state` is of another pipeline than the one that is given"
    assert refusal("monday.state", pipeline="other.yaml") == f"{message}; {AGAIN}"
    skc.fit_state("pipeline.yaml", "tuesday.csv", "other.state", profile=False, force=True)
    assert refusal("monday.state", "other.state").startswith("SKC697: `monday.state` and `other.state` are of diff")
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9")
    own = skc.__version__
    rewritten("monday.state", field("version", "0.0.1"))
    message = f"SKC697: `monday.state` was written by skc 0.0.1, and this is {own}"
    assert refusal("monday.state") == f"{message}; {AGAIN}, or install skc 0.0.1"


@pytest.mark.parametrize(
    "changed",
    [
        YAML + 'data: {where: "x > 1"}\n',
        YAML + 'data: {null_values: ["b"]}\n',
        YAML + "profile: {omit: [s]}\n",
        YAML.replace("x: float64", "x: {type: float64, nullable: true}"),
        YAML.replace("dtype: float64", "dtype: float32"),
    ],
)
def test_what_makes_it_another_pipeline(changed: str) -> None:
    Path("other.yaml").write_text(changed)
    skc.fit_state("other.yaml", "tuesday.csv", "other.state")
    assert "are of different pipelines" in refusal("monday.state", "other.state")


def test_a_comment_decides_nothing_but_which_text_to_read() -> None:
    Path("commented.yaml").write_text(f"# as agreed\n{YAML}")
    skc.fit_state("commented.yaml", "tuesday.csv", "other.state")
    message = "SKC697: `monday.state` and `other.state` have different texts of the pipeline"
    assert refusal("monday.state", "other.state") == f"{message}; name the file with --pipeline"
    expected = skc.merge(["monday.state", "tuesday.state"], verify=False).artifact.files
    assert skc.merge(["monday.state", "other.state"], pipeline="pipeline.yaml", verify=False).artifact.files == expected


def test_what_is_not_a_state() -> None:
    damaged = "the file is damaged or was edited; write the state again"
    assert refusal("nowhere.state") == "SKC696: there is no file `nowhere.state`; name files that `skc fit` wrote"
    assert refusal(".") == "SKC696: there is no file `.`; name files that `skc fit` wrote"
    assert refusal() == "SKC140: there are no states to merge; name files that `skc fit` wrote"
    assert refusal("monday.csv") == f"SKC696: `monday.csv` is not a state: File is not a zip file; {damaged}"
    rewritten("monday.state", field("format", 2))
    message = "SKC696: `monday.state` has the state format 2, and this version of skc reads 1"
    assert refusal("monday.state") == f"{message}; install the skc that wrote it, or write the state again"


FORGED = {
    "rows": 3,
    "limit": 0,
    "sources": [{"sha256": "x", "name": "monday.csv"}],
    "aggregates": [],
    "sums": [{}],
    "before": {"rows": 1, "aggregates": []},
    "float32": 3,
    "keys": [1],
    "constant": [["s"]],
    "tables": [],
    "pipeline": "0" * 63,
    "yaml": 7,
    "more": 1,
    "skc": "plan",
}


@pytest.mark.parametrize("key", FORGED)
def test_forged_documents(key: str) -> None:
    rewritten("monday.state", field(key, FORGED[key]))
    assert refusal("monday.state").startswith("SKC696: `monday.state` is not a state: state.json")


def test_forged_tables() -> None:
    def empty(data: bytes) -> bytes:
        return data[: len(data) // 2]

    rewritten("monday.state", empty, "table-0.arrow")
    assert "table-0.arrow is not what was written" in refusal("monday.state")


def test_files_that_are_larger_once_they_are_read() -> None:
    """Compressed, or one file under many names."""
    with zipfile.ZipFile("monday.state") as archive:
        files = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile("monday.state", "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, data in files.items():
            archive.writestr(entry, data + b" " * 1000)
    assert "a state is not compressed" in refusal("monday.state")
    with zipfile.ZipFile("tuesday.state", "a") as archive:
        first = archive.getinfo("table-0.arrow")
        for k in range(100):
            other = copy(first)
            other.filename = f"more-{k}.arrow"
            archive.filelist.append(other)
            archive.NameToInfo[other.filename] = other
        archive._didModify = True  # type: ignore[attr-defined]  # so that the list of files is written
    assert refusal("tuesday.state").startswith("SKC696")


def test_damaged_files_are_refused_or_the_same() -> None:
    """Any bit, and any end: the archive, the document and the tables are checked."""
    states, contents = states_of(staged(), [ROWS], ProfileOptions())
    whole = dumps(states[0], contents)
    draw = random.Random(5)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        Path("damaged.state").write_bytes(damaged if draw.random() < 0.7 else whole[: draw.randrange(len(whole))])
        try:
            read = read_state(open_state(Path("damaged.state")), contents)
        except SkcError as error:
            assert error.code == "SKC696"
            refused += 1
        else:
            assert dumps(read, contents) == whole
    assert refused > 250


def test_a_statistic_whose_values_are_too_many_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of 90 bytes: a mean has its sum and can be merged, a variance needs the values."""
    monkeypatch.setattr(collecting, "MEGABYTE", 90)
    monkeypatch.setattr("skc.state.state.MEGABYTE", 90)
    states, contents = states_of(staged(), parts_of(ROWS, 4), limit=1)
    with pytest.raises(SkcError) as error:
        fitted_on(states, contents)
    assert {d.code for d in error.value.diagnostics} == {"SKC698"}
    named = {found[1] for d in error.value.diagnostics if (found := re.search("of step `(.*?)`", d.message))}
    assert named == {"scaled", "bins", "range", "ids", "often", "words", "hot", "days"}
    assert error.value.diagnostics[0].message.endswith("take more than 1 MB")


def test_a_mean_needs_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MEGABYTE", 1)
    made = pipeline(
        step("y0", "source", "inputs/y", null_values=(-1.0,)),
        step("m", "impute", "inputs/x", "y0", strategy="mean"),
        inputs=INPUTS[:2],
    )
    assert fitted_on(*states_of(made, parts_of(ROWS, 4), limit=1)).pipeline == fit(made, ROWS).pipeline


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["fit", "pipeline.yaml", "--data", "monday.csv", "--state", "monday.state"]) == cli.USER
    assert "SKC410" in capsys.readouterr().err
    assert cli.run(["merge", "monday.state", "tuesday.state"]) == cli.USER
    assert "hint: give --out DIRECTORY or --state FILE" in capsys.readouterr().err
    assert cli.run(["merge", "monday.state", "tuesday.state", "--state", "both.state"]) == cli.EQUAL
    assert re.fullmatch(r"wrote both.state: the state of 3 rows of `small`, [\d,]+ bytes\n", capsys.readouterr().err)
    assert cli.run(["merge", "both.state", "--out", "made", "--rows", "20", "--format", "json"]) == cli.EQUAL
    assert json.loads(capsys.readouterr().out)["stages"][0]["rows"] == 3
    with pytest.raises(SkcError, match=r"SKC140(.|\n)*give a pipeline.yaml"):
        skc.fit_state("module:estimator", "monday.csv")


def test_what_follows_the_hints_is_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """States written again, with a higher --limit or with --no-profile, and each of them named once."""
    expected = skc.compile("pipeline.yaml", "*day.csv", verify=False).artifact.files
    rewritten("monday.state", field("version", "0.0.1"))
    skc.fit_state("pipeline.yaml", "monday.csv", "monday.state", force=True)
    assert skc.merge(["monday.state", "tuesday.state"], verify=False).artifact.files == expected
    monkeypatch.setattr(collecting, "MEGABYTE", 20)
    monkeypatch.setattr("skc.state.state.MEGABYTE", 20)
    low = skc.fit_state("pipeline.yaml", "monday.csv", "monday.state", limit=1, force=True)
    assert [d.message.partition(" cannot")[0] for d in low.cannot] == [
        "the counts of values of step `s/0:vocabulary`",
        "the profile of the inputs",
        "the minimum, maximum, mean and variance of step `x/1:standard_scale`",
        "the profile of the inputs",
    ]
    assert {d.hint for d in low.cannot} == {
        "write the states with a higher --limit than 1, or compile with all rows",
        "write the states with --no-profile, or with a higher --limit than 1",
    }
    with pytest.raises(SkcError, match="SKC698"):
        skc.merge(["monday.state", "tuesday.state"])
    skc.fit_state("pipeline.yaml", "monday.csv", "monday.state", limit=9, force=True)
    assert skc.merge(["monday.state", "tuesday.state"], verify=False).artifact.files == expected
    for day in ("monday", "tuesday"):
        skc.fit_state("pipeline.yaml", f"{day}.csv", f"{day}.state", limit=3, profile=False, force=True)
    without = skc.merge(["monday.state", "tuesday.state"], verify=False).artifact.files
    assert without["plan.json"] == expected["plan.json"]
    assert "profile.json" not in without


def test_rows_of_a_database() -> None:
    with pytest.raises(SkcError, match="SKC699"):
        skc.fit_state("pipeline.yaml", "postgresql://127.0.0.1:1/none::rides")
    pq.write_table(pa.table({"x": [1.0], "s": ["a"]}), "rides.parquet")
    assert skc.fit_state("pipeline.yaml", "rides.parquet").rows == 1
