"""One line of the parity table: an estimator with its parameters, and the kind of rows that it is tried on."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parity.rows import rows_of, targets


@dataclass(frozen=True)
class Case:
    """`make` gives a new estimator; `target` names what it is fitted to; `covers` are the classes that it tries."""

    name: str
    make: Callable[[], Any]
    kind: str
    target: str | None
    covers: tuple[str, ...]

    def fitted(self) -> Any:
        """The estimator, fitted on the rows of its kind."""
        rows = rows_of(self.kind)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = self.make()
            target = None if self.target is None else targets(self.kind)[self.target]
            return fitted.fit(rows.given(rows.frame), *(() if target is None else (target,)))


def shown(value: Any) -> str:
    """A parameter's value in the name of a case."""
    if hasattr(value, "get_params"):
        return type(value).__name__
    if callable(value):
        return str(getattr(value, "__name__", value))
    if isinstance(value, list | tuple) and len(repr(value)) > 30:
        return "…"
    return repr(value).split("\n")[0]


def each(
    cls: Callable[..., Any],
    kinds: str | Sequence[str],
    *variants: Mapping[str, Any],
    target: str | None = None,
    fixed: Mapping[str, Any] | None = None,
    wrap: Callable[[Any], Any] = lambda estimator: estimator,
) -> Iterator[Case]:
    """A case for each variant of the parameters, on each kind of rows. `fixed` parameters are not in the name."""
    for kind, variant in itertools.product([kinds] if isinstance(kinds, str) else kinds, variants or ({},)):
        parameters = ", ".join(f"{key}={shown(value)}" for key, value in variant.items())
        name = f"{cls.__name__}({parameters}) on {kind}" + (f" for {target}" if target else "")
        yield Case(name, lambda v=variant: wrap(cls(**(fixed or {}), **v)), kind, target, (cls.__name__,))


def product(**options: Sequence[Any]) -> tuple[dict[str, Any], ...]:
    """Every combination of some values of each parameter."""
    return tuple(dict(zip(options, values, strict=True)) for values in itertools.product(*options.values()))


def built(name: str, kind: str, make: Callable[[], Any], *covers: str, target: str | None = None) -> Case:
    """A case of several estimators in one, which needs a name of its own."""
    return Case(f"{name} on {kind}" + (f" for {target}" if target else ""), make, kind, target, covers)
