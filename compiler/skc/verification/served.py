"""Records through `skc_runtime`, as a service gives them: one at a time, refused by an error with a code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import skc_runtime
from skc.artifact import MODEL, Artifact
from skc.equality.judge import Judge
from skc.equality.sides import Outcome, refusal_code
from skc.rows.sampling import Record
from skc.verification.findings import SERVED, Findings
from skc.verification.report import Check
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.manifest import Manifest


def served(artifact: Artifact, judge: Judge, records: Sequence[Record], want: Outcome, findings: Findings) -> Check:
    """The check of these records, of which the reference says `want`."""
    check = Check("runtime", "records through skc_runtime", 0, 0, 0)
    with skc_runtime.Transformer(artifact.manifest, artifact.files[MODEL]) as transformer:
        for i, record in enumerate(records):
            check = _record_added(
                check, artifact.manifest, judge, transformer, record, want.rows(slice(i, i + 1)), findings
            )
    return check


def _record_added(
    check: Check,
    manifest: Manifest,
    judge: Judge,
    transformer: skc_runtime.Transformer,
    record: Record,
    want: Outcome,
    findings: Findings,
) -> Check:
    try:
        made = transformer.transform(record)
    except SkcRuntimeError as error:
        wanted = refusal_code(manifest, want.guards[0])
        return refusal_added(check, findings, record, error.code, wanted)
    if want.refused[0]:
        nothing = replace(want, guards=want.guards & False)
        findings.guards(check.name, want.refused, nothing, want, [record].__getitem__)
        return check.plus(1, 0, 1, 0)
    valid = {o.name: made[o.valid][None, :] for o in manifest.outputs if o.valid is not None}
    got = Outcome({o.name: made[o.name][None, :] for o in manifest.outputs}, valid, want.guards)
    judgement = judge.compare(got, want)
    for name, compared in judgement.columns.items():
        findings.values(check.name, name, compared.differs, got, want, [record].__getitem__)
    return check.plus(1, sum(o.size for o in got.outputs.values()), int(judgement.differing[0]), 0)


def refusal_added(check: Check, findings: Findings, record: Record, got: str, want: str | None) -> Check:
    """The check with a refused record added, told by the codes of both sides; None is no refusal."""
    if got != want:
        findings.refused(check.name, record, f"refused: {got}", SERVED if want is None else f"refused: {want}")
    return check.plus(1, 0, int(got != want), int(want is not None))
