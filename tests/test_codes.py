"""Every code of the compiler is provoked by a test that runs: a fixture, a case of `hint_data`, or a function below.

Why they run: a code that a test only mentions may be one that nothing can cause any more.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hint_data import CASES
from planted import nudge, with_model
from served_rides import write_log
from signed import PUBLIC
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.manifold import Isomap
from sklearn.preprocessing import StandardScaler

import skc
import skc_runtime
from skc import artifact as artifacts
from skc import cli
from skc.codes import CODES, Code
from skc.data.duckdb.connection import engine_errors, open_database
from skc.data.postgres.engine import PostgresEngine
from skc.data.sources import Source
from skc.data.spark.session import check_master
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc.ir import DataSource

TESTS = Path(__file__).parent
FIXTURES = {path.name[:6] for folder in ("frontend/errors", "cli/warnings") for path in (TESTS / folder).glob("*.txt")}
PIPELINE = """\
skc: 1
name: small
inputs:
  x: float64
  s: {type: string, nullable: true}
features:
  x: {from: x, apply: [{clip: {min: 0, max: 9}}, standard_scale]}
  s: {from: s, apply: [STEPS]}
outputs:
  out: {features: [x, s], dtype: float64}
"""
ONE_HOT = "{one_hot: {unknown: error}}"
ROWS = "x,s\n1,a\n2,b\n4,b\n"


@dataclass(frozen=True)
class Place:
    """A folder to work in, which is the current one, with a pipeline, its rows and its artifact."""

    folder: Path
    patch: pytest.MonkeyPatch

    def pipeline(self, *steps: str) -> None:
        text = PIPELINE.replace("STEPS", ", ".join(steps))
        (self.folder / "pipeline.yaml").write_text(text)

    def rows(self, *rows: str) -> None:
        (self.folder / "rows.csv").write_text("\n".join(["x,s", *rows, ""]))

    def forge(self, name: str, data: bytes) -> str:
        """Change a file of the artifact, and its hash in the manifest; the hash."""
        manifest = json.loads((self.folder / "artifact" / "manifest.json").read_bytes())
        manifest["files"][name] = hashlib.sha256(data).hexdigest()
        if name == "plan.json":
            manifest["plan"] = manifest["files"][name]
        (self.folder / "artifact" / name).write_bytes(data)
        (self.folder / "artifact" / "manifest.json").write_text(json.dumps(manifest))
        return str(manifest["files"][name])


COMPILE = ["compile", "pipeline.yaml", "--data", "rows.csv", "-o", "made", "--rows", "20"]
VERIFY = ["verify", "artifact", "--rows", "20"]
Provocation = Callable[[Place], "list[str] | None"]
PROVOCATIONS: dict[Code, Provocation] = {}


def provokes(code: Code) -> Callable[[Provocation], Provocation]:
    """The function prepares the place and gives a command line, or raises the error itself."""

    def register(function: Provocation) -> Provocation:
        assert code not in PROVOCATIONS
        PROVOCATIONS[code] = function
        return function

    return register


def command(code: Code, *arguments: str) -> None:
    provokes(code)(lambda place: [*arguments])


DRIFT = ["drift", "rows.csv", "artifact"]
command("SKC622", *DRIFT, "--strict")
command("SKC623", *DRIFT, "--group", "country")
SHADOW = ["shadow", "--left", "cat", "--requests", "lines.jsonl", "--right"]
command("SKC680", *SHADOW, "/no/such/program")
command("SKC682", *SHADOW, "yes")
command("SKC688", *SHADOW, "http://127.0.0.1:1/", "--header", "Authorization")
command("SKC683", "shadow", "--left", "cat", "--requests", "rows.csv", "--right", "cat")
command("SKC140", "verify", "artifact", "--record", "{}", "--data", "rows.csv")
command("SKC200", "compile", "pipeline.yaml", "-o", "made")
command("SKC201", *COMPILE[:2], "--data", "nowhere.csv", "-o", "made")
command("SKC404", "verify", "nowhere")
command("SKC405", *VERIFY, "--key", "public.pem")
command("SKC410", *COMPILE[:4], "-o", "artifact")
command("SKC412", *COMPILE[:4], "-o", "rows.csv/made")
command("SKC413", "transform", "artifact", "rows.csv", "-o", "x.parquet", "--keep", "s", "--keep", "s")
command("SKC414", "transform", "artifact", "rows.csv", "-o", "x.txt")
command("SKC501", "explain", "artifact", "--record", "{")
command("SKC504", *VERIFY, "--onnxruntime", "one")
command("SKC601", "log", "check", "nowhere")
command("SKC602", "log", "check", "rows.csv")


@provokes("SKC141")
def _(place: Place) -> None:
    program = "import sys; sys.modules['typer'] = None; from skc.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (cli.USER, "")
    raise SkcError(skc.Diagnostic(re.findall(r"SKC\d{3}", done.stderr)[0], done.stderr))


@provokes("SKC690")
def _(place: Place) -> list[str]:
    place.patch.setitem(sys.modules, "pyspark", None)
    return [*COMPILE, "--engine", "spark"]


@provokes("SKC691")
def _(place: Place) -> None:
    check_master("spark://127.0.0.1:1")


@provokes("SKC699")
def _(place: Place) -> None:
    source = Source("postgres", ("postgresql://127.0.0.1:1/none",), "rides")
    PostgresEngine(ExitStack()).load(source, (), DataSource(where="x > 1"))


def _states(*arguments: str) -> None:
    """A state of the rows, and what it is merged with."""
    assert cli.run(["fit", "pipeline.yaml", "--data", "rows.csv", "--state", "a.state", *arguments]) == cli.EQUAL


@provokes("SKC696")
def _(place: Place) -> list[str]:
    return ["merge", "rows.csv", "-o", "made"]


@provokes("SKC697")
def _(place: Place) -> list[str]:
    _states()
    shutil.copy("a.state", "b.state")
    return ["merge", "a.state", "b.state", "-o", "made"]


@provokes("SKC698")
def _(place: Place) -> list[str]:
    place.patch.setattr("skc.state.collect.MEGABYTE", 1)
    _states("--limit", "1")
    return ["merge", "a.state", "-o", "made"]


command("SKC693", "transform", "artifact", "rows.csv", "-o", "pipeline.yaml", "--engine", "spark", "--force")


@provokes("SKC694")
def _(place: Place) -> list[str]:
    rows = {"x": [1.0], "s": ["a"], "extra": pa.array([1], pa.uint64())}
    pq.write_table(pa.table(rows), place.folder / "rows.parquet")
    return ["transform", "artifact", "rows.parquet", "-o", "x", "--engine", "spark", "--keep", "extra"]


@provokes("SKC142")
def _(place: Place) -> list[str]:
    def fails(*_: Any) -> None:
        np.zeros(1 << 57)  # more than any machine has

    place.patch.setattr("skc.verification.run.verify", fails)
    return VERIFY


def _estimator(code: Code, make: Callable[[], Any], sample: Any) -> None:
    """An estimator, and a sample that it is read with."""

    @provokes(code)
    def _(place: Place) -> None:
        read_estimator(make(), sample)


NUMBERS = np.array([[1.0, 2.0], [3.0, 4.0]])
TEXT = np.array([["a", "b"], ["c", "d"]], dtype=object)
_estimator("SKC150", lambda: Isomap(n_neighbors=1).fit(NUMBERS), NUMBERS)
_estimator("SKC151", lambda: SimpleImputer(missing_values=2**60).fit(NUMBERS), NUMBERS)
_estimator("SKC152", StandardScaler, NUMBERS)
_estimator("SKC155", lambda: StandardScaler().fit(NUMBERS), NUMBERS[:, :1])
command("SKC156", "compile", "no_such_module:model", "--data", "rows.csv", "-o", "made")
_estimator("SKC157", lambda: ColumnTransformer([("all", "drop", [0, 1])]).fit(NUMBERS), NUMBERS)
_estimator("SKC158", lambda: StandardScaler().fit(NUMBERS), TEXT)


@provokes("SKC153")
def _(place: Place) -> list[str]:
    scaler = StandardScaler().fit(NUMBERS)
    place.patch.setattr("sklearn.base.__version__", "1.4.2")
    (place.folder / "model.pkl").write_bytes(pickle.dumps(scaler))
    place.patch.undo()
    place.patch.chdir(place.folder)
    return ["compile", "model.pkl", "--trust-pickle", "--data", "rows.csv", "-o", "made"]


@provokes("SKC154")
def _(place: Place) -> list[str]:
    (place.folder / "model.pkl").write_bytes(pickle.dumps(StandardScaler().fit(NUMBERS)))
    return ["compile", "model.pkl", "--data", "rows.csv", "-o", "made"]


@provokes("SKC159")
def _(place: Place) -> list[str]:
    place.patch.setattr("importlib.util.find_spec", lambda name: None)
    return ["compile", "model.skops", "--data", "rows.csv", "-o", "made"]


@provokes("SKC213")
def _(place: Place) -> list[str]:
    place.pipeline("{ordinal: {unknown: value, unknown_value: 1}}")
    return COMPILE


@provokes("SKC215")
def _(place: Place) -> list[str]:
    text = PIPELINE.replace("{clip: {min: 0, max: 9}}, standard_scale", "log1p, standard_scale")
    (place.folder / "pipeline.yaml").write_text(text.replace("STEPS", ONE_HOT))
    place.rows("1.0,a", "1.0000000000000002,b", "1.0000000000000004,b", "1.0000000000000009,b")
    return COMPILE


@provokes("SKC216")
def _(place: Place) -> list[str]:
    head = "skc: 1\nname: p\ndata: {target: {column: x, type: float64}}\ninputs: {FOLD, s: string}\n"
    step = "f: {from: [fold, s], apply: [{target_encode: {folds: 2}}]}"
    text = f"{head}features: {{{step}}}\noutputs: {{o: {{features: [f], dtype: float64}}}}\n"
    (place.folder / "pipeline.yaml").write_text(text.replace("FOLD", "fold: {type: int64, nullable: true}"))
    (place.folder / "rows.csv").write_text("x,s,fold\n1.5,a,0\n2.5,b,0\n")
    return COMPILE


@provokes("SKC220")
def _(place: Place) -> list[str]:
    place.patch.setenv("SKC_WHERE_SECONDS", "soon")
    return _with_where(place)


def _with_where(place: Place) -> list[str]:
    path = place.folder / "pipeline.yaml"
    path.write_text(path.read_text().replace("inputs:", "data: {path: rows.csv, where: x > 0}\ninputs:", 1))
    return ["compile", "pipeline.yaml", "-o", "made", "--rows", "20"]


@provokes("SKC221")
def _(place: Place) -> None:
    with open_database(memory_limit="4MB") as database, engine_errors("the rows cannot be sorted"):
        database.connection.execute("SELECT list(range::VARCHAR || repeat('long', 50)) FROM range(1000000)")


@provokes("SKC224")
def _(place: Place) -> list[str]:
    steps = "{parse_datetime: {format: '%Y', timezone: UTC, invalid: error}}"
    place.pipeline(steps, "{datetime_part: {part: year}}", "{impute: {strategy: most_frequent}}")
    place.rows("1,2024", "2,soon")
    return COMPILE


@provokes("SKC225")
def _(place: Place) -> list[str]:
    place.patch.setenv("SKC_WHERE_SECONDS", "0.000001")
    return _with_where(place)


@provokes("SKC226")
def _(place: Place) -> None:
    """The real engine, where the system refuses to write more."""
    place.rows(*(f"{k},{k * 7919:050}" for k in range(60_000)))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))"
    program = f"{limit}; from skc.cli import run; run({COMPILE!r})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    raise SkcError(skc.Diagnostic(re.findall(r"SKC\d{3}", done.stderr)[0], done.stderr))


@provokes("SKC237")
def _(place: Place) -> list[str]:
    place.rows("1,03/04/2025", "2,05/06/2025")
    return ["init", "rows.csv", "-o", "-"]


@provokes("SKC401")
def _(place: Place) -> list[str]:
    data = b'{"skc":"plan","format":1}\n'
    model = onnx.load(place.folder / "artifact" / "model.onnx")
    (entry,) = [entry for entry in model.metadata_props if entry.key == "skc.plan"]
    entry.value = place.forge("plan.json", data)
    place.forge("model.onnx", model.SerializeToString(deterministic=True))
    return VERIFY


@provokes("SKC402")
def _(place: Place) -> list[str]:
    (place.folder / "artifact" / "manifest.json").write_text('{"skc": "artifact", "format": 2}')
    return ["inspect", "artifact"]


@provokes("SKC403")
def _(place: Place) -> list[str]:
    (place.folder / "artifact" / "plan.json").write_text("{}")
    return VERIFY


@provokes("SKC411")
def _(place: Place) -> list[str]:
    (place.folder / "artifact" / "notes.txt").write_text("mine")
    return [*COMPILE[:4], "-o", "artifact", "--force"]


@provokes("SKC502")
def _(place: Place) -> list[str]:
    place.rows("1,zebra")
    return ["transform", "artifact", "rows.csv", "-o", "x.parquet"]


@provokes("SKC503")
def _(place: Place) -> list[str]:
    made = artifacts.read(place.folder / "artifact")
    place.forge("model.onnx", with_model(made, nudge(9.0, 8.5)).files["model.onnx"])
    place.patch.setattr("skc_runtime.golden.replay_cases", lambda *_: None)  # which would notice it before
    return [*VERIFY, "--self-check"]


@provokes("SKC603")
def _(place: Place) -> list[str]:
    (place.folder / "log.jsonl").write_text('{"skc":"log","format":2}\n')
    return ["log", "check", "log.jsonl"]


@provokes("SKC604")
def _(place: Place) -> list[str]:
    transformer = skc_runtime.load(place.folder / "artifact")
    with skc_runtime.Log.open(place.folder / "log", transformer) as log:
        log.add("a", {"x": 1.0})
    path = next((place.folder / "log").iterdir())
    path.write_text(path.read_text().replace(transformer.manifest.plan, "0" * 64))
    return ["log", "check", "log", "--artifact", "artifact"]


def _logs(place: Place, *ids: str) -> None:
    """A log of one request by each name."""
    transformer = skc_runtime.load(place.folder / "artifact")
    for id_ in ids:
        with skc_runtime.Log.open(place.folder / id_, transformer) as log:
            log.add(id_, {"x": 1.0, "s": "a"}, transformer.transform_record({"x": 1.0, "s": "a"}))


@provokes("SKC681")
def _(place: Place) -> list[str]:
    place.patch.setattr("skc.skew.shadow.services.STARTUP", 0.0)
    return [*SHADOW, "sleep 60", "--timeout", "0.1"]


@provokes("SKC684")
def _(place: Place) -> list[str]:
    _logs(place, "log")
    return ["shadow", "--left", "cat", "--right", "cat", "--requests", "log"]


@provokes("SKC685")
def _(place: Place) -> list[str]:
    _logs(place, "one", "other")
    return ["shadow", "one", "other"]


@provokes("SKC686")
def _(place: Place) -> list[str]:
    _logs(place, "log")
    return ["shadow", "log", "log", "--strict"]


def looked_up(place: Place) -> list[str]:
    """A log whose requests say when the value of `x` is from."""
    with (
        skc_runtime.load(place.folder / "artifact") as transformer,
        skc_runtime.Log.open(place.folder / "log", transformer) as log,
    ):
        log.add("a", {"x": 1.0}, as_of={"x": 1})
    return ["freshness", "log", "artifact"]


@provokes("SKC640")
def _(place: Place) -> list[str]:
    (place.folder / "plain.yaml").write_text(
        "skc: 1\nname: plain\ninputs: {x: float64}\noutputs: {y: {features: [x], dtype: float64}}\n"
    )
    return ["compile", "plain.yaml", "--signals", "-o", "made"]


@provokes("SKC660")
def _(place: Place) -> list[str]:
    with skc_runtime.Log.open(place.folder / "log", skc_runtime.load(place.folder / "artifact")) as log:
        log.add("a", {"x": 1.0})
    return ["freshness", "log"]


@provokes("SKC661")
def _(place: Place) -> list[str]:
    return [*looked_up(place), "--training", "rows.csv"]


@provokes("SKC662")
def _(place: Place) -> list[str]:
    text = (place.folder / "pipeline.yaml").read_text()
    text = text.replace("x: float64", "x: {type: float64, as_of: x_at}").replace(
        "inputs:", "data: {event_time: at}\ninputs:"
    )
    (place.folder / "pipeline.yaml").write_text(text)
    (place.folder / "rows.csv").write_text("x,s,at,x_at\n1,a,2025-11-01,2025-11-02\n")
    return ["check", "pipeline.yaml", "--data", "rows.csv"]


def replay_log(place: Place, *records: dict[str, Any]) -> list[str]:
    """The beginning of a command that replays these requests, `r0`, `r1` and so on."""
    with skc_runtime.load(place.folder / "artifact") as transformer:
        write_log(place.folder / "log.jsonl", transformer, records)
    return ["replay", "log.jsonl", "artifact"]


@provokes("SKC630")
def _(place: Place) -> list[str]:
    return replay_log(place)


@provokes("SKC631")
def _(place: Place) -> list[str]:
    return [*replay_log(place, {"x": 1.0, "s": "a"}), "--training", "rows.csv", "--key", "country=s"]


@provokes("SKC632")
def _(place: Place) -> list[str]:
    return [*replay_log(place, {"x": 1.0, "s": "a"}), "--training", "rows.csv", "--key", "id=s"]


@provokes("SKC633")
def _(place: Place) -> list[str]:
    return [*replay_log(place, {"x": 1.0, "s": "b"}), "--training", "rows.csv", "--key", "s"]


@provokes("SKC687")
def _(place: Place) -> list[str]:
    _logs(place, "log")
    return ["shadow", "log", "log", "--compare", "predictions"]


@provokes("SKC505")
def _(place: Place) -> list[str]:
    """A Python that fails stands for the environment, which would have to be installed."""
    python = place.folder / "python"
    python.write_text("#!/bin/sh\necho 'no such symbol' >&2\nexit 1\n")
    python.chmod(0o755)

    def installed(wanted: str, folder: Path) -> Path:
        folder.mkdir(parents=True)
        return python

    place.patch.setattr("skc.environment_matrix._installed", installed)
    return [*VERIFY, "--onnxruntime", "1.21"]


@provokes("SKC511")
def _(place: Place) -> list[str]:
    place.rows("10,a", "11,b")
    return [*VERIFY, "--data", "rows.csv"]


@provokes("SKC512")
def _(place: Place) -> list[str]:
    place.rows("1,zebra", "2,zebra")
    return [*VERIFY, "--data", "rows.csv"]


@provokes("SKC900")
def _(place: Place) -> list[str]:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("nobody expected this")

    place.patch.setattr("skc.verifying.verification", fails)
    return VERIFY


@provokes("SKC901")
def _(place: Place) -> list[str]:
    """A model that ONNX Runtime does not take stands for a fault of lowering."""
    place.patch.setattr("skc.artifact._model_bytes", lambda *_: b"no model")
    return COMPILE


@provokes("SKC620")
def _(place: Place) -> None:
    program = f"import sys; sys.modules['scipy'] = None; from skc import cli; sys.exit(cli.run({DRIFT}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (cli.USER, "")
    raise SkcError(skc.Diagnostic(re.findall(r"SKC\d{3}", done.stderr)[0], done.stderr))


@provokes("SKC621")
def _(place: Place) -> list[str]:
    assert cli.run([*COMPILE, "--no-profile"]) == cli.EQUAL
    return [*DRIFT[:2], "made"]


@provokes("SKC624")
def _(place: Place) -> list[str]:
    place.rows(*(f"{k},a" for k in range(1001)))
    (place.folder / "times.csv").write_text("x,s,at\n" + "".join(f"{k},a,{k}\n" for k in range(1001)))
    return ["drift", "times.csv", "artifact", "--group", "at"]


@provokes("SKC625")
def _(place: Place) -> list[str]:
    (place.folder / "others.csv").write_text("y,z\n1,2\n")
    return ["drift", "others.csv", "artifact"]


PARITY = ["parity", "rows.csv", "--key", "s"]
command("SKC670", *PARITY, "--online", "nowhere:get_many")
command("SKC673", "parity", "rows.csv", "rows.csv", "--key", "country")


def of_store(code: Code, returned: str) -> None:
    @provokes(code)
    def _(place: Place) -> list[str]:
        name = f"store_of_{code.lower()}"  # modules of other tests are still imported
        (place.folder / f"{name}.py").write_text(f"def get_many(keys):\n    return {returned}\n")
        (place.folder / "rows.csv").write_text("x,s\n1,a\n2,b\n")
        return [*PARITY, "--online", f"{name}:get_many"]


of_store("SKC671", "1 / 0")
of_store("SKC672", "[]")
of_store("SKC677", "[None] * len(keys)")


def of_export(code: Code, text: str) -> None:
    @provokes(code)
    def _(place: Place) -> list[str]:
        (place.folder / "online.jsonl").write_text(text)
        (place.folder / "rows.csv").write_text("x,s\n1,a\n2,b\n")
        return ["parity", "rows.csv", "online.jsonl", "--key", "s"]


RECORD = '{"key": "a", "value": {"x": 1.0}}\n'
of_export("SKC674", RECORD * 2)
of_export("SKC675", f'{RECORD}{{"key": "b", "value": 3}}\n')
of_export("SKC676", f"{RECORD}{RECORD[:20]}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codes")
    (folder / "rows.csv").write_text(ROWS)
    (folder / "pipeline.yaml").write_text(PIPELINE.replace("STEPS", ONE_HOT))
    assert skc.compile(folder / "pipeline.yaml", folder / "rows.csv", folder / "artifact", rows=20).path
    return folder


@pytest.fixture
def place(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    (tmp_path / "public.pem").write_text(PUBLIC)
    (tmp_path / "lines.jsonl").write_text('{"x": 1, "s": "a"}\n')
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, monkeypatch)


@pytest.mark.parametrize("code", PROVOCATIONS)
def test_a_code_is_provoked(code: Code, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        arguments = PROVOCATIONS[code](place)
    except SkcError as error:
        assert [d.code for d in error.diagnostics] == [code]
        return
    assert arguments is not None
    exit_code = cli.run(arguments)
    told = capsys.readouterr()
    found = re.findall(r"(error|warning)\[(SKC\d{3})\]", told.err + told.out)
    assert code in {c for _, c in found}, told.err + told.out
    kind = next(kind for kind, c in found if c == code)
    assert exit_code == (cli.EQUAL if kind == "warning" else cli.BUG if code >= "SKC9" else cli.USER)


def test_every_code_has_a_fixture_or_is_provoked() -> None:
    provoked = FIXTURES | {code for _, code, _, _ in CASES} | set(PROVOCATIONS)
    assert sorted(set(CODES) - provoked) == [], "provoke these in tests/test_codes.py, or give them a fixture"
    twice = set(PROVOCATIONS) & FIXTURES
    assert not twice


def test_the_type_of_a_code_and_the_table_agree() -> None:
    assert get_args(Code) == tuple(CODES)
