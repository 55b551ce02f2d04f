"""The file that a draft is written into."""

from __future__ import annotations

from pathlib import Path

from skc.diagnostics import SkcError, bug, fail
from skc.frontend.yaml.reader import read_pipeline_text
from skc.publish import publish_file


def check_file(path: Path, *, force: bool) -> None:
    """Refuse to replace a file, before any work is done. Raises SKC410, SKC412."""
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise fail("SKC412", f"cannot write `{path}`: it is not a file", hint="name a file, or `-` for stdout")
    if path.exists() and not force:
        raise fail("SKC410", f"`{path}` already exists", hint="choose another file, or replace it with --force")


def check_draft(text: str) -> None:
    """Read a draft as `skc compile` will. A pipeline for very many columns is too long (SKC100)."""
    try:
        read_pipeline_text(text, "pipeline.yaml")
    except SkcError as error:
        if error.code == "SKC100":
            raise
        raise bug(f"the draft is not a pipeline: {error.diagnostics[0].text()}") from error


def write_text(text: str, path: Path) -> None:
    """Write a file, whole or not at all. Raises SKC412."""
    try:
        publish_file(lambda draft: draft.write_text(text, encoding="utf-8", newline="\n"), path)
    except OSError as error:
        hint = "check the folder and its space"
        raise fail("SKC412", f"cannot write `{path}`: {error.strerror}", hint=hint) from None
