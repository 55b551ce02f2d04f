"""Whether states can be merged with each other, and by which pipeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from skc.diagnostics import SkcError, fail
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ir import DataSource, Pipeline
from skc.state.contents import Contents, contents_of
from skc.state.document import Unread, open_state, read_state
from skc.state.state import State, merge_states

AGAIN_HINT = "write the states again, with the same pipeline and the same version of skc"


def merged_files(
    paths: Sequence[Path], pipeline: Pipeline | None, text: str | None, *, allow_overlap: bool = False
) -> tuple[State, Contents]:
    """The state of the rows of some files, and its contents. `pipeline`, of which `text` is the pipeline.yaml, is used
    in place of the one that the files have.

    Raises SKC696, SKC697.
    """
    if not paths:
        raise fail("SKC140", "there are no states to merge", hint="name files that `skc fit` wrote")
    unread = [open_state(path) for path in paths]
    _check_alike(unread)
    if pipeline is None:
        pipeline, text = _pipeline_of(unread)
    contents = _contents(unread, pipeline)
    states = [read_state(one, contents) for one in unread]
    _check_paths(paths)
    if not allow_overlap:
        _check_sources(states, unread)
    return merge_states(states, contents, text), contents


def _check_paths(paths: Sequence[Path]) -> None:
    """Refuse a file that is named twice, even if nothing was read for it."""
    twice = [path for path, n in Counter(paths).items() if n > 1]
    if twice:
        raise fail("SKC697", f"`{twice[0]}` is named twice", hint="name each state once")


def _check_alike(unread: Sequence[Unread]) -> None:
    own, first = metadata.version("skc"), unread[0]
    for one in unread:
        if one.version != own:
            message = f"`{one.path}` was written by skc {one.version}, and this is {own}"
            raise fail("SKC697", message, hint=f"{AGAIN_HINT}, or install skc {one.version}")
        if one.pipeline != first.pipeline:
            message = f"`{first.path}` and `{one.path}` are of different pipelines"
            raise fail("SKC697", message, hint=AGAIN_HINT)


def _pipeline_of(unread: Sequence[Unread]) -> tuple[Pipeline, str]:
    """The one that all files have. Texts may differ in what decides nothing about the states, such as comments."""
    hint = "name the file with --pipeline"
    first, other = unread[0], next((one for one in unread if one.text != unread[0].text), None)
    if other is not None:
        message = f"`{first.path}` and `{other.path}` have different texts of the pipeline"
        raise fail("SKC697", message, hint=hint)
    if first.text is None:
        raise fail("SKC697", "the states do not have the text of their pipeline", hint=hint)
    pipeline, _ = read_pipeline_text(first.text, f"pipeline.yaml in {first.path}")
    if pipeline.model is not None:
        message = f"the pipeline has the model `{pipeline.model.reference}`, whose place the states do not have"
        raise fail("SKC697", message, hint=hint)
    return pipeline, first.text


def _contents(unread: Sequence[Unread], pipeline: Pipeline) -> Contents:
    """Those that the states have: with a profile or without."""
    declared = pipeline.data or DataSource()
    choices = [contents_of(pipeline, declared, profile) for profile in dict.fromkeys((pipeline.profile, None))]
    own = next((contents for contents in choices if contents.digest == unread[0].pipeline), None)
    if own is None:
        message = f"`{unread[0].path}` is of another pipeline than the one that is given"
        raise fail("SKC697", message, hint=AGAIN_HINT)
    return own


def _check_sources(states: Sequence[State], unread: Sequence[Unread]) -> None:
    """Refuse rows that would count twice."""
    counts = Counter(digest for state in states for digest in {source.sha256 for source in state.sources})
    twice = {digest for digest, n in counts.items() if n > 1}
    if twice:
        raise _overlap(states, unread, min(twice))


def _overlap(states: Sequence[State], unread: Sequence[Unread], digest: str) -> SkcError:
    pairs = [
        (one.path, source.name)
        for state, one in zip(states, unread, strict=True)
        for source in state.sources
        if source.sha256 == digest
    ]
    first, name = pairs[0]
    second, other = next(pair for pair in pairs if pair[0] != first)
    same = f"`{name}`" if name == other else f"`{name}` and `{other}`, which have the same content"
    return fail(
        "SKC697",
        f"`{first}` and `{second}` both have the rows of {same}",
        hint="merge each part once; --allow-overlap counts such rows twice",
    )
