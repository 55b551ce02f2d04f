"""The cases of `parse_number`."""

from __future__ import annotations

from typing import Any

from skc.op import Case
from skc.values.types import Scalar

NO, FAR = "invalid", "too far"  # mark an output that is not served
CODES = {NO: "invalid-value", FAR: "out-of-range"}


def _case(name: str, shows: str, expected: dict[str, Any], **params: Any) -> Case:
    values: list[Scalar] = [None if value in CODES else value for value in expected.values()]
    guards = [(CODES[value], i, 0) for i, value in enumerate(expected.values()) if value in CODES]
    return Case(
        name,
        tuple(shows.split()),
        {"s": "string"},
        [[t] for t in expected],
        [[v] for v in values],
        params,
        guards=guards,
    )


def _refused(name: str, code: str, **params: Any) -> Case:
    return Case(name, ("C9",), {"s": "string"}, [], [], params, refused=code)


# fmt: off
CASES = (
    _case("plain numbers", "C1 C3 C4", {
        "19": 19.0, "-4.5": -4.5, "+0.1": 0.1, "5.": 5.0, ".5": 0.5, "-0": -0.0, "007": 7.0, "2.675": 2.675,
        "9007199254740993": 9007199254740992.0, "9007199254740993.000000000000000001": 9007199254740994.0,
        "9007199254740995": 9007199254740996.0, "123456789012345678": 1.2345678901234568e17}),
    _case("not numbers", "C5 C4 C6", dict.fromkeys(
        ("", ".", "-", "nan", "inf", "0x10", "1_000", "٣", "１", "1,5", " 1", "1 ", "1e5", "$1", "1%", "--1",
         "1.2.3"), NO)),
    _case("groups of three", "C2", {
        "1,234,567.89": 1234567.89, "1234567": 1234567.0, "0,000": 0.0,
        "123,456,789,012,345,678": 1.2345678901234568e17,
        "1,5": NO, "12,34,567": NO, "1234,567": NO, ",123": NO, "1,234,": NO, "1,,234": NO, "1,234.5,6": NO},
        thousands=","),
    _case("currency", "C3 C6", {
        "$4.99": 4.99, "0": 0.0, "-$1,000": -1000.0, "$-1,000": -1000.0, "$ +5": 5.0, "US$ 962,498.36": 962498.36,
        "-$-5": NO, "$$5": NO, "$": NO, "5$": NO, "us$5": NO, "$  5": NO}, thousands=",", prefix=["$", "US$"]),
    _case("decimal comma", "C2 C6", {
        "1.234,56 €": 1234.56, "1.234,56\u00a0€": 1234.56, "12€": 12.0, "-0,5": -0.5, "1.5": NO, "1,234.56": NO,
        "€": NO},
        decimal=",", thousands=".", suffix="€"),
    _case("a blank between groups", "C2 C6", {
        "1 234 567 kg": 1234567.0, "1 kg": 1.0, "12kg": 12.0, "1 23": NO, "1 234 ": NO, "1  234": NO, " 1": NO},
        thousands=" ", suffix=["kg"]),
    _case("per cent", "C1 C6", {
        "7.47%": 0.0747, "12 %": 0.12, "-100%": -1.0, "0.07%": 0.0007, "7.47": NO, "%": NO, "7%%": NO,
        "7\u202f%": 0.07},
        percent=True),
    _case("units", "C1 C6", {
        "19M": 19e6, "19.1M": 19100000.0, "201k": 201e3, "1.005k": 1005.0, "0.3m": 0.0003, "8": 8.0, "10,000+": 10000.0,
        "5 M+": 5e6, "19m+": 0.019, "Varies with device": NO, "K": NO, "1K": NO, "1kk": NO, "1+M": NO},
        thousands=",", suffix="+", multipliers={"k": 1e3, "M": 1e6, "m": 1e-3}),
    _case("exponents", "C1 C7", {
        "1.5e-3": 0.0015, "1E5": 1e5, "1e+05": 1e5, "-2e0": -2.0, "1e279": 1e279, "1e-279": 1e-279, "12k": NO,
        "12 kg": 12.0, "1e280": FAR, "1e-280": FAR, "1e309": FAR, "1e0005": FAR, "1e": NO, "e5": NO,
        "1e5 kg": NO, "1e5e5": NO},
        exponent=True, suffix="kg"),
    _case("too many digits", "C7", {
        "0.1234567890123456789": FAR, "1234567890123456789": FAR, "0000000000000000001": FAR,
        "1.12345678901234567": 1.1234567890123457, "12345678901234567.": 12345678901234568.0,
        "999999999999999999.999999999999999999": 1e18}),
    Case("invalid is null", ("C7", "C8"), {"s": "string?", "t": "string?"},
         [["a", "1"], [None, ""], ["2", None], ["", "1234567890123456789"]],
         [[None, 1.0], [None, None], [2.0, None], []], {"invalid": "null"}, guards=[("out-of-range", 3, 1)]),
    Case("null is not invalid", ("C8",), {"s": "string?"}, [[None], ["x"], [""]], [[None], [], []],
         guards=[("invalid-value", 1, 0), ("invalid-value", 2, 0)]),
    _refused("one mark twice", "SKC124", thousands="."),
    _refused("a digit as mark", "SKC124", thousands="0"),
    _refused("two scales", "SKC124", percent=True, multipliers={"k": 1e3}),
    _refused("one name twice", "SKC124", multipliers={"k": 1e3}, suffix="k"),
    _refused("a prefix with the decimal mark", "SKC124", prefix="Rs."),
    _refused("a suffix like an exponent", "SKC124", suffix="e", exponent=True),
    _refused("not a power of ten", "SKC123", multipliers={"h": 60.0}),
)
# fmt: on
