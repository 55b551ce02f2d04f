"""`skc replay` of inputs and outputs of every type, with nulls, and of logs whose lines are anything."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from served_rides import write_log
from sharing import Share

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc_runtime import Transformer

PIPELINE = """\
skc: 1
name: kinds
inputs:
  f: {type: float64, nullable: true}
  g: {type: float32, nullable: true}
  i: {type: int64, nullable: true}
  b: {type: bool, nullable: true}
  s: {type: string, nullable: true}
  t: {type: timestamp, nullable: true}
  d: {type: date, nullable: true}
  c: {type: time, nullable: true}
features:
  category: {from: s, apply: [{ordinal: {unknown: error}}]}
  scaled: {from: f, apply: [{impute: {strategy: mean}}, standard_scale]}
outputs:
  narrow: {features: [scaled, g], dtype: float32}
  wide: {features: [f, scaled], dtype: float64}
  whole: {features: [i, category, t, d, c], dtype: int64}
  flag: {features: [b], dtype: bool}
  text: {features: [s], dtype: string}
"""
FLOATS = (0.0, -0.0, 1.5, 1e300, float("inf"), float("-inf"), 5e-324, None)


def record(source: random.Random) -> dict[str, Any]:
    values: dict[str, Any] = {
        "f": source.choice(FLOATS),
        "g": source.choice((0.1, -0.0, 3e38, float("inf"), None)),
        "i": source.choice((0, -1, 2**53 + 1, 2**63 - 1, -(2**63), None)),
        "b": source.choice((True, False, None)),
        "s": source.choice(("a", "é", "😀", "", 'a "quoted"\n', None)),
        "t": source.choice((0, 1_763_000_000_000_001, -1, None)),
        "d": source.choice(("2025-11-10", None)),
        "c": source.choice(("17:30", "00:00:00.000001", None)),
    }
    return {name: value for name, value in values.items() if source.random() < 0.9}


ROWS = [record(random.Random(k)) for k in range(400)]


def make(folder: Path) -> None:
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    training = pa.table(
        {
            "f": pa.array([1.0, 2.0, None, 4.0]),
            "g": pa.array([1.0, 2.0, None, 4.0], pa.float32()),
            "i": pa.array([1, 2, None, 4]),
            "b": pa.array([True, False, None, True]),
            "s": pa.array(["a", "é", "😀", 'a "quoted"\n']),
            "t": pa.array([1, 2, 3, None], pa.timestamp("us", "UTC")),
            "d": pa.array([1, 2, 3, None], pa.int32()).cast(pa.date32()),
            "c": pa.array([1, 2, 3, None], pa.int64()).cast(pa.time64("us")),
        }
    )
    for signature in ("packed", "columns"):
        skc.compile(
            folder / "pipeline.yaml",
            training,
            folder / signature,
            signature=signature,
            rows=0,
            verify=False,  # type: ignore[arg-type]  # one of two words
        )


@pytest.fixture(scope="module")
def home(share: Share) -> Path:
    return share("kinds-replayed", make)


@pytest.fixture(scope="module")
def transformer(home: Path) -> Transformer:
    return skc_runtime.load(home / "packed")


@pytest.mark.parametrize("signature", ["packed", "columns"])
@pytest.mark.parametrize("features", ["digest", "full"])
def test_values_of_every_type_are_the_same_again(features: Any, signature: str, home: Path, tmp_path: Path) -> None:
    with skc_runtime.load(home / signature) as transformer:
        write_log(tmp_path / "log.jsonl", transformer, ROWS, features=features)
    report = skc.replay(tmp_path / "log.jsonl", home / signature)
    assert report.is_equal, skc.render(report)
    assert 0 < report.refused < len(ROWS) // 2  # the empty text is an unknown category
    compared = report.requests - report.refused
    assert [output.digests for output in report.outputs] == [compared * (features == "digest")] * 5
    assert {column.rows for column in report.columns} <= {compared}


CHANGED: dict[str, tuple[str, int, Any]] = {
    "g": ("narrow", 1, lambda v: np.where(v == np.float32(0.1), np.float32(0.2), v)),
    "f": ("wide", 0, lambda v: np.where(v == 1.5, 1.5000000000000002, v)),
    "i": ("whole", 0, lambda v: np.where(v == 2**53 + 1, 2**53, v)),
    "b": ("flag", 0, lambda v: ~v),
    "s": ("text", 0, lambda v: np.array([t.upper() for t in v], dtype=object)),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_change_of_every_type_is_found(name: str, home: Path, transformer: Transformer, tmp_path: Path) -> None:
    output, k, change = CHANGED[name]

    def own(features: Mapping[str, Any], records: Any) -> Mapping[str, Any]:
        changed = {one: array.copy() for one, array in features.items()}
        changed[output][:, k] = change(changed[output][:, k])
        return changed

    write_log(tmp_path / "log.jsonl", transformer, ROWS, own=own)
    report = skc.replay(tmp_path / "log.jsonl", home / "packed")
    assert {column.column for column in report.found} == {name}, skc.render(report)
    for form in ("text", "json", "html"):
        assert name in skc.render(report, form)  # type: ignore[arg-type]  # one of the formats


def test_a_null_for_a_value_is_found(home: Path, transformer: Transformer, tmp_path: Path) -> None:
    """By its companion `valid`, or as null in the place of a value."""

    def own(features: Mapping[str, Any], records: Any) -> Mapping[str, Any]:
        return {**features, "flag.valid": np.zeros_like(features["flag.valid"])}

    write_log(tmp_path / "log.jsonl", transformer, ROWS, own=own)
    report = skc.replay(tmp_path / "log.jsonl", home / "packed")
    (column,) = report.found
    assert column.column == "b"
    assert {example.served for example in column.examples} == {None}


def mangled(line: str, source: random.Random) -> str:
    """A line with something else in one place."""
    value = json.loads(line)
    place, key = value, source.choice(list(value))
    while isinstance(place[key], dict) and place[key] and source.random() < 0.8:
        place = place[key]
        key = source.choice(list(place))
    anything = (None, True, 0, -1, 1.5, 2**70, "x", "NaN", [], [1], {}, {"other": True}, {"int": "5"}, {"float": "a"})
    if source.random() < 0.2:
        del place[key]
    else:
        place[key] = source.choice(anything)
    return json.dumps(value)


@pytest.mark.parametrize("seed", range(12))
def test_a_log_of_anything_is_read(seed: int, home: Path, transformer: Transformer, tmp_path: Path) -> None:
    source = random.Random(seed)
    write_log(tmp_path / "log.jsonl", transformer, ROWS[:60], features="full" if seed % 2 else "digest")
    head, *lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [mangled(line, source) if source.random() < 0.7 else line for line in lines]
    (tmp_path / "log.jsonl").write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    try:
        report = skc.replay(tmp_path / "log.jsonl", home / "packed")
    except SkcError as error:
        assert error.code == "SKC630"
        return
    assert report.is_refused
    for form in ("text", "json", "junit", "github", "html"):
        assert skc.render(report, form)  # type: ignore[arg-type]  # one of the formats


def test_many_columns_that_differ_are_all_reported(tmp_path: Path) -> None:
    """The reasons of the first hundred are looked for."""
    names = [f"c{k}" for k in range(110)]
    inputs = "".join(f"  {name}: float64\n" for name in names)
    features = f"features:\n  all: {{from: [{', '.join(names)}], apply: [log1p, standard_scale]}}\n"
    head = f"skc: 1\nname: wide\ninputs:\n{inputs}"
    (tmp_path / "p.yaml").write_text(f"{head}{features}outputs: {{x: {{features: [all], dtype: float32}}}}\n")
    table = pa.table({name: np.random.default_rng(k).gamma(2, 3, 60) for k, name in enumerate(names)})
    skc.compile(tmp_path / "p.yaml", table, tmp_path / "a", rows=0, verify=False)

    def own(features: Mapping[str, Any], records: Any) -> Mapping[str, Any]:
        return {"x": (features["x"].astype(np.float64) * 1.07 + 0.2).astype(np.float32)}

    with skc_runtime.load(tmp_path / "a") as transformer:
        write_log(tmp_path / "log.jsonl", transformer, table.to_pylist(), own=own)
    report = skc.replay(tmp_path / "log.jsonl", tmp_path / "a")
    assert len(report.found) == 110
    assert sum(column.reason is not None and "1.07·x + 0.2" in column.reason.text for column in report.found) == 100
    assert "not looked for: many columns differ" in skc.render(report)
