"""GaussianProcessRegressor of scikit-learn as an artifact: the kernels that have ops, and the refusal of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from linear_rows import assert_equal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern, RationalQuadratic, WhiteKernel

from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

R = np.random.default_rng(3)
X = pd.DataFrame(R.normal(size=(120, 3)) * [1.0, 10.0, 1e4] + [0.0, 5.0, 1.7e9], columns=["a", "b", "at"])
Z = (X - X.mean()) / X.std()
Y = np.sin(2 * Z["a"]) + Z["b"] + R.normal(size=len(X)) * 0.3
LENGTHS = [1.0, 8.0, 3e4]
AS_WRITTEN: dict[str, Any] = {"optimizer": None, "alpha": 0.1}


@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        (None, {"alpha": 0.1}),
        (ConstantKernel(2.0) * RBF(LENGTHS) + WhiteKernel(0.1), AS_WRITTEN | {"normalize_y": True}),
        (RBF(2.0) * RBF(LENGTHS) * ConstantKernel(3.0) + ConstantKernel(0.5), AS_WRITTEN),
        ((RBF(LENGTHS) + ConstantKernel()) * (ConstantKernel(2.0) + WhiteKernel()), AS_WRITTEN),
        (WhiteKernel(), AS_WRITTEN),
    ],
    ids=str,
)
def test_kernels_of_distances(kernel: Any, options: dict[str, Any], tmp_path: Path) -> None:
    model = GaussianProcessRegressor(kernel, random_state=0, **options).fit(X, Y)
    assert_equal(model, X, tmp_path / "artifact")


@pytest.mark.parametrize("kernel", [DotProduct(), DotProduct(0.5) ** 2 + RBF() + WhiteKernel()], ids=str)
def test_kernels_of_products(kernel: Any, tmp_path: Path) -> None:
    """Several targets, side by side."""
    x = Z.rename(columns=str)
    model = GaussianProcessRegressor(kernel, normalize_y=True, **AS_WRITTEN).fit(x, np.c_[Y, -2 * Y])
    assert_equal(model, x, tmp_path / "artifact")


@pytest.mark.parametrize(
    "kernel",
    [Matern(), RationalQuadratic() + WhiteKernel(), DotProduct() * RBF(), DotProduct(9.0) ** 0.5, RBF() ** 2],
    ids=str,
)
def test_other_kernels_are_refused(kernel: Any) -> None:
    model = GaussianProcessRegressor(kernel, **AS_WRITTEN).fit(Z, Y)
    with pytest.raises(SkcError) as error:
        read_estimator(model, Z)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "SKC151"
    assert (diagnostic.hint or "").startswith("use ")


def test_weights_that_only_cancel_are_refused() -> None:
    """Of a smooth target without noise: a last bit of a kernel value would move its predictions."""
    smooth = ConstantKernel(1e6) * RBF(5.0)
    with pytest.raises(SkcError, match="its weights are so large") as error:
        read_estimator(GaussianProcessRegressor(smooth, optimizer=None, alpha=1e-6).fit(Z, 1e3 * Z["a"] ** 2), Z)
    assert "raise `alpha`" in (error.value.diagnostics[0].hint or "")
    read_estimator(GaussianProcessRegressor(smooth, optimizer=None, alpha=1.0).fit(Z, 1e3 * Z["a"] ** 2), Z)
