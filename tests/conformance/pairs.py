"""The pairs of `schemas/agreement.v1.json` as artifacts that give `got`, with golden records that say `want`.

Why by loading: golden replay is the one place where a runtime decides whether two values agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from agreement import PAIRS, may_agree
from forged_artifacts import Artifact, compile_pipeline

from skc.ir import Input, Output, Pipeline, Ref
from skc.rows.sampling import PLAIN
from skc_runtime.kinds import OutputDType

REPLAYS = ("exact", "tolerance")


@dataclass(frozen=True)
class PairArtifact:
    """A pair in a column that its manifest calls exact, or not; `loads` says with which replays it loads."""

    id: str
    artifact: Artifact
    loads: dict[str, bool]


def pair_artifacts() -> Iterator[PairArtifact]:
    """Each pair twice."""
    sound = {dtype: _giving_back(dtype) for dtype in get_args(OutputDType)}
    for pair in PAIRS:
        lines = [{"skc": "golden", "format": 1}, {"record": {"v": pair["got"]}, "outputs": {"out": [pair["want"]]}}]
        golden = "".join(json.dumps(line) + "\n" for line in lines).encode()
        for exact in (True, False):
            artifact = _with_exact(sound[pair["dtype"]], exact).with_file("golden.jsonl", golden)
            loads = {replay: may_agree(pair, exact or replay == "exact") for replay in REPLAYS}
            yield PairArtifact(f"{pair['id']}-{'exact' if exact else 'inexact'}", artifact, loads)


def _giving_back(dtype: Any) -> Artifact:
    """Its one input, as an output of this type."""
    raw = Input("v", "float64" if dtype == "float32" else dtype, nullable=dtype.startswith("float"))
    pipeline = Pipeline("pair", (raw,), (), (), (Output("out", (Ref(raw.value),), dtype),))
    return compile_pipeline(pipeline, "columns", [{"v": PLAIN[raw.dtype]}])


def _with_exact(artifact: Artifact, exact: bool) -> Artifact:
    document = artifact.document
    document["outputs"][0]["exact"] = [exact]
    return artifact.with_document(document)
