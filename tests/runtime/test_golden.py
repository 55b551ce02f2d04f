"""The JSON form of values, and what counts as the same result."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skc_runtime import ArtifactError, Manifest, RecordError, Transformer, golden
from skc_runtime.golden import GoldenCase, compare, decode_record, decode_value, encode_record, encode_value

FORMS = [
    ("float64", 0.1, 0.1),
    ("float64", 3, 3.0),
    ("float64", math.nan, "NaN"),
    ("float64", math.inf, "Infinity"),
    ("float64", -math.inf, "-Infinity"),
    ("float64", -0.0, "-0.0"),
    ("float64", None, None),
    ("float32", float(np.float32(0.1)), 0.10000000149011612),
    ("int64", -(2**63), "-9223372036854775808"),
    ("bool", True, True),
    ("string", "-0.0", "-0.0"),
    ("string", None, None),
]


@pytest.mark.parametrize(("element", "value", "form"), FORMS)
def test_a_form(element: str, value: Any, form: Any) -> None:
    encoded = encode_value(element, value)
    assert (type(encoded), encoded) == (type(form), form)
    again = decode_value(element, form, "here")
    assert again == value or (again != again and value != value)


@given(st.floats())
def test_floats_keep_their_bits(value: float) -> None:
    again = decode_value("float64", encode_value("float64", value), "here")
    assert np.float64(again).tobytes() == np.float64(value).tobytes() or (again != again and value != value)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_keep_their_bits(value: int) -> None:
    assert decode_value("int64", encode_value("int64", value), "here") == value


@pytest.mark.parametrize("value", [True, 1.5, "1", np.timedelta64(1, "s")])
def test_what_is_no_integer_is_not_written(value: Any) -> None:
    with pytest.raises(RecordError):
        encode_value("int64", value)


def test_a_record_there_and_back(transformer: Transformer, ride: dict[str, Any]) -> None:
    manifest = transformer.manifest
    for record in (ride, {**ride, "fare": None}, {"fare": -0.0}, {}):
        encoded = encode_record(manifest, record)
        assert decode_record(manifest, encoded) == record
    assert encode_record(manifest, ride)["pickup"] == "1709208000000001"


@pytest.fixture
def tolerant(transformer: Transformer) -> Manifest:
    """The manifest, with the first column of `x` exact and the others not."""
    outputs = [
        dataclasses.replace(o, exact=(True,) + (False,) * (len(o.columns) - 1)) for o in transformer.manifest.outputs
    ]
    return dataclasses.replace(transformer.manifest, outputs=tuple(outputs))


def changed(outputs: dict[str, Any], column: int, value: float) -> dict[str, Any]:
    x = outputs["x"].copy()
    x[column] = value
    return {**outputs, "x": x}


COMPARED: list[tuple[int, Any, Any, bool, bool]] = [  # column, want, got, same exactly, same within tolerance
    (0, 1.0, 1.0, True, True),
    (0, 1.0, 1.0000001192092896, False, False),
    (1, 1.0, 1.0000001192092896, False, True),
    (1, 1.0, 1.000002, False, False),
    (1, 1000.0, 1000.0005, False, True),
    (1, 0.0, -0.0, False, True),
    (0, 0.0, -0.0, False, False),
    (1, math.nan, math.nan, True, True),
    (1, math.nan, 0.0, False, False),
    (1, 0.0, math.nan, False, False),
    (1, math.inf, math.inf, True, True),
    (1, math.inf, 3.0e38, False, False),
    (1, 3.0e38, math.inf, False, False),
    (1, math.inf, -math.inf, False, False),
]


@pytest.mark.parametrize(("column", "want", "got", "exactly", "nearly"), COMPARED)
def test_comparing(
    transformer: Transformer,
    tolerant: Manifest,
    ride: Any,
    column: int,
    want: float,
    got: float,
    exactly: bool,
    nearly: bool,
) -> None:
    outputs = transformer.transform(ride)
    wanted = golden.encode_outputs(changed(outputs, column, want))
    here = changed(outputs, column, got)
    assert (compare(tolerant, wanted, here) is None) == exactly
    assert (compare(tolerant, wanted, here, replay="tolerance") is None) == nearly


def test_integers_strings_and_companions_always_agree_exactly(
    transformer: Transformer, tolerant: Manifest, ride: Any
) -> None:
    outputs = transformer.transform(ride)
    wanted = golden.encode_outputs(outputs)
    for name, value in (("times", "3"), ("times.valid", False), ("word", "x"), ("is_member", False)):
        other = {**wanted, name: [*wanted[name][:-1], value]}
        assert name in str(compare(tolerant, other, outputs, replay="tolerance"))


def test_the_file_there_and_back(transformer: Transformer, ride: dict[str, Any]) -> None:
    cases = tuple(
        golden.observe(transformer, record) for record in (ride, {**ride, "payment": "?"}, {**ride, "fare": math.inf})
    )
    assert [case.error for case in cases] == [None, "unknown-category", None]
    assert golden.loads(golden.dumps(cases)) == cases
    golden.replay_cases(transformer, cases, "exact")


class Moody:
    """A transformer whose results depend on the batch: what golden replay must find."""

    def __init__(self, transformer: Transformer) -> None:
        self._transformer = transformer
        self.manifest = transformer.manifest

    def transform(self, data: object) -> dict[str, Any]:
        outputs = self._transformer.transform(data)
        if isinstance(data, list):
            outputs["x"] = np.nextafter(outputs["x"], np.float32(1e9))
        return outputs


def test_a_row_that_depends_on_its_batch_is_found(transformer: Transformer, ride: dict[str, Any]) -> None:
    cases = [golden.observe(transformer, ride)]
    for replay in ("exact", "tolerance"):
        with pytest.raises(ArtifactError, match="in a batch") as caught:
            golden.replay_cases(Moody(transformer), cases, replay)  # type: ignore[arg-type]  # one of the two
        assert caught.value.code == "golden-mismatch"


def test_nothing_to_replay(transformer: Transformer) -> None:
    golden.replay_cases(transformer, (), "exact")
    golden.replay_cases(transformer, (GoldenCase({}, error="missing-key"),), "exact")
