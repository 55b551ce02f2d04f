"""`target_encode` by its folds, and scikit-learn's TargetEncoder with the same folds: what a training row gets is what
`fit_transform` gives, and what a request gets is what `transform` gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import op_harness as harness
import pandas as pd
import pytest
from sklearn.model_selection import PredefinedSplit
from sklearn.preprocessing import TargetEncoder

from skc.ops import OPS
from skc_runtime.agreement import agree
from skc_runtime.kinds import DType

N = 400
SMOOTH = ("auto", 0.0, 1.0, 12.5)
FOLDS = 4


def categories(dtype: DType, r: np.random.Generator) -> list[Any]:
    """Some often, some in one fold only, some missing."""
    pools: dict[DType, list[Any]] = {
        "string": ["a", "b", "é", "", "B", None, *(f"rare {k}" for k in range(60))],
        "int64": [0, -1, 2**53, 7, *range(100, 160)],
        "float64": [0.0, 0.1, 2.5, None, -1e300, *(k / 7 for k in range(1, 60))],
        "bool": [False, True],
    }
    pool = pools[dtype]
    return [pool[int(len(pool) * k)] for k in r.random(N) ** 3]


def targets(kind: str, r: np.random.Generator) -> tuple[DType, list[Any], str]:
    """The declared type, the values, and what scikit-learn calls it."""
    found: dict[str, tuple[DType, list[Any], str]] = {
        "numbers": ("float64", r.normal(50, 20, N).tolist(), "continuous"),
        "far apart": ("float64", (np.exp(r.normal(0, 9, N)) * r.choice([-1, 1], N)).tolist(), "continuous"),
        "whole": ("int64", r.integers(-5, 100, N).tolist(), "continuous"),
        "bool": ("bool", (r.random(N) < 0.3).tolist(), "binary"),
        "two texts": ("string", r.choice(["yes", "no"], N).tolist(), "binary"),
        "classes": ("string", r.choice(["x", "é", "A", "z"], N).tolist(), "multiclass"),
    }
    return found[kind]


@pytest.mark.parametrize("smooth", SMOOTH)
@pytest.mark.parametrize("kind", ["numbers", "far apart", "whole", "bool", "two texts", "classes"])
@pytest.mark.parametrize("dtype", ["string", "int64", "float64", "bool"])
def test_training_rows_and_requests(dtype: DType, kind: str, smooth: Any) -> None:
    r = np.random.default_rng(len(kind) * 7 + len(dtype))
    values, (declared, target, target_type) = categories(dtype, r), targets(kind, r)
    folds = np.r_[np.arange(FOLDS), r.integers(0, FOLDS, N - FOLDS)]
    theirs = TargetEncoder(smooth=smooth, target_type=target_type, cv=PredefinedSplit(folds))
    x = pd.DataFrame({"s": pd.Series(values, dtype=object if dtype in ("string", "bool") else None)})
    crossed = theirs.fit_transform(x, target)
    params = {"folds": FOLDS} | ({} if smooth == "auto" else {"smooth": smooth})
    params |= {"target_type": "continuous"} if kind == "whole" else {}
    pipeline = harness.build(OPS["target_encode"], params, {"fold": "int64?", "s": f"{dtype}?"}, target=declared)
    rows = list(zip(folds.tolist(), values, target, strict=True))
    fitted = harness.fit(pipeline, rows)
    graph = harness.Graph(fitted)
    ours = graph.run([[fold, value] for fold, value, _ in rows])
    assert agree(ours.values, crossed, exact=False).all()
    strange: list[Any] = [{"string": "A", "int64": 5, "float64": 1e-9, "bool": None}[dtype], None]
    asked = [*values, *strange]
    served = graph.run([[None, value] for value in asked])
    if dtype == "int64":
        asked = [*values, 5, 6]  # a null that scikit-learn has not seen is unknown
    elif None not in values:
        asked = [*values, *["another"] * 2]
    others = theirs.transform(pd.DataFrame({"s": pd.Series(asked, dtype=x["s"].dtype)}))
    assert agree(served.values, others, exact=False).all()
    assert fitted.steps[-1].state.categories[0] == tuple(sorted({v for v in values if v is not None}))
