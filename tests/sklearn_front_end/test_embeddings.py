"""RandomTreesEmbedding as an artifact: a column for each leaf of each tree, equal to the bit beside every split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomTreesEmbedding
from sklearn_front_end.rows import assert_equal

ROWS = np.random.default_rng(0).normal(size=(60, 2)).round(1)
HOSTILE = np.array([[np.nan, 0.0], [np.inf, 1.0], [3.5e38, 0.0], [3.4e38, -0.0], [5e-324, -1e300]])


@pytest.mark.parametrize("leaves", [None, 2])
def test_leaves(leaves: int | None, tmp_path: Path) -> None:
    embedding = RandomTreesEmbedding(n_estimators=4, max_depth=4, max_leaf_nodes=leaves, random_state=0).fit(ROWS)
    edges = np.concatenate([tree.tree_.threshold for tree in embedding.estimators_])
    near = np.concatenate([np.nextafter(edges, -np.inf), edges, np.nextafter(edges, np.inf)])
    assert_equal(embedding, ROWS, tmp_path, np.vstack([HOSTILE, np.column_stack([near, near[::-1]])]))


def test_a_tree_that_is_one_leaf(tmp_path: Path) -> None:
    embedding = RandomTreesEmbedding(n_estimators=2, min_samples_leaf=60, random_state=0).fit(ROWS)
    assert_equal(embedding, ROWS, tmp_path, HOSTILE)
