"""What an estimator's artifact returns: the features, `x`, and of a model `prediction`, `probability`, `decision`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from skc.diagnostics import fail
from skc.frontend.definitions import OutputDefinition
from skc.frontend.sklearn.columns import Recorder, Table
from skc.ir import LEAVES_AS, MODEL_OUTPUTS
from skc.translation import Columns, Model
from skc_runtime.kinds import OutputDType

FEATURES = ("x", "features", "transformed")  # the first that no input is called
METHODS = dict(zip(MODEL_OUTPUTS, ("predict", "predict_proba", "decision_function"), strict=True))
Call = Callable[[Any], Any]


def features_output(recorder: Recorder, estimator: Any, x: Table, dtype: OutputDType) -> OutputDefinition:
    """The output of `transform`, with the names that scikit-learn gives its columns."""
    if not x.columns:
        hint = "it drops or selects away every column; compile one that keeps some"
        raise fail("SKC157", "the estimator has no output column", hint=hint)
    kinds = {column.x.dtype for column in x.columns}
    if "string" in kinds and len(kinds) > 1:
        name = next(column.name for column in x.columns if column.x.dtype == "string")
        message = f"the output has numbers and text: column `{name}` is text"
        raise fail("SKC158", message, hint="encode it, or drop it: `remainder='drop'`")
    dtype = "string" if kinds == {"string"} else dtype
    taken = {i.name for i in recorder.inputs}
    name = next((name for name in FEATURES if name not in taken), FEATURES[0])
    return OutputDefinition(name, recorder.sources(x.columns), dtype, columns=_names_out(estimator, len(x.columns)))


def _names_out(estimator: Any, width: int) -> tuple[str, ...]:
    """The names that scikit-learn gives to the output columns, or numbered ones where it gives none."""
    try:
        names = tuple(str(name) for name in estimator.get_feature_names_out())
    except (AttributeError, ValueError, NotImplementedError, TypeError):
        names = ()
    if len(names) == width and len(set(names)) == len(names):
        return names
    return tuple(f"{FEATURES[0]}{i}" for i in range(width))


def model_outputs(recorder: Recorder, model: Model) -> Iterator[OutputDefinition]:
    """The outputs of a model: `prediction` in the type of the target, the others in float64."""
    yield _output(recorder, "prediction", model.prediction, ())
    if model.probability is not None:
        yield _output(recorder, "probability", model.probability, model.classes)
    if model.decision is not None:
        width = len(model.decision.types)
        yield _output(recorder, "decision", model.decision, model.classes if width == len(model.classes) else ())


def _output(recorder: Recorder, name: str, columns: Columns, names: tuple[str, ...]) -> OutputDefinition:
    table = cast(Table, columns)  # there is no other implementation
    width = len(table.columns)
    names = names or ((name,) if width == 1 else tuple(f"{name}{i}" for i in range(width)))
    dtype = LEAVES_AS[table.columns[0].x.dtype][-1]  # the widest that holds it
    return OutputDefinition(name, recorder.sources(table.columns), dtype, columns=names)
