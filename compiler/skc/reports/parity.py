"""A comparison of an online store with the offline table, as text: which keys, which columns, in which way."""

from __future__ import annotations

from collections.abc import Iterator

from skc.reports.layout import table
from skc.skew.parity.comparing import Kind
from skc.skew.parity.report import FOUND, ColumnParity, ParityReport, finding_text, span
from skc.skew.parity.samples import Sample
from skc.verification.shown import count, shortened

SHORT = {  # the columns of the table
    "only-offline": "null online",
    "only-online": "null offline",
    "stale": "stale",
    "narrowed": "narrowed",
    "negated": "sign",
    "other": "other",
    "unreadable": "unreadable",
}


def text(report: ParityReport) -> str:
    """The keys, each column with a finding in a few lines, then all columns as a table, notes, and the verdict."""
    parts = [key_text(report), *map(column_text, report.found), _table(report), "\n".join(note_texts(report))]
    return "\n\n".join([*(part for part in parts if part), report.verdict()])


def key_text(report: ParityReport) -> str:
    """What is wrong with keys and rows; empty if nothing is."""
    lines = []
    for subject, _, sentence in report.key_findings:
        some = {"missing": report.missing, "ghosts": report.ghosts}.get(subject, ())
        lines.append(f"  {sentence}" if len(some) < 2 else f"  {sentence.partition(', such as')[0]}: {_listed(some)}")
    return "\n".join(["keys", *lines]) if lines else ""


def _listed(keys: tuple[str, ...]) -> str:
    return ", ".join(f"`{shortened(key)}`" for key in keys)


def column_text(column: ColumnParity) -> str:
    """The findings of a column, each with a few keys and both values."""
    return "\n".join(_lines(column))


def _lines(column: ColumnParity) -> Iterator[str]:
    if column.absent is not None:
        yield f"{column.name}: {column.text}"
        return
    differ = "differs" if column.differing == 1 else "differ"
    yield f"{column.name}: {column.differing:,} of {count(column.rows, 'row')} {differ}"
    for kind in FOUND:
        if not column.counts.get(kind, 0):
            continue
        yield f"  {finding_text(column, kind)}"
        for sample in column.samples.get(kind, ()):
            yield f"    {shortened(sample.key)}: {sample_text(column, kind, sample)}"


def sample_text(column: ColumnParity, kind: Kind, sample: Sample) -> str:
    """Both values of a key, and their times."""
    offline, online = (value_text(column, value) for value in (sample.offline, sample.online))
    at = "" if sample.offline_time is None else f" ({sample.offline_time})"
    read = "" if sample.online_time is None else f" ({sample.online_time})"
    since = f", which was so at {sample.stale_time}" if kind == "stale" and sample.stale_time is not None else ""
    return f"offline {offline}{at}, online {online}{read}{since}"


def value_text(column: ColumnParity, value: str | None) -> str:
    """A value; a text in quotes, so that a null is not the text `null`."""
    if value is None:
        return "null"
    return f'"{shortened(value)}"' if column.dtype == "string" else str(shortened(value))


def note_texts(report: ParityReport) -> list[str]:
    """What explains the counts, besides the findings."""
    notes = []
    for rows, side in zip(report.without_key, ("offline", "online"), strict=True):
        if rows:
            notes.append(f"{count(rows, f'{side} row')} without a key")
    if report.without_time:
        notes.append(f"{count(report.without_time, 'offline row')} without a time, which are not compared")
    if report.foreign:
        notes.append(f"{count(report.foreign, 'online row')} with a key of another form")
    if report.keys.behind:
        most = span(report.keys.behind_us)
        notes.append(f"{count(report.keys.behind, 'online row')} older than the newest offline row, by {most} at most")
    allowed = sum(column.counts.get("within-lag", 0) for column in report.columns)
    if allowed:
        notes.append(f"{count(allowed, 'value')} stale by no more than the lag of {span(report.lag_us)}")
    absent = [f"`{column.name}`" for column in report.columns if column.absent == "offline"]
    if absent:
        notes.append(f"not compared, since the offline table does not have them: {', '.join(absent)}")
    if not report.knows_ghosts:
        notes.append("keys that only the store has are not known: it is only asked for those of the offline table")
    return notes


def _table(report: ParityReport) -> str:
    rows: list[tuple[str, ...]] = [("column", "type", "rows", "equal", *SHORT.values())]
    rows += [_row(column) for column in report.columns if column.absent is None]
    return table(rows) if len(rows) > 1 else ""


def _row(column: ColumnParity) -> tuple[str, ...]:
    counts = {kind: f"{number:,}" if number else "-" for kind, number in column.counts.items()}
    return column.name, column.dtype, f"{column.rows:,}", counts["equal"], *(counts[kind] for kind in SHORT)  # type: ignore[index]  # they are kinds
