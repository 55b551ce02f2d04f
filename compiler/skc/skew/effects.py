"""What was counted and measured of a column, on both sides. Needs no SciPy: a report is read without it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from skc.values.types import Scalar


@dataclass(frozen=True)
class Tally:
    """What the values of one column of some rows were like, in the bins of the profile.

    `bins` has one count for each bin of `Numbers`, `listed` one for each category, and `unlisted` the values that are
    none; `examples` are the least of these. `below` and `above` are outside of the range of training.
    """

    rows: int
    nulls: int
    zeros: int
    infinite: tuple[int, int]
    below: int
    above: int
    bins: tuple[int, ...]
    listed: tuple[int, ...]
    unlisted: int
    examples: tuple[Scalar, ...]

    @property
    def values(self) -> int:
        """The rows that are not null."""
        return self.rows - self.nulls


@dataclass(frozen=True)
class Bar:
    """A bin or category: how many values of training and of serving it has."""

    label: str
    training: int
    serving: int


@dataclass(frozen=True)
class Effect:
    """One measure of a column: how large it is, and how probable that is without drift (None: not tested).

    `before` and `after` are shares, of `training` and of `serving` rows, where the measure compares shares; `what`
    names the category that attains it, or examples, or what moved.
    """

    measure: str
    value: float
    p: float | None
    rows: int  # of serving that it is about
    reference: int  # of training
    before: float | None = None
    after: float | None = None
    what: str = ""


@dataclass(frozen=True)
class Statistics:
    """What no threshold is set for; None where it is not defined. `kl` is in nats, a shift in σ of training."""

    kl: float | None = None
    jsd_distance_bits: float | None = None
    jsd_distance_nats: float | None = None
    chi_squared: float | None = None
    chi_squared_p: float | None = None
    chi_squared_cells: int | None = None
    mean_training: float | None = None
    mean_serving: float | None = None
    mean_shift: float | None = None
    deviation_training: float | None = None
    deviation_serving: float | None = None
    deviation_shift: float | None = None


@dataclass(frozen=True)
class Compared:
    """A column on both sides. `effects` are what thresholds can be set for; `bars` its distributions, at most ten bins,
    and `moved` the categories whose shares changed most.
    """

    effects: tuple[Effect, ...]
    statistics: Statistics
    bars: tuple[Bar, ...]
    moved: tuple[Bar, ...]

    def with_refused(self, refused: int | None, requests: int, reference: int) -> Compared:
        """The same, with the share of requests whose value was refused; None where nobody counted them."""
        if refused is None or not requests:
            return self
        share = refused / requests
        effect = Effect("refused", share, None, requests, reference, 0.0, share)
        return replace(self, effects=(*self.effects, effect))
