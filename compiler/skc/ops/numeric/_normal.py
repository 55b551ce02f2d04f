"""The inverse of the normal distribution function, for shares that are not very near to 0 or 1: 1e-9 to 1 - 1e-9.

By the rational functions of Cephes (Stephen L. Moshier, `ndtri`, 1984-2000), as in SciPy: between exp(-2) and
1 - exp(-2) in u - 1/2, otherwise in t = sqrt(-2 log u) from 2 to 8. The relative error is below 1e-15.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import elementwise
from skc.emit.opset import const, op
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

LEAST = 1e-9
TAIL = 0.13533528323661269189  # exp(-2)
ROOT = 2.50662827463100050242  # of 2 pi
# Numerator and denominator in the middle, and in the tails; from the highest power on.
P0 = (
    -5.99633501014107895267e1,
    9.80010754185999661536e1,
    -5.66762857469070293439e1,
    1.39312609387279679503e1,
    -1.23916583867381258016e0,
)
Q0 = (
    1.0,
    1.95448858338141759834e0,
    4.67627912898881538453e0,
    8.63602421390890590575e1,
    -2.25462687854119370527e2,
    2.00260212380060660359e2,
    -8.20372256168333339912e1,
    1.59056225126211695515e1,
    -1.18331621121330003142e0,
)
P1 = (
    4.05544892305962419923e0,
    3.15251094599893866154e1,
    5.71628192246421288162e1,
    4.40805073893200834700e1,
    1.46849561928858024014e1,
    2.18663306850790267539e0,
    -1.40256079171354495875e-1,
    -3.50424626827848203418e-2,
    -8.57456785154685413611e-4,
)
Q1 = (
    1.0,
    1.57799883256466749731e1,
    4.53907635128879210584e1,
    4.13172038254672030440e1,
    1.50425385692907503408e1,
    2.50464946208309415979e0,
    -1.42182922854787788574e-1,
    -3.80806407691578277194e-2,
    -9.33259480895457427372e-4,
)


def normal_quantile(u: Array) -> Array:
    """float64: the value below which a share u of a standard normal distribution lies. NaN for NaN.

    Why not `numpy.log`: it may differ in the last bit from the logarithm of the C library, which SciPy takes.
    """
    u = np.clip(u, LEAST, 1 - LEAST)
    flipped = u > 1 - TAIL
    v = np.where(flipped, 1 - u, u)
    w = v - 0.5
    middle = (w + w * (w * w * _polynomial(w * w, P0) / _polynomial(w * w, Q0))) * ROOT
    t = np.sqrt(-2.0 * _logarithm(v))
    z = 1 / t
    tail = t - _logarithm(t) / t - z * _polynomial(z, P1) / _polynomial(z, Q1)
    return np.where(v > TAIL, middle, np.where(flipped, tail, -tail))


def _logarithm(x: Array) -> Array:
    return np.array([math.log(v) for v in x.ravel().tolist()], dtype=np.float64).reshape(x.shape)


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    value: Array = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def lower_normal_quantile(u: Var, width: int) -> Var:
    """The same of [N, width] in the graph; the four polynomials are computed side by side."""
    u = op.clip(u, const(LEAST), const(1 - LEAST))
    flipped = op.greater(u, const(1 - TAIL))
    v = op.where(flipped, op.sub(const(1.0), u), u)
    w = op.sub(v, const(0.5))
    squared = op.mul(w, w)
    t = op.sqrt(op.mul(const(-2.0), elementwise(op.log, v, width)))
    z = op.div(const(1.0), t)
    p0, q0, p1, q1 = _polynomials(squared, z)
    middle = op.mul(op.add(w, op.mul(w, op.div(op.mul(squared, p0), q0))), const(ROOT))
    start = op.sub(t, op.div(elementwise(op.log, t, width), t))
    tail = op.sub(start, op.div(op.mul(z, p1), q1))
    return op.where(op.greater(v, const(TAIL)), middle, op.where(flipped, tail, op.neg(tail)))


def _polynomials(squared: Var, z: Var) -> list[Var]:
    """P0 and Q0 of the square, P1 and Q1 of z: [N, K] each, by Horner's rule in the order of Cephes."""
    degree = len(Q0) - 1
    table = np.array([[0.0] * (degree + 1 - len(c)) + [*c] for c in (P0, Q0, P1, Q1)])
    last = const([2])
    wide = [op.unsqueeze(squared, last)] * 2 + [op.unsqueeze(z, last)] * 2
    x = op.concat(wide, axis=2)
    value = op.add(op.mul(x, const(table[:, 0])), const(table[:, 1]))
    for power in range(2, degree + 1):
        value = op.add(op.mul(value, x), const(table[:, power]))
    return [op.squeeze(op.slice(value, const([n]), const([n + 1]), last), last) for n in range(4)]
