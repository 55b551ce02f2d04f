"""What the imputers and indicators of scikit-learn take for a missing value: NaN, or a value of its own."""

from __future__ import annotations

from typing import Any

from skc.op import refuse
from skc.ops.numeric import null_if
from skc.translation import Columns

WHOLE = 2**53  # below, every integer is a float64


def with_nulls(missing: Any, x: Columns) -> Columns:
    """The columns with null for each missing value: text as it is, numbers as float64.

    Where something other than NaN is missing, scikit-learn refuses NaN, and so does this.
    """
    is_text = [t.dtype == "string" for t in x.types]
    if any(is_text) and not all(is_text):
        raise refuse(
            "SKC158",
            "numbers and text together would turn into Python objects",
            hint="use one step for the numbers and another for the text, in a ColumnTransformer",
        )
    is_null = is_null_of_pandas(missing) or (isinstance(missing, float) and missing != missing)
    if all(is_text) and (is_null or missing is None):
        return x
    if all(is_text) and isinstance(missing, str):
        return x.apply(null_if.OP, null_if.Params(values=(missing,), null="error"))
    if is_null:
        return x.floats(null="keep")
    is_number = isinstance(missing, int | float) or hasattr(missing, "item")
    if any(is_text) or not is_number or abs(missing) >= WHOLE:
        raise refuse(
            "SKC151",
            f"`missing_values={missing!r}` does not compile for columns of {x.types[0].dtype}",
            hint="replace it by NaN in the data, before fitting and in requests: it is null then",
        )
    return x.floats(null="error").apply(null_if.OP, null_if.Params(values=(float(missing),)), is_finite=True)


def left_as_they_are(missing: Any, x: Columns) -> list[bool]:
    """Of which columns a null is None, which a step that looks for NaN does not take for missing in Python objects.

    Raises SKC151 for those with both, those of numbers, and those in which a value of their own is missing.
    """
    if missing is None or is_null_of_pandas(missing):  # pandas takes None for missing as well
        return [False] * len(x.types)
    is_nan = missing != missing
    for name, mark, column in zip(x.names, x.marks, x.types, strict=True):
        if mark == "both" or (mark == "None" and not (is_nan and column.dtype == "string")):
            message = f"column `{name}` has None, which scikit-learn does not take for missing here"
            value = "numpy.nan" if is_nan else repr(missing)
            raise refuse("SKC151", message, hint=f"before fitting, replace None: `frame.fillna({value})`")
    return [mark == "None" for mark in x.marks]


def is_null_of_pandas(value: Any) -> bool:
    """pd.NA, which cannot be compared."""
    return type(value).__name__ == "NAType"
