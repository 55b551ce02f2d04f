"""A served pipeline: its outputs and guards, threads, and its description."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
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
