"""The ops, listed by hand. A new op is its file and one line here; `tests/test_ops.py` finds what was left out."""

from __future__ import annotations

from skc.op import Op
from skc.ops import (
    bucketize,
    cast,
    clip,
    cyclical,
    datetime_part,
    elapsed,
    expr,
    hash_bucket,
    impute,
    log1p,
    minmax_scale,
    narrow,
    one_hot,
    ordinal,
    parse_datetime,
    quantile_bin,
    robust_scale,
    source,
    standard_scale,
    vocabulary,
)
from skc.ops import round as round_

OPS: dict[str, Op] = {
    module.OP.name: module.OP
    for module in (
        bucketize,
        cast,
        clip,
        cyclical,
        datetime_part,
        elapsed,
        expr,
        hash_bucket,
        impute,
        log1p,
        minmax_scale,
        narrow,
        one_hot,
        ordinal,
        parse_datetime,
        quantile_bin,
        robust_scale,
        round_,
        source,
        standard_scale,
        vocabulary,
    )
}
