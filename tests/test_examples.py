"""Every example, as a user runs it: compile, train on the features, serve a record."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import skc
from skc import cli

RIDES = Path(__file__).parents[1] / "examples" / "rides"


@pytest.fixture(scope="module")
def rides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example with its artifact and its model."""
    folder = tmp_path_factory.mktemp("examples") / "rides"
    shutil.copytree(RIDES, folder, ignore=shutil.ignore_patterns("artifact", "model.json", "__pycache__"))
    assert cli.run(["compile", str(folder / "pipeline.yaml"), "--out", str(folder / "artifact")]) == 0
    done = program(folder, "train.py")
    assert "AUC" in done
    return folder


def program(folder: Path, *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_data_is_what_the_generator_makes(rides: Path) -> None:
    committed = (RIDES / "data.csv").read_bytes()
    (rides / "data.csv").unlink()
    program(rides, "generate.py")
    assert (rides / "data.csv").read_bytes() == committed


def test_serving_answers_records_and_refuses_bad_ones(rides: Path) -> None:
    good = {
        "pickup": "2025-11-02 01:30:00",
        "zone": "Åsgård",
        "driver": "😀 Max",
        "passengers": 2,
        "distance_km": 1.0,
        "fare": 8.5,
        "payment": "cash",
        "night": True,
    }
    lines = [good, {**good, "pickup": "2025-02-30 00:00:00"}, {**good, "pasengers": 1}, good]
    answers = [json.loads(a) for a in program(rides, "serve.py", stdin="\n".join(map(json.dumps, lines))).splitlines()]
    assert 0 < answers[0]["tipped"] < 1
    assert [a.get("error") for a in answers] == [None, "invalid-value", "unknown-key", None]
    assert answers[3] == answers[0]


def test_the_demo_runs(rides: Path) -> None:
    assert "tipped" in json.loads(program(rides, "serve.py", "--demo"))


def test_both_signatures_give_the_same_features(rides: Path, tmp_path: Path) -> None:
    import skc_runtime

    rows = [
        json.loads(line) for line in (rides / "artifact" / "golden.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    ]
    skc.compile(rides / "pipeline.yaml", out=tmp_path / "packed", signature="packed", verify=False)
    with skc_runtime.load(rides / "artifact") as one, skc_runtime.load(tmp_path / "packed") as other:
        served = 0
        for row in rows:
            record = skc_runtime.golden.decode_record(one.manifest, row["record"])
            if "error" in row:
                with pytest.raises(skc_runtime.RecordError) as error:
                    other.transform(record)
                assert error.value.code == row["error"]["code"]
                continue
            served += 1
            a, b = one.transform(record), other.transform(record)
            assert all(a[name].tobytes() == b[name].tobytes() for name in a)
        assert served > 10
