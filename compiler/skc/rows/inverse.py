"""Inputs of a function that give wanted outputs: by guessing, and for numbers by bisection between two guesses.

The function is one column of a step in one of its input columns. It need not be monotone: a bracket is any two
neighbouring guesses between which it passes the wanted output.
"""

from __future__ import annotations

import math
import struct
import sys
from bisect import bisect_left
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from skc.rows.sampling import identities, identity, unique
from skc.values.types import Scalar, ValueType, rounded
from skc_runtime.kinds import KINDS, RANGES, Array, DType

Outcomes = list[tuple[bool, Scalar]]  # for each input: whether it passes every guard, and the output
_FAR = 16  # floats: if a guess is further off, the search takes long
_AT_ONCE = 64  # inputs tried in a round of all bisections: a call of an op costs more than a row


@dataclass(frozen=True)
class Preimage:
    """Inputs, how many of the wanted outputs they give, and how many they only enclose from either side."""

    inputs: list[Scalar]
    hits: int
    enclosed: int


@dataclass
class Function:
    """A function of a value of type `x`, memoised."""

    x: ValueType
    apply: Callable[[Sequence[Scalar]], Outcomes]
    known: dict[Hashable, tuple[bool, Scalar]] = field(default_factory=dict)

    @classmethod
    def knowing(
        cls, x: ValueType, apply: Callable[[Sequence[Scalar]], Outcomes], inputs: Sequence[Scalar], outcomes: Outcomes
    ) -> Function:
        """A function of which some outcomes are known."""
        return cls(x, apply, dict(zip(identities(inputs), outcomes, strict=True)))

    def __call__(self, inputs: Iterable[Scalar]) -> Outcomes:
        """The outcome of every input."""
        inputs = list(inputs)
        keys = dict(zip(identities(inputs), inputs, strict=True))
        new = {key: v for key, v in keys.items() if key not in self.known}
        if new:
            self.known |= zip(new, self.apply(list(new.values())), strict=True)
        return [self.known[key] for key in keys]


@dataclass(frozen=True)
class _Bracket:
    """The ordinals of two inputs between which the output passes the wanted one: it is below at `low` and not at
    `high`, or the other way round if `falls`.
    """

    target: int | float
    low: int
    high: int
    falls: bool

    def inner(self, parts: int) -> list[int]:
        """Ordinals between the two, which cut the bracket into equal parts."""
        width = self.high - self.low
        return [self.low + offset for offset in sorted({width * k // parts for k in range(1, parts)} - {0})]

    def narrowed(self, tried: Sequence[tuple[int, int | float]]) -> _Bracket:
        """The bracket between the first of the tried inputs, ascending, that is on the side of `high`, and the one
        before it.
        """
        is_low = _is_below(np.array([output for _, output in tried]), self.target) != self.falls
        k = len(tried) if is_low.all() else int(is_low.argmin())
        low = tried[k - 1][0] if k else self.low
        return _Bracket(self.target, low, tried[k][0] if k < len(tried) else self.high, self.falls)


@dataclass(frozen=True)
class Prospect:
    """Which wanted outputs the guesses give, before anything is searched between them.

    `near` has (input, output) of the guesses that the op itself made, `points` of all.
    """

    function: Function
    targets: Sequence[Scalar]
    near: list[tuple[Scalar, Scalar]]
    points: list[tuple[Scalar, Scalar]]

    def worth(self) -> float:
        """How many of the wanted outputs can be had. One that is hit is worth two that may only be enclosed."""
        missing = _missing(self.targets, _by_output(self.points))
        return len(self.targets) - len(missing) + self._enclosable(missing) / 2

    def _enclosable(self, targets: Sequence[Scalar]) -> int:
        if not targets:
            return 0
        return len(_brackets(self._line(), _numbers(targets))) if self._is_ordered else len(self._nearest(targets))

    def preimage(self) -> Preimage:
        """The inputs that give the outputs; for a number that none gives, the two inputs on either side of it."""
        inputs = _by_output(self.points)
        hits = [inputs[key] for key in identities(self.targets) if key in inputs]
        missing = _missing(self.targets, inputs)
        enclosed: Sequence[tuple[Scalar, ...]] = ()
        if missing:
            enclosed = self._between(missing) if self._is_ordered else self._nearest(missing)
        exact = [pair for pair in enclosed if len(pair) == 1]
        inputs_found = unique(self._input(v) for v in (*hits, *(value for pair in enclosed for value in pair)))
        return Preimage(inputs_found, len(hits) + len(exact), len(enclosed) - len(exact))

    def _input(self, value: Scalar) -> Scalar:
        """The value of the input's type that the function has computed from."""
        return rounded(self.function.x.dtype, value) if isinstance(value, float) else value

    @property
    def _is_ordered(self) -> bool:
        kind = self.function.x.kind
        return kind.is_number or kind.range is not None

    def _line(self) -> list[tuple[int, int | float]]:
        """The ordinals of the inputs, ascending, and the outputs."""
        is_float = self.function.x.kind.is_float
        numbers = [(_number(value), _number(output)) for value, output in self.points]
        return sorted(
            (_ordinal(value) if is_float else int(value), output)
            for value, output in numbers
            if value is not None and output is not None
        )

    def _between(self, targets: Sequence[Scalar]) -> list[tuple[Scalar, ...]]:
        """For each wanted number the input that gives it, or two neighbours between which the output jumps over it."""
        at: Callable[[int], Scalar] = _float_at if self.function.x.kind.is_float else int
        unfinished = _brackets(self._line(), _numbers(targets))
        preimages: list[tuple[Scalar, ...]] = []
        while unfinished:
            preimages += [tuple(map(at, (b.low, b.high))) for b in unfinished if b.high - b.low <= 1]
            unfinished = [b for b in unfinished if b.high - b.low > 1]
            inner = [bracket.inner(max(4, _AT_ONCE // len(unfinished))) for bracket in unfinished]
            values = {o: at(o) for ordinals in inner for o in ordinals}
            outcomes = dict(zip(values, self.function(values.values()), strict=True))
            narrower = []
            for bracket, ordinals in zip(unfinished, inner, strict=True):
                served = [(o, outcomes[o][1]) for o in ordinals if outcomes[o][0]]
                exact = next((o for o, output in served if identity(output) == identity(bracket.target)), None)
                tried = [(o, number) for o, output in served if (number := _number(output)) is not None]
                if exact is not None:
                    preimages.append((at(exact),))
                elif tried:
                    narrower.append(bracket.narrowed(tried))
            unfinished = narrower
        return preimages

    def _nearest(self, targets: Sequence[Scalar]) -> list[tuple[Scalar, ...]]:
        """For each wanted number the inputs whose outputs are nearest to it, for texts cannot be bisected."""
        line = sorted(((n, v) for v, output in self.near if (n := _number(output)) is not None), key=lambda p: p[0])
        outputs = [output for output, _ in line]
        places = [bisect_left(outputs, n) for n in _numbers(targets)]
        return [(line[index - 1][1], line[index][1]) for index in places if 0 < index < len(line)]


def prospect(
    function: Function,
    targets: Sequence[Scalar],
    guess: Callable[[list[Scalar]], list[Scalar]],
    fallbacks: Sequence[Scalar],
) -> Prospect:
    """Guesses of inputs that give the wanted outputs.

    Neighbours of the guesses, and then the fallbacks, are tried for what the guesses do not give.
    """
    near = _tried(function, guess([*targets]))
    missing = _missing(targets, _by_output(near))
    if missing:
        near += _tried(function, [n for v in guess(missing) for n in neighbours(v, function.x.dtype)])
        missing = _missing(missing, _by_output(near))
    points = near + _tried(function, fallbacks) if missing else near
    return Prospect(function, targets, near, points)


def _tried(function: Function, inputs: Sequence[Scalar]) -> list[tuple[Scalar, Scalar]]:
    """(input, output) of every input that is possible and that no guard refuses."""
    distinct = unique(possible(function.x, inputs))
    return [(value, output) for value, (ok, output) in zip(distinct, function(distinct), strict=True) if ok]


def possible(x: ValueType, values: Sequence[Scalar]) -> Sequence[Scalar]:
    """The values that a step can get."""
    if not x.kind.is_float and x.dtype not in RANGES:
        return values if x.nullable else [v for v in values if v is not None]
    return [v for v in values if is_possible(x, v)]


def is_possible(x: ValueType, value: Scalar) -> bool:
    """A step can get this value: null only if the type is nullable, times only in the years 1 to 9999."""
    if value is None:
        return x.nullable
    if x.kind.is_float and isinstance(value, float) and math.isfinite(value):
        return math.isfinite(rounded(x.dtype, value))
    if x.dtype not in RANGES:
        return True
    low, high = RANGES[x.dtype]
    return isinstance(value, int) and low <= value <= high


def _by_output(points: Sequence[tuple[Scalar, Scalar]]) -> dict[Hashable, Scalar]:
    """The first input that gives each output."""
    outputs = identities([output for _, output in points])
    return {key: value for key, (value, _) in zip(reversed(outputs), reversed(points), strict=True)}


def _missing(targets: Sequence[Scalar], inputs: Container[Hashable]) -> list[Scalar]:
    return [target for key, target in zip(identities(targets), targets, strict=True) if key not in inputs]


def _numbers(values: Iterable[Scalar]) -> list[int | float]:
    return [number for value in values if (number := _number(value)) is not None]


def _number(value: Scalar) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _brackets(line: Sequence[tuple[int, int | float]], targets: Sequence[int | float]) -> list[_Bracket]:
    """For each wanted output the first two adjacent inputs between which the output passes it, if there are any."""
    outputs = np.array([output for _, output in line])
    brackets = []
    for target in targets:
        is_below = _is_below(outputs, target)
        passes = is_below[1:] != is_below[:-1]
        if passes.any():
            k = int(passes.argmax())
            brackets.append(_Bracket(target, line[k][0], line[k + 1][0], falls=bool(is_below[k + 1])))
    return brackets


def _is_below(outputs: Array, target: int | float) -> Array:
    """bool, of each output: -0.0 is below 0.0, or the search would end at the first zero of either sign."""
    if target == 0 and isinstance(target, float) and math.copysign(1.0, target) > 0:
        return np.asarray((outputs < 0) | ((outputs == 0) & np.signbit(outputs)))
    return np.asarray(outputs < target)


def neighbours(value: Scalar, dtype: DType = "float64") -> list[Scalar]:
    """A guess, and for a float its neighbours and some further off, between which to search."""
    if not isinstance(value, float) or not math.isfinite(value):
        return [value]
    if KINDS[dtype].widens_to and math.isfinite(rounded(dtype, value)):
        gap = float(np.spacing(KINDS[dtype].numpy.type(value)))
        return [rounded(dtype, value + n * gap) for n in (0, -1, 1, -_FAR, _FAR)]
    end = _ordinal(math.inf)
    return [_float_at(max(-end - 1, min(end, _ordinal(value) + n))) for n in (0, -1, 1, -_FAR, _FAR)]


def magnitudes(dtype: DType, base: Scalar) -> list[Scalar]:
    """Numbers of every size and sign, also as distances from `base`."""
    origin = _number(base) or 0
    if KINDS[dtype].is_float:
        sizes = [0.0, *(10.0**k for k in range(-9, 19)), sys.float_info.max]
        return [v for s in sizes for v in (s, -s, origin + s, origin - s)]
    if dtype in RANGES:
        steps = [0, *(10**k for k in range(19))]
        return [*RANGES[dtype], *(v for s in steps for v in (s, -s, int(origin) + s, int(origin) - s))]
    return []


def _ordinal(value: float) -> int:
    """The ordinal of a float, counted from 0.0, which is 0; -0.0 is -1."""
    (bits,) = struct.unpack("<q", struct.pack("<d", value))
    return int(bits) if bits >= 0 else -(int(bits) & (2**63 - 1)) - 1


def _float_at(ordinal: int) -> float:
    bits = ordinal if ordinal >= 0 else -(ordinal + 1) | -(2**63)
    (value,) = struct.unpack("<d", struct.pack("<q", bits))
    return float(value)
