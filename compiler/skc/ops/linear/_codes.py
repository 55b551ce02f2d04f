"""The classes of scikit-learn that code a row as a sparse sum of the atoms of a dictionary.

Two of their algorithms are a bounded computation: `threshold`, which is steps that exist, and `omp` with one atom. The
others choose one atom after another, each by the last bits of what the ones before have left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._steps import mapped
from skc.ops.numeric import clip
from skc.translation import Claim, Columns
from skc_runtime.kinds import Array


def _coded(coder: Any, x: Columns) -> Columns:
    dictionary = np.asarray(coder.dictionary if hasattr(coder, "dictionary") else coder.components_, dtype=np.float64)
    if coder.transform_algorithm == "threshold":
        return _thresholded(coder, x, dictionary)
    if coder.transform_algorithm != "omp":
        hint = "use `transform_algorithm='threshold'`, or 'omp' with `transform_n_nonzero_coefs=1`"
        raise refuse("SKC151", f"`transform_algorithm={coder.transform_algorithm!r}` iterates for each row", hint=hint)
    if coder.positive_code:
        hint = "leave `positive_code` out, or use `transform_algorithm='threshold'`"
        raise refuse("SKC151", "scikit-learn refuses `positive_code=True` with 'omp'", hint=hint)
    return _matched(coder, x, dictionary)


def _thresholded(coder: Any, x: Columns, dictionary: Array) -> Columns:
    """How far each product is above alpha, and how far below -alpha; both 0 elsewhere."""
    alpha = coder.transform_alpha
    alpha = float(getattr(coder, "alpha", 1.0) if alpha is None else alpha)
    atoms = len(dictionary)
    sides = dictionary.T if coder.positive_code else np.hstack([dictionary.T, -dictionary.T])
    above = _not_negative(mapped(x, sides, intercept=np.full(sides.shape[1], -alpha)))
    if coder.split_sign:
        return mapped(above, np.eye(atoms, 2 * atoms)) if coder.positive_code else above
    return above if coder.positive_code else mapped(above, np.vstack([np.eye(atoms), -np.eye(atoms)]))


def _matched(coder: Any, x: Columns, dictionary: Array) -> Columns:
    from skc.ops.linear import match_atom  # the file of an op imports the claims on it

    count = coder.transform_n_nonzero_coefs
    count = int(min(max(dictionary.shape[1] / 10, 1), len(dictionary)) if count is None else count)
    if count > 1:
        hint = "use `transform_n_nonzero_coefs=1`, or `transform_algorithm='threshold'`"
        raise refuse("SKC151", f"'omp' with {count} atoms iterates for each row", hint=hint)
    state = match_atom.State(tuple((dictionary @ dictionary.T).diagonal().tolist()))
    code = mapped(x, dictionary.T, noise=True).apply(match_atom.OP, match_atom.Params(), state, is_finite=True)
    if not coder.split_sign:
        return code
    return _not_negative(mapped(code, np.hstack([np.eye(len(dictionary)), -np.eye(len(dictionary))])))


def _not_negative(x: Columns) -> Columns:
    width = len(x.types)
    return x.apply(clip.OP, clip.Params(min=0.0), clip.State((0.0,) * width, (None,) * width), is_finite=True)


_CODER = """
    transform_algorithm transform_n_nonzero_coefs transform_alpha split_sign positive_code
"""
_LEARNING = """
    n_components tol fit_algorithm n_jobs dict_init verbose random_state positive_dict transform_max_iter callback
    max_iter
"""


def _claim(parameters: str, ignored: str) -> Claim:
    return Claim(_coded, tuple(parameters.split()), tuple(ignored.split()))


SKLEARN: Mapping[str, Claim] = {
    "sklearn.decomposition.SparseCoder": _claim(f"{_CODER} dictionary", "n_jobs transform_max_iter"),
    "sklearn.decomposition.DictionaryLearning": _claim(f"{_CODER} alpha", f"{_LEARNING} code_init"),
    "sklearn.decomposition.MiniBatchDictionaryLearning": _claim(
        f"{_CODER} alpha", f"{_LEARNING} batch_size shuffle max_no_improvement n_iter"
    ),
}
