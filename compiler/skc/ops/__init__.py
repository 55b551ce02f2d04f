"""The ops, listed by hand. A new op is its file and one line here; `tests/test_ops.py` finds what was left out."""

from __future__ import annotations

from skc.op import AnyOp
from skc.ops.categorical import hash_bucket, one_hot, ordinal, vocabulary
from skc.ops.internal import expr, narrow, source
from skc.ops.numeric import (
    bucketize,
    cast,
    clip,
    impute,
    log1p,
    minmax_scale,
    quantile_bin,
    robust_scale,
    standard_scale,
)
from skc.ops.numeric import round as round_
from skc.ops.time import cyclical, datetime_part, elapsed, parse_datetime

OPS: dict[str, AnyOp] = {
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
