"""Another unit, another scaler: multiples, and a·x + b."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from skc.skew.causes.column import Compared
from skc.skew.causes.evidence import Guess, bits_of_numbers, close, near, shown
from skc_runtime.kinds import Array

# Factor of a unit and the one that people mix it up with; each also the other way round.
UNITS: Sequence[tuple[float, str, str]] = (
    (100.0, "in hundredths, such as cents", "in hundreds: a percentage or cents taken as they are"),
    (1000.0, "in thousandths, such as milliseconds or metres", "in thousands, such as seconds or kilometres"),
    (1.609344, "in kilometres for miles", "in miles for kilometres"),
    (1.609, "in kilometres for miles", "in miles for kilometres"),
    (24.0, "in hours for days", "in days for hours"),
    (60.0, "in minutes for hours, or seconds for minutes", "in hours for minutes, or minutes for seconds"),
    (3600.0, "in seconds for hours", "in hours for seconds"),
    (86_400.0, "in seconds for days", "in days for seconds"),
    (1e6, "in millionths, such as microseconds", "in millions"),
    (1e9, "in billionths, such as nanoseconds", "in billions"),
    (3.28084, "in feet for metres", "in metres for feet"),
    (2.54, "in centimetres for inches", "in inches for centimetres"),
    (2.20462262, "in pounds for kilograms", "in kilograms for pounds"),
    (180 / np.pi, "in degrees for radians", "in radians for degrees"),
)
_FAHRENHEIT = ((1.8, 32.0, "in Fahrenheit for Celsius"), (1 / 1.8, -32 / 1.8, "in Celsius for Fahrenheit"))


def unit(case: Compared) -> Iterator[Guess]:
    """A factor between two units, or the negative value."""
    if case.numbers is None:
        return
    served, recomputed = case.numbers
    measured = _ratio(case)
    bits = bits_of_numbers(case)
    tells = ~close(case, served, recomputed)
    with np.errstate(over="ignore", invalid="ignore"):
        yield Guess("unit", "the negative value", near(case, -recomputed), bits, 0, {"factor": -1.0}, tells)
        for factor, times, divided in UNITS:
            for value, meaning in ((factor, times), (1 / factor, divided)):
                # 1.609, 1.6093 and 1.609344 are all written for a mile: the served values decide
                if measured is None or abs(measured / value - 1) > 5e-4:
                    continue
                exact = value if near(case, recomputed * value)[case.differs].all() else measured
                text = f"{shown(exact)} times the value: {meaning}"
                yield Guess("unit", text, near(case, recomputed * exact), bits, 1, {"factor": exact}, tells)


def linear(case: Compared) -> Iterator[Guess]:
    """a·x + b, as a scaler that was fitted again gives it; the line through the two points that are farthest apart."""
    if case.numbers is None:
        return
    served, recomputed = case.numbers
    usable = np.flatnonzero(case.differs & np.isfinite(served) & np.isfinite(recomputed))
    x, y = recomputed[usable], served[usable]
    if len(np.unique(x)) < 3:  # every line goes through two points
        return
    low, high = int(np.argmin(x)), int(np.argmax(x))
    with np.errstate(over="ignore", invalid="ignore"):
        a = float((y[high] - y[low]) / (x[high] - x[low]))
        b = float(y[low] - a * x[low])
        size = np.abs(a * recomputed) + abs(b) + abs(a) * np.abs(x).max()
        predicted = a * recomputed + b
        tells = ~close(case, predicted, recomputed, size)
        holds = near(case, predicted, size)
    if not np.isfinite(a * b):
        return
    bits = bits_of_numbers(case)
    if case.is_whole and a == 1:
        yield Guess("shifted", f"the value {_plus(b)}", holds, bits, 1, {"b": b}, tells)
    for slope, offset, text in _FAHRENHEIT:
        if abs(a - slope) < 1e-3 and abs(b - offset) < 1e-2:
            yield Guess("unit", f"the value {text}", holds, bits, 2, {"a": a, "b": b}, tells)
    yield Guess("linear", f"{_line(a, b)}, where x is the value", holds, bits, 2, {"a": a, "b": b}, tells)


def _ratio(case: Compared) -> float | None:
    assert case.numbers is not None
    served, recomputed = (values[case.differs] for values in case.numbers)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratios = served / recomputed
    ratios = ratios[np.isfinite(ratios) & (ratios != 0)]
    return float(np.median(ratios)) if len(ratios) else None


def _line(a: float, b: float) -> str:
    slope = "" if a == 1 else "-" if a == -1 else f"{shown(a)}·"
    return f"{slope}x {_plus(b)}" if b else f"{slope}x"


def _plus(b: float) -> str:
    return f"{'-' if b < 0 else '+'} {shown(abs(b))}"


def shifted_integers(case: Compared) -> Iterator[Guess]:
    """x + b of 64-bit integers, exactly: a float64 holds them only up to 2^53."""
    served, recomputed = case.served, case.recomputed
    if served.values.dtype != np.int64 or recomputed.values.dtype != np.int64:
        return
    present = ~served.missing & ~recomputed.missing
    if not present[case.differs].all():
        return
    off: Array = np.where(present, served.values - recomputed.values, 0)
    by = int(off[case.differs][0])
    holds = np.asarray((off == by) & present) | (served.missing & recomputed.missing)
    yield Guess("shifted", f"the value {'+-'[by < 0]} {abs(by)}", holds, bits_of_numbers(case), 1, {"b": by})
