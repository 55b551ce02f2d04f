"""Hosts that are hostile by environment: locales whose numbers and letters behave otherwise, and another time zone."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {
    "usual": {},
    "de_DE": {"LC_ALL": "de_DE.UTF-8"},  # 1,5 for 1.5
    "tr_TR": {"LC_ALL": "tr_TR.UTF-8"},  # the capital of i is İ
    "C": {"LC_ALL": "C"},
    "Kolkata": {"TZ": "Asia/Kolkata"},
}


def needs_locales(name: str) -> bool:
    """Whether an environment has a locale that must be generated."""
    return ENVIRONMENTS[name].get("LC_ALL", "C") != "C"


def variables(name: str, build: Path) -> dict[str, str]:
    """The variables of an environment. Its locale is generated: one that is missing would be C in silence."""
    found = dict(ENVIRONMENTS[name])
    if needs_locales(name):
        found["LOCPATH"] = str(_generated(found["LC_ALL"], build / "locales"))
    return found


def _generated(locale: str, folder: Path) -> Path:
    language, charset = locale.split(".")
    if not (folder / locale).exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as own:  # another process may be making the same one
            subprocess.run(["localedef", "-i", language, "-f", charset, f"{own}/{locale}"], check=True)
            try:
                Path(own, locale).rename(folder / locale)
            except OSError:
                if not (folder / locale).exists():
                    raise
    return folder
