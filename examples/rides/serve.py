"""Serve predictions: one request body per line on stdin, one answer per line on stdout; `--demo` serves one example.

A body is a record, a list of records or `{"columns": …}`; an answer has the status it would have over HTTP. What the
runtime refuses gets status 400 with its code, whatever the bytes are: the runtime is the only parser.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import skc_runtime

HERE = Path(__file__).parent
DEMO = {
    "pickup": "2025-11-02 01:30:00",
    "zone": "北京街",
    "driver": "Chloé",
    "passengers": None,
    "distance_km": 3.2,
    "fare": 14.5,
    "payment": "card",
    "night": True,
}


def main() -> None:
    lines: Iterable[bytes] = [json.dumps(DEMO).encode()] if "--demo" in sys.argv else sys.stdin.buffer
    model = json.loads((HERE / "model.json").read_text())
    with skc_runtime.load(HERE / "artifact") as transformer:
        for line in lines:
            print(json.dumps(answer(transformer, model, line)), flush=True)


def answer(transformer: skc_runtime.Transformer, model: dict[str, Any], body: bytes) -> dict[str, Any]:
    try:
        features = transformer.transform_json(body)
    except skc_runtime.RecordError as error:
        return {"status": 400, "error": error.code, "message": str(error)}
    x, ids = features["x"], features["ids"]
    if x.ndim == 1:  # one record
        return {"status": 200, "tipped": predict(model, x, ids)}
    return {"status": 200, "tipped": [predict(model, *row) for row in zip(x, ids, strict=True)]}


def predict(model: dict[str, Any], x: Iterable[float], ids: Iterable[int]) -> float:
    """The probability of a tip. An id not seen in training has weight 0."""
    score = model["intercept"] + math.fsum(w * float(value) for w, value in zip(model["x"], x, strict=True))
    for weights, i in zip(model["ids"], ids, strict=True):
        score += weights[i] if i < len(weights) else 0.0
    return round(1 / (1 + math.exp(-score)), 6)


if __name__ == "__main__":
    main()
