"""Functions of an immutable object that compute each result once in its life.

Why by identity: a pipeline or a state can hold a million keys, and to hash or compare it takes as long as the work that
is saved. Nothing is kept longer than the object itself. Results are shared, so they must not be changed.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, TypeVar

P = TypeVar("P", bound=Hashable)
S = TypeVar("S")
V = TypeVar("V")


class _Results:
    """The results for each object that is alive."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[weakref.ref[Any], dict[Hashable, Any]]] = {}

    def __call__(self, subject: Any) -> dict[Hashable, Any]:
        key = id(subject)
        entry = self._of.get(key)
        if entry is None or entry[0]() is not subject:
            entry = weakref.ref(subject, lambda _: self._of.pop(key, None)), {}
            self._of[key] = entry
        return entry[1]


def once_per_object(function: Callable[[S], V]) -> Callable[[S], V]:
    """A function of one immutable object."""
    results = _Results()

    @wraps(function)
    def remembered(subject: S) -> V:
        known = results(subject)
        if () not in known:
            known[()] = function(subject)
        value: V = known[()]
        return value

    return remembered


def once_per_state(function: Callable[[P, S, int], V]) -> Callable[[P, S, int], V]:
    """A function of an op's parameters, its state and the number of a column."""
    results = _Results()

    @wraps(function)
    def remembered(params: P, state: S, k: int) -> V:
        known = results(state)
        if (params, k) not in known:
            known[params, k] = function(params, state, k)
        value: V = known[params, k]
        return value

    return remembered
