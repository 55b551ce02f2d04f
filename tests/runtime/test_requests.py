"""What is not a request is refused, and the hint says what to send."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skc_runtime import RecordError, SkcRuntimeError, Transformer

Identity = Callable[..., Transformer]


@pytest.mark.parametrize("data", [5, "text", b"bytes", None, 1.5, {1, 2}, object(), iter([])])
def test_other_data_is_refused(transformer: Transformer, data: Any) -> None:
    with pytest.raises(RecordError) as error:
        transformer.transform(data)
    assert error.value.code == "unsupported-data"


@pytest.mark.parametrize("data", [[5], [None], [[1, 2]], ["a"]])
def test_a_list_of_something_else_is_refused_with_its_row(transformer: Transformer, ride: Any, data: Any) -> None:
    with pytest.raises(RecordError) as error:
        transformer.transform([ride, *data])
    assert (error.value.code, error.value.row) == ("unsupported-data", 1)


def test_a_misspelt_key_gets_a_hint(transformer: Transformer, ride: dict[str, Any]) -> None:
    with pytest.raises(RecordError, match="did you mean `fare`") as caught:
        transformer.transform({**ride, "fair": 1.0})
    assert caught.value.code == "unknown-key"
    with pytest.raises(RecordError, match="unknown-key"):
        transformer.transform({**ride, 5: 1.0})
    transformer.transform({**ride, 5: 1.0}, extra="ignore")


def test_unknown_options_are_refused(transformer: Transformer, ride: dict[str, Any]) -> None:
    with pytest.raises(SkcRuntimeError) as caught:
        transformer.transform(ride, extra="allow")  # type: ignore[arg-type]  # the point
    assert caught.value.code == "invalid-option"


def test_a_dict_is_always_one_record(transformer: Transformer, ride: dict[str, Any]) -> None:
    """Whatever its values are, and in whatever order its keys stand."""
    assert transformer.transform({"tags": ["a"], **ride}, extra="ignore")["word"].shape == (1,)
    for keys in ([*ride], [*reversed(ride)], [*sorted(ride)]):
        with pytest.raises(RecordError) as caught:
            transformer.transform({**{key: ride[key] for key in keys}, "payment": ["card"]})
        assert (caught.value.code, caught.value.input) == ("wrong-type", "payment")


def test_an_unknown_key_is_refused_in_every_place(transformer: Transformer, ride: dict[str, Any]) -> None:
    """Of a record and of columns, whatever the other values are."""
    columns = {name: [value] for name, value in ride.items()}
    for place in range(len(ride) + 1):
        keys = [*ride]
        keys.insert(place, "misspelt")
        for values in (ride, columns):
            data = {key: values.get(key, [1]) for key in keys}
            for form in (transformer.transform, transformer.transform_record, transformer.transform_columns):
                with pytest.raises(RecordError) as caught:
                    form(data)
                assert (caught.value.code, caught.value.input) == ("unknown-key", "misspelt")


def test_a_dict_of_columns_is_refused_with_the_right_method(transformer: Transformer, ride: dict[str, Any]) -> None:
    columns = {name: [value] * 2 for name, value in ride.items()}
    with pytest.raises(RecordError) as caught:
        transformer.transform(columns)
    assert (caught.value.code, caught.value.input) == ("wrong-type", "distance")
    assert caught.value.hint is not None
    assert "transform_columns" in caught.value.hint
    assert transformer.transform_columns(columns)["word"].shape == (2, 1)


@pytest.mark.parametrize(
    ("form", "data", "hint"),
    [
        ("record", [{}], "a dict"),
        ("record", pd.DataFrame({"a": [1]}), "a dict"),
        ("records", {}, "a list of dicts"),
        ("records", iter([{}]), "a list of dicts"),
        ("columns", [{}], "a dict of lists"),
        ("columns", pd.DataFrame({"a": [1]}), "a whole table goes to `transform`"),
    ],
)
def test_a_named_form_takes_no_other(form: str, data: Any, hint: str, transformer: Transformer) -> None:
    with pytest.raises(RecordError) as caught:
        getattr(transformer, f"transform_{form}")(data)
    assert caught.value.code == "unsupported-data"
    assert hint in (caught.value.hint or "")


def test_columns_only_of_extras_have_rows_of_nulls(identity_of: Identity) -> None:
    transformer = identity_of([{"name": "v", "type": "string", "nullable": True, "nan": "null"}])
    for outputs in (
        transformer.transform_columns({"other": [1, 2, 3]}, extra="ignore"),
        transformer.transform(pd.DataFrame({"other": [1, 2, 3]})),
    ):
        assert outputs["out.v.valid"].tolist() == [[False]] * 3


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (pd.DataFrame({"s": ["a"], "n": [1]}).iloc[0], "table.iloc[[i]]"),
        (pl.DataFrame({"s": ["a"]}).lazy(), "collect()"),
        (pl.Series(["a"]), "transform_columns"),
        (["a"], "each row is a dict"),
        ("a", "a list of dicts"),
    ],
    ids=["a row of pandas", "a lazy frame", "a column", "a list of texts", "a text"],
)
def test_what_is_no_request_says_what_to_give(given: object, hint: str, identity_of: Identity) -> None:
    transformer = identity_of([{"name": "s", "type": "string", "nullable": False, "nan": "null"}])
    with pytest.raises(RecordError) as caught:
        transformer.transform(given)
    assert caught.value.code == "unsupported-data"
    assert caught.value.hint is not None
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message


def test_the_hint_for_a_row_of_pandas_works(identity_of: Identity) -> None:
    """Of a table with missing values too: in a row as a series they would be NaN, which is no missing text."""
    kinds = {"s": "string", "n": "float64", "i": "int64", "b": "bool"}
    transformer = identity_of([{"name": n, "type": t, "nullable": True, "nan": "null"} for n, t in kinds.items()])
    table = pd.DataFrame(
        {
            "s": ["a", np.nan],
            "n": [1.5, np.nan],
            "i": pd.array([7, None], dtype="Int64"),
            "b": pd.Series([True, None], dtype=object),
        }
    )
    for i, want in enumerate([[True, True, True], [False, False, False]]):
        with pytest.raises(RecordError, match=r"table\.iloc\[\[i\]\]"):
            transformer.transform(table.iloc[i])
        outputs = transformer.transform(table.iloc[[i]])
        assert [bool(outputs[f"out.{name}.valid"][0, 0]) for name in ("s", "i", "b")] == want


def test_a_body_may_be_any_bytes(identity_of: Identity) -> None:
    transformer = identity_of([{"name": "s", "type": "string", "nullable": True, "nan": "null"}])
    text = '{"s": "é"}'
    for body in (text, text.encode(), bytearray(text.encode()), memoryview(text.encode())):
        assert transformer.transform_json(body)["out.s"].tolist() == ["é"]
    for given, code in (
        ('{"s": "\ud83d"}', "invalid-utf8"),
        ({"s": "é"}, "unsupported-data"),
        (None, "unsupported-data"),
    ):
        with pytest.raises(RecordError) as caught:
            transformer.transform_json(given)  # type: ignore[arg-type]  # the point
        assert (caught.value.code, caught.value.input) == (code, None)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"v": -1e400}', "-1e400 is not exact"),
        (b'{"v": ' + b"9" * 500 + b"}", "(500 characters)"),
        (b'{"v": [1.5]}', 'as {"columns": …}'),
        (b'{"v": 1, "v": 2}', "duplicate key"),
        (b"[" * 65 + b"]" * 65, "nested too deeply"),
        (b'{"vv": 1.5}', "did you mean `v`?"),
        (b'{"v": 1.5} {}', "Extra data"),
    ],
    ids=["past the largest", "a long integer", "a list", "a key twice", "deep", "misspelt", "two documents"],
)
def test_a_refusal_of_a_body_shows_why(body: bytes, text: str, identity_of: Identity) -> None:
    transformer = identity_of([{"name": "v", "type": "float64", "nullable": True, "nan": "null"}])
    with pytest.raises(RecordError) as caught:
        transformer.transform_json(body)
    assert text in str(caught.value)


def test_a_long_key_costs_no_time(identity_of: Identity) -> None:
    """The nearest name is sought for a word only: among the letters of a long key it would take minutes."""
    transformer = identity_of([{"name": "v" * 90, "type": "float64", "nullable": True, "nan": "null"}])
    started = time.perf_counter()
    with pytest.raises(RecordError, match="unknown-key"):
        transformer.transform_json(b'{"' + b"vw" * 5_000_000 + b'": 1}')
    assert time.perf_counter() - started < 5
