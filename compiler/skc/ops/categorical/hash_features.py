"""Add features that are named by text into a fixed number of columns, by hash: like scikit-learn's `FeatureHasher`,
dense.

Why: no vocabulary has to be learned, and a category that training never saw has a column too. In pipeline.yaml
`hash_bucket` with `one_hot` does the same for one column.

The column of a feature is |h| mod `n_features`, with h the signed 32-bit MurmurHash3 (x86, seed 0) of the UTF-8 bytes
of its name.

Parameters
----------
n_features : int, 1 to 65536
    The number of columns.
alternate_sign : bool, default true
    Add the negated value of a feature whose h is negative, so that features that share a column tend to cancel out.
null : "error" or "zeros", default "zeros"
    For a null: refuse the row; or add nothing.

Input: strings and float64 columns. Output: `n_features` float64 columns. State: of a column of numbers, the name of the
feature whose value it holds; of a column of text, what stands before the text in the name of a feature of value 1.

Critical points
---------------
C1  A text is part of the name: `city=` and `Oslo` are the feature `city=Oslo`, with the value 1. "" is a text.
C2  A number is the value of one feature; 0 adds nothing, and neither does a null.
C3  -2^31, which has no positive counterpart in 32 bits, is taken as 2^31: all hashes have a column.
C4  Values that fall into one column are added, beginning with 0, in the order of the inputs.
C5  A row is guarded with `rounding-noise` where values cancel so far that another order of the additions may give a
    result that differs by more than 1e-6 max(1, |y|), and where a number is infinite: infinities may meet.
C6  Null under `error`: guard `invalid-value`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, all_of, concat_columns, signed_places
from skc.emit.opset import const, op
from skc.emit.text import added
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require, require_exact
from skc.ops.categorical._murmur3 import continued, hash_key, signed_place
from skc.ops.linear._noise import UNCERTAIN, error_bound, is_noise, lower_is_noise
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType

if TYPE_CHECKING:
    from spox import Var

MOST = 2**16
LEAST = 1 << 31  # as a signed number -2^31
MOST_SEARCHED = 16  # columns for which a text with that hash is looked for


@parameters
class Params:
    n_features: Annotated[int, Field(ge=1, le=MOST)]
    alternate_sign: bool = True
    null: Literal["error", "zeros"] = "zeros"


@dataclass(frozen=True)
class State:
    names: tuple[str, ...]


def infer(params: Params, *types: ValueType) -> ValueType:
    for x in types:
        require(x, "string", "float64", op="hash_features")
        require_exact(x, op="hash_features")
    return ValueType("float64", width=params.n_features)


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    """They have no names in scikit-learn either."""
    return (tuple(map(str, range(params.n_features))), *((),) * (len(columns) - 1))


def apply(params: Params, state: State, *blocks: Block) -> Block:
    rows = blocks[0].rows
    sums, sizes = np.zeros((rows, params.n_features)), np.zeros((rows, params.n_features))
    for k, i in np.ndindex(len(blocks), rows):
        value = blocks[k].values[i, 0]
        if not blocks[k].present()[i, 0] or value == 0:
            continue
        name, amount = (state.names[k], float(value)) if blocks[k].kind.is_float else (state.names[k] + value, 1.0)
        place, sign = signed_place(hash_key(name, 0), params.n_features)
        with np.errstate(invalid="ignore"):
            sums[i, place] += sign * amount if params.alternate_sign else amount
        sizes[i, place] += abs(amount)
    block = Block("float64", sums)
    if any(b.kind.is_float for b in blocks):
        block = block.guard("rounding-noise", is_noise(sums, sizes * error_bound(len(blocks))))
    missing = ~np.hstack([b.present() for b in blocks])
    return (
        block.guard("invalid-value", np.asarray(missing.any(axis=1, keepdims=True)))
        if _refuses_null(params, blocks)
        else block
    )


def _refuses_null(params: Params, blocks: Sequence[Block] | Sequence[GraphBlock]) -> bool:
    return params.null == "error" and any(b.kind.is_float or b.valid is not None for b in blocks)


def lower(params: Params, state: State, *blocks: GraphBlock) -> GraphBlock:
    texts = [k for k, b in enumerate(blocks) if not b.kind.is_float]
    numbers = [k for k, b in enumerate(blocks) if b.kind.is_float]
    parts = [_texts(params, state, blocks, texts)] if texts else []
    parts += [_numbers(params, state, blocks, numbers)] if numbers else []
    place, amount = (concat_columns(list(columns)) for columns in zip(*parts, strict=True))
    if texts + numbers != sorted(texts + numbers):
        order = const([(texts + numbers).index(k) for k in range(len(blocks))])
        place, amount = op.gather(place, order, axis=1), op.gather(amount, order, axis=1)
    sums = added(place, amount, params.n_features)
    block = GraphBlock("float64", params.n_features, sums)
    if numbers:
        sizes = added(place, op.abs(amount), params.n_features)
        block = block.guard("rounding-noise", lower_is_noise(sums, sizes, len(blocks), params.n_features))
    if not _refuses_null(params, blocks):
        return block
    present = all_of(*(b.present() for b in blocks))
    assert present is not None
    return block.guard("invalid-value", op.not_(present))


def _texts(params: Params, state: State, blocks: Sequence[GraphBlock], texts: Sequence[int]) -> tuple[Var, Var]:
    """int64 and float64 [N, texts]: where each feature goes, and what is added there."""
    values = concat_columns([blocks[k].values for k in texts])
    prefixes = [state.names[k] for k in texts]
    if any(prefixes):
        values = op.string_concat(const([prefixes]), values)
    place, is_negative = signed_places(values, len(texts), params.n_features)
    one = const(1.0)
    signed = (is_negative, const(-1.0)) if params.alternate_sign else (op.equal(place, place), one)
    amount = op.where(*signed, one)
    if any(blocks[k].valid is not None for k in texts):
        amount = op.where(concat_columns([_present(blocks[k]) for k in texts]), amount, const(0.0))
    return place, amount


def _present(block: GraphBlock) -> Var:
    """bool [N, 1], also of a column that has no null."""
    present = block.present()
    return op.equal(block.values, block.values) if present is None else present


def _numbers(params: Params, state: State, blocks: Sequence[GraphBlock], numbers: Sequence[int]) -> tuple[Var, Var]:
    values = concat_columns([blocks[k].values for k in numbers])
    signed = [signed_place(hash_key(state.names[k], 0), params.n_features) for k in numbers]
    places, signs = ([one[part] for one in signed] for part in (0, 1))
    is_missing = op.isnan(values)
    amount = op.where(is_missing, const(0.0), values)
    if params.alternate_sign:
        amount = op.mul(amount, const([signs], np.float64))
    place = op.where(is_missing, const([places], np.int64), const([places], np.int64))
    return place, amount


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    null: list[Scalar] = [None] if x.nullable else []
    if x.dtype == "float64":
        ends = [1.0, *UNCERTAIN, 1e17, 1.7976931348623157e308, math.inf]
        return [*null, 0.0, -0.0, 5e-324, *ends, *(-end for end in ends)]
    lengths = ["abcdefgh"[:n] for n in range(9)]  # every length of the tail after the 4-byte words
    least = [continued(name, LEAST).removeprefix(name) for name in state.names[k : k + 1] if k < MOST_SEARCHED]
    return [*null, *lengths, *least, "=", " a", "A", "é", "e\u0301", "中文", "😀", "x" * 1000]


CASES = (
    Case(
        name="texts and numbers",
        shows=("C1", "C2", "C4"),
        columns={"city": "string?", "size": "float64?", "unit": "string"},
        params={"n_features": 5},
        state=State(("city=", "size", "unit=")),
        rows=[["Oslo", 2.5, "kg"], [None, None, "kg"], ["", 0.0, ""], ["a=b", -0.0, "kg"]],
        expect=[
            [0.0, 0.0, 0.0, 2.0, -2.5],
            [0.0, 0.0, 0.0, 1.0, 0.0],
            [1.0, 0.0, 0.0, 0.0, 1.0],
            [0.0, 0.0, 0.0, 2.0, 0.0],
        ],
    ),
    Case(
        name="texts alone, without signs",
        shows=("C1", "C3", "C6"),
        columns={"s": "string?", "t": "string"},
        params={"n_features": 7, "alternate_sign": False, "null": "error"},
        state=State(("", "")),
        rows=[["cbhatswl", "cbhatswl"], ["a", "b"], [None, "a"], ["", "a"]],
        expect=[
            [0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
            [],
            [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        ],
        guards=[("invalid-value", 2, 0)],
    ),
    Case(
        name="the hash without a counterpart",
        shows=("C3",),
        columns={"s": "string"},
        params={"n_features": 7},
        state=State(("",)),
        rows=[["cbhatswl"]],
        expect=[[0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0]],  # 2^31 mod 7
    ),
    Case(
        name="numbers that cancel",
        shows=("C2", "C4", "C5"),
        columns={"a": "float64", "b": "float64?", "c": "float64"},
        params={"n_features": 1, "null": "error"},
        state=State(("a", "b", "c")),
        rows=[[1.0, 2.0, 4.0], [1e17, 1.0, 1e17], [1.0, None, 0.0], [math.inf, 1.0, 1.0], [1e17, 0.0, 0.0]],
        expect=[[-5.0], [], [], [], [1e17]],
        guards=[("rounding-noise", 1, 0), ("invalid-value", 2, 0), ("rounding-noise", 3, 0)],
    ),
)


def _from_sklearn(hasher: Any, x: Columns) -> Columns:
    if np.dtype(hasher.dtype) != np.float64:
        hint = "fit with `dtype=numpy.float64`, the default"
        raise refuse("SKC151", f"`dtype={np.dtype(hasher.dtype)}` of FeatureHasher does not compile", hint=hint)
    if hasher.n_features > MOST:
        hint = f"fit with `n_features=4096`, or {MOST} at most: the output is dense, and needs memory"
        raise refuse("SKC151", f"`n_features={hasher.n_features}` is more than the output can have", hint=hint)
    if hasher.input_type == "pair":
        hint = "use `input_type='dict'`, and give each row as a dict"
        raise refuse("SKC151", "an input of an artifact cannot hold the rows of `input_type='pair'`", hint=hint)
    is_dict, kinds = hasher.input_type == "dict", [t.dtype == "string" for t in x.types]
    if not is_dict and not all(kinds):
        k = kinds.index(False)
        hint = "give texts only, or use `input_type='dict'`"
        raise refuse(
            "SKC158", f"`input_type='string'` takes texts, and `{x.names[k]}` is {x.types[k].dtype}", hint=hint
        )
    parts = [x.pick([k]) if is_text else x.pick([k]).numbers() for k, is_text in enumerate(kinds)]
    params = Params(
        n_features=int(hasher.n_features),
        alternate_sign=bool(hasher.alternate_sign),
        null="zeros" if is_dict else "error",
    )
    state = State(
        tuple((f"{n}=" if is_text else n) if is_dict else "" for n, is_text in zip(x.names, kinds, strict=True))
    )
    return x.pick([]).beside(*parts).apply(OP, params, state)


SKLEARN = {
    "sklearn.feature_extraction.FeatureHasher": Claim(
        _from_sklearn, ("n_features", "input_type", "dtype", "alternate_sign")
    )
}

OP = Op(
    name="hash_features",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=fitted_elsewhere,
    names=names,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    arity=always("values"),
    sklearn=SKLEARN,
    cases=CASES,
)
