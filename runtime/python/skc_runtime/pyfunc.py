"""An artifact as a model of MLflow: what `mlflow.pyfunc` loads and calls.

Why here, and why nothing of MLflow is imported: a server that MLflow builds installs this package alone, without the
compiler. `skc.mlflow` writes such models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skc_runtime.loading import load
from skc_runtime.manifest import Manifest, OutputSpec
from skc_runtime.transformer import Transformer

if TYPE_CHECKING:
    import pandas as pd


class Served:
    """A loaded artifact with the `predict` that MLflow calls. `transformer` is what it calls."""

    def __init__(self, transformer: Transformer) -> None:
        self.transformer = transformer

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """The outputs of a DataFrame, a record or a list of records: one column each, as `column_names` calls them.

        A value that is missing is None, or NaN in a float column. Raises RecordError for a row that is refused.
        """
        import pandas as pd

        manifest = self.transformer.manifest
        outputs = self.transformer.transform([model_input] if isinstance(model_input, dict) else model_input)
        columns = []
        for output in manifest.outputs:
            values = outputs[output.name]
            if output.valid is not None:
                values = values.astype(object)
                values[~outputs[output.valid]] = None
            columns += [pd.Series(values[:, k], dtype=values.dtype) for k in range(len(output.columns))]
        return pd.DataFrame(dict(zip(column_names(manifest), columns, strict=True)))


def column_names(manifest: Manifest) -> tuple[str, ...]:
    """The names of all columns of all outputs: `OUTPUT.COLUMN` where there are several outputs."""
    return tuple(column_name(manifest, output, name) for output in manifest.outputs for name in output.columns)


def column_name(manifest: Manifest, output: OutputSpec, name: str) -> str:
    """The name of a column of an output in a table of all outputs."""
    return f"{output.name}.{name}" if len(manifest.outputs) > 1 else name


def _load_pyfunc(path: str) -> Served:
    """What MLflow calls with the folder of the artifact. Raises ArtifactError."""
    return Served(load(path))
