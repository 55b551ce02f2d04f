"""plan.json: the frozen pipeline as canonical JSON (RFC 8785), and back.

Why canonical: the plan's hash is the identity of what was learned; two fits that learned the same write the same bytes.
JSON numbers are doubles and have no NaN, so an integer beyond 2^53 is `{"$int": "9007199254740993"}`, and a float
that is not finite or is negative zero is `{"$float": "-0.0"}`.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from typing import Any

import pydantic
import rfc8785

from skc.diagnostics import SkcError, bug, fail
from skc.ir import Feature, Input, Output, Pipeline, Ref, Step
from skc.ops import OPS

FORMAT = 1
SAFE = 2**53 - 1  # RFC 8785 writes no larger integer


def dumps(pipeline: Pipeline) -> bytes:
    """A fitted pipeline as plan.json. Raises a bug diagnostic when it would not read back as itself."""
    document: dict[str, Any] = {
        "skc": "plan",
        "format": FORMAT,
        "name": pipeline.name,
        "inputs": [_input_to_json(i) for i in pipeline.inputs],
        "steps": [_step_to_json(step) for step in pipeline.steps],
        "features": [{"name": f.name, "value": _ref_to_json(f.ref)} for f in pipeline.features],
        "outputs": [
            {
                "name": o.name,
                "dtype": o.dtype,
                "values": [_ref_to_json(ref) for ref in o.refs],
                "labels": list(o.labels),
            }
            for o in pipeline.outputs
        ],
    }
    text = rfc8785.dumps(document)
    if loads(text) != pipeline:
        raise bug("the plan does not read back as itself")
    return text


def loads(text: bytes) -> Pipeline:
    """The pipeline of a plan.json. Raises SKC401 (not a plan), SKC402 (a newer format)."""
    try:
        document = json.loads(text)
        if document["skc"] != "plan":
            raise ValueError("not a plan")
        if document["format"] != FORMAT:
            raise fail(
                "SKC402",
                f"plan format {document['format']} is not known to this version of skc, which reads {FORMAT}",
                hint="install a newer skc",
            )
        pipeline = Pipeline(
            document["name"],
            tuple(_input_from_json(i) for i in document["inputs"]),
            tuple(_step_from_json(step) for step in document["steps"]),
            tuple(Feature(f["name"], _ref_from_json(f["value"])) for f in document["features"]),
            tuple(
                Output(o["name"], tuple(_ref_from_json(ref) for ref in o["values"]), o["dtype"], tuple(o["labels"]))
                for o in document["outputs"]
            ),
        )
        pipeline.verify()
        return pipeline
    except SkcError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise fail(
            "SKC401",
            f"plan.json cannot be read: {type(error).__name__}: {str(error)[:200]}",
            hint="the file is damaged or was edited; compile the pipeline again",
        ) from None


def _input_to_json(value: Input) -> dict[str, Any]:
    return {
        "name": value.name,
        "type": value.dtype,
        "nullable": value.nullable,
        "nan": value.nan,
        "null_values": [_encode(v) for v in value.null_values],
    }


def _input_from_json(data: dict[str, Any]) -> Input:
    nulls = tuple(_decode(v) for v in data["null_values"])
    if data["type"] == "float64":
        nulls = tuple(float(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in nulls)
    return Input(data["name"], data["type"], data["nullable"], data["nan"], nulls)


def _step_to_json(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "op": step.op,
        "params": _encode(asdict(step.params)),
        "inputs": [_ref_to_json(ref) for ref in step.inputs],
        "state": _encode({f.name: getattr(step.state, f.name) for f in fields(step.state)}),
    }


def _step_from_json(data: dict[str, Any]) -> Step:
    op = OPS[data["op"]]
    return Step(
        data["name"],
        data["op"],
        _build(op.params, data["params"]),
        tuple(_ref_from_json(ref) for ref in data["inputs"]),
        _build(op.state, data["state"]),
    )


def _build(cls: type[Any], data: Any) -> Any:
    return pydantic.TypeAdapter(cls).validate_json(json.dumps(_decode(data)), strict=True)


def _ref_to_json(ref: Ref) -> Any:
    return ref.value if ref.start is None else [ref.value, ref.start, ref.stop]


def _ref_from_json(data: Any) -> Ref:
    return Ref(data) if isinstance(data, str) else Ref(*data)


def _encode(value: Any) -> Any:
    match value:
        case bool() | None | str():
            return value
        case int():
            return value if abs(value) <= SAFE else {"$int": str(value)}
        case float():
            plain = math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0)
            return value if plain else {"$float": repr(value)}
        case tuple() | list():
            return [_encode(v) for v in value]
        case dict():
            return {str(key): _encode(v) for key, v in value.items()}
    raise bug(f"a plan cannot hold {type(value).__name__}")


def _decode(value: Any) -> Any:
    match value:
        case {"$int": str(text)}:
            return int(text)
        case {"$float": str(text)}:
            return float(text)
        case dict():
            return {key: _decode(v) for key, v in value.items()}
        case list():
            return [_decode(v) for v in value]
    return value
