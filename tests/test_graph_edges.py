"""`graph.count_edges` against `np.searchsorted`, where it compares and where it searches."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from spox import Tensor, argument, build

from skc.emit.blocks import MOST_COMPARED, count_edges
from skc.emit.opset import finish
from skc_runtime.kinds import Array

SIZES = (1, 2, 3, MOST_COMPARED, MOST_COMPARED + 1, 2 * MOST_COMPARED - 1, 2 * MOST_COMPARED, 1000)


def run(x: Array, edges: Array, *, right: bool) -> Array:
    argued = argument(Tensor(x.dtype.type, ("N", x.shape[1])))
    counted = count_edges(argued, edges, right=right)
    assert counted.unwrap_tensor().shape[1] == x.shape[1]
    model = finish(build({"x": argued}, {"y": counted}))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": x})
    return np.asarray(result)


def expected(x: Array, edges: Array, *, right: bool) -> Array:
    side = "left" if right else "right"
    columns = []
    for k in range(x.shape[1]):
        own = edges[k % len(edges)]
        own = np.sort(own[own == own])
        counted = np.searchsorted(own, x[:, k], side=side)
        columns.append(np.where(x[:, k] == x[:, k], counted, 0))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_floats(size: int, right: bool) -> None:
    """Each column with its own edges, in any order, one of them padded with NaN; values on every edge and beside it."""
    random = np.random.default_rng(size)
    edges = random.permuted(np.stack([np.arange(size) / 4 - 10, np.cumsum(random.random(size)) * 1e300]), axis=1)
    edges[1, : size // 3] = np.nan
    near = [edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)]
    special = np.tile([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1.7e308], (2, 1))
    x = np.ascontiguousarray(np.concatenate([*near, special], axis=1).T)
    assert run(x, edges, right=right).tolist() == expected(x, edges, right=right).tolist()


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_integers(size: int, right: bool) -> None:
    """Three columns share their edges; the ends of int64 among them."""
    edges = np.array([[2**63 - 1, -(2**63), *(2**53 + np.arange(size))][:size]], dtype=np.int64)
    around = np.concatenate([edges[0], edges[0] + (edges[0] < 2**63 - 1), edges[0] - (edges[0] > -(2**63)), [0]])
    x = np.ascontiguousarray(np.stack([around, around[::-1], np.roll(around, 1)], axis=1))
    assert run(x, edges, right=right).tolist() == expected(x, edges, right=right).tolist()
