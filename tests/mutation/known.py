"""Faults that no row can show, that no row drawn shows, or for which another step is blamed, each with the reason.

A rule is matched against `SUBJECT | KIND | WHAT`. What is not found and is covered by no rule fails the run; so does
a fault in an op's case that is said to be equivalent and is shown by a row of `grid`. Where every fault is tried, a
rule that explains none does too.
"""

from __future__ import annotations

import re

from skc.selfcheck.report import MutantResult

EQUIVALENT = {
    # numbers
    r"cast: rounded: trunc .*(/Less_0`|float64\(0\.0\))": "0 is cut the same way from above and from below",
    r"cast: (flag|moment) to \w+ \| another parameter": "the output is cast to that type anyway",
    r"cast: large integers, rounded .*'int64'": "the output is cast to the float64 it would have been cast to",
    r"cast: flag to float \| float32 in the middle": "0 and 1 are float32",
    r"clip: constant column \| (edge|float off)": "the lower bound is set first, and the upper one is the same value",
    r"(robust|standard)_scale: .*\| another parameter": "the state is neutral: center 0, or scale 1",
    r"round: .*(9007199254740992|/GreaterOrEqual_0`)": "around 2^53 every number is whole, and rounds to itself",
    r"round: .*(/Less_\d`|float64\(0\.0\))": "zero rounds to zero, and so do the denormals beside it",
    r"bucketize: edges that no int64 is.*\| output columns swapped": "two bins that no int64 falls into",
    r"quantile_bin: constant columns \| output columns swapped": "both columns have one bin",
    r"quantile_bin: constant columns \| condition inverted .*/Not_0`": "bin 0, and the 0 under a null",
    r"(bucketize|quantile_bin): .*condition inverted \| `feature/0:\w+(/Where_\d)?`": "both branches are one constant",
    r"bucketize: .*(many edges|more than).*/GreaterOrEqual_\d": "no edge of this case lies where that step looks",
    r"bucketize: .*(many edges|more than).*/Add_\d+`": "what is added in that step of the search is 0",
    r"(cyclical: .*/Sub_\d`|minmax_scale: clip .*/Add_0`)": "ONNX Runtime leaves out a zero, added or taken away",
    r"cyclical: large integers \| float32 in the middle": "whole quarters of a period: 0, 1 and -1",
    r"weighted_median: (three|almost|one).*(Constant_\d`|Equal_0`|Greater_0`|Mul_0`|guard)": "no sum is near half",
    r"weighted_median: half.*(Constant_9`|/Greater_0`|guard)": "a sum is half of all, or far from it; NaN is in no row",
    r"one_vs_one: votes.* \| float32 in the middle": "a number of pairs is small and whole",
    r"elapsed: dates \| float32 in the middle": "multiples of 24, which float32 holds that far",
    r"elapsed: (.*birthdays|.*months|to the|a month).*\| float32 in": "float32 holds such months",
    r"is_holiday: (local days|outside in a zone) .*(transition|season)": "no holiday or last year ends near it",
    r"is_holiday: two columns \| entries swapped": "both are holidays",
    r"datetime_part: the (end of a local|ISO year|last day of|first day of) .*transition": "no local day ends near it",
    r"target_encode: equal targets.*(Not_0|output columns swapped)": "every category has the one target",
    r"(knn_impute|nearest|within_radius): .*Floor becomes Ceil": "a number equals either only where it is whole",
    r"knn_impute: fewer rows than k": "every row that has a value is taken, whatever its distance",
    r"knn_impute: weights by distance .*never fires.*`tie`.*`a`": "every row that has a value is taken",
    r"(nearest|knn_impute): .*edge at the next float .*(11863283|9686330|16777216)\.": "no whole number lies between",
    r"nearest: (the largest|averages|points of) .*/LessOrEqual_0`": "no two points are equally far from there",
    r"nearest: the largest difference \| float off .*float64\(1\.77635683": "no two distances are that far apart",
    r"interpolate: a single point \| float32": "its y is 0.5",
    r"interpolate: (columns with|what an error) .*5e-324": "so small a change of x is lost when y is added",
    r"quantile_transform: equal .*float64\(7\.0\)": "the first quantile of a constant column decides",
    r"quantile_transform: normal .*5e-324": "1e-7 is taken away before the comparison",
    r"quantile_transform: normal .*(0\.1353352832366127\)|/Greater_2`)": "no share is so near to exp(-2)",
    r"quantile_transform: fewer .*/GreaterOrEqual_1`": "quarters: at a quantile both sides give its share",
    r"quantile_transform: fewer .*Constant_2`": "after the last quantile the table has 1 too",
    r"spline: (hats|cubic|lines|equal|steps that).*\[0\]: np.float64\(0\.0\)": "below the range it is as at its end",
    r"spline: steps that go on .*Constant_3`\[3\]": "above the range it is as at its end",
    r"spline: (polynomials|hours|periodic splines) .*/GreaterOrEqual_0`": "at a knot both sides have the same bits",
    r"spline: polynomials .*edge at the next float .*\[0\]: np.float64\(1\.0\)": "at a knot both sides are the same",
    r"spline: (hours|periodic splines) .*(/Less_0`|float64\(5e-324\))": "at the end of a period it is as at the start",
    r"spline: (hours|periodic) .*(/Sub_0`|/Add_1`)": "the period starts at 0, which is taken away and added again",
    r"spline: one step .*/out-of-range`": "neither is ever true: a single step is 0 beyond its range",
    r"spline: equal knots .*(float64\(5\.0\)|constant_sp_1)": "where all knots are equal, all splines are 0",
    r"knn_impute: (averages that cancel|weights that are noise) .*`tie`.*`a`": "every row that has a value is taken",
    r"knn_impute: averages that cancel .*(Constant_0`|Constant_15`|/Sub_0`)": "both rows are taken, wherever they are",
    r"knn_impute: rows with the same .*Constant_15`": "the two rows have the same distance from every row",
    r"knn_impute: whole numbers .*/Not_9`": "`b` is never null, so every row has a distance",
    r"nearest: averages .*Constant_21`\[3\]": "a number that tells the point from all others, whatever it is",
    r"nearest: averages .*/LessOrEqual_1`": "no whole number is as far from 1 as from 2",
    r"nearest: (points of|all points|.*whole numbers|input with) .*\| float32": "shares are 0, 1/2 or 1",
    r"nearest: all points .*(Constant_23`|/Sub_0`|/LessOrEqual_0`|columns swapped)": "both points are taken: 1/2 each",
    r"nearest: weights by distance .*Constant_35`\[2\]": "1 and 2 are never third and fourth, and do not coincide",
    r"nearest: weights by distance .*noise0` and": "two shares have the same error",
    r"nearest: equal weights .*Constant_48`": "so near to a point its target remains, whatever the error",
    r"(nearest|within_radius): .*float off .*float64\(1e-300\)": "added to a divisor, far below any other",
    r"within_radius: .*(16777216|11863283|9686330)\.": "no row so far away is at the radius of a point",
    r"within_radius: .*/LessOrEqual_1`": "no row so far away is at the radius of a point",
    r"within_radius: averages .*(float32 in|metric is)": "float32 holds them; of one column metrics agree",
    r"within_radius: shares .*Constant_[68]`": "times the 0 of the other class",
    r"within_radius: targets that .*(metric is|/Mul_0`)": "of one column metrics are the same; the error is 0",
    r"within_radius: weights by .*/Mul_2`": "it multiplies by 1, or an error of 0",
    r"within_radius: weights by distance .*(Constant_11`|Constant_19`)": "an infinity stays; no error is so small",
    r"within_radius: weights by distance .*noise0` and": "two shares have the same error",
    r"within_radius: .*edge at the next float .*float64\((1\.25|9\.0|0\.5)\)": "so near to it every row is guarded",
    r"within_radius: angles .*Constant_10`": "a distance of 2 is beyond the radius",
    # expressions
    # The product of the numbers as floats is that of the integers but for rounding, or 2^64 away.
    r"expr: .*4\.611686": "any bound between the two will do",
    r"expr: (product|integer power|what is left out).*: Greater becomes": "nothing lies at the bound",
    r"expr: (chain|inexact|string membership).*float64\(0\.0\)": "what is compared with 0 is whole, or within 1e-6",
    r"expr: inexact .*/Greater_0`": "1 and a zero of either sign are 1",
    r"expr: integer power .*/Sub_0`": "where the square overflows, the cube does too, and has a guard of its own",
    r"expr: (floor division|least by -1|quotient).*/Less_\d`": "a remainder of 0 needs no correction",
    r"expr: short circuit of and .*/(Greater|Less)_\d`": "n is 0, where `n > 0` has decided",
    r"expr: floor division by a literal \| guard": "no integer overflows when divided by 3 or -3",
    r"expr: what is left out .*\| (guard|operation replaced .*: Or becomes)": "below 3,000,000,000 no square overflows",
    r"expr: (three-valued and|is_null|min of|times have an order) .*\| columns swapped": "the expression is symmetric",
    r"expr: promotion rounds .*: Add becomes": "an integer plus or minus 0.0",
    r"expr: chain .*/And_3`": "the second operand is never null",
    r"expr: (null condition of float64|power zero) \| float32": "1, 1.5 and 2 are float32",
    # categories
    r"hash_bucket: one bucket": "everything falls into the one bucket",
    r"one_hot: everything infrequent": "there is no column at all",
    r"(one_hot: (booleans|what was never)|ordinal: booleans).*\| guard that never fires": "both values are known",
    r"ordinal: a list for each column .*/Add_0`": "the second column has no category",
    r"target_encode: classes .*/Add_0`": "the second column has no category",
    r"missing_indicator: what is never null .*columns swapped": "both columns are always false",
    r"hash_features: texts and numbers .*places 0 and 1": "either of the first two may be added to the other",
    # texts
    r"count_tokens: .*output columns swapped .*(s_a b|very  good|s_ a` and `case.s_  `)": "no text has either key",
    r"count_tokens: longer .*\| key accepted with a blank .*'bb cc '": "only beside 'bb cc', and any count is 1",
    r"count_tokens: .*\| key accepted with a blank .*'abc  '": "no sequence has two blanks at its end",
    r"count_tokens: (characters within|words shorter).*/Sub_0`": "the blanks before a text count nowhere",
    r"hash_tokens: (without signs|signs cancel|words shorter).*\| flag inverted": "the last place is no part anyway",
    r"hash_tokens: (null is|columns side).*(/Sub_\d|/Where_0)`": "everything falls into the one column",
    r"tfidf_weight: (idf and|magnitudes|logarithms before).*float64\(1\.0\)": "what is divided by it is 0, or all but",
    # rows
    r"normalize: .*(edge at the next float .*float64\(2\.22\S+e-24\)|/Less_1`)": "multiples of 2^-101, and it is none",
    r"normalize: greatest .*float off .*Constant_0`": "it is only asked whether there is a null",
    r"normalize: (root|sum).*(edge .*e-15\)|/Less_0`)": "a row whose length is so near is refused",
    # times
    # The table of changes is asked within 51 days of one, and no year begins there.
    r"datetime_part: local time .*(transition|season|/Add_0`)": "the year is the same either way",
    r"datetime_part: an offset of -4:56:02 .*/Sub_0`": "minutes are the same 400 years on",
    r"parse_datetime: (summer|local mean time) ": "days only: no midnight is left out or shown twice",
    r"parse_datetime: a fixed offset .*/And_1`": "days only: no midnight of this zone is beyond the years",
    r"parse_datetime: a time left out: None .*/Add_11`": "the moment of the jump is null by policy",
    r"parse_datetime: .*\| key accepted": "the pattern lets no such text through",
    r"parse_number: .*\| key accepted": "the pattern lets no such text through",
    r"parse_datetime: .*\| category dropped .*'Z": "Z is no offset, and so is what is not found",
    # the example and real data, which no grid is tried on
    r"(rides|taxis) .*:cyclical/Sub_\d`": "ONNX Runtime leaves out a zero, added or taken away",
    r"rides .*passengers/2:minmax_scale": "0.0 is the bound, and no scaled passenger is -0.0",
    r"taxis .*(9007199254740992|:round/GreaterOrEqual_0`)": "the ratio was clipped to 0 .. 1, far below 2^53",
    r"taxis .*party/1:bucketize.*closed": "whole numbers meet none of the edges, which are halves",
    r"titanic .*age/1:minmax_scale/Constant_0`\[1\]": "a flag is scaled to -1 or over 1, and clipped to 1",
    r"(knn_impute|nearest|within_radius): weights .*edge at the next float .*becomes np\.float64\(-5e-324\)": (
        "a row at distance 0 is refused, since its distance is rounding noise"
    ),
    r"map: flags \| (flag inverted .*\[2\]|guard that never fires)": "the table has both flags, and there is no third",
    r"titanic .*edge at the next float .*age_bin/0:quantile_bin/Constant_1": "no age gives the float in between",
    r"titanic .*flags/0:cast": "the output is cast to that type anyway",
}
# A row would show these, but verification does not draw it: gaps in its rows, and not equivalences.
MISSED = {
    r"elapsed: local (birthdays|ends of months) .*(season|transition)": "no row is an hour from a month there",
    r"one_vs_one: scores with": "rows are drawn without knowing that errors are small: all but few are refused",
    r"match_atom: .*(edge at the next float|/GreaterOrEqual_0`)": "rows are drawn without knowing that errors are 0",
    r"knn_impute: weights by distance .*Constant_112`.*-5e-324": "few rows are whole numbers, whose errors are 0",
    r"nearest: (a ball tree|targets that) .*float off .*float64\(1\.33226762": "no row is so near to a tie",
    r"nearest: (whole|distances of|weights by distances) .*/Greater_[01]`": "no row is exactly at the limit of a tie",
    r"nearest: input with an error .*/LessOrEqual_0`": "no row is exactly at the limit of a tie",
    r"within_radius: .*float off .*float64\((\d\.\d+e-1\d|1e-12|[1245]\.0)\)": "no row is so near to a limit",
    r"within_radius: .*/(Greater|Less)_\d`": "no row is exactly at the limit of an error",
    r"within_radius: .*algorithm is": "no row is at a tie of one algorithm alone",
    r"within_radius: (the square|distances|weights by distances).*operation replaced": "no row is so near to a limit",
    r"within_radius: weights by distances.*/Where_[236]`": "few rows are drawn at a point, where errors decide",
}
BLAMED = {
    r"count_tokens: .*\| unknown sent to id 0": "what fills up shorter texts counts, and a text alone has none",
    r"taxis .*dropoff_at/0:parse_datetime.*blamed on pickup_at/0": "the two are one step in the graph",
}


def rule_of(subject: str, outcome: MutantResult) -> str | None:
    """The first rule that explains it."""
    told = f"{subject} | {outcome.mutant.kind} | {outcome.mutant.what}"
    if outcome.fate != "not found":
        told += f" | blamed on {outcome.step}"
    rules = {**EQUIVALENT, **MISSED} if outcome.fate == "not found" else BLAMED
    return next((rule for rule in rules if re.search(rule, told)), None)
