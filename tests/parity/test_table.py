"""The table has every transformer of scikit-learn, and its judge sees each kind of difference."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from parity import judge as judged
from parity.answers import Answers, Skc
from parity.cases import CASES
from parity.judge import Verdict, judge
from parity.refusals import read_refusals
from sklearn.utils import all_estimators

CASE = CASES["StandardScaler(with_mean=True, with_std=True) on float64"]


def test_every_transformer_of_scikit_learn_has_a_case() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of modules that importing everything imports
        names = {name for name, _ in all_estimators(type_filter="transformer")}
    covered = {name for case in CASES.values() for name in case.covers}
    assert not names - covered
    assert {"CountVectorizer", "TfidfVectorizer", "GridSearchCV"} <= covered


def test_the_list_of_refusals_names_cases() -> None:
    assert not set(read_refusals()) - set(CASES)


def verdict_with(change, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    """The verdict if skc answered otherwise."""
    answers = Skc.answers
    monkeypatch.setattr(Skc, "answers", lambda self, frame: change(answers(self, frame)))
    return judge(CASE, ["skc"]).verdicts["skc"]


def changed(found: Answers, row: int, value: float) -> Answers:
    values = found.values.copy()
    values[row, 0] = value
    return replace(found, values=values)


def test_equal_without_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = verdict_with(lambda found: found, monkeypatch)
    assert (verdict.kind, verdict.bits) == ("equal", True)


@pytest.mark.parametrize("value", [0.12345, np.nan, np.inf])
def test_a_wrong_value_is_silent(value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = verdict_with(lambda found: changed(found, -1 if len(found.values) < 9 else 3, value), monkeypatch)
    assert verdict.kind == "silent"
    assert repr(value)[:4] in verdict.reason


def test_serving_what_scikit_learn_refuses_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = verdict_with(lambda found: replace(found, refused=[None] * len(found.refused)), monkeypatch)
    assert verdict.kind == "silent"
    assert verdict.reason.startswith("serves ")


def test_refusing_what_scikit_learn_serves_is_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = verdict_with(lambda found: replace(found, refused=["tie", *found.refused[1:]]), monkeypatch)
    assert verdict.kind == "narrow"  # although `tie` is a code for hard rows: the row is an ordinary one


def test_a_missing_column_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = verdict_with(lambda found: replace(found, values=found.values[:, 1:]), monkeypatch)
    assert (verdict.kind, verdict.reason) == ("silent", "3 columns, not 4")


def test_a_row_that_depends_on_its_batch_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    def near(found: Answers) -> Answers:
        return found if len(found.values) > 1 else replace(found, values=np.nextafter(found.values, 9))

    verdict = verdict_with(near, monkeypatch)
    assert verdict.kind == "silent"
    assert "other bits alone" in verdict.reason


def test_an_error_that_is_not_a_refusal_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = verdict_with(lambda found: found.nothing, monkeypatch)  # type: ignore[attr-defined]  # on purpose
    assert verdict.kind == "crash"
    assert "nothing" in verdict.reason


def test_a_case_of_which_every_ordinary_row_is_refused_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = verdict_with(lambda found: replace(found, refused=["tie"] * len(found.refused)), monkeypatch)
    assert verdict.kind == "crash"


def test_other_names_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged, "_names", lambda compiled, trials: "names ('x',), not ['y']")
    assert judge(CASE, ["skc"]).verdicts["skc"].kind == "silent"


def test_skl2onnx_is_judged_likewise() -> None:
    verdicts = judge(CASE, ["skl2onnx float64", "skl2onnx float32"]).verdicts
    assert verdicts["skl2onnx float64"].kind == "equal"
    assert verdicts["skl2onnx float64"].served > 0
    assert verdicts["skl2onnx float32"].kind == "silent"


def test_a_prediction_is_not_held_against_a_tool_that_does_not_transform() -> None:
    line = judge(CASES["LinearDiscriminantAnalysis() on int64 for binary"], ["skl2onnx float64"])
    verdict = line.verdicts["skl2onnx float64"]
    assert (verdict.kind, verdict.reason.split(":")[0]) == ("refused", "prediction")


def test_what_skc_may_refuse_is_held_against_no_tool() -> None:
    verdict = judge(CASES["KMeans() on unit"], ["skl2onnx float64"]).verdicts["skl2onnx float64"]
    assert (verdict.kind, verdict.excused > 0) == ("equal", True)
