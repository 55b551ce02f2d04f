"""The rows of the parity table: what each estimator is fitted with, and ordinary and hard rows to try it on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

FITTED, ORDINARY, MIXED = 240, 120, 60  # rows
STATE_VALUES = 16  # of each column, each with its two neighbours

HARD_FLOATS = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 2.5, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-300, 1e-7, 1e-15),
    *(float(2**24 + 1), float(2**53 + 2), 9e15, -9e15, 1e15 + 0.3, 1e100, -1e100, 1e300, -1e300),
    *(1.7976931348623157e308, -1.7976931348623157e308, math.inf, -math.inf, math.nan),
)
HARD_INTS = (0, 1, -1, 2, 7, 2**24 + 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63))
HARD_STRINGS = (
    *("", " ", "\t", "0", "1", "1.0", "nan", "None", "a ", " a", "A", "é", "e\u0301", "ß", "SS", "İ", "ı"),
    *("中文", "😀", "𠮷", "a" * 300, None),
)
HARD_TEXTS = (
    *("", " ", "\t\n", ".", "a", "a b c", "THE the The", "good good good bad", "x" * 200, "don't can't", "well-known"),
    *(
        "É é E\u0301 e\u0301",
        "İstanbul ISTANBUL ıstanbul",
        "straße STRASSE ẞ",
        "ﬁne oﬃce",
        "the\u00a0film",
        "中文 电影 很好",
    ),
    *(
        "😀 great 😀😀 👩‍👩‍👧",
        "1 12 123 4.5",
        "under_score __x__",
        "tab\tand\r\nline",
        "ǅungla ŉ ΐ",
        "Ⅷ ² ½",
        "great. film! bad?",
    ),
    *("मराठी हिन्दी", "ไทย ภาษา", "a\u200bb c\u200dd", "e-mail@example.com http://x.y/z?q=1", "٣ ۴ १२", None),
)
WORDS = (
    *(
        "the",
        "film",
        "was",
        "great",
        "bad",
        "good",
        "not",
        "a",
        "an",
        "plot",
        "Actor",
        "Music",
        "slow",
        "café",
        "naïve",
    ),
    *("of", "and", "very", "2019", "it's", "ending", "dull", "boring", "wonderful", "I", "well-made", "don't"),
)


@dataclass(frozen=True)
class Rows:
    """Rows of one kind. `frame` names the columns as the artifact names its inputs.

    `given` turns a frame into what scikit-learn's methods take, `sample` into what the front end is given.
    """

    frame: pd.DataFrame
    ordinary: pd.DataFrame
    hard: tuple[Any, ...]
    given: Callable[[pd.DataFrame], Any] = lambda frame: frame
    sample: Callable[[pd.DataFrame], Any] | None = None

    def to_sample(self, frame: pd.DataFrame) -> Any:
        """Rows as `read_estimator` takes them."""
        return (self.sample or self.given)(frame)


def _numbers(count: int, seed: int) -> pd.DataFrame:
    """Columns of the sizes that raw data has: among them money and seconds since 1970."""
    source = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "a": source.normal(size=count),
            "b": source.lognormal(3, 1, count).round(2),
            "c": source.uniform(-5, 5, count),
            "d": 1.7e9 + source.integers(0, 10**7, count).astype(float),
        }
    )


def _unit(count: int, seed: int) -> pd.DataFrame:
    """Columns of the size of 1, as behind a scaler, which depend on each other."""
    source = np.random.default_rng(seed)
    values = source.normal(size=(count, 3))
    return pd.DataFrame(
        np.column_stack([values, values @ [0.5, -1, 0.2] + source.normal(0, 0.3, count)]), columns=[*"abcd"]
    )


def _missing(count: int, seed: int) -> pd.DataFrame:
    frame = _unit(count, seed)
    source = np.random.default_rng(seed + 1)
    return frame.mask(source.random(frame.shape) < [0.0, 0.1, 0.2, 0.3])


def _ints(count: int, seed: int) -> pd.DataFrame:
    source = np.random.default_rng(seed)
    return pd.DataFrame(
        {"a": source.integers(0, 5, count), "b": source.integers(-50, 50, count), "c": source.integers(0, 10**6, count)}
    )


def _strings(count: int, seed: int) -> pd.DataFrame:
    source = np.random.default_rng(seed)
    names = ["Oslo", "Åsgård", "東京", "São Paulo", "a", "b", "rare"]
    return pd.DataFrame(
        {
            "s": source.choice(names, count, p=[0.3, 0.2, 0.2, 0.15, 0.1, 0.04, 0.01]),
            "t": source.choice(["yes", "no"], count),
            "u": source.choice(["1", "2", "10", "x y", ""], count),
        }
    )


def _nulls(count: int, seed: int) -> pd.DataFrame:
    frame = _strings(count, seed)
    source = np.random.default_rng(seed + 1)
    return frame.mask(source.random(frame.shape) < [0.0, 0.1, 0.2])


def _codes(count: int, seed: int) -> pd.DataFrame:
    """Categories that are floats."""
    source = np.random.default_rng(seed)
    return pd.DataFrame(
        {"a": source.choice([0.5, 1.0, 2.0, 1e9 + 0.1], count), "b": source.choice([-1.0, 0.0, np.nan], count)}
    )


def _texts(count: int, seed: int) -> pd.DataFrame:
    source = np.random.default_rng(seed)
    return pd.DataFrame({"text": [" ".join(source.choice(WORDS, source.integers(1, 15))) for _ in range(count)]})


def _mixed(count: int, seed: int) -> pd.DataFrame:
    return pd.concat(
        [_missing(count, seed)[["a", "b"]], _ints(count, seed)[["c"]], _nulls(count, seed)[["s", "t"]]], axis=1
    )


def _records(count: int, seed: int) -> pd.DataFrame:
    source = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "city": source.choice(["Oslo", "東京", "a=b"], count),
            "size": source.normal(size=count).round(3),
            "unit": source.choice(["kg", "g"], count),
        }
    )


def _table(make: Callable[[int, int], pd.DataFrame], hard: Iterable[Any], **how: Any) -> Rows:
    return Rows(make(FITTED, 1), make(ORDINARY, 2), tuple(hard), **how)


def _numbered(make: Callable[[int, int], pd.DataFrame]) -> Callable[[int, int], pd.DataFrame]:
    """The same columns under the names that the columns of an array get."""
    return lambda count, seed: make(count, seed).set_axis([f"x{i}" for i in range(make(1, 1).shape[1])], axis=1)


def _only(make: Callable[[int, int], pd.DataFrame], column: str) -> Callable[[int, int], pd.DataFrame]:
    return _numbered(lambda count, seed: make(count, seed)[[column]])


def _counts(count: int, seed: int) -> pd.DataFrame:
    """Mostly zeros, as counts of words are."""
    return pd.DataFrame(np.random.default_rng(seed).poisson(0.7, (count, 5)).astype(float), columns=[*"abcde"])


def _kernel(count: int, seed: int) -> pd.DataFrame:
    points = _unit(6, 1).to_numpy()
    others = points if count == FITTED else _unit(count, seed).to_numpy()
    return pd.DataFrame(others @ points.T, columns=[*"abcdef"])


def _as_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A dictionary for each row, without what is missing."""
    return [{k: v for k, v in row.items() if isinstance(v, str) or v == v} for row in frame.to_dict("records")]


def _array(frame: pd.DataFrame) -> Any:
    return frame.to_numpy()


def _one(frame: pd.DataFrame) -> Any:
    return frame.iloc[:, 0].to_numpy()


KINDS: Mapping[str, Callable[[], Rows]] = {
    "float64": lambda: _table(_numbers, HARD_FLOATS),
    "unit": lambda: _table(_unit, HARD_FLOATS),
    "array": lambda: _table(_numbered(_numbers), HARD_FLOATS, given=_array),
    "positive": lambda: _table(lambda count, seed: _unit(count, seed).abs() + 0.01, HARD_FLOATS),
    "positive array": lambda: _table(
        _numbered(lambda count, seed: _unit(count, seed).abs() + 0.01),
        HARD_FLOATS,
        given=lambda frame: np.array(frame),  # writable
    ),
    "missing": lambda: _table(_missing, HARD_FLOATS),
    "codes": lambda: _table(_codes, HARD_FLOATS),
    "counts": lambda: _table(_counts, HARD_FLOATS),
    "kernel": lambda: _table(_kernel, HARD_FLOATS),
    "column": lambda: _table(_only(_numbers, "b"), HARD_FLOATS, given=_array),
    "int64": lambda: _table(_ints, HARD_INTS),
    "ids": lambda: _table(
        lambda count, seed: _ints(count, seed)[["a"]].assign(b=_ints(count, seed + 5)["a"] - 3), HARD_INTS
    ),
    "bool": lambda: _table(lambda count, seed: _ints(count, seed)[["a", "b"]] > 1, (True, False)),
    "string": lambda: _table(_strings, HARD_STRINGS),
    "null": lambda: _table(_nulls, HARD_STRINGS),
    "text": lambda: _table(_texts, HARD_TEXTS),
    "mixed": lambda: _table(_mixed, ()),
    "record": lambda: _table(_records, (), given=_as_records),
    "label": lambda: _table(_only(_strings, "s"), HARD_STRINGS[:-1], given=_one, sample=_array),
    # with a third label in the batch, scikit-learn's LabelBinarizer gives another number of columns: so only these two
    "label01": lambda: _table(_only(_strings, "t"), ("yes", "no"), given=_one, sample=_array),
    "tokens": lambda: _table(_numbered(_strings), HARD_STRINGS, given=lambda frame: frame.to_numpy().tolist()),
    "label-int64": lambda: _table(_only(_ints, "a"), HARD_INTS, given=_one, sample=_array),
    "float32": lambda: _table(lambda count, seed: _unit(count, seed).astype("float32"), HARD_FLOATS),
}


@cache
def rows_of(kind: str) -> Rows:
    """The rows of a kind, made once."""
    return KINDS[kind]()


@cache
def targets(kind: str) -> Mapping[str, Any]:
    """What a supervised estimator is fitted to, by the name that a case gives."""
    frame = rows_of(kind).frame
    codes = sum(
        (pd.factorize(frame[name])[0] if frame[name].dtype.kind not in "fi" else frame[name].rank()) for name in frame
    )
    score = np.asarray(codes, float) + np.random.default_rng(3).normal(0, np.std(codes) / 2, len(frame))
    cuts = np.quantile(score, [1 / 3, 2 / 3])
    classes = np.array(["low", "mid", "top"])[np.searchsorted(cuts, score)]
    return {"number": score, "binary": (score > np.median(score)).astype(int), "classes": classes}


def trial_rows(rows: Rows, estimator: Any) -> pd.DataFrame:
    """Ordinary rows, then rows with one hard value or value of the fitted state, then mixtures of those."""
    columns = [*rows.frame]
    state = state_values(estimator, len(columns))
    pools = {name: _fitting(rows.frame[name], [*_hard(rows, name), *state[k]]) for k, name in enumerate(columns)}
    source = np.random.default_rng(4)
    base = rows.ordinary.iloc[0].to_dict()
    changed = [{**base, name: value} for name in columns for value in pools[name]]
    mixed = [{name: pools[name][source.integers(len(pools[name]))] for name in columns} for _ in range(MIXED)]
    table = {name: [*rows.ordinary[name], *(row[name] for row in [*changed, *mixed])] for name in columns}
    return pd.DataFrame({name: pd.Series(values, dtype=rows.frame[name].dtype) for name, values in table.items()})


def _hard(rows: Rows, name: str) -> Sequence[Any]:
    if rows.hard:
        return rows.hard
    column = rows.frame[name]
    return HARD_FLOATS if column.dtype.kind == "f" else HARD_INTS if column.dtype.kind == "i" else HARD_STRINGS


def _fitting(column: pd.Series, values: Iterable[Any]) -> list[Any]:
    """The values that the column can hold."""
    kind = column.dtype.kind
    if kind == "f":
        return [float(v) for v in values if isinstance(v, int | float)]
    if kind == "i":
        whole = (v for v in values if isinstance(v, int) or (isinstance(v, float) and math.isfinite(v)))
        return [k for k in (math.floor(v) for v in whole) if -(2**63) <= k < 2**63]
    if kind == "b":
        return [True, False]
    return [v for v in values if v is None or isinstance(v, str)]


def state_values(estimator: Any, width: int) -> list[list[Any]]:
    """For each column the values that the fitted state has for it, and the floats on either side of each."""
    found: list[dict[Any, None]] = [{} for _ in range(width)]
    _collect(estimator, width, found, 4)
    chosen = []
    for values in found:
        spread = [*values]
        spread = [spread[round(k)] for k in np.linspace(0, len(spread) - 1, min(STATE_VALUES, len(spread)))]
        chosen.append([near for value in spread for near in _neighbours(value)])
    return chosen


def _neighbours(value: Any) -> Iterable[Any]:
    if isinstance(value, str):
        return (value, value + " ", value.upper())
    return (value, math.nextafter(value, -math.inf), math.nextafter(value, math.inf))


def _collect(value: Any, width: int, found: list[dict[Any, None]], depth: int) -> None:
    """Look through an estimator and the estimators, arrays and lists that it holds."""
    if depth == 0:
        return
    if hasattr(value, "get_params"):
        for inner in vars(value).values():
            _collect(inner, width, found, depth - 1)
    elif isinstance(value, dict | list | tuple) and not _is_flat(value):
        items = [*value.values()] if isinstance(value, dict) else [*value]
        if len(items) == width and all(isinstance(item, np.ndarray) for item in items):
            for k, item in enumerate(items):
                _take(item, found[k])
        else:
            for item in items[:20]:
                _collect(item, width, found, depth - 1)
    elif isinstance(value, np.ndarray):
        if value.dtype == object and value.ndim == 1 and len(value) == width:
            for k, item in enumerate(value):
                _take(np.atleast_1d(item), found[k])
        elif value.ndim and value.shape[-1] == width:
            for k in range(width):
                _take(value[..., k], found[k])


def _is_flat(value: Any) -> bool:
    return not isinstance(value, dict) and all(isinstance(item, int | float | str | None) for item in value)


def _take(array: Any, found: dict[Any, None]) -> None:
    for item in np.asarray(array).ravel().tolist():
        if isinstance(item, str) or (isinstance(item, int | float) and math.isfinite(item)):
            found[float(item) if isinstance(item, int | float) else item] = None
