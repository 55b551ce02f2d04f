"""scikit-learn's `OneHotEncoder` and `OrdinalEncoder`, and its `DictVectorizer`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from skc.op import Concern, refuse
from skc.ops.categorical import _groups as groups
from skc.ops.categorical._categories import Key
from skc.ops.categorical._dicts import features_by_key
from skc.ops.categorical._labels import BINARIZER, ENCODER
from skc.translation import Claim, Columns, apply_each
from skc_runtime.kinds import KINDS, DType

if TYPE_CHECKING:
    from skc.ops.categorical.one_hot import State


def _one_hot(encoder: Any, x: Columns) -> Columns:
    """A missing value is a category of scikit-learn if fitting saw one, and an unknown value otherwise.

    Its column is among those of the categories there, and after that of the infrequent ones here.
    """
    from skc.ops.categorical import one_hot  # the file of an op imports the claims on it

    known, x = x.levels, groups.as_fitted(encoder, x)
    parts = []
    for k, categories in enumerate(encoder.categories_):
        takes_unknown = encoder.handle_unknown in ("infrequent_if_exist", "warn")
        learned = _alone(groups.learned_categories(encoder, k, x), x.types[k].dtype, takes_unknown=takes_unknown)
        frequent, infrequent = learned.frequent, learned.infrequent
        shared = len(frequent) if infrequent else None  # the place of the infrequent ones
        own = len(frequent) + bool(infrequent)
        null = shared if learned.missing == "infrequent" or takes_unknown else None
        null = own if learned.missing == "frequent" else null
        if takes_unknown and groups.is_unknown_unseen(frequent, infrequent, known[k]):
            x.pick([k]).warn(Concern("SKC231", groups.UNSEEN, _unseen_hint(len(categories))))
        drop = None if encoder.drop_idx_ is None else encoder.drop_idx_[k]
        dropped = None if drop is None else learned.place(categories[drop], own, shared)
        unknown = UNKNOWN[encoder.handle_unknown]
        is_refused = null is None and learned.missing is None and unknown == "error" and x.types[k].nullable
        params = one_hot.Params(unknown=unknown, null="error" if is_refused else "column")
        parts.append((params, one_hot.State((frequent,), (infrequent,), (dropped,), (null,))))
    encoded_columns = apply_each(one_hot.OP, x, parts)
    return encoded_columns.pick(_sklearn_order(encoder, x, [state for _, state in parts]))


def _unseen_hint(categories: int) -> str:
    """What ends the warning that no training row shows what an unknown value gives."""
    zeros = '`handle_unknown="ignore"`, if zeros are meant'
    if categories < 3:  # of two, both would be infrequent
        return f"fit the OneHotEncoder with {zeros}"
    fewer = f"`max_categories={categories - 1}` or a higher `min_frequency`, so that training rows have such a category"
    return f"fit the OneHotEncoder with {fewer}; or with {zeros}"


def _alone(learned: groups.Learned, dtype: DType, *, takes_unknown: bool) -> groups.Learned:
    """A missing value that is the only infrequent category has a column of its own, as a frequent one has.

    Where unknown values share that column, it is that of infrequent ones, which needs one: any value that is unknown.
    """
    if learned.missing != "infrequent" or learned.infrequent:
        return learned
    unknown = next((key for key in _keys(dtype, len(learned.frequent) + 1) if key not in learned.frequent), None)
    if not takes_unknown or unknown is None:
        return replace(learned, missing="frequent")
    return replace(learned, infrequent=(unknown,))


def _keys(dtype: DType, number: int) -> list[Key]:
    """So many different values, if the type has them."""
    if dtype == "bool":
        return [False, True]
    return ["_" * i if dtype == "string" else KINDS[dtype].python(i) for i in range(number)]


UNKNOWN: dict[str, Literal["error", "zeros", "infrequent"]] = {
    "error": "error",
    "ignore": "zeros",
    "infrequent_if_exist": "infrequent",
    "warn": "infrequent",
}


def _sklearn_order(encoder: Any, x: Columns, states: Sequence[State]) -> list[int]:
    """The positions of the columns in scikit-learn's order: that of infrequent categories is after that of null."""
    from skc.ops.categorical import one_hot  # the file of an op imports the claims on it

    order: list[int] = []
    for state in states:
        own, first = one_hot.category_places(state, 0), len(order)
        places = [place for place in range(own + (state.null[0] == own)) if place != state.dropped[0]]
        swapped = list(range(first, first + len(places)))
        if state.infrequent[0] and {own - 1, own} <= set(places):
            swapped[-2:] = swapped[:-3:-1]
        order += swapped
    return order


def _one_hot_of_dicts(vectorizer: Any, x: Columns) -> Columns:
    """`DictVectorizer`: a key with texts is one-hot, a key with numbers is a column; both are 0 where it is absent."""
    from skc.ops.categorical import one_hot  # the file of an op imports the claims on it

    places = features_by_key(vectorizer, x)
    texts = [k for k, group in enumerate(places) if group and x.types[k].dtype == "string"]
    numbers = [k for k, group in enumerate(places) if group and x.types[k].dtype != "string"]
    nothing = ((),) * len(texts)
    state = one_hot.State(tuple(tuple(places[k]) for k in texts), nothing, (None,) * len(texts), (None,) * len(texts))
    encoded = x.pick(texts).apply(one_hot.OP, one_hot.Params(unknown="zeros", null="zeros"), state, is_finite=True)
    encoded = encoded.beside(x.pick(numbers).filled(0.0))
    features = [feature for k in (*texts, *numbers) for feature in places[k].values()]
    return encoded.pick([place for _, place in sorted(zip(features, range(len(features)), strict=True))])


def _ordinal(encoder: Any, x: Columns) -> Columns:
    """A missing value has `encoded_missing_value` if fitting saw one, and is an unknown value otherwise."""
    from skc.ops.categorical import ordinal  # the file of an op imports the claims on it

    unknown, missing = encoder.unknown_value, encoder.encoded_missing_value
    policy: dict[str, Any] = {"unknown": "error"}
    if encoder.handle_unknown != "error":
        is_null = groups.is_missing(unknown)
        policy = {"unknown": None} if is_null else {"unknown": "value", "unknown_value": _code(unknown)}
    x = groups.as_fitted(encoder, x)
    parts = []
    for k in range(len(encoder.categories_)):
        learned = groups.learned_categories(encoder, k, x)
        if learned.missing == "infrequent":
            null: dict[str, Any] = {"missing_value": len(learned.frequent)}
        elif learned.missing is not None and None in encoder.categories_[k].tolist():
            null = {"missing_value": _code_of_none(learned, x.names[k])}
        elif learned.missing is not None:
            null = {} if groups.is_missing(missing) else {"missing_value": _code(missing)}
        elif not x.types[k].nullable or policy["unknown"] is None:
            null = {}
        else:
            null = {"null": "error"} if policy["unknown"] == "error" else {"missing_value": policy["unknown_value"]}
        parts.append((ordinal.Params(**policy, **null), ordinal.State((learned.frequent,), (learned.infrequent,))))
    return apply_each(ordinal.OP, x, parts)


def _code_of_none(learned: groups.Learned, name: str) -> int:
    """scikit-learn takes None for a category like any other, the last one; only NaN is a missing value."""
    if learned.infrequent:
        message = f"column `{name}` has None among its categories, and infrequent ones"
        raise refuse("SKC151", message, hint="replace None by NaN before fitting: `X.fillna(np.nan)`")
    return len(learned.frequent)


def _code(value: Any) -> int:
    if int(value) != value:
        hint = "encode to whole numbers, and let a later step change them"
        raise refuse("SKC151", f"the code {value!r} of an OrdinalEncoder is not a whole number", hint=hint)
    return int(value)


ONE_HOT = {
    **BINARIZER,
    "sklearn.feature_extraction.DictVectorizer": Claim(_one_hot_of_dicts, ("dtype", "separator"), ("sparse", "sort")),
    "sklearn.preprocessing.OneHotEncoder": Claim(
        _one_hot,
        ("categories", "drop", "handle_unknown", "min_frequency", "max_categories"),
        ("sparse_output", "dtype", "feature_name_combiner"),
    ),
}

ORDINAL = {
    **ENCODER,
    "sklearn.preprocessing.OrdinalEncoder": Claim(
        _ordinal,
        ("categories", "handle_unknown", "unknown_value", "encoded_missing_value", "min_frequency", "max_categories"),
        ("dtype",),
    ),
}
