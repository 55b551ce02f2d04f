"""A log against an artifact that answers its requests again."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import skc
import skc_runtime
from skc import cli

PIPELINE = """\
skc: 1
name: small
inputs:
  fare: {type: float64, nullable: true, null_values: [-1.0]}
  zone: {type: string, nullable: true}
  driver: string
  at: string
features:
  fare: {from: fare, apply: [IMPUTE, standard_scale]}
  zone: {from: zone, apply: [{vocabulary: {top_k: 8, oov_buckets: 1}}]}
  driver: {from: driver, apply: [{hash_bucket: {buckets: 32}}]}
  at:
    from: at
    apply: [{parse_datetime: {format: "%Y-%m-%d", timezone: UTC, invalid: error}}, {datetime_part: {part: day}}]
outputs:
  x: {features: [fare, at], dtype: float32}
  ids: {features: [zone, driver], dtype: int64}
LOG
"""
MEDIAN, ZERO = "{impute: {strategy: median}}", "{impute: {strategy: constant, value: 0}}"


def rows(count: int) -> list[dict[str, Any]]:
    source = random.Random(4)
    return [
        {
            "fare": source.choice([None, -1.0]) if source.random() < 0.3 else round(source.lognormvariate(2.5, 0.7), 2),
            "zone": source.choice(["Harlem", "Queens", "Bronx", None]),
            "driver": source.choice(["Max", "Ada"]),
            "at": "2025-13-01" if source.random() < 0.02 else f"2025-11-{source.randint(1, 28):02}",
        }
        for _ in range(count)
    ]


ROWS = rows(400)
NULLS = sum(row["fare"] in (None, -1.0) for row in ROWS)


def compiled(folder: Path, impute: str, log: str = "") -> Path:
    good = [row for row in ROWS if row["at"] != "2025-13-01"]
    text = ["fare,zone,driver,at", *(",".join("" if v is None else str(v) for v in row.values()) for row in good)]
    (folder / "rows.csv").write_text("\n".join([*text, ""]))
    (folder / "pipeline.yaml").write_text(PIPELINE.replace("IMPUTE", impute).replace("LOG", log))
    skc.compile(folder / "pipeline.yaml", folder / "rows.csv", folder / "artifact", rows=0, verify=False)
    return folder / "artifact"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("old"), MEDIAN)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("new"), ZERO)


def served(
    folder: Path, artifact: Path, change: Callable[[dict[str, Any]], dict[str, Any]] = dict, **options: Any
) -> Path:
    """The log of a service, which computes features of a changed request."""
    transformer = skc_runtime.load(artifact)
    with skc_runtime.Log.open(folder / "log", transformer, **options) as log:
        for k, row in enumerate(ROWS):
            features: Mapping[str, Any] | None = None
            error = None
            try:
                features = transformer.transform_record(change(row))
            except skc_runtime.RecordError as refused:
                error = refused
            log.add(f"r{k}", row, features, error=error, prediction=0.5, latency_us=100)
    return folder / "log"


@pytest.mark.parametrize("features", ["digest", "full"])
def test_the_artifact_that_served_agrees(features: str, old: Path, tmp_path: Path) -> None:
    report = skc.shadow(served(tmp_path, old, features=features), old)
    assert (report.outcome, report.rows, report.share.differing) == ("agrees", len(ROWS), 0)
    assert report.refused[0] == report.refused[1] > 0
    assert report.notes == ()


def test_a_log_without_features_cannot_be_compared(old: Path, tmp_path: Path) -> None:
    with pytest.raises(skc.SkcError, match="have no predictions or features to compare") as error:
        skc.shadow(served(tmp_path, old, features="none"), old)
    assert error.value.code == "SKC687"


def test_a_new_artifact_differs_in_the_columns_that_changed(old: Path, new: Path, tmp_path: Path) -> None:
    report = skc.shadow(served(tmp_path, old, features="full"), new)
    assert report.outcome == "diverges"
    assert [one.name for one in report.fields] == ["x: fare"]  # another scaler too
    assert report.notes[0].startswith("the pipelines differ: ")


def test_digests_show_the_output_and_the_old_artifact_its_columns(old: Path, new: Path, tmp_path: Path) -> None:
    log = served(tmp_path, old)
    assert [one.name for one in skc.shadow(log, new).fields] == ["x"]
    by_column = skc.shadow(log, new, artifact=old)
    assert [one.name for one in by_column.fields] == ["x: fare"]
    assert by_column.share.differing == skc.shadow(log, new).share.differing


def test_a_cause_and_the_input(old: Path, tmp_path: Path) -> None:
    log = served(tmp_path, old, features="full")
    path = next(log.iterdir())
    serving = skc_runtime.load(old)
    zero, median = (
        f'"x":[{float(serving.transform_record({**ROWS[0], "fare": fare, "at": "2025-11-01"})["x"][0])!r},'
        for fare in (0.0, None)
    )
    lines = path.read_text().splitlines(keepends=True)
    is_null = ['"fare":null' in line or '"fare":-1.0' in line for line in lines]
    path.write_text(
        "".join(line.replace(median, zero if no else median) for line, no in zip(lines, is_null, strict=True))
    )
    report = skc.shadow(log, old)  # the service put 0 in place of nulls; the artifact does not
    assert [one.text for one in report.inputs] == ["fare null"]
    assert report.inputs[0].rows == NULLS
    assert report.fields[0].name == "x: fare"
    assert report.fields[0].cause is not None
    assert "in place of nulls (where input `fare` is null)" in report.fields[0].cause.text


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], str, str]] = {
    "dollars": (
        lambda row: {**row, "fare": row["fare"] and row["fare"] / 100 if row["fare"] != -1 else -1.0},
        "x: fare",
        "A has 0.01 times the value: in hundreds: a percentage or cents taken as they are (in input `fare`)",
    ),
    "next day": (
        lambda row: {**row, "at": row["at"][:-2] + f"{int(row['at'][-2:]) + 1:02}"},
        "x: at",
        "A has the time 1 d later",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_steps_of_the_artifact_say_more(name: str, old: Path, tmp_path: Path) -> None:
    """A is what the service computed of a changed request; B is the artifact."""
    change, field, text = CHANGES[name]
    report = skc.shadow(served(tmp_path, old, change, features="full"), old, compare="all")
    assert text in skc.render(report)
    assert report.fields[0].name == field


def test_what_a_log_hides_is_not_compared(tmp_path: Path) -> None:
    artifact = compiled(tmp_path, MEDIAN, "log: {omit: [driver], hash: [zone]}")
    for features in ("full", "digest"):
        folder = tmp_path / features
        folder.mkdir()
        report = skc.shadow(served(folder, artifact, features=features, salt="secret"), artifact)
        assert (report.outcome, report.share.differing, report.rows) == ("agrees", 0, len(ROWS))
        assert report.notes == ("left out of the log, or hashed there: `driver`, `zone`",)


def test_the_command(old: Path, new: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = str(served(tmp_path, old))
    assert cli.run(["shadow", log, str(old)]) == cli.EQUAL
    assert cli.run(["shadow", log, str(new), "--artifact", str(old)]) == cli.DIFFERENT
    assert "x: fare: feature differs in" in capsys.readouterr().out
