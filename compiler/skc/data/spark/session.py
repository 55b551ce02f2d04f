"""The session of Spark that an engine runs in, and what Spark raises, as diagnostics.

A session that is there already is used and left as it is; one that is started here ends with the engine. PySpark is an
extra: nothing imports it before an engine is opened.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skc.diagnostics import SkcError, fail

Session = Any  # pyspark.sql.SparkSession, whose types are those of the installed version
Frame = Any  # pyspark.sql.DataFrame
DEFAULT_MASTER = "local[*]"
LOCAL = re.compile(r"local(\[.*\])?")
KNOWN = re.compile(r"local(\[.*\])?|spark://.+|yarn|k8s://.+")
STANDALONE = re.compile(r"spark://(.+)")
ANSWER_SECONDS = 10.0  # of a master
INSTALL = "install it: `pip install 'skc[spark]'`"
JAVA = "Spark runs in Java: install a JDK (17 or later for Spark 4), and have `java` on PATH, or set JAVA_HOME"
MASTERS = "give --master local[2], spark://HOST:7077, yarn or k8s://https://HOST:PORT"
WORKERS = "install skc with the extra `compile`, of this version, on every machine of the cluster: PYSPARK_PYTHON there"
OWN = {  # settings of a session that is started here
    "spark.app.name": "skc",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
}


@contextmanager
def open_session(master: str | None) -> Iterator[Session]:
    """The session that is active, or a new one at a master (local[*] by default). Raises SKC690, SKC691."""
    spark_session, context = _imported()
    if context._active_spark_context is not None:  # also where no session is active in this thread
        active = spark_session.builder.getOrCreate()
        _check_master(active, master)
        yield active
        return
    master = DEFAULT_MASTER if master is None else master
    session = _started(spark_session, master)
    try:
        yield session
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sockets that the gateway leaves open
            session.stop()


def _imported() -> tuple[Any, Any]:
    try:
        from pyspark import SparkContext
        from pyspark.sql import SparkSession
    except ImportError as error:
        message = "PySpark is not installed"
        raise fail("SKC690", message, hint=INSTALL, notes=[str(error)[:300]]) from None
    return SparkSession, SparkContext


def _check_master(active: Session, master: str | None) -> None:
    """A process has one master at most."""
    current = active.sparkContext.master
    if master is not None and current != master:
        message = f"a session of Spark at `{current}` is active, and `{master}` is asked for"
        raise fail("SKC691", message, hint="leave the master out, or stop that session first")


def _started(spark_session: Any, master: str) -> Session:
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=None if home is None else os.path.join(home, "bin")) is None:
        raise fail("SKC690", "there is no Java" + ("" if home is None else f" in JAVA_HOME ({home})"), hint=JAVA)
    check_master(master)
    try:
        builder = spark_session.builder.master(master)
        for name, value in OWN.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    except Exception as error:  # of PySpark, Py4J and Java, which have no class in common
        message = f"no session of Spark can be started at `{master}`"
        raise fail("SKC691", message, hint=MASTERS, notes=[first_words(error)]) from None
    session.sparkContext.setLogLevel("ERROR")
    if LOCAL.fullmatch(master) and "PYSPARK_PYTHON" not in os.environ:
        session.sparkContext.pythonExec = sys.executable  # and not any `python3`
    return session


@contextmanager
def setting(session: Session, name: str, value: object) -> Iterator[None]:
    """A setting of a session, for a while."""
    before = session.conf.get(name, None)
    session.conf.set(name, str(value))
    try:
        yield
    finally:
        if before is None:
            session.conf.unset(name)
        else:
            session.conf.set(name, before)


def check_master(master: str) -> None:
    """Refuse what is not a master, or one of a standalone cluster that does not answer: Spark itself waits a minute for
    it, and then gives a session that is stopped. Raises SKC691.
    """
    if not KNOWN.fullmatch(master):
        raise fail("SKC691", f"`{master}` is not the URL of a master of Spark", hint=MASTERS)
    standalone = STANDALONE.fullmatch(master)
    if standalone is None:
        return
    notes = []
    for address in standalone[1].split(","):
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS):
                return
        except (OSError, ValueError, OverflowError) as error:
            notes.append(f"{address}: {error}")
    hint = "check that the master runs, its address and the firewall: its page on port 8080 shows the URL"
    raise fail("SKC691", f"the master `{master}` cannot be reached", hint=hint, notes=notes)


@contextmanager
def spark_errors(what: str) -> Iterator[None]:
    """Turn any error of Spark into a diagnostic: what was being done, and the start of its message."""
    try:
        yield
    except (SkcError, AssertionError):
        raise
    except Exception as error:  # of PySpark, Py4J and Java, which have no class in common
        if not is_of_spark(error):
            raise
        text = str(error)
        notes = [first_words(error)]
        if "OutOfMemoryError" in text or "MemoryError" in text:
            hint = "give the executors more memory (spark.executor.memory), or the driver (spark.driver.memory)"
            raise fail("SKC221", f"{what}: out of memory", hint=hint, notes=notes) from None
        raise fail("SKC220", what, hint=_hint(text), notes=notes) from None


def is_of_spark(error: BaseException) -> bool:
    """Whether PySpark or Py4J raised it."""
    return any(kind.__module__.partition(".")[0] in ("pyspark", "py4j") for kind in type(error).__mro__)


def _hint(text: str) -> str:
    missing = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", text)
    if missing is not None:
        return f"`{missing[1]}` is missing where the rows are. {WORKERS}"
    if "maxResultSize" in text:
        return "raise spark.driver.maxResultSize: the values of a column with many categories are collected once"
    if "No space left on device" in text:
        return "free some space on the executors, or set spark.local.dir to a larger disk"
    return "see the logs of the executors; --engine duckdb reads the same rows on this machine"


WORDS = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception)): (.*)$", re.M)


def first_words(error: BaseException) -> str:
    """The cause in a message of Spark: the last error of Python in it if there is one, and no stack."""
    text = str(error)
    causes = [f"{name}: {words}" for name, words in WORDS.findall(text) if not name.startswith("Py4J")]
    of_python = [cause for cause in causes if not cause.startswith(("SparkException", "PythonException"))]
    shown = (of_python or causes or [text])[-1 if "Traceback" in text else 0]
    return " ".join(shown.split())[:300]
