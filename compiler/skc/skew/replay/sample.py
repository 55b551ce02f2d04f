"""Some of many rows, spread evenly over all of them, in bounded memory: the same for the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Spread(Generic[T]):
    """Every 2^k-th of the items so far, at most `most` of them: when they are more, every other one is let go."""

    def __init__(self, most: int) -> None:
        self._most, self._stride, self._seen = most, 1, 0
        self.items: list[T] = []

    def offer(self, places: Sequence[int], make: Callable[[int], T]) -> None:
        """Take some of the items that `make` makes of these places."""
        skip = -self._seen % self._stride
        for j in range(skip, len(places), self._stride):
            if (self._seen + j) % self._stride:
                continue  # the stride has grown meanwhile
            self.items.append(make(places[j]))
            if len(self.items) > self._most:
                self.items = self.items[::2]
                self._stride *= 2
        self._seen += len(places)

    @property
    def is_complete(self) -> bool:
        """Whether no item was left out."""
        return self._stride == 1
