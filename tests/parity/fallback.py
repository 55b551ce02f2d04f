"""Models that skc does not compile, through skl2onnx: whether it converts them, and how near it comes.

    python tests/parity/fallback.py [--only REGEX]

With float32 and with double inputs, on 5,000 rows: ordinary ones; whole numbers, whose distances tie; and columns of
unix seconds and sums of money. A value is off if it differs by more than 1e-6 max(1, |y|). The table of
docs/scikit-learn.md is from here, and shows why skl2onnx is no way around a refusal.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1])]

import skc_runtime  # noqa: E402, F401  # it switches the telemetry of ONNX Runtime off

# isort: split
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from skl2onnx import to_onnx  # noqa: E402
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType  # noqa: E402
from sklearn.cluster import BisectingKMeans  # noqa: E402
from sklearn.dummy import DummyClassifier, DummyRegressor  # noqa: E402
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor  # noqa: E402
from sklearn.gaussian_process.kernels import Matern, RationalQuadratic, WhiteKernel  # noqa: E402
from sklearn.neighbors import LocalOutlierFactor  # noqa: E402
from sklearn.semi_supervised import LabelPropagation, LabelSpreading  # noqa: E402

from skc.emit.opset import ALLOWED  # noqa: E402
from skc_runtime.agreement import agree  # noqa: E402

TRAINING, ROWS = 300, 5000
INPUTS = {"float32": FloatTensorType, "float64": DoubleTensorType}
Array = np.ndarray[Any, Any]


def tables() -> dict[str, Array]:
    """Training rows, then the rows to try."""
    r, count = np.random.default_rng(0), TRAINING + ROWS
    usual = r.normal(size=(count, 4))
    return {
        "ordinary": usual,
        "whole numbers": r.integers(0, 6, size=(count, 4)).astype(np.float64),
        "seconds": usual * [1.0, 1e3, 1.0, 1e5] + [0.0, 1.7e9, 0.0, 3e5],
    }


def models(x: Array) -> Iterator[tuple[Any, Any]]:
    """Each model, and its target."""
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    y, two = z[:, 0] + np.sin(2 * z[:, 1]), z[:, 2] > 0
    three = np.digitize(z[:, 2], [-0.4, 0.4])
    some = np.where(np.arange(len(x)) % 3, three, -1)
    yield BisectingKMeans(5, random_state=0), None
    yield from ((DummyClassifier(), three), (DummyRegressor(), y))
    yield from ((GaussianProcessClassifier(), two), (GaussianProcessClassifier(), three))
    for kernel in (Matern(), RationalQuadratic()):
        yield GaussianProcessRegressor(kernel + WhiteKernel(), normalize_y=True, random_state=0), y
    yield LocalOutlierFactor(novelty=True), None
    yield from ((LabelPropagation(), some), (LabelSpreading(), some))


def judged(model: Any, rows: Array, dtype: str) -> str:
    """One line: why there is no answer, or how far each output is off."""
    kind = INPUTS[dtype]([None, rows.shape[1]])
    options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
    try:
        made = to_onnx(model, initial_types=[("x", kind)], options=options)
        session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
        outputs = session.run(None, {"x": rows.astype(dtype)})
    except Exception as error:  # whatever a converter raises is its answer
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0][:110]}"
    methods = ("predict", *(name for name in ("predict_proba", "decision_function") if hasattr(model, name)))
    with np.errstate(all="ignore"):
        told = [_off(name, got, getattr(model, name)(rows)) for name, got in zip(methods, outputs, strict=False)]
    return f"{'; '.join(told)}; {_foreign(made)}"


def _off(name: str, got: Any, want: Array) -> str:
    found = np.asarray(got).reshape(want.shape)
    if want.dtype.kind in "biu":
        return f"{name}: {int((found.astype(want.dtype) != want).sum()):,} classes differ"
    off = ~agree(found.astype(np.float64), want, exact=False).reshape(len(want), -1).all(axis=1)
    return f"{name}: {int(off.sum()):,} rows off, by up to {np.nanmax(np.abs(found - want)):.2g}"


def _foreign(model: onnx.ModelProto) -> str:
    """The ops in the graph that no runtime of skc loads."""
    names = {("" if node.domain == "ai.onnx" else node.domain, node.op_type) for node in model.graph.node}
    return f"refused by the runtimes: {', '.join(sorted(op for domain, op in names - ALLOWED.keys())) or 'nothing'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    only = parser.parse_args().only
    warnings.simplefilter("ignore")
    logging.disable()
    for table, values in tables().items():
        training, rows = values[:TRAINING], values[TRAINING:]
        for model, target in models(training):
            if re.search(only, type(model).__name__):
                fitted = model.fit(training, target) if target is not None else model.fit(training)
                for dtype in INPUTS:
                    print(f"{table:14} {str(model)[:44]:45} {dtype}: {judged(fitted, rows, dtype)}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
