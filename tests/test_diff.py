"""`skc diff`: two artifacts of one pipeline, on other data, with other parameters, with another contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import skc
from skc import api, cli
from skc.diagnostics import SkcError
from skc_runtime import chunks

PIPELINE = """
skc: 1
name: shop
inputs:
  price: {type: float64, nullable: true}
  city: {type: string, nullable: true}
  kind: string
features:
  price: {from: price, apply: [{impute: {strategy: median}}, standard_scale]}
  bins: {from: inputs.price, apply: [{impute: {value: 0}}, {quantile_bin: {bins: 4}}]}
  city: {from: city, apply: [{vocabulary: {}}]}
  kind: {from: kind, apply: [{one_hot: {unknown: zeros}}]}
outputs:
  x: {features: [price, kind], dtype: float64}
  ids: {features: [city, bins], dtype: int64}
"""
CITIES = ["Oslo", "Rome", "Oslo", "Bonn", "Rome", "Oslo"]


NUMBERS = """
skc: 1
name: numbers
inputs:
  price: float64
{inputs}features:
  numbers: {{from: price, apply: [{{impute: {{value: 0}}}}{steps}]}}
{features}outputs:
  x: {{features: [numbers], dtype: float64}}
{outputs}"""


def rows(cities: list[str | None], prices: list[float], kinds: str) -> str:
    lines = [{"price": p, "city": c, "kind": k} for p, c, k in zip(prices, cities, kinds, strict=True)]
    return "".join(json.dumps(line) + "\n" for line in lines)


def compiled(folder: Path, text: str, pipeline: str = PIPELINE) -> Path:
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(pipeline)
    (folder / "rows.jsonl").write_text(text)
    skc.compile(folder / "pipeline.yaml", str(folder / "rows.jsonl"), folder / "artifact", verify=False)
    return folder / "artifact"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diff")
    return compiled(folder / "old", rows(CITIES, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "ababab"))


def kinds(report: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for change in report.changes:
        found.setdefault(change.kind, set()).add(change.where)
    return found


def test_the_same(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert api.diff(old, old, str(old.parent / "rows.jsonl")).is_same
    assert cli.run(["diff", str(old), str(old), "--fail-on", "any"]) == 0
    assert capsys.readouterr().out.startswith("no change")


def test_other_data(old: Path, tmp_path: Path) -> None:
    """Rome overtakes Oslo, Bonn is gone and Kyiv new; prices move; a kind is new and so is its column."""
    cities = ["Rome", "Rome", "Oslo", "Kyiv", "Rome", "Oslo"]
    new = compiled(tmp_path / "new", rows(cities, [1.0, 2.0, 3.0, 4.0, 5.0, 9.0], "abcbab"))
    report = api.diff(old, new, str(old.parent / "rows.jsonl"))
    assert kinds(report) == {
        "outputs": {"x"},
        "added-ids": {"city/0:vocabulary", "kind/0:one_hot"},
        "removed-ids": {"city/0:vocabulary"},
        "moved-ids": {"city/0:vocabulary"},
        "statistics": {"price/1:standard_scale"},  # the quartiles stay where they are
    }
    moved = next(c for c in report.changes if c.kind == "moved-ids")
    assert (moved.old, moved.new, moved.number) == ({'"Oslo"': 2, '"Rome"': 3}, {'"Oslo"': 3, '"Rome"': 2}, 2)
    mean = next(c for c in report.changes if c.where == "price/1:standard_scale" and c.what == "`mean`")
    assert (mean.old, mean.new) == (3.5, 4.0)
    assert mean.shift == pytest.approx(0.5 / 3.5)
    assert report.rows is not None
    assert (report.rows.rows, report.rows.changed) == (6, 6)
    per_column = {(c.output, c.column): c.changed for c in report.rows.columns}
    assert per_column["ids", "city"] == 6
    assert per_column["x", "price"] == 6
    assert per_column["x", "kind_a"] == 0
    assert "6 of 6 rows change (100.00%)" in skc.render(report)


def test_edges_and_infrequent_categories_are_compared_as_well(old: Path, tmp_path: Path) -> None:
    """A column that was constant had no edge at all; the infrequent categories are known, and share one column."""
    pipeline = PIPELINE.replace("one_hot: {unknown: zeros}", "one_hot: {min_frequency: 3}")
    few = compiled(tmp_path / "few", rows(CITIES, [2.0] * 6, "aaaaab"), pipeline)
    other = compiled(tmp_path / "other", rows(CITIES, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "aaaaac"), pipeline)
    found = {(c.kind, c.where) for c in api.diff(few, other).changes}
    assert {
        ("statistics", "bins/1:quantile_bin"),
        ("added-ids", "kind/0:one_hot"),
        ("removed-ids", "kind/0:one_hot"),
    } <= found


def test_null_against_a_value_is_a_change(tmp_path: Path, old: Path) -> None:
    new = compiled(
        tmp_path / "new", (old.parent / "rows.jsonl").read_text(), PIPELINE.replace("{value: 0}", "{value: 9}")
    )
    data = tmp_path / "rows.jsonl"
    data.write_text('{"price": null, "city": null, "kind": "a"}\n{"price": 1.0, "city": "Oslo", "kind": "z"}\n')
    report = api.diff(old, new, str(data))
    assert kinds(report) == {"params": {"bins/0:impute"}, "statistics": {"bins/0:impute"}}
    assert report.rows is not None
    assert {(c.output, c.column) for c in report.rows.columns if c.changed} == {("ids", "bins")}
    assert report.rows.changed == 1


def test_another_contract(old: Path, tmp_path: Path) -> None:
    pipeline = PIPELINE.replace("kind: string", "kind: {type: string, nullable: true}\n  size: int64")
    pipeline = pipeline.replace("x: {features: [price, kind]", "x: {features: [kind, size, price]").replace(
        "  ids: {features: [city, bins], dtype: int64}\n", "  ids: {features: [city], dtype: string}\n"
    )
    pipeline = pipeline.replace("[{vocabulary: {}}]", "[{impute: {value: none}}]")
    pipeline = pipeline.replace(
        "  bins: {from: inputs.price, apply: [{impute: {value: 0}}, {quantile_bin: {bins: 4}}]}\n", ""
    )
    text = "".join(
        json.dumps({**json.loads(line), "size": i}) + "\n"
        for i, line in enumerate((old.parent / "rows.jsonl").read_text().splitlines())
    )
    new = compiled(tmp_path / "new", text, pipeline)
    report = api.diff(old, new)
    found = {(c.kind, c.where, c.what) for c in report.changes}
    assert {
        ("inputs", "size", "added"),
        ("inputs", "kind", "declared differently"),
        ("outputs", "ids", "another dtype"),
        ("outputs", "ids", "1 column removed"),
        ("outputs", "x", "3 columns in another position"),
        ("steps", "city/0:vocabulary", "removed"),
        ("steps", "city/0:impute", "added"),
        ("steps", "bins/1:quantile_bin", "removed"),
    } <= found


def test_refusals_count_as_changes(old: Path, tmp_path: Path) -> None:
    pipeline = PIPELINE.replace("unknown: zeros", "unknown: error")
    new = compiled(tmp_path / "new", (old.parent / "rows.jsonl").read_text(), pipeline)
    data = tmp_path / "rows.jsonl"
    data.write_text(rows(["Oslo"] * 4, [1.0] * 4, "abzz"))
    report = api.diff(old, new, str(data))
    assert report.rows is not None
    assert (report.rows.changed, report.rows.newly_refused, report.rows.newly_served) == (2, 2, 0)
    back = api.diff(new, old, str(data)).rows
    assert back is not None
    assert (back.changed, back.newly_refused, back.newly_served) == (2, 0, 2)


def test_rows_are_compared_with_themselves_behind_a_long_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Artifacts that read other texts of the same rows get them in other batches."""
    cities = [None, "x" * 100, *["Oslo", "Rome", "Bonn"] * 20]
    prices = [float(k) for k in range(len(cities))]
    lines = rows(cities, prices, "a" * len(cities))
    monkeypatch.setattr(chunks, "LENGTHS", 200)
    without = NUMBERS.format(inputs="", steps="", features="", outputs="")
    both = NUMBERS.format(
        inputs="  city: {type: string, nullable: true}\n",
        steps=", {clip: {max: 50}}",
        features="  city: {from: city, apply: [vocabulary]}\n",
        outputs="  ids: {features: [city], dtype: int64}\n",
    )
    old, new = compiled(tmp_path / "old", lines, without), compiled(tmp_path / "new", lines, both)
    for pair in ((old, new), (new, old)):
        found = api.diff(*pair, str(old.parent / "rows.jsonl")).rows
        assert found is not None
        assert (found.rows, found.changed) == (len(cities), len(cities) - 51)


@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        ("moved-ids", 1, "city/0:vocabulary"),
        ("removed-ids", 1, "1 category removed"),
        ("added-ids,params", 1, "added-ids"),
        ("inputs", 0, ""),
        ("rows>0.5", 1, "6 of 6 rows change"),
        ("rows>1", 0, ""),
        ("statistics>0.1", 1, "moved by 0.143 of itself"),
        ("statistics>10", 0, ""),
        ("any", 1, "any:"),
    ],
)
def test_rules(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], rule: str, code: int, said: str) -> None:
    cities = ["Rome", "Rome", "Oslo", "Kyiv", "Rome", "Oslo"]
    new = compiled(tmp_path / "new", rows(cities, [1.0, 2.0, 3.0, 4.0, 5.0, 9.0], "ababab"))
    data = str(old.parent / "rows.jsonl")
    assert cli.run(["diff", str(old), str(new), "--data", data, "--fail-on", rule, "--format", "json"]) == code
    told = capsys.readouterr()
    facts = json.loads(told.out)
    assert facts["same"] is False
    assert bool(facts["broken"]) == bool(code)
    assert said in told.err


def test_python_learns_of_broken_rules_as_well(old: Path, tmp_path: Path) -> None:
    new = compiled(tmp_path / "new", rows(CITIES, [1.0, 2.0, 3.0, 4.0, 5.0, 9.0], "ababab"))
    report = skc.diff(old, new, str(old.parent / "rows.jsonl"), fail_on=["moved-ids", "rows>0.5"])
    assert report.broken == ("rows>0.5: 6 of 6 rows change (100.00%)",)
    assert skc.diff(old, new).broken == ()


@pytest.mark.parametrize("rule", ["moved_ids", "rows", "rows>", "rows>x", "rows>1.2.3", "rows>0.1", ""])
def test_what_is_no_rule_is_refused_before_anything_is_read(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SkcError) as error:
        skc.diff("nowhere", "nowhere", fail_on=[rule])
    assert error.value.code == "SKC140"
    assert error.value.diagnostics[0].hint
    assert cli.run(["diff", "nowhere", "nowhere", "--fail-on", f"any,{rule}"]) == cli.USER
    assert str(error.value) in capsys.readouterr().err


def refused(word: str) -> float:
    raise AssertionError(f"{word} is not JSON")


def test_an_infinite_shift_is_written_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has no infinity, and Python writes one all the same. No parameter can be infinite, but a quotient can."""
    few, many = (
        compiled(tmp_path / value, rows(CITIES, [1.0] * 6, "ababab"), PIPELINE.replace("value: 0", f"value: {value}"))
        for value in ("1.0e-300", "1.0e+300")
    )
    assert cli.run(["diff", str(few), str(many), "--format", "json"]) == cli.EQUAL
    changes = json.loads(capsys.readouterr().out, parse_constant=refused)["changes"]
    told = [(c["old"], c["new"], c["shift"]) for c in changes if c["kind"] == "statistics"]
    assert told == [(1e-300, 1e300, "Infinity")]
    assert json.dumps(api.diff(few, many).to_json(), allow_nan=False)


def test_every_document_that_a_command_prints_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    from skc.cli.printing import show_json

    show_json({"a": [float("inf"), {"b": (float("nan"), -0.0, 1.5, 2**60, True, None, "c")}]})
    told = json.loads(capsys.readouterr().out, parse_constant=refused)
    assert told == {"a": ["Infinity", {"b": ["NaN", "-0.0", 1.5, 2**60, True, None, "c"]}]}
