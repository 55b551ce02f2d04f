"""Why the features that a service served are not those that are recomputed from the same request.

`explain` tries hypotheses, the most specific first. It gives the first that explains every row that differs, that
no row that agrees contradicts, and that noise would not have met (`evidence.py`); or else, of the rows that differ
alone. A hypothesis is a function from `Compared` to guesses; a new one is one function and its place in `HYPOTHESES`.

Why constants come first: 0 is also a number rounded to 0 decimals, and 0 times any value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from skc.skew.causes.before import before
from skc.skew.causes.clock import earlier, other_hour, other_time
from skc.skew.causes.column import Cause, Column, Compared, Context, Fill
from skc.skew.causes.constants import constant, sign_of_zero
from skc.skew.causes.evidence import Guess, proves
from skc.skew.causes.inputs import changed_input
from skc.skew.causes.other_columns import another_column
from skc.skew.causes.precision import decimals, narrow_float
from skc.skew.causes.scale import linear, shifted_integers, unit
from skc.skew.causes.texts import changed_text, cut_text, exchanged_codes

__all__ = ["HYPOTHESES", "Cause", "Column", "Context", "Fill", "explain"]

HYPOTHESES: Sequence[Callable[[Compared], Iterator[Guess]]] = (
    sign_of_zero,
    constant,
    another_column,
    narrow_float,
    decimals,
    earlier,
    other_hour,
    other_time,
    unit,
    shifted_integers,
    before,
    linear,
    changed_text,
    cut_text,
    exchanged_codes,
    changed_input,
)


def explain(served: Column, recomputed: Column, context: Context) -> Cause | None:
    """The cause of all differences of a column; None if there are none, or nothing explains every one.

    If the rows that agree contradict every rule, as they do where one service of several is of another version, it is
    the rule of those that differ, if there is one, and says so. Raises ValueError if the columns have not the same
    number of rows.
    """
    case = Compared(served, recomputed, context)
    if not case.differs.any():
        return None
    cause = _cause(case)
    if cause is not None or case.differs.all():
        return cause
    of_some = _cause(case.differing())
    return None if of_some is None else replace(of_some, text=f"{of_some.text}, in these rows alone")


def _cause(case: Compared) -> Cause | None:
    for hypothesis in HYPOTHESES:
        for guess in hypothesis(case):
            if proves(case, guess):
                return Cause(guess.kind, guess.text, int(case.differs.sum()), guess.parameters)
    return None
