"""Serving needs NumPy and ONNX Runtime: nothing of the compiler is imported, whatever is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import skc_runtime

BANNED = (
    "skc",
    "cryptography",
    "onnx",
    "spox",
    "pyarrow",
    "pandas",
    "polars",
    "duckdb",
    "pydantic",
    "yaml",
    "ruamel",
    "sqlglot",
)
ALLOWED = {"numpy", "onnxruntime", "skc_runtime"}
# Imported inside of a function, or for types: where a signature is checked, where MLflow gives a frame, and where rows
# lie in another engine, which has what it needs.
OPTIONAL = {
    ("identity.py", "cryptography"),
    ("pyfunc.py", "pandas"),
    ("tables.py", "pyarrow"),
    *(
        (f"{engine}.py", name)
        for engine in ("dask", "ray", "spark")
        for name in (engine, "pandas", "pyarrow", "pyspark")
    ),
}
PROGRAM = """
import json, sys
{hide}
import skc_runtime
imported = sorted(sys.modules)
with skc_runtime.load(sys.argv[1]) as transformer:
    record = json.loads(sys.argv[2])
    transformer.transform(record)
    transformer.transform([record, record])
    transformer.transform_columns({{name: [value] for name, value in record.items()}})
    transformer.transform_json(json.dumps(record).encode())
    transformer.describe()
    try:
        transformer.transform({{**record, "nowhere": 1}})
    except skc_runtime.RecordError:
        pass
print(json.dumps([imported, sorted(sys.modules)]))
"""
HIDE = """
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {banned!r}:
            raise ImportError(name + " is not installed")
sys.meta_path.insert(0, Hidden())
"""


def run(directory: Path, ride: dict[str, Any], hide: str) -> list[list[str]]:
    command = [sys.executable, "-c", PROGRAM.format(hide=hide), str(directory), json.dumps(ride)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_no_compiler_dependency_is_loaded(rides_directory: Path, ride: dict[str, Any]) -> None:
    for modules in run(rides_directory, ride, ""):
        assert not {name.partition(".")[0] for name in modules} & set(BANNED)


def test_it_works_where_they_are_not_installed(rides_directory: Path, ride: dict[str, Any]) -> None:
    run(rides_directory, ride, HIDE.format(banned=BANNED))


def test_every_import_in_the_source_is_allowed() -> None:
    import ast

    for path in Path(skc_runtime.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                is_optional = (path.name, top) in OPTIONAL and node.col_offset > 0
                assert top in ALLOWED or top in sys.stdlib_module_names or is_optional, (path.name, name)
