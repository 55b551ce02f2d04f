"""The cases of `cases_models.py` as skc answers them: equal to scikit-learn, or refused for the reason in the list."""

from __future__ import annotations

import pytest
from parity import cases_models
from parity.expected import check


@pytest.mark.parametrize("name", [case.name for case in cases_models.cases()])
def test_equal_or_refused_as_listed(name: str) -> None:
    check(name)
