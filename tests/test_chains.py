"""Pipelines in which steps meet that are right by themselves: each once went wrong, and is the smallest that did."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from random_check import check_case
from random_tables import Column
from random_yaml import Case

import skc
from skc.diagnostics import SkcError

COLUMNS = {
    "c": Column("c", "string", False, (), "", ("a", "a", "a", "a")),
    "s": Column("s", "string", True, (), "", ("a", None, "b", "")),
    "x": Column("x", "float64", True, (), "", (0.5, -3.0, None, 49.0)),
    "n": Column("n", "int64", True, (), "", (0, 7, None, -1)),
    "u": Column("u", "timestamp", True, (), "", (0, None, 3_600_000_000, 5)),
    "w": Column("w", "float64", False, (), "", (1e15, 1e15 + 32, 1e15 + 64, 1e15 + 100)),
    "t": Column("t", "timestamp", False, (), "", (0, 1, 1_700_000_000_000_000, -1)),
}


def text_of(names: str, features: dict[str, str], outputs: dict[str, str]) -> str:
    """A pipeline over some of the columns; outputs are by dtype."""
    columns = [COLUMNS[name] for name in names.split()]
    inputs = [f"  {c.name}: {{type: {c.dtype}, nullable: {str(c.nullable).lower()}}}" for c in columns]
    written = [f"  {name}: {{{definition}}}" for name, definition in features.items()]
    tensors = [f"  {dtype}_out: {{features: [{names}], dtype: {dtype}}}" for dtype, names in outputs.items()]
    return "\n".join(["skc: 1", "name: chain", "inputs:", *inputs, "features:", *written, "outputs:", *tensors, ""])


def check(names: str, features: dict[str, str], outputs: dict[str, str], folder: Path) -> None:
    """Compile, verify and serve it."""
    case = Case(text_of(names, features, outputs), tuple(COLUMNS[name] for name in names.split()))
    for seed in (0, 1):  # both signatures
        (folder / str(seed)).mkdir()
        assert check_case(case, Random(seed), folder / str(seed)) == "compiled"


# Steps on a block of no columns, by the type of the block, and the dtype of an output that takes what they give.
ON_NOTHING: dict[str, list[tuple[str, str]]] = {
    "": [
        ("float64", "impute"),
        ("float64", "{impute: {value: 1, add_indicator: true}}"),
        ("float64", "{clip: {min: 0}}"),
        ("float64", "{clip: {upper_quantile: 0.5}}"),
        ("float64", "round"),
        ("float64", "standard_scale"),
        ("float64", "{minmax_scale: {clip: true}}"),
        ("float64", "robust_scale"),
        ("float64", "log1p"),
        ("float64", "{cyclical: {period: 7}}"),
        ("int64", "{quantile_bin: {bins: 2}}"),
        ("float64", "{quantile_bin: {bins: 2, encode: onehot}}"),
        ("int64", "{bucketize: {edges: [0, 1], closed: left}}"),
        ("float64", "{bucketize: {edges: [0], closed: right, encode: onehot}}"),
    ],
    "{cast: {to: int64}}, ": [
        ("float64", "one_hot"),
        ("int64", "{impute: {strategy: most_frequent, add_indicator: true}}"),
        ("int64", "{clip: {max: 0}}"),
        ("int64", "ordinal"),
        ("int64", "vocabulary"),
        ("int64", "{vocabulary: {oov_buckets: 3}}"),
        ("int64", "{hash_bucket: {buckets: 3}}"),
        ("float64", "{cyclical: {period: 7}}"),
        ("float64", "{bucketize: {edges: [0, 1], closed: left, encode: onehot}}"),
        ("int64", "{cast: {to: timestamp}}, {datetime_part: {part: month}}"),
        ("int64", "{cast: {to: timestamp}}, {datetime_part: {part: hour, timezone: Europe/Berlin}}"),
        ("int64", "{cast: {to: date}}, {cast: {to: timestamp}}, {cast: {to: date}}, {impute: {value: 0}}"),
    ],
    "{cast: {to: bool}}, ": [
        ("float64", "one_hot"),
        ("int64", "ordinal"),
        ("int64", "vocabulary"),
        ("int64", "{hash_bucket: {buckets: 3}}"),
        ("bool", "{impute: {value: true}}"),
        ("string", "{cast: {to: string}}"),
    ],
    "{cast: {to: int64}}, {cast: {to: string}}, ": [
        ("float64", "one_hot"),
        ("int64", "ordinal"),
        ("int64", "{ordinal: {unknown: null}}"),
        ("int64", "vocabulary"),
        ("int64", "{vocabulary: {oov_buckets: 3}}"),
        ("int64", "{hash_bucket: {buckets: 3}}"),
        ("string", "{impute: {value: a}}"),
        ("bool", "{cast: {to: bool, invalid: null}}"),
        ("int64", "{parse_datetime: {format: iso8601}}"),
        (
            "int64",
            "{parse_datetime: {format: '%Y-%m-%d', timezone: Europe/Berlin, invalid: null, ambiguous: null}}",
        ),
    ],
}


@pytest.mark.parametrize("before", ON_NOTHING)
def test_a_block_of_no_columns(before: str, tmp_path: Path) -> None:
    """A one-hot that drops its only category gives none, and nothing after it may stumble."""
    features = {"nothing": "from: c, apply: [{one_hot: {drop: first}}]"}
    outputs = {"float32": "nothing"}
    for k, (dtype, steps) in enumerate(ON_NOTHING[before]):
        features[f"f{k}"] = f"from: nothing, apply: [{before}{steps}]"
        outputs[dtype] = f"{outputs[dtype]}, f{k}" if dtype in outputs else f"f{k}"
    check("c x", features, outputs, tmp_path)


CHAINS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "what feeds no output refuses nothing": (
        "x t n",
        {"f": "from: n, apply: [{cast: {to: date}}]", "g": "from: x"},
        {"float32": "g"},
    ),
    "guards of columns that have one name": (
        "n",
        {"f": "from: n, apply: [{impute: {value: 5}}]", "g": "from: [f, n], apply: [one_hot]"},
        {"float64": "g"},
    ),
    "a guard behind columns of which some are nullable": (
        "t u",
        {"f": "from: [t, u], apply: [{elapsed: {unit: hours}}, {cyclical: {period: 7}}]"},
        {"float64": "f"},
    ),
    "a guard behind an expression that reads no value": (
        "n",
        {"f": "expr: '1.5 if is_null(n) else 2', apply: [{cast: {to: int64, rounding: ceil}}]"},
        {"int64": "f"},
    ),
    "a guard behind one bin": (
        "c",
        {"f": "from: c, apply: [one_hot, {quantile_bin: {bins: 2, encode: onehot}}, log1p]"},
        {"float64": "f"},
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chain(name: str, tmp_path: Path) -> None:
    check(*CHAINS[name], tmp_path)


@pytest.mark.parametrize(
    ("code", "steps"),
    [
        ("SKC121", "log1p, log1p"),
        ("SKC215", "log1p, standard_scale"),
        ("SKC215", "log1p, {robust_scale: {quantile_range: [0, 100]}}"),
        ("SKC215", "log1p, minmax_scale"),
        ("SKC215", "{cyclical: {period: 1.0e+16}}, {minmax_scale: {feature_range: [0, 1.0e+9]}}"),
    ],
)
def test_rounding_errors_are_not_made_visible(code: str, steps: str, tmp_path: Path) -> None:
    """The logarithms differ by a few last bits, which are the machine's: no decision and no scale may rest on them."""
    text = text_of("w", {"f": f"from: w, apply: [{steps}]"}, {"float64": "f"})
    (tmp_path / "pipeline.yaml").write_text(text)
    with pytest.raises(SkcError) as error:
        skc.compile(tmp_path / "pipeline.yaml", pa.table({"w": COLUMNS["w"].values}))
    assert error.value.code == code
