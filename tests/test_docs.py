"""docs/scikit-learn.md is executed, and its tables and that of docs/warehouses.md are current."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sklearn
import warehouse_table
from class_table import PAGE, page, tables

from skc.frontend.sklearn.claims import CANNOT, CLAIMS, NO_MODEL
from skc.frontend.sklearn.walk import CONTAINERS

TEXT = PAGE.read_text(encoding="utf-8")
VERSION = re.findall(r"of scikit-learn ([\d.]+) compile", TEXT)[0]


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)[0], names)
    assert names["features"].shape == (5,)


def test_the_tables_are_current() -> None:
    """`make generated` writes them. Another version of scikit-learn has other classes: then ours are looked up."""
    assert page(TEXT) == TEXT or sklearn.__version__ != VERSION
    for name in (*CLAIMS, *CONTAINERS):
        assert name.rpartition(".")[2] in TEXT, f"{name}: run `make generated`"


def test_every_class_is_in_the_tables() -> None:
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.*) \|$", tables(), flags=re.MULTILINE))
    assert rows["sklearn.preprocessing.StandardScaler"] == "✓ `standard_scale`"
    assert rows["sklearn.pipeline.Pipeline"] == "✓ with what it contains"
    assert rows["sklearn.feature_selection.SelectKBest"] == "✓ a selection of columns"
    assert rows["sklearn.linear_model.LogisticRegression"] == "✓"
    for name, reason in CANNOT.items():
        assert rows[name] == f"no: {reason}"


def test_what_is_said_not_to_predict_does_not() -> None:
    claims = {name: CLAIMS[name] for name in NO_MODEL if name in CLAIMS}
    assert [name for name, claim in claims.items() if claim.predict is not None] == []


def test_the_table_of_databases_is_current() -> None:
    text = warehouse_table.PAGE.read_text(encoding="utf-8")
    assert warehouse_table.page(text) == text, "run `make generated`"
