"""The request log: what it writes, and that it never fails a request nor loses one unseen."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forged_artifacts import Artifact
from request_logs import end, files, gaps, lines, records

import skc_runtime
from skc_runtime import Log, RecordError, SkcRuntimeError, Transformer, log_lines
from skc_runtime import request_log as log_module
from skc_runtime.golden import encode_outputs
from skc_runtime.log_lines import digest

DIGESTS = {
    "x": 3115449251, "times": 2681699661, "is_member": 2768625435, "word": 3594032732,
    "times.valid": 2426385138, "is_member.valid": 2768625435,
}  # fmt: skip
PAYMENT = '"payment":"card",'
PROGRAMS = Path(__file__).with_name("request_log_programs.py")


@pytest.fixture(scope="session")
def served(columns_artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the programs serve."""
    return columns_artifact.write(tmp_path_factory.mktemp("served") / "rides")


@pytest.fixture
def serve(transformer: Transformer) -> Callable[..., None]:
    """Serve a record as a service does, and log it."""

    def serving(log: Log, id_: str, record: Any, **more: Any) -> None:
        try:
            features = transformer.transform_record(record)
        except RecordError as error:
            log.add(id_, record, error=error, **more)
        else:
            log.add(id_, record, features, **more)

    return serving


def test_a_service_writes_what_it_serves(
    transformer: Transformer, serve: Callable[..., None], ride: dict[str, Any], tmp_path: Path
) -> None:
    with Log.open(tmp_path / "a" / "log", transformer) as log:
        serve(log, "a", ride, time_us=17, latency_us=25, prediction=np.float32(0.5), as_of={"fare": 1, "distance": 2})
        serve(log, "b", {**ride, "fare": "x", "day": None}, time_us=18)
        serve(log, "c", {**ride, "payment": "Card"}, time_us=19)
        del ride["fare"], ride["payment"]
        serve(log, "d", ride, time_us=20, key="k")
    (path,) = files(tmp_path / "a" / "log")
    assert path.name == f"{os.getpid()}-0.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="utf-8").split("\n")[:-1]
    head = json.loads(text[0])
    assert (head["plan"], head["identity"]) == (transformer.manifest.plan, transformer.identity)
    assert re.fullmatch("[0-9a-f]{16}", head["writer"])
    rest = '"passengers":"2","member":true,"payment":"card","pickup":"1709208000000001"'
    first = f'{{"distance":2.5,"fare":11.75,{rest},"day":"19782"}}'
    second = f'{{"distance":2.5,"fare":{{"string":"x"}},{rest},"day":null}}'
    fourth = f'{{"distance":2.5,{rest.replace(PAYMENT, "")},"day":"19782"}}'
    answer = f'{json.dumps(DIGESTS, separators=(",", ":"))},"prediction":0.5,"as_of":{{"distance":2,"fare":1}}'
    third_error = '{"code":"unknown-category","input":"payment","step":"payment/0:one_hot"}'
    fourth_error = '{"code":"missing-key","input":"payment"}'
    assert text[1:] == [
        f'{{"n":1,"id":"a","time_us":17,"latency_us":25,"request":{first},"features":{answer}}}',
        f'{{"n":2,"id":"b","time_us":18,"request":{second},"error":{{"code":"wrong-type","input":"fare"}}}}',
        f'{{"n":3,"id":"c","time_us":19,"request":{first.replace("card", "Card")},"error":{third_error}}}',
        f'{{"n":4,"id":"d","key":"k","time_us":20,"request":{fourth},"error":{fourth_error}}}',
        '{"end":true,"n":4,"logged":4,"dropped":0,"sampled_out":0}',
    ]


def test_the_caller_may_change_what_it_gave(transformer: Transformer, ride: dict[str, Any], tmp_path: Path) -> None:
    with Log.open(tmp_path, transformer, features="full") as log:
        features = transformer.transform_record(ride)
        log.add("a", ride, features)
        ride["fare"] = 0.0
        features["x"][:] = 0
    (record,) = records(tmp_path)
    assert record["request"]["fare"] == 11.75
    assert 0 not in record["features"]["x"][:2]


def test_features_in_full_none_now_and_then_and_own(
    transformer: Transformer, ride: dict[str, Any], tmp_path: Path
) -> None:
    features = transformer.transform_record(ride)
    full = encode_outputs(features)
    for name, options, wanted in (
        ("full", {"features": "full"}, [full] * 6),
        ("none", {"features": "none"}, [None] * 6),
        (
            "second",
            {"full_every": 2},
            [DIGESTS if zlib.crc32(i.encode()) % 2 else full for i in ("a", "b", "1", "2", "3", "4")],
        ),
    ):
        with Log.open(tmp_path / name, transformer, **options) as log:
            for id_ in ("a", "b", "1", "2", "3", "4"):
                log.add(id_, ride, features)
        assert [record.get("features") for record in records(tmp_path / name)] == wanted
    own = {"x": [1, 2.5, -0.0, math.nan, 1e16], "word": ["é\n"]}
    with Log.open(tmp_path / "own", transformer, features="none") as log:
        log.add("a", ride, features, own_features=own, prediction=[0.25, math.inf])
    (record,) = records(tmp_path / "own")
    assert record["features"] == {"x": [1.0, 2.5, "-0.0", "NaN", 1e16], "word": ["é\n"]}
    assert record["prediction"] == [0.25, "Infinity"]


def test_a_digest_is_that_of_the_bytes() -> None:
    negative_nan = np.array([0xFFF8000000000001, 0x7FF0000000000001], np.uint64).view(np.float64)
    assert digest(negative_nan) == zlib.crc32(b"\0\0\0\0\0\0\xf8\x7f" * 2)
    assert digest(np.array([math.nan], np.float32)) == zlib.crc32(b"\0\0\xc0\x7f")
    assert digest(np.array([-0.0])) == zlib.crc32(b"\0\0\0\0\0\0\0\x80") != digest(np.array([0.0]))
    assert digest(np.array([1.5, -2.0], ">f8")) == digest(np.array([1.5, -2.0]))
    assert digest(np.array([-2, 1])) == zlib.crc32(b"\xfe" + b"\xff" * 7 + b"\1" + b"\0" * 7)
    assert digest(np.array([True, False])) == zlib.crc32(b"\1\0")
    assert digest(np.array(["é", "", "😀"], object)) == zlib.crc32(b"\2\0\0\0\xc3\xa9\0\0\0\0\4\0\0\0\xf0\x9f\x98\x80")
    assert digest(np.array(["a", "b"], object)) != digest(np.array(["ab", ""], object))


def test_a_json_body_is_logged_as_the_record_it_is(
    transformer: Transformer, ride: dict[str, Any], tmp_path: Path
) -> None:
    """What `transform_json` took, without parsing it in the service; what is not one record is null."""
    body = json.dumps(ride)
    features = transformer.transform_json(body)
    with Log.open(tmp_path, transformer) as log:
        log.add("record", ride, features, time_us=1)
        for given in (body, body.encode(), bytearray(body.encode()), memoryview(body.encode())):
            log.add("record", given, features, time_us=1)  # type: ignore[arg-type]  # any bytes
        for wrong in ("{", "[]", f"[{body}]", '{"columns": {}}', b"\xff", '{"fare": 1, "fare": 2}', "null"):
            log.add("not one", wrong, error=RecordError("malformed-json", "", hint=""))
    found = records(tmp_path)
    assert [{**record, "n": 1} for record in found[1:5]] == [found[0]] * 4
    assert found[0]["request"]["fare"] == 11.75
    assert [record["request"] for record in found[5:]] == [None] * 7


def test_a_file_has_the_requests_of_one_artifact(
    columns_artifact: Artifact, ride: dict[str, Any], tmp_path: Path
) -> None:
    """Behind a Reloadable: each request says who served it, and what must not be shown is that of this artifact."""
    document = columns_artifact.document
    old = skc_runtime.load(columns_artifact.write(tmp_path / "old"))
    omitting = columns_artifact.with_document({**document, "log": {"omit": ["fare"], "hash": []}})
    new = skc_runtime.load(omitting.write(tmp_path / "new"))
    hashing = columns_artifact.with_document({**document, "log": {"omit": [], "hash": ["fare"]}})
    secret = skc_runtime.load(hashing.write(tmp_path / "secret"))
    told: list[SkcRuntimeError] = []
    with Log.open(tmp_path / "log", old, on_error=told.append) as log:
        for id_, by in zip("abcdefg", (None, old, new, secret, new, old, None), strict=True):
            log.add(id_, ride, (by or old).transform_record(ride), served_by=by)
        for _ in range(100):  # it is the same artifact
            log.add("again", ride, served_by=skc_runtime.load(tmp_path / "old"))
    found = [lines(path) for path in files(tmp_path / "log")]
    assert [
        [head["identity"], *(record["id"] for record in rest[:4])] for head, *rest in ([*f[:-1]] for f in found)
    ] == [
        [old.identity, "a", "b"],
        [new.identity, "c", "e"],
        [old.identity, "f", "g", "again", "again"],
    ]
    assert [(head["part"], head["after"], head["logged"], head["omit"]) for head, *_ in found] == [
        (0, 0, 0, []),
        (1, 2, 2, ["fare"]),
        (2, 5, 4, []),
    ]
    assert [(rest[-1]["n"], rest[-1]["logged"], rest[-1]["dropped"]) for rest in found] == [
        (2, 2, 0),
        (5, 4, 1),
        (107, 106, 1),
    ]
    assert ["fare" in rest[1]["request"] for rest in found] == [True, False, True]
    assert [(error.code, "needs salt=" in error.message) for error in told] == [("invalid-option", True)]


def test_artifacts_that_come_and_go(columns_artifact: Artifact, ride: dict[str, Any], tmp_path: Path) -> None:
    """More than are remembered, while threads still serve by older ones."""
    document = columns_artifact.document
    names = [f"rides{k}" for k in range(log_module.RECENT + 3)]
    served = [
        skc_runtime.load(columns_artifact.with_document({**document, "name": name}).write(tmp_path / name))
        for name in names
    ]
    with Log.open(tmp_path / "log", served[0], queue=100_000) as log:
        for k in range(200):
            log.add(str(k), ride, served_by=served[k * 7 % len(served)])
    found = [lines(path) for path in files(tmp_path / "log")]
    heads = {head["name"]: head["identity"] for head, *_ in found}
    assert heads == {name: one.identity for name, one in zip(names, served, strict=True)}
    assert [(head["name"], record["id"]) for head, *rest in found for record in rest[:-1]] == [
        (names[k * 7 % len(served)], str(k)) for k in range(200)
    ]


def test_what_must_not_be_shown_is_not(columns_artifact: Artifact, ride: dict[str, Any], tmp_path: Path) -> None:
    document = columns_artifact.document
    hidden = ["distance", "passengers", "payment", "member", "day"]
    document["log"] = {"omit": ["fare"], "hash": hidden}
    transformer = skc_runtime.load(columns_artifact.with_document(document).write(tmp_path / "artifact"))
    with pytest.raises(SkcRuntimeError, match="needs salt=") as caught:
        Log.open(tmp_path / "log", transformer)
    assert caught.value.code == "invalid-option"
    assert caught.value.hint == "a secret text, the same in every service whose logs are to be compared"
    with Log.open(tmp_path / "log", transformer, salt="pepper") as log:
        log.add("a", ride)
        log.add("b", {**ride, "distance": -0.0, "payment": "😀", "member": None, "passengers": "secret"})
    one, other = records(tmp_path / "log")
    assert lines(files(tmp_path / "log")[0])[0]["hash"] == hidden
    assert "fare" not in one["request"]
    # printf 'pepper2.5' | sha256sum
    assert [one["request"][name] for name in hidden] == [
        "5e7a926495866b63", "5ef91dfa38afb175", "13ef255128587f82", "f1ed73112cdd02db", "69f662127b988707",
    ]  # fmt: skip
    assert other["request"]["passengers"] == {"other": True}
    assert other["request"]["member"] is None
    assert "secret" not in files(tmp_path / "log")[0].read_text()


def test_a_sample_is_the_same_everywhere_and_has_every_refusal(
    transformer: Transformer, ride: dict[str, Any], tmp_path: Path
) -> None:
    ids = [str(i) for i in range(1000)]
    wanted = [i for i in ids if zlib.crc32(i.encode()) < 0.25 * 2**32]
    assert 200 < len(wanted) < 300
    with Log.open(tmp_path / "id", transformer, sample=0.25) as log:
        for id_ in ids:
            log.add(id_, ride)
        log.add("refused", ride, error=RecordError("null", "it is null"))
    assert [record["id"] for record in records(tmp_path / "id")] == [*wanted, "refused"]
    assert end(tmp_path / "id") == {
        "end": True, "n": len(wanted) + 1, "logged": len(wanted) + 1, "dropped": 0, "sampled_out": 1000 - len(wanted),
    }  # fmt: skip
    with Log.open(tmp_path / "key", transformer, sample=0.25, sample_by="key") as log:
        for id_ in ids:
            log.add("same", ride, key=id_)
        log.add("no key", ride)
    assert [record["key"] for record in records(tmp_path / "key")] == wanted
    assert end(tmp_path / "key")["dropped"] == 1
    with Log.open(tmp_path / "none", transformer, sample=0) as log:
        log.add("", ride)
    assert records(tmp_path / "none") == []


class Hostile(dict[str, Any]):
    def __iter__(self) -> Iterator[str]:
        raise OSError("no")

    keys = __iter__  # type: ignore[assignment]


def test_what_cannot_be_logged_is_counted_and_told(
    transformer: Transformer, ride: dict[str, Any], tmp_path: Path
) -> None:
    features = transformer.transform_record(ride)
    told: list[SkcRuntimeError] = []
    wrong: list[tuple[tuple[Any, ...], Mapping[str, Any]]] = [
        ((None, ride), {}),
        (("\ud800", ride), {}),
        (("a", ride), {"key": 5}),
        (("a", ride), {"time_us": 1.5}),
        (("a", ride), {"latency_us": -1}),
        (("a", ride, features["x"]), {}),
        (("a", ride, {"x": features["x"]}), {}),
        (("a", ride, {**features, "x": features["x"][:1]}), {}),
        (("a", ride, {**features, "x": features["x"].astype(np.float64)}), {}),
        (("a", ride), {"own_features": {"y": [1]}}),
        (("a", ride), {"own_features": {"x": [1]}}),
        (("a", ride), {"own_features": {"x": ["a", "b", "c", "d", "e"]}}),
        (("a", ride), {"own_features": {"x": ["1", "2", "3", "4", "5"]}}),
        (("a", ride), {"own_features": {"word": [True]}}),
        (("a", ride), {"own_features": {"word": [None]}}),
        (("a", ride), {"prediction": "yes"}),
        (("a", ride), {"prediction": 10**400}),
        (("a", ride), {"as_of": {"fares": 1}}),
        (("a", ride), {"as_of": {"fare": "yesterday"}}),
        (("a", ride), {"as_of": 5}),
        (("a", ride), {"error": ValueError("not ours")}),
        (("a", Hostile(ride)), {}),
    ]
    with Log.open(tmp_path, transformer, on_error=told.append) as log:
        for arguments, options in wrong:
            log.add(*arguments, **options)
            log.add("fine", ride)
    assert len(told) == len(wrong)
    assert {error.code for error in told} == {"invalid-option"}
    assert log.last_error is told[-1] or log.last_error in told
    assert [record["n"] for record in records(tmp_path)] == list(range(2, 2 * len(wrong) + 1, 2))
    assert end(tmp_path)["dropped"] == len(wrong)
    log.add("late", ride)
    log.close()
    assert log.counts().dropped == len(wrong) + 1


def test_ids_and_records_that_are_not_plain(transformer: Transformer, ride: dict[str, Any], tmp_path: Path) -> None:
    with Log.open(tmp_path, transformer) as log:
        log.add('"\\\x00\x1f\x7f\u2028é😀', None, error=RecordError("malformed-json", "no"))
        log.add("b", {**ride, 5: 1, "more": uuid.UUID(int=0)}, error=RecordError("unknown-key", "no", "m\ud800re"))
    one, other = files(tmp_path)[0].read_text(encoding="utf-8").split("\n")[1:3]
    assert one.startswith('{"n":1,"id":"\\"\\\\\\u0000\\u001f\x7f\u2028é😀","time_us":')
    assert one.endswith('"request":null,"error":{"code":"malformed-json"}}')
    assert other.endswith('"day":"19782"},"error":{"code":"unknown-key","input":"m?re"}}')


@pytest.mark.parametrize("on_full", ["drop", "wait"])
def test_overload(
    on_full: Any, transformer: Transformer, ride: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four threads add faster than lines can be made."""
    features = transformer.transform_record(ride)
    make = log_lines.Lines.record

    def slowly(*arguments: Any) -> bytes:
        time.sleep(0.0005)
        return make(*arguments)

    monkeypatch.setattr(log_lines.Lines, "record", slowly)
    log = Log.open(tmp_path, transformer, on_full=on_full, queue=50, flush=0.02)

    def load() -> None:
        for _ in range(500):
            log.add("a", ride, features)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        counts = log.counts()
        assert counts.logged + counts.dropped + counts.waiting == counts.n
        time.sleep(0.01)
    log.close()
    counts = log.counts()
    assert counts.n == 2000 == counts.logged + counts.dropped
    assert counts.waiting == 0
    assert gaps([record["n"] for record in records(tmp_path)], 2000) == counts.dropped == end(tmp_path)["dropped"]
    assert (counts.dropped == 0) is (on_full == "wait")


def test_closing_ends_the_waiting(transformer: Transformer, ride: dict[str, Any], tmp_path: Path) -> None:
    log = Log.open(tmp_path, transformer, on_full="wait", queue=1, flush=30)
    adding = threading.Thread(target=lambda: [log.add("a", ride) for _ in range(100_000)])
    adding.start()
    time.sleep(0.05)
    log.close()
    adding.join(60)
    assert not adding.is_alive()
    assert log.counts().logged == end(tmp_path)["logged"] == len(records(tmp_path)) > 0
    assert log.counts().n == 100_000 == log.counts().logged + log.counts().dropped


def test_nobody_waits_for_a_thread_that_has_ended(
    transformer: Transformer, ride: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", ended.append)
    monkeypatch.setattr(Log, "_encode", lambda *_: 1 / 0)
    with Log.open(tmp_path, transformer, on_full="wait", queue=1) as log:
        for _ in range(10):
            log.add("a", ride)
    assert [raised.exc_type for raised in ended] == [ZeroDivisionError]
    counts = log.counts()
    assert counts.n == 10 == counts.dropped + counts.waiting
    assert counts.logged == 0


def test_files_are_rotated_by_size_and_by_age(transformer: Transformer, ride: dict[str, Any], tmp_path: Path) -> None:
    with Log.open(tmp_path / "size", transformer, rotate_bytes=1000, flush=0.01) as log:
        for _ in range(20):
            log.add("a", ride)
            time.sleep(0.005)
    parts = [lines(path) for path in files(tmp_path / "size")]
    assert len(parts) > 2
    assert [part[0]["part"] for part in parts] == list(range(len(parts)))
    assert [part[0]["after"] for part in parts] == [0, *(part[-1]["n"] for part in parts[:-1])]
    assert [part[0]["logged"] for part in parts] == [0, *(part[-1]["logged"] for part in parts[:-1])]
    assert [record["n"] for record in records(tmp_path / "size")] == list(range(1, 21))
    with Log.open(tmp_path / "age", transformer, rotate_seconds=0.1, flush=0.01) as log:
        log.add("a", ride)
        limit = time.monotonic() + 60
        while len(list((tmp_path / "age").glob("*.jsonl"))) < 1:  # nothing more is added
            assert time.monotonic() < limit
            time.sleep(0.02)
        log.add("b", ride)
    assert [record["id"] for record in records(tmp_path / "age")] == ["a", "b"]


def test_two_containers_may_share_a_folder(
    transformer: Transformer, ride: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    (tmp_path / "1-0.jsonl").write_text("complete")
    (tmp_path / "1-1.jsonl.open").write_text("left by a kill")
    with Log.open(tmp_path, transformer) as one, Log.open(tmp_path, transformer) as other:
        one.add("a", ride)
        other.add("b", ride)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "1-0.jsonl", "1-1.jsonl.open", "1-2.jsonl", "1-3.jsonl",
    ]  # fmt: skip
    assert [lines(tmp_path / f"1-{n}.jsonl")[1]["id"] for n in (2, 3)] == ["a", "b"]


def test_a_deleted_file_is_noticed(transformer: Transformer, ride: dict[str, Any], tmp_path: Path) -> None:
    told: list[SkcRuntimeError] = []
    with Log.open(tmp_path, transformer, flush=0.01, on_error=told.append) as log:
        log.add("a", ride)
        while log.counts().logged < 1:
            time.sleep(0.01)
        files(tmp_path)[0].unlink()
        log.add("b", ride)
    assert [error.code for error in told] == ["log-failed"]
    assert [record["n"] for record in records(tmp_path)] == [2]
    assert end(tmp_path) == {"end": True, "n": 2, "logged": 1, "dropped": 1, "sampled_out": 0}


def test_no_file_is_an_error_at_once(transformer: Transformer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SkcRuntimeError) as caught:
        Log.open(tmp_path / "file" / "log", transformer)
    assert caught.value.code == "log-failed"
    assert "file" in caught.value.message


@pytest.mark.parametrize(
    "options",
    [
        {"sample": 1.5}, {"sample": True}, {"sample": math.nan}, {"sample_by": "user"}, {"features": "some"},
        {"full_every": -1}, {"on_full": "raise"}, {"queue": 0}, {"queue": 1.0}, {"flush": 0}, {"flush": math.inf},
        {"rotate_bytes": 0}, {"rotate_seconds": -1},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_option(options: Any, transformer: Transformer, tmp_path: Path) -> None:
    """The hint is followed: a value that it allows opens a log."""
    with pytest.raises(SkcRuntimeError) as caught:
        Log.open(tmp_path, transformer, **options)
    assert caught.value.code == "invalid-option"
    assert next(iter(options)) in caught.value.message
    assert list(tmp_path.iterdir()) == []
    ((name, _),) = options.items()
    hint = caught.value.hint
    allowed: dict[str, Any] = {
        "a share from 0 to 1": [0, 0.5, 1],
        "a whole number from 0": [0, 1],
        "a whole number from 1": [1],
        "seconds above 0": [0.001],
        "one of id, key": ["id", "key"],
        "one of digest, full, none": ["digest", "full", "none"],
        "one of drop, wait": ["drop", "wait"],
    }
    for value in allowed[hint or ""]:
        Log.open(tmp_path, transformer, **{name: value}).close()


def test_a_request_has_its_key_as_the_hint_says(transformer: Transformer, ride: dict[str, Any], tmp_path: Path) -> None:
    with Log.open(tmp_path, transformer, sample=0.5, sample_by="key") as log:
        log.add("a", ride)
        assert log.last_error is not None
        assert log.last_error.hint == "give every request its key"
        keys = [f"key {k}" for k in range(100)]
        for key in keys:
            log.add("a", ride, key=key)
    counts = log.counts()
    assert (counts.dropped, counts.logged + counts.sampled_out) == (1, 100)
    assert counts.logged > 0


def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAMS), name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_child_writes_files_of_its_own(served: Path, tmp_path: Path) -> None:
    done = run("fork", served, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    found = {path.name.split("-")[0]: lines(path) for path in files(tmp_path)}
    parent, child = done.stdout.split()
    assert set(found) == {parent, child}
    assert [line["id"] for line in found[parent][1:-1]] == ["parent", "parent again"]
    assert [line["id"] for line in found[child][1:-1]] == ["child"]
    assert found[parent][0]["writer"] != found[child][0]["writer"]
    assert [found[pid][-1]["n"] for pid in (parent, child)] == [2, 1]


def test_a_process_that_ends_closes_its_log(served: Path, tmp_path: Path) -> None:
    done = run("forget", served, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert end(tmp_path)["logged"] == 10


def test_a_full_disk_does_not_stop_the_service(served: Path, tmp_path: Path) -> None:
    """A limit of the size of files stands for it: the write that passes it is done in part, and the next one fails."""
    done = run("full", served, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    counts = json.loads(done.stdout)
    assert counts["full"] > 0
    found = records(tmp_path)  # only whole lines
    assert {record["id"] for record in found} == {"before", "after"}
    assert counts["n"] == counts["logged"] + counts["dropped"] == 600
    assert gaps([record["n"] for record in found], 600) == counts["dropped"] == counts["full"]
    assert counts["code"] == "log-failed"
    assert counts["served"] == 600


@pytest.mark.parametrize("seed", range(20))
def test_kill_9(seed: int, served: Path, tmp_path: Path) -> None:
    """Only the last line may be torn, and no more than two flushes are lost."""
    command = [sys.executable, str(PROGRAMS), "forever", str(served), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "serving\n"
        time.sleep(0.25 + 0.02 * seed)
        process.send_signal(signal.SIGKILL)
        last = int([line for line in process.stdout.read().split("\n") if line.isdecimal()][-1])
    (path,) = files(tmp_path)
    assert path.name.endswith(".open")
    *whole, rest = path.read_bytes().split(b"\n")
    assert [json.loads(line)["n"] for line in whole[1:]] == list(range(1, len(whole)))
    assert rest == b"" or not rest.endswith(b"\n")
    assert last - len(whole) <= 1200  # what the program adds in 0.4 s and while it was being killed
