"""The public functions that look for skew: between training and serving, two stores, or two services.

Why a module of its own: none of them compiles or verifies, and `skc.api` does nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skc.comparing import drifted, freshness_of, replayed
from skc.comparing import parity as compared_online
from skc.failures import library_errors
from skc.ir import ProfileOptions
from skc.options import DriftOptions, FreshnessOptions, ParityOptions, PathLike, ReplayOptions, Tolerance
from skc.progress import Progress
from skc.shadow_options import ShadowOptions

if TYPE_CHECKING:
    from skc.profile.document import Profile
    from skc.skew.freshness.report import FreshnessReport
    from skc.skew.parity.report import ParityReport
    from skc.skew.replay.report import ReplayReport
    from skc.skew.report import DriftReport
    from skc.skew.shadow.report import ShadowReport


@library_errors()
def drift(
    data: Any,
    artifact: PathLike,
    *,
    thresholds: PathLike | None = None,
    prediction: str | None = None,
    reference: Any = None,
    window: str | None = None,
    by: str | None = None,
    group: str | None = None,
    fail_on: Sequence[str] = (),
    own_plan: bool = False,
    strict: bool = False,
    threads: int | None = None,
) -> DriftReport:
    """Compare rows of serving with what the training rows of an artifact were like.

    `data` is a path, a glob, or a pandas, Polars or PyArrow table of requests; `artifact` the directory of an artifact,
    or a profile that `write_profile` wrote. `thresholds` is a file that has what `drift` of a pipeline.yaml has.
    `prediction` names a column of predictions, which is compared with the same column of `reference`: a table, or its
    profile. `window` ("1d") and `by` (a column of times) compare every window by itself, `group` every value of a
    column. `own_plan` leaves out files of a log that are of another pipeline, which are refused otherwise. The rules of
    `fail_on` (minor, moderate, severe, columns>0.2) fill `.broken` of what is returned; `strict` refuses rows that are
    too few to tell. Raises SkcError.
    """
    options = DriftOptions(
        thresholds=thresholds,
        prediction=prediction,
        reference=reference,
        window=window,
        by=by,
        group=group,
        fail_on=tuple(fail_on),
        own_plan=own_plan,
        strict=strict,
        threads=threads,
    )
    return drifted(data, artifact, options)


def parity(
    offline: Any,
    online: Any = None,
    *,
    key: str,
    artifact: PathLike | None = None,
    online_key: str | None = None,
    time: str | None = None,
    lag: str | None = None,
    sample: int | None = None,
    version: str | None = None,
    fail_on: Sequence[str] = (),
    threads: int | None = None,
) -> ParityReport:
    """Compare what an online store holds with the offline table, key by key.

    `offline` is a path, a glob, or a pandas, Polars or PyArrow table, and so may `online` be; or it is an export (JSON
    lines of `key`, `value` and `time`), or a function from a list of keys to a list of dicts, None for a key that the
    store does not have. `key` names the column of keys ("user_id", or "user_id=uid" where the online table calls it
    so), `online_key` says how the store writes a key ("user:{user_id}"). The inputs of `artifact` are compared, by
    their types and nulls; without one, all columns of the offline table. With `time`, the offline row that counts is
    the latest at the time of the online row, and an older value is stale if it is behind by more than `lag` ("1h").
    `sample` is about how many keys are compared: all of a table, and 100,000 of a store, if it is not given. `version`
    is what the field `schema` of an online row must be, the hash of the plan if not given. The rules of `fail_on`
    (missing, stale>0.01, …) fill `.broken` of what is returned. Raises SkcError.
    """
    is_function = callable(online) and not hasattr(online, "__arrow_c_stream__")
    options = ParityOptions(
        key=key,
        artifact=artifact,
        store=online if is_function else None,
        online_key=online_key,
        time=time,
        lag=lag,
        sample=sample,
        version=version,
        fail_on=tuple(fail_on),
        threads=threads,
    )
    return compared_online(offline, None if is_function else online, options)


def replay(
    logs: PathLike | Sequence[PathLike],
    artifact: PathLike,
    *,
    training: Any = None,
    key: str | None = None,
    time: str | None = None,
    tolerance: Tolerance = "bits",
    since: str | int | None = None,
    until: str | int | None = None,
    rows: int | None = None,
    any_plan: bool = False,
    own_plan: bool = False,
    fail_on: Sequence[str] = (),
) -> ReplayReport:
    """Recompute the features of logged requests, and compare them with those that were served.

    `logs` are files that `Log` of a runtime wrote, or folders of them. `training` is a path, a glob, or a pandas,
    Polars or PyArrow table; `key` ("id=COLUMN", "key=COLUMN" or the name of an input) says which of its rows a request
    is, and with `time`, a column of it, that is the latest not after the request. With the `tolerance` "1e-6" floats
    that are not exact on every machine may differ by so much. `since` and `until` are times with their zone, days of
    UTC, or microseconds since 1970; `rows` is the number of requests to replay, all if not given. `any_plan` accepts a
    log of another pipeline, and `own_plan` leaves out its files. The rules of `fail_on` (served, training, lost,
    lost>0.001) fill `.broken` of what is returned. Raises SkcError.
    """
    options = ReplayOptions(
        training=training,
        key=key,
        time=time,
        tolerance=tolerance,
        since=since,
        until=until,
        rows=rows,
        any_plan=any_plan,
        own_plan=own_plan,
        fail_on=tuple(fail_on),
    )
    paths = [logs] if isinstance(logs, str | os.PathLike) else list(logs)
    return replayed(paths, artifact, options)


@library_errors()
def freshness(
    logs: PathLike | Sequence[PathLike],
    artifact: PathLike | None = None,
    *,
    training: Any = None,
    event: str | None = None,
    feature_time: Sequence[str] = (),
    fail_on: Sequence[str] = (),
    own_plan: bool = False,
    strict: bool = False,
    threads: int | None = None,
) -> FreshnessReport:
    """Say how old looked-up values were when they were served, how many were missing, and how long looking up took.

    `logs` are files of a log of requests, or folders of them, and `artifact` is what served them: it says which inputs
    are looked up, and what is expected. `training` is a table, whose column `event` has the time of the label, and
    whose columns of `feature_time` ("INPUT=COLUMN") have the times of values, where the artifact does not say so: the
    ages are compared, and values from after their label counted. `own_plan` leaves out files of another pipeline, which
    are refused otherwise. The rules of `fail_on` (hit_rate, age, fetch, future, training, leak, unlogged, stale>0.01,
    misses>0.1, defaults>0.01) fill `.broken` of what is returned; `strict` refuses look-ups that are too few to tell.
    Raises SkcError.
    """
    options = FreshnessOptions(
        training=training,
        event=event,
        feature_time=tuple(feature_time),
        fail_on=tuple(fail_on),
        own_plan=own_plan,
        strict=strict,
        threads=threads,
    )
    return freshness_of([logs] if isinstance(logs, str | os.PathLike) else logs, artifact, options)


@library_errors()
def write_profile(
    data: Any,
    out: PathLike,
    types: PathLike | None = None,
    *,
    top: int = 1000,
    minimum: int = 10,
    force: bool = False,
    threads: int | None = None,
) -> Profile:
    """Write what the columns of a table look like into a file, which `drift` compares with.

    `types` is an artifact or a pipeline.yaml, whose inputs say which columns there are, and of which types; without it
    every column is of the type that it is stored as. At most `top` values of a column are listed, each of at least
    `minimum` rows. Raises SkcError.
    """
    from skc.draft.files import check_file
    from skc.skew.freezing import freeze, written

    check_file(Path(out), force=force)
    frozen = freeze(data, None if types is None else Path(types), ProfileOptions((), top, minimum), threads)
    return written(frozen, Path(out))


def shadow(
    a: PathLike | None = None,
    b: PathLike | None = None,
    *,
    progress: Progress | None = None,
    **options: Any,
) -> ShadowReport:
    """Compare two services on the same requests, and say whether they diverge: `.outcome`, `.fields`, `.inputs`.

    `a` and `b` are logs of both, joined by id; or a log and the directory of an artifact, which answers its requests
    again. Or neither is given, and two services are asked: `left` and `right` are URLs, or commands that answer a line
    of JSON per line; `requests` is a file or a log, or `synthetic` a number of requests that `verify` would try. A
    URL gets the headers `header` ("Name: value", or "@FILE"), and those of its side, `left_header` or `right_header`.
    The other options are those of `skc shadow`: see `skc.shadow_options.ShadowOptions`. Raises SkcError.
    """
    from skc.shadowing import shadowed

    for name in ("header", "left_header", "right_header", "ignore", "fail_on"):
        if name in options:
            options[name] = (options[name],) if isinstance(options[name], str) else tuple(options[name])
    return shadowed(a, b, ShadowOptions(**options), progress)
