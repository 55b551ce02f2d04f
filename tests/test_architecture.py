"""The laws of who imports whom, in fresh processes; `lint-imports` holds the layers."""

from __future__ import annotations

import json
import subprocess
import sys

COMPILER_ONLY = {"skc", "onnx", "spox", "ibis", "duckdb", "pyarrow", "pydantic", "ruamel", "typer", "rich", "sqlglot"}


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh process has loaded after some code."""
    program = f"import sys, json\n{code}\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_runtime_loads_nothing_of_the_compiler() -> None:
    loaded = modules_after("import skc_runtime")
    assert not loaded & COMPILER_ONLY
    assert {"numpy", "onnxruntime"} <= loaded


def test_listing_the_ops_loads_no_onnx_and_no_engine() -> None:
    loaded = modules_after(
        "import contextlib, io, skc.cli\nwith contextlib.redirect_stdout(io.StringIO()): skc.cli.run(['ops'])"
    )
    assert not loaded & {"onnx", "onnxruntime", "spox", "ibis", "duckdb", "pyarrow"}


def test_help_loads_nothing_heavy() -> None:
    loaded = modules_after(
        "import contextlib, io, skc.cli\nwith contextlib.redirect_stdout(io.StringIO()): skc.cli.run(['--help'])"
    )
    assert not loaded & {"numpy", "onnx", "onnxruntime", "spox", "ibis", "duckdb", "pyarrow", "pydantic"}


def test_the_public_names_are_these() -> None:
    import skc
    import skc_runtime

    assert skc.__all__ == [
        "Compiled",
        "Diagnostic",
        "SkcError",
        "check",
        "compile",
        "diff",
        "environments",
        "explain",
        "self_check",
        "sign",
        "transform",
        "verify",
    ]
    assert all(getattr(skc, name) is not None for name in skc.__all__)
    assert skc_runtime.__all__ == [
        "ArtifactError",
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
import importlib, pkgutil, skc, skc.api
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
