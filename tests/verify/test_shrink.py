"""The smallest row that shows a difference."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import compiled, nudge, with_model
from sharing import Share

from skc import artifact as artifacts
from skc.artifact import Artifact
from skc.ir import Input
from skc.reports.verification import difference_text
from skc.rows.sampling import Record, is_legal
from skc.verification import shrink
from skc.verification.run import Options, verify, verify_record

INPUTS = (
    Input("f", "float64", nullable=True),
    Input("i", "int64"),
    Input("s", "string"),
    Input("b", "bool", nullable=True),
)
BASE: Record = {"f": 1.0, "i": 1, "s": "a", "b": False}


def small(record: Record, shows: Any) -> Record:
    return shrink.shrunk(record, BASE, INPUTS, shows)


def test_what_does_not_matter_is_plain() -> None:
    record: Record = {"f": 0.1 + 0.2, "i": 12345, "s": "some text", "b": None}
    assert small(record, lambda r: True) == BASE
    assert small(record, lambda r: r["i"] == 12345) == {**BASE, "i": 12345}
    assert small(record, lambda r: r["b"] is None) == {**BASE, "b": None}


def test_what_matters_is_short() -> None:
    record: Record = {"f": 123.456789, "i": -98765, "s": "xxxéyyy", "b": True}
    assert small(record, lambda r: "é" in r["s"]) == {**BASE, "s": "é"}
    assert small(record, lambda r: r["f"] is not None and r["f"] > 100) == {**BASE, "f": 120.0}
    assert small(record, lambda r: r["i"] < 0) == {**BASE, "i": -1}
    assert small(record, lambda r: r["s"] == "" or len(r["s"]) > 1)["s"] in ("", "xx", "éy", "yy", "xé")


def test_the_sign_of_a_zero_matters() -> None:
    kept = small({**BASE, "f": -0.0}, lambda r: isinstance(r["f"], float) and math.copysign(1, r["f"]) < 0)
    assert repr(kept["f"]) == "-0.0"


@given(
    st.fixed_dictionaries(
        {
            "f": st.none() | st.floats(allow_nan=False),
            "i": st.integers(-(2**63), 2**63 - 1),
            "s": st.text().filter(lambda t: "\0" not in t),
            "b": st.none() | st.booleans(),
        }
    ),
    st.integers(),
)
def test_the_difference_stays_rows_stay_legal_and_the_search_ends(record: Record, salt: int) -> None:
    """Whatever shows it: here a hash, as unruly as can be, of which the given row is one hit."""
    wanted = hash((salt, repr(record))) % 3
    tried = []

    def shows(row: Record) -> bool:
        tried.append(row)
        return hash((salt, repr(row))) % 3 == wanted

    found = small(record, shows)
    assert found == record or shows(found)
    assert len(tried) <= shrink.BUDGET + 1
    assert all(is_legal(i, row[i.name]) for row in tried for i in INPUTS)


@pytest.fixture(scope="module")
def artifact(share: Share) -> Artifact:
    return artifacts.read(share("planted", compiled) / "artifact")


def test_a_report_shows_the_smallest_row(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skc.verification.run.RELATED_ROWS", 300)
    wrong = with_model(artifact, nudge(1.0, 3.0))
    report = verify(wrong, options=Options(rows=200))
    first = next(d for d in report.differences if d.column == "bins")
    assert first.found_in is not None
    assert first.found_in != first.record
    changed = {k for k, v in first.record.items() if v != first.found_in[k]}
    assert changed <= {"amount"} | {k for k in first.record if k != "amount"}
    assert len(json.dumps(first.record)) <= len(json.dumps(first.found_in))
    assert (first.got, first.want) == (0, 1)
    assert first.step == "bins/1:bucketize"
    assert "shrunk from" in difference_text(first)
    again = verify_record(wrong, None, {**first.record})
    assert not again.is_equal, "the command that is printed shows it"
    assert np.isfinite(float(first.record["amount"]))


def test_a_row_that_is_as_small_as_can_be_is_left_alone(artifact: Artifact, tmp_path: Path) -> None:
    report = verify(artifact, options=Options(rows=20))
    assert report.differences == ()
