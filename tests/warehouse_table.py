"""The table of `docs/warehouses.md`, written from `skc.data.postgres.capabilities`."""

from __future__ import annotations

from pathlib import Path

from skc.data.postgres.capabilities import CAPABILITIES, NAMES, NOT_RUN, Exact, Refused

PAGE = Path(__file__).parents[1] / "docs" / "warehouses.md"
START = "<!-- capabilities: written by `make generated`; a test says it is current -->"
END = "<!-- /capabilities -->"


def table() -> str:
    """One row for each statistic, and one column for each dialect."""
    dialects = list(CAPABILITIES)
    lines = [f"| | {' | '.join(NAMES[d] for d in dialects)} |", f"|---|{'---|' * len(dialects)}"]
    for statistic in CAPABILITIES[dialects[0]]:
        lines.append(f"| {statistic} | {' | '.join(_cell(CAPABILITIES[d][statistic]) for d in dialects)} |")
    return "\n".join([*lines, "", f"(1) {NOT_RUN.why}."])


def _cell(answer: Exact | Refused) -> str:
    if answer == NOT_RUN:
        return "refused (1)"
    return f"exact: {answer.how}" if isinstance(answer, Exact) else f"refused: {answer.why}"


def page(text: str) -> str:
    """The page with the table as it should be."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{table()}\n{END}{after}"
