"""The artifact: a directory with the model, its manifest, the plan and golden records; written whole or not at all.

The bytes of every file are a function of the frozen pipeline, the signature and the versions of the tools: no clock,
path or user. Golden records are generated from the pipeline, never taken from training data. Only profile.json is a
function of the training rows too, and so the identity with it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import random
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

import skc_runtime
from skc import plan
from skc.codes import Code
from skc.diagnostics import SkcError, bug, fail
from skc.emit import opset
from skc.frontend.yaml.data import options_to_json, read_options_text
from skc.frontend.yaml.freshness import freshness_to_json, read_freshness_text
from skc.ir import Freshness, Pipeline, ReadOptions
from skc.lower import Lowered, lower, lower_and_signal
from skc.ops import OPS
from skc.oracle.default import EVALUATE
from skc.output_values import profile_outputs
from skc.passes.prune import prune
from skc.profile import PROFILE
from skc.profile import document as profiles
from skc.profile.document import Profile
from skc.profile.scales import check_named
from skc.publish import is_litter, publish_folder
from skc.rows.base_row import base_row
from skc.rows.boundaries import Reach
from skc.rows.pool import Pool
from skc.rows.sampling import Record, Variations, hostile_values
from skc.time.zones import TZDATA_VERSION
from skc.values.types import Scalar
from skc_runtime import golden
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.identity import SIGNATURE, Key, identity_of
from skc_runtime.loading import open_artifact
from skc_runtime.manifest import InputSpec, Manifest, OnnxSpec, Signals, Signature, TensorSpec
from skc_runtime.model_scan import scan_model

FORMAT = 1
GOLDEN_RECORDS = 48
TRIED_AT_ONCE = 4096  # records
TRIED_VALUES = 12  # per input, from which golden records are chosen
MODEL, MANIFEST, PLAN, GOLDEN = "model.onnx", "manifest.json", "plan.json", "golden.jsonl"
# No runtime needs these: how files of text are read, if otherwise than by default; what the training rows were like;
# what is expected of looked-up values.
READING, FRESHNESS = "reading.json", "freshness.json"
RECORD = "verified.json"  # what `skc verify --save` writes
# Every name that skc writes into an artifact's folder: the artifact itself, and files written there later, which are
# not part of its identity and are deleted with it when it is replaced.
FILES, OPTIONAL_FILES, ADDED_FILES = (MODEL, MANIFEST, PLAN, GOLDEN), (READING, PROFILE, FRESHNESS), (RECORD, SIGNATURE)
_VERSIONS = ("skc", "numpy", "onnx", "onnxruntime", "spox")
_CODES: dict[str, Code] = {
    "artifact-not-found": "SKC404",
    "artifact-file-missing": "SKC404",
    "artifact-too-new": "SKC402",
    "identity-mismatch": "SKC405",
    "signature-missing": "SKC405",
    "signature-invalid": "SKC405",
    "invalid-option": "SKC140",
}
LONGEST_READING = 1_000_000  # bytes
T = TypeVar("T")
_LONGEST_GOLDEN_STRING = 200


@dataclass(frozen=True)
class Artifact:
    """An artifact in memory. `files` are the bytes of the directory, by name."""

    pipeline: Pipeline
    manifest: Manifest
    files: Mapping[str, bytes]

    @property
    def identity(self) -> str:
        """The hash of the manifest, and so of everything."""
        return identity_of(self.files[MANIFEST])

    @property
    def reading(self) -> ReadOptions:
        """How files of text are read for this artifact: as those that it was fitted on. Raises SKC401."""
        return self._read_text(READING, read_options_text, ReadOptions())

    @property
    def freshness(self) -> Freshness:
        """Which inputs are looked up, and what is expected of them. Raises SKC401.

        Why a file of its own: a runtime need not know it, and refuses a manifest with keys that it does not know.
        """
        return self._read_text(FRESHNESS, read_freshness_text, Freshness())

    def _read_text(self, name: str, read: Callable[[str, str], T], default: T) -> T:
        """What an optional file has."""
        if name not in self.files:
            return default
        try:
            return read(self.files[name][:LONGEST_READING].decode(), name)
        except (SkcError, UnicodeDecodeError) as error:
            hint = "the file was edited, or written by another version of skc; compile the pipeline again"
            raise fail("SKC401", f"{name} cannot be read", hint=hint, notes=[str(error)[:300]]) from None

    @property
    def profile(self) -> Profile | None:
        """What the training rows were like, if it is known. Raises SKC401."""
        return profiles.loads(self.files[PROFILE]) if PROFILE in self.files else None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(data) for data in self.files.values())


def assemble(
    pipeline: Pipeline,
    signature: Signature = "packed",
    fitted_with: Mapping[str, str] | None = None,
    records: Sequence[Record] | None = None,
    reading: ReadOptions | None = None,
    profile: Profile | None = None,
    profile_rows: pa.RecordBatch | None = None,
    reach: Reach | None = None,
) -> Artifact:
    """Lower a fitted pipeline and make every file of its artifact.

    `fitted_with` has the versions of the libraries that learned its states, if skc did not; `records` are its
    `golden_records`, which do not depend on the signature, where they are known already. `reading` is how the files
    that it was fitted on are read, and `profile` what they were like; the outputs of `profile_rows` are added to it, of
    which the pipeline says what is left out. `reach` may know the boundaries already.
    """
    uses_unicode = any(OPS[step.op].uses_unicode for step in pipeline.steps)
    unicode = {"unicode": unicodedata.unidata_version} if uses_unicode else {}
    profiles_outputs = None not in (profile, profile_rows, pipeline.profile)
    lowered, signalling = (
        lower_and_signal(pipeline, signature) if profiles_outputs else (lower(pipeline, signature), None)
    )
    manifest, files = _compiled(pipeline, lowered, plan.dumps(pipeline), {**(fitted_with or {}), **unicode})
    written = {} if reading is None else options_to_json(reading)
    if written:
        files[READING] = _json_line(written)
    if pipeline.freshness != Freshness():
        files[FRESHNESS] = _json_line(freshness_to_json(pipeline.freshness))
    if pipeline.signals and manifest.signals is None:
        message = (
            "the pipeline has nothing to signal: no input may be null, and no step meets values that it does not know"
        )
        raise fail("SKC640", message, hint="compile it without --signals, and without `signals: true`")
    try:
        scan_model(files[MODEL])
        with skc_runtime.Transformer(manifest, files[MODEL]) as transformer:
            records = golden_records(prune(pipeline), reach) if records is None else records
            files[GOLDEN] = _golden_bytes(records, transformer)
    except SkcRuntimeError as error:
        raise bug(f"the compiled model does not run: {error}") from error
    if profile is not None:
        profile = _with_outputs(profile, pipeline, profile_rows, signalling)
        check_named(profile.drift, (*(i.name for i in pipeline.inputs), *profile.labels))
        files[PROFILE] = profiles.dumps(profile)
        manifest = replace(manifest, signals=_with_shares(manifest.signals, profile))
    files[MANIFEST] = _manifest_bytes(manifest, files)
    return Artifact(pipeline, Manifest.from_json(files[MANIFEST]), files)


def _json_line(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _with_outputs(
    profile: Profile, pipeline: Pipeline, rows: pa.RecordBatch | None, signalling: Lowered | None
) -> Profile:
    if rows is None or pipeline.profile is None:
        return profile
    return replace(profile, outputs=profile_outputs(pipeline, rows, pipeline.profile, signalling))


def recompile(artifact: Artifact) -> Mapping[str, bytes] | None:
    """The files that plan.json compiles to, except the golden records, whose bits may depend on the processor.

    None if the manifest names other tool versions or time zones than are installed here: differing bytes would then
    not mean anything.
    """
    built_with, tools = artifact.manifest.built_with, tool_versions()
    fitted_with = {name: version for name, version in built_with.items() if name not in tools}
    if built_with != {**tools, **fitted_with} or artifact.manifest.tzdata not in (None, TZDATA_VERSION):
        return None
    pipeline = _as_declared(plan.loads(artifact.files[PLAN]), artifact.manifest)
    lowered = lower(pipeline, artifact.manifest.signature)
    manifest, files = _compiled(pipeline, lowered, plan.encode(pipeline), fitted_with)
    if manifest.signals is not None:
        manifest = replace(manifest, signals=_with_shares(manifest.signals, artifact.profile))
    others = {name: artifact.files[name] for name in (GOLDEN, *OPTIONAL_FILES) if name in artifact.files}
    files[MANIFEST] = _manifest_bytes(manifest, {**files, **others})
    return files


def _as_declared(pipeline: Pipeline, manifest: Manifest) -> Pipeline:
    """A plan with what only its manifest says, which changes no feature."""
    return replace(pipeline, log=manifest.log, signals=manifest.signals is not None)


def _with_shares(signals: Signals | None, profile: Profile | None) -> Signals | None:
    """Signals with their shares of the training rows, where a profile has them; columns of one name have none."""
    outputs = None if profile is None else profile.outputs
    if signals is None or outputs is None or outputs.rows == 0:
        return signals
    counts: dict[tuple[str, str, str], list[int]] = {}
    for step in outputs.steps:
        counts.setdefault((step.step, step.input, step.kind), []).append(step.rows)
    shares = {place: f"{rows[0] / outputs.rows:.12f}" for place, rows in counts.items() if len(rows) == 1}
    trimmed = {place: share.rstrip("0").rstrip(".") for place, share in shares.items()}
    columns = (replace(c, training=trimmed.get((c.step, c.input, c.kind))) for c in signals.columns)
    return replace(signals, columns=tuple(columns))


def without_shares(signals: Signals | None) -> Signals | None:
    """What a plan alone says of the signals."""
    if signals is None:
        return None
    return replace(signals, columns=tuple(replace(column, training=None) for column in signals.columns))


def tool_versions() -> dict[str, str]:
    """The versions on which the bytes of an artifact depend."""
    return dict(_tool_versions())


@cache
def _tool_versions() -> Mapping[str, str]:
    return {name: importlib.metadata.version(name) for name in _VERSIONS}


def _compiled(
    pipeline: Pipeline, lowered: Lowered, plan_bytes: bytes, fitted_with: Mapping[str, str]
) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest, whose `files` are still empty, and the files that are a function of the plan alone."""
    model = _model_bytes(lowered, pipeline.name, _sha256(plan_bytes))
    manifest = manifest_of(pipeline, lowered, _sha256(plan_bytes))
    return replace(manifest, built_with={**manifest.built_with, **fitted_with}), {MODEL: model, PLAN: plan_bytes}


def _manifest_bytes(manifest: Manifest, files: Mapping[str, bytes]) -> bytes:
    """One line of JSON with sorted keys."""
    document = replace(manifest, files={name: _sha256(data) for name, data in files.items()}).to_json()
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode() + b"\n"


def _model_bytes(lowered: Lowered, name: str, plan_hash: str) -> bytes:
    columns = json.dumps(columns_of_tensors(lowered.inputs, lowered.tensors), ensure_ascii=False)
    facts = {"skc.format": str(FORMAT), "skc.name": name, "skc.plan": plan_hash, "skc.columns": columns}
    for key, value in facts.items():
        entry = lowered.model.metadata_props.add()
        entry.key, entry.value = key, value
    data: bytes = lowered.model.SerializeToString(deterministic=True)
    return data


def columns_of_tensors(inputs: Sequence[InputSpec], tensors: Sequence[TensorSpec]) -> dict[str, list[str]]:
    """What stands in each column of each input tensor: an input, or where it has a value."""
    columns = {tensor.name: [""] * tensor.width for tensor in tensors}
    for spec in inputs:
        columns[spec.slot.tensor][spec.slot.column] = spec.name
        if spec.valid is not None:
            columns[spec.valid.tensor][spec.valid.column] = f"{spec.name}.valid"
    return columns


def manifest_of(pipeline: Pipeline, lowered: Lowered, plan_hash: str) -> Manifest:
    """The manifest of a lowered pipeline; `files` is still empty."""
    uses_zones = any(OPS[step.op].uses_timezone and step.params.timezone is not None for step in pipeline.steps)
    return Manifest(
        name=pipeline.name,
        signature=lowered.signature,
        inputs=lowered.inputs,
        tensors=lowered.tensors,
        outputs=lowered.outputs,
        guards=lowered.guards,
        signals=lowered.signals,
        onnx=OnnxSpec(
            opset=opset.OPSET,
            ml=opset.OPSET_ML,
            ir=opset.IR_VERSION,
            minimum_onnxruntime=opset.MINIMUM_ONNXRUNTIME,
            domains=tuple(entry.domain for entry in lowered.model.opset_import),
        ),
        files={},
        plan=plan_hash,
        tzdata=TZDATA_VERSION if uses_zones else None,
        built_with=tool_versions(),
        log=pipeline.log,
    )


def _golden_bytes(records: Iterable[Record], transformer: skc_runtime.Transformer) -> bytes:
    return golden.dumps(golden.observe(transformer, record) for record in records)


def golden_records(pipeline: Pipeline, reach: Reach | None = None) -> list[Record]:
    """Seeded records: a row that is served, that row with one boundary or hostile value at a time, and mixtures.

    Most of them must be served, if any row is: replaying only refusals would not detect different arithmetic or a
    different model.
    """
    pools = {i.name: [v for v in hostile_values(i) if not _is_long(v)] for i in pipeline.inputs}
    for boundaries in (reach or Reach()).boundaries(pipeline):
        if boundaries.raw_input is not None:
            pools[boundaries.raw_input] += [v for v in boundaries.raw_values if not _is_long(v)]
    base = base_row(pipeline, pools, EVALUATE)
    source = random.Random(1)
    changed = [
        (i.name, value)
        for i in pipeline.inputs
        for value in source.sample(pools[i.name], min(TRIED_VALUES, len(pools[i.name])))
    ]
    served = served_rows(pipeline, Variations(base, changed))[1:]
    tame, wild = ([pair for pair, ok in zip(changed, served, strict=True) if ok is kind] for kind in (True, False))
    values = {i.name: [base[i.name]] for i in pipeline.inputs}
    for name, value in tame:
        values[name].append(value)
    mixed = Pool(values).generate(GOLDEN_RECORDS // 3, 0, pipeline.inputs)
    chosen = [*_some(source, tame, GOLDEN_RECORDS // 2), *_some(source, wild, GOLDEN_RECORDS // 6)]
    return [base, *({**base, name: value} for name, value in chosen), *mixed]


def _some(source: random.Random, pairs: list[tuple[str, Scalar]], number: int) -> list[tuple[str, Scalar]]:
    return source.sample(pairs, min(number, len(pairs)))


def served_rows(pipeline: Pipeline, records: Variations) -> list[bool]:
    """For each record, whether it passes every guard.

    What has guards is known from the base record: an op guards all rows or none. Only steps that a guard depends on are
    run, and only for the records that give them another value: all steps for all records would be quadratic.
    """
    base = EVALUATE(pipeline, records.blocks(pipeline.inputs, range(1))).guards
    refused = np.full(len(records), any(hit.mask.any() for hit in base))
    guarding = {hit.step for hit in base}
    behind = pipeline.behind(guarding)
    inputs = tuple(i for i in pipeline.inputs if i.value in behind)
    part = prune(replace(pipeline, inputs=inputs, features=(), outputs=()), guarding)
    names = {i.name for i in inputs}
    changed = [k for k, (name, _) in enumerate(records.changes, 1) if name in names]
    for start in range(0, len(changed), TRIED_AT_ONCE):
        rows = changed[start : start + TRIED_AT_ONCE]
        hits = EVALUATE(part, records.blocks(inputs, rows)).guards
        refused[rows] = np.any([hit.mask for hit in hits], axis=0)
    return (~refused).tolist()


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > _LONGEST_GOLDEN_STRING


def check_target(out: Path, *, force: bool) -> None:
    """Refuse a target that cannot be written to, before any work is done. Raises SKC410, SKC411, SKC412.

    A replaced folder is deleted, so it must not contain anything that skc did not write.
    """
    try:
        if "\0" in str(out):
            raise ValueError("a path cannot contain a NUL")
        if os.path.lexists(out):
            _check_replaceable(out, force=force)
            return
        above = next(folder for folder in out.absolute().parents if os.path.lexists(folder))
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            reason = "not a folder" if above.exists() and not above.is_dir() else "no permission to write"
            raise fail("SKC412", f"cannot write to `{above}`: {reason}", hint="choose another directory")
    except (OSError, ValueError) as error:
        raise _unwritable(out, error) from None


def _check_replaceable(out: Path, *, force: bool) -> None:
    if not force:
        raise fail("SKC410", f"`{out}` already exists", hint="choose another directory, or replace it with --force")
    if out.is_symlink():
        raise fail(
            "SKC411", f"`{out}` is a link, so --force does not replace it", hint="give the directory it points to"
        )
    names = {path.name for path in out.iterdir()} if out.is_dir() else {out.name}
    foreign = sorted(
        n
        for n in names - {*FILES, *OPTIONAL_FILES, *ADDED_FILES}
        if not any(is_litter(name, n) for name in ADDED_FILES)
    )
    if names and (foreign or MANIFEST not in names or not out.is_dir()):
        what = f"it holds `{foreign[0]}`" if foreign and out.is_dir() else "it has no manifest"
        raise fail(
            "SKC411",
            f"`{out}` is not an artifact ({what}), so --force does not replace it",
            hint="choose another directory",
        )


def write(artifact: Artifact, out: Path, *, force: bool = False) -> None:
    """Write all files to a directory that appears whole or not at all. Raises SKC410, SKC411, SKC412."""
    check_target(out, force=force)
    try:
        publish_folder(artifact.files, out)
    except OSError as error:
        raise _unwritable(out, error) from None


def _unwritable(out: Path, error: OSError | ValueError) -> SkcError:
    reason = getattr(error, "strerror", None) or error
    return fail("SKC412", f"cannot write `{out}`: {reason}", hint="check the folder and its space")


def read(directory: Path, *, replay: bool = True, key: Key | None = None) -> Artifact:
    """Read and check an artifact: every hash, the manifest, the plan, and with `replay` the golden records.

    With `key` it must be signed with it. Raises SKC401 to SKC405.
    """
    try:
        files, transformer = open_artifact(directory, key=key)
        with transformer:
            cases = golden.loads(files[GOLDEN])
            if replay:
                golden.replay_cases(transformer, cases, "tolerance")
    except SkcRuntimeError as error:
        raise runtime_failure(error) from None
    return Artifact(_as_declared(plan.loads(files[PLAN]), transformer.manifest), transformer.manifest, files)


def runtime_failure(error: SkcRuntimeError) -> SkcError:
    """An error of the runtime as a diagnostic of the compiler."""
    return fail(_CODES.get(error.code, "SKC403"), f"{error.message} [{error.code}]", hint=error.hint)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
