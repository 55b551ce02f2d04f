"""Formats of times that nobody wrote down: random ones, with right and damaged texts, against Python's strptime."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta
from typing import Any

import op_harness as harness
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from skc.diagnostics import SkcError
from skc.ops import OPS

EPOCH = datetime(1970, 1, 1)
BETWEEN = (" ", "-", "/", ".", ", ", "T", " of ", ":", "%%", "_", "年", " | ")
TIMES = (
    (),
    ("%H",),
    ("%H", "%M"),
    ("%I", "%p"),
    ("%I", "%M", "%p"),
    ("%p", "%I", "%M", "%S"),
    ("%H", "%M", "%S"),
    ("%H", "%M", "%S", "%f"),
    ("%I", "%M", "%S", "%f", "%p"),
)


@st.composite
def formats(draw: st.DrawFn) -> str:
    """A date in any order, perhaps with the name of its day, before or after a time; something between any two."""
    year = draw(st.sampled_from(["%Y", "%y"]))
    month = draw(st.sampled_from(["%m", "%b", "%B"]))
    days = draw(st.sampled_from([(year, "%j"), (year, month, "%d"), (year, month)]))
    day = [*draw(st.permutations(days)), *draw(st.sampled_from([(), ("%a",), ("%A",)]))] if len(days) > 2 else [*days]
    clock = [*draw(st.sampled_from(TIMES if "%j" in days or "%d" in days else [()]))]
    parts = day + clock if draw(st.booleans()) else clock + day
    text = parts[0]
    for part in parts[1:]:
        text += draw(st.sampled_from(BETWEEN)) + part
    return text


def python_reads(text: str, layout: str) -> int | None:
    """By strptime, with a fraction cut to the six digits that it takes."""
    if "%f" in layout:
        text = re.sub(r"(?<!\d)(\d{6})\d{1,3}(?!\d)", r"\1", text)
    try:
        return (datetime.strptime(text, layout) - EPOCH) // timedelta(microseconds=1)
    except ValueError:
        return None


def written(layout: str, moment: datetime, rng: random.Random) -> str:
    """As strftime, with the year in four digits, in any case of the names."""
    texts = {"%Y": f"{moment.year:04}", "%y": f"{moment.year % 100:02}", "%%": "%"}
    for name in ("%b", "%B", "%a", "%A", "%p"):
        texts[name] = rng.choice([str.upper, str.lower, str.title])(moment.strftime(name))
    for number in ("%m", "%d", "%j", "%H", "%I", "%M", "%S"):
        digits = moment.strftime(number)
        texts[number] = rng.choice([digits, digits.lstrip("0") or "0"])
    texts["%f"] = f"{moment.microsecond:06}"[: rng.randint(1, 6)]
    return re.sub("%.", lambda match: texts[match.group()], layout)


def damaged(text: str, rng: random.Random) -> str:
    i = rng.randrange(len(text) + 1)
    return text[:i] + rng.choice(["", *"0123456789-/:.TZAMpJ"]) + text[i + rng.randint(0, 2) :]


def both(params: dict[str, Any], texts: list[str]) -> list[Any]:
    """The values of reference and graph, which are the same."""
    pipeline = harness.fit(harness.build(OPS["parse_datetime"], params, {"s": "string"}), [])
    rows = [[text] for text in texts]
    values = harness.Graph(pipeline).run(rows).rows
    assert values == harness.run_reference(pipeline, rows).rows
    return [row[0] for row in values]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(formats(), st.integers(0, 2**32))
def test_random_formats_as_strptime(layout: str, seed: int) -> None:
    rng = random.Random(seed)
    moments = [
        EPOCH + timedelta(seconds=rng.randint(-(2**35), 2**37), microseconds=rng.randint(0, 999_999)) for _ in range(30)
    ]
    moments += [
        datetime(2024, 2, 29),
        datetime(1900, 3, 1, 12),
        datetime(2068, 12, 31, 23, 59, 59, 999_999),
        datetime(1969, 1, 1),
    ]
    texts = [written(layout, moment, rng) for moment in moments]
    texts += [damaged(text, rng) for text in texts for _ in range(3)]
    try:
        values = both({"format": layout, "invalid": "null"}, texts)
    except SkcError as error:
        assert error.code == "SKC126"
        assume(False)
    for text, value in zip(texts, values, strict=True):
        python = python_reads(text, layout)
        assert value == python or (value is None and is_laxer(text, layout)), (layout, text, value, python)


def is_laxer(text: str, layout: str) -> bool:
    """What strptime takes beyond the format: literals in another case, blanks next to blanks, day 366 of any year."""
    has_letters = "T" in layout or "of" in layout
    return (has_letters and not re.search("T|of", text)) or "  " in text or ("%j" in layout and "366" in text)


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("%d %b %Y", " 9 Mar 2019"),
        ("%H:%M %p %Y-%m-%d", "13:00 AM 2019-03-09"),
        ("%Y-%m-%dT%H", "2019-03-09t12"),
        ("%y", "\u0661\u0669"),
        ("%Y%m%d", "2019309"),
        ("%j %Y", "366 2019"),
    ],
)
def test_what_strptime_takes_and_the_op_does_not(layout: str, text: str) -> None:
    """The differences that its page names."""
    assert python_reads(text, layout) is not None
    try:
        assert both({"format": layout, "invalid": "null"}, [text]) == [None]
    except SkcError as error:
        assert error.code == "SKC126"
