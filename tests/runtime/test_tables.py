"""A table of features is what the runtime gives for each row alone, whatever form it has."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from feature_tables import alone, bits_of, columns_of, flat, rides_table

import skc_runtime
from skc_runtime import ArtifactError, RecordError, SkcRuntimeError, Transformer, tables
from skc_runtime.tables import shipped, transform_table

Identity = Callable[..., Transformer]
WRITTEN = [  # the types of the rides artifact
    *[("x." + name, pa.float32()) for name in ("amounts.distance", "amounts.fare")],
    *[("x." + name, pa.float32()) for name in ("payment_card", "payment_cash", "payment_😀")],
    *[(f"times.{name}", pa.int64()) for name in ("passengers", "pickup", "day")],
    ("is_member.member", pa.bool_()),
    ("word.payment", pa.string()),
]


@pytest.mark.parametrize("of", ["table", "batch", "chunks"])
def test_features_are_columns_with_the_bits_of_each_row_alone(of: str, transformer: Transformer) -> None:
    rows = rides_table(150)
    given = {
        "table": rows,
        "batch": rows.to_batches()[0],
        "chunks": pa.concat_tables([rows[:1], rows[1:90], rows[90:]]),
    }
    table = transform_table(transformer, given[of])
    assert type(table) is type(given[of])
    assert [(field.name, field.type) for field in table.schema] == WRITTEN
    want, codes = alone(transformer, rows)
    assert set(codes) == {None}
    assert {name: bits_of(table.column(name)) for name in want} == want
    assert any(None in column for column in want.values())


@pytest.mark.parametrize("share", [0.01, 0.5, 1.0, 4.0])
def test_refused_rows_are_a_column(share: float, transformer: Transformer) -> None:
    """More than a chunk of them, with one refusal, several, or nothing else; each says what it says alone."""
    rows = rides_table(9_000 if share == 0.01 else 300, share, seed=7)
    table = transform_table(transformer, rows, refused="column", keep=["n", "fare"])
    want, codes = alone(transformer, rows)
    words = table["refused"].to_pylist()
    assert [text and text.partition(":")[0] for text in words] == codes
    assert {name: bits_of(table.column(name)) for name in want} == want
    assert table.column_names == [*want, "n", "fare", "refused"]
    assert bits_of(table["fare"]) == bits_of(rows["fare"])
    assert len(set(codes)) > 3 or share == 4.0
    _, errors = transformer.transform_accepted(rows)
    assert [*sorted(errors)] == [row for row, code in enumerate(codes) if code is not None]
    for row, found in errors.items():
        with pytest.raises(RecordError) as error:
            transformer.transform(rows.slice(row, 1))
        assert words[row] == tables.reason(error.value)
        assert found.row == row


def test_a_refusal_is_in_words(transformer: Transformer) -> None:
    rows = rides_table(4)
    payment = pa.array(["card", "Card", "cash", "card"])
    rows = rows.set_column(rows.column_names.index("payment"), "payment", payment)
    rows = rows.set_column(1, "distance", pa.array([1.0, 1.0, 1.0, None]))
    assert transform_table(transformer, rows, refused="column")["refused"].to_pylist() == [
        None,
        "unknown-category: step `payment/0:one_hot` refuses the value of `payment`; the request has 'Card'",
        None,
        "null: the input is null, and is not nullable (input `distance`)",
    ]


def test_a_row_that_is_refused_as_an_error_is_named(transformer: Transformer) -> None:
    rows = rides_table(50)
    rows = rows.set_column(1, "distance", pa.array([1.0] * 41 + [None] + [1.0] * 8))
    with pytest.raises(RecordError) as error:
        transform_table(transformer, rows)
    assert (error.value.code, error.value.row, error.value.input) == ("null", 41, "distance")


def test_the_features_of_an_output_can_be_one_array(transformer: Transformer) -> None:
    rows = rides_table(120, 0.4)
    table = transform_table(transformer, rows, refused="column", as_array=True)
    kinds = [("x", pa.float32()), ("times", pa.int64()), ("is_member", pa.bool_()), ("word", pa.string())]
    assert [(f.name, f.type) for f in table.schema] == [*((n, pa.list_(k)) for n, k in kinds), ("refused", pa.string())]
    want, codes = alone(transformer, rows)
    made: list[Any] = []
    for output in transformer.manifest.outputs:
        made += flat(table[output.name], len(output.columns))
        assert table[output.name].is_null().to_pylist() == [code is not None for code in codes]
    assert [bits_of(column) for column in made] == list(want.values())
    assert len(made) == len(columns_of(transformer))


def test_no_rows_have_the_same_columns(transformer: Transformer) -> None:
    for options in ({}, {"refused": "column"}, {"as_array": True, "keep": True}):
        some = transform_table(transformer, rides_table(3), **options)  # type: ignore[arg-type]  # they are mixed
        none = transform_table(transformer, rides_table(0), **options)  # type: ignore[arg-type]
        assert none.schema == some.schema
        assert len(none) == 0


KINDS = {
    "int64": pa.array([1.0, 2.5, None, float("nan"), 2.0**60, 3.0]),
    "bool": pa.array([True, None, False]),
    "string": pa.array(["a", "a\0", None, "é"], pa.large_string()),
    "float32": pa.array([1.5, 1e39, None, float("inf")]),
    "timestamp": pa.array([0, None, 2**62, 1]),
    "date": pa.array([0, 86_400_001, None, 86_400_000]).cast(pa.timestamp("ms")).cast(pa.date64(), safe=False),
    "time": pa.array([1, 86_400_000_000, None, 1_001], pa.int64()),
    "float64": pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0]), pa.array([1.5, None])),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("nan", ["null", "error"])
def test_all_refusals_of_a_column_are_found(kind: str, nullable: bool, nan: str, identity_of: Identity) -> None:
    transformer = identity_of([{"name": "v", "type": kind, "nullable": nullable, "nan": nan}])
    rows = pa.table({"v": pa.concat_arrays([KINDS[kind]] * 30)})
    _, codes = alone(transformer, rows)
    outputs, errors = transformer.transform_accepted(rows)
    assert [errors[row].code if row in errors else None for row in range(len(rows))] == codes
    assert all(error.row == row and error.input == "v" for row, error in errors.items())
    assert len(outputs["out.v"]) == codes.count(None)


def test_what_refuses_all_rows_is_an_error_in_any_form(transformer: Transformer) -> None:
    rows = rides_table(5, 1.0)
    with pytest.raises(RecordError, match=r"missing-key.*distance") as error:
        transform_table(transformer, rows.drop_columns("distance"), refused="column")
    assert error.value.row is None
    wrong = rows.set_column(1, "distance", pa.array(["1", None, "2", "x", "3"]))
    with pytest.raises(RecordError, match=r"wrong-type.*distance") as error:
        transform_table(transformer, wrong, refused="column")
    assert error.value.row is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"refused": "skip"}, "refused='skip'"),
        ({"keep": "n"}, r"a list of columns: \['n'\], or True"),
        ({"keep": ["N"]}, "the table has no column 'N'"),
        ({"keep": ["twice"]}, "the table has several columns 'twice'"),
        ({"keep": ["refused"], "refused": "column"}, "two columns would be named `refused`"),
        ({"keep": ["word"], "as_array": True}, "two columns would be named `word`"),
        ({"keep": ["n", "n"]}, "two columns would be named `n`"),
    ],
)
def test_options_that_cannot_be_are_refused(options: Any, words: str, transformer: Transformer) -> None:
    rows = rides_table(2)
    for name in ("refused", "word", "twice", "twice"):
        rows = rows.append_column(name, pa.array([1, 2]))
    with pytest.raises(SkcRuntimeError, match=words) as error:
        transform_table(transformer, rows, **options)
    assert error.value.code == "invalid-option"


def test_an_artifact_is_loaded_once_in_a_process(rides_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = shipped(rides_directory)
    sent = pickle.loads(pickle.dumps(one))
    assert sent.transformer() is one.transformer()
    assert shipped(os.fspath(rides_directory)).transformer() is one.transformer()
    assert shipped(rides_directory, "tolerance").transformer() is not one.transformer()
    monkeypatch.setattr(tables, "MOST", 1)
    shipped(rides_directory, "tolerance").transformer()
    assert len(tables._LOADED) == 1
    with pytest.raises(ArtifactError, match="identity-mismatch"):
        shipped(rides_directory, expect="0" * 64)
    with pytest.raises(ArtifactError, match="identity-mismatch"):
        replace(one, identity="0" * 64).transformer()


def test_a_damaged_artifact_is_not_shipped(rides_directory: Path) -> None:
    files = {path.name: path.read_bytes() for path in rides_directory.iterdir()}
    with pytest.raises(ArtifactError, match="artifact-hash-mismatch"):
        shipped({**files, "model.onnx": files["model.onnx"] + b"\0"})


def test_signals_count_the_rows_that_are_served(rides_directory: Path) -> None:
    told: list[Any] = []
    with skc_runtime.load(rides_directory, observer=told.append) as transformer:
        rows = rides_table(60, 0.5)
        _, errors = transformer.transform_accepted(rows)
        with pytest.raises(RecordError):
            transformer.transform_accepted(rows.drop_columns("distance"))
    assert [(call.rows, call.code) for call in told] == [(60 - len(errors), None), (0, "missing-key")]


def test_pandas_has_a_table_for_its_features(transformer: Transformer) -> None:
    rows = rides_table(20)
    frame = pd.DataFrame({name: rows[name].to_pandas(types_mapper=pd.ArrowDtype) for name in rows.column_names})
    assert np.array_equal(transformer.transform(frame)["times"], transformer.transform(rows)["times"])
