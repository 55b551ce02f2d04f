"""Records through `skc_runtime`, as in a service: one at a time, refused by an error with a code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

import skc_runtime
from skc.artifact import MODEL
from skc.oracle.protocol import Outcome
from skc.rows.sampling import Record, RowsOf
from skc.verification.comparer import Comparer
from skc.verification.report import Check
from skc_runtime.errors import SkcRuntimeError


def compare_served(comparer: Comparer, records: RowsOf, check: Check) -> Iterator[Check]:
    """The check after each of these records: marshalling, refusals and values."""
    artifact = comparer.artifact
    want = comparer.oracle.run(records.blocks(artifact.pipeline.inputs, range(len(records))))
    with skc_runtime.Transformer(artifact.manifest, artifact.files[MODEL]) as transformer:
        for i, record in enumerate(records):
            check = _record_added(check, comparer, transformer, record, want.rows(slice(i, i + 1)))
            yield check


def _record_added(
    check: Check, comparer: Comparer, transformer: skc_runtime.Transformer, record: Record, want: Outcome
) -> Check:
    manifest, findings = comparer.artifact.manifest, comparer.findings
    if not want.defined[0]:
        return check
    try:
        results = transformer.transform(record)
    except SkcRuntimeError as error:
        return comparer.add_refusal(check, record, error.code, want, error.step)
    fired = np.zeros_like(want.guards)
    if want.refused[0]:
        served = replace(want, guards=fired, uncoded=None)
        findings.guards(check.name, want.refused, served, want, [record].__getitem__)
        return check.plus(1, 0, 1, 0)
    valid = {o.name: results[o.valid][None, :] for o in manifest.outputs if o.valid is not None}
    got = Outcome({o.name: results[o.name][None, :] for o in manifest.outputs}, valid, fired)
    judgement = comparer.judge.compare(got, want)
    for name, compared in judgement.columns.items():
        findings.values(check.name, name, compared.differs, got, want, [record].__getitem__)
    return check.plus(1, sum(o.size for o in got.outputs.values()), int(judgement.differing[0]), 0)
