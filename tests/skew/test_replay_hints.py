"""Every hint of `skc replay` works: the command that follows it is not refused for the same reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from followed_hints import SMALL, Followed, follow
from served_rides import BEGIN, write_log

import skc
import skc_runtime

NAMES = [chr(ord("a") + k % 26) * (1 + k // 26) for k in range(30)]
ROWS = [{"x": float(k), "s": NAMES[k]} for k in range(30)]
REPLAY = ("replay", "log.jsonl", "artifact")
TRAINED = (*REPLAY, "--training", "rows.csv", "--key")
TIMES = (*TRAINED, "id=ride", "--time")
FOLLOWED: Followed = {
    "write one of served, training, lost, served>0.001, training>0.001, lost>0.001": (
        (*REPLAY, "--fail-on", "often"),
        (*REPLAY, "--fail-on", "lost>0.001"),
    ),
    "write id=COLUMN, key=COLUMN or INPUT=COLUMN": ((*TRAINED, "id="), (*TRAINED, "id=ride")),
    "give --key, or leave both out": ((*REPLAY, "--training", "rows.csv"), REPLAY),
    "give --training and --key, or leave --time out": ((*REPLAY, "--time", "at"), REPLAY),
    "give some with --training and --key": (
        (*REPLAY, "--fail-on", "training"),
        (*TRAINED, "id=ride", "--fail-on", "training"),
    ),
    "give another key: this input is left out of the log, or hashed": (
        ("replay", "hidden.jsonl", "hiding", "--training", "rows.csv", "--key", "s"),
        ("replay", "hidden.jsonl", "hiding", "--training", "rows.csv", "--key", "id=ride"),
    ),
    "the key is `id`, `key`, or one of the inputs": ((*TRAINED, "country=ride"), (*TRAINED, "id=ride")),
    "the keys of the log are those of the table, in lower case: write them the same way in the table": (
        (*TRAINED, "id=upper"),
        (*TRAINED, "id=ride"),
    ),
    "`s` of the log is in that column: give --key s=user": ((*TRAINED, "id=user"), (*TRAINED, "s=user")),
    "give the column of the training table that has the key of a request, as --key id=COLUMN": (
        (*TRAINED, "id=place"),
        (*TRAINED, "id=ride"),
    ),
    "give the artifact that served it; --own-plan leaves it out, --any-plan compares it": (
        ("replay", "log.jsonl", "squared"),
        ("replay", "log.jsonl", "squared", "--any-plan"),
    ),
    "give one of them": ((*REPLAY, "--any-plan", "--own-plan"), (*REPLAY, "--own-plan")),
    "give the artifact that served them": (("replay", "log.jsonl", "squared", "--own-plan"), REPLAY),
    "give a log that has requests: `skc log check` says what is in it": (("replay", "empty.jsonl", "artifact"), REPLAY),
    "give other times for --since and --until": (
        (*REPLAY, "--since", "2035-01-01"),
        (*REPLAY, "--since", "2025-01-01"),
    ),
    "give a day of UTC, or a time with its zone, such as 2025-11-10 or 2025-11-10T08:00:00Z": (
        (*REPLAY, "--since", "2025-11-10T08:00:00"),
        (*REPLAY, "--since", "2025-11-10T08:00:00Z"),
    ),
    "name a column of timestamps, dates, microseconds since 1970 or texts in ISO 8601": (
        (*TIMES, "x"),
        (*TIMES, "at"),
    ),
    "store it in the type of the feature, or under another name": (
        ("replay", "log.jsonl", "squared", "--any-plan", "--training", "texts.csv", "--key", "id=ride"),
        ("replay", "log.jsonl", "squared", "--any-plan", "--training", "rows.csv", "--key", "id=ride"),
    ),
    "give the column of their times with --time": (
        (*REPLAY, "--training", "several.csv", "--key", "id=ride"),
        (*REPLAY, "--training", "several.csv", "--key", "id=ride", "--time", "at"),
    ),
    "keep one row of each key": (
        (*REPLAY, "--training", "twice.csv", "--key", "id=ride", "--time", "at"),
        (*TIMES, "at"),
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replay-hints")
    (folder / "pipeline.yaml").write_text(SMALL)
    (folder / "hiding.yaml").write_text(SMALL + "log: {omit: [s]}\n")
    squared = "features: {twice: {expr: x * x}}\noutputs: {out: {features: [twice], dtype: float64}}\n"
    (folder / "squared.yaml").write_text(SMALL.partition("outputs")[0] + squared)
    head = "ride,upper,user,place,x,s,at"
    rows = [f"r{k},R{k},{NAMES[k]},{'xyz'[k % 3] * (k + 9)},{k}.0,{NAMES[k]},{BEGIN - 5}" for k in range(30)]
    (folder / "rows.csv").write_text("\n".join([head, *rows, ""]))
    (folder / "several.csv").write_text("\n".join([head, *rows, rows[0].rpartition(",")[0] + f",{BEGIN - 9}", ""]))
    (folder / "twice.csv").write_text("\n".join([head, *rows, rows[0], ""]))
    (folder / "texts.csv").write_text("\n".join(["ride,x,twice", *(f"r{k},{k}.0,many" for k in range(30)), ""]))
    for name, pipeline in (("artifact", "pipeline"), ("hiding", "hiding"), ("squared", "squared")):
        skc.compile(folder / f"{pipeline}.yaml", folder / "rows.csv", folder / name, rows=20, verify=False)
    with skc_runtime.load(folder / "artifact") as transformer:
        write_log(folder / "log.jsonl", transformer, ROWS)
        write_log(folder / "empty.jsonl", transformer, [])
    with skc_runtime.load(folder / "hiding") as transformer:
        write_log(folder / "hidden.jsonl", transformer, ROWS)
    return folder


@pytest.mark.parametrize("words", FOLLOWED)
def test_a_command_that_follows_the_hint(
    words: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(FOLLOWED, words, home, monkeypatch, capsys)
