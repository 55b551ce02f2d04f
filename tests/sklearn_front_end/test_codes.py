"""SparseCoder and the dictionaries that are learned as artifacts: thresholds and single atoms, with every sign."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import DictionaryLearning, MiniBatchDictionaryLearning, SparseCoder
from sklearn_front_end.rows import assert_equal

ROWS = np.random.default_rng(3).normal(size=(40, 3))
ATOMS = np.array([[1.0, 0.0, 0.0], [0.0, 0.6, -0.8], [0.25, 0.25, 0.0], [0.0, 0.0, 0.0]])
# on a threshold and beside it, atoms that tie only to a whole number, and nothing at all
HOSTILE = np.array(
    [
        [0.25, 0.0, 0.0],
        [np.nextafter(0.25, 1.0), 0.0, 0.0],
        [-0.25, 0.0, 0.0],
        [0.0, 0.0, 0.0],
        [1e-9, 0.0, 1e-10],
        [np.nan, 0.0, 0.0],
        [np.inf, 0.0, 0.0],
        [1e200, 1.0, -1.0],
        [-0.0, 5e-324, 0.0],
    ]
)


@pytest.mark.parametrize(("split", "positive"), [*product((False, True), repeat=2)])
def test_threshold(split: bool, positive: bool, tmp_path: Path) -> None:
    coder = SparseCoder(ATOMS, transform_algorithm="threshold", transform_alpha=0.25, split_sign=split)
    coder.set_params(positive_code=positive)
    assert_equal(coder.fit(ROWS), ROWS, tmp_path, HOSTILE, exact=False)


@pytest.mark.parametrize("split", [False, True])
def test_one_atom(split: bool, tmp_path: Path) -> None:
    assert_equal(SparseCoder(ATOMS, split_sign=split).fit(ROWS), ROWS, tmp_path, HOSTILE, exact=False)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("learner", [DictionaryLearning, MiniBatchDictionaryLearning])
def test_learned_dictionaries(learner: type, tmp_path: Path) -> None:
    """Without a threshold of its own, the penalty of fitting."""
    for alpha, threshold in ((0.5, None), (0.0, None), (1.0, 0.125)):
        coder = learner(4, alpha=alpha, transform_algorithm="threshold", transform_alpha=threshold, max_iter=3)
        coder.set_params(random_state=0)
        assert_equal(coder.fit(ROWS), ROWS, tmp_path / f"{alpha}", HOSTILE, exact=False)
