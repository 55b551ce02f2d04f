"""Serve predictions: one JSON record per line on stdin, one prediction per line on stdout; `--demo` shows one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import joblib
from train import design_matrix

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
    model = joblib.load(HERE / "model.joblib")
    with skc_runtime.load(HERE / "artifact") as transformer:
        for line in lines:
            try:
                features = design_matrix(transformer.transform(json.loads(line)))
                answer: dict[str, object] = {"tipped": round(float(model.predict_proba(features[None, :])[0, 1]), 4)}
            except skc_runtime.RecordError as error:
                answer = {"error": error.code, "message": str(error)}
            print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
