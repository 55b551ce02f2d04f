"""The suite as files: schemas, tables, known failures, releases, and that every code has a case."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import bodies
import jsonschema
import pytest
import run
import suite
import toolchains
from damage import damaged_artifacts
from executors import Language
from lies import (
    InProcess,
    change_values,
    failing,
    minus_zero,
)
from signed import signed_artifacts

HERE = Path(__file__).parent
TABLE = json.loads(run.TABLE.read_bytes())
BODIES = json.loads(bodies.REQUESTS.read_bytes())


def test_known_failures(small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A listed case that fails is no failure of the run; one that passes is."""
    python = Language("python", run.LANGUAGES["python"].command)
    library = tmp_path / "site" / "onnxruntime" / "capi" / "lib.so"  # nothing there: Python finds its own

    def failures(known: dict[str, str]) -> int:
        monkeypatch.setattr(run, "known_failures", lambda language: known)
        return run.run(python, "usual", library, small, {}, "ops/cyclical").row.failed

    assert failures({}) == 0
    case = json.loads((small / "index.json").read_bytes())["vectors"]
    listed = next(e["id"] for e in case if e["id"].startswith("ops/cyclical"))
    assert failures({listed: "it cannot"}) == 1
    place = small / next(e["vectors"] for e in case if e["id"] == listed)
    text = place.read_text()
    document = json.loads(text)
    document["expect"][0]["outputs"]["out"][0] = [2.0, "4000000000000000"]
    place.write_text(json.dumps(document))
    try:
        assert failures({}) == 1
        assert failures({listed: "it cannot"}) == 0
    finally:
        place.write_text(text)


def test_released_suites_are_replayed(small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Under their own names, each row held against what was written when they were released."""
    (tmp_path / "released").mkdir()
    shutil.copytree(small, tmp_path / "released" / "0.0.1", symlinks=True)  # one link names an endless device
    monkeypatch.setattr(run, "RELEASED", tmp_path / "released")
    executor: Any = InProcess()
    prefix = "released/0.0.1/ops/cyclical"
    found = list(run.cases(executor, small, {}, prefix, brief=True))
    assert found
    assert all(tally.id.startswith(prefix) for tally in found)
    assert not failing(found)
    lying: Any = InProcess(change_values(minus_zero))
    assert failing(list(run.cases(lying, small, {}, "released/0.0.1/examples", brief=True)))


def test_the_bodies_are_well_formed() -> None:
    """Each has an id of its own, one way to be written, and an answer of a code that a request may get."""
    cases = BODIES["bodies"]
    assert len({case["id"] for case in cases}) == len(cases) > 300
    codes = {c["code"] for c in json.loads((run.ROOT / "schemas" / "errors.v1.json").read_bytes())["codes"]}
    names = {i["name"] for i in BODIES["inputs"]}
    for case in cases:
        assert len(case.keys() & {"text", "hex", "parts"}) == 1, case["id"]
        assert case.keys() <= {"id", "text", "hex", "parts", "extra", "expect"}, case["id"]
        if "error" in case["expect"]:
            assert case["expect"].keys() == {"error", "input", "row"}
            assert case["expect"]["error"] in codes
        else:
            assert case["expect"].keys() == {"rows", "values"}
            assert case["expect"]["values"].keys() <= names
            rows = 1 if case["expect"]["rows"] is None else case["expect"]["rows"]
            assert all(len(values) == rows for values in case["expect"]["values"].values()), case["id"]
    made = [body.document() for body in bodies.all_bodies()]
    assert made == [body.document() for body in bodies.all_bodies()]
    served = [body for body in made if "values" in body["expect"]]
    assert len(served) > 150


def test_the_schemas_hold(small: Path, index: dict[str, Any]) -> None:
    schema = json.loads((HERE / "index.v1.schema.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(index)
    validator = jsonschema.Draft202012Validator(json.loads((HERE / "vectors.v1.schema.json").read_bytes()))
    for entry in index["vectors"]:
        document = json.loads((small / entry["vectors"]).read_bytes())
        validator.validate(document)
        assert len(document["rows"]) == len(document["expect"])
    document["expect"][0] = {"outputs": {"out": [1.5]}}
    assert not validator.is_valid(document)


def test_every_code_is_asked_for(index: dict[str, Any]) -> None:
    """Each code of `errors.v1.json` has a case, but those that only tables of Python can cause, and the bug in skc."""
    codes = {c["code"] for c in json.loads((run.ROOT / "schemas" / "errors.v1.json").read_bytes())["codes"]}
    asked = {d.code for d in damaged_artifacts()}
    asked |= {r["expect"].get("error") for r in TABLE["values"] + TABLE["requests"] if r.get("form") != "table"}
    asked |= {guard[0] for op in suite.OPS.values() for case in op.cases for guard in case.guards}
    asked |= {signed.code for signed in signed_artifacts() if signed.code} | {"identity-mismatch"}
    asked |= {"artifact-not-found", "invalid-option", "closed", "host-arithmetic"}  # checks.check_contract
    asked |= {body["expect"].get("error") for body in BODIES["bodies"]}
    alone = {"duplicate-column", "unsupported-type", "wrong-shape", "run-failed", "log-failed"}
    assert codes - asked == alone


def test_a_missing_tool_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {"java": ["mvn is not installed"], "locales": ["no sources"]}
    monkeypatch.setattr(toolchains, "missing", lambda name: lacking.get(name, []))
    here, missing = run.installed(["python", "java", "go", "cpp"])
    assert [language.name for language in here] == ["python", "go", "cpp"]
    assert missing == ["java"]
    assert run.possible(["usual", "de_DE", "C", "tr_TR"]) == (["usual", "C"], ["de_DE", "tr_TR"])


def test_readme_counts_the_damaged_artifacts(index: dict[str, Any]) -> None:
    counted = re.search(r"(\d+) damaged\s+artifacts", (run.ROOT / "README.md").read_text(encoding="utf-8"))
    assert counted is not None
    assert int(counted[1]) == len(index["damaged"])
