"""Which features of a `DictVectorizer` come from which key: its vocabulary lists them as `key` and `key=value` only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skc.op import Names, refuse
from skc.translation import Columns

Places = Mapping[str, int]  # by value of the key, the place of the feature; a number has one, under ""


def features_by_key(vectorizer: Any, x: Columns) -> list[Places]:
    """For each column of `x`, a key, its features in ascending order. Raises SKC151, and SKC155 for an absent key."""
    if np.dtype(vectorizer.dtype) != np.float64:
        hint = "fit with `dtype=numpy.float64`, the default"
        raise refuse("SKC151", f"`dtype={np.dtype(vectorizer.dtype)}` of DictVectorizer does not compile", hint=hint)
    places = [_features_of(vectorizer, name, x.types[k].dtype) for k, name in enumerate(x.names)]
    _check_owners(vectorizer, x.names, places)
    return places


def _features_of(vectorizer: Any, name: str, dtype: str) -> Places:
    if dtype != "string":
        return {"": vectorizer.vocabulary_[name]} if name in vectorizer.vocabulary_ else {}
    prefix = f"{name}{vectorizer.separator}"
    texts = [(i, key) for key, i in vectorizer.vocabulary_.items() if isinstance(key, str) and key.startswith(prefix)]
    return {feature[len(prefix) :]: i for i, feature in sorted(texts)}


def _check_owners(vectorizer: Any, names: Names, places: Sequence[Places]) -> None:
    """Refuse a feature that comes from no key of the sample, or from several, which would be added up."""
    owners: dict[int, list[str]] = {}
    for name, group in zip(names, places, strict=True):
        for i in group.values():
            owners.setdefault(i, []).append(name)
    for feature, i in vectorizer.vocabulary_.items():
        found_in = owners.get(i, [])
        if not found_in:
            hint = "give a sample in which every key occurs, with values like those that `fit` was given"
            raise refuse("SKC155", f"no key of X gives the feature `{feature}` of DictVectorizer", hint=hint)
        if len(found_in) > 1:
            hint = f"choose another `separator`, or remove {vectorizer.separator!r} from the keys before fitting"
            message = f"the keys `{found_in[0]}` and `{found_in[1]}` both give the feature `{feature}`"
            raise refuse("SKC151", message, hint=hint)
