"""Artifacts made by a writer of our own: small pipelines lowered by the compiler, and damaged at will.

Why our own: the tests of the runtimes must be able to write what the compiler never would.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from oracle_stats import column_stats

from skc.frontend.build import build
from skc.frontend.definitions import FeatureDefinition, Name, OutputDefinition, PipelineDefinition, StepDefinition
from skc.ir import Input, Output, Pipeline, Ref, Zone
from skc.lower import Lowered, lower
from skc.op import AnyOp
from skc.ops import OPS
from skc.values.types import Scalar, ValueType
from skc_runtime import Manifest, Transformer, golden
from skc_runtime.manifest import OnnxSpec, Signature


@dataclass(frozen=True)
class Artifact:
    """An artifact in memory: its files as bytes."""

    files: Mapping[str, bytes]

    def write(self, directory: Path) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            (directory / name).write_bytes(data)
        return directory

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.files["manifest.json"])
        return found

    def with_document(self, document: Any) -> Artifact:
        """With another manifest.json."""
        return Artifact({**self.files, "manifest.json": json.dumps(document).encode()})

    def with_file(self, name: str, data: bytes) -> Artifact:
        """With another file, whose hash the manifest gives: as a forger would write it."""
        document = self.document
        document["files"][name] = hashlib.sha256(data).hexdigest()
        return Artifact({**self.files, name: data}).with_document(document)


def model_bytes(lowered: Lowered, metadata: Mapping[str, str]) -> bytes:
    onnx.helper.set_model_props(lowered.model, dict(metadata))
    return lowered.model.SerializeToString(deterministic=True)


def manifest_of(pipeline: Pipeline, lowered: Lowered, plan: str) -> Manifest:
    return Manifest(
        name=pipeline.name,
        signature=lowered.signature,
        inputs=lowered.inputs,
        tensors=lowered.tensors,
        outputs=lowered.outputs,
        guards=lowered.guards,
        onnx=OnnxSpec(20, 4, 9, "1.18.0", ("", "ai.onnx.ml")),
        files={},
        plan=plan,
        tzdata=None,
        built_with={"skc": "0.1.0"},
    )


def compile_pipeline(
    pipeline: Pipeline, signature: Signature = "columns", records: Sequence[Mapping[str, Any]] = ()
) -> Artifact:
    """All files of an artifact, with golden records made of `records`."""
    plan = pipeline.text().encode()
    plan_hash = hashlib.sha256(plan).hexdigest()
    lowered = lower(pipeline, signature)
    model = model_bytes(lowered, {"skc.format": "1", "skc.name": pipeline.name, "skc.plan": plan_hash})
    manifest = manifest_of(pipeline, lowered, plan_hash)
    with Transformer(manifest, model) as transformer:
        cases = [golden.observe(transformer, record) for record in records]
    artifact = Artifact({"manifest.json": json.dumps(manifest.to_json()).encode()})
    for name, data in (("model.onnx", model), ("plan.json", plan), ("golden.jsonl", golden.dumps(cases))):
        artifact = artifact.with_file(name, data)
    return artifact


def identity(inputs: Sequence[Mapping[str, Any]]) -> Pipeline:
    """A pipeline that gives each input back as `out.NAME`: what reached the graph."""
    values = tuple(
        Input(
            i["name"],
            i["type"],
            i["nullable"],
            i["nan"],
            text=i.get("text"),
            zone=Zone(i["timezone"]) if "timezone" in i else None,
        )
        for i in inputs
    )
    outputs = tuple(Output(f"out.{i.name}", (Ref(i.value),), i.kind.element) for i in values)
    return Pipeline("identity", values, (), (), outputs)


def fitted_step(op: AnyOp, x: ValueType, columns: Sequence[Sequence[Scalar]], **params: Any) -> StepDefinition:
    """A step fitted on columns of values by the oracle statistics."""
    checked = op.params(**params)
    stats = [column_stats(column, op.needs(checked, x)) for column in columns]
    return StepDefinition(op, checked, op.freeze(checked, x, stats))


def rides() -> Pipeline:
    """Every type, nullable and not, two guards, four outputs of which one can miss."""
    inputs = (
        Input("distance", "float64"),
        Input("fare", "float64", nullable=True),
        Input("passengers", "int64"),
        Input("member", "bool", nullable=True),
        Input("payment", "string"),
        Input("pickup", "timestamp"),
        Input("day", "date", nullable=True),
    )
    scale = fitted_step(
        OPS["standard_scale"],
        ValueType("float64", nullable=True, width=2),
        ([0.5, 1.0, 7.25], [3.0, None, 12.5]),
    )
    one_hot = fitted_step(OPS["one_hot"], ValueType("string"), (["card", "cash", "card", "😀"],), unknown="error")
    features = (
        FeatureDefinition("amounts", (Name("distance"), Name("fare")), (scale,)),
        FeatureDefinition("payment", (Name("payment"),), (one_hot,)),
    )
    outputs = (
        OutputDefinition("x", (Name("amounts"), Name("payment")), "float32"),
        OutputDefinition("times", (Name("passengers"), Name("pickup"), Name("day")), "int64"),
        OutputDefinition("is_member", (Name("member"),), "bool"),
        OutputDefinition("word", (Name("inputs.payment"),), "string"),
    )
    return build(PipelineDefinition("rides", inputs, features, outputs))[0]


RIDE = {
    "distance": 2.5,
    "fare": 11.75,
    "passengers": 2,
    "member": True,
    "payment": "card",
    "pickup": 1_709_208_000_000_001,
    "day": 19_782,
}
GOLDEN_RIDES = (
    RIDE,
    {**RIDE, "fare": None, "member": None, "day": None},
    {**RIDE, "distance": -0.0, "fare": float("inf"), "payment": "😀", "member": False},
    {key: value for key, value in RIDE.items() if key not in ("fare", "member", "day")},
    {**RIDE, "payment": "Card"},
    {**RIDE, "pickup": 2**62},
)
