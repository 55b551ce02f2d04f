"""docs/request-log.md is executed, and knows every option and every finding."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from forged_artifacts import GOLDEN_RIDES, RIDE, compile_pipeline, rides

from skc.skew.check import NOTES, Kind, check_log
from skc_runtime.log_options import LogOptions

TEXT = (Path(__file__).parents[2] / "docs" / "request-log.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("record", [RIDE, {**RIDE, "fare": "n/a"}], ids=["served", "refused"])
def test_the_example_runs(record: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compile_pipeline(rides(), "packed", GOLDEN_RIDES).write(tmp_path / "artifact")
    exec(
        re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)[0],
        {"record": record, "request_id": "9f"},
    )
    report = check_log([tmp_path / "logs"])
    assert report.is_whole
    assert (report.requests, report.served) == (1, int(record is RIDE))


def test_every_option_and_finding_is_explained() -> None:
    table = TEXT[TEXT.index("## Options") : TEXT.index("## What must not")]
    assert {f.name for f in fields(LogOptions)} <= {*re.findall(r"`(\w+)`", table)}
    rows = dict(re.findall(r"^\| (`.*`) \| (\d) \|", TEXT[TEXT.index("## What the check says") :], flags=re.MULTILINE))
    codes = {kind: int(code) for kinds, code in rows.items() for kind in re.findall(r"`([a-z-]+)`", kinds)}
    assert codes == {kind: int(kind not in NOTES) for kind in get_args(Kind)}
