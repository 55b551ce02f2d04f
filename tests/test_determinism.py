"""The same plan from the same data, whatever its order, form or engine; the same bytes from the same plan, wherever."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from toolchains import need

import skc
from skc_runtime.manifest import Signature

RIDES = Path(__file__).parents[1] / "examples" / "rides"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the example's rows, in every form that fitting reads."""
    folder = tmp_path_factory.mktemp("data")
    header, *lines = (RIDES / "data.csv").read_text(encoding="utf-8").splitlines()
    lines = lines[:2000]
    write(folder / "plain.csv", header, lines)
    random.Random(3).shuffle(lines)
    write(folder / "shuffled.csv", header, lines)
    (folder / "seven").mkdir()
    for k in range(7):
        write(folder / "seven" / f"part{k}.csv", header, lines[k::7])
    table = typed(folder / "plain.csv")
    pyarrow.parquet.write_table(table, folder / "plain.parquet", row_group_size=300)
    pyarrow.feather.write_feather(table, str(folder / "plain.arrow"))
    return folder


def write(path: Path, header: str, lines: list[str]) -> None:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def typed(path: Path) -> pa.Table:
    """The CSV with the types of the pipeline's inputs: empty numbers are null, strings are as they stand."""
    types = {"passengers": pa.int64(), "distance_km": pa.float64(), "fare": pa.float64(), "night": pa.bool_()}
    columns = {name: pa.string() for name in ("ride_id", "pickup", "zone", "driver", "payment", "tipped")} | types
    convert = pyarrow.csv.ConvertOptions(column_types=columns, null_values=[""], strings_can_be_null=False)
    return pyarrow.csv.read_csv(path, convert_options=convert)


def plan_of(data: str, folder: Path, threads: int | None = None) -> bytes:
    out = folder / "artifact"
    skc.compile(RIDES / "pipeline.yaml", data, out, verify=False, force=True, threads=threads)
    return (out / "plan.json").read_bytes()


@pytest.fixture(scope="module")
def plain(data: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return plan_of(str(data / "plain.csv"), tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("name", ["shuffled.csv", "seven/*.csv", "plain.parquet", "plain.arrow"])
def test_the_same_plan_from_every_form_of_the_rows(name: str, data: Path, plain: bytes, tmp_path: Path) -> None:
    assert plan_of(str(data / name), tmp_path) == plain


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_same_plan_from_every_number_of_threads(threads: int, data: Path, plain: bytes, tmp_path: Path) -> None:
    assert plan_of(str(data / "shuffled.csv"), tmp_path, threads) == plain


def test_another_row_gives_another_plan(data: Path, plain: bytes, tmp_path: Path) -> None:
    header, *lines = (data / "plain.csv").read_text(encoding="utf-8").splitlines()
    write(tmp_path / "fewer.csv", header, lines[1:])
    assert plan_of(str(tmp_path / "fewer.csv"), tmp_path) != plain


def german_locale(folder: Path) -> dict[str, str]:
    """de_DE.UTF-8, generated: its decimal comma is what breaks careless number parsing."""
    need("locales")
    target = folder / "locales" / "de_DE.UTF-8"
    target.parent.mkdir(exist_ok=True)
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", str(target)], check=True)
    return {"LOCPATH": str(target.parent), "LC_ALL": "de_DE.UTF-8"}


SIGNATURES: tuple[Signature, ...] = ("columns", "packed")
ENVIRONMENTS = {
    "hash seed 1": {"PYTHONHASHSEED": "1"},
    "hash seed 77": {"PYTHONHASHSEED": "77"},
    "Kolkata": {"TZ": "Asia/Kolkata"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0"},
    "German": {},
}
COMPILE = """
import sys
from skc.cli import main
for signature in sys.argv[1:]:
    options = ["--data", "rows.csv", "-o", signature, "--no-verify", "--signature", signature]
    sys.argv = ["skc", "compile", "renamed.yaml", *options]
    try:
        main()
    except SystemExit as done:
        if done.code:
            raise
"""


@pytest.fixture(scope="module")
def here(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """The files of both signatures, made by this process."""
    made = {}
    for signature in SIGNATURES:
        folder = tmp_path_factory.mktemp("here") / signature
        skc.compile(RIDES / "pipeline.yaml", str(data / "plain.csv"), folder, signature=signature, verify=False)
        made[signature] = files(folder)
    return made


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def elsewhere(request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the artifacts of both signatures, made by another process in another environment."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "a folder" / "elsewhere"
    folder.mkdir(parents=True)
    shutil.copy(RIDES / "pipeline.yaml", folder / "renamed.yaml")
    shutil.copy(data / "plain.csv", folder / "rows.csv")
    changed = german_locale(home) if request.param == "German" else ENVIRONMENTS[request.param]
    kept = {k: v for k, v in os.environ.items() if k not in ("LC_ALL", "LANG", "TZ", "PYTHONHASHSEED")}
    subprocess.run([sys.executable, "-c", COMPILE, *SIGNATURES], cwd=folder, env=kept | changed, check=True)
    return folder


@pytest.mark.parametrize("signature", SIGNATURES)
def test_the_same_bytes_in_every_environment(
    signature: Signature, here: dict[str, dict[str, bytes]], elsewhere: Path
) -> None:
    assert files(elsewhere / signature) == here[signature]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
