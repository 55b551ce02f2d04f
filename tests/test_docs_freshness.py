"""docs/freshness.md is executed: its service logs what is planted, and its command prints what the page says."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from looked_up import BEGIN, HOUR, SECOND, training

import skc
import skc_runtime
from skc import cli

PAGE = Path(__file__).parents[1] / "docs" / "freshness.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
YAML = [text for kind, text in BLOCKS if kind == "yaml"]
PYTHON = [text for kind, text in BLOCKS if kind == "python"]
CONSOLE = [text for kind, text in BLOCKS if kind == "console"]


@dataclass
class Found:
    """What a store answers."""

    value: float | None
    time_us: int
    took_us: int
    is_hit: bool


def look_up(user: int) -> Found:
    """Eight of a hundred are missing, of which every third is a made-up 0; 15 of a hundred others are two hours old."""
    asked = BEGIN + user * SECOND
    if user % 100 >= 92:
        return Found(0.0 if user % 3 == 0 else None, 0, 900, False)
    return Found(1.5, asked - (2 * HOUR if user % 100 in range(0, 83, 6) else SECOND), 900, True)


def requests() -> list[dict[str, Any]]:
    return [{"id": f"r{k}", "user": k, "device": "phone", "time_us": BEGIN + k * SECOND} for k in range(1000)]


def test_the_service_and_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pipeline.yaml").write_text(YAML[0])
    ages = np.random.default_rng(1).uniform(0, 2, 200)
    pq.write_table(training(200, lambda k: timedelta(seconds=ages[k])), "training.parquet")
    assert cli.run(["compile", "pipeline.yaml"]) == cli.EQUAL
    exec(PYTHON[0], {"requests": requests, "look_up": look_up})
    assert len(CONSOLE) == 1
    command, _, printed = CONSOLE[0].removeprefix("$ ").partition("\n")
    capsys.readouterr()
    assert cli.run(shlex.split(command)[1:]) == cli.DIFFERENT
    assert capsys.readouterr().out == printed


def test_an_old_value_is_made_null(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(YAML[1])
    now = datetime(2025, 11, 1, tzinfo=UTC)
    rows = pa.table(
        {
            "now": [now] * 3,
            "last_click": [1.0, 2.0, 9.0],
            "last_click_at": [now - timedelta(seconds=k) for k in (1, 10, 11)],
        }
    )
    artifact = skc.compile(tmp_path / "pipeline.yaml", rows, tmp_path / "artifact").artifact
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        given = [{"now": 20_000_000, "last_click": 5.0, "last_click_at": at} for at in (10_000_000, 9_999_999, None)]
        features = transformer.transform(given)["x"]
    assert features.tolist() == [[5.0, 10.0], [1.5, 10.000001], [1.5, 3600.0]]
    assert artifact.freshness.of("last_click").as_of == "last_click_at"
