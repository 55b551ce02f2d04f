"""Random steps for random pipelines: every op, with legal parameters, extreme ones too.

Nothing here asks skc what it takes: `Value` keeps its own account of types, so that a refusal of what should be
legal is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from random_tables import FAR_INTS, FORMATS, INTS, PLAIN, UNICODE, WORDS

from skc_runtime.kinds import DType

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Monrovia")
UNITS = ("microseconds", "milliseconds", "seconds", "minutes", "hours", "days", "weeks", "months", "years")
CALENDAR = ("year", "quarter", "month", "day", "weekday", "day_of_year", "iso_week", "iso_year", "days_in_month")
FLAGS = ("is_weekend", "is_month_start", "is_month_end", "is_quarter_start", "is_quarter_end", "is_year_start")
KEYS: dict[DType, tuple[Any, ...]] = {
    "string": WORDS + UNICODE,
    "int64": INTS + FAR_INTS,
    "bool": (False, True),
    "float64": tuple(dict.fromkeys((*PLAIN, 5e-324, 1e300, 1 / 3))),  # without -0.0, which is 0.0
}
Params = dict[str, Any]


@dataclass(frozen=True)
class Value:
    """What a name stands for: type, whether bits are certain, and the number of columns (None: fitting tells)."""

    name: str
    dtype: DType
    exact: bool = True
    width: int | None = 1
    flavour: str = ""


Made = tuple[str, Params, Value]


def random_step(r: Random, x: Value) -> Made | None:
    """One op that takes `x`, with random parameters; None where the one drawn does not."""
    name = r.choice(BY_TYPE[x.dtype])
    return MAKERS[name](r, x)


def _some(r: Random, **options: Callable[[], Any]) -> Params:
    """Some of the optional parameters."""
    return {name: draw() for name, draw in options.items() if r.random() < 0.4}


def _number(r: Random) -> float:
    return r.choice((*PLAIN, 1e308, -1e308, 5e-324, 1e300, 2.0**53, 1 / 3)) if r.random() < 0.7 else r.uniform(-99, 99)


def _impute(r: Random, x: Value) -> Made:
    strategies = ["most_frequent"] if x.exact else []
    strategies += ["mean", "median"] if x.dtype == "float64" else []
    params: Params = (
        {"strategy": r.choice(strategies)} if strategies and r.random() < 0.6 else {"value": _constant(r, x.dtype)}
    )
    if x.dtype in ("float64", "int64") and r.random() < 0.3:
        params["add_indicator"] = True
        return "impute", params, replace(x, width=None)
    return "impute", params, x


def _constant(r: Random, dtype: DType) -> Any:
    pools: dict[DType, tuple[Any, ...]] = {
        "float64": (0, 0.0, -0.0, -1, 0.5, 1e308, 5e-324, 2**53),
        "int64": INTS + FAR_INTS,
        "bool": (True, False),
        "string": WORDS + UNICODE,
        "timestamp": (0, -1, 2**50),
        "date": (0, -1, 20_000),
        "time": (0, 1, 63_000_000_000),
    }
    return r.choice(pools[dtype])


def _clip(r: Random, x: Value) -> Made:
    if x.dtype == "float64" and r.random() < 0.5:
        low, high = sorted(r.choice((0.0, 0.01, 0.25, 0.5, 0.99, 1.0)) for _ in range(2))
        names = ("lower_quantile", "upper_quantile")
    else:
        low, high = sorted(r.choice(INTS + FAR_INTS) if x.dtype == "int64" else _number(r) for _ in range(2))
        names = ("min", "max")
    params = dict(zip(names, (low, high), strict=True))
    if r.random() < 0.4:
        del params[r.choice(names)]
    return "clip", params, x


def _round(r: Random, x: Value) -> Made | None:
    options = _some(
        r,
        decimals=lambda: r.choice((-15, -3, -1, 0, 1, 2, 8, 15)),
        mode=lambda: r.choice(("half_even", "half_up", "floor", "ceil", "trunc")),
    )
    return ("round", options, x) if x.exact else None


def _standard(r: Random, x: Value) -> Made:
    return "standard_scale", _some(r, with_mean=lambda: r.random() < 0.5, with_std=lambda: r.random() < 0.5), x


def _minmax(r: Random, x: Value) -> Made:
    ranges = ([0, 1], [-1, 1], [-0.0, 1e-300], [0, 1e300], [-5.5, -0.0], [-0.0, 5e-324], [3, 1e308])
    return "minmax_scale", _some(r, feature_range=lambda: r.choice(ranges), clip=lambda: r.random() < 0.7), x


def _max_abs(r: Random, x: Value) -> Made:
    return "max_abs_scale", _some(r, clip=lambda: r.random() < 0.7), x


def _finite(r: Random, x: Value) -> Made:
    choices = {"null": ("keep", "error"), "largest": ("float64", "float32")}
    return "finite", _some(r, **{name: lambda v=v: r.choice(v) for name, v in choices.items()}), x


def _robust(r: Random, x: Value) -> Made:
    ranges = ([25, 75], [0, 100], [50, 50], [0.1, 99.9], [0, 0])
    flag = lambda: r.random() < 0.5  # noqa: E731  # three times the same draw
    return "robust_scale", _some(r, with_centering=flag, with_scaling=flag, quantile_range=lambda: r.choice(ranges)), x


def _log1p(r: Random, x: Value) -> Made | None:
    params = _some(r, invalid=lambda: r.choice(("error", "null")))
    return ("log1p", params, replace(x, exact=False)) if x.exact else None


def _bins(x: Value, encode: str, count: int | None) -> Value:
    if encode == "ordinal":
        return replace(x, dtype="int64")
    return replace(x, dtype="float64", width=None if x.width is None or count is None else x.width * count)


def _bucketize(r: Random, x: Value) -> Made | None:
    pool = (
        [*INTS, *FAR_INTS, 0.5, -0.5, 1e19, -1e300] if x.dtype == "int64" else [*PLAIN, 1e308, -1e308, 5e-324, -5e-324]
    )
    edges = sorted({r.choice(pool) for _ in range(r.choice((1, 2, 4, 9)))})
    encode = r.choice(("ordinal", "onehot"))
    params = {"edges": edges, "closed": r.choice(("left", "right")), "encode": encode}
    return ("bucketize", params, _bins(x, encode, len(edges) + 1)) if x.exact else None


def _quantile_bin(r: Random, x: Value) -> Made | None:
    encode = r.choice(("ordinal", "onehot"))
    params = {"bins": r.choice((2, 3, 4, 10, 50)), "encode": encode}
    return ("quantile_bin", params, _bins(x, encode, None)) if x.exact else None


def _interpolate(r: Random, x: Value) -> Made | None:
    outside = r.choice(("clip", "null", "error"))
    places = sorted({round(_number(r) % 1e6, 3) for _ in range(r.choice((1, 2, 5)))})
    points = [[place, r.uniform(-9, 9)] for place in places]
    return ("interpolate", {"points": points, "outside": outside}, x) if x.exact or outside == "clip" else None


def _quantile_transform(r: Random, x: Value) -> Made:
    """Of values that are not exact, some columns are refused in fitting."""
    params: Params = {"n_quantiles": r.choice((2, 3, 10, 300))}
    is_normal = r.random() < 0.4
    params |= {"output_distribution": "normal"} if is_normal else {}
    return "quantile_transform", params, replace(x, exact=x.exact and not is_normal)


def _spline(r: Random, x: Value) -> Made | None:
    degree, extrapolation = r.choice((0, 1, 2, 3, 5)), r.choice(("constant", "linear", "continue", "periodic", "error"))
    params: Params = {"degree": degree, "extrapolation": extrapolation} | _some(r, include_bias=lambda: True)
    if r.random() < 0.4:
        params["knots"] = sorted({_number(r) % 1e9 for _ in range(9)})[: r.choice((2, 5, 9))]
    else:
        params |= {"n_knots": r.choice((2, 3, 7)), "knots": r.choice(("uniform", "quantile"))}
    count = params.get("n_knots") or len(params["knots"])
    is_periodic = extrapolation == "periodic"
    if count < 2 or (is_periodic and count <= degree) or not (x.exact or params.get("knots") == "uniform"):
        return None
    is_decided = degree == 0 or extrapolation in ("periodic", "error")
    width = None if x.width is None else x.width * (count - 1 if is_periodic else count + degree - 1)
    return ("spline", params, replace(x, width=width)) if x.exact or not is_decided else None


def _cyclical(r: Random, x: Value) -> Made | None:
    periods = (24, 7, 365.25, 1, 1e-300, 5e-324, 1e308, 2.0**53 + 2, 1e19, 0.1)
    options = _some(
        r, offset=lambda: r.choice((0.0, -0.0, 6, 1e308, -1e300, 0.25)), invalid=lambda: r.choice(("error", "null"))
    )
    width = None if x.width is None else 2 * x.width
    made = replace(x, dtype="float64", exact=False, width=width)
    return ("cyclical", {"period": r.choice(periods), **options}, made) if x.exact else None


CASTS: dict[DType, tuple[DType, ...]] = {
    "float64": ("float64", "int64", "bool"),
    "int64": ("float64", "int64", "bool", "string", "timestamp", "date", "time"),
    "bool": ("float64", "int64", "string", "bool"),
    "string": ("int64", "bool", "string"),
    "timestamp": ("date", "int64", "timestamp"),
    "date": ("timestamp", "int64", "date"),
    "time": ("int64", "time"),
}


def _cast(r: Random, x: Value) -> Made | None:
    to = r.choice(CASTS[x.dtype])
    params = _some(
        r,
        inexact=lambda: r.choice(("error", "round")),
        rounding=lambda: r.choice(("error", "trunc", "half_even", "floor", "ceil")),
        invalid=lambda: r.choice(("error", "null", "null")),
    )
    return ("cast", {"to": to, **params}, replace(x, dtype=to)) if x.exact or to == x.dtype else None


def _frequency(r: Random) -> Params:
    return _some(
        r, min_frequency=lambda: r.choice((1, 2, 5, 0.1, 0.5, 0.999)), max_categories=lambda: r.choice((1, 2, 3, 100))
    )


def _one_hot(r: Random, x: Value) -> Made | None:
    options = _some(
        r,
        drop=lambda: r.choice(("first", "if_binary")),
        unknown=lambda: r.choice(("error", "zeros", "infrequent")),
        null=lambda: r.choice(("column", "zeros")),
    )
    made = replace(x, dtype="float64", width=None)
    return ("one_hot", {**_frequency(r), **options}, made) if x.exact else None


def _vocabulary(r: Random, x: Value) -> Made | None:
    params = _some(
        r,
        top_k=lambda: r.choice((1, 2, 1000)),
        min_frequency=lambda: r.choice((1, 2, 10**9)),
        reserved=lambda: r.sample(KEYS[x.dtype], r.randint(1, 2)),
        pad=lambda: True,
        seed=lambda: r.choice((0, 1, 2**32 - 1)),
    )
    buckets = (1,) if x.dtype == "float64" else (1, 2, 5, 2**32)
    params |= r.choice(({}, {"unknown": "error"}, {"oov_buckets": r.choice(buckets)}))
    return ("vocabulary", params, replace(x, dtype="int64")) if x.exact else None


def _ordinal(r: Random, x: Value) -> Made | None:
    params = _frequency(r) if r.random() < 0.5 else {}
    params |= _some(r, missing_value=lambda: r.choice((-1, -2, 10**6, -(2**63), 2**63 - 1)))
    params |= r.choice(
        ({}, {"unknown": None}, {"unknown": "value", "unknown_value": r.choice((-1, -5, 2**63 - 1, -(2**63)))})
    )
    if "unknown" in params and r.random() < 0.4:
        lists = [r.sample(KEYS[x.dtype], r.randint(1, 2)) for _ in range(x.width or 1)]
        params["categories"] = lists if x.width is not None and r.random() < 0.5 else lists[0]
    return ("ordinal", params, replace(x, dtype="int64")) if x.exact else None


def _hash_bucket(r: Random, x: Value) -> Made:
    buckets = r.choice((1, 2, 3, 1000, 2**31, 2**32))
    return (
        "hash_bucket",
        {"buckets": buckets, **_some(r, seed=lambda: r.choice((0, 7, 2**32 - 1)))},
        replace(x, dtype="int64"),
    )


def _parse_datetime(r: Random, x: Value) -> Made:
    form = x.flavour.removeprefix("time ") if x.flavour.startswith("time ") and r.random() < 0.9 else r.choice(FORMATS)
    params: Params = {"format": form}
    params |= {"timezone": r.choice(ZONES)} if not form.endswith("%z") and r.random() < 0.6 else {}
    params |= {
        "ambiguous": r.choice(("earliest", "latest", None, "error")),
        "nonexistent": r.choice(("shift_forward", None, "error")),
        "invalid": r.choice((None, None, "error")),
    }
    has_time = any(letter in form for letter in ("%H", "%I", "%z"))
    to: DType = "date" if not has_time and r.random() < 0.4 else "timestamp"
    return "parse_datetime", {**params, "to": to}, replace(x, dtype=to)


def _datetime_part(r: Random, x: Value) -> Made:
    calendar, clock = (*CALENDAR, *FLAGS, "is_year_end"), ("hour", "minute", "second")
    part = r.choice({"date": calendar, "time": clock, "timestamp": (*calendar, *clock)}[x.dtype])
    params = {"part": part} | ({"timezone": r.choice(ZONES)} if x.dtype == "timestamp" and r.random() < 0.7 else {})
    return "datetime_part", params, replace(x, dtype="bool" if part.startswith("is_") else "int64")


def _elapsed(r: Random, x: Value) -> Made | None:
    params = {"unit": r.choice(UNITS)}
    if params["unit"] in ("months", "years") and x.dtype == "timestamp":
        params |= _some(r, timezone=lambda: r.choice(ZONES))
    return ("elapsed", params, replace(x, dtype="float64", width=1)) if x.width == 2 else None


def _is_holiday(r: Random, x: Value) -> Made:
    params: Params = {
        "years": [1990, 2030],
        "dates": r.sample(["2020-02-29", "1990-01-01", "2030-12-31"], r.randint(0, 3)),
    }
    params |= _some(r, outside=lambda: r.choice(("error", None)))
    if x.dtype == "timestamp":
        params |= _some(r, timezone=lambda: r.choice(ZONES))
    return "is_holiday", params, replace(x, dtype="bool")


def _combine_datetime(r: Random, x: Value) -> Made | None:
    """Of a date alone; a step has no other value here."""
    params = _some(
        r,
        timezone=lambda: r.choice(ZONES),
        nonexistent=lambda: r.choice(("shift_forward", None, "error")),
        ambiguous=lambda: r.choice(("earliest", "latest", None, "error")),
    )
    if x.dtype != "date" or x.width != 1:
        return None
    return "combine_datetime", params, replace(x, dtype="timestamp")


def _make_date(r: Random, x: Value) -> Made | None:
    params = _some(r, invalid=lambda: r.choice(("error", None)))
    return ("make_date", params, replace(x, dtype="date", width=1)) if x.width == 3 else None


def _missing_indicator(r: Random, x: Value) -> Made:
    """New nulls are served: most columns of a table have none in fitting."""
    features = {"features": "all"} if r.random() < 0.6 else {"error_on_new": r.random() < 0.2}
    return "missing_indicator", features, replace(x, dtype="bool", exact=True, width=None)


def _binarize(r: Random, x: Value) -> Made | None:
    return ("binarize", _some(r, threshold=lambda: float(_number(r))), x) if x.exact else None


def _normalize(r: Random, x: Value) -> Made:
    norm = r.choice(("l1", "l2", "max"))
    return "normalize", {"norm": norm}, replace(x, exact=x.exact and norm == "max")


def _polynomial_features(r: Random, x: Value) -> Made | None:
    params = {"degree": r.choice((1, 2, 3)), "interaction_only": r.random() < 0.5, "include_bias": r.random() < 0.5}
    return ("polynomial_features", params, replace(x, width=None)) if x.width in (1, 2, 3) else None


def _chi2_features(r: Random, x: Value) -> Made:
    params = r.choice(({}, {"sample_steps": 1}, {"sample_steps": 3}, {"sample_steps": 5, "sample_interval": 0.25}))
    width = None if x.width is None else x.width * (2 * params.get("sample_steps", 2) - 1)
    return "chi2_features", params, replace(x, exact=x.exact and params.get("sample_steps") == 1, width=width)


def _null_if(r: Random, x: Value) -> Made | None:
    values = [_constant(r, x.dtype) for _ in range(r.randint(1, 3))]
    return ("null_if", {"values": values}, x) if x.exact else None


def _fold_text(r: Random, x: Value) -> Made | None:
    accents = {"strip_accents": r.choice(("ascii", "unicode"))}
    params = r.choice(({}, accents, {**accents, "lowercase": False}, {"longest": 3}))
    return ("fold_text", params, x) if x.exact else None


def _strip(r: Random, x: Value) -> Made:
    params = _some(
        r, characters=lambda: r.choice(("a ", "é😀\u00a0", "]^-\\")), side=lambda: r.choice(("start", "end"))
    )
    return "strip", params, x


def _words(r: Random) -> list[str]:
    return r.sample([word for word in (*WORDS, *UNICODE, "a", ".", "[", "\\") if word], r.randint(1, 3))


def _answer(name: str) -> Callable[[Random, Value], Made | None]:
    return lambda r, x: (name, {"text": _words(r)}, replace(x, dtype="bool")) if x.exact else None


def _matches(r: Random, x: Value) -> Made | None:
    patterns = ("[a-z]*", ".+", r"(?:é|[^a]\s?){2,}", "a|b?c{0,3}", r"[\-\]0-9]+\.?", "😀*")
    return ("matches", {"pattern": r.choice(patterns)}, replace(x, dtype="bool")) if x.exact else None


def _length(r: Random, x: Value) -> Made | None:
    return ("length", {}, replace(x, dtype="int64")) if x.exact else None


def _concat(r: Random, x: Value) -> Made:
    params = _some(r, separator=lambda: r.choice(("-", "", "é😀")), prefix=lambda: "<", suffix=lambda: " ")
    return "concat", params, replace(x, width=1)


def _substring(r: Random, x: Value) -> Made:
    return "substring", {"start": r.choice((0, 1, 3, 50, -1, -2, -50)), "length": r.choice((1, 2, 40))}, x


def _split(r: Random, x: Value) -> Made:
    delimiter, part = r.choice((("a", -2), ("é", -1), (" ", 1), ("ab", 0), (".", 3), ("😀", -1)))
    return "split", {"delimiter": delimiter, "part": part, "missing": r.choice((None, "empty", "error"))}, x


def _collapse_spaces(r: Random, x: Value) -> Made:
    return "collapse_spaces", r.choice(({}, {"longest": 3})), x


def _replace_part(r: Random, x: Value) -> Made:
    what = r.choice(
        ({"text": r.choice(_words(r))}, {"pattern": r.choice((".", "[^a-z]+", r"\s", "a{2}b*", "[0-9]+é?"))})
    )
    return "replace", {**what, "by": r.choice(("", "x", "\\1", "😀a"))} | _some(r, longest=lambda: 4), x


def _map(r: Random, x: Value) -> Made | None:
    keys = r.sample(KEYS[x.dtype], r.randint(1, 2))
    texts = [str(key).lower() if x.dtype == "bool" else str(key) for key in keys]
    dtype, pool = r.choice(
        (("int64", (0, 1, 2**53 + 1)), ("float64", (0.5, -0.0, 1e300)), ("string", ("a", "é")), ("bool", (True, False)))
    )
    params: Params = {
        "values": {text: r.choice(pool) for text in texts},
        "unknown": r.choice(("error", "null", "value")),
    }
    params |= {"unknown_value": r.choice(pool)} if params["unknown"] == "value" else {}
    return ("map", params, replace(x, dtype=dtype)) if x.exact else None


def _parse_number(r: Random, x: Value) -> Made:
    params: Params = {"invalid": r.choice((None, None, "error"))} | _some(
        r, thousands=lambda: r.choice(" '_,"), prefix=lambda: ["$", "a"], suffix=lambda: "kg", exponent=lambda: True
    )
    params |= r.choice(({}, {"percent": True}, {"multipliers": {"k": 1e3, "M": 1e6}}))
    params |= {"decimal": r.choice("\u066b;")} if r.random() < 0.2 else {}
    return "parse_number", params, replace(x, dtype="float64", exact=True)


def _folding(name: str) -> Callable[[Random, Value], Made | None]:
    return lambda r, x: (name, r.choice(({}, {"longest": 3})), x) if x.exact else None


def _normalize_text(r: Random, x: Value) -> Made | None:
    return ("normalize_text", {"form": r.choice(("NFC", "NFKC"))}, x) if x.exact else None


def _strip_accents(r: Random, x: Value) -> Made | None:
    return ("strip_accents", {"to": r.choice(("ascii", "unicode"))}, x) if x.exact else None


def _count_tokens(r: Random, x: Value) -> Made | None:
    words = [word for word in (*WORDS, *UNICODE, "a b", "0 a", "中", " a", "a ") if word]
    vocabulary = r.sample(words, r.randint(1, 8))
    least = r.choice((1, 1, 2, 4))
    analyzer = r.choice(("word", "word", "char", "char_wb"))
    params: Params = {
        "vocabulary": vocabulary,
        "analyzer": analyzer,
        "ngram_range": [least, least + r.choice((0, 1, 2))],
    }
    params |= _some(r, binary=lambda: True, null=lambda: r.choice(("zeros", "zeros", "error")))
    if analyzer == "word":
        patterns = (r"\w+", r"[a-z]+", r"\b[a-zA-Z]{1,}\b", r"[^\s]+")
        params |= _some(r, token_pattern=lambda: r.choice(patterns), stop_words=lambda: r.sample(words, 3))
    made = replace(x, dtype="float64", width=None if x.width is None else x.width * len(vocabulary))
    return ("count_tokens", params, made) if x.exact else None


def _hash_tokens(r: Random, x: Value) -> Made | None:
    features = r.choice((1, 2, 7))
    params: Params = {"n_features": features} | _some(
        r,
        alternate_sign=lambda: False,
        binary=lambda: True,
        null=lambda: r.choice(("zeros", "error")),
        analyzer=lambda: r.choice(("char", "char_wb")),
        ngram_range=lambda: r.choice(([1, 2], [2, 2], [4, 5])),
    )
    made = replace(x, dtype="float64", width=None if x.width is None else x.width * features)
    return ("hash_tokens", params, made) if x.exact else None


def _tfidf_weight(r: Random, x: Value) -> Made | None:
    params = _some(
        r,
        norm=lambda: r.choice(("l1", None)),
        use_idf=lambda: False,
        sublinear_tf=lambda: True,
        numbers=lambda: "counts",
    )
    is_exact = params.get("norm", "") is None and "sublinear_tf" not in params
    return ("tfidf_weight", params, replace(x, exact=is_exact)) if x.exact else None


MAKERS: dict[str, Callable[[Random, Value], Made | None]] = {
    "impute": _impute,
    "clip": _clip,
    "round": _round,
    "standard_scale": _standard,
    "minmax_scale": _minmax,
    "max_abs_scale": _max_abs,
    "robust_scale": _robust,
    "finite": _finite,
    "missing_indicator": _missing_indicator,
    "null_if": _null_if,
    "chi2_features": _chi2_features,
    "binarize": _binarize,
    "normalize": _normalize,
    "polynomial_features": _polynomial_features,
    "log1p": _log1p,
    "bucketize": _bucketize,
    "quantile_bin": _quantile_bin,
    "quantile_transform": _quantile_transform,
    "interpolate": _interpolate,
    "spline": _spline,
    "cyclical": _cyclical,
    "cast": _cast,
    "one_hot": _one_hot,
    "vocabulary": _vocabulary,
    "ordinal": _ordinal,
    "hash_bucket": _hash_bucket,
    "fold_text": _fold_text,
    "strip": _strip,
    "lower": _folding("lower"),
    "upper": _folding("upper"),
    "casefold": _folding("casefold"),
    "strip_accents": _strip_accents,
    "normalize_text": _normalize_text,
    "starts_with": _answer("starts_with"),
    "ends_with": _answer("ends_with"),
    "contains": _answer("contains"),
    "matches": _matches,
    "length": _length,
    "concat": _concat,
    "substring": _substring,
    "split": _split,
    "collapse_spaces": _collapse_spaces,
    "replace": _replace_part,
    "map": _map,
    "parse_number": _parse_number,
    "count_tokens": _count_tokens,
    "hash_tokens": _hash_tokens,
    "tfidf_weight": _tfidf_weight,
    "parse_datetime": _parse_datetime,
    "datetime_part": _datetime_part,
    "elapsed": _elapsed,
    "is_holiday": _is_holiday,
    "combine_datetime": _combine_datetime,
    "make_date": _make_date,
}
_CATEGORICAL = ("one_hot", "vocabulary", "ordinal", "hash_bucket", "impute", "cast", "null_if", "missing_indicator")
_SCALES = ("standard_scale", "minmax_scale", "max_abs_scale", "robust_scale")
BY_TYPE: dict[DType, tuple[str, ...]] = {
    "float64": (
        "impute",
        "clip",
        "finite",
        "missing_indicator",
        "null_if",
        "binarize",
        "normalize",
        "polynomial_features",
        "chi2_features",
        "round",
        *_SCALES,
        "log1p",
        "bucketize",
        "quantile_bin",
        "quantile_transform",
        "interpolate",
        "spline",
        "cyclical",
        "cast",
        "one_hot",
        "vocabulary",
        "ordinal",
        "tfidf_weight",
    ),
    "int64": (*_CATEGORICAL, "clip", "bucketize", "cyclical", "cast", "map", "make_date", "combine_datetime"),
    "bool": (*_CATEGORICAL, "map"),
    "string": (
        *_CATEGORICAL,
        "strip",
        "lower",
        "upper",
        "casefold",
        "strip_accents",
        "normalize_text",
        "starts_with",
        "ends_with",
        "contains",
        "matches",
        "length",
        "concat",
        "substring",
        "split",
        "collapse_spaces",
        "replace",
        "map",
        "fold_text",
        "parse_number",
        "count_tokens",
        "hash_tokens",
        "parse_datetime",
        "parse_datetime",
    ),
    "timestamp": ("impute", "cast", "null_if", "missing_indicator", "datetime_part", "is_holiday", "elapsed"),
    "date": (
        "impute",
        "cast",
        "null_if",
        "missing_indicator",
        "datetime_part",
        "is_holiday",
        "elapsed",
        "combine_datetime",
    ),
    "time": ("impute", "cast", "null_if", "missing_indicator", "datetime_part", "datetime_part"),
}
