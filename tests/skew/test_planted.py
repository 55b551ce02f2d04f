"""Nine things that go wrong in serving, planted in a week of rides, are found in their columns, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sharing import Share
from skewed_rides import PLANTED, RIDES, week

import skc


@pytest.fixture(scope="module")
def artifact(share: Share) -> Path:
    folder = share("rides-artifact", compile_rides)
    return folder / "rides"


def compile_rides(folder: Path) -> None:
    folder.mkdir()
    skc.compile(RIDES / "pipeline.yaml", out=folder / "rides", rows=0, verify=False)


def test_a_clean_week_is_clean(artifact: Path) -> None:
    report = skc.drift(week(), artifact)
    assert not report.is_drifted
    assert {column.verdict for column in report.columns} == {"ok"}
    assert (report.rows, report.reference_rows, report.reference) == (1267, 3733, "training")


@pytest.mark.parametrize("cause", PLANTED)
def test_a_planted_cause_is_found_in_its_columns(cause: str, artifact: Path) -> None:
    plant, columns = PLANTED[cause]
    report = skc.drift(plant(week()), artifact)
    assert {column.name for column in report.found} == columns


@pytest.mark.parametrize(
    ("cause", "column", "measure", "words"),
    [
        ("zero in place of null", "fare", "zeros", "zero, 0.0 % in training"),
        ("5 % of look-ups time out", "fare", "nulls", "null, 5.3 % in training"),
        ("a new category in 2 %", "payment", "unseen", 'not seen in training, such as "crypto"'),
        ("one zone only", "zone", "linf", '"Midtown": 100.0 % of the values'),
        ("cents for dollars", "fare", "psi", "the distribution moved: PSI"),
    ],
)
def test_the_finding_says_what_happened(cause: str, column: str, measure: str, words: str, artifact: Path) -> None:
    report = skc.drift(PLANTED[cause][0](week()), artifact)
    (found,) = [one for one in report.found if one.name == column]
    texts = {finding.effect.measure: finding.text for finding in found.judged.findings}
    assert words in texts[measure]


def test_a_column_that_no_row_has_is_severe(artifact: Path) -> None:
    report = skc.drift(week().drop_columns(["zone"]), artifact)
    (found,) = report.found
    assert (found.name, found.verdict, found.is_missing) == ("zone", "severe", True)


def test_fifty_rows_are_too_few_to_tell(artifact: Path) -> None:
    report = skc.drift(PLANTED["cents for dollars"][0](week()).slice(0, 50), artifact)
    assert not report.is_drifted
    assert report.is_too_few
    assert "too few rows to tell" in report.verdict()
