"""All cases of the parity table."""

from __future__ import annotations

from collections.abc import Mapping

from parity import cases_columns, cases_models, cases_whole
from parity.case import Case


def by_name(*cases: Case) -> Mapping[str, Case]:
    """The cases under their names, no two of which are the same."""
    found = {case.name: case for case in cases}
    assert len(found) == len(cases), sorted(case.name for case in cases if found[case.name] is not case)
    return found


CASES = by_name(*cases_columns.cases(), *cases_models.cases(), *cases_whole.cases())
