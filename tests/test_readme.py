"""README is executed: its pipeline compiles, its snippet serves, its table of ops is current."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated import readme

import skc

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
ROWS = """\
pickup,distance,fare,payment
2025-11-01 08:00:00,1.5,9.5,card
2025-11-02 01:30:00,3.2,,cash
2025-11-02 23:10:00,0.0,5.25,
2025-11-03 17:45:10,12.4,44.0,card
"""


def block(language: str, number: int = 0) -> str:
    """A code block of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)[number]


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pipeline.yaml").write_text(block("yaml"), encoding="utf-8")
    (tmp_path / "data.csv").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    done = skc.compile("pipeline.yaml", out="artifact", rows=500)
    assert done.report is not None
    assert done.report.is_equal, skc.render(done.report)
    names: dict[str, Any] = {}
    exec(block("python"), names)
    features = names["transformer"].transform(names["row"])["x"]
    assert features.dtype == np.float32
    assert features.shape == (len(done.artifact.manifest.outputs[0].columns),)
    assert not np.isnan(features).any()
    (bare,) = [
        code
        for code in re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
        if "InferenceSession(" in code
    ]
    exec(bare, names)  # the same row, without a runtime
    assert names["x"][0].tobytes() == features.tobytes()


TOUR = [
    {
        "amount": amount,
        "weight": weight,
        "units": 1 + i,
        "city": city,
        "at": f"2025-05-{1 + i:02}T10:00:00+02:00",
        "day": day,
        "born": f"{3 + i}. März {85 + i}",
    }
    for i, (amount, weight, city, day) in enumerate(
        [
            (2.5, 30.0, "Oslo", "2025-05-01"),
            (-1, None, "", "2025-05-02"),
            ("NA", 0.5, "Rome", "2025-05-03"),
            (7, 1.0, None, "2025-06-01"),
        ]
    )
]


def test_the_tour_compiles(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(block("yaml", 1), encoding="utf-8")
    rows = tmp_path / "orders.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in TOUR), encoding="utf-8")
    done = skc.compile(tmp_path / "pipeline.yaml", rows, rows=500)
    assert done.report is not None
    assert done.report.is_equal, skc.render(done.report)
    assert done.stages[0].rows == 3, "`where` leaves out June"
    assert {warning.code for warning in done.warnings} == {"SKC231", "SKC234"}, "three rows show little"


def test_every_command_of_the_table_exists() -> None:
    from typer.main import get_command

    from skc.cli import app

    commands = set(get_command(app).commands)  # type: ignore[attr-defined]  # an app with several commands is a group
    assert set(re.findall(r"^\| `skc (\w+)", README, flags=re.MULTILINE)) == commands


def test_the_table_of_ops_is_current() -> None:
    """`make generated` writes it."""
    assert readme(README) == README
