"""The types of `skc_runtime.kinds` in a graph: facts about ONNX that only the compiler needs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from skc_runtime.kinds import ELEMENTS, InputElement, OutputDType

# Text is stored as objects in NumPy arrays; spox expects `str_` for a string tensor.
GRAPH_DTYPES: Mapping[OutputDType, type[np.generic]] = {
    name: np.str_ if element.python is str else element.numpy.type for name, element in ELEMENTS.items()
}
# The input tensors of the signature `packed`.
PACKED: Mapping[InputElement, str] = {
    "float64": "f64",
    "float32": "f32",
    "int64": "i64",
    "bool": "bool",
    "string": "str",
}
