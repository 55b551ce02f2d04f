"""What a value is, is defined in one table, and code that decides by kind does so for every kind.

When a kind is added to `skc_runtime/kinds.py` alone, every other place that has to decide must be named: by an import
where `for_every_kind` or `for_every_element` makes a table, by mypy where a `match` lacks a branch, and by these tests.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from skc.ir import HOLDS, LEAVES_AS
from skc.values.tensors import GRAPH_DTYPES, PACKED
from skc_runtime.kinds import (
    DTYPES,
    ELEMENTS,
    INT64_MAX,
    INT64_MIN,
    KINDS,
    RANGES,
    TICKS_US,
    YEARS,
    DType,
    InputElement,
    ListOf,
    OutputDType,
    for_every_element,
    for_every_kind,
)
from skc_runtime.scalars import TIMES, time_rules

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "compiler" / "skc").rglob("*.py"), *(ROOT / "runtime" / "python").rglob("*.py")])
NAMES = {*get_args(DType), *get_args(OutputDType)}
# Tables of kinds that are not for all of them, and why none can be forgotten there.
PARTIAL = {
    "compiler/skc/data/duckdb/bad_values.py": {"WIDE"},  # numbers may have too many digits
    "compiler/skc/emit/datetime.py": {""},  # of what text is parsed into: an instant, a day or a time of day
    "compiler/skc/ops/time/_datetime_text.py": {"texts", "parts"},  # likewise
    "compiler/skc/ops/categorical/_categories.py": {"fixed"},  # of the kinds that `require` lets through
    "compiler/skc/ops/internal/narrow.py": {"LARGEST"},  # of the two floats
    "compiler/skc/values/tensors.py": {"PACKED"},  # by element that is fed: see the test below
}
FOREIGN = {"compiler/skc/data/where_language.py", "runtime/python/skc_runtime/model_grammar.py"}  # SQL's types, ONNX's
FOREIGN |= {"runtime/python/skc_runtime/model_scan.py", "compiler/skc/frontend/yaml/schema.py"}  # protobuf's, JSON's


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tables(path: Path) -> Iterator[tuple[str, bool, int]]:
    """(name, is total, line) of every dict literal whose keys are names of types."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict) or len(node.keys) < 2:
            continue
        if not all(isinstance(key, ast.Constant) and key.value in NAMES for key in node.keys):
            continue
        parent = parents[node]
        is_total = isinstance(parent, ast.Call) and ast.unparse(parent.func) in ("for_every_kind", "for_every_element")
        while not isinstance(parent, ast.Assign | ast.AnnAssign | ast.stmt):
            parent = parents[parent]
        target = parent.target if isinstance(parent, ast.AnnAssign) else getattr(parent, "targets", [None])[0]
        yield ("" if target is None else ast.unparse(target)), is_total, node.lineno


def test_every_table_of_kinds_is_total() -> None:
    """A dict keyed by names of types is made by one of the two functions, or is listed above with its reason."""
    found: dict[str, set[str]] = {}
    for path in SOURCES:
        for name, is_total, _ in tables(path):
            if not is_total and relative(path) not in FOREIGN and not is_column_of_a_case(path, name):
                found.setdefault(relative(path), set()).add(name)
    assert found == PARTIAL


def is_column_of_a_case(path: Path, name: str) -> bool:
    return "ops" in path.parts and name in ("CASES", "")


def test_no_code_but_an_op_compares_a_type_with_the_name_of_a_float_or_a_time() -> None:
    """Another kind may be a float, or a time: what is meant is a fact of `Kind`, and is asked for.

    Listed is where that very kind is meant.
    """
    found = []
    for path in SOURCES:
        if "ops" in path.parts or relative(path) in FOREIGN:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and compares_a_type(node):
                found.append(f"{relative(path)}: {ast.unparse(node)}")
    assert sorted(found) == sorted(COMPARED), (
        "ask a fact of `Kind` or `Element`, or list the comparison with its reason"
    )


def compares_a_type(node: ast.Compare) -> bool:
    words = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
    return not words.isdisjoint({"float64", "float32", "timestamp", "date"})


COMPARED = [
    "compiler/skc/concerns.py: i.dtype == 'timestamp'",  # seconds taken for microseconds
    "compiler/skc/expression/check.py: dtypes == {'int64', 'float64'}",  # the one promotion that `expr` has
    "compiler/skc/frontend/build.py: features.dtype != 'float64'",  # what a model is fitted on
    "compiler/skc/op.py: 'float64' in accepted",  # the hint is about numbers
    "compiler/skc/selfcheck/graph_mutants.py: model.elements.get(tensor) != 'float64'",  # the element that is nudged
    "compiler/skc/skew/parity/export.py: value.dtype != 'timestamp'",  # an export has instants as integers too
    # floats, where pandas had a null among the keys
    "compiler/skc/skew/parity/question.py: natural in ('int64', 'float64', 'float32')",
    "compiler/skc/verification/data_tally.py: block.dtype != 'timestamp'",  # how far instants reach
]


@pytest.mark.parametrize(
    "planted", ["kind == 'date'", "text(x) in ('timestamp', 'date')", "'float64' == x.dtype", "names <= {'float32'}"]
)
def test_a_comparison_with_a_kind_is_seen(planted: str) -> None:
    node = ast.parse(planted, mode="eval").body
    assert isinstance(node, ast.Compare)
    assert compares_a_type(node)


def test_a_table_that_lacks_a_kind_is_not_made() -> None:
    whole: dict[Any, int] = dict.fromkeys(DTYPES, 0)
    assert for_every_kind(whole) is whole
    with pytest.raises(LookupError, match=r"decides about float64, .* differs in date$"):
        for_every_kind({name: 0 for name in DTYPES if name != "date"})
    with pytest.raises(LookupError, match=r"differs in float16$"):
        for_every_kind({**whole, "float16": 0})  # type: ignore[dict-item]  # which mypy says as well
    with pytest.raises(LookupError, match=r"differs in float32$"):
        for_every_element({name: 0 for name in ELEMENTS if name != "float32"})


NEW_KIND = """
import importlib, pkgutil, sys, typing
from typing import Literal
source = open(sys.argv[1]).read()
source = source.replace('DType = Literal["float64", ', 'DType = Literal["decimal", "float64", ', 1)
first = '        "float64": Kind("float64", '
source = source.replace(first, '        "decimal": Kind("decimal", "int64"),\\n' + first, 1)
assert source.count('"decimal"') >= 4
import skc_runtime, types
kinds = types.ModuleType("skc_runtime.kinds")
sys.modules["skc_runtime.kinds"] = skc_runtime.kinds = kinds
exec(compile(source, sys.argv[1], "exec"), kinds.__dict__)
tolerant = kinds.for_every_kind
places = []
def for_every_kind(table):
    try:
        return tolerant(table)
    except LookupError:
        frame = sys._getframe(1)
        places.append(f"{frame.f_globals['__name__']}")
        return {**table, "decimal": table["int64"]}
kinds.for_every_kind = for_every_kind
import skc
for package in (skc, skc_runtime):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print("\\n".join(sorted(places)))
"""


def test_a_new_kind_is_refused_where_it_was_forgotten() -> None:
    """With one kind more in `kinds.py` and nowhere else, every table that `for_every_kind` makes refuses to be made."""
    kinds = ROOT / "runtime" / "python" / "skc_runtime" / "kinds.py"
    done = subprocess.run([sys.executable, "-c", NEW_KIND, str(kinds)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = [module_name(path) for path in SOURCES if path != kinds for _ in range(tables_made(path))]
    assert done.stdout.split() == sorted(made)
    assert {"skc.ir", "skc.op", "skc.values.arrow", "skc.data.duckdb.conversion", "skc_runtime.scalars"} <= {*made}


def tables_made(path: Path) -> int:
    return sum(
        isinstance(node, ast.Call) and ast.unparse(node.func) == "for_every_kind"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def module_name(path: Path) -> str:
    root = ROOT / "runtime" / "python" if "skc_runtime" in path.parts else ROOT / "compiler"
    return ".".join(path.relative_to(root).with_suffix("").parts)


def enums(document: Any) -> Iterator[list[str]]:
    """Every list of allowed values in a schema."""
    if isinstance(document, dict):
        yield from ([document["enum"]] if "enum" in document else [])
        for value in document.values():
            yield from enums(value)
    if isinstance(document, list):
        for value in document:
            yield from enums(value)


@pytest.mark.parametrize("name", ["manifest", "pipeline", "plan", "profile"])
def test_schemas_list_every_kind(name: str) -> None:
    document = json.loads((ROOT / "schemas" / f"{name}.v1.schema.json").read_bytes())
    found = [sorted(words) for words in enums(document) if {"string", "timestamp"} <= set(words)]
    assert found
    assert all(words == sorted(DTYPES) for words in found)


def test_marshalling_says_something_of_every_kind() -> None:
    table = json.loads((ROOT / "schemas" / "marshalling.v1.json").read_bytes())
    assert {case["input"]["type"] for case in table["values"]} == set(DTYPES)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cpp/src/manifest.cpp", r"input_types\[\] = \{(.*)\};"),
        ("go/manifest.go", r'f\.oneOf\("type", (.*)\),'),
        ("java/src/main/java/dev/skc/runtime/InputType.java", r"enum InputType \{([^;]*);"),
    ],
)
def test_every_language_reads_every_kind(file: str, line: str) -> None:
    """Each has one list of them; what it does with each is for its compiler and the conformance suite."""
    found = re.search(line, (ROOT / "runtime" / file).read_text(encoding="utf-8"))
    assert found is not None
    words = re.sub(r"string\(|DType\.\w+|type(?=[A-Z])|[^\w,]", "", found[1]).lower().split(",")
    assert words == list(DTYPES)


def test_kinds_and_elements_are_what_they_say() -> None:
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.zero != kind.zero if kind.is_float else kind.zero == kind.python()
        assert kind.numpy == ELEMENTS[kind.element].numpy
        assert not (kind.is_number and kind.is_time)
    for name, element in ELEMENTS.items():
        assert element.name == name
        assert np.array([element.zero], element.numpy).dtype == element.numpy
    assert set(PACKED) == set(get_args(InputElement)) == {kind.element for kind in KINDS.values()}
    assert len(set(PACKED.values())) == len(PACKED)
    assert GRAPH_DTYPES["string"] is np.str_
    assert GRAPH_DTYPES["float32"] is np.float32


def test_every_time_has_rules_for_datetime64_and_nothing_else_has() -> None:
    assert {name for name, rules in TIMES.items() if rules is not None} == TICKS_US.keys()
    with pytest.raises(TypeError, match=r"^int64 is not a kind of time$"):
        time_rules("int64")


def test_ranges() -> None:
    assert RANGES["int64"] == (INT64_MIN, INT64_MAX) == (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
    (first, last), (first_us, last_us) = YEARS["date"], YEARS["timestamp"]
    assert [str(np.datetime64(day, "D")) for day in (first, last)] == ["0001-01-01", "9999-12-31"]
    assert str(np.datetime64(first_us, "us")) == "0001-01-01T00:00:00.000000"
    assert str(np.datetime64(last_us, "us")) == "9999-12-31T23:59:59.999999"
    assert set(YEARS) == {"timestamp", "date"}


def test_what_leaves_in_which_dtype() -> None:
    assert HOLDS == {
        "float32": ("float64", "float32", "int64", "bool"),
        "float64": ("float64", "float32", "int64", "bool"),
        "int64": ("int64", "bool", "timestamp", "date", "time"),
        "bool": ("bool",),
        "string": ("string",),
    }
    assert all(LEAVES_AS.values())


def test_a_list_holds_a_kind() -> None:
    words = ListOf(KINDS["string"], 3)
    assert str(words) == "list<string>"
    assert words.zero == ()
    assert words.tensors("tags") == (("tags", "string", 3), ("tags.length", "int64", 1))
    assert ELEMENTS[words.item.element].json == "string"
    items, lengths = words.flat([["a", "b"], [], ["c", "d", "e"]])
    assert items.tolist() == ["a", "b", "c", "d", "e"]
    assert (lengths.dtype, lengths.tolist()) == (np.int64, [2, 0, 3])
    assert words.padded(items, lengths).tolist() == [["a", "b", ""], ["", "", ""], ["c", "d", "e"]]
    with pytest.raises(ValueError, match="a list of at most 0 items"):
        ListOf(KINDS["string"], 0)


@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
def test_a_row_of_lists_does_not_depend_on_other_rows(kind: Any) -> None:
    lists = ListOf(kind, 4)
    one = [kind.python(1)] * 2
    alone = lists.padded(*lists.flat([one]))
    beside = lists.padded(*lists.flat([[kind.python(0)] * 4, one, []]))
    assert (alone.dtype, alone.shape, beside.shape) == (kind.numpy, (1, 4), (3, 4))
    np.testing.assert_array_equal(alone[0], beside[1])
    np.testing.assert_array_equal(beside[2], np.full(4, kind.zero, kind.numpy))


def test_a_list_that_is_too_long_is_refused_with_its_row() -> None:
    lists = ListOf(KINDS["int64"], 2)
    with pytest.raises(ValueError, match="row 1 has more than 2 items"):
        lists.padded(*lists.flat([[1], [1, 2, 3]]))
