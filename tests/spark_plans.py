"""What the tests of Spark share: plans to compare, and rows that are divided."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import skc
from skc.data.spark.engine import spark_at

SPARK = spark_at(None)  # the session of the tests


def plan_of(subject: Path, data: Any, out: Path, **options: Any) -> bytes:
    """What is fitted: plan.json, and profile.json if there is one."""
    skc.compile(subject, data, out, verify=False, force=True, **options)
    profile = out / "profile.json"
    return (out / "plan.json").read_bytes() + (profile.read_bytes() if profile.exists() else b"")


@contextmanager
def divided(cores: int = 7) -> Iterator[None]:
    """Rows of one part are divided among so many partitions, one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skc.data.spark.engine.rows_of_block", lambda _: 1)
        patch.setattr("pyspark.SparkContext.defaultParallelism", cores)
        yield
