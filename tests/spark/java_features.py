"""What the jar for Spark gives, in a session of its own: `java_features.py JAR FOLDER`, with the cases of test_java.py.

Writes told.json, which has of each case the text of what was refused, or how many jobs there were before the rows were
needed; the features are in the folder of its name.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from threading import Thread
from typing import Any

SETTINGS = {
    "spark.driver.memory": "1g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "Asia/Tokyo",  # which no feature may show
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",  # Spark 3 asks for it
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
warnings.simplefilter("ignore")  # of PySpark about itself


def main(jar: str, folder: Path) -> None:
    from pyspark.sql import DataFrame, SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.jars", jar)
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    java = session._jvm.dev.skc.spark
    told: dict[str, Any] = {"scala": session._jvm.scala.util.Properties.versionNumberString(), "spark": session.version}
    _logger, handler = logged(session, folder / "loaded.log")  # the logger is kept: Java keeps it weakly
    cases = json.loads((folder / "cases.json").read_text())
    for case in cases:
        name, artifact = case["name"], case["artifact"]
        frame = session.read.parquet(case["rows"]).repartition(case["partitions"]).selectExpr(*case["select"])
        options = java.SkcOptions()
        for method, words in case["options"].items():
            options = getattr(options, method)(*([array(session, words)] if method == "keep" else words))

        def features(frame: Any = frame, artifact: str = artifact, options: Any = options, case: Any = case) -> Any:
            if "sql" not in case:
                return DataFrame(java.SkcSpark.transform(frame._jdf, artifact, options), session)
            java.SkcSpark.register(session._jsparkSession, "features", artifact, options)
            frame.createOrReplaceTempView("given")
            return session.sql(case["sql"])

        for key, value in case["settings"].items():
            session.conf.set(key, value)
        told[name] = outcome(session, features, folder / name)
        for key in case["settings"]:
            session.conf.unset(key)
    told["together"] = together(session, cases, folder)
    told["many functions"] = many_functions(session, cases)
    told["meanwhile"] = meanwhile(session, cases)
    handler.close()
    (folder / "told.json").write_text(json.dumps(told))
    session.stop()


def logged(session: Any, file: Path) -> tuple[Any, Any]:
    """Let the jar write to a file which artifacts it loads and releases."""
    java = session._jvm.java.util.logging
    handler = java.FileHandler(str(file))
    handler.setFormatter(java.SimpleFormatter())
    handler.setLevel(java.Level.ALL)
    logger = java.Logger.getLogger("dev.skc.spark")
    logger.setLevel(java.Level.ALL)
    logger.setUseParentHandlers(False)
    logger.addHandler(handler)
    return logger, handler


def together(session: Any, cases: list[dict[str, Any]], folder: Path) -> dict[str, int]:
    """The features of several artifacts in one task, and how many rows differ from those of each by itself."""
    from pyspark.sql import DataFrame

    java = session._jvm.dev.skc.spark
    names = [case["name"] for case in cases if case["name"].startswith("variant ")]
    frames = []
    for case in (case for case in cases if case["name"] in names):
        rows = session.read.parquet(case["rows"])
        options = java.SkcOptions().keep(array(session, ["n"]))
        frames.append(DataFrame(java.SkcSpark.transform(rows._jdf, case["artifact"], options), session))
    one = [frame.selectExpr("to_json(struct(*)) AS text") for frame in frames]
    task = reduce(DataFrame.unionAll, one).coalesce(1)
    each = [session.read.parquet(str(folder / name)).selectExpr("to_json(struct(*)) AS text") for name in names]
    alone = reduce(DataFrame.unionAll, each)
    found, expected = (sorted(row.text for row in frame.collect()) for frame in (task, alone))
    return {"artifacts": len(frames), "rows": len(found), "different": len({*found} ^ {*expected})}


def many_functions(session: Any, cases: list[dict[str, Any]]) -> int:
    """The rows of a task in which functions of SQL use all of them, row by row."""
    artifacts = variants(cases)
    for k, artifact in enumerate(artifacts):
        session._jvm.dev.skc.spark.SkcSpark.register(session._jsparkSession, f"made{k}", artifact)
    rows = late(session, cases, 1000).selectExpr("struct(*) AS row")
    made = rows.selectExpr(*(f"made{k}(row) AS made{k}" for k in range(len(artifacts))))
    (told,) = made.selectExpr("count(*) AS rows", "sum(hash(*)) AS used").collect()
    return int(told.rows)


def meanwhile(session: Any, cases: list[dict[str, Any]]) -> dict[str, int]:
    """The rows of a task that takes seconds; how often the driver meanwhile planned with all other artifacts."""
    from pyspark.sql import DataFrame

    java = session._jvm.dev.skc.spark
    first, *others = variants(cases)
    frame = DataFrame(java.SkcSpark.transform(late(session, cases, 500_000)._jdf, first, java.SkcOptions()), session)
    told, planned = list[Any](), 0
    task = Thread(target=lambda: told.extend(frame.selectExpr("count(*) AS rows", "sum(hash(*)) AS used").collect()))
    task.start()
    while task.is_alive():
        for artifact in others:
            java.SkcSpark.transform(late(session, cases, 1)._jdf, artifact, java.SkcOptions())
        planned += task.is_alive()
    return {"rows": int(told[0].rows) if told else 0, "planned": planned}


def variants(cases: list[dict[str, Any]]) -> list[str]:
    return [case["artifact"] for case in cases if case["name"].startswith("variant ")]


def late(session: Any, cases: list[dict[str, Any]], times: int) -> Any:
    """So many times three rows, in one task."""
    rows = next(case["rows"] for case in cases if case["name"] == "a struct of late times")
    return session.range(0, times, 1, 1).selectExpr("id AS k").crossJoin(session.read.parquet(rows)).coalesce(1)


def array(session: Any, words: list[str]) -> Any:
    made = session.sparkContext._gateway.new_array(session._jvm.String, len(words))
    for k, word in enumerate(words):
        made[k] = word
    return made


def outcome(session: Any, features: Callable[[], Any], out: Path) -> Any:
    """Write the features of a case, and return the number of jobs before that, or the refusal."""
    context = session.sparkContext
    context.setJobGroup(out.name, "counted")
    try:
        frame = features()
        jobs = len(context.statusTracker().getJobIdsForGroup(out.name))
        frame.write.parquet(str(out))
        return {"jobs": jobs}
    except Exception as error:
        words = [line for line in str(error).splitlines() if "error[" in line]
        return {"refused": words[0][words[0].index("error[") :] if words else str(error)[:2000]}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
