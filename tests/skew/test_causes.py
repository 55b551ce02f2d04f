"""What explains the differences of a column: each planted cause is named, and noise never."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from skc.skew.causes import Cause, Column, Context, Fill, explain
from skc_runtime.kinds import Array, DType

HOUR = 3_600_000_000
ROWS = 200
ALONE = ", in these rows alone"


def generator(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def floats(values: Array, kind: DType = "float32", name: str = "x[0]", **more: Any) -> Column:
    return Column(name, kind, values.astype(np.float32 if kind == "float32" else np.float64), **more)


def ints(values: Array, kind: DType = "int64", name: str = "n", **more: Any) -> Column:
    return Column(name, kind, values.astype(np.int64), **more)


def texts(values: list[str], name: str = "city", **more: Any) -> Column:
    return Column(name, "string", np.array(values, object), **more)


def of_floats(
    served: Array, recomputed: Array, context: Context | None = None, kind: DType = "float32"
) -> Cause | None:
    return explain(floats(served, kind), floats(recomputed, kind), context or Context())


def prices(rows: int = ROWS) -> Array:
    return generator().lognormal(2.5, 0.8, rows)


CAUSES: list[tuple[str, Callable[[Array], Array], str]] = [
    ("float16", lambda x: x.astype(np.float16), "the value as float16"),
    ("rounded", lambda x: np.round(x, 2), "the value rounded to 2 decimals"),
    ("rounded to tens", lambda x: np.round(x, -1), "the value rounded to multiples of 10"),
    ("floored", lambda x: np.floor(x * 100) / 100, "the value floored to 2 decimals"),
    ("whole", np.floor, "the value floored to a whole number"),
    ("rounded up", lambda x: np.ceil(x * 10) / 10, "the value rounded up to 1 decimal"),
    ("cents", lambda x: x * 100, "100 times the value: in hundredths, such as cents"),
    ("kilometres", lambda x: x / 1000, "0.001 times the value: in thousands, such as seconds or kilometres"),
    ("miles", lambda x: x * 1.609344, "1.60934 times the value: in kilometres for miles"),
    ("rough miles", lambda x: x * 1.609, "1.609 times the value: in kilometres for miles"),
    ("days", lambda x: x / 24, "0.0416667 times the value: in days for hours"),
    ("negative", np.negative, "the negative value"),
    ("scaler", lambda x: 1.07 * x + 0.2, "1.07·x + 0.2, where x is the value"),
    ("centred", lambda x: x - 5, "x - 5, where x is the value"),
    ("Fahrenheit", lambda x: 1.8 * x + 32, "the value in Fahrenheit for Celsius"),
]


@pytest.mark.parametrize(("change", "text"), [c[1:] for c in CAUSES], ids=[c[0] for c in CAUSES])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_change_of_numbers_is_named(change: Callable[[Array], Array], text: str, kind: DType) -> None:
    recomputed = prices().astype(np.float32 if kind == "float32" else np.float64)
    cause = of_floats(np.asarray(change(recomputed)), recomputed, kind=kind)
    assert cause is not None
    assert cause.text == text
    assert cause.rows == ROWS - int((np.asarray(change(recomputed)).astype(recomputed.dtype) == recomputed).sum())


def test_truncation_is_told_from_flooring_by_negative_values() -> None:
    x = prices() * np.where(np.arange(ROWS) % 2, 1, -1)
    cause = of_floats(np.trunc(x * 100) / 100, x)
    assert cause is not None
    assert cause.text == "the value truncated to 2 decimals"
    assert cause.parameters == {"how": "truncated", "decimals": 2}


def test_narrower_floats_are_told_apart() -> None:
    x = prices()
    as_float32 = of_floats(x.astype(np.float32).astype(np.float64), x, kind="float64")
    high = (x.astype(np.float32).view(np.uint32) + 0x8000 & 0xFFFF0000).astype(np.uint32).view(np.float32)
    as_bfloat16 = of_floats(high, x)
    assert as_float32 is not None
    assert as_bfloat16 is not None
    assert as_float32.text == "the value as float32"
    assert as_bfloat16.text == "the value as bfloat16"


def test_zero_in_place_of_nulls_names_the_input_that_is_null() -> None:
    fare = prices()
    fare[::10] = np.nan
    recomputed = np.where(np.isnan(fare), 12.5, fare)
    context = Context(
        columns=(floats(prices(), "float64", "tip", role="input"), floats(fare, "float64", "fare", role="input"))
    )
    cause = of_floats(np.nan_to_num(fare), recomputed, context)
    assert cause is not None
    assert cause.text == "0 in place of nulls (where input `fare` is null)"
    assert cause.parameters == {"value": 0.0, "null": "fare"}
    assert cause.rows == 20


@pytest.mark.parametrize("of_all", [True, False])
def test_a_value_that_counts_as_null_may_be_meant_or_not(of_all: bool) -> None:
    fare = prices()
    fare[::10], fare[5::20] = np.nan, -1.0
    null = np.isnan(fare) | (fare == -1)
    zero = null if of_all else np.isnan(fare)
    column = floats(fare, "float64", "fare", role="input", sentinels=fare == -1)
    imputed = np.where(null, 12.5, fare)
    cause = of_floats(np.where(zero, 0, imputed), imputed, Context(columns=(column,)))
    assert cause is not None
    assert cause.text == "0 in place of nulls (where input `fare` is null)"


def test_a_feature_that_cannot_be_followed_back_is_computed_again() -> None:
    fare, distance = prices(400), np.maximum(generator(9).normal(5, 2, 400), 0.5)

    def bins(fare: Array, distance: Array) -> Array:
        return np.floor(np.clip(fare / np.maximum(distance, 0.1), 0, 9))

    def changed(name: str, numbers: Array, rows: Array) -> Array | None:
        given = {"fare": fare[rows], "distance": distance[rows], name: numbers}
        return None if name == "zone" else bins(given["fare"], given["distance"])

    inputs = tuple(
        floats(v, "float64", name, role="input") for name, v in (("zone", fare), ("fare", fare), ("distance", distance))
    )
    context, recomputed = Context(columns=inputs, changed=changed), bins(fare, distance)
    cause = of_floats(bins(fare, distance / 1.609), recomputed, context)
    assert cause is not None
    assert cause.parameters in (
        {"input": "distance", "change": "times 0.621504"},
        {"input": "fare", "change": "times 1.609"},
    )
    cause = of_floats(bins(np.round(fare), distance), recomputed, context)
    assert cause is not None
    assert cause.parameters == {"input": "fare", "change": "rounded to 0 decimals"}
    random = generator(10)
    for _ in range(200):
        some = random.random(400) < random.choice([0.02, 0.3])
        served = np.where(some, random.permutation(recomputed), recomputed)
        assert of_floats(served, recomputed, context) is None


def test_zero_in_place_of_a_null_feature() -> None:
    recomputed = prices()
    recomputed[::10] = np.nan
    cause = of_floats(np.nan_to_num(recomputed), recomputed)
    assert cause is not None
    assert cause.text == "0 in place of nulls"


def test_nulls_that_were_not_imputed() -> None:
    fare = prices()
    fare[::10] = np.nan
    context = Context(columns=(floats(fare, "float64", "fare", role="input"),))
    cause = of_floats(fare, np.where(np.isnan(fare), 12.5, fare), context)
    assert cause is not None
    assert cause.text == "nothing in place of nulls (where input `fare` is null)"


def test_the_constant_of_a_step_is_named() -> None:
    recomputed = prices()
    served = np.where(np.arange(ROWS) % 9 == 0, 12.5, recomputed)
    cause = of_floats(served, recomputed, Context(fills=(Fill("fare/0:impute", 12.5),)))
    assert cause is not None
    assert cause.text == "12.5, the value of fare/0:impute, in place of the value"


def test_a_constant_comes_before_rounding_and_units() -> None:
    cause = of_floats(np.zeros(ROWS), prices())
    assert cause is not None
    assert cause.text == "0 in place of the value"


def test_another_feature_and_the_value_before_a_step() -> None:
    x, y = prices(), generator(8).normal(size=ROWS)
    raw = floats(x, "float64", "fare", role="input")
    logged = floats(np.log1p(x), "float64", "fare/0:log1p", role="step")
    other = floats(y, name="x[1]")
    recomputed = np.log1p(x) * 2 - 1
    context = Context(columns=(logged, raw, other))
    named = [of_floats(served, recomputed, context) for served in (y, np.log1p(x), x)]
    assert [cause and cause.text for cause in named] == [
        "the value of feature `x[1]`",
        "the value of step `fare/0:log1p`",
        "the value of input `fare` as it is",
    ]


@pytest.mark.parametrize(("hours", "text"), [(5, "5 h later"), (-24, "1 d earlier"), (5.75, "345 min later")])
def test_a_time_that_is_off(hours: float, text: str) -> None:
    times = generator().integers(0, 10**15, ROWS)
    cause = explain(ints(times + int(hours * HOUR), "timestamp"), ints(times, "timestamp"), Context())
    assert cause is not None
    assert cause.kind == "time"
    assert text in cause.text


def test_hours_of_a_day_wrap() -> None:
    hours = generator().integers(0, 24, ROWS)
    for kind, column in (("int64", ints), ("float32", floats)):
        cause = explain(column((hours + 5) % 24), column(hours), Context())
        assert cause is not None, kind
        assert cause.text == "the hour of a time 5 h later: another time zone"


STEPS: dict[str, Callable[[Array], Array]] = {
    "scaled": lambda v: (v - 14) / 9,
    "log1p, scaled": lambda v: (np.log1p(v) - 2.4) / 0.7,
    "log": np.log,
    "square root": lambda v: 2 * np.sqrt(v),
}
CHANGES: dict[str, tuple[Callable[[Array], Array], str]] = {
    "cents": (lambda v: v * 100, "100 times the value: in hundredths, such as cents"),
    "miles": (lambda v: v / 1.609, "0.621504 times the value: in miles for kilometres"),
    "rounded": (np.round, "the value rounded to a whole number"),
    "floored": (lambda v: np.floor(v * 10) / 10, "the value floored to 1 decimal"),
}


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_what_went_wrong_before_the_last_steps(steps: str, change: str, kind: DType) -> None:
    fare = np.round(prices(), 2) + 1
    fare[::11] = np.nan

    def feature(values: Array) -> Array:
        return STEPS[steps](np.where(np.isnan(fare), 12.5, values))

    request = np.where(
        np.isnan(fare) & (np.arange(ROWS) % 2 > 0) & (steps != "scaled"), -1.0, fare
    )  # stands for a null
    context = Context(
        columns=(
            floats(np.where(np.isnan(fare), 12.5, fare), "float64", "amounts/0:impute", role="step"),
            floats(request, "float64", "fare", role="input"),
        )
    )
    wrong, text = CHANGES[change]
    cause = of_floats(feature(wrong(fare)), feature(fare), context, kind)
    assert cause is not None
    assert cause.text == f"{text} (in input `fare`)"
    assert cause.parameters["in"] == "fare"


@pytest.mark.parametrize("steps", ["scaled", "log1p, scaled", "square root"])
def test_a_constant_is_named_as_it_was_before_the_last_steps(steps: str) -> None:
    fare = np.round(prices(), 2) + 1
    fare[::11] = np.nan
    feature, context = STEPS[steps], Context(columns=(floats(fare, "float64", "fare", role="input"),))
    cause = of_floats(feature(np.nan_to_num(fare)), feature(np.where(np.isnan(fare), 12.5, fare)), context)
    assert cause is not None
    assert (
        cause.text.endswith(" (0 in input `fare`) in place of nulls (where input `fare` is null)")
        or steps == "square root"
    )
    cause = of_floats(feature(np.full(ROWS, 99.5)), feature(np.where(np.isnan(fare), 12.5, fare)), context)
    assert cause is not None
    assert cause.text.endswith(" (99.5 in input `fare`) in place of the value")


def of_times(feature: Any, zone: str, months: int) -> tuple[Array, Context, Any]:
    """Instants of some months of 2025, and a feature of their local time."""
    start, length = 1_735_689_600_000_000, months * 30 * 24 * HOUR
    instants = start + generator(9).integers(0, length, 400)

    def local(by: int = 0, elsewhere: str = zone) -> Array:
        times = [dt.datetime.fromtimestamp((t + by) / 1e6, ZoneInfo(elsewhere)) for t in instants.tolist()]
        return np.array([feature(time) for time in times], float)

    return instants, Context(columns=(ints(instants, "timestamp", "pickup_at", role="step"),)), local


FEATURES: dict[str, Any] = {
    "hour": lambda t: t.hour,
    "sine of the hour": lambda t: math.sin(2 * math.pi * t.hour / 24),
    "scaled cosine": lambda t: 3 - 2 * math.cos(2 * math.pi * t.hour / 24),
    "weekday": lambda t: t.isoweekday(),
    "weekend": lambda t: float(t.weekday() >= 5),
    "day of the month": lambda t: t.day,
    "month": lambda t: math.cos(2 * math.pi * t.month / 12),
    "minute of the day": lambda t: t.hour * 60 + t.minute,
}


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_of_another_time(name: str) -> None:
    _, context, local = of_times(FEATURES[name], "America/New_York", 2)
    for by, text in (
        (-HOUR, "the time 1 h earlier"),
        (5 * HOUR, "the time 5 h later"),
        (-24 * HOUR, "the time 1 d earlier"),
    ):
        served, recomputed = local(by), local()
        cause = of_floats(served, recomputed, context)
        if (served != recomputed).sum() < 5 or (name.endswith("hour") and by % (24 * HOUR) == 0):
            continue  # nothing differs
        assert cause is not None, text
        assert text in cause.text or name == "hour", text
        assert cause.kind == "time"


def test_one_row_does_not_prove_a_time() -> None:
    instants, context, local = of_times(FEATURES["weekend"], "America/New_York", 2)
    recomputed, shifted = local(), local(-HOUR)
    affected = np.flatnonzero(recomputed != shifted)
    rows = np.setdiff1d(np.arange(len(instants)), affected[1:])
    (column,) = context.columns
    few = Context(columns=(replace(column, values=column.values[rows]),))
    assert of_floats(shifted[rows], recomputed[rows], few) is None
    assert of_floats(shifted, recomputed, context) is not None


def test_a_zone_with_summer_time_is_not_a_shift() -> None:
    _, context, local = of_times(FEATURES["sine of the hour"], "America/New_York", 12)
    cause = of_floats(local(elsewhere="UTC"), local(), context)
    assert cause is not None
    assert cause.text == "the time in the zone UTC in place of America/New_York"


@pytest.mark.parametrize("name", FEATURES)
def test_noise_in_a_feature_of_a_time_has_no_cause(name: str) -> None:
    _, context, local = of_times(FEATURES[name], "Europe/Paris", 12)
    random, recomputed = generator(12), local()
    for _ in range(20):
        some = random.random(len(recomputed)) < random.choice([0.02, 0.3])
        served = np.where(some, random.permutation(recomputed), recomputed)
        assert of_floats(served, recomputed, context) is None


def test_a_change_of_texts_is_named() -> None:
    words = [f" Łó{word} " for word in ("Alpha", "BETA", "gamma", "dElta") for _ in range(10)]
    expected = {
        "the text in lower case": str.lower,
        "the text in upper case": str.upper,
        "the text without the spaces around it": str.strip,
        "the first 4 characters": lambda text: text[:4],
    }
    for text, change in expected.items():
        cause = explain(texts([change(word) for word in words]), texts(words), Context())
        assert cause is not None
        assert cause.text == text
        reverse = explain(texts(words), texts([change(word) for word in words]), Context())
        if text == "the text in lower case":
            assert reverse is not None
            assert reverse.text == "a text that is the value only in lower case"


def test_a_flag_that_is_always_set() -> None:
    flags = generator().random(ROWS) < 0.5
    cause = explain(Column("b", "bool", np.ones(ROWS, bool)), Column("b", "bool", flags), Context())
    assert cause is not None
    assert cause.text == "true in place of the value"


def test_permuted_codes() -> None:
    codes = generator().integers(0, 5, ROWS)
    permuted = np.array([3, 0, 4, 1, 2])[codes]
    cause = explain(ints(permuted), ints(codes), Context())
    assert cause is not None
    assert cause.text == "the codes of the categories permuted"
    assert cause.parameters["codes"]["0"] == "3"
    names = np.array(["a", "b", "c", "d", "e"], object)
    cause = explain(texts(list(names[permuted])), texts(list(names[codes])), Context())
    assert cause is not None
    assert cause.kind == "codes"


def test_shifted_integers_beyond_the_floats() -> None:
    identifiers = generator().integers(2**60, 2**62, ROWS)
    cause = explain(ints(identifiers + 1), ints(identifiers), Context())
    assert cause is not None
    assert cause.text == "the value + 1"
    assert cause.parameters == {"b": 1}


# ---------------------------------------------------------------------------------------------- what proves nothing


def noisy(kind: str, x: Array, random: np.random.Generator) -> Array:
    some = random.random(len(x)) < random.choice([0.03, 0.3, 1.0])
    match kind:
        case "added":
            changed = x + random.normal(0, 10.0 ** random.integers(-6, 2), len(x))
        case "multiplied":
            changed = x * (1 + random.normal(0, 10.0 ** random.integers(-6, 0), len(x)))
        case "shuffled":
            changed = random.permutation(x)
        case "last bits":
            changed = np.nextafter(x.astype(np.float32), random.choice([-9e9, 9e9], len(x)).astype(np.float32))
        case _:
            changed = x + random.integers(-1, 2, len(x))
    return np.where(some, changed, x)


def drawn(random: np.random.Generator, rows: int) -> Array:
    match random.integers(6):
        case 0:
            return random.lognormal(2, 1, rows)
        case 1:
            return random.normal(0, 1, rows)
        case 2:
            return random.integers(0, 24, rows).astype(float)
        case 3:
            return (random.random(rows) < random.choice([0.01, 0.2, 0.5])).astype(float)
        case 4:
            return np.round(random.lognormal(2, 1, rows), 2)
        case _:
            return random.integers(0, 5, rows).astype(float)


@pytest.mark.parametrize("noise", ["added", "multiplied", "shuffled", "last bits", "whole"])
def test_noise_is_never_named(noise: str) -> None:
    random = generator(11)
    for draw in range(1000):
        rows = int(random.choice([5, 20, 100, 300]))
        x = drawn(random, rows)
        columns = tuple(floats(drawn(random, rows), name=f"x[{k}]") for k in range(1, 4))
        nullable = np.where(random.random(rows) < 0.1, np.nan, x)
        context = Context(columns=(*columns, floats(nullable, "float64", "fare", role="input")))
        x = random.choice([lambda v: v, lambda v: 3 * v - 1, np.log1p, np.sqrt])(np.maximum(x, 0))
        cause = of_floats(noisy(noise, x, random), x, context)
        assert cause is None, (draw, rows, cause)


def test_flags_that_flip_at_random_have_no_cause() -> None:
    random = generator(3)
    for draw in range(1000):
        x = random.random(300) < random.choice([0.01, 0.1, 0.5, 0.99])
        served = x ^ (random.random(300) < random.choice([0.02, 0.3]))
        cause = explain(Column("b", "bool", served), Column("b", "bool", x), Context())
        assert cause is None, (draw, cause)


def test_shuffled_texts_have_no_cause() -> None:
    random = generator(4)
    for draw in range(500):
        words = random.choice(["a", "B", " c", "d", "Ä"], 200, p=[0.6, 0.2, 0.1, 0.05, 0.05])
        other = texts(list(random.choice(["a", "B"], 200)), "other", role="input")
        cause = explain(texts(list(random.permutation(words))), texts(list(words)), Context(columns=(other,)))
        assert cause is None, (draw, cause)


def test_few_rows_prove_nothing() -> None:
    x = prices(7)
    for rows, expected in ((2, None), (5, None), (6, "linear"), (7, "linear")):
        cause = of_floats(1.07 * x[:rows] + 0.2, x[:rows])
        assert (cause and cause.kind) == expected, rows


def test_a_row_that_agrees_but_should_not_makes_a_cause_one_of_the_others() -> None:
    x = prices()
    served = 1.07 * x + 0.2
    named = of_floats(served, x)
    assert named is not None
    assert not named.text.endswith(ALONE)
    served[3] = x[3]
    named = of_floats(served, x)
    assert named is not None
    assert (named.kind, named.text.endswith(ALONE)) == ("linear", True)


@pytest.mark.parametrize(("rows", "is_named"), [(30, False), (31, True)])  # one for the number of decimals
def test_one_service_of_several_rounds(rows: int, is_named: bool) -> None:
    x = prices()
    served = x.copy()
    served[:rows] = np.round(x[:rows], 1)
    cause = of_floats(served, x, Context(columns=(floats(x, "float64", "fare", role="input"),)))
    assert (cause is not None) is is_named, cause
    assert cause is None or cause.text == f"the value rounded to 1 decimal{ALONE}"


def test_of_flags_and_categories_the_rows_that_differ_prove_nothing_alone() -> None:
    flags = np.arange(1000) % 3 == 0
    served = np.where(np.arange(1000) % 7 == 0, ~flags, flags)
    assert explain(Column("b", "bool", served), Column("b", "bool", flags), Context()) is None
    words = ["a", "B", "c"] * 300
    changed = [word.upper() if k % 7 == 0 else word for k, word in enumerate(words)]
    assert explain(texts(changed), texts(words), Context()) is None


def test_a_row_that_differs_otherwise_refutes_a_cause() -> None:
    x = prices()
    served = np.round(x, 2)
    served[3] += 0.5
    assert of_floats(served, x) is None


# ------------------------------------------------------------------------------------------------------ edge values


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_edges_do_not_disturb_a_cause(kind: DType) -> None:
    x = np.concatenate([prices(), [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40]])
    cause = of_floats(1.07 * x + 0.2, x, kind=kind)
    assert cause is not None
    assert cause.kind == "linear"


def test_the_sign_of_zero_is_a_difference() -> None:
    x = np.concatenate([prices(), np.full(6, 0.0)])
    served = np.where(x == 0, -0.0, x)
    cause = of_floats(served, x)
    assert cause is not None
    assert cause.text == "zeros with another sign"


def test_nothing_differs_or_nothing_is_there() -> None:
    assert of_floats(np.array([]), np.array([])) is None
    assert of_floats(np.array([np.nan, 1.0]), np.array([np.nan, 1.0])) is None
    assert explain(texts([]), texts([]), Context()) is None


def test_one_row_and_equal_rows() -> None:
    assert of_floats(np.array([0.0]), np.array([3.0])) is None
    assert of_floats(np.array([np.nan]), np.array([np.inf])) is None
    cause = of_floats(np.full(ROWS, 2.0), np.full(ROWS, 1.0))
    assert cause is None or cause.text == "2 in place of the value"


def test_a_text_and_a_number_are_compared_without_a_crash() -> None:
    assert explain(texts(["n/a"] * 9), ints(np.arange(9)), Context()) is not None  # a constant
    assert explain(texts([str(n) for n in range(9)]), ints(np.arange(9)), Context()) is None


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="rows in common"):
        of_floats(np.zeros(2), np.zeros(3))
