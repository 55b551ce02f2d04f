"""What serving is compared with: the profile of an artifact, or of any table that `skc profile` froze."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skc import artifact as artifacts
from skc.data.engine import Column
from skc.diagnostics import fail
from skc.ir import SOURCE, Input, Pipeline, ReadOptions
from skc.profile import document as profiles
from skc.profile.document import Profile
from skc.values.types import Scalar
from skc_runtime.manifest import OutputSpec

LARGEST = 1 << 30  # bytes of a profile


@dataclass(frozen=True)
class Reference:
    """A profile, and how the rows to compare with it are read: as those that it was made of."""

    name: str
    plan: str
    profile: Profile
    inputs: tuple[Input, ...]
    reading: ReadOptions
    sentinels: Mapping[str, tuple[Scalar, ...]]  # values that count as null, by input
    pipeline: Pipeline | None = None  # of an artifact, which computes the outputs
    outputs: tuple[OutputSpec, ...] = ()  # as a runtime serves them

    def column(self, name: str) -> Column:
        """An input as fitting saw it."""
        value = next(i for i in self.inputs if i.name == name)
        return Column(name, value.dtype, f"column `{name}`", None, self.sentinels.get(name, ()))


def read_reference(path: Path) -> Reference:
    """The directory of an artifact, or the file of a profile. Raises SKC401 to SKC404, SKC621."""
    if path.is_file():
        profile = read_profile(path)
        inputs = tuple(Input(column.name, column.dtype, nullable=True) for column in profile.columns)
        return Reference(path.name, "", profile, inputs, ReadOptions(), {})
    artifact = artifacts.read(path, replay=False)
    profile_ = artifact.profile
    if profile_ is None:
        hint = "compile the pipeline again without --no-profile, and without `profile: false`"
        raise fail("SKC621", f"`{path}` has no profile.json, so there is nothing to compare with", hint=hint)
    pipeline = artifact.pipeline
    names = {column.name for column in profile_.columns}
    inputs = tuple(i for i in pipeline.inputs if i.name in names)
    return Reference(
        pipeline.name,
        artifact.manifest.plan,
        profile_,
        inputs,
        artifact.reading,
        sentinels_of(pipeline),
        pipeline,
        artifact.manifest.outputs,
    )


def sentinels_of(pipeline: Pipeline) -> dict[str, tuple[Scalar, ...]]:
    """The values that count as null, by input."""
    behind = {step.inputs[0].value: step for step in pipeline.steps if step.op == SOURCE}
    return {
        i.name: tuple(behind[i.value].params.null_values) if i.value in behind else i.null_values
        for i in pipeline.inputs
    }


def read_profile(path: Path) -> Profile:
    """The profile in a file. Raises SKC401, SKC402, SKC404."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST)
    except OSError as error:
        hint = "give a file that `skc profile` wrote"
        raise fail("SKC404", f"`{path}` cannot be read: {error.strerror}", hint=hint) from None
    return profiles.loads(data)
