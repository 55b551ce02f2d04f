"""The result of comparing an online store with the offline table: keys, columns, and what differs in which way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from skc.skew.parity.comparing import KINDS, KeyCounts, Kind
from skc.skew.parity.reasons import Reason
from skc.skew.parity.rules import ParityRule
from skc.skew.parity.samples import Sample
from skc.skew.parity.staleness import Behind
from skc.verification.shown import OneLine, count, json_values, shortened
from skc_runtime.kinds import DType

FORMAT = 1
FEW = 3  # names in one line
QUIET: tuple[Kind, ...] = ("equal", "within-lag")  # no findings
FOUND: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind not in QUIET)
IN_WORDS: Mapping[Kind, str] = {
    "equal": "equal",
    "only-offline": "null only online",
    "only-online": "null only offline",
    "stale": "stale",
    "within-lag": "stale within the lag",
    "narrowed": "narrowed",
    "negated": "of the other sign",
    "other": "different",
    "unreadable": "unreadable",
}
MICROSECONDS = (("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000))


@dataclass(frozen=True)
class ColumnParity:
    """A column of the contract. `counts` has every kind of pair; it is empty if one side has no such column."""

    name: str
    dtype: DType
    counts: Mapping[Kind, int]
    samples: Mapping[Kind, tuple[Sample, ...]]
    behind: Behind | None = None
    absent: str | None = None  # "offline" or "online"
    reasons: Mapping[Kind, Reason] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    @property
    def differing(self) -> int:
        return sum(self.counts.get(kind, 0) for kind in FOUND)

    @property
    def is_found(self) -> bool:
        """Whether there is something to say: only the store is expected to have what training had."""
        return self.differing > 0 or self.absent == "online"

    @property
    def text(self) -> str:
        """The finding in one line; empty if there is none."""
        if self.absent is not None:
            return f"the {self.absent} rows have no such column"
        return ", ".join(finding_text(self, kind) for kind in FOUND if self.counts.get(kind, 0))


@dataclass(frozen=True)
class Schema:
    """Online rows of one version; None for rows that name none."""

    version: str | None
    rows: int
    is_expected: bool


@dataclass(frozen=True, repr=False)
class ParityReport(OneLine):
    """The online store compared with the offline table."""

    name: str
    plan: str
    key: str
    offline_rows: int
    offline_keys: int
    online_rows: int
    online_keys: int
    all_keys: int | None  # of the offline table, if only some were compared
    without_key: tuple[int, int]  # rows, offline and online
    foreign: int  # online rows whose key is not of the template
    keys: KeyCounts
    knows_ghosts: bool  # a store that is only asked for keys shows none
    missing: tuple[str, ...]  # some of them
    ghosts: tuple[str, ...]
    columns: tuple[ColumnParity, ...]
    without_time: int = 0  # offline rows that no time leads to
    schemas: tuple[Schema, ...] = ()
    has_time: bool = False
    lag_us: int = 0
    rules: tuple[ParityRule, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def found(self) -> tuple[ColumnParity, ...]:
        """The columns with a finding, the most rows first."""
        return tuple(sorted((c for c in self.columns if c.is_found), key=lambda c: -c.differing))

    @property
    def other_schemas(self) -> tuple[Schema, ...]:
        return tuple(schema for schema in self.schemas if not schema.is_expected)

    @property
    def key_findings(self) -> tuple[tuple[str, int, str], ...]:
        """What is wrong with keys and rows: a rule of `--fail-on`, how many, and a sentence."""
        keys = self.keys
        several = sum(schema.rows for schema in self.other_schemas)
        versions = ", ".join(shortened(s.version) if s.version else "none" for s in self.other_schemas[:FEW])
        all_ = (
            ("missing", keys.missing, f"{count(keys.missing, 'key')} missing online{_such(self.missing)}"),
            ("ghosts", keys.ghosts, f"{count(keys.ghosts, 'key')} only online{_such(self.ghosts)}"),
            ("early", keys.early, f"{count(keys.early, 'online row')} older than the first offline row of the key"),
            ("schema", several, f"{count(several, 'online row')} of another version ({versions})"),
        )
        return tuple(one for one in all_ if one[1])

    @property
    def is_different(self) -> bool:
        """Whether there is any finding."""
        return bool(self.found or self.key_findings)

    @property
    def is_refused(self) -> bool:
        """Whether the rules do not allow it; without rules, any finding."""
        return bool(self.broken) if self.rules else self.is_different

    def verdict(self) -> str:
        """One line."""
        about = f"{count(self.keys.matched, 'key')} of `{self.name}` compared in {count(len(self.columns), 'column')}"
        if self.all_keys is not None:
            about += f", a sample of {self.all_keys:,}"
        if not self.is_different:
            return f"online and offline agree: {about}"
        words = [text for _, _, text in self.key_findings]
        if self.found:
            names = [f"`{shortened(column.name)}`" for column in self.found]
            more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
            words.append(f"values of {', '.join(names[:FEW])}{more} differ")
        return f"data skew: {'; '.join(words)}: {about}"

    def to_json(self) -> dict[str, Any]:
        """All facts, as schemas/parity-report.v1.schema.json says."""
        facts: dict[str, Any] = json_values(
            {
                "skc": "parity",
                "format": FORMAT,
                "name": self.name,
                "plan": self.plan or None,
                "key": self.key,
                "different": self.is_different,
                "offline": {
                    "rows": self.offline_rows,
                    "keys": self.offline_keys,
                    "without_key": self.without_key[0],
                    "without_time": self.without_time,
                },
                "online": {
                    "rows": self.online_rows,
                    "keys": self.online_keys,
                    "without_key": self.without_key[1],
                    "foreign": self.foreign,
                },
                "sampled_from": self.all_keys,
                "has_time": self.has_time,
                "lag_us": self.lag_us,
                "keys": {
                    **asdict(self.keys),
                    "ghosts": self.keys.ghosts if self.knows_ghosts else None,
                    "missing_samples": list(self.missing),
                    "ghost_samples": list(self.ghosts),
                },
                "schemas": [asdict(schema) for schema in self.schemas],
                "columns": [_column_to_json(column) for column in self.columns],
                "broken": list(self.broken),
            }
        )
        return facts


def finding_text(column: ColumnParity, kind: Kind) -> str:
    """`100 stale (of a row up to 1 h older)`."""
    words = f"{column.counts[kind]:,} {IN_WORDS[kind]}"
    if kind == "stale" and column.behind is not None:
        words += f" ({_age(column.behind)})"
    if kind == "narrowed":
        words += f" to {'float64' if column.dtype == 'int64' else 'float32'}"
    if kind in column.reasons:
        words += f": online it is {column.reasons[kind].text}"
    return words


def _age(behind: Behind) -> str:
    older = f"of a row up to {span(behind.older_us)} older"
    if not behind.most_us:
        return older
    return f"{older}, behind by {span(behind.median_us)} at the median and {span(behind.most_us)} at most"


def span(micros: int) -> str:
    """A length of time in its greatest unit: `1.5 h`."""
    for unit, size in MICROSECONDS:
        if micros >= size:
            return f"{micros / size:.3g} {unit}"
    return f"{micros / 1_000_000:.3g} s"


def _such(keys: Sequence[str]) -> str:
    return f", such as `{shortened(keys[0])}`" if keys else ""


def _column_to_json(column: ColumnParity) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.dtype,
        "absent": column.absent,
        "rows": column.rows,
        "differing": column.differing,
        "counts": {kind.replace("-", "_"): column.counts.get(kind, 0) for kind in KINDS},
        "behind": None if column.behind is None else asdict(column.behind),
        "reasons": [{"of": kind.replace("-", "_"), **asdict(reason)} for kind, reason in column.reasons.items()],
        "samples": [
            {"kind": kind.replace("-", "_"), **asdict(sample)}
            for kind, samples in column.samples.items()
            for sample in samples
        ],
    }


def broken(rules: Sequence[ParityRule], report: ParityReport) -> tuple[str, ...]:
    """What the rules do not allow, in words."""
    return tuple(message for rule in rules for message in _broken(rule, report))


def _broken(rule: ParityRule, report: ParityReport) -> Iterator[str]:
    keys = max(1, report.offline_keys)
    for subject, number, text in report.key_findings:
        if rule.subject == subject and number / keys > rule.limit:
            yield f"{rule.text}: {text}"
    if rule.subject == "behind" and report.keys.behind / keys > rule.limit:
        yield f"{rule.text}: {count(report.keys.behind, 'online row')} older than the newest offline row"
    for column in report.columns:
        counts: dict[str, int] = {str(kind): number for kind, number in column.counts.items()}
        if rule.subject == "absent" and column.absent == "online":
            yield f"{rule.text}: {column.name}: {column.text}"
        number = column.differing if rule.subject == "differs" else counts.get(rule.subject, 0)
        if number and number / column.rows > rule.limit:
            yield f"{rule.text}: {column.name}: {column.text}"
