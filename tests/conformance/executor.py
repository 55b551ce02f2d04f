"""The executor of Python: the protocol of README.md over the public API of `skc_runtime`."""

from __future__ import annotations

import base64
import ctypes
import datetime
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cells import WORDS, bits
from watch import Watch

import skc_runtime
from skc_runtime import Log, RecordError, SkcRuntimeError, Transformer
from skc_runtime.session import VERSION
from skc_runtime.signals import Call

Answer = dict[str, Any]
ROUNDING = {"nearest": 0x000, "down": 0x400, "up": 0x800, "zero": 0xC00}  # <fenv.h> of x86


def main() -> None:
    executor = Executor()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(executor.answer(json.loads(line))) + "\n")
        sys.stdout.flush()


class Executor:
    """Holds what was loaded, and the rows that were sent."""

    def __init__(self) -> None:
        self._transformer: Transformer | None = None
        self._watched: Watch | None = None
        self._rows: list[dict[str, Any]] = []
        self._calls: list[Call] = []
        self._requests = {
            "hello": self._hello,
            "load": self._load,
            "rows": self._keep,
            "transform": self._transform,
            "threads": self._threads,
            "describe": self._describe,
            "log": self._log,
            "signals": self._signals,
            "arithmetic": self._arithmetic,
            "close": self._close,
            "watch": self._watch,
            "watched": lambda request: self._watching().told(),
            "unwatch": self._unwatch,
        }

    def answer(self, request: Mapping[str, Any]) -> Answer:
        try:
            return self._requests[request["do"]](request)
        except SkcRuntimeError as error:
            return {"error": {"code": error.code, "input": error.input, "row": error.row, "step": error.step}}

    def _hello(self, request: Mapping[str, Any]) -> Answer:
        cannot = ["utf8"] if find_spec("cryptography") else ["utf8", "keys"]
        return {"language": "python", "onnxruntime": VERSION, "cannot": cannot}

    def _load(self, request: Mapping[str, Any]) -> Answer:
        self._close(request)
        self._calls = []
        self._transformer = skc_runtime.load(
            given(request),
            replay=request["replay"],
            expect=request.get("expect"),
            key=request.get("key"),
            observer=self._calls.append if request.get("observe") else None,
        )
        return {"loaded": True}

    def _keep(self, request: Mapping[str, Any]) -> Answer:
        self._rows = [record(row) for row in request["rows"]]
        return {"rows": len(self._rows)}

    def _transform(self, request: Mapping[str, Any]) -> Answer:
        return {"outputs": encoded(self._features(request))}

    def _features(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        loaded, extra = self._loaded(), request["extra"]
        if request["form"] == "json":
            body = b"".join(base64.b64decode(data) * count for data, count in request["body"])
            return loaded.transform_json(body, extra=extra)
        if "columns" in request:
            columns = {name: [value(c) for c in column] for name, column in request["columns"].items()}
            return loaded.transform_columns(columns, extra=extra)
        rows = [self._rows[i] for i in request["take"]]
        if request["form"] == "record":
            return loaded.transform_record(rows[0], extra=extra)
        if request["form"] == "records":
            return loaded.transform_records(rows, extra=extra)
        columns = {name: [row.get(name) for row in rows] for name in dict.fromkeys(n for row in rows for n in row)}
        return loaded.transform_columns(columns, extra=extra)

    def _threads(self, request: Mapping[str, Any]) -> Answer:
        wanted = [self._outcome(row) for row in self._rows]

        def different(_: int) -> int:
            rounds = range(request["rounds"])
            return sum(self._outcome(row) != want for _ in rounds for row, want in zip(self._rows, wanted, strict=True))

        with ThreadPoolExecutor(request["threads"]) as pool:
            found = list(pool.map(different, range(request["threads"])))
        return {"calls": request["threads"] * request["rounds"] * len(self._rows), "different": sum(found)}

    def _outcome(self, row: Mapping[str, Any]) -> Answer:
        try:
            return encoded(self._loaded().transform(row))
        except SkcRuntimeError as error:
            return {"error": error.code}

    def _describe(self, request: Mapping[str, Any]) -> Answer:
        return {"describe": self._loaded().describe()}

    def _log(self, request: Mapping[str, Any]) -> Answer:
        others = {name: skc_runtime.load(folder) for name, folder in request.get("others", {}).items()}
        served = [logged(self._loaded(), entry, others.get(entry.get("served_by"))) for entry in request["add"]]
        with Log.open(request["folder"], self._loaded(), **request["options"]) as log:

            def add(_: int) -> None:
                for _ in range(request.get("rounds", 1)):
                    for arguments, options in served:
                        log.add(*arguments, **options)

            threads = request.get("threads", 1)
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(add, range(threads)))
        counts = log.counts()
        return {"counts": [counts.n, counts.logged, counts.dropped, counts.sampled_out]}

    def _signals(self, request: Mapping[str, Any]) -> Answer:
        calls = [[call.rows, call.code] for call in self._calls]
        if "folder" not in request:
            return {"signals": self._loaded().signals_text(), "calls": calls}
        with Log.open(request["folder"], self._loaded()) as log:
            return {"signals": self._loaded().signals_text(log), "calls": calls}

    def _arithmetic(self, request: Mapping[str, Any]) -> Answer:
        is_x86 = platform.system() == "Linux" and platform.machine() == "x86_64"
        if request["flush_to_zero"] or not is_x86:
            return {"set": False}
        return {"set": ctypes.CDLL("libm.so.6").fesetround(ROUNDING[request["rounding"]]) == 0}

    def _watch(self, request: Mapping[str, Any]) -> Answer:
        keys = ("artifact", "threads", "interval")
        self._watched = Watch(*(request[key] for key in keys), self._rows[0], encoded)
        return {"watching": True}

    def _watching(self) -> Watch:
        assert self._watched is not None, "nothing is watched"
        return self._watched

    def _unwatch(self, request: Mapping[str, Any]) -> Answer:
        watch = self._watching()
        watch.end_calls()
        told = watch.told()
        watch.close()
        return told

    def _close(self, request: Mapping[str, Any]) -> Answer:
        if self._transformer is not None:
            self._transformer.close()
        return {"closed": True}

    def _loaded(self) -> Transformer:
        assert self._transformer is not None, "nothing was loaded"
        return self._transformer


def logged(
    opened_with: Transformer, entry: Mapping[str, Any], served_by: Transformer | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Serve a record as a service does: the arguments of `Log.add`."""
    transformer = served_by or opened_with
    plain = ("key", "time_us", "latency_us", "as_of", "fetched_us", "hit")
    options: dict[str, Any] = {key: entry[key] for key in plain if key in entry}
    if served_by is not None:
        options["served_by"] = served_by
    if "prediction" in entry:
        options["prediction"] = number(entry["prediction"])
    if "own_features" in entry:
        options["own_features"] = {name: own(values) for name, values in entry["own_features"].items()}
    row = entry["json"].encode() if "json" in entry else record(entry["record"])
    try:
        features = transformer.transform_json(row) if "json" in entry else transformer.transform_record(row)
    except RecordError as error:
        return (entry["id"], row), {"error": error, **options}
    return (entry["id"], row, features), options


def own(values: Any) -> Any:
    """Floats, or by their type other values, in the form of golden.jsonl."""
    if isinstance(values, list):
        return number(values)
    ((dtype, items),) = values.items()
    return [int(item) for item in items] if dtype == "int64" else items


def number(value: Any) -> Any:
    """A number, or several, in the form of golden.jsonl."""
    if isinstance(value, list):
        return [number(item) for item in value]
    return WORDS[value] if isinstance(value, str) else float(value)


def given(request: Mapping[str, Any]) -> Any:
    """The artifact of a request as the runtime takes it: a folder, its files, or an archive."""
    path = Path(request["artifact"])
    match request.get("from", "folder"):
        case "files":
            return {file.name: file.read_bytes() for file in path.iterdir()}
        case "zip":
            return path.read_bytes()
    return path


def value(cell: Any) -> Any:
    """A cell as Python has it."""
    if not isinstance(cell, dict):
        return float(cell) if type(cell) is int else cell
    ((kind, given),) = cell.items()
    match kind:
        case "int":
            return int(given)
        case "float":
            return WORDS[given] if isinstance(given, str) else float(given)
        case "null":
            return None
        case "bytes":
            return bytes.fromhex(given)
        case "utf16":
            return "".join(chr(int(unit, 16)) for unit in given)
        case "instant" | "naive":
            return datetime.datetime.fromisoformat(given)
        case "clock":
            return datetime.time.fromisoformat(given)
        case "day":
            return datetime.date.fromisoformat(given)
    return given


def record(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value(c) for name, c in cells.items() if c != {"missing": True}}


def encoded(outputs: Mapping[str, Any]) -> Answer:
    found = {}
    for name, array in outputs.items():
        dtype = "string" if array.dtype == object else array.dtype.name
        values: Sequence[Any] = [bits(dtype, v) for v in array.ravel().tolist()]
        found[name] = {"dtype": dtype, "shape": list(array.shape), "values": values}
    return found


if __name__ == "__main__":
    main()
