"""An input's own words for true and false in files of text, in place of those that all inputs have."""

from __future__ import annotations

from pathlib import Path

import pytest
from forged_artifacts import identity

import skc
from skc import plan
from skc.diagnostics import SkcError
from skc.frontend.yaml.reader import read_pipeline_text

TEXT = """skc: 1
name: p
data: {path: DATA, true_values: [yes], false_values: [no]}
inputs:
  a: {type: bool, nullable: true, null_values: ["?"], true_values: [ja, "1"], false_values: [nein]}
  b: bool
features: {c: {from: b}}
outputs: {x: {features: [c], dtype: bool}}
"""
CSV = "a,b\nja,yes\n1,no\nnein,true\ntrue,false\n?,no\n"
JSON = """{"a": "ja", "b": "yes"}
{"a": "1", "b": false}
{"a": "nein", "b": true}
{"a": true, "b": "no"}
{"a": "?", "b": "no"}
"""


def read(folder: Path, name: str, text: str) -> skc.Compiled:
    (folder / name).write_text(text)
    (folder / "pipeline.yaml").write_text(TEXT.replace("DATA", name))
    return skc.compile(folder / "pipeline.yaml", out=folder / "artifact", rows=20, force=True)


@pytest.mark.parametrize(("name", "text"), [("rows.csv", CSV), ("rows.jsonl", JSON)])
def test_they_are_read_in_fitting_and_after(name: str, text: str, tmp_path: Path) -> None:
    made = read(tmp_path, name, text)
    assert made.artifact.profile is not None
    (a, b) = made.artifact.profile.columns
    assert a.categories is not None
    assert (a.nulls, a.distinct, b.nulls, b.distinct) == (1, 2, 0, 2)
    assert skc.verify(tmp_path / "artifact", tmp_path / name, rows=20).is_equal
    facts = skc.transform(tmp_path / "artifact", tmp_path / name, tmp_path / "x.csv", keep=("a", "b"))
    assert facts["rows"] == 5
    lines = (tmp_path / "x.csv").read_text().splitlines()[1:]
    assert [line.split(",")[1:] for line in lines] == [
        ["true", "true"],
        ["true", "false"],
        ["false", "true"],
        ["true", "false"],
        ["", "false"],
    ]


@pytest.mark.parametrize("word", ["yes", "no"])
def test_those_of_all_inputs_do_not_apply_to_it(word: str, tmp_path: Path) -> None:
    with pytest.raises(SkcError) as caught:
        read(tmp_path, "rows.csv", CSV + f"{word},no\n")
    assert caught.value.code == "SKC206"
    assert f"`{word}` in column `a` is not a bool" in str(caught.value)


def test_its_own_do_not_apply_to_others(tmp_path: Path) -> None:
    with pytest.raises(SkcError, match="`ja` in column `b` is not a bool"):
        read(tmp_path, "rows.csv", CSV + "ja,ja\n")


def test_a_plan_keeps_them(tmp_path: Path) -> None:
    made = read(tmp_path, "rows.csv", CSV).artifact.pipeline
    assert plan.loads(plan.dumps(made)).inputs == made.inputs
    assert made.inputs[0].true_values == ("ja", "1")
    other = identity([{"name": "n", "type": "int64", "nullable": False, "nan": "null"}])
    text = plan.encode(other).replace(b'"null_values":[]', b'"null_values":[],"true_values":["1"]')
    with pytest.raises(SkcError, match="words for true and false, but is int64"):
        plan.loads(text)


WRONG = [
    ("{type: int64, true_values: ['1']}", "SKC115", "does not apply: int64 is not bool"),
    ("{type: bool, true_values: []}", "SKC107", "must not be empty"),
    ("{type: bool, true_values: [1]}", "SKC107", "must be text"),
    ("{type: bool, true_values: [ja, ja]}", "SKC105", "listed twice"),
    ("{type: bool, true_values: [ja], false_values: [ja]}", "SKC105", "two meanings"),
    ("{type: bool, nullable: true, null_values: [ja], true_values: [ja]}", "SKC105", "two meanings"),
]


@pytest.mark.parametrize(("declared", "code", "words"), WRONG)
def test_what_contradicts_itself_is_refused(declared: str, code: str, words: str) -> None:
    with pytest.raises(SkcError) as caught:
        read_pipeline_text(
            f"skc: 1\nname: p\ninputs:\n  a: {declared}\noutputs: {{x: {{features: [a], dtype: int64}}}}", "p"
        )
    assert caught.value.code == code
    assert words in str(caught.value)
    assert caught.value.diagnostics[0].hint
