"""Which columns of the two sides are the key, and how a store is asked for one."""

from __future__ import annotations

from typing import Any

from skc.diagnostics import fail
from skc.skew.keys.template import KeyTemplate
from skc_runtime.kinds import DType

KEYS: tuple[DType, ...] = ("string", "int64")


def read_key(text: str) -> tuple[str, str]:
    """`user_id` or `user_id=uid`: the column of the offline table, and that of the online one. Raises SKC140."""
    offline, equals, online = text.partition("=")
    if not offline or (equals and not online):
        raise fail("SKC140", f"`{text}` does not name a key", hint="write --key user_id, or --key user_id=uid")
    return offline, online or offline


def key_for_store(key: str, dtype: DType, template: KeyTemplate | None) -> Any:
    """A key as a store is asked for it: a number only where its column is one, and no template writes it."""
    if template is not None:
        return template.written(key)
    return int(key) if dtype == "int64" else key
