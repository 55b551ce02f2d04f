"""Random messy files: what a draft makes of each column, and the values that it reads, against pandas and Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from draft.messy_files import MessyFile, expected, messy_file
from draft.test_dresses import read

import skc
from skc.frontend.yaml.reader import read_pipeline
from skc.ir import ReadOptions


@pytest.mark.parametrize("seed", range(16))
def test_a_draft_of_a_messy_file(seed: int, tmp_path: Path) -> None:
    messy = messy_file(seed)
    (tmp_path / "a.csv").write_bytes(messy.data)
    drafted = skc.init(tmp_path / "a.csv", tmp_path / "pipeline.yaml")
    roles = {column.name: column.role for column in drafted.columns}
    assert roles == {name: kind.role for name, (kind, _) in messy.columns.items()}, drafted.text
    done = skc.compile(tmp_path / "pipeline.yaml", rows=10)
    assert done.report is not None
    assert done.report.is_equal, skc.render(done.report)
    assert not {warning.code for warning in done.warnings} - {"SKC231"}, drafted.text
    pipeline = read_pipeline(tmp_path / "pipeline.yaml")[0]
    assert pipeline.data is not None
    frame = by_pandas(tmp_path / "a.csv", pipeline.data.options)
    values = read(tmp_path / "pipeline.yaml")
    assert list(frame) == list(messy.columns)
    for name, (_, texts) in messy.columns.items():
        assert frame[name].tolist() == texts
        if name in values:
            assert_equal(values[name], texts, name, messy)


def by_pandas(file: Path, options: ReadOptions) -> pd.DataFrame:
    """The fields of a file as text, read with the options that the draft found out."""
    return pd.read_csv(
        file,
        sep=options.separator or ",",
        encoding="utf-8-sig" if options.encoding == "utf-8" else options.encoding,
        skiprows=options.skip_rows,
        skipfooter=options.skip_footer,
        quotechar=options.quote,
        dtype=str,
        keep_default_na=False,
        engine="python",
    )


def assert_equal(got: list[Any], texts: list[str], name: str, messy: MessyFile) -> None:
    null = messy.style.null
    if name in ("count", "amount"):
        assert got == [expected(text, messy.style) for text in texts]
    elif name == "flag":
        assert got == [None if text == null else text == "true" for text in texts]
    elif name == "day":
        days = [(pd.Timestamp(text) - pd.Timestamp(0)).days if text != null else None for text in texts]
        assert got == days
    else:
        assert got == texts
