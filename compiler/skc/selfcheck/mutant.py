"""One wrong model, and what is expected of the verifier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from skc.rows.sampling import spread

_T = TypeVar("_T")


@dataclass(frozen=True)
class Mutant:
    """A fault in words, and how to make the model that has it.

    `steps` are those that may be blamed, as written in the pipeline: one node may serve several. Empty: the fault lies
    behind all steps, in how an output is put together. `make` gives None where no model can have the fault.
    """

    kind: str
    what: str
    steps: frozenset[str]
    make: Callable[[], bytes | None]
    tensor: str | None = None  # the one whose node was changed
    element: int | None = None  # of it, where one of a constant was changed


def evenly(items: Sequence[_T], most: int) -> list[_T]:
    """At most so many of some items, spread over all of them."""
    return [items[i] for i in spread(len(items), most)]


def by_kind(mutants: Iterable[Mutant], most: int) -> tuple[list[Mutant], int]:
    """At most so many mutants of each kind, and how many there were."""
    kinds: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        kinds.setdefault(mutant.kind, []).append(mutant)
    return [mutant for found in kinds.values() for mutant in evenly(found, most)], sum(map(len, kinds.values()))
