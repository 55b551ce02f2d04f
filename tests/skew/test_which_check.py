"""docs/which-check-when.md: every command runs as it is there, and exits with 1 for a fault that it is there for."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sharing import Share

import skc
import skc_runtime
from skc import cli
from skc_runtime import SkcRuntimeError

PAGE = Path(__file__).parents[2] / "docs" / "which-check-when.md"
COMMANDS = list(dict.fromkeys(re.findall(r"^\| [^|]*\| `(skc .*?)` \|", PAGE.read_text("utf-8"), re.MULTILINE)))
NOON = 1_764_504_000_000_000
HOUR = 3_600_000_000
ROWS = 600
PIPELINE = """\
skc: 1
name: users
data: {path: rows.parquet, event_time: at}
inputs:
  amount: float64
  plan: string
  spend: {type: float64, nullable: true, max_age: 1h, as_of: spend_at}
features:
  amount: {from: amount, apply: [standard_scale]}
  plan: {from: plan, apply: [ordinal]}
  spend: {from: spend, apply: [{impute: {strategy: median}}]}
outputs: {x: {features: [amount, plan, spend], dtype: float32}}
"""


def rows_of(seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    at = NOON + np.arange(ROWS) * 1_000_000
    return pa.table(
        {
            "user_id": np.arange(ROWS),
            "at": pa.array(at, pa.timestamp("us", "UTC")),
            "amount": rng.normal(50, 20, ROWS),
            "plan": [["free", "pro", "team"][k] for k in rng.integers(0, 3, ROWS)],
            "spend": rng.normal(9, 2, ROWS),
            "spend_at": pa.array(at - rng.integers(0, HOUR // 2, ROWS), pa.timestamp("us", "UTC")),
        }
    )


def serve(folder: Path, rows: pa.Table, *, old: int = 0, factor: float = 1.0) -> None:
    """A log of all rows, with what was looked up `old` microseconds ago."""
    shutil.rmtree(folder / "logs", ignore_errors=True)
    with (
        skc_runtime.load(folder / "artifact") as transformer,
        skc_runtime.Log.open(folder / "logs", transformer, on_full="wait", features="full") as log,
    ):
        for row in rows.to_pylist():
            record = {name: row[name] for name in ("amount", "plan", "spend")}
            time_us, as_of = (int(row[name].timestamp() * 1e6) for name in ("at", "spend_at"))
            features = transformer.transform_record(record)
            served = {name: values * np.float32(factor) for name, values in features.items()}
            more: dict[str, Any] = {
                "as_of": {"spend": as_of - old},
                "fetched_us": {"spend": 900},
                "hit": {"spend": True},
            }
            log.add(str(row["user_id"]), record, served, time_us=time_us, **more)


def export(folder: Path, rows: pa.Table) -> None:
    with (folder / "online.jsonl").open("w") as lines:
        for row in rows.to_pylist():
            lines.write(json.dumps({"key": row["user_id"], "value": {"spend": row["spend"]}}) + "\n")


def make(folder: Path) -> None:
    folder.mkdir()
    rows = rows_of(1)
    pq.write_table(rows, folder / "rows.parquet")
    pq.write_table(rows.select(["user_id", "at", "spend"]), folder / "users.parquet")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    skc.compile(folder / "pipeline.yaml", out=folder / "artifact", rows=0, verify=False)
    for name in ("released", "retrained"):
        shutil.copytree(folder / "artifact", folder / name)
    serve(folder, rows_of(2))
    export(folder, rows)


@pytest.fixture(scope="module")
def clean(share: Share) -> Path:
    return share("which-check", make)


@pytest.fixture
def home(clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(clean, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_found_where_nothing_is_wrong(command: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.run(shlex.split(command)[1:])
    assert code == cli.EQUAL, capsys.readouterr()


@dataclass(frozen=True)
class Fault:
    """What goes wrong in a folder, and the exit code of the command that is there for it."""

    begins: str
    plant: Callable[[Path], None]
    code: int = cli.DIFFERENT


def column(rows: pa.Table, name: str, values: Any) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), name, pa.array(values, rows[name].type))


def other_artifact(name: str) -> Callable[[Path], None]:
    """One whose training had no `free`, so that the others have other numbers."""

    def plant(folder: Path) -> None:
        rows = rows_of(1)
        plans = ["pro" if plan == "free" else plan for plan in rows["plan"].to_pylist()]
        skc.compile(
            folder / "pipeline.yaml", column(rows, "plan", plans), folder / name, rows=0, verify=False, force=True
        )

    return plant


def damage_log(folder: Path) -> None:
    (file,) = (folder / "logs").iterdir()
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:10] + lines[20:]))


def null_in_training(folder: Path) -> None:
    rows = rows_of(1)
    pq.write_table(column(rows, "amount", [None, *rows["amount"].to_pylist()[1:]]), folder / "rows.parquet")


def another_unit(folder: Path) -> None:
    rows = rows_of(3)
    pq.write_table(column(rows, "amount", rows["amount"].to_numpy() * 100), folder / "rows.parquet")


def stale_store(folder: Path) -> None:
    rows = rows_of(1)
    export(folder, column(rows, "spend", [*rows_of(4)["spend"].to_pylist()[:5], *rows["spend"].to_pylist()[5:]]))


def drifted(folder: Path) -> None:
    rows = rows_of(2)
    serve(folder, column(rows, "amount", rows["amount"].to_numpy() + 60))


FAULTS = (
    Fault("skc check", null_in_training, cli.USER),
    Fault("skc compile", null_in_training, cli.USER),
    Fault("skc diff released", other_artifact("released")),
    Fault("skc shadow", other_artifact("artifact")),
    Fault("skc log check", damage_log),
    Fault("skc replay", lambda folder: serve(folder, rows_of(2), factor=1.5)),
    Fault("skc drift logs", drifted),
    Fault("skc freshness logs artifact", lambda folder: serve(folder, rows_of(2), old=2 * HOUR)),
    Fault("skc parity", stale_store),
    Fault("skc drift rows", another_unit),
    Fault("skc freshness logs artifact --training", lambda folder: serve(folder, rows_of(2), old=HOUR // 2)),
    Fault("skc diff artifact", other_artifact("retrained")),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.begins)
def test_a_fault_is_found_by_its_check(fault: Fault, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = next(c for c in COMMANDS if c.startswith(fault.begins))
    fault.plant(home)
    assert cli.run(shlex.split(command)[1:]) == fault.code, capsys.readouterr()


def test_every_command_of_the_page_has_a_fault() -> None:
    """But `verify`: its faults are planted by `skc verify --self-check`."""
    without = [c for c in COMMANDS if not any(c.startswith(fault.begins) for fault in FAULTS)]
    assert without == ["skc verify artifact"]
    assert len(COMMANDS) == 13


def test_at_load_and_per_request(home: Path) -> None:
    with pytest.raises(SkcRuntimeError) as other:
        skc_runtime.load(home / "artifact", expect="0" * 64)
    assert other.value.code == "identity-mismatch"
    with skc_runtime.load(home / "artifact") as transformer, pytest.raises(SkcRuntimeError) as refused:
        transformer.transform_record({"amount": None, "plan": "pro", "spend": 1.0})
    assert refused.value.code == "null"
