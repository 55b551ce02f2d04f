"""Whatever is sent, a result or a RecordError comes back; whatever is read, data or an ArtifactError."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from request_forms import send

from skc_runtime import ArtifactError, Manifest, RecordError, Transformer, golden
from skc_runtime.errors import CODES

NAMES = ("distance", "fare", "passengers", "member", "payment", "pickup", "day")
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=())),  # with NUL and surrogates
    st.sampled_from(["card", "cash", "😀"]),
    st.binary(),
    st.datetimes(),
    st.datetimes(timezones=st.just(datetime.UTC)),
    st.dates(),
    st.decimals(),
    st.complex_numbers(),
    st.builds(np.float32, st.floats(width=32)),
    st.builds(np.int64, st.integers(-(2**63), 2**63 - 1)),
    st.builds(np.uint64, st.integers(0, 2**64 - 1)),
    st.builds(
        np.datetime64,
        st.integers(-(2**63), 2**63 - 1),
        st.sampled_from(["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]),
    ),
    st.builds(np.timedelta64, st.integers(-(2**31), 2**31), st.sampled_from(["D", "s"])),
)
arrays = st.one_of(
    st.lists(st.floats(), max_size=4).map(np.array),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4).map(lambda v: np.array(v, dtype=np.int64)),
    st.lists(st.booleans(), max_size=4).map(np.array),
    st.lists(st.text(), max_size=4).map(lambda v: np.array(v, dtype=np.str_)),
    st.tuples(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4), st.sampled_from(["D", "s", "ns", "as", "Y"])).map(
        lambda pair: np.array(pair[0], dtype="i8").view(f"M8[{pair[1]}]")
    ),
)
keys = st.sampled_from([*NAMES, *NAMES, "nowhere"])
values = st.one_of(scalars, st.lists(scalars, max_size=3), arrays, st.dictionaries(st.text(), scalars, max_size=1))
records = st.dictionaries(keys, st.one_of(scalars, values))
requests = st.one_of(
    records,
    st.lists(st.one_of(records, values), max_size=3),
    st.dictionaries(keys, st.one_of(arrays, st.lists(scalars))),
    values,
)
READING = {None, "artifact-malformed", "artifact-too-new", "artifact-unsafe"}
SHARED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(data=requests, extra=st.sampled_from(["error", "ignore"]))
def test_any_request_is_served_or_refused(transformer: Transformer, data: Any, extra: Any) -> None:
    with np.errstate(all="raise"):
        outcome = served(transformer, data, extra)
    if isinstance(outcome, str):
        assert CODES[outcome] == "record"
        return
    assert set(outcome) == {"x", "times", "is_member", "word", "times.valid", "is_member.valid"}


@SHARED
@given(data=st.fixed_dictionaries(dict.fromkeys(NAMES, scalars)))
def test_alone_and_in_every_batch_the_same(transformer: Transformer, data: dict[str, Any]) -> None:
    """A record, a list of it and columns of it are served with the same bits or refused by one code."""
    alone = served(transformer, data)
    for request in ([data, data], {name: [value, value] for name, value in data.items()}):
        together = served(transformer, request)
        if isinstance(alone, str) or isinstance(together, str):
            assert alone == together
            continue
        for name, values in alone.items():
            for row in together[name]:
                np.testing.assert_array_equal(row, values)


def served(transformer: Transformer, request: Any, extra: Any = "error") -> Any:
    """The outputs, or the code of the refusal. Anything else that is raised fails the test."""
    try:
        return send(transformer, request, extra=extra)
    except RecordError as error:
        str(error)
        return error.code


def read(reader: Callable[[], object]) -> str | None:
    """The code of the refusal, if it is one."""
    try:
        reader()
    except ArtifactError as error:
        return error.code
    return None


good_records = st.fixed_dictionaries(
    {
        "distance": st.floats(allow_nan=False),
        "passengers": st.integers(-(2**63), 2**63 - 1),
        "payment": st.sampled_from(["card", "cash", "😀"]),
        "pickup": st.integers(-(10**15), 10**15),
    },
    optional={
        "fare": st.one_of(st.none(), st.floats()),
        "member": st.one_of(st.none(), st.booleans()),
        "day": st.one_of(st.none(), st.integers(-700_000, 2_900_000)),
    },
)


@SHARED
@given(batch=st.lists(good_records, max_size=6))
def test_a_good_batch_is_its_rows(transformer: Transformer, batch: list[dict[str, Any]]) -> None:
    together = transformer.transform(batch)
    for row, record in enumerate(batch):
        for name, values in transformer.transform(record).items():
            np.testing.assert_array_equal(together[name][row], values)


@SHARED
@given(batch=st.lists(good_records, max_size=6))
def test_the_json_of_records_is_the_records(transformer: Transformer, batch: list[dict[str, Any]]) -> None:
    """JSON has no NaN and no infinity: whoever writes it sends null."""
    sent = [
        {k: None if isinstance(v, float) and not np.isfinite(v) and k == "fare" else v for k, v in record.items()}
        for record in batch
        if np.isfinite(record["distance"])
    ]
    want = transformer.transform(sent)
    columns = {name: [record.get(name) for record in sent] for name in NAMES}
    for body in (sent, {"columns": columns}):
        got = transformer.transform_json(json.dumps(body, allow_nan=False).encode())
        for name, values in want.items():
            np.testing.assert_array_equal(got[name], values)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@SHARED
@given(data=st.data(), value=json_values)
def test_a_manifest_changed_anywhere_is_read_or_refused(columns_artifact: Any, data: st.DataObject, value: Any) -> None:
    document = columns_artifact.document
    node: Any = document
    while True:
        places = list(range(len(node))) if isinstance(node, list) else sorted(node)
        key = data.draw(st.sampled_from(places))
        if not isinstance(node[key], (dict, list)) or not node[key] or data.draw(st.booleans()):
            node[key] = value
            break
        node = node[key]
    code = read(lambda: Manifest.from_json(json.dumps(document).encode()))
    assert code in READING


@SHARED
@given(text=st.one_of(st.binary(), json_values.map(lambda v: json.dumps(v).encode() + b"\n")))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    assert read(lambda: Manifest.from_json(text)) in READING
    assert read(lambda: golden.loads(text)) in READING


@SHARED
@given(data=st.data(), value=json_values)
def test_golden_records_changed_anywhere_are_read_or_refused(
    columns_artifact: Any, transformer: Transformer, data: st.DataObject, value: Any
) -> None:
    lines = [json.loads(line) for line in columns_artifact.files["golden.jsonl"].splitlines()]
    line = lines[data.draw(st.integers(0, len(lines) - 1))]
    part = line[data.draw(st.sampled_from(sorted(line)))]
    target = part if isinstance(part, dict) and data.draw(st.booleans()) else line
    target[data.draw(st.sampled_from(sorted(target)))] = value
    text = b"".join(json.dumps(item).encode() + b"\n" for item in lines)
    code = read(lambda: golden.replay_cases(transformer, golden.loads(text), "exact"))
    assert code in {*READING, "golden-mismatch"}
