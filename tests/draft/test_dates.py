"""Dates as people write them: the format that a draft proposes reads what Python's `strptime` reads with it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import skc
from skc.draft.dates import MONTHS, moments_of

DAYS = [datetime(2019, 1, 1) + timedelta(days=k, minutes=631 * k, seconds=k) for k in range(0, 1900, 13)]
FORMATS = [
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%y", "%m/%d/%y"),
    *("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%y"),
    *("%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S"),
]


def features(texts: Sequence[str], folder: Path) -> dict[str, np.ndarray]:
    """What the draft of a file with one column makes of it, by the name of the column."""
    (folder / "a.csv").write_text("d\n" + "".join(f'"{text}"\n' for text in texts), encoding="utf-8")
    skc.init(folder / "a.csv", folder / "pipeline.yaml", force=True)
    done = skc.compile(folder / "pipeline.yaml", out=folder / "artifact", rows=10, force=True)
    assert done.report is not None
    assert done.report.is_equal
    skc.transform(folder / "artifact", folder / "a.csv", folder / "x.csv", force=True)
    table = np.genfromtxt(folder / "x.csv", delimiter=",", names=True)
    return {name: table[name] for name in table.dtype.names}


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_is_found(form: str, tmp_path: Path) -> None:
    texts = [day.strftime(form) for day in DAYS]
    made = features(texts, tmp_path)
    month = np.array([2 * np.pi * (day.month - 1) / 12 for day in DAYS])
    weekday = np.array([2 * np.pi * day.weekday() / 7 for day in DAYS])
    np.testing.assert_array_less(abs(made[_name(made, "sin", "month")] - np.sin(month)), 1e-6)
    np.testing.assert_array_less(abs(made[_name(made, "cos", "weekday")] - np.cos(weekday)), 1e-6)


def _name(made: dict[str, np.ndarray], end: str, part: str) -> str:
    return next(name for name in made if part in name and name.endswith(end))


@pytest.mark.parametrize("language", MONTHS)
def test_months_in_a_language(language: str, tmp_path: Path) -> None:
    texts = [f"{day.day}. {MONTHS[language][day.month - 1]} {day.year}" for day in DAYS]
    moments = moments_of(texts, None)
    assert moments is not None
    assert moments.format == "%d. %B %Y"
    made = features(texts, tmp_path)
    month = np.array([2 * np.pi * (day.month - 1) / 12 for day in DAYS])
    np.testing.assert_array_less(abs(made[_name(made, "sin", "month")] - np.sin(month)), 1e-6)


@pytest.mark.parametrize(
    ("texts", "form", "other"),
    [
        (["03/04/2025", "05/06/2025"], "%m/%d/%Y", "%d/%m/%Y"),
        (["03.04.2025", "05.06.2025"], "%d.%m.%Y", "%m.%d.%Y"),
        (["01/02/2025", "01/03/2025"], "%d/%m/%Y", "%m/%d/%Y"),  # the first of each month
        (["02/01/2025", "03/01/2025"], "%m/%d/%Y", "%d/%m/%Y"),
        (["03/04/2025", "13/06/2025"], "%d/%m/%Y", None),
        (["03/04/2025", "06/13/2025"], "%m/%d/%Y", None),
        (["29/02/2024", "01/01/2024"], "%d/%m/%Y", None),
        (["29/02/2025", "01/01/2024"], None, None),  # not a leap year
        (["2025-02-29"], None, None),
        (["20250503", "20240229"], "%Y%m%d", None),
        (["9:30 AM", "12:05 pm"], "%I:%M %p", None),
        (["09:30", "23:15"], "%H:%M", None),
        (["24:30", "23:15"], None, None),
        (["2025-05-03T10:00:00Z", "2025-05-03 10:00:00+02:00"], "iso8601", None),
    ],
)
def test_the_format_of_texts(texts: list[str], form: str | None, other: str | None) -> None:
    random.Random(1).shuffle(texts)
    moments = moments_of(texts, None)
    assert (moments and moments.format, moments and moments.other) == (form, other)


def test_a_date_that_two_formats_read_differently(tmp_path: Path) -> None:
    """The draft says so, and the option that the hint names ends it."""
    (tmp_path / "a.csv").write_text("when,v\n" + "03/04/2025,1\n05/06/2025,2\n" * 3)
    drafted = skc.init(tmp_path / "a.csv", tmp_path / "pipeline.yaml")
    (warning,) = drafted.warnings
    assert warning.code == "SKC237"
    assert warning.message == "`when`: `%m/%d/%Y` and `%d/%m/%Y` both read all of its dates, as other days"
    assert warning.notes[0] in ("for example `03/04/2025`", "for example `05/06/2025`")
    assert "# guess: `%d/%m/%Y` reads every text too, as other days" in drafted.text
    assert 'format: "%m/%d/%Y"' in drafted.text
    assert warning.hint == "the draft has the month first; if the day comes first, give `--dates day-first`"
    for dates, form in (("day-first", "%d/%m/%Y"), ("month-first", "%m/%d/%Y")):
        chosen = skc.init(tmp_path / "a.csv", tmp_path / "pipeline.yaml", dates=dates, force=True)  # type: ignore[arg-type]
        assert chosen.warnings == ()
        assert f'format: "{form}"' in chosen.text
        assert "guess" not in chosen.text.partition("inputs:")[2]
        assert skc.compile(tmp_path / "pipeline.yaml", rows=10).is_equal
