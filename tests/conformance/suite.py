"""Writes the suite: artifacts in both signatures, rows, and what the reference says they must give.

    python tests/conformance/suite.py OUT [--released]

`--released` writes what is kept of a release for ever: the example and the first case of every op.

Run it with the ONNX Runtime that the languages will use: golden records hold its bits. Cases come from every op's
`CASES` and boundaries, from the examples, from the marshalling table (artifacts that give their inputs back), and
from every way of damaging an artifact.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

import bodies  # noqa: E402  # found by the line above
import op_harness as harness  # noqa: E402  # found by the line above
import sklearn_examples  # noqa: E402
from cells import expected, record  # noqa: E402
from damage import damaged_artifacts  # noqa: E402
from forged_artifacts import compile_pipeline, identity  # noqa: E402
from log_checks import log_artifacts  # noqa: E402
from pairs import pair_artifacts  # noqa: E402
from places import sources  # noqa: E402
from reload_checks import write_reloads  # noqa: E402
from signal_checks import signal_artifacts  # noqa: E402
from signed import signed_artifacts  # noqa: E402
from tampered import tampered_artifacts  # noqa: E402

from skc.artifact import Artifact, assemble, golden_records  # noqa: E402
from skc.fit import fit  # noqa: E402
from skc.frontend.sklearn import read_estimator  # noqa: E402
from skc.frontend.yaml.reader import read_pipeline  # noqa: E402
from skc.infer import step_input_types, value_types  # noqa: E402
from skc.ir import Input, Pipeline  # noqa: E402
from skc.op import AnyOp, Case  # noqa: E402
from skc.ops import OPS  # noqa: E402
from skc.oracle import reference  # noqa: E402
from skc.passes.prune import prune  # noqa: E402
from skc.rows.sampling import PLAIN, hostile_values, is_legal, spread, to_blocks, unique  # noqa: E402
from skc.values.types import Scalar  # noqa: E402

SIGNATURES = ("columns", "packed")
RIDES, ESTIMATORS = "examples/rides", "examples/sklearn"  # parts of the suite, beside each op
ESTIMATOR_ROWS = 100
MOST_ROWS = 250  # boundaries of a time zone run into thousands: evenly spaced ones will do here
Record = dict[str, Scalar]


@dataclass(frozen=True)
class Vectors:
    """A fitted pipeline and legal records for it."""

    id: str
    pipeline: Pipeline
    records: Sequence[Record]


def main() -> None:
    write_suite(Path(sys.argv[1]), is_released="--released" in sys.argv)


def write_suite(out: Path, *, is_released: bool = False) -> None:
    """The whole suite, or what is kept of a release."""
    with ProcessPoolExecutor() as pool:
        parts = [RIDES, *OPS] if is_released else [ESTIMATORS, RIDES, *OPS]  # the long ones first
        written = {part: pool.submit(write_part, out, part, is_released=is_released) for part in parts}
        vectors = [entry for part in (*OPS, RIDES, ESTIMATORS) if part in written for entry in written[part].result()]
    identities = [] if is_released else marshalled_inputs()
    index: dict[str, Any] = {
        "skc": "conformance",
        "version": 1,
        "onnxruntime": onnxruntime.__version__,
        "vectors": vectors,
        "marshalling": [write_identity(out, f"{k:02}", inputs) for k, inputs in enumerate(identities)],
        "damaged": [] if is_released else write_damaged(out),
        "agreement": [] if is_released else write_agreement(out),
        "logs": [] if is_released else write_logs(out),
        "signals": [] if is_released else write_signals(out),
        "bodies": None if is_released else write_bodies(out),
        "reloads": [] if is_released else write_reloads(out),
        "signed": [] if is_released else write_signed(out),
        "sources": [] if is_released else write_sources(out),
        "tampered": [] if is_released else write_tampered(out),
    }
    (out / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n")


def write_part(out: Path, part: str, *, is_released: bool) -> list[dict[str, Any]]:
    """Write one op, of which a release keeps the first case, or examples; gives the entries of the index."""
    examples = {RIDES: example_vectors, ESTIMATORS: estimator_vectors}
    vectors = examples[part]() if part in examples else vectors_of(OPS[part])
    return [write_vectors(out, one) for one in islice(vectors, 1 if is_released else None)]


def op_vectors() -> Iterator[Vectors]:
    """Those of every op."""
    for op in OPS.values():
        yield from vectors_of(op)


def vectors_of(op: AnyOp) -> Iterator[Vectors]:
    """Every case of an op that can be fitted, with the boundaries of its state and hostile values."""
    for case in op.cases:
        if not case.refused:
            pipeline = harness.fitted(op, case)
            yield Vectors(f"ops/{op.name}/{slug(case.name)}", pipeline, legal_records(op, case, pipeline))


def legal_records(op: AnyOp, case: Case, pipeline: Pipeline) -> list[Record]:
    """The rows of the case, then rows that differ from the first in one column."""
    names = [i.name for i in pipeline.inputs]
    rows = [dict(zip(names, row, strict=True)) for row in case.rows]
    base = next((row for row in rows if is_served(pipeline.inputs, row)), None)
    base = base or {i.name: PLAIN[i.dtype] for i in pipeline.inputs}
    step = pipeline.steps[-1]
    types = step_input_types(step, value_types(pipeline))
    changes: list[Record] = []
    for k, i in enumerate(pipeline.inputs):
        matter = op.boundaries(step.params, step.state, k, types[k] if op.is_variadic(step.params) else types[0])
        values = unique([*hostile_values(i), *matter])
        changes += [{**base, i.name: value} for value in values]
    legal = [row for row in changes if is_served(pipeline.inputs, row)]
    chosen = [legal[k] for k in spread(len(legal), MOST_ROWS)]
    return [*(row for row in rows if is_served(pipeline.inputs, row)), *chosen]


def is_served(inputs: Sequence[Input], row: Mapping[str, Scalar]) -> bool:
    """The runtime takes the row; whether a guard refuses it is another matter."""
    return all(is_legal(i, row[i.name]) for i in inputs)


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def example_vectors() -> Iterator[Vectors]:
    """The rides, fitted as the example says, with rows of its data."""
    folder = ROOT / "examples" / "rides"
    pipeline, _ = read_pipeline(folder / "pipeline.yaml")
    fitted = fit(pipeline).pipeline
    with (folder / "data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    records = [{i.name: read_field(i, row[i.name]) for i in fitted.inputs} for row in rows[:: len(rows) // 200]]
    hostile = [{**records[0], i.name: value} for i in fitted.inputs for value in hostile_values(i)]
    yield Vectors(RIDES, fitted, [*records, *hostile])


def estimator_vectors() -> Iterator[Vectors]:
    """The examples of scikit-learn that compile, with rows of their data and hostile values."""
    for example in sklearn_examples.COMPILING:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of scikit-learn, in fitting
            estimator = sklearn_examples.estimator(example)
        pipeline = read_estimator(estimator, sklearn_examples.rows(example, 100, 1)).pipeline
        rows = sklearn_examples.records(sklearn_examples.rows(example, ESTIMATOR_ROWS, 2))
        records = [{i.name: row.get(i.name) for i in pipeline.inputs} for row in rows]
        hostile = [{**records[0], i.name: value} for i in pipeline.inputs for value in hostile_values(i)]
        yield Vectors(f"{ESTIMATORS}/{slug(example)}", pipeline, [*records, *hostile])


def read_field(value: Input, text: str) -> Scalar:
    """A field of the example's CSV as its reader would send it."""
    if value.dtype == "string":
        return text
    if text == "":
        return None
    return text == "true" if value.dtype == "bool" else {"int64": int, "float64": float}[value.dtype](text)


def write_vectors(out: Path, vectors: Vectors) -> dict[str, Any]:
    golden = golden_records(prune(vectors.pipeline))
    artifacts = {s: assemble(vectors.pipeline, s, records=golden) for s in SIGNATURES}  # type: ignore[arg-type]  # signatures
    places = {s: f"artifacts/{vectors.id}/{s}" for s in SIGNATURES}
    for signature, artifact in artifacts.items():
        write_files(out / places[signature], artifact.files)
    manifest = artifacts["columns"].manifest
    document = {
        "skc": "vectors",
        "version": 1,
        "id": vectors.id,
        "outputs": [{"name": o.name, "dtype": o.dtype, "exact": list(o.exact)} for o in manifest.outputs],
        "rows": [record(row) for row in vectors.records],
        "expect": list(expectations(artifacts["columns"], vectors)),
    }
    place = f"vectors/{vectors.id}.json"
    (out / place).parent.mkdir(parents=True, exist_ok=True)
    (out / place).write_text(json.dumps(document, ensure_ascii=False) + "\n")
    return {"id": vectors.id, "artifacts": places, "vectors": place}


def expectations(artifact: Artifact, vectors: Vectors) -> Iterator[dict[str, Any]]:
    """For each row what the reference gives: outputs, or the error of the first guard in the manifest's order."""
    found = reference.run(vectors.pipeline, to_blocks(vectors.pipeline.inputs, vectors.records))
    valid = {o.name: o.valid for o in artifact.manifest.outputs}
    hits = {(g.code, g.step, g.column): g.mask for g in found.guards}
    guards = artifact.manifest.guards.columns if artifact.manifest.guards else ()
    for i in range(len(vectors.records)):
        hit = next((g for g in guards if hits[g.code, g.step, g.input][i]), None)
        if hit is not None:
            yield {"error": {"code": hit.code, "input": hit.input, "step": hit.step}}
            continue
        outputs = {name: expected(values[i]) for name, values in found.outputs.items()}
        outputs |= {valid[name]: expected(np.asarray(mask[i])) for name, mask in found.valid.items()}
        yield {"outputs": outputs}


def marshalled_inputs() -> list[list[dict[str, Any]]]:
    """Every list of inputs that the marshalling table speaks of."""
    table = json.loads((ROOT / "schemas" / "marshalling.v1.json").read_bytes())
    lists = [[{"name": "v", **row["input"]}] for row in table["values"]] + [row["inputs"] for row in table["requests"]]
    return [json.loads(text) for text in dict.fromkeys(json.dumps(inputs) for inputs in lists)]


def write_identity(out: Path, name: str, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    """An artifact that gives its inputs back: what reached the graph."""
    places = {s: f"artifacts/identity/{name}/{s}" for s in SIGNATURES}
    golden = [{i["name"]: PLAIN[i["type"]] for i in inputs}]
    for signature, place in places.items():
        artifact = compile_pipeline(identity(inputs), signature, golden)  # type: ignore[arg-type]  # a signature
        write_files(out / place, artifact.files)
    return {"inputs": inputs, "artifacts": places}


def write_bodies(out: Path) -> dict[str, Any]:
    """Bodies of JSON for one artifact that gives its inputs back."""
    described = write_identity(out, "bodies", bodies.inputs())
    cases = [body.document() for body in bodies.all_bodies()]
    (out / "bodies.json").write_text(json.dumps({"skc": "bodies", "version": 1, "bodies": cases}) + "\n")
    return {**described, "bodies": "bodies.json"}


def write_damaged(out: Path) -> list[dict[str, Any]]:
    """Artifacts that no runtime may serve, each with the codes it may be refused with."""
    found = []
    for damaged in damaged_artifacts():
        place = f"artifacts/damaged/{damaged.id}"
        damaged.write(out / place)
        found.append({"id": damaged.id, "artifact": place, "expect": damaged.code})
    return found


def write_agreement(out: Path) -> list[dict[str, Any]]:
    """Artifacts that load where the value that they give agrees with the one that their golden record says."""
    found = []
    for pair in pair_artifacts():
        place = f"artifacts/agreement/{pair.id}"
        write_files(out / place, pair.artifact.files)
        found.append({"id": pair.id, "artifact": place, "loads": pair.loads})
    return found


def write_logs(out: Path) -> list[dict[str, Any]]:
    """Artifacts that give their inputs back, with the requests to log and the lines that are wanted."""
    found = []
    for case, artifact in log_artifacts():
        place = f"artifacts/logs/{case['id']}"
        artifact.write(out / place)
        logs, places = case.get("others", {}), {}
        for name, log in logs.items():
            places[name] = f"{place}-{name}"
            artifact.with_document({**artifact.document, "log": log}).write(out / places[name])
        kept = ("id", "log", "options", "needs", "add", "lines")
        files = [logs.get(name, case["log"]) for name in case.get("files", [""])]
        found.append({"artifact": place, "others": places, "files": files, **{key: case[key] for key in kept}})
    return found


def write_signals(out: Path) -> list[dict[str, Any]]:
    """Artifacts that signal, with the calls to make and the text that is wanted."""
    found = []
    for case, artifact in signal_artifacts():
        place = f"artifacts/signals/{case['id']}"
        artifact.write(out / place)
        found.append({"artifact": place, **{key: case[key] for key in ("id", "log", "rows", "calls", "text")}})
    return found


def write_signed(out: Path) -> list[dict[str, Any]]:
    """Artifacts with a signature, each with the key it is loaded with and the code of the refusal."""
    found = []
    for signed in signed_artifacts():
        place = f"artifacts/signed/{signed.id}"
        signed.write(out / place)
        found.append({"id": signed.id, "artifact": place, "key": signed.key, "expect": signed.code})
    return found


def write_sources(out: Path) -> list[dict[str, Any]]:
    """The same artifact wherever it may lie."""
    found = []
    for source in sources():
        place = f"artifacts/sources/{source.id}"
        (out / place).parent.mkdir(parents=True, exist_ok=True)
        source.write(out / place)
        found.append({"id": source.id, "artifact": place, "from": source.kind, "expect": source.code})
    return found


def write_tampered(out: Path) -> list[dict[str, Any]]:
    """Artifacts that a forger made again as a whole: they load."""
    found = []
    for name, artifact in tampered_artifacts():
        place = f"artifacts/tampered/{name}"
        write_files(out / place, artifact.files)
        found.append({"id": name, "artifact": place})
    return found


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
