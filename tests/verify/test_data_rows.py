"""The user's rows counted apart: what steps refuse, make null, do not know or clip; and what happens to all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet
import pytest

import skc
from skc import cli
from skc.diagnostics import SkcError
from skc.oracle import reference
from skc.results import Compiled
from skc.rows.base_row import base_row
from skc.verification.report import Report

HEAD = "skc: 1\nname: trips\ninputs: {at: string, x: float64, s: {type: string, nullable: true}}\nfeatures:\n"
ROWS = {
    "at": ["2019-03-23 20:21", "24/03/2019", "2019-03-25 08:00", "2019-03-26 09:30"],
    "x": [0.5, 7.0, -3.0, 0.25],
    "s": ["a", "b", None, "a"],
}
PARSE = "parse_datetime: {format: '%Y-%m-%d %H:%M', invalid: null}"
SEVERAL = f"""\
  at: {{from: at, apply: [{{{PARSE}}}, {{datetime_part: {{part: hour}}}}, {{impute: {{value: 0}}}}]}}
  x: {{from: x, apply: [{{clip: {{min: 0, max: 1}}}}]}}
  y: {{from: x, apply: [{{minmax_scale: {{clip: true}}}}]}}
  s: {{from: s, apply: [{{vocabulary: {{top_k: 1}}}}]}}
  r: {{expr: 'sqrt(inputs.x)', apply: [{{impute: {{value: 0}}}}]}}
"""


def write(folder: Path, features: str, rows: dict[str, Any]) -> tuple[Path, Path]:
    names = [line.split(":")[0].strip() for line in features.splitlines()]
    text = f"{HEAD}{features}outputs: {{out: {{features: [{', '.join(names)}], dtype: float64}}}}\n"
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    pa.parquet.write_table(pa.table(rows), folder / "rows.parquet")
    return folder / "pipeline.yaml", folder / "rows.parquet"


def compiled(folder: Path, features: str, rows: dict[str, Any]) -> Compiled:
    return skc.compile(*write(folder, features, rows), folder / "artifact", rows=200)


def report(done: Compiled) -> Report:
    assert done.report is not None
    assert done.report.is_equal, skc.render(done.report)
    return done.report


def test_what_steps_do_to_rows_is_counted_by_step_and_column(tmp_path: Path) -> None:
    found = report(compiled(tmp_path, SEVERAL, ROWS))
    assert found.data is not None
    assert (found.data.rows, found.data.refused) == (4, 0)
    met = [(m.kind, m.step, m.column, m.rows, m.first_row) for m in found.data.met]
    assert met == [
        ("null", "at/0:parse_datetime", "at", 1, 2),
        ("clipped", "x/0:clip", "x", 2, 2),
        ("unknown", "s/0:vocabulary", "s", 1, 2),
        ("null", "r/0:expr", "x", 1, 3),
    ]
    assert "  1 row made null by `at/0:parse_datetime`, column `at`; the first is row 2" in skc.render(found)
    assert "  1 row unknown to `s/0:vocabulary`, column `s`; the first is row 2" in skc.render(found)
    assert found.warnings == ()


def test_refused_rows_count_for_nothing_else(tmp_path: Path) -> None:
    """What a step makes of a refused row means nothing."""
    strict = "{parse_datetime: {format: '%Y-%m-%d %H:%M'}}"
    features = f"{SEVERAL}  t: {{from: inputs.at, apply: [{strict}, {{datetime_part: {{part: day}}}}]}}\n"
    found = report(compiled(tmp_path, features, ROWS))
    assert found.data is not None
    assert (found.data.rows, found.data.refused) == (4, 1)
    assert [(m.kind, m.column) for m in found.data.met] == [("clipped", "x"), ("null", "x")]
    assert [(r.step, r.rows, r.first_row) for r in found.refusals] == [("t/0:parse_datetime", 1, 2)]


def test_the_report_and_its_schema_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline, rows = write(tmp_path, SEVERAL, ROWS)
    out = tmp_path / "artifact"
    assert cli.run(["compile", str(pipeline), "--data", str(rows), "-o", str(out), "--rows", "100"]) == 0
    assert "of the 4 rows of your own that are served" in capsys.readouterr().err
    assert cli.run(["verify", str(out), "--data", str(rows), "--rows", "100", "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    schema = json.loads((Path(__file__).parents[2] / "schemas/report.v1.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(facts)
    assert facts["data"]["met"][1] == {"kind": "clipped", "step": "x/0:clip", "column": "x", "rows": 2, "first_row": 2}
    assert cli.run(["verify", str(out), "--rows", "100", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"] is None


ALWAYS = """\
warning[SKC511]: every value of column `at` is made null by step `at/0:parse_datetime`: 2 rows
  --> pipeline.yaml:5:27
   the first value is '1/2/2019'

hint: check the step for a format, a cast or a policy of `null` that does not fit the data

warning[SKC511]: every value of column `x` is clipped by step `x/0:clip`: 2 rows
  --> pipeline.yaml:6:25
   the first value is 5.0

hint: check the bounds of the step, and the unit of the data"""
NEVER_SERVED = """\
error[SKC512]: every one of your 2 rows is refused
   `at/0:parse_datetime`, column `at`: 2 rows (invalid-value); the first value is '1/2/2019'

hint: correct the step or the data, or choose a policy other than `error`"""
SLASHES = {"at": ["1/2/2019", "3/2/2019"], "x": [5.0, 6.0], "s": ["a", "b"]}


def test_what_happens_to_every_row_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    features = f"  at: {{from: at, apply: [{{{PARSE}}}, {{datetime_part: {{part: hour}}}}]}}\n"
    features += "  x: {from: x, apply: [{clip: {min: 0, max: 1}}]}\n  s: {from: s, apply: [ordinal]}\n"
    write(tmp_path, features, SLASHES)
    monkeypatch.chdir(tmp_path)
    done = skc.compile("pipeline.yaml", "rows.parquet", "artifact", rows=100)
    told = [w.text() for w in report(done).warnings]
    assert "\n\n".join(told[:2]) == ALWAYS
    assert [w.code for w in report(done).warnings] == ["SKC511", "SKC511", "SKC234", "SKC234"]
    assert set(report(done).warnings) <= set(done.warnings)
    assert done.path is not None
    assert cli.run(["verify", "artifact", "--data", "rows.parquet", "--rows", "100"]) == 0
    assert "is made null by step" in capsys.readouterr().out


def test_data_of_which_every_row_is_refused_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    features = (
        "  at: {from: inputs.at, apply: [{parse_datetime: {format: '%Y-%m-%d'}}, {datetime_part: {part: day}}]}\n"
    )
    features += "  x: {from: x}\n  s: {from: s, apply: [{hash_bucket: {buckets: 3}}]}\n"
    write(tmp_path, features, SLASHES)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SkcError) as error:
        skc.compile("pipeline.yaml", "rows.parquet", "artifact", rows=100)
    assert str(error.value) == NEVER_SERVED
    assert not Path("artifact").exists()
    assert cli.run(["compile", "pipeline.yaml", "--data", "rows.parquet", "-o", "artifact", "--no-verify"]) == 0
    capsys.readouterr()
    assert cli.run(["verify", "artifact", "--data", "rows.parquet", "--rows", "100"]) == 2
    assert NEVER_SERVED in capsys.readouterr().out


def test_constant_features_and_instants_of_january_1970(tmp_path: Path) -> None:
    features = (
        "  late: {expr: 'x > 1e6'}\n  n: {expr: 'floor(x)', apply: [{cast: {to: int64}}, {cast: {to: timestamp}}, "
    )
    features += "{datetime_part: {part: minute}}]}\n"
    rows = {"at": ["", ""], "x": [1.7e9, 1.8e9], "s": ["a", "a"]}
    found = report(compiled(tmp_path, features, rows))
    assert [(w.code, w.message) for w in found.warnings] == [
        (
            "SKC233",
            "every timestamp that step `n/2:cast` produces lies in January 1970: 1700000000 to 1800000000 microseconds",
        ),
        ("SKC234", "feature `late` is the same in every one of 2 rows, though its inputs are not"),
    ]


# Each text of the first step's boundaries, of which there are many, is refused by the second.
TWICE = """\
  a: {from: at, apply: [{parse_datetime: {format: iso8601, timezone: America/New_York}}, {datetime_part: {part: hour}}]}
  b: {from: at, apply: [{parse_datetime: {format: "%Y-%m-%d %H:%M"}}, {cast: {to: date}}, {datetime_part: {part: day}}]}
  x: {from: x, apply: [{bucketize: {edges: [1], closed: left}}]}
  s: {expr: "s == 'a'"}
"""
# No value of one input alone is right.
TOGETHER = """\
  sum: {expr: x - y * 3 - 77.25, apply: [{cast: {to: bool}}]}
  bin: {from: z, apply: [{bucketize: {edges: [1000], closed: left}}]}
"""


def test_a_text_that_two_steps_read_has_a_base_row(tmp_path: Path) -> None:
    """Of all the texts worth trying some are tried of every step."""
    pipeline, _ = write(tmp_path, TWICE, ROWS)
    done = skc.compile(pipeline, rows=200)
    assert not any("no row was found" in line for line in report(done).untried)
    cases = [json.loads(line) for line in done.artifact.files["golden.jsonl"].splitlines()[1:]]
    assert sum("outputs" in case for case in cases) > len(cases) / 4


def test_a_row_of_the_user_is_the_base_row_where_no_other_is_served(tmp_path: Path) -> None:
    rows = {"x": [83.25, 87.25], "y": [2.0, 3.0], "z": [0.5, 0.7]}
    path, data = write(tmp_path, TOGETHER, rows)
    columns = "at: string, x: float64, s: {type: string, nullable: true}"
    path.write_text(path.read_text().replace(columns, "x: float64, y: float64, z: float64"))
    without = report(skc.compile(path, rows=200))
    assert "no row was found that passes every policy of `error`" in without.untried[0]
    found = report(skc.compile(path, data, tmp_path / "artifact", rows=200))
    assert not any("no row was found" in line for line in found.untried)
    before, after = ({c.step: c.tried for c in r.coverage} for r in (without, found))
    assert before["bin/0:bucketize"] < after["bin/0:bucketize"] == 9


def test_whole_records_are_tried_as_the_base_row(tmp_path: Path) -> None:
    path, _ = write(tmp_path, TWICE, ROWS)
    pipeline = skc.compile(path, rows=1).artifact.pipeline
    nothing: dict[str, list[Any]] = {"at": [], "x": [], "s": []}
    served = {"at": "2019-03-23 20:21", "x": 0.5, "s": "a"}
    assert base_row(pipeline, nothing, reference.run)["at"] == "a"
    assert base_row(pipeline, nothing, reference.run, [{**served, "at": "x"}, served]) == served
