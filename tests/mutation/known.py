"""Faults that no row can show, or for which another step is blamed, each with the reason that was found by looking.

A rule is held against `SUBJECT | KIND | WHAT`. Whatever is not found and stands here under no rule breaks the run.
"""

from __future__ import annotations

import re

from skc.selfcheck.report import Outcome

EQUIVALENT = {
    # numbers
    r"cast: .*\| (edge|float off|`<`).*(9\.22|GreaterOrEqual_0_C)": "a bound of int64 is its own bound",
    r"cast: rounded: trunc .*(Less_0_C|float64\(0\.0\))": "0 is cut the same way from above and from below",
    r"cast: (flag|moment) to \w+ \| another parameter": "the output is cast to that type anyway",
    r"cast: large integers, rounded .*'int64'": "the output is cast to the float64 it would have been cast to",
    r"clip: constant column \| (edge|float off)": "both bounds are one value, and the other one decides",
    r"minmax_scale: .*\| (edge|`<`)": "between two floats that scale to one",
    r"(robust|standard)_scale: .*\| another parameter": "the state is neutral: mean 0, or scale 1",
    r"round: .*(9007199254740992|GreaterOrEqual_0_C)": "around 2^53 every number is whole, and rounds to itself",
    r"round: .*(Less_\d_C|float64\(0\.0\))": "zero rounds to zero, whichever sign is looked at",
    r"(bucketize|quantile_bin): .*\| output columns swapped": "two columns that are equal in every row",
    r"(bucketize|quantile_bin): .*\| condition turned round .*Where_\d_output": "both branches are the same constant",
    r"bucketize: .*many.*edges .*GreaterOrEqual_\d": "a step of the search that none of these edges is met in",
    r"bucketize: large integers, more .*GreaterOrEqual_\d": "a step of the search that none of these edges is met in",
    r"(cyclical|elapsed|cast): .*\| float32 in the middle": "every value is a float32, or within 1e-6",
    r"bucketize: .*(many edges|more than).*Add_\d+_C": "what is added in that step of the search is 0",
    # real data
    r"taxis .*(9007199254740992|GreaterOrEqual_8_C)": "the ratio was clipped to 0 .. 1, far below 2^53",
    r"taxis .*party/1:bucketize.*closed": "whole numbers meet none of the edges, which are halves",
    r"titanic .*Constant_2_output.\[1\]": "a flag is scaled to -1 or over 1, and clipped to 1",
    r"titanic .*edge at the next float .*Constant_7": "no age gives the float in between: its neighbours were tried",
    r"titanic .*flags/0:cast": "the output is cast to that type anyway",
    # expressions
    r"expr: .*(4\.611686|Greater_\d_C)": "a first look at overflow, which a second one follows",
    r"expr: .*\| edge at the next float .*float64\(0\.0\)": "an input is compared with 0 in size: the denormals agree",
    r"expr: (floor division|least by -1|quotient|short circuit).*Less_\d_C": "the sign of zero, where zero gives zero",
    r"expr: .*\| guard that never fires": "a literal divisor, or a branch that is left out: nothing can overflow",
    r"expr: .*\| columns swapped": "the expression is symmetric",
    r"expr: .*\| operation replaced": "the other operand is fixed in this expression",
    r"expr: .*\| float32 in the middle": "the values are small whole numbers",
    # categories
    r"hash_bucket: one bucket": "everything falls into the one bucket",
    r"one_hot: everything infrequent": "there is no column at all",
    r"(one_hot|ordinal): .*\| guard that never fires .*column `b`": "a bool has no unknown value",
    r"ordinal: a list for each column .*Add_0_C": "the number of the column is 0 where it matters",
    # times
    r"datetime_part: an offset of -4:56:02 .*Sub_0_C": "minutes are the same 400 years on",
    r"parse_datetime: a time left out: None .*Add_11_C": "the drop of whole cycles is 0 in the years tried",
    r"parse_datetime: a fixed offset .*And_1_C": "days only: no midnight of this zone is beyond the years",
    r"datetime_part: local time (before|after) .*": "no change of this zone moves the part",
    r"parse_datetime: (summer|local mean time) ": "no hours in the format: no midnight is left out",
    r"parse_datetime: .*\| key accepted": "the pattern lets no such text through",
    r"parse_datetime: .*\| category dropped .*'Z": "Z is no offset, and so is what is not found",
}
BLAMED = {
    r"\| (columns swapped|operation replaced) .*blamed on \w+/source": "the input's own step is part of the op's nodes",
    r"\| another parameter .*blamed on None": "the fault lies behind the tensor that bears the step's value",
    r"\| another parameter .*(ambiguous|nonexistent) is 'null'.*blamed on": "nulls where the plan has none",
}


def is_known(subject: str, outcome: Outcome) -> bool:
    """Whether a rule explains it."""
    told = f"{subject} | {outcome.mutant.kind} | {outcome.mutant.what}"
    if outcome.fate == "not found":
        return any(re.search(rule, told) for rule in EQUIVALENT)
    return any(re.search(rule, f"{told} | blamed on {outcome.step}") for rule in BLAMED)
