"""The table of docs/scikit-learn.md: every class of scikit-learn, and what skc makes of it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sklearn
from parity.refusals import read_refusals
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # it is listed then

from skc.frontend.sklearn.claims import CANNOT, CLAIMS, NO_MODEL
from skc.frontend.sklearn.walk import CONTAINERS
from skc.ops import OPS

PAGE = Path(__file__).parents[1] / "docs" / "scikit-learn.md"
START = "<!-- classes: written by `make generated`; a test says it is current -->"
END = "<!-- /classes -->"
ELSEWHERE = ("sklearn.feature_extraction.text.CountVectorizer", "sklearn.feature_extraction.text.TfidfVectorizer")
NOT_YET = "not yet"
FUNCTION = "sklearn.preprocessing.FunctionTransformer"


def page(text: str) -> str:
    """The page with the tables as they should be."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{tables()}\n{END}{after}"


def tables() -> str:
    """The classes that transform, those that predict, and the parameters that are refused."""
    transformers, models = _rows(is_model=False), _rows(is_model=True)
    compiled = {False: _compiled(transformers), True: _compiled(models)}
    missing = [f"`{name.rpartition('.')[2]}`" for name, word in models.items() if word == NOT_YET]
    return "\n".join(
        [
            "### Transformers",
            "",
            f"{compiled[False]} of the {len(transformers)} of scikit-learn {sklearn.__version__} compile.",
            "",
            *("| class | skc |", "|---|---|"),
            *(f"| `{name}` | {word} |" for name, word in transformers.items()),
            "",
            "### Models",
            "",
            f"{compiled[True]} of the {len(models)} classes that predict compile as the last step.",
            "",
            *("| class | skc |", "|---|---|"),
            *(f"| `{name}` | {word} |" for name, word in models.items() if word != NOT_YET),
            "",
            *([f"Not yet: {', '.join(missing)}.", ""] if missing else ()),
            "### Models of other libraries",
            "",
            "As the last step of a pipeline, or alone; each library is optional.",
            "",
            *("| class | skc |", "|---|---|"),
            *(f"| `{name}` | ✓ |" for name in sorted(CLAIMS) if not name.startswith("sklearn.")),
            "",
            "### Parameters and inputs",
            "",
            "Of classes that compile, these cases of the parity table are refused:",
            "",
            *("| case | reason |", "|---|---|"),
            *_refused_cases(),
        ]
    )


def _compiled(rows: dict[str, str]) -> int:
    return sum(word.startswith("✓") for word in rows.values())


def _rows(*, is_model: bool) -> dict[str, str]:
    """For each class what skc makes of it."""
    rows = {name: _word(name, cls, is_model=is_model) for name, cls in _classes(is_model=is_model)}
    return dict(sorted(rows.items()))


def _classes(*, is_model: bool) -> Iterator[tuple[str, Any]]:
    """The classes of the installed scikit-learn, and those that skc knows beside what it lists."""
    from sklearn.base import OutlierMixin
    from sklearn.utils import all_estimators

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of modules that importing everything imports
        kinds = ["classifier", "regressor", "cluster"] if is_model else ["transformer"]
        listed = [cls for _, cls in all_estimators(type_filter=kinds)]
        if is_model:  # which has no filter for detectors of outliers
            detectors = [c for c in OutlierMixin.__subclasses__() if c.__module__.startswith("sklearn.")]
            listed = [c for c in (*listed, *detectors) if hasattr(c, "predict")]
    found = {_public(cls): cls for cls in listed}
    if not is_model:
        found = {**dict.fromkeys((*ELSEWHERE, *CONTAINERS, *CANNOT)), **found}
    yield from found.items()


def _public(cls: type) -> str:
    parts = cls.__module__.split(".")
    private = next((i for i, part in enumerate(parts) if part.startswith("_")), len(parts))
    return ".".join([*parts[:private], cls.__name__])


def _word(name: str, cls: Any, *, is_model: bool) -> str:
    if name in CANNOT:
        return f"no: {CANNOT[name]}"
    if is_model and name in NO_MODEL:
        reason, instead = NO_MODEL[name]
        return f"no: {reason}; use {instead}" if instead else f"no: {reason}"
    if name == FUNCTION:
        return "✓ if its function can be traced"
    if name in CONTAINERS:
        return "✓ with what it contains"
    claim, op = CLAIMS.get(name), next((op.name for op in OPS.values() if name in op.sklearn), "")
    if claim is not None and (claim.predict if is_model else claim.read) is not None:
        return "✓" if is_model or claim.predict is not None else f"✓ `{op}`"
    if not is_model and hasattr(cls, "get_support"):
        return "✓ a selection of columns"
    return NOT_YET


def _refused_cases() -> Iterator[str]:
    for name, reason in read_refusals().items():
        code, _, message = reason.partition(": ")
        if code != "SKC150":
            yield f"| `{name.replace('|', chr(92) + '|')}` | {code} {message.replace('|', chr(92) + '|')} |"
