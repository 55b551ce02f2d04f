"""Every hint of `skc freshness` works: the command that follows it is not refused for the same reason."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow.csv as pa_csv
import pytest
from followed_hints import Followed, follow
from looked_up import BEGIN, PIPELINE, SECOND, served, training

import skc

MEASURE = ("freshness", "log", "plain")
TRAINING = (*MEASURE, "--training", "training.csv")
BOTH = ("--event", "shown_at", "--feature-time", "last_click=last_click_at")
FOLLOWED: Followed = {
    "write one of hit_rate, age, fetch, future, training, leak, unlogged, stale>0.01, misses>0.01, defaults>0.01": (
        (*MEASURE, "--fail-on", "often"),
        (*MEASURE, "--fail-on", "age,stale>0.01"),
    ),
    "give --training, or leave out --event and --feature-time": ((*MEASURE, *BOTH), (*TRAINING, *BOTH)),
    "let the service pass as_of=, fetched_us= or hit= to `log.add`": (("freshness", "silent"), ("freshness", "log")),
    "give a log of at least 100 look-ups, or leave out --strict": (
        ("freshness", "few", "--strict"),
        ("freshness", "log", "--strict"),
    ),
    "give --event COLUMN, or declare `data: {event_time: COLUMN}` and compile again": (
        (*TRAINING, *BOTH[2:]),
        (*TRAINING, *BOTH),
    ),
    "give --feature-time INPUT=COLUMN, or declare `as_of: COLUMN` of the input and compile again": (
        (*TRAINING, *BOTH[:2]),
        ("freshness", "declared-log", "declared", "--training", "training.csv"),
    ),
    "give training rows that have them, or name other columns": (
        (*MEASURE, "--training", "none.csv", *BOTH),
        (*TRAINING, *BOTH),
    ),
    "write --feature-time INPUT=COLUMN": ((*TRAINING, *BOTH[:3], "last_click_at"), (*TRAINING, *BOTH)),
    "name an input of the pipeline": (
        (*TRAINING, *BOTH[:3], "weather=last_click_at"),
        (*TRAINING, *BOTH),
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("freshness-hints")
    pa_csv.write_csv(training(120, lambda k: timedelta(seconds=k)), folder / "training.csv")
    header, first, *_ = (folder / "training.csv").read_text().split("\n")
    cells = first.split(",")
    cells[header.replace('"', "").split(",").index("last_click_at")] = ""
    (folder / "none.csv").write_text(f"{header}\n{','.join(cells)}\n")
    plain = PIPELINE.replace(", max_age: 10s, as_of: last_click_at", "").replace(", event_time: shown_at", "")
    for name, text in (("plain", plain), ("declared", PIPELINE)):
        (folder / "pipeline.yaml").write_text(text)
        skc.compile(folder / "pipeline.yaml", out=folder / name, verify=False)

    def of(k: int) -> dict[str, dict[str, int]]:
        return {"as_of": {"last_click": BEGIN + k * SECOND - SECOND}}

    served(folder / "plain", folder / "log", 120, of)
    served(folder / "declared", folder / "declared-log", 120, of)
    served(folder / "plain", folder / "few", 20, of)
    served(folder / "plain", folder / "silent", 3, lambda k: {})
    return folder


@pytest.mark.parametrize("words", FOLLOWED)
def test_a_command_that_follows_the_hint(
    words: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(FOLLOWED, words, home, monkeypatch, capsys)
