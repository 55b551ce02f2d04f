"""The JSON Schemas hold for all that skc writes (manifest, plan, golden, profile, report), and refuse damage."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import onnx
import pyarrow as pa
import pytest
from generated import PLAN_SCHEMA, plan_schema
from looked_up import BEGIN, PIPELINE, served, training
from parity_tables import make, make_store, offline_of, plant
from planted_skew import PLANTED as SKEWED
from referencing import Registry, Resource
from served_rides import write_log
from shadow_services import answers, command, log_file, requests_file, rides
from skewed_rides import PLANTED, week
from skewed_rides import rides as table_of_rides

import skc
import skc_runtime
from skc.artifact import MODEL, Artifact, write
from skc.environment_matrix import EVALUATOR, Environment, Matrix, record_of
from skc.ops import OPS
from skc.skew.parity.report import ParityReport
from skc.skew.replay.report import NotRecomputed
from skc.skew.report import DriftReport
from skc.verification.run import Options, verify
from skc_runtime.errors import CODES

SCHEMAS = Path(__file__).parents[1] / "schemas"
RIDES = Path(__file__).parents[1] / "examples" / "rides" / "pipeline.yaml"


def validator(name: str) -> jsonschema.Draft202012Validator:
    schemas = {path.name: json.loads(path.read_bytes()) for path in SCHEMAS.glob("*.schema.json")}
    registry = Registry().with_resources((key, Resource.from_contents(schema)) for key, schema in schemas.items())
    return jsonschema.Draft202012Validator(schemas[f"{name}.v1.schema.json"], registry=registry)


@pytest.fixture(scope="module")
def made() -> skc.Compiled:
    """The bundled example, compiled in memory."""
    return skc.compile(RIDES, rows=500)


def add_to_a_constant(artifact: Artifact) -> Artifact:
    """The artifact with one number of its model moved, so that a report has differences."""
    model = onnx.load_from_string(artifact.files[MODEL])
    learned = {v for s in artifact.pipeline.steps if s.op == "standard_scale" for v in s.state.mean}
    moved = 0
    for node in model.graph.node:
        value = onnx.numpy_helper.to_array(node.attribute[0].t) if node.op_type == "Constant" else np.zeros(0)
        if value.dtype == np.float64 and learned & set(value.ravel().tolist()):
            node.attribute[0].t.CopyFrom(onnx.numpy_helper.from_array(value + 0.5))
            moved += 1
    assert moved
    return replace(artifact, files={**artifact.files, MODEL: model.SerializeToString()})


def drift_of(artifact: Artifact, folder: Path) -> DriftReport:
    """A report with findings, a column that is missing, and windows."""
    write(artifact, folder / "rides")
    rows = PLANTED["a new category in 2 %"][0](PLANTED["miles for kilometres"][0](week().drop_columns(["zone"])))
    report = skc.drift(rows, folder / "rides", window="1d", by="pickup", fail_on=["severe"])
    assert report.broken
    return report


def parity_of(folder: Path) -> ParityReport:
    """A report with every kind of finding, versions, and a column that the store does not have."""
    make(folder)
    store = make_store()
    offline = offline_of(store)
    plant(store)
    online = store.table().drop_columns(["city"])
    online = online.append_column("schema", pa.array(["v1", *["v2"] * (len(online) - 1)]))
    asked = {"key": "user_id", "time": "event_time", "artifact": folder / "artifact"}
    report = skc.parity(offline, online, **asked, fail_on=["stale"])
    assert report.broken
    return report


def freshness_of(folder: Path) -> list[Any]:
    """A report with findings and leaks, and one without training rows."""
    rows = training(200, lambda k: timedelta(hours=k - 5))
    (folder / "pipeline.yaml").write_text(PIPELINE)
    skc.compile(folder / "pipeline.yaml", rows, folder / "artifact", verify=False)
    served(
        folder / "artifact", folder / "log", 200, lambda k: {"as_of": {"last_click": BEGIN}, "hit": {"clicks": False}}
    )
    reports = [skc.freshness(folder / "log", folder / "artifact", training=rows, fail_on=["leak"])]
    assert reports[0].broken
    assert reports[0].inputs[1].training
    reports.append(skc.freshness(folder / "log"))
    return [json.loads(json.dumps(report.to_json(), allow_nan=False)) for report in reports]


def shadow_reports(folder: Path) -> list[Any]:
    """Of services that diverge, with what their answers do not have; and of those that answer twice."""
    requests = requests_file(folder, rides(60))
    logs = [log_file(folder / f"{k}.jsonl", rides(60), answers(fare_of_null=k)) for k in (12.5, 0.0)]
    noisy = command(folder, noise=0.05)
    found = [skc.shadow(*logs, fail_on=["any"]), skc.shadow(left=noisy, right=noisy, requests=requests, again=True)]
    assert found[0].inputs
    assert any(one.cause for one in found[0].fields)
    return [json.loads(json.dumps(report.to_json(), allow_nan=False)) for report in found]


WRITTEN = (
    "manifest",
    "plan",
    "golden",
    "profile",
    "replay-report",
    "report",
    "freshness-report",
    "shadow-report",
    "skew-report",
    "parity-report",
    "verified",
)


def replays_of(artifact: Artifact, folder: Path) -> list[dict[str, Any]]:
    """Reports with a finding of every kind."""
    write(artifact, folder / "rides")
    rows = table_of_rides().slice(0, 300)
    bad = [{**rows.to_pylist()[0], "pickup": "yesterday"}, *rows.to_pylist()]
    with skc_runtime.load(folder / "rides") as transformer:
        write_log(folder / "a.jsonl", transformer, bad, own=SKEWED["rounded to 2 decimals"].own(transformer))
        write_log(folder / "b.jsonl", transformer, rows.to_pylist(), first=500)
    for name, text, other in (("a", '"pickup":"yesterday"', '"pickup":"2025-11-11 07:59:17"'), ("b", "12.73", "12.74")):
        path = folder / f"{name}.jsonl"
        path.write_text(path.read_text(encoding="utf-8").replace(text, other), encoding="utf-8")
    (folder / "c.jsonl").write_bytes((folder / "b.jsonl").read_bytes()[:-9])
    training = PLANTED["miles for kilometres"][0](rows)
    training = training.append_column("ride", pa.array([f"r{k + 1}" for k in range(300)]))
    options: dict[str, Any] = {"training": training, "key": "id=ride", "rows": 500, "fail_on": ["served", "training"]}
    report = skc.replay([folder / f"{name}.jsonl" for name in "abc"], folder / "rides", **options)
    hidden = replace(report, not_recomputed=NotRecomputed(("fare",), ("x: amounts.fare",)))
    assert all((report.found[0].reason, report.found_by_digest, report.refusals, report.broken, report.log.findings))
    assert report.training is not None
    assert report.training.found[0].reason
    return [hidden.to_json(), replace(report, training=None).to_json()]


@pytest.fixture(scope="module")
def documents(made: skc.Compiled, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Every document by the name of its schema."""
    files = made.artifact.files
    assert made.report is not None
    wrong = verify(add_to_a_constant(made.artifact), Path("it's"), options=Options(rows=200))
    assert not wrong.is_equal
    reports = [json.loads(json.dumps(report.to_json(), allow_nan=False)) for report in (made.report, wrong)]
    tried = Matrix("rides", (Environment("onnxruntime 1.18", ("3.11.7", "1.26.4", "1.18.1"), 10, 1, 1, "a note"),))
    return {
        "manifest": [json.loads(files["manifest.json"])],
        "plan": [json.loads(files["plan.json"])],
        "golden": [json.loads(line) for line in files["golden.jsonl"].splitlines()],
        "profile": [json.loads(files["profile.json"])],
        "report": reports,
        "shadow-report": shadow_reports(tmp_path_factory.mktemp("shadow")),
        "freshness-report": freshness_of(tmp_path_factory.mktemp("freshness")),
        "replay-report": replays_of(made.artifact, tmp_path_factory.mktemp("replays")),
        "skew-report": [drift_of(made.artifact, tmp_path_factory.mktemp("drift")).to_json()],
        "parity-report": [parity_of(tmp_path_factory.mktemp("parity")).to_json()],
        "verified": [
            json.loads(json.dumps(record_of(report, environments)))
            for report, environments in ((reports[0], None), (reports[1], None), (reports[0], tried))
        ],
    }


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.schema.json")), ids=lambda path: path.name)
def test_a_schema_is_a_schema(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_bytes()))


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_holds(name: str, documents: dict[str, list[Any]]) -> None:
    for document in documents[name]:
        validator(name).validate(document)


def objects(value: Any, trail: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Every object in a document, with the way to it."""
    if isinstance(value, dict):
        yield trail, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from objects(item, (*trail, key))


ALIKE = 3  # of many in one list, so many
OPEN = {"parameters", "params", "state", "record", "outputs", "files", "built_with", "versions"}  # their keys are names


@pytest.mark.parametrize("name", WRITTEN)
def test_no_key_may_be_missing_or_new(name: str, documents: dict[str, list[Any]]) -> None:
    check, tried = validator(name), 0
    seen: Counter[tuple[int, tuple[Any, ...]]] = Counter()
    for n, document in enumerate(documents[name][:2] + documents[name][-1:]):
        for trail, found in objects(document):
            place = (n, tuple(part for part in trail if isinstance(part, str)))
            seen[place] += 1
            if OPEN & {*place[1]} or seen[place] > ALIKE:
                continue
            for key in found:
                damaged, there = copied(document, trail)
                del there[key]
                assert not check.is_valid(damaged), (trail, key)
                tried += 1
            damaged, there = copied(document, trail)
            there["surprise"] = 1
            assert not check.is_valid(damaged), trail
    assert tried > 3


def copied(document: Any, trail: tuple[Any, ...]) -> tuple[Any, dict[str, Any]]:
    """A copy of a document, and the object at the end of a trail in it."""
    copy_of = copy.deepcopy(document)
    place = copy_of
    for part in trail:
        place = place[part]
    return copy_of, place


DAMAGE: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("plan", "newer", lambda d: d.update(format=2)),
    ("plan", "no input", lambda d: d.update(inputs=[])),
    ("plan", "unknown op", lambda d: d["steps"][0].update(op="teleport")),
    ("plan", "unknown type", lambda d: d["inputs"][0].update(type="float16")),
    ("plan", "half a slice", lambda d: d["outputs"][0]["values"].append(["amounts/0:impute", 1])),
    ("plan", "state is a number", lambda d: d["steps"][0].update(state=3)),
    ("plan", "float in words", lambda d: d["steps"][0]["state"].update(mean=[{"$float": "plenty"}])),
    ("plan", "array without a shape", lambda d: d["steps"][0]["state"].update(mean={"$f64": "AAAA"})),
    ("golden", "newer", lambda d: d.update(format=2) if "format" in d else d.update(format=1)),
    ("golden", "another file", lambda d: d.update(skc="plan")),
    ("golden", "both ends", lambda d: d.update(record={}, outputs={"x": [1]}, error={"code": "null"})),
    ("profile", "newer", lambda d: d.update(format=2)),
    ("profile", "unknown type", lambda d: d["columns"][0].update(type="float16")),
    ("profile", "half a category", lambda d: d["columns"][1]["categories"].append(["a"])),
    ("profile", "categories without the others", lambda d: d["columns"][1].pop("other")),
    ("profile", "less than nothing", lambda d: d.update(rows=-1)),
    ("report", "newer", lambda d: d.update(format=2)),
    ("report", "no check", lambda d: d.update(checks=[])),
    ("report", "less than nothing", lambda d: d["checks"][0].update(rows=-1)),
    ("report", "another plan", lambda d: d.update(plan="abc")),
    ("report", "a value in a list", lambda d: d["columns"][0].update(worst_error=[0])),
]


@pytest.mark.parametrize(("name", "what", "damage"), DAMAGE, ids=lambda value: value if isinstance(value, str) else "")
def test_damage_is_refused(name: str, what: str, damage: Callable[[Any], Any], documents: dict[str, list[Any]]) -> None:
    document = copy.deepcopy(documents[name][0])
    damage(document)
    assert not validator(name).is_valid(document), what


def test_a_golden_error_has_a_code_of_the_runtime(documents: dict[str, list[Any]]) -> None:
    refused = next(line for line in documents["golden"] if "error" in line)
    assert not validator("golden").is_valid({**refused, "error": {"code": "bad-luck"}})
    codes = validator("golden").schema["$defs"]["refused"]["properties"]["error"]["properties"]["code"]["enum"]
    of_bytes = {"malformed-json", "request-too-large"}  # no record can cause them
    assert set(codes) == {code for code, kind in CODES.items() if kind == "record"} - of_bytes


def test_the_schema_of_plans_knows_every_op() -> None:
    """`make generated` writes it."""
    assert plan_schema(PLAN_SCHEMA.read_text(encoding="utf-8")) == PLAN_SCHEMA.read_text(encoding="utf-8")
    step = validator("plan").schema["properties"]["steps"]["items"]
    assert set(step["properties"]["op"]["enum"]) == set(OPS)


def test_what_is_not_equal_somewhere_is_not_equal(documents: dict[str, list[Any]]) -> None:
    """One environment that services run on is enough; the evaluator of onnx is none."""
    assert [document["equal"] for document in documents["verified"]] == [True, False, False]
    evaluator = Environment(EVALUATOR, ("3.11.7", "1.26.4", "onnx 1.16"), 10, 1, 0)
    assert record_of(documents["report"][0], Matrix("rides", (evaluator,)))["equal"] is True
