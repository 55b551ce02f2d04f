"""The check of a request log as text."""

from __future__ import annotations

from skc.skew.check import LogReport
from skc.skew.replay.times import time_text
from skc.verification.shown import count


def text(report: LogReport) -> str:
    """What was read on one line, then what is missing, then what is worth knowing."""
    refused = report.requests - report.served
    read = f"{count(report.requests, 'request')} in {count(report.files, 'file')} of {count(report.writers, 'writer')}"
    lines = [read + (f", {refused:,} of them refused" if refused else "") + _period(report)]
    if report.sampled_out:
        lines.append(f"{report.sampled_out:,} more do not belong to the sample")
    lines += [f"{f.kind}: {f.message} ({f.where})" for f in report.findings]
    lines.append("nothing is missing" if report.is_whole else "the log is not whole")
    return "\n".join(lines)


def _period(report: LogReport) -> str:
    if report.first_us is None or report.last_us is None:
        return ""
    return f", from {time_text(report.first_us)} to {time_text(report.last_us)}"
