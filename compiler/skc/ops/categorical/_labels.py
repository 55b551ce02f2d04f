"""The classes of scikit-learn that encode one column of labels: `LabelEncoder` and `LabelBinarizer`.

Why no op of their own: the first is `ordinal`, the second `one_hot`, of two labels without the first, and then
`minmax_scale` for numbers other than 0 and 1.
"""

from __future__ import annotations

from typing import Any

from skc.op import refuse
from skc.ops.categorical import _groups as groups
from skc.ops.categorical._categories import Key
from skc.ops.numeric import cast, minmax_scale
from skc.translation import Claim, Columns

LARGEST = 2**53  # up to it the sums of integers are exact in float64


def _encoded(encoder: Any, x: Columns) -> Columns:
    """The place of each label; that of a null is the last, if fitting saw one."""
    from skc.ops.categorical import ordinal  # the file of an op imports the claims on it

    _one_column(encoder, x)
    if encoder.classes_.dtype.kind == "U":
        width = encoder.classes_.dtype.itemsize // 4
        message = f"LabelEncoder was fitted on an array of text of fixed width, and cuts longer labels to {width}"
        raise refuse("SKC151", message, hint="fit it on Python objects: `fit(np.array(labels, dtype=object))`")
    if x.types[0].kind.is_float and encoder.classes_.dtype.kind != "f":
        message = f"LabelEncoder was fitted on {encoder.classes_.dtype}, and cuts the decimals off numbers"
        raise refuse("SKC151", message, hint="give a sample of the type that it was fitted with")
    classes = encoder.classes_.tolist()
    labels = tuple(groups.keys_by_position(classes, x.names[0], x.types[0]).values())
    if len(labels) < len(classes):
        params = ordinal.Params(missing_value=len(labels))
    else:
        params = ordinal.Params(null="error" if x.types[0].nullable else "keep")
    return x.apply(ordinal.OP, params, ordinal.State((labels,), ((),)))


def _binarized(binarizer: Any, x: Columns) -> Columns:
    """A column for each label, or for two labels that of the second."""
    from skc.ops.categorical import one_hot  # the file of an op imports the claims on it

    _one_column(binarizer, x)
    if len(binarizer.classes_) < 2:
        hint = "fit it on labels of which there are two at least"
        raise refuse("SKC151", "the LabelBinarizer knows a single label, so its output is a constant", hint=hint)
    x, labels = _whole(binarizer.classes_.tolist(), x)
    params = one_hot.Params(unknown="zeros", null="error" if x.types[0].nullable else "zeros")
    state = one_hot.State((labels,), ((),), (0 if len(labels) == 2 else None,), (None,))
    return _between(x.apply(one_hot.OP, params, state, is_finite=True), binarizer.neg_label, binarizer.pos_label)


def _whole(classes: list[Any], x: Columns) -> tuple[Columns, tuple[Key, ...]]:
    """The column and its labels as the library compares them: numbers are labels if they are whole."""
    if x.types[0].kind.is_float:
        x = x.floats(null="error").apply(cast.OP, cast.Params(to="int64"))
        classes = [int(label) if groups.is_exact_float(label) else label for label in classes]
    return x, tuple(groups.keys_by_position(classes, x.names[0], x.types[0]).values())


def _between(x: Columns, negative: int, positive: int) -> Columns:
    """Columns of 0 and 1 as columns of two other numbers."""
    if (negative, positive) == (0, 1):
        return x
    if max(abs(negative), abs(positive), positive - negative) > LARGEST:
        hint = "use numbers up to 2**53, which float64 holds exactly"
        raise refuse("SKC151", f"the labels {negative} and {positive} of LabelBinarizer are too large", hint=hint)
    width = len(x.types)
    state = minmax_scale.State((float(positive - negative),) * width, (float(negative) or -0.0,) * width)
    return x.apply(minmax_scale.OP, minmax_scale.Params(), state, is_finite=True)


def _one_column(estimator: Any, x: Columns) -> None:
    if len(x.types) != 1:
        message = f"{type(estimator).__name__} takes one column of labels, and X has {len(x.types)}"
        raise refuse("SKC151", message, hint="give the labels alone: `y`, or `X[['label']]`")


ENCODER = {"sklearn.preprocessing.LabelEncoder": Claim(_encoded)}
BINARIZER = {
    "sklearn.preprocessing.LabelBinarizer": Claim(_binarized, ("neg_label", "pos_label"), ("sparse_output",)),
}
