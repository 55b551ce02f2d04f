"""Functions of batches, computed by several threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


def in_order(pool: Executor, function: Callable[[T], U], items: Iterable[T], ahead: int) -> Iterator[U]:
    """The results in the order of the items, computing at most `ahead` of them in advance."""
    waiting: deque[Future[U]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
