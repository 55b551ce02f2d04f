"""The verdict on a case: how a tool's answers to the trial rows compare with those of scikit-learn."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from parity.answers import Answers, RefusedError, Skc, Skl2onnx, of_method, of_sklearn
from parity.case import Case
from parity.rows import ORDINARY, Rows, rows_of, trial_rows

Kind = Literal["equal", "refused", "silent", "narrow", "crash"]
TOLERANCE = 1e-6  # of max(1, |expected|)
GUARDS = ("rounding-noise", "tie")  # where scikit-learn's own answer is rounding noise, or a tie
LARGEST = 2**53  # scikit-learn rounds an integer beyond it to a float64, and skc refuses it
ALONE = 20  # rows that are tried by themselves as well
TRIED_AGAIN = 12  # rows that differ, given to scikit-learn alone: it may differ from itself


@dataclass(frozen=True)
class Verdict:
    """What a tool does with a case.

    `equal`: every row agrees. `refused`: it does not take the estimator. `silent`: a wrong value, or a row that
    scikit-learn refuses. `narrow`: it refuses rows that scikit-learn serves. `crash`: it ends in an error that is not a
    refusal. `served` counts rows that scikit-learn refuses and a tool without guards answers; `guarded` those that a
    guard of the tool refuses, by code; `unstable` those for which scikit-learn differs from itself; `excused` those
    that skc may refuse, of which another tool may say what it likes.
    """

    kind: Kind
    reason: str = ""
    rows: int = 0
    error: float = 0.0
    bits: bool = False
    served: int = 0
    unstable: int = 0
    excused: int = 0
    guarded: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """The verdicts on a case, by tool."""

    case: str
    verdicts: dict[str, Verdict]


TOOLS = ("skc", "skl2onnx float64", "skl2onnx float32")


def judge(case: Case, tools: Sequence[str] = TOOLS) -> Line:
    """Fit the estimator of a case, and try every tool on the same rows."""
    rows = rows_of(case.kind)
    fitted = case.fitted()
    trials = Trials(case, rows, fitted)
    return Line(case.name, {tool: _verdict(tool, trials) for tool in tools})


class Trials:
    """The rows of a case, and scikit-learn's answers to them, made when the first tool needs them."""

    def __init__(self, case: Case, rows: Rows, fitted: Any) -> None:
        self.case, self.rows, self.fitted = case, rows, fitted
        self._made: tuple[pd.DataFrame, Answers] | None = None
        self._excused: np.ndarray | None = None

    def expected(self) -> tuple[pd.DataFrame, Answers]:
        if self._made is None:
            frame = trial_rows(self.rows, self.fitted)
            self._made = frame, of_sklearn(self.fitted, self.rows, frame)
        return self._made

    def excused(self) -> np.ndarray:
        """bool [N]: hard rows that skc refuses and may, because scikit-learn's own answer is noise, a tie, or rounded.

        They are held against no tool, or those that cannot refuse a row would be judged by more rows than skc.
        """
        if self._excused is None:
            frame = self.expected()[0]
            try:
                codes = Skc(self.fitted, self.rows).answers(frame).refused
            except RefusedError:
                codes = [None] * len(frame)
            self._excused = np.array(
                [i >= ORDINARY and code is not None and _is_expected(code, frame, i) for i, code in enumerate(codes)]
            )
        return self._excused


def _verdict(tool: str, trials: Trials) -> Verdict:
    try:
        if tool != "skc":
            converted = Skl2onnx(trials.fitted, trials.rows, is_double=tool.endswith("64"))
            frame, expected = trials.expected()
            if hasattr(trials.fitted, "predict"):
                converted.choose(frame[:ORDINARY], expected, of_method(trials.fitted.predict, trials.rows, frame))
            return compared(converted.answers(frame), expected, trials, is_guarded=False)
        compiled = Skc(trials.fitted, trials.rows)
        frame, expected = trials.expected()
        verdict = compared(compiled.answers(frame), expected, trials, is_guarded=True)
        different = _row_by_row(compiled, frame) or _names(compiled, trials)
        return Verdict("silent", different) if verdict.kind == "equal" and different else verdict
    except RefusedError as refused:
        return Verdict("refused", str(refused))
    except Exception as error:  # a crash is a verdict
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Verdict(
            "crash", f"{type(error).__name__} at {where.filename.split('/')[-1]}:{where.lineno}: {error}"[:500]
        )


def compared(ours: Answers, theirs: Answers, trials: Trials, *, is_guarded: bool) -> Verdict:
    """The verdict on all rows. Without guards the rows that scikit-learn refuses are only counted."""
    frame = trials.expected()[0]
    refused = np.array([reason is not None for reason in theirs.refused])
    fired = np.array([reason is not None for reason in ours.refused])
    if theirs.values.shape[1] != ours.values.shape[1] and not refused.all() and not fired.all():
        return Verdict("silent", f"{ours.values.shape[1]} columns, not {theirs.values.shape[1]}")
    excused = np.zeros(len(frame), dtype=bool) if is_guarded else trials.excused()
    served = np.flatnonzero(refused & ~fired)
    if is_guarded and len(served):
        i = int(served[0])
        return Verdict("silent", f"serves {_row(frame, i)}; scikit-learn: {theirs.refused[i]}")
    both = ~refused & ~fired & ~excused
    if not both[:ORDINARY].any():
        return Verdict("crash", f"no ordinary row is served: {ours.refused[0]}, {theirs.refused[0]}")
    error = errors(ours.values, theirs.values, both)
    wrong = np.flatnonzero((error > TOLERANCE) & both)
    unstable = _unstable(wrong, theirs, ours, trials)
    wrong = np.array([i for i in wrong if i not in unstable], dtype=int)
    if len(wrong):
        i = int(wrong[np.argmax(error[wrong])])
        return Verdict(
            "silent",
            f"{len(wrong)} rows: {_row(frame, i)} gives {_shown(ours, theirs, i)}",
            rows=len(frame),
            error=float(error[i]),
            served=len(served),
            excused=int(excused.sum()),
        )
    guarded = Counter(str(ours.refused[i]) for i in np.flatnonzero(fired & ~refused))
    strange = [
        i
        for i in np.flatnonzero(fired & ~refused & ~excused)
        if i < ORDINARY or not _is_expected(ours.refused[i], frame, i)
    ]
    right = error[both & (error <= TOLERANCE)]
    most = float(right.max()) if len(right) else 0.0
    facts = {
        "rows": len(frame),
        "error": most,
        "bits": most == 0.0,
        "served": len(served),
        "unstable": len(unstable),
        "excused": int(excused.sum()),
        "guarded": dict(guarded),
    }
    if strange:
        return Verdict(
            "narrow", f"{len(strange)} rows: refuses {_row(frame, strange[0])}: {ours.refused[strange[0]]}", **facts
        )  # type: ignore[arg-type]  # each of its own type
    return Verdict("equal", "", **facts)  # type: ignore[arg-type]  # each of its own type


def _is_expected(code: str | None, frame: pd.DataFrame, i: int) -> bool:
    """Whether a guard may refuse a hard row that scikit-learn serves."""
    return code in GUARDS or any(isinstance(v, int | np.integer) and abs(int(v)) > LARGEST for v in frame.iloc[i])


def errors(ours: Any, theirs: Any, rows: Any) -> Any:
    """For each row the largest error, relative to max(1, |expected|); infinite where text, a null or a NaN differs."""
    found = np.zeros(len(ours))
    a, b = ours[rows], theirs[rows]
    if len(a) == 0:  # scikit-learn refused every row, so it has no columns either
        return found
    if a.dtype.kind not in "f" or b.dtype.kind not in "f":
        found[rows] = [math_inf(not _same(left, right)) for left, right in zip(a.tolist(), b.tolist(), strict=True)]
        return found
    with np.errstate(all="ignore"):
        error = np.abs(a - b) / np.maximum(1, np.abs(b))
    error = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.where(np.isnan(error), np.inf, error))
    error = np.where(np.isinf(b) & (a != b), np.inf, error)
    found[rows] = error.max(axis=1) if error.shape[1] else 0.0
    return found


def math_inf(is_wrong: bool) -> float:
    return np.inf if is_wrong else 0.0


def _same(left: Sequence[Any], right: Sequence[Any]) -> bool:
    return all((_is_null(a) and _is_null(b)) or a == b for a, b in zip(left, right, strict=True))


def _is_null(value: Any) -> bool:
    return value is None or value != value


def _unstable(wrong: Any, theirs: Answers, ours: Answers, trials: Trials) -> set[int]:
    """Of the rows that differ, those that scikit-learn answers otherwise, or as we do, when given one alone."""
    found = set()
    frame = trials.expected()[0]
    for i in wrong[:TRIED_AGAIN].tolist():
        alone = of_sklearn(trials.fitted, trials.rows, frame.iloc[[i]])
        if alone.refused[0] is not None:
            continue
        one = np.array([True])
        itself = errors(alone.values, theirs.values[[i]], one)[0]
        if itself > TOLERANCE or errors(ours.values[[i]], alone.values, one)[0] <= TOLERANCE:
            found.add(i)
    return found


def _row_by_row(compiled: Skc, frame: pd.DataFrame) -> str:
    """The first row that has other bits alone, or in a small batch, than among all rows."""
    whole = compiled.bits(frame)
    chosen = np.unique(np.linspace(0, len(frame) - 1, ALONE).astype(int)).tolist()
    for i in chosen:
        for part in (slice(i, i + 1), slice(max(0, i - 2), i + 1)):
            if compiled.bits(frame.iloc[part])[-1] != whole[i]:
                return f"{_row(frame, i)} has other bits alone than in a batch"
    return ""


def _names(compiled: Skc, trials: Trials) -> str:
    try:
        names = [str(name) for name in trials.fitted.get_feature_names_out()]
    except (AttributeError, ValueError, TypeError, NotImplementedError):
        return ""
    width = trials.expected()[1].values.shape[1]  # a coder that splits signs names half of its columns
    is_named = len({*names}) == len(names) == width
    return "" if not is_named or names == [*compiled.names] else f"names {compiled.names}, not {names}"


def _row(frame: pd.DataFrame, i: int) -> str:
    return repr(frame.iloc[i].to_dict())[:240]


def _shown(ours: Answers, theirs: Answers, i: int) -> str:
    a, b = ours.values[i].tolist(), theirs.values[i].tolist()
    different = [k for k in range(len(a)) if not (a[k] == b[k] or (_is_null(a[k]) and _is_null(b[k])))][:3]
    return ", ".join(f"[{k}] {a[k]!r}, not {b[k]!r}" for k in different)[:240]
