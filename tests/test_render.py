"""Every result in every format that it has; and a format that it does not have is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from planted import PIPELINE, ROWS
from served_rides import write_log
from shadow_services import answers, log_file, rides

import skc
import skc_runtime
from skc import cli
from skc.environment_matrix import Environment, Matrix
from skc.options import ReportFormat
from skc.reports.render import PAGES, Result
from skc.results import Compiled, Verified
from skc.selfcheck.report import SelfCheck

RECORD = '{"at": "2022-07-01 10:00:00", "amount": 11.0, "kind": "b"}'
MATRIX = Matrix("planted", (Environment("this one", ("3.11", "2.0", "1.21"), 10, 0, 0),))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("render")


def logged(folder: Path) -> Path:
    """A log of one request."""
    with skc_runtime.load(folder / "artifact") as transformer:
        write_log(folder / "log.jsonl", transformer, [json.loads(RECORD)])
    return folder / "log.jsonl"


@pytest.fixture(scope="module")
def results(folder: Path) -> Mapping[type[Any], Any]:
    """One of each."""
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "rows.csv").write_text(ROWS)
    (folder / "planted.csv").write_text(ROWS)
    done = skc.compile(folder / "pipeline.yaml", str(folder / "rows.csv"), folder / "artifact", rows=50)
    assert done.report is not None
    (folder / "pairs").mkdir()
    (folder / "pairs" / "planted.csv").write_text("id,x\n1,2\n")
    log = log_file(folder / "planted.jsonl", rides(5), answers())
    looked_up = skc_runtime.Log.open(folder / "log", skc_runtime.load(folder / "artifact"))
    looked_up.add("a", None, hit={"amount": True})
    looked_up.close()
    found = [
        done,
        done.report,
        Verified(done.report, MATRIX),
        MATRIX,
        SelfCheck("planted", (), 0, 0.0),
        skc.explain(folder / "artifact", RECORD),
        skc.diff(folder / "artifact", folder / "artifact"),
        skc.init(folder / "planted.csv"),
        skc.drift(folder / "rows.csv", folder / "artifact"),
        skc.parity(folder / "pairs" / "planted.csv", folder / "pairs" / "planted.csv", key="id"),
        skc.shadow(log, log),
        skc.freshness(folder / "log", folder / "artifact"),
        skc.replay(logged(folder), folder / "artifact"),
        skc.fit_state(folder / "pipeline.yaml", str(folder / "rows.csv"), folder / "rows.state"),
    ]
    return {type(result): result for result in found}


@pytest.mark.parametrize("kind", get_args(Result), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("written", get_args(ReportFormat))
def test_a_result_in_a_format(kind: type[Any], written: Any, results: Mapping[type[Any], Any]) -> None:
    result = results[kind]
    if written not in ("text", "json") and kind not in PAGES:
        with pytest.raises(skc.SkcError, match=f"a {kind.__name__} is not written as {written}") as error:
            skc.render(result, written)
        assert error.value.code == "SKC140"
        return
    text = skc.render(result, written)
    if written != "json":
        assert "planted" in text or "wrote" in text or text.startswith("no change")
    else:
        assert json.loads(text) == json.loads(json.dumps(result.to_json()))
        assert isinstance(result.to_json(), dict), "one kind of thing everywhere"


@pytest.mark.parametrize("kind", get_args(Result), ids=lambda kind: kind.__name__)
def test_printing_a_result_says_what_was_found_and_how_to_see_more(
    kind: type[Any], results: Mapping[type[Any], Any]
) -> None:
    """A dataclass would print all its fields, among them the bytes of a model."""
    result = results[kind]
    verdict = result.verdict()
    assert len(verdict) < 250
    assert "\n" not in verdict
    assert "planted" in verdict or "no change" in verdict
    assert str(result) == f"{verdict}; print(skc.render(result)) shows all of it"
    assert repr(result) == f"<{kind.__name__}: {verdict}>"
    if kind not in (Compiled, Verified):  # made of others
        assert verdict.split(": ")[-1] in skc.render(result), "the same words"


@pytest.mark.parametrize("kind", get_args(Result), ids=lambda kind: kind.__name__)
def test_an_unknown_format_is_refused(kind: type[Any], results: Mapping[type[Any], Any]) -> None:
    """Of a report it was a KeyError."""
    with pytest.raises(skc.SkcError, match="`xml` is not a format") as error:
        skc.render(results[kind], "xml")  # type: ignore[arg-type]  # as Python may ask
    assert error.value.code == "SKC140"


def test_the_command_prints_what_python_gives(folder: Path, results: Any, capsys: pytest.CaptureFixture[str]) -> None:
    artifact = str(folder / "artifact")
    for command, result in (
        (["explain", artifact, "--record", RECORD], skc.explain(artifact, RECORD)),
        (["diff", artifact, artifact], skc.diff(artifact, artifact)),
    ):
        assert cli.run(command) == cli.EQUAL
        assert capsys.readouterr().out == skc.render(result) + "\n"


def test_a_verification_without_environments_is_its_report(results: Mapping[type[Any], Any]) -> None:
    report = results[Verified].report
    assert skc.render(Verified(report)) == skc.render(report)
    assert skc.render(Verified(report), "junit") == skc.render(report, "junit")
    assert "environment" in skc.render(Verified(report, MATRIX))
