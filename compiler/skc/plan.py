"""plan.json: the frozen pipeline as canonical JSON (RFC 8785), and back.

Why canonical: the plan's hash identifies what was learned; two fits that learned the same write the same bytes.
JSON has one kind of number, a double, and no NaN. So an integer beyond 2^53 is `{"$int": "9007199254740993"}`, and a
float that is whole or not finite is `{"$float": "1.0"}`: a parameter may be an int or a float, and 1 must not become
1.0. Long arrays of a state are base64 (`skc.packed`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import fields as fields_of
from functools import cache
from typing import Any, Literal, cast, get_args, get_type_hints

import pydantic

from skc.diagnostics import SkcError, bug, fail
from skc.infer import check_shapes, value_types
from skc.ir import HOLDS, WORDS, Feature, Input, Output, Pipeline, Ref, Step, Zone
from skc.op import AnyOp
from skc.ops import OPS
from skc.packed import is_packed, pack, unpack
from skc.time.zones import Ambiguous, Nonexistent
from skc.values.canonical import SAFE, canonical
from skc_runtime.errors import SkcRuntimeError, shown
from skc_runtime.kinds import DTYPES, INT64_MAX, INT64_MIN, KINDS, DType, OutputDType
from skc_runtime.strict_json import Fields, parse

FORMAT = 1


def dumps(pipeline: Pipeline) -> bytes:
    """A fitted pipeline as plan.json. Raises a bug diagnostic if reading it back would give another pipeline."""
    text = encode(pipeline)
    if encode(loads(text)) != text:  # the text distinguishes what == does not: -0.0, 1.0 and 1, NaN
        raise bug("the plan does not survive a round trip")
    return text


def encode(pipeline: Pipeline) -> bytes:
    """Like `dumps` without that check, for a pipeline that was read from a plan, or that is not fitted yet."""
    return canonical(_document(pipeline)).encode()


def _document(pipeline: Pipeline) -> dict[str, Any]:
    return {
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
                **({"columns": list(o.columns)} if o.columns else {}),
            }
            for o in pipeline.outputs
        ],
    }


def loads(text: bytes) -> Pipeline:
    """The pipeline of a plan.json. Raises SKC401 (not a plan, or inconsistent parts), SKC402 (a newer format)."""
    try:
        pipeline = _read(Fields(parse(text, "plan.json"), "plan.json"))
        _check(pipeline)
    except SkcRuntimeError as error:
        raise _malformed(error.message) from None
    except SkcError as error:
        raise error if error.code == "SKC402" else _malformed(error.diagnostics[0].message) from None
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        # anything an op may raise for a state that it did not write
        raise _malformed(f"{type(error).__name__}: {shown(str(error), 200)}") from None
    return pipeline


def _malformed(reason: str) -> SkcError:
    hint = "the file is damaged or was edited; compile the pipeline again"
    return fail("SKC401", f"plan.json cannot be read: {reason}", hint=hint)


def _read(fields: Fields) -> Pipeline:
    if fields.take("skc") != "plan":
        raise ValueError("this is not a plan")
    version = fields.number("format", 0, 2**53)
    if version != FORMAT:
        raise fail(
            "SKC402",
            f"plan format {version} is not supported by this version of skc, which reads {FORMAT}",
            hint="install a newer skc",
        )
    pipeline = Pipeline(
        fields.text("name"),
        tuple(_input_from_json(item) for item in fields.objects("inputs")),
        tuple(_step_from_json(item) for item in fields.objects("steps")),
        tuple(_feature_from_json(item) for item in fields.objects("features")),
        tuple(_output_from_json(item) for item in fields.objects("outputs")),
    )
    fields.done()
    return pipeline


def _check(pipeline: Pipeline) -> None:
    """Raise where the parts are inconsistent: a plan file gets the same checks as a pipeline.yaml."""
    pipeline.verify()
    types = value_types(pipeline)
    check_shapes(pipeline, types)
    for output in pipeline.outputs:
        dtypes = {types[ref.value].dtype for ref in output.refs}
        if not dtypes <= {*HOLDS[output.dtype]}:
            raise ValueError(f"output `{output.name}` of {output.dtype} cannot hold {', '.join(sorted(dtypes))}")


def _input_to_json(value: Input) -> dict[str, Any]:
    return {
        "name": value.name,
        "type": value.dtype,
        "nullable": value.nullable,
        "nan": value.nan,
        "null_values": [_encode(v) for v in value.null_values],
        **({} if value.text is None else {"text": value.text}),
        **({} if value.zone is None else asdict(value.zone)),
        **{key: list(words) for key in WORDS if (words := getattr(value, key))},
    }


def _input_from_json(fields: Fields) -> Input:
    value = Input(
        fields.text("name"),
        cast(DType, fields.one_of("type", *DTYPES)),  # one_of returns one of these
        fields.flag("nullable"),
        cast(Literal["null", "error"], fields.one_of("nan", "null", "error")),  # likewise
        tuple(_decode(v) for v in fields.items("null_values")),
        "number" if "text" in fields and fields.one_of("text", "number") else None,
        _zone(fields) if "timezone" in fields else None,
        true_values=fields.texts("true_values") if "true_values" in fields else (),
        false_values=fields.texts("false_values") if "false_values" in fields else (),
    )
    fields.done()
    if value.text is not None and not value.kind.is_number:
        raise ValueError(f"`text` of the input `{value.name}` does not apply: {value.dtype} is not a number")
    if value.zone is not None and not value.kind.is_instant:
        raise ValueError(f"`timezone` of the input `{value.name}` does not apply: {value.dtype} is not a timestamp")
    if (value.true_values or value.false_values) and value.dtype != "bool":
        raise ValueError(f"the input `{value.name}` has words for true and false, but is {value.dtype}")
    for null in value.null_values:
        if not isinstance(null, str) and type(null) is not KINDS[value.dtype].python:
            raise ValueError(f"{null!r} is not a valid null for the input `{value.name}`, which is {value.dtype}")
    return value


def _zone(fields: Fields) -> Zone:
    ambiguous, nonexistent = get_args(Ambiguous), get_args(Nonexistent)
    return Zone(
        fields.text("timezone"), fields.one_of("ambiguous", *ambiguous), fields.one_of("nonexistent", *nonexistent)
    )


def _step_to_json(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "op": step.op,
        "params": _encode(asdict(step.params)),
        "inputs": [_ref_to_json(ref) for ref in step.inputs],
        "state": None
        if step.state is None
        else {f.name: _state_field(getattr(step.state, f.name)) for f in fields_of(step.state)},
    }


def _state_field(value: Any) -> Any:
    packed = pack(value) if isinstance(value, tuple) else None
    return _encode(value) if packed is None else packed


def _step_from_json(fields: Fields) -> Step:
    name, op = fields.text("name"), OPS[fields.one_of("op", *OPS)]
    refs = tuple(_ref_from_json(ref) for ref in fields.items("inputs"))
    step = Step(
        name, op.name, _build(op, "params", fields.take("params")), refs, _build(op, "state", fields.take("state"))
    )
    fields.done()
    if not refs:
        raise ValueError(f"step `{name}` has no input")
    return step


def _feature_from_json(fields: Fields) -> Feature:
    feature = Feature(fields.text("name"), _ref_from_json(fields.take("value")))
    fields.done()
    return feature


def _output_from_json(fields: Fields) -> Output:
    name, dtype = fields.text("name"), fields.one_of("dtype", *HOLDS)
    refs, labels = tuple(_ref_from_json(ref) for ref in fields.items("values")), fields.texts("labels")
    columns = fields.texts("columns") if "columns" in fields else None
    fields.done()
    if columns == ():
        raise ValueError(f"`columns` of output `{name}` is empty")
    if not refs or len(labels) not in (0, len(refs)):
        raise ValueError(f"output `{name}` has {len(refs)} values and {len(labels)} labels")
    return Output(name, refs, cast(OutputDType, dtype), labels, columns or ())  # one_of returns a key of HOLDS


def _build(op: AnyOp, part: Literal["params", "state"], data: Any) -> Any:
    if part == "state" and isinstance(data, dict) and any(map(is_packed, data.values())):
        return _build_packed(op, data)
    plain = _decode(data)
    if not isinstance(plain, dict) or set(plain) != {f.name for f in fields_of(getattr(op, part))}:
        raise ValueError(f"not the {part} of `{op.name}`: {shown(data, 200)}")
    return _adapter(op.name, part).validate_json(json.dumps(plain), strict=True)


def _build_packed(op: AnyOp, data: dict[str, Any]) -> Any:
    """A state with arrays, which are checked as a whole; its other fields are checked one by one."""
    types = get_type_hints(op.state)
    if set(data) != {f.name for f in fields_of(op.state)}:
        raise ValueError(f"not the state of `{op.name}`: {shown(data, 200)}")
    values = {}
    for name, value in data.items():
        if is_packed(value):
            values[name] = unpack(value, types[name])
        else:
            plain = json.dumps(_decode(value))
            values[name] = pydantic.TypeAdapter(types[name]).validate_json(plain, strict=True)
    return op.state(**values)


@cache
def _adapter(op: str, part: Literal["params", "state"]) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(getattr(OPS[op], part))


def _ref_to_json(ref: Ref) -> Any:
    return ref.value if ref.start is None else [ref.value, ref.start, ref.stop]


def _ref_from_json(data: Any) -> Ref:
    if isinstance(data, str):
        return Ref(data)
    match data:
        case [str(value), int(start), int(stop)] if 0 <= start < stop:
            return Ref(value, start, stop)
    raise ValueError(f"{shown(data)} is neither a value nor columns of one")


def _encode(value: Any) -> Any:
    match value:
        case bool() | None | str():
            return value
        case int():
            return value if abs(value) <= SAFE else {"$int": str(value)}
        case float():
            is_plain = math.isfinite(value) and not value.is_integer()
            return value if is_plain else {"$float": repr(value)}
        case tuple() | list():
            return [*value] if _is_texts(value) else [_encode(v) for v in value]
        case dict():
            return {str(key): _encode(v) for key, v in value.items()}
    raise bug(f"a plan cannot hold {type(value).__name__}")


def _decode(value: Any) -> Any:
    match value:
        case {"$int": str(text)}:
            number = int(text)
            if not INT64_MIN <= number <= INT64_MAX:
                raise ValueError(f"{text} is not an int64")
            return number
        case {"$float": str(text)}:
            return float(text)
        case dict():
            return {key: _decode(v) for key, v in value.items()}
        case list():
            return value if _is_texts(value) else [_decode(v) for v in value]
    return value


def _is_texts(values: Sequence[Any]) -> bool:
    return {*map(type, values)} <= {str}
