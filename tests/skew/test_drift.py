"""`skc drift` and `skc profile`: thresholds, windows, groups, predictions, formats, exit codes, the same bytes."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from sharing import Share
from skewed_rides import PLANTED, week

import skc
from skc import cli
from skc.diagnostics import SkcError
from skc.ir import DriftScales, Scale
from skc.profile.document import by_name, dumps, loads
from skc.profile.scales import DEFAULTS, OF_PREDICTIONS
from skc.skew.report import DriftReport

PIPELINE = """\
skc: 1
name: small
inputs:
  x: {type: float64, nullable: true}
  k: {type: string, nullable: true, null_values: [""]}
  n: {type: int64, nullable: true}
  at: {type: timestamp, nullable: true}
features:
  t: {from: at, apply: [{datetime_part: {part: hour, timezone: UTC}}]}
outputs:
  out: {features: [x], dtype: float64}
  hour: {features: [t], dtype: int64}
DRIFT"""
DAY = 86_400_000_000
SCHEMAS = Path(__file__).parents[2] / "schemas"


def rows(n: int, seed: int, shift: float = 0.0, new: float = 0.0, start: int = 0) -> pa.Table:
    """Four columns: a normal one with 5 % nulls, categories with 2 % nulls, whole numbers, and a row a minute."""
    source = np.random.default_rng(seed)
    kinds = source.choice(["a", "b", "c", "new"], n, p=[0.5 - new, 0.3, 0.2, new])
    return pa.table(
        {
            "x": pa.array(source.normal(shift, 1, n), mask=source.random(n) < 0.05),
            "k": pa.array(kinds, mask=source.random(n) < 0.02),
            "n": pa.array(source.integers(0, 4, n)),
            "at": pa.array(start + np.arange(n) * 60_000_000, pa.timestamp("us", "UTC")),
        }
    )


def make(folder: Path) -> None:
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE.replace("DRIFT", ""))
    skc.compile(folder / "pipeline.yaml", rows(2000, 1), folder / "artifact", rows=0, verify=False)


@pytest.fixture
def here(share: Share, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = share("small-drift", make)
    monkeypatch.chdir(folder)
    return folder


def levels(report: DriftReport) -> dict[str, str]:
    """Of the columns that requests have."""
    return {column.name: column.verdict for column in report.columns if not column.is_computed}


def test_instants_move_with_the_calendar_and_only_their_nulls_are_compared(here: Path) -> None:
    report = skc.drift(rows(1000, 2, start=20_000 * DAY), here / "artifact")
    assert levels(report) == {"x": "ok", "k": "ok", "n": "ok", "at": "ok"}
    (at,) = [column for column in report.columns if column.name == "at"]
    assert at.compared is not None
    assert [effect.measure for effect in at.compared.effects] == ["nulls"]


def test_the_moments_of_serving_are_those_of_numpy(here: Path) -> None:
    served = rows(1000, 3, shift=0.8)
    report = skc.drift(served, here / "artifact")
    compared = {column.name: column.compared for column in report.columns}["x"]
    assert compared is not None
    values = np.array(served["x"].drop_null())
    frozen = by_name(loads((here / "artifact" / "profile.json").read_bytes()))["x"].numbers
    assert frozen is not None
    assert compared.statistics.mean_serving == pytest.approx(values.mean(), rel=1e-13)
    assert compared.statistics.deviation_serving == pytest.approx(values.std(), rel=1e-13)
    assert compared.statistics.mean_shift == pytest.approx((values.mean() - frozen.mean) / frozen.deviation, rel=1e-13)


def test_thresholds_of_the_pipeline_are_frozen_and_those_of_a_file_go_first(here: Path) -> None:
    served = rows(1000, 4, shift=0.8, new=0.03)
    assert levels(skc.drift(served, here / "artifact")) == {"x": "severe", "k": "moderate", "n": "ok", "at": "ok"}
    drift = """\
drift:
  measures: {unseen: {minor: 0.01, moderate: 0.5, severe: 0.6}, psi: false, jsd: false}
  columns: {x: false, n: {nulls: {minor: 0.5, moderate: 0.6, severe: 0.7}}}
"""
    (here / "pipeline.yaml").write_text(PIPELINE.replace("DRIFT", drift))
    skc.compile(here / "pipeline.yaml", rows(2000, 1), here / "other", rows=0, verify=False)
    assert levels(skc.drift(served, here / "other")) == {"x": "not watched", "k": "minor", "n": "ok", "at": "ok"}
    (here / "thresholds.yaml").write_text("columns: {x: {ks: {minor: 0.01}}, k: false}\n")
    found = skc.drift(served, here / "other", thresholds=here / "thresholds.yaml")
    assert levels(found) == {"x": "minor", "k": "not watched", "n": "ok", "at": "ok"}
    (here / "thresholds.json").write_text('{"measures": {"unseen": false, "linf": false}}')
    found = skc.drift(served, here / "other", thresholds=here / "thresholds.json")
    assert levels(found)["k"] == "ok"


def test_windows_and_groups_are_found_by_themselves(here: Path) -> None:
    served = pa.concat_tables([rows(1440, 5), rows(1440, 6, shift=1.0, start=DAY), rows(1440, 7, start=2 * DAY)])
    report = skc.drift(served, here / "artifact", window="1d", by="at")
    assert [(part.label, part.rows, part.verdict) for part in report.parts] == [
        ("1970-01-01", 1440, "ok"),
        ("1970-01-02", 1440, "severe"),
        ("1970-01-03", 1440, "ok"),
    ]
    grouped = served.append_column("country", pa.array(["de"] * 1440 + ["fr"] * 1440 + [None] * 1440))
    report = skc.drift(grouped, here / "artifact", group="country")
    found = {part.label: part.found for part in report.parts}
    assert found == {'"de"': (), '"fr"': ("x",), "null": ()}
    both = skc.drift(grouped, here / "artifact", window="1d", by="at", group="country")
    assert [part.label for part in both.parts] == ['1970-01-01, "de"', '1970-01-02, "fr"', "1970-01-03, null"]
    assert both.parts[1].found == ("x",)


def test_predictions_are_compared_with_those_of_validation(here: Path) -> None:
    source = np.random.default_rng(9)
    validation = pa.table({"score": source.beta(2, 5, 3000)})
    pyarrow.csv.write_csv(validation, here / "validation.csv")
    skc.write_profile(here / "validation.csv", here / "scores.json")
    frozen = loads((here / "scores.json").read_bytes())
    assert (frozen.of, frozen.rows, frozen.columns[0].dtype) == ("table", 3000, "float64")
    same = rows(1000, 10).append_column("score", pa.array(source.beta(2, 5, 1000)))
    other = rows(1000, 10).append_column("score", pa.array(source.beta(3, 4, 1000)))
    for reference in (here / "scores.json", here / "validation.csv", validation):
        assert not skc.drift(same, here / "artifact", prediction="score", reference=reference).is_drifted
        report = skc.drift(other, here / "artifact", prediction="score", reference=reference)
        (found,) = report.found
        assert (found.name, found.role, found.verdict) == ("score", "prediction", "severe")
    assert OF_PREDICTIONS["psi"].minor == 0.2 > DEFAULTS["psi"].minor  # type: ignore[operator]  # both are set
    alone = skc.drift(other.select(["score"]), here / "scores.json")
    assert levels(alone) == {"score": "severe"}


def test_a_profile_of_a_table_is_a_reference(here: Path) -> None:
    """With the inputs of an artifact or a pipeline, or the types that a typed file has."""
    pq.write_table(rows(1500, 11), here / "season.parquet")
    for name, types in (("a.json", here / "artifact"), ("b.json", here / "pipeline.yaml"), ("c.json", None)):
        skc.write_profile(here / "season.parquet", here / name, types)
    assert (here / "a.json").read_bytes() == (here / "b.json").read_bytes() == (here / "c.json").read_bytes()
    report = skc.drift(rows(1000, 12, shift=1.0), here / "a.json")
    assert (report.plan, report.reference, [c.name for c in report.found]) == ("", "table", ["x"])


EDGES: dict[str, pa.Table] = {
    "one row": rows(1, 13),
    "no row": rows(1, 13).slice(0, 0),
    "all null": pa.table(
        {name: pa.nulls(500, kind) for name, kind in zip("xkn", (pa.float64(), pa.string(), pa.int64()), strict=True)}
    ),
    "infinite": rows(500, 14).set_column(0, "x", pa.array([math.inf, -math.inf] * 250)),
    "constant": rows(500, 15).set_column(0, "x", pa.array([0.0] * 500)),
    "unseen only": rows(500, 16).set_column(1, "k", pa.array(["z"] * 500)),
}
EDGE_LEVELS = {
    "one row": {"x": "too few rows", "k": "too few rows", "n": "too few rows", "at": "too few rows"},
    "no row": {"x": "too few rows", "k": "too few rows", "n": "too few rows", "at": "too few rows"},
    "all null": {"x": "severe", "k": "severe", "n": "severe", "at": "severe"},
    "infinite": {"x": "severe", "k": "ok", "n": "ok", "at": "ok"},
    "constant": {"x": "severe", "k": "ok", "n": "ok", "at": "ok"},
    "unseen only": {"x": "ok", "k": "severe", "n": "ok", "at": "ok"},
}


@pytest.mark.parametrize("name", EDGES)
def test_tables_at_the_edge_have_an_answer(name: str, here: Path) -> None:
    report = skc.drift(EDGES[name], here / "artifact")
    assert levels(report) == EDGE_LEVELS[name]
    for written in ("text", "json", "junit", "github", "html"):
        assert skc.render(report, written)  # type: ignore[arg-type]  # each is a format


@pytest.mark.parametrize("name", EDGES)
def test_a_reference_at_the_edge_has_an_answer(name: str, here: Path) -> None:
    skc.write_profile(EDGES[name], here / "edge.json")
    report = skc.drift(rows(500, 17), here / "edge.json")
    found = {column.name for column in report.found}
    assert found <= {"x", "k", "n", "at"}
    assert report.is_too_few == (name in ("one row", "no row"))


def test_the_report_is_the_same_for_any_order_threads_and_files(here: Path) -> None:
    served = PLANTED["miles for kilometres"][0](PLANTED["another case"][0](week()))
    skc.write_profile(week(), here / "week.json")
    order = np.random.default_rng(1).permutation(len(served))
    pq.write_table(served, here / "whole.parquet")
    (here / "parts").mkdir()
    shuffled = served.take(pa.array(order))
    for k in range(3):
        pq.write_table(shuffled.slice(k * 500, 500), here / "parts" / f"{k}.parquet", row_group_size=100)
    texts = set()
    for data, threads in (("whole.parquet", 1), ("whole.parquet", 4), ("parts", 2)):
        options: dict[str, Any] = {"window": "1d", "by": "pickup", "group": "zone", "threads": threads}
        report = skc.drift(here / data, here / "week.json", **options)
        assert report.found
        texts.add("\0".join(skc.render(report, written) for written in ("text", "json", "html", "junit", "github")))  # type: ignore[arg-type]
    assert len(texts) == 1


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.run(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_command_and_its_exit_codes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(rows(1000, 18), here / "clean.parquet")
    pq.write_table(rows(1000, 19, new=0.01), here / "minor.parquet")
    pq.write_table(rows(1000, 20, shift=1.0), here / "severe.parquet")
    pq.write_table(rows(40, 21), here / "few.parquet")
    for data, options, code in (
        ("clean", (), 0),
        ("minor", (), 1),
        ("minor", ("--fail-on", "severe"), 0),
        ("minor", ("--fail-on", "moderate"), 0),
        ("minor", ("--fail-on", "minor"), 1),
        ("severe", ("--fail-on", "severe"), 1),
        ("severe", ("--fail-on", "columns>0.25"), 0),
        ("severe", ("--fail-on", "columns>0.2"), 1),
        ("severe", ("--fail-on", "columns>0.9,severe"), 1),
        ("few", (), 0),
        ("few", ("--strict",), 2),
        ("clean", ("--strict",), 0),
        ("clean", ("--fail-on", "sever"), 2),
        ("clean", ("--window", "1d"), 2),
        ("clean", ("--prediction", "x"), 2),
        ("clean", ("--prediction", "x", "--reference", "clean.parquet"), 2),
        ("clean", ("--window", "1d", "--by", "k"), 2),
        ("clean", ("--group", "x"), 2),
        ("clean", ("--thresholds", "nowhere.yaml"), 2),
    ):
        exit_code, out, err = run(capsys, "drift", f"{data}.parquet", "artifact", *options)
        assert exit_code == code, (data, options, out, err)
        assert bool(out) == (code != 2), (data, options)
    _, out, err = run(capsys, "drift", "severe.parquet", "artifact", "--fail-on", "columns>0.2")
    assert "refused by --fail-on columns>0.2: 1 of 4 columns (25%)" in err
    assert out.rstrip().endswith("drift (severe) in 1 of 6 columns (`x`): 1,000 rows compared with 2,000 of `small`")


def test_junit_fails_what_the_exit_code_fails(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(rows(1000, 19, new=0.01), here / "minor.parquet")
    for rules, failures in ((), 1), (("--fail-on", "severe"), 0), (("--fail-on", "columns>0.1"), 1):
        code, out, _ = run(capsys, "drift", "minor.parquet", "artifact", "--format", "junit", *rules)
        suite = ET.fromstring(out)
        failed = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
        assert (int(str(suite.get("failures"))), len(failed), code) == (failures, failures, failures)
    code, out, _ = run(capsys, "drift", "nowhere.parquet", "artifact", "--format", "junit")
    assert code == 2
    assert 'name="skc drift"' in out
    assert "there is no file" in out


def test_the_command_profile(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(rows(300, 22), here / "some.parquet")
    code, out, err = run(capsys, "profile", "some.parquet", "artifact", "-o", "some.json", "--minimum", "50")
    assert (code, out, err) == (0, "", "wrote some.json: 4 columns of 300 rows\n")
    assert run(capsys, "profile", "some.parquet", "-o", "some.json")[0] == 2, "it exists"
    assert run(capsys, "profile", "some.parquet", "-o", "some.json", "--force")[0] == 0
    code, out, _ = run(capsys, "drift", "some.parquet", "some.json", "--format", "json")
    assert (code, json.loads(out)["verdict"]) == (0, "ok")


def test_the_thresholds_survive_the_profile_and_damage_is_refused(here: Path) -> None:
    drift = "drift: {measures: {psi: false}, columns: {x: {nulls: {severe: 0.5}}, k: false}}\n"
    (here / "pipeline.yaml").write_text(PIPELINE.replace("DRIFT", drift))
    skc.compile(here / "pipeline.yaml", rows(200, 1), here / "strict", rows=0, verify=False)
    data = (here / "strict" / "profile.json").read_bytes()
    profile = loads(data)
    assert dumps(profile) == data
    assert profile.drift == DriftScales(
        (("psi", Scale(None, None, None)),), (("x", (("nulls", Scale(0.01, 0.05, 0.5)),)), ("k", None))
    )
    schema = json.loads((SCHEMAS / "profile.v1.schema.json").read_bytes())
    check = jsonschema.Draft202012Validator(schema)
    check.validate(json.loads(data))
    for old, new in (
        (b'["psi",null,null,null]', b'["psy",null,null,null]'),
        (b'["psi",null,null,null]', b'["psi",null,null]'),
        (b'["psi",null,null,null]', b'["psi",null,null,"1"]'),
        (b'{"name":"k"}', b'{"name":"k","watched":true}'),
    ):
        assert old in data
        damaged = data.replace(old, new)
        assert not check.is_valid(json.loads(damaged))
        with pytest.raises(SkcError) as error:
            loads(damaged)
        assert error.value.code == "SKC401"
