"""The harness sees every kind of wrong answer: each check fails once here, by an executor that lies."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attacks
import bodies
import body_checks
import checks
import jsonschema
import origin_checks
import pytest
import reload_checks
import run
import suite
import toolchains
from checks import Tally
from damage import damaged_artifacts
from executor import Executor as PythonExecutor
from executors import Executor as Process
from executors import ExecutorError, Language
from signed import signed_artifacts

HERE = Path(__file__).parent
TABLE = json.loads(run.TABLE.read_bytes())
BODIES = json.loads(bodies.REQUESTS.read_bytes())
Answer = dict[str, Any]
Lie = Callable[[Mapping[str, Any], Answer], Answer]
SOME_OPS = ("ops/vocabulary/", "ops/cyclical/", "ops/one_hot/un", "ops/cast/", "ops/log1p/large")


class InProcess:
    """The executor of Python without a process, whose answers a lie may change."""

    def __init__(self, lie: Lie = lambda request, answer: answer) -> None:
        self._executor = PythonExecutor()
        self._lie = lie
        self.hello = self.ask({"do": "hello"})

    def ask(self, request: Mapping[str, Any]) -> Answer:
        answer = json.loads(json.dumps(self._executor.answer(json.loads(json.dumps(request)))))
        return self._lie(request, answer)

    def ask_all(self, requests: Sequence[Mapping[str, Any]]) -> Iterator[Answer]:
        for request in requests:
            yield self.ask(request)


@pytest.fixture(autouse=True)
def one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that lie are told from one round as from ten."""
    monkeypatch.setattr(checks, "ROUNDS", 1)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of a few cases."""
    out = tmp_path_factory.mktemp("suite")
    chosen = [v for v in suite.op_vectors() if v.id.startswith(SOME_OPS)]
    entries = [suite.write_vectors(out, vectors) for vectors in (*chosen, *suite.example_vectors())]
    index = {
        "skc": "conformance",
        "version": 1,
        "onnxruntime": "1.0.0",
        "vectors": entries,
        "marshalling": [
            suite.write_identity(out, f"{k:02}", inputs) for k, inputs in enumerate(suite.marshalled_inputs())
        ],
        "damaged": suite.write_damaged(out),
        "agreement": suite.write_agreement(out),
        "bodies": suite.write_bodies(out),
        "reloads": suite.write_reloads(out),
        "signed": suite.write_signed(out),
        "sources": suite.write_sources(out),
        "tampered": suite.write_tampered(out),
    }
    (out / "index.json").write_text(json.dumps(index))
    return out


@pytest.fixture(scope="session")
def index(small: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((small / "index.json").read_bytes())
    return found


def failing(tallies: Sequence[Tally]) -> set[str]:
    assert all(t.checks for t in tallies if not t.id.startswith("marshalling/"))
    return {t.id for t in tallies if t.failures}


def test_python_passes(small: Path, index: dict[str, Any]) -> None:
    executor: Any = InProcess()
    base: checks.Baseline = {}
    assert not failing([checks.check_vectors(executor, small, e, base, brief=False) for e in index["vectors"]])
    assert not failing(checks.check_marshalling(executor, small, index, TABLE))
    assert not failing(checks.check_damaged(executor, small, index))
    assert not failing(checks.check_agreement(executor, small, index))
    assert not failing(checks.check_sources(executor, small, index))
    assert not failing(checks.check_tampered(executor, small, index))
    assert not failing(checks.check_contract(executor, small, index))
    assert not failing(body_checks.check_bodies(executor, small, index, {}, brief=False))
    assert not failing(reload_checks.check_reloads(executor, small, index, brief=True))
    assert not failing([origin_checks.check_identity(executor, small, index)])
    pytest.importorskip("cryptography")
    assert not failing(origin_checks.check_signed(executor, small, index))


def change_values(change: Callable[[str, list[Any]], list[Any]]) -> Lie:
    """Every value of an output, changed."""

    def lie(request: Mapping[str, Any], answer: Answer) -> Answer:
        for tensor in answer.get("outputs", {}).values():
            tensor["values"] = change(tensor["dtype"], tensor["values"])
        return answer

    return lie


def last_bit(dtype: str, values: list[Any]) -> list[Any]:
    """One ulp, where a value is not exact: nothing a tolerance would see."""
    return [f"{int(v, 16) ^ 1:0{len(v)}x}" if dtype == "float64" and v != "nan" else v for v in values]


def five_for_infinity(dtype: str, values: list[Any]) -> list[Any]:
    """Alike in every request, so that only the reference can tell."""
    return ["4014000000000000" if v in ("7ff0000000000000", "fff0000000000000") else v for v in values]


def minus_zero(dtype: str, values: list[Any]) -> list[Any]:
    return ["8" + "0" * (len(v) - 1) if dtype in ("float32", "float64") and not v.strip("0") else v for v in values]


def only(form: str, rows: int, lie: Lie) -> Lie:
    """A lie about requests of one form and size."""

    def told(request: Mapping[str, Any], answer: Answer) -> Answer:
        is_it = request.get("form") == form and len(request.get("take", ())) == rows
        return lie(request, copy.deepcopy(answer)) if is_it else answer

    return told


def renamed(request: Mapping[str, Any], answer: Answer) -> Answer:
    if "outputs" in answer:
        answer["outputs"] = {f"{name}_": tensor for name, tensor in answer["outputs"].items()}
    return answer


def flattened(request: Mapping[str, Any], answer: Answer) -> Answer:
    for tensor in answer.get("outputs", {}).values():
        tensor["shape"] = tensor["shape"][-1:]
    return answer


def widened(request: Mapping[str, Any], answer: Answer) -> Answer:
    for tensor in answer.get("outputs", {}).values():
        tensor["dtype"] = {"float32": "float64"}.get(tensor["dtype"], tensor["dtype"])
    return answer


def always_first_row(request: Mapping[str, Any], answer: Answer) -> Answer:
    if "error" in answer and answer["error"]["row"] is not None:
        answer["error"]["row"] = 0
    return answer


def without_step(request: Mapping[str, Any], answer: Answer) -> Answer:
    if "error" in answer:
        answer["error"]["step"] = None
    return answer


def refusing(request: Mapping[str, Any], answer: Answer) -> Answer:
    refusal = {"code": "invalid-value", "input": "x", "row": None, "step": None}
    return {"error": refusal} if request["do"] == "transform" else answer


VALUE_LIES: list[tuple[str, Lie, str]] = [
    ("one ulp in an inexact column, in batches of 3", only("records", 3, change_values(last_bit)), "ops/cyclical/"),
    ("one ulp alone", only("record", 1, change_values(last_bit)), "ops/cyclical/"),
    ("five for an infinity in an inexact column", change_values(five_for_infinity), "ops/log1p/large"),
    ("a zero with another sign", change_values(minus_zero), "examples/rides"),
    ("an id one too high", change_values(lambda d, v: [str(int(x) + 1) for x in v] if d == "int64" else v), "ops/voc"),
    ("an id as a number", change_values(lambda d, v: [int(x) for x in v] if d == "int64" else v), "ops/vocabulary"),
    ("a bool as a number", change_values(lambda d, v: [int(x) for x in v] if d == "bool" else v), "ops/cast/"),
    ("two rows swapped", only("records", 8, change_values(lambda d, v: v[::-1])), "ops/vocabulary/"),
    ("an output of another name", renamed, "ops/cyclical/"),
    ("a batch without its rows", flattened, "ops/cyclical/"),
    ("float64 for float32", widened, "examples/rides"),
    ("the wrong row of an error", always_first_row, "examples/rides"),
    ("an error without its step", without_step, "examples/rides"),
    ("a refusal of everything", refusing, "ops/cyclical/"),
]


@pytest.mark.parametrize(("lie", "prefix"), [pytest.param(lie, p, id=name) for name, lie, p in VALUE_LIES])
def test_a_wrong_value_is_seen(small: Path, index: dict[str, Any], lie: Lie, prefix: str) -> None:
    executor: Any = InProcess(lie)
    base: checks.Baseline = {}
    entries = [e for e in index["vectors"] if e["id"].startswith(prefix)]
    assert entries
    assert failing([checks.check_vectors(executor, small, e, base, brief=False) for e in entries])


def test_another_language_may_not_differ_by_one_bit(small: Path, index: dict[str, Any]) -> None:
    """The reference cannot see it: the bits of the language before can."""
    entries = [e for e in index["vectors"] if e["id"].startswith("ops/cyclical/")]
    base: checks.Baseline = {}
    honest: Any = InProcess()
    lying: Any = InProcess(change_values(last_bit))
    assert not failing([checks.check_vectors(honest, small, e, base, brief=True) for e in entries])
    assert failing([checks.check_vectors(lying, small, e, base, brief=True) for e in entries])


def test_a_refusal_that_is_not_given(small: Path, index: dict[str, Any]) -> None:
    def lenient(request: Mapping[str, Any], answer: Answer) -> Answer:
        if request["do"] == "load":
            return {"loaded": True}
        if "error" in answer:
            return {"outputs": {}}
        return answer

    executor: Any = InProcess(lenient)
    refusals = {e["id"] for e in index["damaged"]}
    assert len(failing(checks.check_damaged(executor, small, index))) == len(refusals) > 150
    assert failing([origin_checks.check_identity(executor, small, index)]) == {"identity/expected"}
    executor.hello["cannot"] = []
    refused = {f"signed/{e['id']}" for e in index["signed"] if e["expect"]}
    assert failing(origin_checks.check_signed(executor, small, index)) == refused
    executor.hello["cannot"] = ["keys"]
    assert not any(tally.checks for tally in origin_checks.check_signed(executor, small, index))


def test_a_runtime_that_takes_or_refuses_every_golden_value(small: Path, index: dict[str, Any]) -> None:
    lenient: Any = InProcess(lambda q, a: {"loaded": True} if q["do"] == "load" else a)
    refusals = {f"agreement/{e['id']}" for e in index["agreement"] if not all(e["loads"].values())}
    assert failing(checks.check_agreement(lenient, small, index)) == refusals
    strict: Any = InProcess(lambda q, a: {"error": {"code": "golden-mismatch"}} if q["do"] == "load" else a)
    loading = {f"agreement/{e['id']}" for e in index["agreement"] if any(e["loads"].values())}
    assert failing(checks.check_agreement(strict, small, index)) == loading
    assert len(refusals) > len(loading) > 50


def test_an_archive_that_is_taken_and_a_mount_that_is_not(small: Path, index: dict[str, Any]) -> None:
    lenient: Any = InProcess(lambda q, a: {"loaded": True} if q["do"] == "load" else a)
    refusals = {f"sources/{e['id']}" for e in index["sources"] if e["expect"] is not None}
    assert set(failing(checks.check_sources(lenient, small, index))) == refusals
    strict: Any = InProcess(lambda q, a: {"error": {"code": "artifact-unsafe"}} if q["do"] == "load" else a)
    assert "sources/mount" in failing(checks.check_sources(strict, small, index))
    assert len(failing(checks.check_tampered(strict, small, index))) == len(index["tampered"]) == 3


def test_the_table_of_attacks(small: Path, index: dict[str, Any], tmp_path: Path) -> None:
    """Each line is a case; one that hangs is killed and told, and the next is tried in a new process."""
    import sys

    tried = attacks.attacks(small, index)
    assert len(tried) == len(attacks.ATTACKS) + len(index["tampered"]) > 30
    program = (
        "import json, os, sys, time\n"
        'print(\'{"cannot": ["zip"]}\', flush=True)\n'
        "sys.stdin.readline()\n"
        "for line in sys.stdin:\n"
        "    request = json.loads(line)\n"
        "    artifact = '' if 'expect' in request else request['artifact']\n"
        "    if 'loop' in artifact: time.sleep(60)\n"
        "    if 'sparse' in artifact: os.abort()\n"
        '    print(\'{"loaded": true}\' if \'tampered\' in artifact else \'{"error": {"code": "x"}}\', flush=True)\n'
    )
    found = list(attacks.outcomes(Language("other", (sys.executable, "-c", program)), tmp_path, tried, 0.5))
    by_line = {attack.what: outcome for attack, outcome in zip(tried, found, strict=True)}
    assert by_line["wait for ever: a loop of 2^62 rounds"] == "hangs"
    assert by_line["read a file: in a sparse initializer"] == "dies"
    assert by_line["take memory: a zip archive of 100 MB of zeros"] == "-"
    assert found.count("loads") == 3
    assert found.count("x") > 20


def test_a_wrong_code_and_a_wrong_value_of_the_table(small: Path, index: dict[str, Any]) -> None:
    def lie(request: Mapping[str, Any], answer: Answer) -> Answer:
        if answer.get("error", {}).get("code") == "not-exact":
            answer["error"]["code"] = "wrong-type"
        if answer.get("error", {}).get("code") == "unequal-lengths":
            answer["error"]["input"] = "a"
        for tensor in answer.get("outputs", {}).values():
            if tensor["values"] == ["8000000000000000"]:
                tensor["values"] = ["0000000000000000"]
        return answer

    executor: Any = InProcess(lie)
    found = failing(checks.check_marshalling(executor, small, index, TABLE))
    exact = {f"marshalling/{r['id']}" for r in TABLE["values"] if r["expect"].get("error") == "not-exact"}
    lengths = {f"marshalling/{r['id']}" for r in TABLE["requests"] if r["expect"].get("error") == "unequal-lengths"}
    assert found == exact | lengths | {"marshalling/float64-minus-zero"}


def without_input(request: Mapping[str, Any], answer: Answer) -> Answer:
    if request.get("form") == "json" and answer.get("error", {}).get("input") == "s":
        answer["error"]["input"] = None
    return answer


def always_a_batch(request: Mapping[str, Any], answer: Answer) -> Answer:
    if request.get("form") == "json":
        for tensor in answer.get("outputs", {}).values():
            tensor["shape"] = tensor["shape"] if len(tensor["shape"]) == 2 else [1, *tensor["shape"]]
    return answer


def last_key_counts(request: Mapping[str, Any], answer: Answer) -> Answer:
    """As most parsers have it."""
    is_it = request.get("form") == "json" and answer.get("error", {}).get("code") == "malformed-json"
    return {"outputs": {}} if is_it else answer


BODY_LIES = [
    (without_input, "string-nul"),
    (always_a_batch, "record"),
    (last_key_counts, "key-twice"),
    (change_values(last_bit), "float64-0.1"),
    (change_values(minus_zero), "float64-minus-zero-integer"),
]


@pytest.mark.parametrize(("lie", "case"), BODY_LIES, ids=[case for _, case in BODY_LIES])
def test_a_wrong_answer_to_a_body(small: Path, index: dict[str, Any], lie: Lie, case: str) -> None:
    executor: Any = InProcess(lie)
    assert f"bodies/{case}" in failing(body_checks.check_bodies(executor, small, index, {}, brief=True))


def test_languages_that_differ_on_a_damaged_body(small: Path, index: dict[str, Any]) -> None:
    base: checks.Baseline = {}
    honest: Any = InProcess()
    body_checks.check_bodies(honest, small, index, base, brief=True)
    assert len(base) == body_checks.DAMAGED[True]
    codes = [answer.get("error", {}).get("code") for answer in base.values()]
    assert codes.count(None) > 5
    assert len(set(codes)) > 8
    lying: Any = InProcess(without_input)
    assert "bodies/damaged" in failing(body_checks.check_bodies(lying, small, index, base, brief=True))


CONTRACT_LIES: list[tuple[str, Lie]] = [
    ("contract/threads-packed", lambda q, a: {**a, "different": 1} if q["do"] == "threads" else a),
    ("contract/threads-columns", lambda q, a: {**a, "calls": 8} if q["do"] == "threads" else a),
    ("contract/describe", lambda q, a: {"describe": {**a["describe"], "plan": ""}} if q["do"] == "describe" else a),
    ("contract/describe", lambda q, a: {"describe": {**a["describe"], "identity": ""}} if q["do"] == "describe" else a),
    ("contract/refusals", lambda q, a: {"loaded": True} if q.get("replay") == "loosely" else a),
    ("contract/arithmetic-rounding-up", lambda q, a: {"set": False} if q.get("rounding") == "up" else a),
    ("contract/arithmetic-flush-to-zero", lambda q, a: {"set": True} if q.get("flush_to_zero") else a),
]


@pytest.mark.parametrize(("case", "lie"), CONTRACT_LIES, ids=[case for case, _ in CONTRACT_LIES])
def test_a_broken_contract(small: Path, index: dict[str, Any], case: str, lie: Lie) -> None:
    executor: Any = InProcess(lie)
    assert case in failing(checks.check_contract(executor, small, index))


def last(key: str, change: Callable[[Any], Any]) -> Lie:
    """About what was seen when watching ends."""
    return lambda request, told: {**told, key: change(told[key])} if request["do"] == "unwatch" else told


def mixed(answers: dict[str, Any]) -> dict[str, Any]:
    """One column of one answer is that of another artifact."""
    first, second, *_ = answers.values()
    first[0]["x"]["values"][-1] = second[0]["x"]["values"][-1]
    return answers


RELOAD_LIES: list[tuple[str, Lie]] = [
    ("reloads/link", last("errors", lambda _: ["closed"])),
    ("reloads/folder", last("answers", mixed)),
    ("reloads/files", last("calls", lambda _: 0)),
    ("reloads/link", lambda q, a: {**a, "identity": "of the first"} if q["do"] == "watched" else a),
    ("reloads/broken", lambda q, a: {**a, "last_error": None} if q["do"] == "watched" else a),
]


@pytest.mark.parametrize(("case", "lie"), RELOAD_LIES)
def test_a_reload_that_fails(
    small: Path, index: dict[str, Any], case: str, lie: Lie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload_checks, "PATIENCE", 1.0)
    executor: Any = InProcess(lie)
    assert case in failing(reload_checks.check_reloads(executor, small, index, brief=True))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("print('{}'); raise SystemExit(3)", "exit code 3"),
        ("import sys; print('{}', flush=True); sys.stdin.readline(); print('log line')", "log line"),
        ("import sys; print('{}', flush=True); sys.stdin.readline(); print('5')", "'5"),
        ("import os; os.abort()", "exit code -6"),
    ],
)
def test_an_executor_that_fails(tmp_path: Path, program: str, said: str) -> None:
    import sys

    language = Language("other", (sys.executable, "-c", program))
    with pytest.raises(ExecutorError, match=said), Process(language, tmp_path, {}) as executor:
        executor.ask({"do": "describe"})


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
    alone = {"duplicate-column", "unsupported-type", "wrong-shape", "run-failed"}
    assert codes - asked == alone


def test_a_missing_tool_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {"java": ["mvn is not installed"], "locales": ["no sources"]}
    monkeypatch.setattr(toolchains, "missing", lambda name: lacking.get(name, []))
    here, missing = run.installed(["python", "java", "go", "cpp"])
    assert [language.name for language in here] == ["python", "go", "cpp"]
    assert missing == ["java"]
    assert run.possible(["usual", "de_DE", "C", "tr_TR"]) == (["usual", "C"], ["de_DE", "tr_TR"])
