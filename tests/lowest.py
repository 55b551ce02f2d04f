"""Whether the lowest versions that pyproject.toml allows are those that are installed: `python dev.py lowest`.

A bound that no resolver can choose, because another package wants more or it was never published, promises what nobody
has tried.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def bounds(text: str) -> dict[str, Version]:
    """Package -> lower bound, of what is needed to serve, to compile and to test."""
    document = tomllib.loads(text)
    project, found = document["project"], {}
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    for requirement in map(Requirement, [*project["dependencies"], *extras, *document["dependency-groups"]["test"]]):
        lower = [Version(s.version) for s in requirement.specifier if s.operator == ">="]
        assert lower, f"{requirement} has no lower bound"
        found[requirement.name] = max(lower)
    return found


def untried() -> list[str]:
    """What to say of every bound that is not the version installed here."""
    here = {name: Version(version(name)) for name in bounds(PROJECT.read_text())}
    return [
        f"{name}>={lower} cannot be had: {here[name]} is the lowest that goes with the others; raise the bound to it"
        for name, lower in bounds(PROJECT.read_text()).items()
        if here[name] != lower
    ]


if __name__ == "__main__":
    sys.exit("\n".join(untried()) or None)
