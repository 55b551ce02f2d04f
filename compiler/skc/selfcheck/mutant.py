"""One wrong model, and what the verifier is expected to report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from skc.rows.sampling import spread

_T = TypeVar("_T")


@dataclass(frozen=True)
class Mutant:
    """The description of a fault, and how to build the model that has it.

    `steps` are the unfused steps that may be blamed: one node may serve several. Empty: the fault is after all steps,
    in how an output is assembled. `make` returns None if no model can have the fault.
    """

    kind: str
    what: str
    steps: frozenset[str]
    make: Callable[[], bytes | None]
    tensor: str | None = None  # the one whose node was changed
    element: int | None = None  # the element that was changed, if the tensor is a constant
    value: float | None = None  # what that element has become, if it is a number
    keys: Mapping[str, str | None] = field(default_factory=dict)  # of a lookup, whose entry has changed: the text given


def evenly(items: Sequence[_T], limit: int) -> list[_T]:
    """At most `most` of some items, spread evenly over all of them."""
    return [items[i] for i in spread(len(items), limit)]


def by_kind(mutants: Iterable[Mutant], limit: int) -> tuple[list[Mutant], int]:
    """At most `most` mutants of each kind, and how many there were."""
    kinds: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        kinds.setdefault(mutant.kind, []).append(mutant)
    return [mutant for group in kinds.values() for mutant in evenly(group, limit)], sum(map(len, kinds.values()))
