"""A request of any form, sent by the method that takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skc_runtime import Transformer
from skc_runtime.marshal import Extra
from skc_runtime.scalars import is_column


def send(transformer: Transformer, request: Any, *, extra: Extra = "error") -> dict[str, Any]:
    """A mapping of columns goes to `transform_columns`, whatever else it is to `transform`."""
    is_columns = isinstance(request, Mapping) and len(request) > 0
    if is_columns and all(is_column(v) or hasattr(v, "__arrow_c_stream__") for v in request.values()):
        return transformer.transform_columns(request, extra=extra)
    return transformer.transform(request, extra=extra)
