"""The written form of each type in a file of text, as a regular expression that RE2 and Python read alike."""

from __future__ import annotations

import re

from skc.ir import Input, ReadOptions
from skc_runtime.kinds import KINDS, DType, for_every_kind

NUMBER = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"  # as JSON writes it: `skc_runtime.number_text`
FLOAT = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(?i:inf|infinity|nan)"
# Times are in the form that requests have too: `skc_runtime.iso_time`. The engine checks the lengths of months.
YEAR = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
DAY = f"{YEAR}-[0-9]{{2}}-[0-9]{{2}}"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6}0{0,3})?)?"
OFFSET = r"(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
LOCAL_TIME = f"{DAY}[T ]{CLOCK}"
FORMS: dict[DType, str] = for_every_kind(
    {  # of its text
        "float64": FLOAT,
        "float32": FLOAT,
        "int64": r"[+-]?[0-9]+",
        "bool": r"(?i:true|false)",
        "string": r"(?s:.*)",
        "timestamp": f"{DAY}[T ]{CLOCK}{OFFSET}",
        "date": DAY,
        "time": CLOCK,
    }
)


def form_of(value: Input, options: ReadOptions) -> str:
    """The written form of an input, as the options say: that of its type, or of a local time."""
    return LOCAL_TIME if value.zone is not None else text_form(value.dtype, options)


def text_form(dtype: DType, options: ReadOptions) -> str:
    """The written form of a type, as the options say that numbers and bools are written."""
    if dtype == "bool":
        others = [re.escape(text) for text in (*options.true_values, *options.false_values)]
        return "|".join([FORMS[dtype], *others])
    if not KINDS[dtype].is_number or (options.decimal == "." and not options.thousands):
        return FORMS[dtype]
    point, mark = re.escape(options.decimal), re.escape(options.thousands)
    whole = "[0-9]+"
    if mark:  # in groups of three, or as in India: 12,34,567
        whole = f"(?:[0-9]+|[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]{{1,2}}(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}})"
    if not KINDS[dtype].is_float:
        return f"[+-]?{whole}"
    return f"[+-]?({whole}({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(?i:inf|infinity|nan)"
