"""Serve predictions: one JSON record per line on stdin, one prediction per line on stdout; `--demo` shows one."""

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
    lines: Iterable[str] = [json.dumps(DEMO)] if "--demo" in sys.argv else sys.stdin
    model = json.loads((HERE / "model.json").read_text())
    with skc_runtime.load(HERE / "artifact") as transformer:
        for line in lines:
            try:
                answer = {"tipped": predict(model, transformer.transform(json.loads(line)))}
            except skc_runtime.RecordError as error:
                answer = {"error": error.code, "message": str(error)}
            print(json.dumps(answer, ensure_ascii=False), flush=True)


def predict(model: dict[str, Any], features: dict[str, Any]) -> float:
    """The probability of a tip. An id that training never saw has weight 0."""
    score = model["intercept"] + math.fsum(w * float(x) for w, x in zip(model["x"], features["x"], strict=True))
    for weights, i in zip(model["ids"], features["ids"], strict=True):
        score += weights[i] if i < len(weights) else 0.0
    return round(1 / (1 + math.exp(-score)), 6)


if __name__ == "__main__":
    main()
