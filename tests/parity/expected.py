"""What the tests hold skc to: no case is silent or crashes, and exactly those in `refusals.json` are refused."""

from __future__ import annotations

import warnings

from parity.cases import CASES
from parity.judge import judge
from parity.refusals import read_refusals

UPDATE = "python tests/parity/table.py --update"

# Cases in which skc refuses ordinary rows, and why that is right.
NARROW = {
    "KMeans() on float64": "seconds since 1970: scikit-learn itself errs by up to 3e-5 in a distance of some hours",
}


def check(name: str) -> None:
    """Fail unless the verdict of skc on a case is the expected one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn, in fitting
        verdict = judge(CASES[name], ["skc"]).verdicts["skc"]
    reason = read_refusals().get(name)
    if reason is None:
        want = "narrow" if name in NARROW else "equal"
        assert verdict.kind == want, f"{verdict.kind}: {verdict.reason}; if this refusal is meant: `{UPDATE}`"
    else:
        assert verdict.kind == "refused", f"it is {verdict.kind} now: {verdict.reason}; run `{UPDATE}`"
        assert verdict.reason == reason, f"run `{UPDATE}`"
