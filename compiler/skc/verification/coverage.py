"""What was actually tried: which boundaries of which step were reached from raw inputs, and which guards ever fired.

Why by observation: carrying a boundary back only means that a row was made for it. Whether the value arrived, and in a
row where it could change the output, can only be read from the values of the reference.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from skc.equality.guards import GuardOrder
from skc.infer import column_levels, value_types
from skc.ir import Pipeline
from skc.op import Known
from skc.ops import OPS
from skc.rows.boundaries import StepBoundaries
from skc.values.types import Block, Scalar
from skc.verification.report import Coverage, Kind
from skc_runtime.kinds import Array
from skc_runtime.manifest import Guards

NEAR, VALUE = "near miss", "value"  # neither a mark nor null: near a category, or any other value
DEGENERATE = "degenerate state"  # counts columns, not values: a column is tried when any value has reached it
UNKNOWN = "unknown-category"
_Key = int | str | None  # a float by its bits, null as None


@dataclass
class _Place:
    """The boundaries of one input column of a step: those not seen yet (`left`), and the kind of each."""

    boundaries: StepBoundaries
    left: set[_Key]
    kinds: dict[_Key, str]
    beyond: Mapping[str, int]  # by kind, how many are not tried because there are too many
    degenerate: str | None  # the fallback in the state of the column, or a statistic equal to it
    is_closed: bool = False  # the column cannot receive anything but its categories
    has_value: bool = False  # the column has received a value other than null

    @property
    def total(self) -> int:
        return len(self.kinds)

    @property
    def is_exhausted(self) -> bool:
        """Every boundary was seen, and there are no more than were tried."""
        return not self.left and not any(self.beyond.values())

    @property
    def is_decided(self) -> bool:
        """Every category and null were seen, and also a near miss if there are any."""
        near = {key for key, name in self.kinds.items() if name == NEAR}
        return self.left <= near and (not near or self.left < near) and not any(self.beyond.values())


def _place(pipeline: Pipeline, boundaries: StepBoundaries, nullable: bool, known: Known) -> _Place:
    step = pipeline.step(boundaries.step)
    marks = OPS[step.op].marks(step.params, step.state, boundaries.column)
    # a mark of a float64 column may be an integer
    is_float = any(isinstance(value, float) for value in boundaries.values)
    marked = {
        _key(float(value) if is_float and isinstance(value, int) else value): name
        for name, values in marks.items()
        for value in values
    }
    default = NEAR if "category" in marks else VALUE
    keys = [key for key in map(_key, boundaries.values) if nullable or key is not None]
    kinds = {key: marked.get(key, "null" if key is None else default) for key in keys}
    tried = Counter(kinds.values())
    beyond = {name: len({*map(_key, values)}) - tried[name] for name, values in marks.items()}
    degenerate = OPS[step.op].degenerate(step.params, step.state, boundaries.column)
    is_closed = known is not None and {*known} <= {*marks.get("category", ())}
    return _Place(boundaries, set(kinds), kinds, beyond, degenerate, is_closed)


class CoverageTally:
    """Counts the boundaries reached, batch by batch."""

    def __init__(
        self, pipeline: Pipeline, boundaries: Sequence[StepBoundaries], order: GuardOrder, guards: Guards | None
    ) -> None:
        self._pipeline = pipeline
        self._order = order
        types = value_types(pipeline)
        levels = column_levels(pipeline)
        self._places = [
            _place(pipeline, f, types[f.source[0]].nullable, levels[f.source[0]][f.source[1]]) for f in boundaries
        ]
        self._place_of = {(place.boundaries.step, place.boundaries.column): place for place in self._places}
        self._guards = () if guards is None else guards.columns
        self._fired = np.zeros(len(self._guards), dtype=bool)

    def look(self, values: Mapping[str, Block], fired: Array) -> None:
        """Count the values of steps for some rows; `fired` (bool [N, G]) has the guards that fired.

        A step whose values the oracle does not know counts nothing.
        """
        fired = fired[:, : len(self._fired)]  # an extra guard, which the graph lacks, is a difference anyway
        self._fired |= fired.any(axis=0)
        decisive: dict[str, Array] = {}
        for place in self._places:
            step, (value, column) = place.boundaries.step, place.boundaries.source
            if value not in values or (not place.left and place.has_value):
                continue
            if step not in decisive:
                decisive[step] = self._order.decisive(step, fired)
            keys = _keys(values[value].columns(column, column + 1), decisive[step])
            place.left -= keys
            place.has_value |= bool(keys - {None})

    def name(self, branches: Iterable[tuple[str, int, Scalar, str]]) -> None:
        """Name the kind of values (step, column, value, name) by their result, unless they have a kind already."""
        for step, column, value, name in branches:
            kinds, key = self._place_of[step, column].kinds, _key(value)
            if kinds.get(key) == VALUE:
                kinds[key] = name

    def has_tried(self, step: str, column: int, values: Iterable[float]) -> bool:
        """All of these floats came to an input column of a step, in rows in which they could change the output."""
        place = self._place_of.get((step, column))
        return place is not None and all(_key(v) in place.kinds and _key(v) not in place.left for v in values)

    @property
    def decided(self) -> frozenset[str]:
        """Steps whose categories were all seen, with null and a value outside the categories where these are possible;
        for a step without categories, every boundary.
        """
        return self._all(lambda place: place.is_decided)

    @property
    def exhausted(self) -> frozenset[str]:
        """Steps whose boundaries were all seen."""
        return self._all(lambda place: place.is_exhausted)

    def _all(self, is_so: Callable[[_Place], bool]) -> frozenset[str]:
        """The steps for which this holds in every column."""
        steps = {place.boundaries.step for place in self._places}
        return frozenset(steps - {place.boundaries.step for place in self._places if not is_so(place)})

    def coverage(self) -> tuple[Coverage, ...]:
        """Per step, in order, how many boundaries have been seen."""
        rows = []
        of_step: dict[str, list[_Place]] = {step.name: [] for step in self._pipeline.steps}
        for place in self._places:
            if place.total:
                of_step[place.boundaries.step].append(place)
        for step in self._pipeline.steps:
            own = of_step[step.name]
            reached_counts = [place.total - len(place.left) for place in own]
            total = sum(place.total for place in own)
            reached = sum(n > 0 for n in reached_counts)
            fallbacks = tuple(f"`{p.boundaries.name}`: {p.degenerate}" for p in own if p.degenerate is not None)
            searched = sum(place.boundaries.is_searched for place in own)
            counts = (total, sum(reached_counts), len(own), reached, searched)
            rows.append(Coverage(step.name, step.op, *counts, _kinds(own), fallbacks))
        return tuple(row for row in rows if row.columns)

    def unseen(self) -> list[str]:
        """In words: the columns without a reached boundary, and the guards that never fired."""
        lines = [*self._alike()]
        lines += [
            f"`{place.boundaries.step}`, column `{place.boundaries.name}`: none of {place.total:,} boundaries was "
            "reached from raw inputs"
            for place in self._places
            if place.boundaries.is_searched and place.total and len(place.left) == place.total
        ]
        closed = {(place.boundaries.step, place.boundaries.name) for place in self._places if place.is_closed}
        quiet = [
            g
            for g, has_fired in zip(self._guards, self._fired.tolist(), strict=True)
            if not has_fired and not (g.code == UNKNOWN and (g.step, g.input) in closed)
        ]
        return [*lines, *(f"`{g.step}`, column `{g.input}`: no row made it refuse ({g.code})" for g in quiet)]

    def _alike(self) -> Iterator[str]:
        """In words, for each step with columns that were not searched because they are like others, how many."""
        for row in self.coverage():
            if row.columns_searched < row.columns:
                missed = row.columns - row.columns_reached
                yield (
                    f"`{row.step}`: its {row.columns:,} columns are alike, and raw inputs were searched for "
                    f"{row.columns_searched:,} of them, evenly spread; {missed:,} received no boundary"
                )


def _kinds(places: Sequence[_Place]) -> tuple[Kind, ...]:
    """The kinds of some columns together, marks before the values around them."""
    totals: Counter[str] = Counter()
    left: Counter[str] = Counter()
    beyond: Counter[str] = Counter()
    for place in places:
        totals.update(place.kinds.values())
        left.update(place.kinds[key] for key in place.left)
        beyond.update(place.beyond)
        if place.degenerate is not None:
            totals[DEGENERATE] += 1
            left[DEGENERATE] += not place.has_value
    order = sorted(totals + beyond, key=lambda name: (name in (NEAR, VALUE), name == "null", name))
    return tuple(Kind(name, totals[name] - left[name], totals[name] + beyond[name]) for name in order)


def _key(value: Scalar) -> _Key:
    if isinstance(value, float):
        return None if value != value else int(struct.unpack("<q", struct.pack("<d", value))[0])
    return value


def _keys(block: Block, rows: Array) -> set[_Key]:
    """The keys of a block [N, 1] in some rows."""
    present = block.present()[:, 0]
    values = np.ascontiguousarray(block.values[:, 0][present & rows])
    keys: set[_Key] = set((values.astype(np.float64).view(np.int64) if block.kind.is_float else values).tolist())
    return keys | {None} if (rows & ~present).any() else keys
