"""Every example, as a user runs it: compile, train on the features, serve a record."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from run import BUILD, onnxruntime_version, provide_onnxruntime
from toolchains import need

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


def program(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    return output([sys.executable, *arguments], folder, stdin, {})


def output(command: list[str], folder: Path, stdin: bytes, variables: dict[str, str]) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run(command, cwd=folder, input=stdin, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_folds_keep_the_target_of_a_row_out_of_its_features(tmp_path: Path) -> None:
    """The model that was trained without them believes more of its own rides than is true of others."""
    for name in ("rides", "folds"):
        ignored = shutil.ignore_patterns("artifact", "rides.csv", "__pycache__")
        shutil.copytree(RIDES.with_name(name), tmp_path / name, ignore=ignored)
    with_folds, without = program(tmp_path / "folds", "train.py").splitlines()
    own, other = (float(score) for score in re.findall(r"0\.\d+", with_folds))
    assert own - other < 0.05
    own, other = (float(score) for score in re.findall(r"0\.\d+", without))
    assert own - other > 0.1


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
    answers = [
        json.loads(a) for a in program(rides, "serve.py", stdin="\n".join(map(json.dumps, lines)).encode()).splitlines()
    ]
    assert 0 < answers[0]["tipped"] < 1
    assert [a.get("error") for a in answers] == [None, "invalid-value", "unknown-key", None]
    assert [a["status"] for a in answers] == [200, 400, 400, 200]
    assert answers[3] == answers[0]


BODIES = {
    b"{}": "missing-key",
    b"[]": None,
    b"": "malformed-json",
    b"null": "unsupported-data",
    b"17": "unsupported-data",
    b"no JSON": "malformed-json",
    b'{"zone": ': "malformed-json",
    b'{"zone": "\xff"}': "invalid-utf8",
    b"\xef\xbb\xbf{}": "malformed-json",
    b"[{}, 1]": "missing-key",
    b'{"columns": {}}': "missing-key",
    b"[" * 100_000: "malformed-json",
    b'{"zone": NaN}': "malformed-json",
}


def build_java() -> list[str]:
    need("java")
    return [str(RIDES / "java" / "serve")]


def build_go() -> list[str]:
    need("go")
    program = BUILD / "examples" / "go" / "serve"
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=RIDES / "go", check=True)
    return [str(program)]


def build_cpp() -> list[str]:
    need("cpp")
    folder = BUILD / "examples" / "cpp"
    options = ("-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "--log-level=WARNING")  # compiles in a third of the time
    subprocess.run(["cmake", "-S", str(RIDES / "cpp"), "-B", str(folder), *options], check=True)
    subprocess.run(["ninja", "--quiet", "-C", str(folder), "serve"], check=True)
    return [str(folder / "serve")]


@pytest.fixture(scope="module")
def requests(rides: Path) -> bytes:
    """Every 25th ride as a line of JSON, records that are refused, batches, other bytes, the first again."""
    with (rides / "data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::25]
    names = ("pickup", "zone", "driver", "passengers", "distance_km", "fare", "payment", "night")
    good = [{name: field(name, row[name]) for name in names} for row in rows]
    first = good[0]
    bad = [
        {**first, "pasengers": 1},
        {**first, "pickup": "2025-02-30 00:00:00"},
        {**first, "distance_km": None},
        {**first, "passengers": 1.5},
        {**first, "night": 1},
        {name: value for name, value in first.items() if name != "driver"},
        {**first, "driver": "a\0b"},
    ]
    edge = [{**first, "driver": "😀𠮷", "passengers": 2**53 + 1}, {**first, "distance_km": 3}, {**first, "zone": "💶"}]
    lines = [json.dumps(record).encode() for record in [*good, *edge, *bad]]
    several = [
        json.dumps(good[:3]).encode(),
        json.dumps({"columns": {n: [r[n] for r in edge[1:]] for n in names}}).encode(),
    ]
    return b"".join(line + b"\n" for line in [*lines, *several, *BODIES, lines[0]])


def field(name: str, text: str) -> object:
    if name in ("passengers", "distance_km", "fare"):
        return (int(text) if name == "passengers" else float(text)) if text else None
    return text == "true" if name == "night" else text


@pytest.mark.parametrize("build", [build_java, build_go, build_cpp], ids=["java", "go", "cpp"])
def test_other_languages_predict_what_python_predicts(
    build: Callable[[], list[str]], rides: Path, requests: bytes
) -> None:
    command = build()
    library = provide_onnxruntime(onnxruntime_version())
    told = output([*command, str(rides)], rides, requests, {"SKC_ONNXRUNTIME_LIBRARY": str(library)})
    got = [json.loads(line) for line in told.splitlines()]
    want = [json.loads(line) for line in program(rides, "serve.py", stdin=requests).splitlines()]
    assert len(got) == len(want) > 200
    assert [(a["status"], a.get("error")) for a in got] == [(a["status"], a.get("error")) for a in want]
    assert {a["error"] for a in want if "error" in a} >= {"unknown-key", "invalid-value", "null", "not-integral"}
    for a, b in zip(got, want, strict=True):
        assert a.get("tipped", 0) == pytest.approx(b.get("tipped", 0), abs=2e-6)


def test_no_body_ends_the_service(rides: Path, requests: bytes) -> None:
    """What is not a request is answered 400 with its code, and the next one is served."""
    answers = [json.loads(line) for line in program(rides, "serve.py", stdin=requests).splitlines()]
    *others, last = answers[-len(BODIES) - 1 :]
    assert {body: answer.get("error") for body, answer in zip(BODIES, others, strict=True)} == BODIES
    assert [answer["status"] for answer in others] == [200 if code is None else 400 for code in BODIES.values()]
    assert others[list(BODIES).index(b"[]")] == {"status": 200, "tipped": []}
    assert last == answers[0]
    three, edge = answers[-len(BODIES) - 3 : -len(BODIES) - 1]
    assert three["tipped"] == [answer["tipped"] for answer in answers[:3]]
    assert len(edge["tipped"]) == 2


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


MESSY = RIDES.parent / "messy"


def test_the_messy_file_is_what_the_generator_makes(tmp_path: Path) -> None:
    shutil.copytree(MESSY, tmp_path, dirs_exist_ok=True)
    (tmp_path / "sales.csv").unlink()
    program(tmp_path, "generate.py")
    assert (tmp_path / "sales.csv").read_bytes() == (MESSY / "sales.csv").read_bytes()


def test_a_draft_of_the_messy_file_compiles_without_an_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The committed draft is the one that `skc init` writes, and its numbers are those that Python reads."""
    shutil.copy(MESSY / "sales.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init", "sales.csv", "--target", "Retoure"]) == 0
    text = (tmp_path / "pipeline.yaml").read_text(encoding="utf-8")
    assert text == (MESSY / "pipeline.yaml").read_text(encoding="utf-8"), (
        "run `skc init` as examples/messy/README.md says"
    )
    assert cli.run(["compile", "pipeline.yaml", "-o", "artifact", "--rows", "500"]) == 0
    features = skc_features(tmp_path)
    lines = (tmp_path / "sales.csv").read_text(encoding="cp1252").splitlines()
    rows = list(csv.DictReader(lines[2:-1], delimiter=";"))
    prices = [float(row["Preis"].removesuffix(" €").replace(".", "").replace(",", ".")) for row in rows]
    mean = statistics.fmean(prices)
    scaled = [(price - mean) / statistics.pstdev(prices, mean) for price in prices]
    assert features["Preis"] == pytest.approx(scaled, abs=1e-5)
    month = [row["Bestellt am"].split(" ")[1] for row in rows]
    assert {m for m, sin in zip(month, features["Bestellt am_month_sin"], strict=True) if sin == 1} == {"April"}


def skc_features(folder: Path) -> dict[str, list[float]]:
    """The features of every row, by the name of the feature and the end of that of the column."""
    skc.transform(folder / "artifact", folder / "sales.csv", folder / "x.parquet")
    table = pq.read_table(folder / "x.parquet")
    parts = {"Preis": ("Preis", "Preis"), "Bestellt am_month_sin": ("month", "sin")}
    columns = {
        key: next(name for name in table.column_names if inside in name and name.endswith(end))
        for key, (inside, end) in parts.items()
    }
    return {key: table.column(name).to_pylist() for key, name in columns.items()}
