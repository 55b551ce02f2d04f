"""Every mistake in tests/frontend/errors gives its golden text, and every code of reading has such a mistake."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest

from skc.codes import CODES
from skc.diagnostics import Diagnostic, SkcError
from skc.frontend.yaml.reader import read_pipeline, read_pipeline_text
from skc.frontend.yaml.schema import pipeline_schema

ERRORS = Path(__file__).parent / "errors"
ROOT = Path(__file__).parents[2]
FIXTURES = sorted(path.stem for path in ERRORS.glob("*.yaml"))
SOURCES = [*ROOT.glob("compiler/skc/**/*.py"), *ROOT.glob("runtime/python/**/*.py")]
DESIGN = """\
skc: 1
name: people

inputs:
  age:    {type: float64, nullable: true}
  city:   {type: string, nullable: true, null_values: [""]}
  income: float64

features:
  income:
    from: income
    apply: [standard_scale]
  age:
    from: agee
    apply: [standard_scale]

outputs:
  x: {features: [age, income], dtype: float32}
"""
DESIGN_ERROR = """\
error[SKC104]: column `agee` is not an input
  --> pipeline.yaml:14:11
   inputs: `age`, `city`, `income`

hint: did you mean `age`?"""


def diagnostics(name: str) -> tuple[Diagnostic, ...]:
    """What reading says, warnings where it succeeds."""
    try:
        return read_pipeline(name)[1]
    except SkcError as error:
        return error.diagnostics


@pytest.mark.parametrize("name", FIXTURES)
def test_golden_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ERRORS)
    found = diagnostics(f"{name}.yaml")
    text = "\n\n".join(diagnostic.text() for diagnostic in found)
    assert text + "\n" == (ERRORS / f"{name}.txt").read_text(encoding="utf-8")
    assert name[:6] in [diagnostic.code for diagnostic in found]


@pytest.mark.parametrize("name", FIXTURES)
def test_place_and_way_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every diagnostic of ours has a place inside the file and a hint, and stays in its lines."""
    monkeypatch.chdir(ERRORS)
    lines = Path(f"{name}.yaml").read_bytes().decode("utf-8", "replace").split("\n")
    for diagnostic in diagnostics(f"{name}.yaml"):
        assert diagnostic.span is not None
        assert 1 <= diagnostic.span.line <= len(lines)
        assert 1 <= diagnostic.span.column <= len(lines[diagnostic.span.line - 1]) + 1
        assert diagnostic.hint is not None or diagnostic.code >= "SKC120"
        assert "\n" not in diagnostic.message


def test_no_golden_text_without_its_fixture() -> None:
    assert sorted(path.stem for path in ERRORS.glob("*.txt")) == FIXTURES


def test_every_reading_code_has_a_fixture() -> None:
    assert {name[:6] for name in FIXTURES} == {code for code in CODES if code < "SKC140"}


def test_every_code_in_the_source_has_a_title() -> None:
    sources = [path for path in SOURCES if path.name != "codes.py"]
    used = {code for path in sources for code in re.findall(r"SKC\d{3}", path.read_text(encoding="utf-8"))}
    assert used == set(CODES)


def test_the_schema_refuses_what_can_be_seen_without_names() -> None:
    """A sample: the schema is a help in the editor, not the authority."""
    from ruamel.yaml import YAML

    validator = jsonschema.Draft202012Validator(pipeline_schema())
    seen = [
        "SKC103-input",
        "SKC103-parameter",
        "SKC106-feature-of-nothing",
        "SKC107-parameters",
        "SKC110-type",
    ]
    seen += [
        "SKC111-op",
        "SKC112-parameters",
        "SKC106-from-and-expr",
        "SKC107-two-ops-in-one",
        "SKC108-newer",
    ]
    for name in seen:
        document = YAML(typ="safe", pure=True).load((ERRORS / f"{name}.yaml").read_text(encoding="utf-8"))
        assert not validator.is_valid(document), name


def test_the_example_of_the_command_line() -> None:
    with pytest.raises(SkcError) as error:
        read_pipeline_text(DESIGN, "pipeline.yaml")
    assert str(error.value) == DESIGN_ERROR


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.yaml", "`missing.yaml` cannot be read: No such file or directory"),
        (".", "`.` cannot be read: Is a directory"),
        ("a\0b", "`a\\x00b` cannot be read: embedded null byte"),
    ],
)
def test_unreadable_paths(path: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SkcError) as error:
        read_pipeline(path)
    assert error.value.code == "SKC100"
    assert error.value.diagnostics[0].message == message


def test_a_large_file_is_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"# " + b"x" * 1_000_000)
    with pytest.raises(SkcError, match="larger than 1000000 bytes"):
        read_pipeline(path)
    with pytest.raises(SkcError, match="longer than 1000000 characters"):
        read_pipeline_text("# " + "x" * 1_000_000, "large.yaml")
