"""The examples of examples/sklearn: their estimators, their rows, and which of them skc refuses today.

    python tests/sklearn_examples.py      # writes the list of those again

Those that it does not refuse are compared with scikit-learn, and are cases of the conformance suite.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "examples" / "sklearn"
PATH = Path(__file__).with_suffix(".json")
EXAMPLES = (
    *("churn:preprocess", "churn:model", "churn_forest:preprocess", "churn_forest:model"),
    *("churn_strict:preprocess", "churn_strict:model", "taxi:preprocess", "taxi:model", "taxi:forest"),
    *("housing:preprocess", "housing:model", "housing:similarity", "reviews:preprocess", "reviews:model"),
    *("courses:preprocess", "courses:model", "boosting:preprocess", "boosting:model"),
    *("target_encoding:preprocess", "target_encoding:model", "bikes:preprocess", "bikes:model"),
    *("flowers:preprocess", "flowers:model"),
)
# The messages of the refusal of each example that does not compile.
REFUSED: Mapping[str, list[str]] = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
COMPILING = [name for name in EXAMPLES if name not in REFUSED]


def module(name: str) -> Any:
    """A module of the examples."""
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    return importlib.import_module(name)


@cache
def estimator(reference: str) -> Any:
    """The fitted estimator that `module:function` gives."""
    name, function = reference.split(":")
    return getattr(module(name), function)()


def rows(reference: str, count: int, seed: int) -> Any:
    """Rows as the estimator takes them: a table, or a dict for each row."""
    name = reference.split(":")[0]
    made = module(name)
    return made.sample(count, seed) if hasattr(made, "sample") else module("rows").rows(name, count, seed)[0]


def records(found: Any) -> list[dict[str, Any]]:
    """Rows as requests of a runtime, with None for what is missing."""
    found = found if isinstance(found, list) else found.to_dict("records")
    return [{k: None if v is None or v != v else v for k, v in row.items()} for row in found]


def refusal(reference: str) -> list[str]:
    """The messages with which skc refuses an example; none if it compiles."""
    from skc.diagnostics import SkcError
    from skc.frontend.sklearn import read_estimator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn, in fitting
        fitted, sample = estimator(reference), rows(reference, 100, 1)
    try:
        read_estimator(fitted, sample)
    except SkcError as error:
        return sorted({problem.message for problem in error.diagnostics})
    return []


def write_refused() -> None:
    """Write which examples are refused today, and why."""
    refused = {name: messages for name in EXAMPLES if (messages := refusal(name))}
    PATH.write_text(json.dumps(refused, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_refused()
