"""The pipeline of `orders` compiled once, and a copy of it to work in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from orders import PIPELINE, ROWS, write_csv
from sharing import Share

import skc


@pytest.fixture(scope="session")
def home(share: Share) -> Path:
    """A folder with a pipeline, its data and its artifact; nobody changes them."""
    return share("orders", compile_orders)


def compile_orders(folder: Path) -> None:
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    write_csv(folder / "rows.csv", ROWS)
    done = skc.compile(folder / "pipeline.yaml", folder / "rows.csv", folder / "artifact", rows=500)
    assert done.path is not None


@pytest.fixture
def here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to work in, as the current folder."""
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
