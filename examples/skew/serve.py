"""Serve one request as a service does: print its features, or why it is refused.

    python ../serve.py ARTIFACT REQUEST [REVIEWED]

REVIEWED is the artifact that the service expects: the one on whose features its model was trained.

Exit code 0: served. 1: the request is refused. 2: the artifact is not loaded.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import skc_runtime


def main(artifact: str, request: str, reviewed: str | None = None) -> int:
    identity = reviewed and sha256(Path(reviewed, "manifest.json").read_bytes()).hexdigest()
    try:
        with skc_runtime.load(artifact, expect=identity) as transformer:
            features = transformer.transform_json(request.encode())
    except skc_runtime.SkcRuntimeError as error:
        print(error)
        return 2 if isinstance(error, skc_runtime.ArtifactError) else 1
    for output in transformer.manifest.outputs:
        for name, value in zip(output.columns, features[output.name].flat, strict=True):
            print(f"{name}: {shown(value)}")
    return 0


def shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value.item(), float) else str(value)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
