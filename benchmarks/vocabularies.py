"""Compiling, verifying and loading vocabularies of several hundred thousand entries, each beside its peer or limit.

    python benchmarks/vocabularies.py [--entries 650000] [--loaded 1000000] [--repeat 3]

13 float columns (impute, standard_scale) and 26 string columns with vocabularies of `entries` keys together, as in
the table of fit.py. `compile` is beside writing and hashing its files; `verify` beside one run of the model
and of a dict over as many rows as it tries; `load`, of one vocabulary of `loaded` keys, beside reading and hashing the
files and creating ONNX Runtime's session alone; and beside scikit-learn's OrdinalEncoder with the same categories, read
from a pickle. Each subject runs in a process of its own, which has imported what it needs, and the fastest of `repeat`
counts, in seconds and in seconds of processor time. The machine counts: quote ratios.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import results

CACHE = Path(tempfile.gettempdir()) / "skc-benchmarks"
SUBJECTS = ("compile", "write the files", "verify", "its rows alone", "load", "session alone", "scikit-learn")
PEERS = {"compile": "write the files", "verify": "its rows alone", "load": "session alone"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=650_000)
    parser.add_argument("--loaded", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the fastest counts")
    parser.add_argument("--run", choices=SUBJECTS, help=argparse.SUPPRESS)
    results.add_flag(parser)
    given = parser.parse_args()
    if given.run is not None:
        print(json.dumps(measure(given.run, given.entries, given.loaded)))
        return
    best: dict[str, dict[str, float]] = {}
    for _ in range(given.repeat):
        for subject in SUBJECTS:
            found = run(subject, given)
            known = best.setdefault(subject, found)
            best[subject] = {what: min(known[what], number) for what, number in found.items()}
    print(f"{given.entries:,} entries; {given.loaded:,} loaded")
    print(f"{'':<18}{'seconds':>10}{'processor':>11}{'x peer':>9}")
    for subject, found in best.items():
        ratio = f"{found['seconds'] / best[PEERS[subject]]['seconds']:>9.1f}" if subject in PEERS else ""
        print(f"{subject:<18}{found['seconds']:>10.2f}{found['processor']:>11.2f}{ratio}")
    ratios = {f"{of}, to {peer}": best[of]["seconds"] / best[peer]["seconds"] for of, peer in PEERS.items()}
    results.save(given.json, ratios)


def run(subject: str, given: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--run", subject, "--entries", str(given.entries)]
    done = subprocess.run([*command, "--loaded", str(given.loaded)], stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def timed(work: Callable[[], Any]) -> dict[str, float]:
    started, used = time.perf_counter(), time.process_time()
    work()
    return {"seconds": time.perf_counter() - started, "processor": time.process_time() - used}


def fitted(entries: int, columns: int | None = None) -> Any:
    """A fitted pipeline of fit.py's columns, or of that many vocabularies alone, with so many keys in all."""
    import numpy as np
    import pyarrow as pa
    from tables import DISTINCT, NUMBERS, STRINGS

    from skc.fit import fit
    from skc.frontend import definitions as define
    from skc.frontend.build import build
    from skc.ir import Input
    from skc.ops import OPS

    numbers, strings = (NUMBERS, STRINGS) if columns is None else ([], STRINGS[:columns])
    weights = DISTINCT[: len(strings)]
    sizes = [max(1, entries * weight // sum(weights)) for weight in weights]
    inputs = [Input(name, "float64", nullable=True) for name in numbers]
    inputs += [Input(name, "string", nullable=True) for name in strings]
    chains = {"numbers": ("impute", "standard_scale"), "strings": ("vocabulary",)}
    features, outputs = [], []
    for name, own, dtype in (("numbers", numbers, "float64"), ("strings", strings, "int64")):
        if own:
            steps = [define.StepDefinition(OPS[op], OPS[op].params()) for op in chains[name]]
            features.append(define.FeatureDefinition(name, tuple(map(define.Name, own)), tuple(steps)))
            outputs.append(define.OutputDefinition(name, (define.Name(name),), dtype))
    pipeline, _ = build(define.PipelineDefinition("many", tuple(inputs), tuple(features), tuple(outputs)))
    rows = np.arange(max(sizes))
    table = {name: pa.array(np.cos(rows + k)) for k, name in enumerate(numbers)}
    for name, size in zip(strings, sizes, strict=True):  # each key at least once
        table[name] = pa.array([f"{name}_{k:07x}" for k in range(size)]).take(pa.array(rows % size))
    return fit(pipeline, pa.table(table)).pipeline


def assembled(entries: int, columns: int | None = None) -> Any:
    from skc.artifact import assemble

    return assemble(fitted(entries, columns))


def folder_of(loaded: int) -> Path:
    """An artifact with one vocabulary, written once."""
    from skc.artifact import write

    out = CACHE / f"vocabulary-{loaded}"
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        write(assembled(loaded, 1), out)
    return out


def measure(subject: str, entries: int, loaded: int) -> dict[str, float]:
    assembled(100)  # what is loaded when first used
    match subject:
        case "compile":
            pipeline = fitted(entries)
            from skc.artifact import assemble

            return timed(lambda: assemble(pipeline))
        case "write the files":
            files = assembled(entries).files
            with tempfile.TemporaryDirectory() as name:
                return timed(lambda: [write_hashed(Path(name) / file, data) for file, data in files.items()])
        case "verify":
            return verified(entries)
        case "its rows alone":
            return rows_alone(entries)
        case "load":
            import skc_runtime

            folder = folder_of(loaded)
            return timed(lambda: skc_runtime.load(folder))
        case "session alone":
            from skc_runtime.session import GraphSession

            folder = folder_of(loaded)
            return timed(lambda: GraphSession(read_hashed(folder)))
    return sklearn_loaded(loaded)


def verified(entries: int) -> dict[str, float]:
    from skc.verification.run import verify

    artifact = assembled(entries)
    reports: list[Any] = []
    found = timed(lambda: reports.append(verify(artifact)))
    if not reports[0].is_equal:
        raise SystemExit("not verified")
    return found


def rows_alone(entries: int) -> dict[str, float]:
    """As many rows as a verification tries through the model, and their keys through a dict."""
    import numpy as np

    from skc.equality.sides import Graph
    from skc.rows.sampling import PLAIN, Variations
    from skc.rows.sources import Records

    artifact = assembled(entries)
    pipeline = artifact.pipeline
    base = {i.name: PLAIN[i.dtype] for i in pipeline.inputs}
    step = next(step for step in pipeline.steps if step.op == "vocabulary")
    names = [ref.value.partition("/")[2].partition("/")[0] for ref in step.inputs]
    pairs = list(zip(names, step.state.keys, strict=True))
    changes = [(name, key) for name, keys in pairs for key in keys[:100_000]]
    graph = Graph(artifact.manifest, artifact.files["model.onnx"])
    ids = {name: {key: k for k, key in enumerate(keys)} for name, keys in pairs}

    def work() -> None:
        for batch in Records("", "", pipeline, Variations(base, changes)).batches():
            graph.run(batch.blocks)
            for name, known in ids.items():
                np.array([known.get(value, 1) for value in batch.blocks[name].values[:, 0].tolist()])

    return timed(work)


def sklearn_loaded(loaded: int) -> dict[str, float]:
    """The categories in a pickle, read and used once."""
    import numpy as np
    from sklearn.preprocessing import OrdinalEncoder

    keys = np.array([[f"s00_{k:07x}"] for k in range(loaded)], dtype=object)
    data = pickle.dumps(OrdinalEncoder().fit(keys))
    return timed(lambda: pickle.loads(data).transform(keys[:1]))


def write_hashed(file: Path, data: bytes) -> None:
    hashlib.sha256(data).hexdigest()
    file.write_bytes(data)


def read_hashed(folder: Path) -> bytes:
    files = {file.name: file.read_bytes() for file in sorted(folder.iterdir())}
    for data in files.values():
        hashlib.sha256(data).hexdigest()
    return files["model.onnx"]


if __name__ == "__main__":
    main()
