"""What is asked of every language, and whether the answer is right.

A check is one request with one right answer. Expected values are those of the reference; where the reference only knows
them to 1e-6, the bits are those of the language that is compared with (`Baseline`), since one version of ONNX Runtime
must give one answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, permutations
from pathlib import Path
from typing import Any

from agreement import values_agree
from cells import flat, float_word, to_float
from executors import Executor, Message

from skc_runtime.kinds import for_every_kind

BATCHES = (3, 8, 1001)
SIGNATURES = ("columns", "packed")
THREADS, ROUNDS = 8, 5
Outputs = Mapping[str, Sequence[Any]]
Baseline = dict[tuple[str, str, int], Outputs]  # (case, signature, row) -> what the first language gave


@dataclass
class Tally:
    """Of one case: the checks made, and what was wrong."""

    id: str
    checks: int = 0
    failures: list[str] = field(default_factory=list)

    def expect(self, is_right: bool, message: str) -> None:
        self.checks += 1
        if not is_right:
            self.failures.append(message)


def check_vectors(executor: Executor, suite: Path, entry: Mapping[str, Any], base: Baseline, *, brief: bool) -> Tally:
    """Rows alone, in batches and as columns, in both signatures; with `brief` only as one batch and as columns."""
    tally = Tally(entry["id"])
    vectors = json.loads((suite / entry["vectors"]).read_bytes())
    for signature in SIGNATURES:
        replay = entry.get("replay", "exact")
        load = {"do": "load", "artifact": str(suite / entry["artifacts"][signature]), "replay": replay}
        requests = list(_row_requests(vectors, brief=brief))
        loaded, kept, *answers = executor.ask_all([load, {"do": "rows", "rows": vectors["rows"]}, *requests])
        tally.expect(loaded == {"loaded": True}, f"{signature}: load answered {loaded}")
        tally.expect(kept == {"rows": len(vectors["rows"])}, f"{signature}: rows answered {kept}")
        if loaded != {"loaded": True}:
            continue
        wanted = _Wanted({**vectors, "id": entry["id"]}, signature, base)
        for request, answer in zip(requests, answers, strict=True):
            tally.expect(not (wrong := wanted.wrong(request, answer)), f"{signature}: {wrong}")
    return tally


def _row_requests(vectors: Mapping[str, Any], *, brief: bool) -> Iterator[Message]:
    served = [i for i, want in enumerate(vectors["expect"]) if "outputs" in want]
    every = range(len(vectors["rows"]))
    if not brief:
        yield from (_transform("record", [i]) for i in every)
        for size in BATCHES:
            yield from (_transform("records", batch) for batch in _batches(served, size))
    if served:
        yield _transform("records", served[::-1])
        yield _transform("columns", served)
    if len(served) < len(every):
        yield _transform("records", list(every))
        yield _transform("columns", list(every))


def _batches(rows: Sequence[int], size: int) -> Iterator[list[int]]:
    """All rows in batches of a size; a batch larger than they are goes round them."""
    if not rows:
        return
    if len(rows) < size:
        yield [rows[k % len(rows)] for k in range(size)]
        return
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def _transform(form: str, take: Sequence[int]) -> Message:
    return {"do": "transform", "form": form, "take": list(take), "extra": "error"}


class _Wanted:
    """The right answers of one set of vectors in one signature."""

    def __init__(self, vectors: Mapping[str, Any], signature: str, base: Baseline) -> None:
        self._id, self._signature, self._base = vectors["id"], signature, base
        self._expect: Sequence[Mapping[str, Any]] = vectors["expect"]
        self._exact = {o["name"]: o["exact"] for o in vectors["outputs"]}
        self._dtypes = {o["name"]: o["dtype"] for o in vectors["outputs"]}
        self._right: dict[int, Outputs] = {}  # row -> bits that were found right: a row goes through many batches

    def wrong(self, request: Message, answer: Message) -> str | None:
        """What is wrong with an answer, None if nothing."""
        take, form = request["take"], request["form"]
        refused = next((k for k, i in enumerate(take) if "error" in self._expect[i]), None)
        if refused is not None:
            want = {**self._expect[take[refused]]["error"], "row": None if form == "record" else refused}
            return None if answer == {"error": want} else f"{form} {take[:5]}…: {want} is wanted, not {short(answer)}"
        if "outputs" not in answer:
            return f"{form} {take[:5]}…: outputs are wanted, not {short(answer)}"
        for k, i in enumerate(take):
            wrong = self._row_wrong(i, answer["outputs"], None if form == "record" else k, len(take))
            if wrong:
                return f"{form}, row {i} in a batch of {len(take)}: {wrong}"
        return None

    def _row_wrong(self, i: int, outputs: Mapping[str, Any], at: int | None, rows: int) -> str | None:
        want = self._expect[i]["outputs"]
        if outputs.keys() != want.keys():
            return f"outputs {sorted(outputs)} are not {sorted(want)}"
        for name, tensor in outputs.items():
            shape = [len(want[name])] if at is None else [rows, len(want[name])]
            if tensor["shape"] != shape or tensor["dtype"] != self._dtypes.get(name, "bool"):
                return f"`{name}` is {tensor['dtype']}{tensor['shape']}, not {self._dtypes.get(name, 'bool')}{shape}"
        got = flat(outputs, at)
        if self._right.get(i) == got:
            return None
        first = self._base.setdefault((self._id, self._signature, i), got)
        for name, values in got.items():
            exact = self._exact.get(name, [True] * len(values))
            for k, (a, b) in enumerate(zip(values, want[name], strict=True)):
                if not _agrees(self._dtypes.get(name, "bool"), a, b, exact[k]):
                    return f"`{name}` column {k} is {a}, the reference says {b}"
                if a != first[name][k]:
                    return f"`{name}` column {k} is {a}, another language or batch says {first[name][k]}"
        self._right[i] = got
        return None


def _agrees(dtype: str, got: Any, want: Any, exact: bool) -> bool:
    """Whether an answered value is the expected one, which for a float is [decimal or word, bits]."""
    if dtype not in ("float32", "float64"):
        return values_agree(got, want, exact=True)
    if got == want[1]:  # the same bits: most are, and NumPy takes long for one value
        return True
    return values_agree(to_float(dtype, got), to_float(dtype, want[1]), exact)


def check_marshalling(
    executor: Executor, suite: Path, index: Mapping[str, Any], table: Mapping[str, Any]
) -> list[Tally]:
    """Every line of the marshalling table that the language can express, in both signatures and every form."""
    places = {json.dumps(entry["inputs"]): entry["artifacts"] for entry in index["marshalling"]}
    lines = [*table["values"], *table["requests"]]
    tallies = {line["id"]: Tally(f"marshalling/{line['id']}") for line in lines}
    together: dict[str, list[Mapping[str, Any]]] = {}  # what one artifact answers: it is loaded once for all
    for line in lines:
        inputs = line["inputs"] if "inputs" in line else [{"name": "v", **line["input"]}]
        together.setdefault(json.dumps(inputs), []).append(line)
    for text, answered in together.items():
        for signature in SIGNATURES:
            executor.ask({"do": "load", "artifact": str(suite / places[text][signature]), "replay": "exact"})
            for line in answered:
                _marshalled(executor, tallies[line["id"]], line, json.loads(text), signature)
    return list(tallies.values())


def _marshalled(
    executor: Executor, tally: Tally, line: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]], signature: str
) -> None:
    """One line of the table, by the artifact that is loaded: if it is not, no answer is right."""
    asked = list(_value_requests(line) if "input" in line else _whole_requests(line))
    asked = [one for one in asked if not _cannot(executor, [one[1], one[0].get("columns")])]
    answers = executor.ask_all([each for request, rows, _ in asked for each in ({"do": "rows", "rows": rows}, request)])
    for (request, _, want), answer in zip(asked, list(answers)[1::2], strict=True):
        got = identity_answer(answer, inputs)
        tally.expect(got == want, f"{signature}, {request['form']}: {want} is wanted, not {got}")


def _cannot(executor: Executor, given: Any) -> bool:
    """The language has no way to write down one of the cells."""
    text = json.dumps(given)
    return any(f'{{"{kind}": ' in text for kind in executor.hello["cannot"])


GOOD = for_every_kind(
    {
        "float64": (0.25, 0.25),
        "float32": (0.25, 0.25),
        "int64": ({"int": "7"}, "7"),
        "bool": (True, True),
        "string": ("good", "good"),
        "timestamp": ({"int": "7"}, "7"),
        "date": ({"int": "7"}, "7"),
        "time": ({"int": "7"}, "7"),
    }
)  # a cell, and what becomes of it
Asked = tuple[Message, list[Any], Message]  # a request, the rows it takes, the right answer


def _value_requests(row: Mapping[str, Any]) -> Iterator[Asked]:
    """One value, alone and as the second of two rows."""
    forms = row.get("forms", ["record", "records", "columns"])
    given, expect = row["given"], row["expect"]
    good, became = GOOD[row["input"]["type"]]
    value = expect.get("value")

    def want(before: list[Any], place: int | None) -> Message:
        return {"error": expect["error"], "input": "v", "row": place} if "error" in expect else {"v": [*before, value]}

    if "record" in forms:
        yield _transform("record", [0]), [{"v": given}], want([], None)
    if "records" in forms:
        yield _transform("records", [0, 1]), [{"v": good}, {"v": given}], want([became], 1)
    if "missing" in given:
        yield {**_columns({"other": [1.5, 2.5]}), "extra": "ignore"}, [], want([value], None)
    elif "columns" in forms:
        yield _columns({"v": [good, given]}), [], want([became], 1)


def _columns(columns: Mapping[str, Any]) -> Message:
    return {"do": "transform", "form": "columns", "columns": dict(columns), "extra": "error"}


def _whole_requests(row: Mapping[str, Any]) -> Iterator[Asked]:
    """A whole request, with its keys in every order; tables exist in Python alone."""
    expect, extra = row["expect"], row["extra"]
    want = expect.get("values", expect)
    if row["form"] == "columns":
        for columns in _orders(row["data"]):
            yield {**_columns(columns), "extra": extra}, [], want
    elif row["form"] == "record":
        for record in _orders(row["data"]):
            yield {**_transform("record", [0]), "extra": extra}, [record], want
    elif row["form"] == "records":
        for turn in (dict, lambda record: dict(reversed(record.items()))):
            rows = [turn(record) for record in row["data"]]
            yield {**_transform("records", range(len(rows))), "extra": extra}, rows, want


def _orders(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The same mapping, its keys in every order: no order may change an answer."""
    return (dict(pairs) for pairs in permutations(data.items()))


def identity_answer(answer: Message, inputs: Sequence[Mapping[str, Any]]) -> Message:
    """An answer in the form of the table: what reached the graph, or the error."""
    if "error" in answer:
        error = answer["error"]
        return {"error": error["code"], "input": error["input"], "row": error["row"]}
    return {i["name"]: _reached(answer["outputs"], i) for i in inputs}


def _reached(outputs: Mapping[str, Any], value: Mapping[str, Any]) -> list[Any]:
    tensor = outputs[f"out.{value['name']}"]
    valid = outputs.get(f"out.{value['name']}.valid", {"values": [True] * len(tensor["values"])})["values"]
    return [_json_form(tensor["dtype"], v) if ok else None for v, ok in zip(tensor["values"], valid, strict=True)]


def _json_form(dtype: str, value: Any) -> Any:
    """An answered value in the JSON form of golden.jsonl; NaN is null."""
    if dtype not in ("float32", "float64"):
        return value
    return None if value == "nan" else float_word(to_float(dtype, value))


def check_contract(executor: Executor, suite: Path, index: Mapping[str, Any]) -> Iterator[Tally]:
    """What belongs to no value: describing, closing, options, no folder at all, the arithmetic of a host, threads."""
    yield _check_describe(executor, suite, index)
    yield _check_refusals(executor, suite, index)
    yield from (_check_arithmetic(executor, suite, index, change) for change in ARITHMETIC)
    yield from (_check_threads(executor, suite, index, signature) for signature in SIGNATURES)


def rides(suite: Path, index: Mapping[str, Any], signature: str) -> tuple[Message, Any]:
    entry = next(e for e in index["vectors"] if e["id"] == "examples/rides")
    artifact = str(suite / entry["artifacts"][signature])
    return {"do": "load", "artifact": artifact, "replay": "exact"}, json.loads((suite / entry["vectors"]).read_bytes())


def _check_threads(executor: Executor, suite: Path, index: Mapping[str, Any], signature: str) -> Tally:
    tally = Tally(f"contract/threads-{signature}")
    load, vectors = rides(suite, index, signature)
    threads = {"do": "threads", "threads": THREADS, "rounds": ROUNDS}
    *_, answer = executor.ask_all([load, {"do": "rows", "rows": vectors["rows"]}, threads])
    want = {"calls": THREADS * ROUNDS * len(vectors["rows"]), "different": 0}
    tally.expect(answer == want, f"{want} is wanted, not {short(answer)}")
    return tally


DESCRIBED = ("name", "type", "nullable", "nan", "text", "timezone")


def _check_describe(executor: Executor, suite: Path, index: Mapping[str, Any]) -> Tally:
    tally = Tally("contract/describe")
    load, _ = rides(suite, index, "packed")
    *_, answer = executor.ask_all([load, {"do": "describe"}])
    manifest = json.loads((Path(load["artifact"]) / "manifest.json").read_bytes())
    want = {
        "name": manifest["name"],
        "identity": identity_of(load),
        "signature": manifest["signature"],
        "inputs": [
            {k: i[k] for k in ("name", "type", "nullable", "nan", "text", "timezone") if k in i}
            for i in manifest["inputs"]
        ],
        "outputs": [{k: o[k] for k in ("name", "dtype", "columns", "valid")} for o in manifest["outputs"]],
        "plan": manifest["plan"],
        "tzdata": manifest["tzdata"],
        "minimum_onnxruntime": manifest["onnx"]["minimum_onnxruntime"],
        "built_with": manifest["built_with"],
    }
    tally.expect(answer == {"describe": want}, f"{want} is wanted, not {short(answer)}")
    return tally


def identity_of(load: Message) -> str:
    """What `sha256sum manifest.json` prints."""
    return hashlib.sha256((Path(load["artifact"]) / "manifest.json").read_bytes()).hexdigest()


def _check_refusals(executor: Executor, suite: Path, index: Mapping[str, Any]) -> Tally:
    tally = Tally("contract/refusals")
    load, vectors = rides(suite, index, "columns")
    requests: list[tuple[Message, str | None]] = [
        ({**load, "artifact": str(suite / "nowhere")}, "artifact-not-found"),
        ({**load, "artifact": str(suite / "index.json")}, "artifact-not-found"),
        ({**load, "replay": "loosely"}, "invalid-option"),
        ({**load, "replay": "tolerance"}, None),
        ({"do": "rows", "rows": vectors["rows"][:1]}, None),
        ({**_transform("record", [0]), "extra": "sometimes"}, "invalid-option"),
        ({"do": "close"}, None),
        (_transform("record", [0]), "closed"),
    ]
    for (request, want), answer in zip(requests, executor.ask_all([r for r, _ in requests]), strict=True):
        code = answer.get("error", {}).get("code")
        tally.expect(code == want, f"{request}: {want} is wanted, not {short(answer)}")
    return tally


ARITHMETIC = (
    {"flush_to_zero": True, "rounding": "nearest"},
    {"flush_to_zero": False, "rounding": "up"},
    {"flush_to_zero": False, "rounding": "down"},
    {"flush_to_zero": False, "rounding": "zero"},
)
USUAL = {"do": "arithmetic", "flush_to_zero": False, "rounding": "nearest"}


def _check_arithmetic(executor: Executor, suite: Path, index: Mapping[str, Any], change: Mapping[str, Any]) -> Tally:
    """A thread that computes otherwise loads nothing; switched back it does."""
    what = "flush-to-zero" if change["flush_to_zero"] else f"rounding-{change['rounding']}"
    tally = Tally(f"contract/arithmetic-{what}")
    load, _ = rides(suite, index, "columns")
    answers = executor.ask_all([{"do": "arithmetic", **change}, load, USUAL, load])
    changed, refused, _, loaded = answers
    want = "host-arithmetic" if changed == {"set": True} else None
    tally.expect(refused.get("error", {}).get("code") == want, f"{want} is wanted, not {short(refused)}")
    tally.expect(loaded == {"loaded": True}, f"afterwards: {short(loaded)}")
    return tally


def short(answer: Message) -> str:
    text = json.dumps(answer, ensure_ascii=False)
    return text if len(text) < 300 else f"{text[:299]}…"
