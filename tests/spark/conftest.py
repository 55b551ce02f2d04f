"""One small session of Spark for all tests of this folder; they are skipped by name where there is none."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import toolchains

SETTINGS = {
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",  # short jobs are not worth compiling well
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "Asia/Tokyo",  # which no plan may show
    "spark.sql.execution.arrow.maxRecordsPerBatch": "50",
    "spark.shuffle.spill.numElementsForceSpillThreshold": "200",  # what is brought together is first written to disk
    "spark.memory.fraction": "0.03",  # of the heap: 22 MB, so that what is persisted goes to disk too
}


@pytest.fixture(scope="session")
def session() -> Iterator[Any]:
    toolchains.need("spark")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PySpark about itself
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[2]").appName("tests of skc")
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.pythonExec = sys.executable
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()
