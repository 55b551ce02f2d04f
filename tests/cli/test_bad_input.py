"""Everything a user can get wrong: a code, a location, a suggested fix; nothing half-written and no traceback."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from skc import cli

PIPELINE = """\
skc: 1
name: small
data: {path: rows.csv}
inputs:
  age: {type: float64, nullable: true}
  city: string
features:
  age: {from: age, apply: [{impute: {strategy: mean}}, standard_scale]}
  city: {from: city, apply: [{one_hot: {unknown: zeros}}]}
outputs:
  x: {features: [age, city], dtype: float32}
"""
ROWS = "age,city\n1.5,Rome\n,Oslo\n4.25,Rome\n"


@dataclass(frozen=True)
class Mistake:
    """A change of the pipeline or its rows, and what must be said of it."""

    name: str
    code: str
    says: str
    pipeline: str = PIPELINE
    rows: str | None = ROWS
    arguments: tuple[str, ...] = ()
    place: str | None = r"pipeline\.yaml:\d+:\d+"
    hint: bool = True
    extra: dict[str, str] = field(default_factory=dict)


def edited(old: str, new: str) -> str:
    assert old in PIPELINE
    return PIPELINE.replace(old, new)


MISTAKES = [
    Mistake("unknown op", "SKC111", "standard_scal", edited("standard_scale", "standard_scal")),
    Mistake("unknown parameter", "SKC103", "strateg", edited("strategy:", "strateg:")),
    Mistake("wrong type", "SKC107", "`features` of output `x`", edited("features: [age, city]", "features: 7")),
    Mistake("duplicate key", "SKC105", "age", edited("  city: string", "  age: string")),
    Mistake(
        "name used twice",
        "SKC105",
        "x",
        edited("dtype: float32}", "dtype: float32}\n  x: {features: [age], dtype: float64}"),
    ),
    Mistake("unknown column", "SKC104", "agee", edited("{from: age,", "{from: agee,")),
    Mistake("cycle", "SKC113", "a", edited("features:\n", "features:\n  a: {expr: b + 1}\n  b: {expr: a + 1}\n")),
    Mistake("missing file", "SKC2", "rows.csv", rows=None, place=None),
    Mistake("missing column", "SKC2", "age", rows="city\nRome\n", place=None),
    Mistake("value that does not parse", "SKC2", "1,5", rows='age,city\n1.5,Rome\n"1,5",Oslo\n', place=None),
    Mistake("empty table", "SKC2", "rows.csv", rows="age,city\n", place=None, hint=True),
    Mistake("empty file", "SKC2", "rows.csv", rows="", place=None),
    Mistake("all-null column", "SKC2", "age", rows="age,city\n,Rome\n,Oslo\n", place=None),
    Mistake(
        "null in a column that has none",
        "SKC2",
        "age",
        edited("{type: float64, nullable: true}", "float64"),
        place=None,
    ),
    Mistake("not YAML", "SKC101", "", "skc: 1\nname: [", rows=ROWS),
    Mistake("newer pipeline", "SKC108", "2", edited("skc: 1", "skc: 2")),
    Mistake("bad where", "SKC2", "where", edited("{path: rows.csv}", "{path: rows.csv, where: 'age >'}"), place=None),
    Mistake(
        "where of no row",
        "SKC2",
        "where",
        edited("{path: rows.csv}", "{path: rows.csv, where: 'age > 100'}"),
        place=None,
    ),
]


def run(folder: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = cli.run([argument.replace("@", str(folder)) for argument in arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err + captured.out
    return code, captured.out, captured.err


def compile_in(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    return run(folder, "compile", "@/pipeline.yaml", "--out", "@/artifact", "--rows", "200", *more, capsys=capsys)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_mistake(mistake: Mistake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pipeline.yaml").write_text(mistake.pipeline)
    if mistake.rows is not None:
        (tmp_path / "rows.csv").write_text(mistake.rows)
    before = sorted(path.name for path in tmp_path.iterdir())
    code, out, err = compile_in(tmp_path, capsys)
    assert code == cli.USER, err
    assert out == ""
    assert re.search(rf"error\[{mistake.code}\d*\]: .", err), err
    assert mistake.says in err
    assert "hint: " in err or not mistake.hint, err
    if mistake.place is not None:
        assert re.search(rf"--> .*{mistake.place}", err), err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_bad_value_names_row_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "rows.csv").write_text('age,city\n1.5,Rome\n"1,5",Oslo\n')
    _, _, err = compile_in(tmp_path, capsys)
    assert "age" in err
    assert re.search(r"row 2|line 3", err), err


def test_warnings_do_not_stop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An input that nothing uses, and a column of one value."""
    (tmp_path / "pipeline.yaml").write_text(edited("  city: string", "  city: string\n  spare: string"))
    (tmp_path / "rows.csv").write_text("age,city,spare\n2.0,Rome,a\n2.0,Oslo,b\n")
    code, _, err = compile_in(tmp_path, capsys)
    assert code == 0, err
    assert "warning[SKC117]" in err
    assert "spare" in err
    assert re.search(r"warning\[SKC2\d\d\].*age", err), err


@pytest.fixture
def artifact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "rows.csv").write_text(ROWS)
    code, _, err = compile_in(tmp_path, capsys)
    assert code == 0, err
    return tmp_path / "artifact"


def test_an_existing_directory_is_refused_without_force(artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in artifact.iterdir()}
    code, _, err = compile_in(artifact.parent, capsys)
    assert code == cli.USER
    assert "error[SKC410]" in err
    assert "--force" in err
    assert {path.name: path.read_bytes() for path in artifact.iterdir()} == before
    code, _, _ = compile_in(artifact.parent, capsys, "--force")
    assert code == 0
    assert {path.name: path.read_bytes() for path in artifact.iterdir()} == before
    assert sorted(path.name for path in artifact.parent.iterdir()) == ["artifact", "pipeline.yaml", "rows.csv"]


def test_force_does_not_replace_what_is_no_artifact(artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(artifact)
    artifact.mkdir()
    (artifact / "thesis.tex").write_text("years of work")
    code, _, err = compile_in(artifact.parent, capsys, "--force")
    assert code == cli.USER
    assert "error[SKC411]" in err
    assert (artifact / "thesis.tex").exists()


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "plan.json", "golden.jsonl"])
@pytest.mark.parametrize("how", ["changed", "truncated", "missing"])
def test_a_tampered_file(artifact: Path, name: str, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = artifact / name
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(data[:-40] + b"x" * 40 if how == "changed" else data[: len(data) // 2])
    for command in ("verify", "transform"):
        more = ["@/rows.csv", "--out", "@/features.parquet"] if command == "transform" else []
        code, _, err = run(artifact.parent, command, "@/artifact", *more, capsys=capsys)
        assert code == cli.USER, err
        assert re.search(r"error\[SKC40\d\]", err), err
        assert "hint: " in err
        assert not (artifact.parent / "features.parquet").exists()


def test_a_newer_artifact(artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = json.loads((artifact / "manifest.json").read_text())
    (artifact / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    for command in ("verify", "inspect"):
        code, _, err = run(artifact.parent, command, "@/artifact", capsys=capsys)
        assert code == cli.USER
        assert "99" in err
        assert "hint: " in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["compile", "@/no.yaml", "--out", "@/artifact"],
        ["verify", "@/nothing"],
        ["inspect", "@/nothing"],
        ["transform", "@/nothing", "@/rows.csv", "--out", "@/x.parquet"],
        ["check", "@/no.yaml"],
        ["ops", "standard_scal"],
        ["comple"],
        ["compile"],
        ["verify", "@/nothing", "--format", "yaml"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(tmp_path, *arguments, capsys=capsys)
    assert code == cli.USER
    assert out == ""
    assert re.search(r"error\[SKC\d+\]", err), err
    assert "hint: " in err


def test_errors_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pipeline.yaml").write_text(edited("standard_scale", "standard_scal"))
    code, out, err = run(tmp_path, "check", "@/pipeline.yaml", "--format", "json", capsys=capsys)
    assert code == cli.USER
    assert err == ""
    (diagnostic,) = json.loads(out)["diagnostics"]
    assert diagnostic["code"] == "SKC111"
    assert diagnostic["span"]["line"] == 8
    assert diagnostic["hint"]


def test_a_bug_of_ours_is_not_shown_as_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(name: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("skc.inspection.ops", broken)
    assert cli.run(["ops"]) == cli.BUG
    err = capsys.readouterr().err
    assert "error[SKC900]" in err
    assert "Traceback" not in err
