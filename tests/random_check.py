"""What must hold of any pipeline: it is refused with a code, or compiled, verified and served without a bit of
difference."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow.parquet
from random_yaml import Case

import skc
import skc_runtime
from skc import artifact as artifacts
from skc import plan
from skc.artifact import Artifact
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline
from skc.lower import lower
from skc.reports.verification import difference_text
from skc_runtime.agreement import same_bits
from skc_runtime.errors import GUARD_CODES, RecordError

# What the rows may give reason for, whatever the pipeline.
BY_DATA = frozenset({"SKC210", "SKC211", "SKC212", "SKC213", "SKC215", "SKC216", "SKC222", "SKC224"})
Outputs = dict[str, np.ndarray[Any, Any]]


def check_case(case: Case, r: Random, folder: Path) -> str:
    """The code of the refusal, or `compiled`. Raises AssertionError where a promise is broken."""
    yaml, out = folder / "pipeline.yaml", folder / "out"
    yaml.write_text(case.text, encoding="utf-8")
    table: Any = case.table(typed=r.random() < 0.5)
    if r.random() < 0.3:
        pyarrow.parquet.write_table(table, folder / "rows.parquet")
        table = folder / "rows.parquet"
    signature = "packed" if r.random() < 0.5 else "columns"
    try:
        compiled = skc.compile(yaml, table, out, signature=signature, rows=300, seed=r.randrange(1000))
    except SkcError as error:
        assert error.code in BY_DATA, f"{error}\n{case.text}"
        return error.code
    assert compiled.report is not None
    found = "\n".join(difference_text(difference) for difference in compiled.report.differences[:2])
    assert compiled.report.is_equal, f"{compiled.report.verdict()}\n{found}\n{case.text}"
    made = artifacts.read(out)
    assert made.files == compiled.artifact.files
    _check_bytes(case, r, yaml, made)
    with skc_runtime.load(out) as transformer:
        _check_serving(case, transformer, made)
    return "compiled"


def _check_bytes(case: Case, r: Random, yaml: Path, made: Artifact) -> None:
    """The same bytes from the rows in another order, and from the plan alone."""
    order = list(range(case.rows))
    r.shuffle(order)
    read, _ = read_pipeline(yaml)
    again = fit(read, case.table(order), threads=2, profile=read.profile)
    for name in ("rows.csv", "rows.jsonl"):
        text = yaml.with_name(name)
        if r.random() < 0.3 and case.write_text(text, order):
            assert plan.dumps(fit(read, str(text)).pipeline) == made.files["plan.json"], f"{name}\n{case.text}"
    signature = made.manifest.signature
    assert (
        artifacts.assemble(again.pipeline, signature, profile=again.profile, profile_rows=again.profile_rows).files
        == made.files
    ), case.text
    if r.random() < 0.2:
        pipeline, profile = plan.loads(made.files["plan.json"]), made.profile
        assert artifacts.assemble(pipeline, signature, profile=profile).files == made.files, case.text
    plain = lower(made.pipeline, signature, optimise=False)
    declared = [(o.name, o.columns, o.exact, o.valid) for o in plain.outputs]
    assert declared == [(o.name, o.columns, o.exact, o.valid) for o in made.manifest.outputs], case.text


def _check_serving(case: Case, transformer: skc_runtime.Transformer, made: Artifact) -> None:
    """Every row alone, in every form of a batch, and at every level of optimisation: the same bits."""
    records = case.records()
    alone: dict[int, Outputs] = {}
    for i, record in enumerate(records):
        try:
            alone[i] = transformer.transform(record)
        except RecordError as error:
            assert error.code in GUARD_CODES, f"{error}\n{case.text}"
    served = list(alone)
    whole = transformer.transform([records[i] for i in served]) if served else {}
    for k, i in enumerate(served):
        _assert_same({name: array[None] for name, array in alone[i].items()}, whole, slice(k, k + 1), case)
    if not served:
        return
    columns = {c.name: [c.values[i] for i in served] for c in case.columns}
    for typed in (False, True):
        _assert_same(transformer.transform(case.requests(served, typed=typed)), whole, slice(None), case)
    _assert_same(transformer.transform_columns(columns), whole, slice(None), case)


def _assert_same(got: Outputs, want: Outputs, rows: slice, case: Case) -> None:
    assert got.keys() == want.keys()
    for name, array in want.items():
        assert got[name].dtype == array.dtype
        assert got[name].shape == array[rows].shape
        assert same_bits(got[name], array[rows]).all(), f"{name}\n{got[name]}\n{array[rows]}\n{case.text}"
