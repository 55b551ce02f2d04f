"""The ops, listed by hand. A new op is its file and one line here; `tests/test_ops.py` finds what was left out."""

from __future__ import annotations

from skc.op import Op
from skc.ops import source, standard_scale

OPS: dict[str, Op] = {
    module.OP.name: module.OP
    for module in (
        source,
        standard_scale,
    )
}
