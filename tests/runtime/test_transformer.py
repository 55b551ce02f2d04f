"""A served pipeline: forms of requests, guards, threads, and what it says of itself."""

from __future__ import annotations

import datetime
import enum
import json
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from request_forms import send

from skc_runtime import Manifest, RecordError, SkcRuntimeError, Transformer
from skc_runtime.session import GraphSession

Identity = Callable[..., Transformer]


def test_a_record(transformer: Transformer, ride: dict[str, Any]) -> None:
    outputs = transformer.transform(ride)
    assert {name: (a.dtype, a.shape) for name, a in outputs.items()} == {
        "x": (np.float32, (5,)),
        "times": (np.int64, (3,)),
        "is_member": (np.bool_, (1,)),
        "word": (np.dtype(object), (1,)),
        "times.valid": (np.bool_, (3,)),
        "is_member.valid": (np.bool_, (1,)),
    }
    assert outputs["times"].tolist() == [2, 1_709_208_000_000_001, 19_782]
    assert outputs["x"][2:].tolist() == [1.0, 0.0, 0.0]
    assert outputs["word"].tolist() == ["card"]


def test_nulls_are_said_by_the_companion(transformer: Transformer, ride: dict[str, Any]) -> None:
    outputs = transformer.transform({**ride, "fare": None, "day": None, "member": None})
    assert np.isnan(outputs["x"][1])
    assert outputs["times.valid"].tolist() == [True, True, False]
    assert outputs["times"].tolist() == [2, 1_709_208_000_000_001, 0]
    assert (outputs["is_member"].tolist(), outputs["is_member.valid"].tolist()) == ([False], [False])


def test_every_form_gives_the_same_bits(transformer: Transformer, ride: dict[str, Any]) -> None:
    rides = [ride, {**ride, "fare": None, "day": None}, {**ride, "distance": 1e300, "payment": "😀"}]
    alone = [transformer.transform(one) for one in rides]
    columns = {name: [one[name] for one in rides] for name in ride}
    frame = pd.DataFrame({**columns, "day": pd.array(columns["day"], dtype="Int64")})
    for request in (rides, tuple(rides), columns, frame):
        together = send(transformer, request)
        for row, outputs in enumerate(alone):
            for name, values in outputs.items():
                np.testing.assert_array_equal(together[name][row], values)


@pytest.mark.parametrize("kind", [OrderedDict, MappingProxyType])
def test_any_mapping_is_a_record(transformer: Transformer, ride: dict[str, Any], kind: Any) -> None:
    assert transformer.transform(kind(ride))["word"].tolist() == ["card"]
    assert transformer.transform([kind(ride)])["word"].tolist() == [["card"]]


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


@pytest.mark.parametrize("rows", [None, 0, 3])
def test_a_guard_names_code_row_input_and_step(transformer: Transformer, ride: Any, rows: int | None) -> None:
    bad = {**ride, "payment": "Card"}
    request = bad if rows is None else [ride] * rows + [bad, bad]
    with pytest.raises(RecordError) as caught:
        transformer.transform(request)
    error = caught.value
    assert (error.code, error.input, error.row) == ("unknown-category", "payment", rows)
    assert error.step == "payment/0:one_hot"
    assert "'Card'" in error.message


def test_the_first_row_is_named(transformer: Transformer, ride: dict[str, Any]) -> None:
    with pytest.raises(RecordError) as caught:
        transformer.transform([ride, {**ride, "pickup": 2**62}, {**ride, "payment": "?"}])
    assert (caught.value.code, caught.value.input, caught.value.row) == ("out-of-range", "pickup", 1)
    assert str(2**62) in caught.value.message


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


def test_a_dict_of_columns_is_told_where_to_go(transformer: Transformer, ride: dict[str, Any]) -> None:
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


def test_closing(artifact: Any, ride: dict[str, Any]) -> None:
    manifest = Manifest.from_json(artifact.files["manifest.json"])
    with Transformer(manifest, artifact.files["model.onnx"]) as transformer:
        transformer.transform(ride)
    with pytest.raises(SkcRuntimeError) as caught:
        transformer.transform(ride)
    assert caught.value.code == "closed"
    transformer.close()


def test_describe_is_plain_data(transformer: Transformer) -> None:
    said = transformer.describe()
    assert json.loads(json.dumps(said)) == said
    assert said["name"] == "rides"
    assert said["inputs"][1] == {"name": "fare", "type": "float64", "nullable": True, "nan": "null"}
    assert said["outputs"][0] == {
        "name": "x",
        "dtype": "float32",
        "columns": ["amounts.distance", "amounts.fare", "payment_card", "payment_cash", "payment_😀"],
        "valid": None,
    }


def test_threads_share_a_transformer(transformer: Transformer, ride: dict[str, Any]) -> None:
    """8 threads, each with its own records, alone and in batches: nobody sees another's."""
    failures: list[object] = []
    ready = threading.Barrier(8)

    def serve(thread: int) -> None:
        ready.wait()
        try:
            for k in range(150):
                number = thread * 1000 + k
                alone = transformer.transform({**ride, "passengers": number})
                batch = transformer.transform_columns(
                    {name: [value] * 3 for name, value in ride.items()} | {"passengers": [number] * 3}
                )
                if alone["times"][0] != number or batch["times"][:, 0].tolist() != [number] * 3:
                    failures.append(number)
        except Exception as error:  # a thread's exception would be lost
            failures.append(error)

    threads = [threading.Thread(target=serve, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_failure_of_onnx_runtime_is_typed(artifact: Any) -> None:
    session = GraphSession(artifact.files["model.onnx"])
    with pytest.raises(SkcRuntimeError) as caught:
        session.run({})
    assert caught.value.code == "run-failed"


def test_no_row_never_reaches_the_graph(artifact: Any, ride: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """So no operator can stumble over an empty tensor."""

    def run(session: GraphSession, feeds: Any) -> Any:
        raise AssertionError("the graph was run")

    transformer = Transformer(Manifest.from_json(artifact.files["manifest.json"]), artifact.files["model.onnx"])
    monkeypatch.setattr(GraphSession, "run", run)
    outputs = transformer.transform_columns({name: [] for name in ride})
    assert {name: (a.dtype, a.shape) for name, a in outputs.items()} == {
        "x": (np.float32, (0, 5)),
        "times": (np.int64, (0, 3)),
        "is_member": (np.bool_, (0, 1)),
        "word": (np.dtype(object), (0, 1)),
        "times.valid": (np.bool_, (0, 3)),
        "is_member.valid": (np.bool_, (0, 1)),
    }


class Colour(str, enum.Enum):  # noqa: UP042  # its str() is not its text, which is the point
    RED = "red"


NEW_YORK = ZoneInfo("America/New_York")
PYTHON_VALUES: list[tuple[str, Any, Any]] = [
    ("float64", np.float64(1.5), 1.5),
    ("float64", np.float32(0.1), 0.10000000149011612),
    ("float64", np.int8(-3), -3.0),
    ("float64", np.longdouble(2.5), 2.5),
    ("float64", np.longdouble(1) + np.longdouble(2) ** -60, "not-exact"),
    ("float64", np.bool_(True), "wrong-type"),
    ("float64", 1 + 0j, "wrong-type"),
    ("float64", np.timedelta64(5, "s"), "wrong-type"),
    ("int64", np.int16(5), 5),
    ("int64", np.uint64(2**63), "int64-overflow"),
    ("int64", np.float32(4.0), 4),
    ("int64", np.timedelta64(5, "s"), "wrong-type"),
    ("int64", np.bool_(True), "wrong-type"),
    ("bool", np.bool_(True), True),
    ("bool", np.int8(1), "wrong-type"),
    ("string", np.str_("é"), "é"),
    ("string", Colour.RED, "red"),
    ("string", np.bytes_(b"a"), "wrong-type"),
    ("timestamp", datetime.datetime(2024, 7, 1, 8, tzinfo=NEW_YORK), 1_719_835_200_000_000),
    ("timestamp", datetime.datetime(2024, 11, 3, 1, 30, tzinfo=NEW_YORK, fold=1), 1_730_615_400_000_000),
    ("timestamp", datetime.datetime.max.replace(tzinfo=datetime.UTC), 253_402_300_799_999_999),
    ("timestamp", np.datetime64("2024-02-29T12:00:00.000001"), "naive-datetime"),
    ("timestamp", np.datetime64("2024-02-29T12", "h"), "naive-datetime"),
    ("timestamp", np.datetime64(1000, "ns"), "naive-datetime"),
    ("timestamp", np.datetime64(10**12, "as"), "naive-datetime"),
    ("timestamp", np.datetime64("2024-02-29"), "wrong-type"),
    ("timestamp", pd.Timestamp("2024-02-29T12:00:00Z"), 1_709_208_000_000_000),
    ("timestamp", pd.Timestamp("2024-02-29T12:00:00.000000001Z"), "not-exact"),
    ("timestamp", pd.Timestamp("2024-02-29T12:00:00"), "naive-datetime"),
    ("timestamp", np.datetime64("NaT", "us"), None),
    ("timestamp", pd.NaT, None),
    ("date", datetime.date.min, -719_162),
    ("date", np.datetime64("2024-02-29"), 19_782),
    ("date", np.datetime64("2024-02", "M"), 19_754),
    ("date", np.datetime64(10**9, "Y"), "int64-overflow"),
    ("date", np.datetime64("2024-02-29T00:00:00"), 19_782),
    ("date", np.datetime64("2024-02-29T00:00:01"), "not-integral"),
    ("date", np.datetime64(0, "fs"), 0),
    ("date", np.datetime64(1, "fs"), "not-integral"),
    ("date", np.datetime64("NaT"), None),
    ("date", pd.Timestamp("2024-02-29"), "wrong-type"),
    ("string", pd.NA, None),
]


@pytest.mark.parametrize(("kind", "given", "want"), PYTHON_VALUES)
def test_values_only_python_has(kind: str, given: Any, want: Any, identity_of: Identity) -> None:
    """Scalars of NumPy and pandas, dates and times: alone, in a list, and in an array of their own dtype."""
    transformer = identity_of([{"name": "v", "type": kind, "nullable": True, "nan": "null"}])
    requests = [{"v": given}, [{"v": given}], {"v": [given]}, {"v": deque([given])}]
    if isinstance(given, np.generic):
        requests.append({"v": np.array([given])})
    for request in requests:
        if isinstance(want, str) and "-" in want:
            with pytest.raises(RecordError) as caught:
                send(transformer, request)
            assert (caught.value.code, caught.value.input) == (want, "v")
            continue
        outputs = send(transformer, request)
        got = outputs["out.v"].ravel().tolist()[0]
        is_valid = outputs["out.v.valid"].ravel().tolist()[0] if "out.v.valid" in outputs else True
        assert (got if is_valid else None) == want


COLUMNS: list[tuple[str, Any, Any]] = [
    ("float64", np.array([1, 2], dtype=np.int32), [1.0, 2.0]),
    ("float64", np.array([1.5, np.nan], dtype=np.float32), [1.5, None]),
    ("float64", np.array([1, 2**53 + 1]), ("not-exact", 1)),
    ("float64", np.array([1, 2**60]), [1.0, 2.0**60]),
    ("float64", np.array([1.5, 2.5]).astype(">f8"), [1.5, 2.5]),
    ("float64", np.array(["1", "2"]), ("wrong-type", None)),
    ("float64", np.ma.masked_array([1.5, 9.0], [False, True]), [1.5, None]),
    ("float64", [1, 2.5, None], [1.0, 2.5, None]),
    ("float64", [1, 2], [1.0, 2.0]),
    ("int64", np.array([1.0, 2.5]), ("not-integral", 1)),
    ("int64", np.array([1.0, np.inf], dtype=np.float16), ("not-integral", 1)),
    ("int64", np.array([1, 2**63], dtype=np.uint64), ("int64-overflow", 1)),
    ("int64", np.array([1, 2], dtype="m8[s]"), ("wrong-type", None)),
    ("int64", np.ma.masked_array([0.5, 2.0], [True, False]), [None, 2]),
    ("int64", np.ma.masked_array([0.5, 2.5], [True, False]), ("not-integral", 1)),
    ("int64", [None, 2.5], ("not-integral", 1)),
    ("int64", pd.Series([1, None], dtype="Int64"), [1, None]),
    ("int64", pd.Series([1.0, None]), [1, None]),
    ("int64", range(2), [0, 1]),
    ("int64", np.zeros((2, 1)), ("wrong-shape", None)),
    ("int64", {1, 2}, ("unsupported-data", None)),
    ("bool", np.array([True, False]), [True, False]),
    ("bool", [True, None], [True, None]),
    ("bool", np.array([0, 1]), ("wrong-type", None)),
    ("string", np.array(["a", "é"]), ["a", "é"]),
    ("string", np.array(["a", None], dtype=object), ["a", None]),
    ("string", np.array(["a", b"b"], dtype=object), ("wrong-type", 1)),
    ("string", np.array([b"a"]), ("wrong-type", None)),
    ("string", ["a", "b\0"], ("nul-in-string", 1)),
    ("string", ["\ud83d", "\ude00"], ("invalid-utf8", 0)),
    ("string", [np.str_("a"), Colour.RED], ["a", "red"]),
    ("string", pd.Series(["a", None]), ["a", None]),
    ("string", pd.Series(["a", "b", "a"], dtype="category"), ["a", "b", "a"]),
    ("timestamp", pd.Series(pd.to_datetime(["2024-02-29T12:00Z", None])), [1_709_208_000_000_000, None]),
    ("timestamp", np.array(["1970-01-01T00:00", "NaT"], dtype="M8[s]"), ("naive-datetime", None)),
    ("timestamp", np.array(["NaT", "NaT"], dtype="M8[s]"), [None, None]),
    ("timestamp", np.array([0.0]), ("wrong-type", None)),
    ("date", np.array(["1970-01-02", "NaT"], dtype="M8[D]"), [1, None]),
    ("date", np.array(["1970-01-02T00", "1970-01-02T01"], dtype="M8[h]"), ("not-integral", 1)),
]


@pytest.mark.parametrize(("kind", "given", "want"), COLUMNS)
def test_columns_only_python_has(kind: str, given: Any, want: Any, identity_of: Identity) -> None:
    transformer = identity_of([{"name": "v", "type": kind, "nullable": True, "nan": "null"}])
    if isinstance(want, tuple):
        with pytest.raises(RecordError) as caught:
            transformer.transform_columns({"v": given})
        assert (caught.value.code, caught.value.input, caught.value.row) == (want[0], "v", want[1])
        return
    outputs = transformer.transform_columns({"v": given})
    values = outputs["out.v"][:, 0].tolist()
    present = outputs["out.v.valid"][:, 0].tolist() if "out.v.valid" in outputs else [v == v for v in values]
    assert [v if ok else None for v, ok in zip(values, present, strict=True)] == want


class Bare:
    """A pandas frame where pyarrow is not installed: pandas offers Arrow and then cannot import it."""

    def __init__(self, held: Any) -> None:
        self._held = held

    def __getattr__(self, name: str) -> Any:
        return getattr(self._held, name)

    def __arrow_c_stream__(self, schema: object = None) -> object:
        raise ImportError("pyarrow is not installed")

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, name: Any) -> Any:
        return Bare(self._held[name])


def test_pandas_without_pyarrow(identity_of: Identity) -> None:
    kinds = {"f": "float64", "i": "int64", "b": "bool", "s": "string", "t": "timestamp", "d": "date"}
    transformer = identity_of([{"name": n, "type": t, "nullable": True, "nan": "null"} for n, t in kinds.items()])
    frame = pd.DataFrame(
        {
            "f": [1.5, None],
            "i": [7.0, None],
            "b": pd.Series([True, None], dtype="boolean"),
            "s": ["😀", None],
            "t": pd.to_datetime(["2024-02-29T12:00Z", None]),
            "d": [datetime.date(2024, 2, 29), None],
            "extra": [object(), object()],
        }
    )
    without = transformer.transform(Bare(frame))
    with_pyarrow = transformer.transform(frame.drop(columns="extra"))
    for name, values in with_pyarrow.items():
        np.testing.assert_array_equal(without[name], values)
    assert without["out.i"].tolist() == [[7], [0]]
    doubled = pd.DataFrame([[1.5, 2.5]], columns=["f", "f"])
    with pytest.raises(RecordError) as caught:
        transformer.transform(Bare(doubled))
    assert (caught.value.code, caught.value.input) == ("duplicate-column", "f")


def test_pandas_that_pyarrow_cannot_convert(identity_of: Identity) -> None:
    """Objects of several types in a column: read without Arrow, where each value is told by its row."""
    transformer = identity_of([{"name": "s", "type": "string", "nullable": True, "nan": "null"}])
    frame = pd.DataFrame({"s": pd.Series(["a", None], dtype=object), "extra": pd.Series([1, "b"], dtype=object)})
    assert transformer.transform(frame)["out.s"].tolist() == [["a"], [""]]
    frame["s"] = pd.Series(["a", 3], dtype=object)
    for given in (frame, {"s": frame["s"]}):
        with pytest.raises(RecordError) as caught:
            send(transformer, given)
        assert (caught.value.code, caught.value.input, caught.value.row) == ("wrong-type", "s", 1)


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
