"""Hints about data that ask for more than another input."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hint_data import FEATURES

import skc
import skc_runtime
from skc.diagnostics import SkcError


def test_the_glob_of_a_folder_is_one_to_copy(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(
        f"skc: 1\nname: hints\ninputs: {{v: string}}\n{FEATURES.replace('FIRST', '')}"
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "README").write_text("x")
    with pytest.raises(SkcError, match="no file in it that skc reads"):
        skc.compile(tmp_path / "pipeline.yaml", tmp_path / "data", verify=False)
    (tmp_path / "data" / "b.jsonl").write_text('{"v": "a"}')
    with pytest.raises(SkcError) as error:
        skc.compile(tmp_path / "pipeline.yaml", tmp_path / "data", verify=False)
    (glob,) = re.findall("'(.*)'", str(error.value.diagnostics[0].hint))
    assert skc.compile(tmp_path / "pipeline.yaml", glob, verify=False).stages[0].rows == 1


def test_a_row_of_a_table_is_served_as_the_hint_says(tmp_path: Path) -> None:
    """NaN in a column of text or integers is null there, which `row.to_dict()` would not make of it."""
    text = (
        "skc: 1\nname: hints\ninputs: {v: {type: int64, nullable: true}, s: {type: string, nullable: true}}\n"
        "outputs:\n  x: {features: [v], dtype: int64}\n  t: {features: [s], dtype: string}\n"
    )
    (tmp_path / "pipeline.yaml").write_text(text)
    skc.compile(tmp_path / "pipeline.yaml", out=tmp_path / "artifact", rows=100)
    table = pd.DataFrame({"v": [np.nan, 1.0], "s": [None, "a"]})
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        with pytest.raises(skc_runtime.RecordError) as error:
            transformer.transform(table.iloc[1])
        assert "table.iloc[[i]]" in str(error.value.hint)
        for k in range(2):
            made = transformer.transform(table.iloc[[k]])
            assert [made["x"].shape, made["t"].shape] == [(1, 1), (1, 1)]
