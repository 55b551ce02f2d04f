"""What every language must answer to the bytes of a body: see `bodies.py`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bodies
from checks import SIGNATURES, Baseline, Tally, identity_answer, short
from executors import Executor, Message

DAMAGED = {False: 2000, True: 200}  # how many, by whether the check is brief


def check_bodies(
    executor: Executor, suite: Path, index: Mapping[str, Any], base: Baseline, *, brief: bool
) -> list[Tally]:
    """Bytes of JSON: each known answer, and to damaged ones the answer of the first language."""
    entry = index["bodies"]
    cases = json.loads((suite / entry["bodies"]).read_bytes())["bodies"]
    tallies = {case["id"]: Tally(f"bodies/{case['id']}") for case in cases}
    for signature in SIGNATURES:
        load = {"do": "load", "artifact": str(suite / entry["artifacts"][signature]), "replay": "exact"}
        sent = [c for c in cases if _is_small(c) or (signature == "packed" and not brief)]
        loaded, *answers = executor.ask_all([load, *(_json(c["body"], c["extra"]) for c in sent)])
        assert loaded == {"loaded": True}, loaded
        for case, answer in zip(sent, answers, strict=True):
            wrong = _body_wrong(case["expect"], answer, entry["inputs"])
            tallies[case["id"]].expect(not wrong, f"{signature}: {wrong}")
    found = [tally for tally in tallies.values() if tally.checks]
    return [*found, _check_damaged_bodies(executor, entry["inputs"], base, DAMAGED[brief])]


def _is_small(case: Mapping[str, Any]) -> bool:
    return sum(len(data) * count for data, count in case["body"]) < bodies.LARGE


def _json(body: Sequence[tuple[str, int]], extra: str) -> Message:
    return {"do": "transform", "form": "json", "body": body, "extra": extra}


def _body_wrong(expect: Mapping[str, Any], answer: Message, inputs: Sequence[Mapping[str, Any]]) -> str | None:
    """What is wrong with an answer, None if nothing."""
    if "error" in expect:
        want = {key: expect[key] for key in ("error", "input", "row")}
        got = identity_answer(answer, inputs) if "error" in answer else short(answer)
        return None if got == want else f"{want} is wanted, not {got}"
    if "outputs" not in answer:
        return f"outputs are wanted, not {short(answer)}"
    shape = [1] if expect["rows"] is None else [expect["rows"], 1]
    shapes = [tensor["shape"] for tensor in answer["outputs"].values()]
    if any(got != shape for got in shapes):
        return f"shapes {shape} are wanted, not {shapes}"
    got = identity_answer(answer, inputs)
    return next(
        (f"`{n}`: {want} is wanted, not {got[n]}" for n, want in expect["values"].items() if got[n] != want), None
    )


def _check_damaged_bodies(executor: Executor, inputs: Sequence[Mapping[str, Any]], base: Baseline, count: int) -> Tally:
    tally = Tally("bodies/damaged")
    drawn = list(bodies.damaged(bodies.SEED, count))
    answers = executor.ask_all([_json([(base64.b64encode(body).decode(), 1)], extra) for body, extra in drawn])
    for k, ((body, _), answer) in enumerate(zip(drawn, answers, strict=True)):
        first = base.setdefault((tally.id, "", k), answer)
        tally.expect(answer == first, f"{body!r}: {short(answer)}, another language says {short(first)}")
    return tally
