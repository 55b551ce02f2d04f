"""Whether the files of an artifact belong together: the plan compiles to this model and manifest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from skc.artifact import MODEL, Artifact, manifest_of, recompile, tool_versions, without_shares
from skc.diagnostics import fail
from skc.emit import opset
from skc.lower import lower
from skc.verification.report import Check

RECOMPILED, ABOUT_RECOMPILED = "recompiled", "plan.json compiles to the same bytes"


def check_model(artifact: Artifact) -> None:
    """Raise SKC403 if onnx itself reads something in model.onnx that skc never emits, whatever the runtime saw."""
    try:
        foreign = opset.foreign_part(onnx.load_model_from_string(artifact.files[MODEL]))
    except DecodeError:
        foreign = "bytes that onnx does not read"
    if foreign:
        hint = "it was modified, or compiled by a newer skc: compile the pipeline again, or install that version"
        raise fail("SKC403", f"model.onnx has {foreign}, which skc never emits", hint=hint)


def check_manifest(artifact: Artifact) -> None:
    """Raise SKC403 if the contract in manifest.json differs from plan.json: other names, types, columns or guards.

    The contract is a function of the plan under any tool versions. The layout of the tensors may change with skc.
    """
    expected = manifest_of(artifact.pipeline, lower(artifact.pipeline, artifact.manifest.signature), "").to_json()
    actual = replace(artifact.manifest, signals=without_shares(artifact.manifest.signals)).to_json()
    is_same_skc = artifact.manifest.built_with.get("skc") == tool_versions()["skc"]
    for key in ("inputs", "outputs", "guards", "signals", *(("tensors",) if is_same_skc else ())):
        if _contract(expected.get(key), places=is_same_skc) != _contract(actual.get(key), places=is_same_skc):
            hint = "it was modified: copy the artifact again from where it was compiled, or compile the pipeline again"
            raise fail("SKC403", f"manifest.json does not belong to plan.json: they disagree about `{key}`", hint=hint)


def _contract(value: Any, *, places: bool) -> Any:
    """The part of a manifest that a caller sees; with `places` also the layout in tensors."""
    if places or not isinstance(value, list):
        return value
    return [{k: v for k, v in entry.items() if k not in ("tensor", "column", "valid")} for entry in value]


def recompiled(artifact: Artifact) -> Check:
    """One row per file that is a function of the plan."""
    files = recompile(artifact)
    if files is None:
        return Check(RECOMPILED, ABOUT_RECOMPILED, 0, 0, 0, against_reference=False, skipped=_other_tools(artifact))
    differing = sorted(name for name, data in files.items() if data != artifact.files.get(name))
    about = f"plan.json compiles to another {', another '.join(differing)}" if differing else ABOUT_RECOMPILED
    return Check(RECOMPILED, about, len(files), 0, len(differing), against_reference=False)


def _other_tools(artifact: Artifact) -> str:
    installed, built = tool_versions(), artifact.manifest.built_with
    differing = [name for name in sorted(installed) if installed[name] != built.get(name)]
    versions = [f"{name} {built.get(name)}, here {installed.get(name)}" for name in differing]
    return f"not applicable: built with {'; '.join(versions) or f'tzdata {artifact.manifest.tzdata}'}"


def is_own_work(artifact: Artifact) -> bool:
    """This skc, with these tools, built the artifact from its plan: if an op fails on that plan, skc is at fault."""
    try:
        check = recompiled(artifact)
    except Exception:  # a manipulated plan may make an op raise anything
        return False
    return check.skipped is None and not check.differing_rows
