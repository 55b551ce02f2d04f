"""examples/skew: every transcript is what its commands print, and the table says what they showed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "skew"


def load_gallery() -> Any:
    """examples/skew/run.py, as a module."""
    spec = importlib.util.spec_from_file_location("gallery", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gallery"] = module
    spec.loader.exec_module(module)
    return module


gallery = load_gallery()
NAMES = gallery.names()


@pytest.fixture(scope="module")
def causes() -> dict[str, Any]:
    return {cause.name: cause for cause in gallery.run_all(NAMES)}


@pytest.mark.parametrize("name", NAMES)
def test_the_transcript_is_current(name: str, causes: dict[str, Any]) -> None:
    committed = (FOLDER / name / "expected.txt").read_text(encoding="utf-8")
    assert causes[name].transcript() == committed, "run `python examples/skew/run.py --write`, and read the difference"


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_shows_a_skew_and_what_becomes_of_it(name: str, causes: dict[str, Any]) -> None:
    cause = causes[name]
    assert cause.results[0].command == "python skewed.py"
    assert (FOLDER / name / "pipeline.yaml").exists()
    training, serving = cause.skewed()
    assert training != serving
    assert cause.stopped_by().partition(" by skc today: ")[2] or "not found" not in cause.stopped_by()


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_written_can_be_written_once(name: str, causes: dict[str, Any]) -> None:
    """The refusal of the skewed pipeline says something only if the pipeline without the skew compiles."""
    codes = {result.command: result.code for result in causes[name].results}
    assert codes.get("skc compile pipeline.yaml") == 0 or "refused at compile" in causes[name].stopped_by()
    assert codes.get("skc compile skewed.yaml", 2) == 2


def test_the_table_in_the_readme_is_current(causes: dict[str, Any]) -> None:
    text = gallery.files(list(causes.values()))[gallery.README]
    assert text == gallery.README.read_text(encoding="utf-8"), "run `python examples/skew/run.py --write`"


STOPS = {
    "cannot be written (SKC103)": ("skc check skewed.yaml", "error[SKC103]: no key", 2),
    "refused at compile (SKC211)": ("skc compile pipeline.yaml", "error[SKC211]: infinite", 2),
    "warned at compile (SKC223)": ("skc compile pipeline.yaml", "warning[SKC223]: constant", 0),
    "refused in serving (null)": ("python ../serve.py artifact '{}'", "error[null]: null", 1),
    "refused at load (identity-mismatch)": ("python ../serve.py artifact '{}' 0", "error[identity-mismatch]: x", 2),
    "found by diff": ("skc diff artifact other --fail-on any", "1 change", 1),
    None: ("skc diff artifact other", "no change", 0),
}


@pytest.mark.parametrize("stop", STOPS)
def test_the_last_column_is_what_a_command_showed(stop: str | None) -> None:
    assert gallery.Result(*STOPS[stop]).stop() == stop


@pytest.mark.parametrize(
    ("command", "printed", "code"),
    [
        ("skc transform artifact none.csv --out -", "error[SKC201]: not found", 2),
        ("skc compile pipeline.yaml", "error[SKC900]: a bug", 3),
        ("skc diff artifact none", "error[SKC404]: not a directory", 2),
        ("python ../serve.py", "a traceback", 1),
    ],
)
def test_a_command_that_fails_stops_nothing(command: str, printed: str, code: int) -> None:
    with pytest.raises(AssertionError):
        gallery.Result(command, printed, code).stop()


def test_what_does_not_exist_yet_is_not_run() -> None:
    assert gallery.not_yet(["foresight"]) == "skc has no `foresight` yet"
    assert gallery.not_yet(["ops", "foresight"]) == "skc has no op `foresight` yet"
    assert gallery.not_yet(["ops", "impute"]) is None
    skewed = gallery.Result("python skewed.py", "training: 1\nserving:  2\n", 0)
    cause = gallery.Cause("fill_value", (skewed, gallery.run_command("skc foresight")))
    assert cause.stopped_by() == "not found by skc today: skc has no `foresight` yet"
    found = gallery.Result("skc drift live.csv artifact", "income: severe\n", 1)
    cause = gallery.Cause("fill_value", (*cause.results, found))
    assert cause.stopped_by() == "found by drift, but not its cause: skc has no `foresight` yet"


def test_a_command_that_exists_now_needs_its_arguments() -> None:
    with pytest.raises(AssertionError, match="`skc drift` exists now"):
        gallery.run_command("skc drift").stop()


def test_a_program_that_shows_no_skew_is_a_fault() -> None:
    same = gallery.Result("python skewed.py", "training: 1\nserving:  1\n", 0)
    with pytest.raises(AssertionError, match="shows no skew"):
        gallery.Cause("fill_value", (same,)).skewed()


def test_check_names_what_is_out_of_date(
    causes: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gallery, "run_all", lambda *_: list(causes.values()))
    monkeypatch.setattr(gallery.Cause, "title", lambda _: "another title")
    assert gallery.main("--check") == 1
    assert "README.md is out of date" in capsys.readouterr().out
