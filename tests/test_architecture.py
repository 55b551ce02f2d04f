"""The laws of who imports whom, in fresh processes, and of who names an op; `lint-imports` holds the layers."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import skc
from skc.ir import NODES
from skc.ops import OPS

COMPILER_ONLY = {"skc", "onnx", "spox", "duckdb", "pyarrow", "pydantic", "ruamel", "typer", "rich"}

ROOT = Path(__file__).parents[1]
SOURCES = {".py", ".go", ".java", ".cpp", ".hpp"}
TOLERANCES = re.compile(
    r"(?:1e-0?6|tolerance)\s*\*\s*\S*max(?:imum)?\b|allclose|isclose\(|EXPECT_NEAR\(", re.IGNORECASE
)
COMPILER = Path(skc.__file__).parent
# Words that are also the name of an op: by file, what else they are there.
OTHER_MEANINGS = {
    "ir.py": {*NODES},  # the one place that names the nodes of the IR
    # functions of SQL
    "data/where_language.py": {
        *("round", "concat", "contains", "ends_with", "length", "lower", "upper", "replace", "starts_with"),
        *("substring", "strip_accents", "make_date"),
    },
    "draft/features.py": {  # the steps that it writes
        *("cast", "cyclical", "datetime_part", "impute", "one_hot", "parse_datetime", "parse_number"),
        *("standard_scale", "strip"),
    },
    "expression/__init__.py": {"lower"},  # its modules
    "data/predicate.py": {"map", "replace"},  # types and words of SQL
    "selfcheck/graph_mutants.py": {"replace"},  # what a fault does
    "skew/parity/export.py": {"replace"},  # what is done with bytes that are not UTF-8
    "skew/shadow/headers.py": {"replace"},  # what is done with bytes that are not UTF-8
    "skew/parity/store.py": {"replace"},
    "skew/keys/forms.py": {"lower", "strip", "upper"},  # forms of a key
    "skew/keys/template.py": {"lower"},
    "frontend/sklearn/columns.py": {"round"},  # a policy of `cast`
    "frontend/sklearn/symbols.py": {"round", "log1p", "clip"},  # functions of NumPy and of `expr`
    "frontend/yaml/parameters.py": {"finite"},  # a reason of pydantic
    "frontend/yaml/features.py": {"expr"},  # a key of pipeline.yaml
    "frontend/yaml/schema.py": {"expr"},
    **{
        f"expression/{name}.py": {"round", "log1p"} for name in ("check", "evaluate", "lower", "parse")
    },  # its functions
}


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh process has loaded after some code."""
    program = f"import sys, json\n{code}\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_runtime_loads_nothing_of_the_compiler() -> None:
    loaded = modules_after("import skc_runtime; skc_runtime.load")
    assert not loaded & COMPILER_ONLY
    assert {"numpy", "onnxruntime"} <= loaded


def test_listing_the_ops_loads_no_onnx_and_no_engine() -> None:
    loaded = modules_after(
        "import contextlib, io, skc.cli\nwith contextlib.redirect_stdout(io.StringIO()): skc.cli.run(['ops'])"
    )
    assert not loaded & {"onnx", "onnxruntime", "spox", "duckdb", "pyarrow"}


def test_help_loads_nothing_heavy() -> None:
    loaded = modules_after(
        "import contextlib, io, skc.cli\nwith contextlib.redirect_stdout(io.StringIO()): skc.cli.run(['--help'])"
    )
    assert not loaded & {"numpy", "onnx", "onnxruntime", "spox", "duckdb", "pyarrow", "pydantic"}


def test_the_public_names_are_these() -> None:
    import skc
    import skc_runtime

    assert skc.__all__ == [
        "Collected",
        "Compiled",
        "Diagnostic",
        "Drafted",
        "SkcError",
        "check",
        "compile",
        "diff",
        "drift",
        "environments",
        "explain",
        "fit_state",
        "freshness",
        "init",
        "merge",
        "merge_states",
        "parity",
        "render",
        "replay",
        "self_check",
        "shadow",
        "sign",
        "transform",
        "verify",
        "write_profile",
    ]
    assert all(getattr(skc, name) is not None for name in skc.__all__)
    assert skc_runtime.__all__ == [
        "ArtifactError",
        "Log",
        "Manifest",
        "RecordError",
        "Reloadable",
        "SkcRuntimeError",
        "Transformer",
        "load",
    ]


def test_every_public_name_is_what_it_says_however_often_it_is_asked_for() -> None:
    """A module of the same name, once it was imported, would take the place of a function."""
    program = """
import importlib, pkgutil, skc, skc.api, skc.skew_api
for _ in range(2):
    for name in skc.__all__:
        assert callable(getattr(skc, name)), name
for module in pkgutil.iter_modules(skc.__path__):
    if module.name != "__main__":
        importlib.import_module(f"skc.{module.name}")
for name in skc.__all__:
    assert callable(getattr(skc, name)), name
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def names_of_ops(source: str) -> Iterator[str]:
    """The ops that a module asks for: by a string, or by importing an op's own module."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(text)) if text in OPS:
                yield text
            case ast.ImportFrom(module=str(module)) if module.startswith("skc.ops."):
                yield from (alias.name for alias in node.names)
            case ast.Import():
                yield from (alias.name for alias in node.names if alias.name.startswith("skc.ops."))


def test_no_module_outside_of_ops_names_an_op() -> None:
    """What a module wants to know of an op is a fact in `Op`: a name would leave out the op that is written next."""
    files = [path for path in sorted(COMPILER.rglob("*.py")) if "ops" not in path.relative_to(COMPILER).parts]
    found = {path.relative_to(COMPILER).as_posix(): {*names_of_ops(path.read_text("utf-8"))} for path in files}
    assert {path: names for path, names in found.items() if names} == OTHER_MEANINGS


@pytest.mark.parametrize(
    "planted",
    [
        'step.op == "impute"',
        'if step.op in ("bucketize", "quantile_bin"): pass',
        'OPS["clip"]',
        "from skc.ops.numeric import clip",
        "from skc.ops.numeric.clip import OP",
        "import skc.ops.numeric.clip",
        "match step.op:\n    case 'cast': pass",
    ],
)
def test_a_name_of_an_op_is_seen(planted: str) -> None:
    assert [*names_of_ops(planted)]


def test_the_nodes_of_the_ir_are_the_internal_ops() -> None:
    folder = COMPILER / "ops" / "internal"
    assert {path.stem for path in folder.glob("[a-z]*.py")} == {*NODES}


def test_only_its_own_folder_and_the_default_know_the_engine() -> None:
    """Whatever else reads rows asks `skc.data.engine`; the language of `where` is DuckDB's on any engine. `skc parity`
    and `skc replay` join two tables by a key, once engines have read them, in a database of their own.
    """
    naming = re.compile(r"^\s*(?:from|import) (?:duckdb|skc\.data\.duckdb)\b", re.MULTILINE)
    files = [f.relative_to(COMPILER).as_posix() for f in COMPILER.rglob("*.py") if naming.search(f.read_text("utf-8"))]
    assert {f for f in files if not f.startswith(("data/duckdb/", "skew/keys/", "skew/parity/", "skew/replay/"))} == {
        "data/default.py",
        "data/predicate.py",
    }


def test_when_values_agree_is_decided_once_per_language() -> None:
    """In a second definition an infinity may pass for another number: schemas/agreement.v1.json is tried on these."""
    folders = ("compiler", "runtime", "tests", "examples", "tools", "benchmarks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in SOURCES]
    found = {path for path in files if TOLERANCES.search(path.read_text("utf-8"))} - {Path(__file__)}
    assert {path.relative_to(ROOT).as_posix() for path in found} == {
        "runtime/cpp/src/golden_values.cpp",
        "runtime/go/replay.go",
        "runtime/java/src/main/java/dev/skc/runtime/GoldenValue.java",
        "runtime/python/skc_runtime/agreement.py",
    }


@pytest.mark.parametrize(
    "planted",
    [
        "abs(a - b) <= 1e-6 * max(1.0, abs(b))",
        "math.Abs(a-b) <= tolerance*math.Max(1, math.Abs(b))",
        "double limit = TOLERANCE * Math.max(1.0, Math.abs(b));",
        "std::abs(x - y) <= 1e-06 * std::max(1.0, std::abs(y))",
        "near = error <= TOLERANCE * np.maximum(1.0, np.abs(b))",
        "np.allclose(a, b, atol=0)",
        "np.isclose(a, b)",
        "np.testing.assert_allclose(a, b)",
        "EXPECT_NEAR(a, b, 1e-9)",
    ],
)
def test_a_definition_of_near_is_seen(planted: str) -> None:
    assert TOLERANCES.search(planted)


@pytest.mark.parametrize(
    "module", ["skc.emit.opset", "skc.ops", "skc.lower", "skc.values.types", "skc.api", "skc.skew_api"]
)
def test_no_module_loads_onnx_runtime_while_it_sends_telemetry(module: str) -> None:
    """spox loads ONNX Runtime as well: whichever module comes first, the telemetry is off before that."""
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    program = f"import {module}, os; assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
