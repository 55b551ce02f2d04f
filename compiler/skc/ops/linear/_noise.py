"""How far rounding may move a sum of products, and which results are nothing but that.

Why: the order of the additions of a dot product differs between processors and libraries, and where large terms
cancel, so do the leading digits of the result. A result whose error may exceed the tolerance of the comparison is
refused, so that no two runtimes serve different numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skc.emit.opset import const, op
from skc_runtime.agreement import TOLERANCE, allowed_error
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

EPS = 2.0**-52
MARGIN = 16  # for the steps before: each may have moved its result by a few units in the last place
UNCERTAIN = [2.0**k for k in range(25, 31)]  # among these, the errors of common weights reach the tolerance


def error_bound(terms: int) -> float:
    """The relative error of a sum of so many products, of the sum of their magnitudes."""
    return (terms + MARGIN) * EPS


def is_noise(y: Array, noise: Array) -> Array:
    """bool [N, 1]: rows with a result whose error may exceed the tolerance, or that is not finite."""
    known = noise < allowed_error(y)
    return np.asarray(~known.all(axis=1, keepdims=True))


def lower_is_noise(y: Var, size: Var, terms: int, width: int) -> Var:
    """The same in the graph, for `width` results; `size` is the sum of the magnitudes of their terms.

    Why not their noise: where `size` overflows, noise made by smaller weights would be finite.
    """
    most = op.mul(op.max([op.abs(y), const([[1.0]])]), const(TOLERANCE / error_bound(terms)))
    known = op.less(size, most)
    if width > 1:
        return op.equal(op.reduce_min(op.cast(known, to=np.float64), const([1]), keepdims=1), const(0.0))
    return op.not_(known)
