"""Hints of the pipeline reader, followed: the fixture is edited as its hint says, and that error is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from skc.diagnostics import Diagnostic, SkcError
from skc.frontend.pipeline_yaml import read

ERRORS = Path(__file__).parent / "errors"
# fixture, hint, what is taken out, what is put in
FIXES: list[tuple[str, str, str, str]] = [
    (
        "SKC101-colon-in-value",
        "put a value that contains `: ` in quotes, and check the indentation",
        "people: all",
        "'a'",
    ),
    ("SKC101-empty", "a pipeline begins with `skc: 1`", "# only a comment", "skc: 1"),
    ("SKC101-tab", "indent with spaces, never with tabs", "\tcity", "  city"),
    ("SKC101-unclosed", "close what was opened, and check the indentation", "[ages,", "[ages],"),
    ("SKC102-directive", "remove the line", "%YAML 1.1\n---\n", ""),
    ("SKC102-float-beyond-float64", "write .inf if you mean infinity", "1e999", ".inf"),
    (
        "SKC102-integer-beyond-64-bits",
        "write a float, such as 1e30, or put it in quotes to mean text",
        "9223372036854775808",
        '"9223372036854775808"',
    ),
    ("SKC102-key-is-a-number", "put the key in quotes", "2024:", '"2024": {from: city}\n  ages:'),
    ("SKC102-merge-key", "write the keys out", "<<: {from: age}", "from: age"),
    ("SKC102-octal", "write a plain decimal number, or put it in quotes to mean text", "007", "7"),
    ("SKC102-underscores", "write a plain decimal number, or put it in quotes to mean text", "1_000", "1000"),
    ("SKC102-nul", "no runtime could be sent such a text; remove it", r'"a\0b"', '"a"'),
    ("SKC102-tag", "remove the tag; quotes make a value text", "!!python/object:os.system people", "people"),
    ("SKC103-feature", "write one of these keys, or remove it", ", op: one_hot", ", apply: [one_hot]"),
    ("SKC103-input", "did you mean `nullable`?", "nulable", "nullable"),
    ("SKC103-parameter", "did you mean `with_mean`?", "with_meen", "with_mean"),
    ("SKC104-input", "did you mean `age`?", "agee", "age"),
    (
        "SKC104-text-without-quotes",
        "declare the column under `inputs:`, or write 'male' in quotes if it is a text",
        "== male",
        "== 'male'",
    ),
    ("SKC105-name-in-list", "remove one of them", "[age, age]", "[age]"),
    ("SKC105-null-value", "remove one of them", "[NA, NA]", "[NA]"),
    ("SKC106-format", "add `skc: 1`", "name: people", "skc: 1\nname: people"),
    ("SKC106-from-and-expr", "give one of the two", "    expr: age + 1\n", ""),
    ("SKC106-output-dtype", "add `dtype: float32`", "{features: [ages]}", "{features: [ages], dtype: float32}"),
    ("SKC106-parameter", "add `bins:`", "[quantile_bin]", "[{quantile_bin: {bins: 4}}]"),
    ("SKC106-selector", "add `type:` or `match:`", "{exclude: age}", "{exclude: city, type: float64}"),
    ("SKC107-empty-list", "write a list of names, such as [a, b]", "features: []", "features: [ages]"),
    (
        "SKC107-nothing-written",
        'write `name`, `[name, name]`, `{type: float64}` or `{match: "n_*"}`',
        "    from:\n",
        "    from: {type: float64}\n",
    ),
    ("SKC107-op-without-list", "write [standard_scale]", "apply: standard_scale", "apply: [standard_scale]"),
    ("SKC107-parameters", "write {quantile_bin: {bins: 10}}", "{quantile_bin: 10}", "{quantile_bin: {bins: 10}}"),
    (
        "SKC107-two-ops-in-one",
        "each op is an entry of its own; its parameters are indented below it, or in braces",
        "[{standard_scale: {}, cyclical: {period: 24}}]",
        "[standard_scale, {cyclical: {period: 24}}]",
    ),
    ("SKC107-version-is-text", "write `skc: 1`", 'skc: "1"', "skc: 1"),
    ("SKC109-pipeline", "choose another name", "name: my people", "name: my_people"),
    (
        "SKC111-expression",
        "write `expr:` in place of `from:`",
        "from: age\n    apply: [{expr: age + 1}]",
        "expr: age + 1",
    ),
    ("SKC115-nan-is-null", "NaN is null already; remove it", "[.nan, 9007199254740993]", "[0.0]"),
    ("SKC115-nan-of-int", "remove it", ", nan: error", ""),
    ("SKC115-not-nullable", "add `nullable: true`", "null_values: [NA]", "nullable: true, null_values: [NA]"),
    (
        "SKC120-integer",
        "put `{cast: {to: float64}}` before this step, or declare the input float64",
        "[standard_scale]",
        "[{cast: {to: float64}}, standard_scale]",
    ),
    (
        "SKC120-type",
        "declare the input float64: the text of a CSV file is then read as a number, and requests send numbers",
        "city: string",
        "city: float64",
    ),
    (
        "SKC121-decision-on-a-log",
        "put `quantile_bin` before the step that is not exact, or leave one of the two out",
        "expr: log(age)",
        "from: age",
    ),
    ("SKC123-categories", "remove one", "[a, a]", "[a]"),
    ("SKC124-vocabulary", "remove one of the two", ", oov_buckets: 3", ""),
    ("SKC125-time-zone", "did you mean `Europe/Berlin`?", "Europe/Berlln", "Europe/Berlin"),
    (
        "SKC131-attribute",
        "if it is a column, make a feature of it, `age_real: {from: age.real}`, and write `age_real` here",
        "  ages:\n    expr: age.real",
        "  age_real: {from: age.real}\n  ages:\n    expr: age_real",
    ),
    ("SKC133-arguments", "write 1 argument", "abs(age, 1)", "abs(age)"),
    (
        "SKC137-several-columns-in-an-expression",
        "name the columns one by one",
        "expr: both + 1",
        "expr: age + visits + 1",
    ),
]
GIVEN = {  # what a hint takes for granted
    "SKC131-attribute": ("  age: float64", "  age: float64\n  age.real: float64"),
    "SKC120-type": ("  text: {features: [city], dtype: string}\n", ""),
}


def told(folder: Path, text: str) -> tuple[Diagnostic, ...]:
    path = folder / "pipeline.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        return read(path)[1]
    except SkcError as error:
        return error.diagnostics


@pytest.mark.parametrize(("fixture", "hint", "old", "new"), FIXES, ids=[fix[0] for fix in FIXES])
def test_the_hint_works(fixture: str, hint: str, old: str, new: str, tmp_path: Path) -> None:
    text = (ERRORS / f"{fixture}.yaml").read_text(encoding="utf-8")
    before = told(tmp_path, text)
    assert hint in [diagnostic.hint for diagnostic in before]
    assert old in text
    text = text.replace(*GIVEN.get(fixture, ("", "")), 1).replace(old, new, 1)
    after = told(tmp_path, text)
    gone = next(d.message for d in before if d.hint == hint)
    assert gone not in [d.message for d in after], after
    others = [d.text() for d in after if d.severity == "error" and d.message not in [d.message for d in before]]
    assert fixture == "SKC101-empty" or not others, others  # there, nothing else was written
