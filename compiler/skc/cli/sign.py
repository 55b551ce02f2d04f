"""`skc sign`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skc.cli.flags import ArtifactDir
from skc.cli.printing import talk


def sign(
    artifact: ArtifactDir,
    key: Annotated[Path, typer.Option("--key", help="An Ed25519 private key in PEM.")],
) -> None:
    """Sign an artifact: writes manifest.sig into its folder. `openssl genpkey -algorithm ed25519` creates a key."""
    from skc import api

    signature = api.sign(artifact, key)
    talk(f"wrote {artifact / 'manifest.sig'}, signed with the key {signature.key}")
