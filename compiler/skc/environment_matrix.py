"""The artifact under other versions of ONNX Runtime, each in a throw-away environment, and under ONNX's own evaluator.

Why: identical bits are promised for one version of ONNX Runtime. Whether a service may run on another depends on its
rows. Each environment has NumPy, that ONNX Runtime and a copy of `skc_runtime`, and nothing else, as in a service.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.reference

import skc_runtime
from skc.artifact import GOLDEN, MODEL, RECORD, Artifact
from skc.diagnostics import fail
from skc.equality.judge import Judge
from skc.equality.recorded import read_golden, recorded_outcome
from skc.equality.sides import compared_outputs, feeds
from skc.equality.trials import own_trials
from skc.oracle.default import step_oracle
from skc.oracle.protocol import REFERENCE, Oracle, Outcome, in_words
from skc.passes.prune import prune
from skc.progress import Stages
from skc.publish import publish_file
from skc.rows.boundaries import step_boundaries
from skc.rows.sampling import Record, spread, to_blocks
from skc.rows.sources import OwnSources
from skc.values.types import Block
from skc.verification.shown import OneLine, json_text
from skc_runtime import golden

EVALUATOR = "onnx reference evaluator"
ROWS = 1_000
FORMAT = 1
NUMPY_1 = (1, 19)  # ONNX Runtime before it was built against NumPy 1
Versions = tuple[str, str, str]
_CHILD = """
import json, platform, sys
import skc_runtime
import numpy, onnxruntime
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
    """The result in an environment: rows tried, rows that differ from the oracle, with other bits than here."""

    name: str
    versions: Versions  # of Python, NumPy, ONNX Runtime
    rows: int
    differing: int
    other_bits: int
    note: str = ""


@dataclass(frozen=True, repr=False)
class Matrix(OneLine):
    """All environments of one artifact."""

    name: str
    environments: tuple[Environment, ...]
    oracle: str = REFERENCE

    @property
    def is_equal(self) -> bool:
        """All environments that services run on are equal; the evaluator of onnx is not one of them."""
        return not any(e.differing for e in self.environments if e.name != EVALUATOR)

    def verdict(self) -> str:
        """One line: in how many environments it equals its oracle."""
        tried = sum(e.name != EVALUATOR for e in self.environments)
        if self.is_equal:
            return f"`{self.name}` equals {in_words(self.oracle)} in {tried} environments"
        return f"`{self.name}` DIFFERS from {in_words(self.oracle)} in some of {tried} environments"

    def to_json(self) -> dict[str, Any]:
        """All facts."""
        return {"skc": "environments", "format": FORMAT, "equal": self.is_equal, **asdict(self)}


def rows_to_try(
    artifact: Artifact, rows: int, seed: int, progress: Stages, oracle: Oracle | None = None
) -> list[Record]:
    """Some of the rows that `skc verify` generates, spread over all their sources."""
    pipeline = prune(artifact.pipeline)
    golden_rows, _ = read_golden(artifact.manifest, artifact.files[GOLDEN])
    right = step_oracle(pipeline, artifact.manifest, oracle)
    sources = OwnSources(pipeline, step_boundaries(pipeline), rows, seed, right.evaluate, golden_rows)
    places = [
        (trial.record, i) for trial in own_trials(sources, right, progress) for i in range(len(trial.want.guards))
    ]
    return [places[k][0](places[k][1]) for k in spread(len(places), ROWS)]


def matrix(
    artifact: Artifact,
    records: Sequence[Record],
    versions: Sequence[str],
    progress: Stages,
    oracle: Oracle | None = None,
) -> Matrix:
    """The artifact on these rows: in this environment, under ONNX's reference evaluator, and under each version
    ("latest" is one).

    Raises SKC504 for a version that cannot be installed, SKC505 if the artifact does not run on one.
    """
    rows = _Rows(artifact, records, oracle)
    with skc_runtime.Transformer(artifact.manifest, artifact.files[MODEL]) as transformer:
        here = [golden.observe(transformer, record) for record in rows.records]
    environments = [Environment("this one", _versions(), len(here), rows.differing(here), 0)]
    progress("the reference evaluator of onnx")
    environments.append(_reference_evaluator(artifact, rows))
    with tempfile.TemporaryDirectory(prefix="skc-environments-") as folder:
        for version in versions:
            progress(f"onnxruntime {version}")
            installed, cases = _in_environment(artifact, version, here, Path(folder) / version)
            other_bits = sum(case != case_here for case, case_here in zip(cases, here, strict=True))
            environments.append(
                Environment(f"onnxruntime {version}", installed, len(here), rows.differing(cases), other_bits)
            )
    return Matrix(artifact.pipeline.name, tuple(environments), rows.oracle.name)


def this_machine() -> dict[str, Any]:
    """Everything that the bits of a verification may depend on."""
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


class _Rows:
    """Records, and the oracle's outcome for them."""

    def __init__(self, artifact: Artifact, records: Sequence[Record], oracle: Oracle | None) -> None:
        pipeline = prune(artifact.pipeline)
        self.records = records
        self.blocks = to_blocks(pipeline.inputs, records)
        self.oracle = step_oracle(pipeline, artifact.manifest, oracle)
        self.want = self.oracle.run(self.blocks)
        self.judge = Judge(pipeline, artifact.manifest, self.oracle.by_design)
        self._manifest = artifact.manifest

    def differing(self, cases: Sequence[golden.GoldenCase]) -> int:
        """How many cases differ from the oracle: another refusal, or outputs that do not agree."""
        rows = [self.want.rows(slice(i, i + 1)) for i in range(len(cases))]
        refused = sum(not self.judge.accepts(case.error, row) for case, row in zip(cases, rows, strict=True))
        both = [i for i, row in enumerate(rows) if not row.refused[0] and cases[i].outputs is not None]
        outputs = [case.outputs for i in both if (case := cases[i]).outputs is not None]
        outcome = recorded_outcome(self._manifest, outputs)
        want = self.want.rows(np.array(both, dtype=np.int64))
        return refused + int(self.judge.compare(outcome, want).differing.sum())


def _reference_evaluator(artifact: Artifact, rows: _Rows) -> Environment:
    """ONNX's own slow evaluator, which does not support all the ops."""
    name, here, count = EVALUATOR, (*_versions()[:2], f"onnx {onnx.__version__}"), len(rows.records)
    manifest = artifact.manifest
    try:
        with np.errstate(all="ignore"):
            results = _evaluated(artifact, rows.blocks)
    except Exception as error:  # of many types, for an op it lacks or a string it cannot represent
        reason = " ".join(str(error).split())[:100]
        return Environment(name, here, 0, 0, 0, f"not applicable: {type(error).__name__}: {reason}")
    got = Outcome(
        {
            o.name: results[o.name].astype(object) if o.dtype == "string" else results[o.name]
            for o in compared_outputs(manifest)
        },
        {o.name: results[o.valid] for o in manifest.outputs if o.valid is not None},
        np.zeros((count, 0), dtype=bool) if manifest.guards is None else results[manifest.guards.tensor],
    )
    differing = rows.judge.compare(got, rows.want).differing
    return Environment(name, here, count, int(differing.sum()), 0, "not used by any service")


def _evaluated(artifact: Artifact, blocks: Mapping[str, Block]) -> dict[str, Any]:
    evaluator = onnx.reference.ReferenceEvaluator(onnx.load_from_string(artifact.files[MODEL]))
    results = evaluator.run(None, dict(feeds(artifact.manifest, blocks)))
    return dict(zip(evaluator.output_names, results, strict=True))


def _in_environment(
    artifact: Artifact, version: str, cases: Sequence[golden.GoldenCase], folder: Path
) -> tuple[Versions, tuple[golden.GoldenCase, ...]]:
    """The versions of a new environment, and the artifact's results for the records there."""
    python = _installed(version, folder / "venv")
    shutil.copytree(Path(skc_runtime.__file__).parent, folder / "library" / "skc_runtime")
    (folder / "artifact").mkdir()
    for name, data in artifact.files.items():
        (folder / "artifact" / name).write_bytes(data)
    (folder / "given.jsonl").write_bytes(golden.dumps(cases))
    process = subprocess.run(
        [str(python), "-c", _CHILD, *(str(folder / name) for name in ("artifact", "given.jsonl", "made.jsonl"))],
        env={"PYTHONPATH": str(folder / "library"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        reason = (process.stderr.strip().splitlines() or ["it produced no output"])[-1]
        hint = "the manifest gives the oldest version that the artifact runs on"
        raise fail("SKC505", f"the artifact does not run on onnxruntime {version}: {reason}", hint=hint)
    python_version, numpy_version, runtime_version = json.loads(process.stdout.splitlines()[-1])
    return (python_version, numpy_version, runtime_version), golden.loads((folder / "made.jsonl").read_bytes())


def _installed(version: str, folder: Path) -> Path:
    """The interpreter of a new environment with one version of ONNX Runtime. Raises SKC504."""
    venv.create(folder, with_pip=True)
    python = next(path for path in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if path.exists())
    process = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages(version)],
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        reason = (process.stderr.strip().splitlines() or ["pip failed"])[-1]
        hint = f"choose a version that has a wheel for Python {platform.python_version()} on this machine"
        raise fail("SKC504", f"onnxruntime {version} cannot be installed: {reason}", hint=hint)
    return python


def packages(version: str) -> tuple[str, str]:
    """What pip installs for a version of ONNX Runtime. Raises SKC504 for an invalid version."""
    if version == "latest":
        return "onnxruntime", "numpy"
    parts = version.split(".")
    if not 1 < len(parts) < 4 or not all(part.isdecimal() for part in parts):
        raise fail("SKC504", f"`{version}` is not a version of onnxruntime", hint='write "1.22", "1.22.1" or "latest"')
    runtime = f"onnxruntime=={version}" if len(parts) == 3 else f"onnxruntime=={version}.*"
    return runtime, "numpy<2" if (int(parts[0]), int(parts[1])) < NUMPY_1 else "numpy"


def record_of(report: Mapping[str, Any], environments: Matrix | None) -> dict[str, Any]:
    """What was tried, the results, and the environment: `schemas/verified.v1.schema.json`."""
    fields = ("name", "identity", "plan", "seed", "checks", "coverage", "untried")
    return {
        "skc": "verified",
        "format": FORMAT,
        **{key: report[key] for key in fields},
        "equal": report["equal"] and (environments is None or environments.is_equal),
        "machine": this_machine(),
        "environments": [] if environments is None else environments.to_json()["environments"],
    }


def save_record(directory: Path, facts: Mapping[str, Any]) -> None:
    """Write `verified.json` into the folder of an artifact. It is not part of the artifact's identity."""
    text = json_text(facts) + "\n"
    try:
        publish_file(lambda file: file.write_text(text, encoding="utf-8"), directory / RECORD)
    except OSError as error:
        hint = "check the folder and its space"
        raise fail("SKC412", f"cannot write `{directory / RECORD}`: {error.strerror}", hint=hint) from None
