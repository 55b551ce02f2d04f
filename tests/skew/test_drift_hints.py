"""Every hint of `skc drift` and `skc profile` works: the command that follows it is not refused for the same reason."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from followed_hints import SMALL, Followed, follow

import skc
import skc_runtime

ROWS = "x,s,at\n" + "".join(f"{k % 7},{'abc'[k % 3]},2025-11-{k % 28 + 1:02}\n" for k in range(300))
DRIFT = ("drift", "rows.csv", "artifact")
PREDICTION = (*DRIFT, "--prediction", "at", "--reference")
FOLLOWED: Followed = {
    "give --by, or leave both out": ((*DRIFT, "--window", "1d"), (*DRIFT, "--window", "1d", "--by", "at")),
    "write 15m, 1h, 1d or 1w": (
        (*DRIFT, "--window", "1", "--by", "at"),
        (*DRIFT, "--window", "1h", "--by", "at"),
    ),
    "write one of minor, moderate, severe, columns>0.2": (
        (*DRIFT, "--fail-on", "often"),
        (*DRIFT, "--fail-on", "columns>0.2"),
    ),
    "name a column of timestamps, dates, microseconds since 1970 or texts in ISO 8601": (
        (*DRIFT, "--window", "1d", "--by", "x"),
        (*DRIFT, "--window", "1d", "--by", "at"),
    ),
    "name a column of string, int64, bool, date": ((*DRIFT, "--group", "x"), (*DRIFT, "--group", "s")),
    "name a column of the table": ((*DRIFT, "--group", "country"), (*DRIFT, "--group", "at")),
    "store it as numbers, texts, times or true and false": (
        ("drift", "lists.parquet", "artifact", "--group", "l"),
        ("drift", "lists.parquet", "artifact", "--group", "s"),
    ),
    "name the column of predictions": (
        (*DRIFT, "--prediction", "x", "--reference", "rows.csv"),
        (*PREDICTION, "rows.csv"),
    ),
    "freeze a table that has it with `skc profile`": ((*PREDICTION, "made.json"), (*PREDICTION, "all.json")),
    "give a file that `skc profile` wrote": ((*PREDICTION, "nowhere.json"), (*PREDICTION, "all.json")),
    "compare at least 100 rows with at least as many, or leave out --strict": (
        ("drift", "few.csv", "artifact", "--strict"),
        ("drift", "few.csv", "artifact"),
    ),
    "give a longer --window, or a column for --group that has fewer values": (
        ("drift", "long.csv", "artifact", "--window", "1s", "--by", "at"),
        ("drift", "long.csv", "artifact", "--window", "1d", "--by", "at"),
    ),
    "give rows of requests: their columns have the names of the inputs": (("drift", "others.csv", "artifact"), DRIFT),
    "log with features=full, and the outputs are compared as they were served; or hide fewer inputs": (
        ("drift", "digests", "hiding"),
        ("drift", "full", "hiding"),
    ),
    "compile the pipeline again without --no-profile, and without `profile: false`": (
        ("drift", "rows.csv", "without"),
        DRIFT,
    ),
    "give a file of YAML or JSON that has what `drift` of a pipeline.yaml has": (
        (*DRIFT, "--thresholds", "nowhere.yaml"),
        (*DRIFT, "--thresholds", "thresholds.yaml"),
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drift-hints")
    (folder / "pipeline.yaml").write_text(SMALL)
    (folder / "rows.csv").write_text(ROWS)
    (folder / "few.csv").write_text(ROWS[:300].rsplit("\n", 1)[0] + "\n")
    (folder / "others.csv").write_text("y\n1\n")
    (folder / "long.csv").write_text(
        "x,s,at\n" + "".join(f"1,a,2025-11-01 00:{k // 60 % 60:02}:{k % 60:02}\n" for k in range(1500))
    )
    (folder / "thresholds.yaml").write_text("measures: {psi: false}\n")
    pq.write_table(pa.table({"x": [1.0], "s": ["a"], "l": [[1]]}), folder / "lists.parquet")
    for name, profile in (("artifact", True), ("without", False)):
        options = {"rows": 0, "verify": False, "profile": profile}
        skc.compile(folder / "pipeline.yaml", folder / "rows.csv", folder / name, **options)
    (folder / "hiding.yaml").write_text(SMALL + "log: {omit: [x, s]}\n")
    skc.compile(folder / "hiding.yaml", folder / "rows.csv", folder / "hiding", rows=0, verify=False)
    for name, features in (("digests", "digest"), ("full", "full")):
        with (
            skc_runtime.load(folder / "hiding") as transformer,
            skc_runtime.Log.open(folder / name, transformer, features=features) as log,
        ):
            log.add("r", record := {"x": 1.0, "s": "a"}, transformer.transform_record(record))
    skc.write_profile(folder / "rows.csv", folder / "made.json", folder / "artifact")
    skc.write_profile(folder / "rows.csv", folder / "all.json")
    return folder


@pytest.mark.parametrize("words", FOLLOWED)
def test_a_command_that_follows_the_hint(
    words: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(FOLLOWED, words, home, monkeypatch, capsys)
