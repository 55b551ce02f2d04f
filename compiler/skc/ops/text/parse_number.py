"""Parse a number that is written for people: with thousands separators, a currency, a percent sign or a unit such as M.

Why: `$962,498.36`, `7.47%`, `10,000+` and `19M` are numbers that no CSV reader takes for one. Parsed here, inside the
graph, they mean the same in training and serving, in every language, whatever the machine's locale.

Example: `size: {from: size, apply: [{parse_number: {multipliers: {k: 1e3, M: 1e6}, invalid: null}}]}`

Parameters
----------
decimal : str of one character, default "."
    The decimal mark.
thousands : str of one character or null, default null
    What separates groups of three digits, such as "," or a blank. A number may also be written without it, but not with
    groups of another length.
prefix : str or list of str, default []
    What may stand before the number, such as "$". A sign may stand on either side of it.
suffix : str or list of str, default []
    What may stand at the end, such as "+" or "kg".
percent : bool, default false
    The number is followed by "%", always, and divided by 100.
multipliers : mapping from str to a power of ten, default {}
    What may follow the number, and what it multiplies it by. Case matters.
exponent : bool, default false
    Whether the number may end with an exponent, as in `1.5e-3`; nothing else follows it then.
invalid : null or error, default error
    What happens to a text that is not such a number.

Around a prefix, a suffix, "%" and a multiplier there may be one blank, no-break space or narrow no-break space; put
`strip` before this step if there may be others. Input: string. Output: float64. Null stays null and is not invalid.

Critical points
---------------
C1  The result is the float64 nearest to the number that is written, ties to even, as Python's `float` gives it, also
    after division by 100 or a multiplication: `19.1M` is 19100000.
C2  Groups have three digits: under `thousands: ","`, `1,234,567` and `1234567` are numbers; `1,5`, `12,34,567`
    and `1234,567` are invalid.
C3  One sign + or -, on either side of the prefix. -0 is -0.0.
C4  At least one digit, before or after the decimal mark: `5.` and `.5` are numbers.
C5  Digits are ASCII. Digits of other scripts, `nan`, `inf`, `0x10` and `1_000` are invalid, and so is an empty text.
C6  Prefix, suffix and multiplier are optional, and match exactly. `percent` is not optional.
C7  More than 18 digits before or after the decimal mark, and an exponent beyond ±279, have the guard `out-of-range`,
    whatever `invalid` says.
C8  Under `invalid: null` the result is null; else it has the guard `invalid-value`. Null stays null.
C9  Parameters that leave a choice are refused (SKC124), and so are multipliers that are not powers of ten (SKC123).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from skc.emit.blocks import GraphBlock, where_not
from skc.emit.numerals import Layout, exponents, numbers, pattern_of
from skc.emit.opset import const, op
from skc.op import NoState, Op, parameters, refuse, require
from skc.ops.text._numerals import GAPS, Writing, afters, befores, read, write
from skc.ops.text._parameters import Policy, Word, Words
from skc.ops.text._parse_number_cases import CASES
from skc.values.types import Block, Scalar, ValueType, make_block

POWERS = {float(f"1e{n}"): n for n in range(-30, 31)}
Character = Annotated[str, Field(min_length=1, max_length=1)]


def _pairs(value: Any) -> Any:
    """A mapping as pairs, which can be hashed."""
    pairs = value.items() if isinstance(value, Mapping) else value
    return tuple(tuple(pair) for pair in pairs) if isinstance(value, Mapping | list) else value


Pairs = Annotated[tuple[tuple[Word, float], ...], BeforeValidator(_pairs, json_schema_input_type=dict[str, float])]


@parameters
class Params:
    decimal: Character = "."
    thousands: Character | None = None
    prefix: Words = ()
    suffix: Words = ()
    percent: bool = False
    multipliers: Pairs = ()
    exponent: bool = False
    invalid: Policy = "error"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="parse_number")
    _check(params)
    return ValueType("float64", nullable=x.nullable or params.invalid == "null", width=x.width)


def _check(params: Params) -> None:
    marks = params.decimal + (params.thousands or "")
    if len({*marks}) < len(marks):
        raise refuse("SKC124", f"`decimal` and `thousands` are both {marks[0]!r}", hint="write another decimal mark")
    if any(c.isdigit() or c in "+-" for c in marks):
        raise refuse("SKC124", f"a digit or a sign cannot be a mark: {marks!r}", hint="use a mark such as `,`")
    if params.percent and params.multipliers:
        raise refuse("SKC124", "`percent` and `multipliers` both scale the number", hint="leave out one of the two")
    for name, value in params.multipliers:
        if value not in POWERS:
            hint = "remove the unit as a `suffix`, and multiply the number by `expr` in another feature"
            raise refuse(
                "SKC123", f"the multiplier {name!r}: {value!r} is not a power of ten from 1e-30 to 1e30", hint=hint
            )
    for word in params.prefix:
        if any(c.isdigit() or c in f"+-{params.decimal}" for c in word):
            hint = "leave it out of the prefix, or remove it from the text by another step first"
            raise refuse("SKC124", f"the prefix {word!r} has a digit, a sign or the decimal mark", hint=hint)
    for word in (*params.prefix, *params.suffix, *(name for name, _ in params.multipliers)):
        if any(c < " " for c in word):
            raise refuse(
                "SKC124", f"{word!r} has a control character", hint="leave it out, and put `strip` before this step"
            )
    for word in (*params.suffix, *(name for name, _ in params.multipliers)):
        if word[0].isdigit() or word[0] in marks or (params.exponent and word[0] in "eE"):
            hint = "leave that character out, or remove it from the text by another step first"
            raise refuse("SKC124", f"{word!r} begins like a part of the number it follows", hint=hint)
    _tails(params)


def _tails(params: Params) -> dict[str, int]:
    """Every text after a number, and its power of ten. Raises SKC124 if a text has two."""
    powers: dict[str, int] = {}
    for text, power in afters(_writing(params)):
        if powers.setdefault(text, power) != power:
            hint = "name each multiplier once, and none like a suffix"
            raise refuse("SKC124", f"{text!r} after a number has two meanings", hint=hint)
    return powers


def _writing(params: Params) -> Writing:
    multipliers = tuple((name, POWERS[value]) for name, value in params.multipliers)
    scales = (("%", -2),) if params.percent else (("", 0), *multipliers)
    return Writing(params.decimal, params.thousands, params.prefix, params.suffix, scales, params.exponent)


def apply(params: Params, state: NoState, x: Block) -> Block:
    writing, present = _writing(params), x.present()
    outcomes = {text: read(writing, text) for text in dict.fromkeys(x.values[present].tolist())}
    values = np.zeros(x.values.shape)
    problems = np.full(x.values.shape, "", dtype=object)
    for i in zip(*np.nonzero(present), strict=True):
        values[i], problems[i] = outcomes[x.values[i]]
    is_invalid = problems == "invalid-value"
    block = make_block("float64", values, present & ~is_invalid if params.invalid == "null" else present)
    if params.invalid == "error":
        block = block.guard("invalid-value", is_invalid)
    return block.guard("out-of-range", problems == "out-of-range")


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    writing = _writing(params)
    layout = Layout(params.decimal, params.thousands, dict(befores(writing)), _tails(params), params.exponent)
    is_read = op.regex_full_match(x.values, pattern=pattern_of(layout, is_bounded=True))
    is_number = op.regex_full_match(x.values, pattern=pattern_of(layout, is_bounded=False))
    values = numbers(layout, x.values, x.width)
    values = where_not(is_read, const(math.nan), values)
    block = GraphBlock("float64", x.width, values)
    if params.invalid == "error":
        is_invalid = op.not_(is_number)
        block = block.guard("invalid-value", is_invalid if x.valid is None else op.and_(x.valid, is_invalid))
    return block.guard("out-of-range", op.and_(is_number, op.not_(is_read)))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    """Numbers of every kind with everything that may surround them, and near misses of each."""
    writing = _writing(params)
    starts, ends = dict(befores(writing)), _tails(params)
    end = next(iter(ends))
    mark, group = params.decimal, params.thousands or ","
    unsigned = [text.replace(".", mark).replace(",", group) for text in NUMBERS]
    texts = [f"{text}{end}" for text in unsigned]
    texts += [f"{start}1{mark}25{end}" for start in starts] + [f"7{mark}5{after}" for after in ends]
    texts += [f"{start}12{after}" for start in [*starts][-3:] for after in [*ends][-3:]]
    texts += [f"{gap}1{end}" for gap in GAPS[1:]] + [f"1{end}{gap}" for gap in GAPS[1:]]
    texts += [
        near for after in ends if after for near in (f"1{after}{after}", f"1{after.swapcase()}", after, f"1  {after}")
    ]
    texts += [*EXPONENTS, *(f"1{text}" for text in exponents())] if params.exponent else ["1e5", "1E5"]
    return [None, *dict.fromkeys((*texts, *unsigned, *NOT_NUMBERS))]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    writing = _writing(params)
    floats = [float(value) for value in values if value is not None and not isinstance(value, str)]
    return [text for value in floats if math.isfinite(value) for text in write(writing, value)]


# With "." and ",": ties between two floats and their neighbours, the limits, groups of every length.
# fmt: off
NUMBERS = (
    "0", "-0", "+1", "--1", "+-1", "007", "5.", ".5", ".", "", "1.5.2", "0.1", "0.3", "2.675", "123456789012345678",
    "1234567890123456789", "0.123456789012345678", "0.1234567890123456789", "9007199254740993", "9007199254740993.0",
    "9007199254740993.000000000000000001", "9007199254740992.999999999999999999", "9007199254740995", "0" * 18 + "1",
    "4503599627370496.5", "4503599627370497.5", "4503599627370497.499999999999999999", "999999999999999999.9999",
    "0.000000000000000001", "1,234", "1,234,567.89", "1,5", "12,34,567", "1234,567", ",123", "1,,234", "1,234,",
    "1.234,5", "1,234.", "123,456,789,012,345,678", "1,123,456,789,012,345,678", "0,000", "1,23", "1,2345", "-1,000.5",
)
EXPONENTS = (
    "1e5", "1E5", "1e+5", "1e-5", "1.5e-3", "-2e0", "1e", "1e+", "e5", "1e5.", "1e 5", "1e05", "1e005", "1e0005",
    "1e279", "1e280", "1e-279", "1e-280", "999999999999999999.9e279", "0.000000000000000001e-279", "1e309", "1e999",
    "9007199254740993e0", "5e-324", "2.2250738585072014e-308", "1.e5", ".5e1", "1e5e5", "1ee5", "1\u00e95",
)
NOT_NUMBERS = (
    "nan", "NaN", "inf", "-inf", "Infinity", "0x10", "1_000", "1 2", "1'000", "٣", "１", "²", "½", "−1", "1-", "(1)",
    "Varies with device", "$", "~1~", "1~", "~", "1\n", "\n1", "1\u200b", "\ufeff1", "1:2", "1/2", "é", "😀1", "a1",
)
# fmt: on

OP = Op(
    name="parse_number",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    carry_back=carry_back,
    cases=CASES,
)
