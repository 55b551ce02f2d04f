"""What `skc inspect` and `skc ops` show. Reads JSON and docstrings only: it must answer at once."""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skc.diagnostics import did_you_mean, fail
from skc.profile import PROFILE

if TYPE_CHECKING:
    from skc.ir import Pipeline
    from skc.profile.document import Profile

_RECOMPILE = "copy the artifact again from where it was compiled, or compile the pipeline again"


@dataclass(frozen=True)
class Inspected:
    """The facts of an artifact, its pipeline, and what the training rows were like if it says so."""

    facts: dict[str, Any]
    pipeline: Pipeline
    profile: Profile | None


def inspect(directory: Path) -> dict[str, Any]:
    """The manifest, the steps with what they learned, and the files of an artifact. Raises SKC402, SKC403, SKC404."""
    return _facts(directory)[0]


def inspect_closely(directory: Path) -> Inspected:
    """The same, and all that a page shows besides. Raises SKC401 too."""
    from skc import plan
    from skc.profile import document as profiles

    facts, files = _facts(directory)
    profile = profiles.loads(files[PROFILE]) if PROFILE in files else None
    return Inspected(facts, plan.loads(files["plan.json"]), profile)


def _facts(directory: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The facts, and the files by name."""
    data = _read(directory, "manifest.json")
    identity = hashlib.sha256(data).hexdigest()
    manifest = _manifest(data, directory / "manifest.json")
    files = {name: _read(directory, name) for name in sorted(manifest["files"])}
    for name, data in files.items():
        if hashlib.sha256(data).hexdigest() != manifest["files"][name]:
            raise fail("SKC403", f"{name} does not have the hash given in manifest.json", hint=_RECOMPILE)
    plan = json.loads(files["plan.json"])
    facts = {
        "identity": identity,
        **{
            key: manifest[key]
            for key in ("name", "signature", "inputs", "outputs", "onnx", "tzdata", "built_with", "plan")
        },
        "guards": (manifest["guards"] or {"columns": []})["columns"],
        **({"signals": manifest["signals"]["columns"]} if "signals" in manifest else {}),
        "steps": plan["steps"],
        "files": {path.name: path.stat().st_size for path in sorted(directory.iterdir()) if path.is_file()},
    }
    return facts, files


def _read(directory: Path, name: str) -> bytes:
    """A regular file of the folder itself: a pipe would be waited for, and a link may lead anywhere."""
    path = directory / name
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
        if Path(name).name != name or not is_file or not path.resolve().is_relative_to(directory.resolve()):
            raise fail("SKC403", f"`{path}` is not a file of the artifact's own folder", hint=_RECOMPILE)
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        hint = "give the directory that `skc compile` wrote"
        raise fail("SKC404", f"`{path}` cannot be read: {reason}", hint=hint) from None


def _manifest(data: bytes, path: Path) -> dict[str, Any]:
    """The manifest as plain data, checked only as far as showing it requires."""
    try:
        document = json.loads(data)
        if document["skc"] == "artifact" and document["format"] == 1 and "plan.json" in document["files"]:
            return dict(document)
        is_newer = document["skc"] == "artifact" and document["format"] > 1
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise fail("SKC403", f"`{path}` is damaged: {type(error).__name__}: {error}", hint=_RECOMPILE) from None
    if is_newer:
        raise fail("SKC402", f"`{path}` has the newer format {document['format']}", hint="install a newer skc")
    raise fail("SKC403", f"`{path}` is not the manifest of an artifact", hint=_RECOMPILE)


def ops(name: str | None) -> list[dict[str, Any]]:
    """One entry per op a pipeline may use, or only the named one. Raises SKC111 for an unknown op."""
    from skc.ops import OPS

    public = {key: op for key, op in sorted(OPS.items()) if not op.internal}
    if name is not None and name not in public:
        raise fail("SKC111", f"`{name}` is not an op", hint=did_you_mean(name, public) or "`skc ops` lists them")
    return [
        {
            "name": op.name,
            "summary": op.doc.strip().splitlines()[0],
            "page": op.doc.strip(),
            "parameters": [f.name for f in fields(op.params)],
            "exact": op.exact,
            "fitted_elsewhere": op.is_fitted_elsewhere,
        }
        for key, op in public.items()
        if name in (None, key)
    ]
