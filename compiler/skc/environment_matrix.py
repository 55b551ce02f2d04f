"""The artifact under other versions of ONNX Runtime, each in a throw-away environment, and under ONNX's own evaluator.

Why: bits are promised for one version of ONNX Runtime. Whether a service may run on another is a question to its rows.
Each environment holds NumPy, that ONNX Runtime and a copy of `skc_runtime`, and nothing else: what a service installs.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import tempfile
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.reference

import skc_runtime
from skc.artifact import MODEL, Artifact
from skc.diagnostics import fail
from skc.sampling import Record, spread
from skc.types import Block
from skc.verification.compare import compare
from skc.verification.run import OwnRows, Tried
from skc.verification.subject import Outcome, feeds
from skc.verification.tables import table
from skc_runtime import golden

EVALUATOR = "onnx reference evaluator"
RECORD = "verified.json"
ROWS = 1_000
FORMAT = 1
NUMPY_1 = (1, 19)  # ONNX Runtime before it was built against NumPy 1
Progress = Callable[[str], None]
Versions = tuple[str, str, str]
_CHILD = """
import json, platform, sys
import numpy, onnxruntime
import skc_runtime
from skc_runtime import golden
folder, given, made = sys.argv[1:]
with skc_runtime.load(folder, replay="tolerance") as transformer:
    with open(given, "rb") as file:
        cases = golden.loads(file.read())
    records = [golden.decode_record(transformer.manifest, case.record) for case in cases]
    with open(made, "wb") as file:
        file.write(golden.dumps(golden.observe(transformer, record) for record in records))
print(json.dumps([platform.python_version(), numpy.__version__, onnxruntime.__version__]))
"""


@dataclass(frozen=True)
class Environment:
    """How the artifact did in one: rows tried, rows that differ from the reference, rows with other bits than here."""

    name: str
    versions: Versions  # of Python, NumPy, ONNX Runtime
    rows: int
    differing: int
    other_bits: int
    note: str = ""


@dataclass(frozen=True)
class Matrix:
    """All environments of one artifact."""

    name: str
    environments: tuple[Environment, ...]

    @property
    def is_equal(self) -> bool:
        """Of what services run on: the evaluator of onnx is another opinion, and has bugs of its own."""
        return not any(e.differing for e in self.environments if e.name != EVALUATOR)

    def to_json(self) -> dict[str, Any]:
        """All facts."""
        return {"skc": "environments", "format": FORMAT, "equal": self.is_equal, **asdict(self)}

    def text(self) -> str:
        """A table, and one line: what may be believed now."""
        rows = [("environment", "python", "numpy", "onnxruntime", "rows", "differing", "other bits", "")]
        for e in self.environments:
            counts = [f"{n:,}" if e.rows else "-" for n in (e.rows, e.differing, e.other_bits)]
            rows.append((e.name, *e.versions, counts[0], counts[1], counts[2], e.note))
        verdict = "equals its reference" if self.is_equal else "DIFFERS from its reference"
        tried = [e for e in self.environments if e.name != EVALUATOR]
        where = f"in {len(tried)} environments" if self.is_equal else f"in some of {len(tried)} environments"
        return f"{table(rows)}\n\n`{self.name}` {verdict} {where}"


def matrix(artifact: Artifact, own: OwnRows, versions: Sequence[str], progress: Progress) -> Matrix:
    """The artifact in this environment, under ONNX's reference evaluator, and under each version ("latest" is one).

    Raises SKC504 for a version that cannot be installed.
    """
    rows = _sampled(own.tried)
    with skc_runtime.Transformer(artifact.manifest, artifact.files[MODEL]) as transformer:
        here = [golden.observe(transformer, record) for record, _ in rows]
    found = [_judged(artifact, "this one", _versions(), here, rows, here)]
    progress("the reference evaluator of onnx")
    found.append(_reference_evaluator(artifact, own.tried))
    with tempfile.TemporaryDirectory(prefix="skc-environments-") as folder:
        for wanted in versions:
            progress(f"onnxruntime {wanted}")
            told, cases = _in_environment(artifact, wanted, here, Path(folder) / wanted)
            found.append(_judged(artifact, f"onnxruntime {wanted}", told, cases, rows, here))
    return Matrix(artifact.pipeline.name, tuple(found))


def this_machine() -> dict[str, Any]:
    """What the bits of a verification may depend on."""
    extensions = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "cpu_features": [*extensions.get("baseline", []), *extensions.get("found", [])],
        **dict(zip(("python", "numpy", "onnxruntime"), _versions(), strict=True)),
    }


def _versions() -> Versions:
    return platform.python_version(), version("numpy"), version("onnxruntime")


def _sampled(tried: Sequence[Tried]) -> list[tuple[Record, Outcome]]:
    """Rows spread over all checks, each with what the reference says of it."""
    places = [(part, i) for part in tried for i in range(len(part.want.guards))]
    chosen = [places[k] for k in spread(len(places), ROWS)]
    return [(part.record(i), part.want.rows(slice(i, i + 1))) for part, i in chosen]


def _judged(
    artifact: Artifact,
    name: str,
    versions: Versions,
    cases: Sequence[golden.GoldenCase],
    rows: Sequence[tuple[Record, Outcome]],
    here: Sequence[golden.GoldenCase],
) -> Environment:
    differing = [case for case, (_, want) in zip(cases, rows, strict=True) if not _agrees(artifact, case, want)]
    other = [case for case, mine in zip(cases, here, strict=True) if case != mine]
    return Environment(name, versions, len(rows), len(differing), len(other))


def _agrees(artifact: Artifact, case: golden.GoldenCase, want: Outcome) -> bool:
    """The case is what the reference says: the same refusal, or the outputs within what verification allows."""
    guards = artifact.manifest.guards
    fired = np.flatnonzero(want.guards[0])
    code = None if guards is None or len(fired) == 0 else guards.columns[int(fired[0])].code
    if case.outputs is None or code is not None:
        return case.error == code
    wanted: dict[str, Any] = {}
    for output in artifact.manifest.outputs:
        wanted[output.name] = want.outputs[output.name][0]
        if output.valid is not None:
            wanted[output.valid] = want.valid[output.name][0]
    return golden.compare(artifact.manifest, case.outputs, wanted, replay="tolerance") is None


def _reference_evaluator(artifact: Artifact, tried: Sequence[Tried]) -> Environment:
    """ONNX's own slow evaluator, on the rows of the first check. It does not know all the ops."""
    name, here = EVALUATOR, (*_versions()[:2], f"onnx {onnx.__version__}")
    part = tried[0]
    index = np.array(spread(len(part.want.guards), ROWS // 5))
    blocks = {
        key: type(block)(block.dtype, block.values[index], None if block.valid is None else block.valid[index])
        for key, block in part.blocks.items()
    }
    want = part.want.rows(index)
    try:
        with np.errstate(all="ignore"):
            results = _evaluated(artifact, blocks)
    except Exception as error:  # of its own many types, for an op it lacks or a string it cannot hold
        reason = " ".join(str(error).split())[:100]
        return Environment(name, here, 0, 0, 0, f"not applicable: {type(error).__name__}: {reason}")
    differing = np.zeros(len(index), dtype=bool)
    if artifact.manifest.guards is not None:
        differing |= (np.asarray(results[artifact.manifest.guards.tensor]) != want.guards).any(axis=1)
    for output in artifact.manifest.outputs:
        got = np.asarray(results[output.name])
        valid = None if output.valid is None else np.asarray(results[output.valid])
        got = got.astype(object) if output.dtype == "string" else got
        compared = compare(
            got,
            want.outputs[output.name],
            (False,) * len(output.columns),
            got_valid=valid,
            want_valid=want.valid.get(output.name),
            ignore_rows=want.refused,
        )
        differing |= compared.differs.any(axis=1)
    return Environment(name, here, len(index), int(differing.sum()), 0, "no service runs on it")


def _evaluated(artifact: Artifact, blocks: Mapping[str, Block]) -> dict[str, Any]:
    evaluator = onnx.reference.ReferenceEvaluator(onnx.load_from_string(artifact.files[MODEL]))
    results = evaluator.run(None, dict(feeds(artifact.manifest, blocks)))
    return dict(zip(evaluator.output_names, results, strict=True))


def _in_environment(
    artifact: Artifact, wanted: str, cases: Sequence[golden.GoldenCase], folder: Path
) -> tuple[Versions, tuple[golden.GoldenCase, ...]]:
    """The versions of a new environment, and what the artifact makes of the records there."""
    python = _installed(wanted, folder / "venv")
    shutil.copytree(Path(skc_runtime.__file__).parent, folder / "library" / "skc_runtime")
    (folder / "artifact").mkdir()
    for name, data in artifact.files.items():
        (folder / "artifact" / name).write_bytes(data)
    (folder / "given.jsonl").write_bytes(golden.dumps(cases))
    done = subprocess.run(
        [str(python), "-c", _CHILD, *(str(folder / name) for name in ("artifact", "given.jsonl", "made.jsonl"))],
        env={"PYTHONPATH": str(folder / "library"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        told = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        hint = "the manifest names the oldest version that the artifact runs on"
        raise fail("SKC505", f"the artifact does not run on onnxruntime {wanted}: {told}", hint=hint)
    python_version, numpy_version, runtime_version = json.loads(done.stdout.splitlines()[-1])
    return (python_version, numpy_version, runtime_version), golden.loads((folder / "made.jsonl").read_bytes())


def _installed(wanted: str, folder: Path) -> Path:
    """The interpreter of a new environment with one version of ONNX Runtime. Raises SKC504."""
    venv.create(folder, with_pip=True)
    python = next(path for path in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if path.exists())
    packages = list(_packages(wanted))
    done = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        told = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        hint = f"choose a version that has a wheel for Python {platform.python_version()} on this machine"
        raise fail("SKC504", f"onnxruntime {wanted} cannot be installed: {told}", hint=hint)
    return python


def _packages(wanted: str) -> Iterator[str]:
    if wanted == "latest":
        yield from ("onnxruntime", "numpy")
        return
    parts = wanted.split(".")
    if not 1 < len(parts) < 4 or not all(part.isdecimal() for part in parts):
        raise fail("SKC504", f"`{wanted}` is no version of onnxruntime", hint='write "1.22", "1.22.1" or "latest"')
    yield f"onnxruntime=={wanted}" if len(parts) == 3 else f"onnxruntime=={wanted}.*"
    yield "numpy<2" if (int(parts[0]), int(parts[1])) < NUMPY_1 else "numpy"


def record_of(report: Mapping[str, Any], environments: Matrix | None) -> dict[str, Any]:
    """What was tried, with which result, and where."""
    kept = ("name", "plan", "equal", "seed", "checks", "coverage", "untried")
    return {
        "skc": "verified",
        "format": FORMAT,
        **{key: report[key] for key in kept},
        "machine": this_machine(),
        "environments": [] if environments is None else environments.to_json()["environments"],
    }


def save_record(directory: Path, facts: Mapping[str, Any]) -> None:
    """Write `verified.json` among the files of an artifact. It is none of those whose bytes are its identity."""
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    try:
        (directory / RECORD).write_text(text, encoding="utf-8")
    except OSError as error:
        hint = "check the folder and its space"
        raise fail("SKC412", f"cannot write `{directory / RECORD}`: {error.strerror}", hint=hint) from None
