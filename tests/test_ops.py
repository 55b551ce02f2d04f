"""Every op, by its own cases and boundaries: the reference gives what the case says, and the graph gives the same."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import math
import pkgutil
import re
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import onnx
import op_harness as harness
import pytest
from agreement import values_agree

import skc.ops
from skc.diagnostics import SkcError
from skc.emit.opset import IR_VERSION, OPSET, OPSET_ML
from skc.equality.compare import compare
from skc.infer import step_input_types, value_types
from skc.ir import Pipeline, Step
from skc.lower import Lowered, lower
from skc.op import AnyOp, Case, Op
from skc.ops import OPS
from skc.values.types import Scalar, ValueType
from skc_runtime.agreement import TOLERANCE, same_bits
from skc_runtime.chunks import LENGTHS

CASES = [pytest.param(op, case, id=f"{op.name}-{case.name}") for op in OPS.values() for case in op.cases]
FITTED = [
    pytest.param(op, case, id=f"{op.name}-{case.name}") for op in OPS.values() for case in op.cases if not case.refused
]
COLUMNWISE = [
    pytest.param(op, case, id=f"{op.name}-{case.name}")
    for op in OPS.values()
    for case in op.cases
    if not case.refused and op.is_columnwise(harness.parameters(op, case.params))
]
LEARNERS = [op for op in OPS.values() if op.needs is not Op.needs]
FLOATS = [
    pytest.param(op, case, id=f"{op.name}-{case.name}")
    for op in OPS.values()
    for case in op.cases
    if not case.refused
    and value_types(harness.build(op, case.params, case.columns, case.state, case.target))[harness.STEP].dtype
    == "float64"
]
BATCHES = (1, 3, 8, 1001)
PLANTED = (math.inf, -math.inf, math.nan, -0.0, 5.0)


def fitted(op: AnyOp, case: Case) -> Pipeline:
    """A case of OPS, fitted once for all tests."""
    return _fitted(op.name, case.name)


@cache
def _fitted(op: str, case: str) -> Pipeline:
    return harness.fitted(OPS[op], next(each for each in OPS[op].cases if each.name == case))


_GRAPHS: dict[tuple[str, str, str], harness.Graph] = {}
SMALL = 50_000  # bytes of a graph that is kept for the next test: tables of Unicode in all of them are gigabytes


def graph_of(op: str, case: str, signature: Any) -> harness.Graph:
    key = (op, case, signature)
    if key in _GRAPHS:
        return _GRAPHS[key]
    graph = harness.Graph(_fitted(op, case), signature)
    if graph.size < SMALL:
        _GRAPHS[key] = graph
    return graph


def reference_run(op: AnyOp, case: Case) -> harness.Run:
    """On the rows of the case and on every boundary of its state."""
    return _reference_run(op.name, case.name)


@cache
def _reference_run(op: str, case: str) -> harness.Run:
    pipeline = _fitted(op, case)
    each = next(each for each in OPS[op].cases if each.name == case)
    return harness.run_reference(pipeline, [*each.rows, *boundary_rows(OPS[op], pipeline, each)])


def exact(op: AnyOp, pipeline: Pipeline) -> bool:
    """Some ops are exact for some parameters or inputs only: their types say so."""
    return op.exact and value_types(pipeline)[harness.STEP].exact


def differing(got: harness.Run, want: harness.Run, exact: bool) -> np.ndarray[Any, Any]:
    """bool [N, K], where two runs disagree; not in rows that a guard refuses."""
    flagged = np.zeros(len(want.values), dtype=bool)
    flagged[[row for _, row, _ in want.guards]] = True
    columns = [exact] * want.values.shape[1]
    valid = {"got_valid": got.valid, "want_valid": want.valid}
    return compare(got.values, want.values, columns, ignore_rows=flagged, **valid).differs


def assert_same(got: harness.Run, want: harness.Run, exact: bool, context: Any) -> None:
    assert got.values.dtype == want.values.dtype, context
    assert got.values.shape == want.values.shape, context
    assert got.guards == want.guards, context
    wrong = np.flatnonzero(differing(got, want, exact).any(axis=1)).tolist()
    assert not wrong, (context, [(i, got.rows[i], want.rows[i]) for i in wrong[:3]])


@pytest.mark.parametrize(("op", "case"), CASES)
def test_case(op: AnyOp, case: Case) -> None:
    """The reference gives exactly what the case says."""
    if case.refused:
        with pytest.raises(SkcError) as error:
            fitted(op, case)
        assert error.value.code == case.refused
        return
    pipeline = fitted(op, case)
    got = harness.run_reference(pipeline, case.rows)
    columns = list(case.columns)
    want_guards = {(code, row, columns[column]) for code, row, column in case.guards}
    assert got.guards == want_guards
    flagged = {row for _, row, _ in case.guards}
    assert len(got.rows) == len(case.expect)
    for i, (a, b) in enumerate(zip(got.rows, case.expect, strict=True)):
        if i not in flagged:
            assert len(a) == len(b), (i, a, b)
            assert all(values_agree(x, y, exact(op, pipeline)) for x, y in zip(a, b, strict=True)), (i, a, list(b))
    if case.names is not None:
        assert harness.output_names(pipeline) == case.names
    assert len(harness.output_names(pipeline)) == got.values.shape[1]


@pytest.mark.parametrize("signature", ["columns", "packed"])
@pytest.mark.parametrize(("op", "case"), FITTED)
def test_graph_equals_reference(op: AnyOp, case: Case, signature: Any) -> None:
    """On the rows of the case and on every boundary of its state, one column at a time and all at once."""
    pipeline = fitted(op, case)
    rows = [*case.rows, *boundary_rows(op, pipeline, case)]
    want = reference_run(op, case)
    got = graph_of(op.name, case.name, signature).run(rows)
    assert_same(got, want, exact(op, pipeline), rows)


@pytest.mark.parametrize("signature", ["columns", "packed"])
@pytest.mark.parametrize(("op", "case"), FITTED)
def test_every_model_is_valid_and_pinned(op: AnyOp, case: Case, signature: Any) -> None:
    """ONNX's own checker, the versions, and the allow-list with element types (inside `lower`)."""
    model = graph_of(op.name, case.name, signature).model
    assert model.ir_version == IR_VERSION == 9
    versions = {o.domain: o.version for o in model.opset_import}
    assert versions.pop("") == OPSET == 20
    assert versions.pop("ai.onnx.ml", OPSET_ML) == OPSET_ML == 4
    assert versions.pop("com.microsoft", 1) == 1
    assert not versions
    domains = {node.domain for node in model.graph.node} | {""}
    assert domains == {o.domain for o in model.opset_import}
    assert not model.functions
    assert not model.metadata_props
    if "com.microsoft" not in domains:  # the checker has no schema of a contrib op
        onnx.checker.check_model(model, full_check=True)


@pytest.mark.parametrize(("op", "case"), FLOATS)
def test_a_planted_value_does_not_pass_for_another(op: AnyOp, case: Case) -> None:
    """In the place of each right value in turn; the tests above fail wherever it is not itself near enough."""
    is_exact, want = exact(op, fitted(op, case)), reference_run(op, case)
    refused = {row for _, row, _ in want.guards}
    for planted in PLANTED:
        got = replace(want, values=np.full_like(want.values, planted))
        should_differ = [
            [i not in refused and not passes(planted, right, is_exact) for right in row]
            for i, row in enumerate(want.rows)
        ]
        assert differing(got, want, is_exact).tolist() == should_differ, planted
        for i, row in enumerate(case.expect):
            if i not in refused:
                found = [values_agree(planted, right, is_exact) for right in row]
                assert found == [right is not None and passes(planted, right, is_exact) for right in row], planted


def passes(planted: float, right: Scalar, is_exact: bool) -> bool:
    """Whether a value may stand for the right one, in rational numbers; None is NaN."""
    if right is None or math.isnan(planted):
        return right is None and math.isnan(planted)
    assert isinstance(right, float)
    if is_exact or not (math.isfinite(planted) and math.isfinite(right)):
        return repr(planted) == repr(right)
    distance = abs(Fraction(planted) - Fraction(right))
    return distance <= Fraction(TOLERANCE) * max(1, abs(Fraction(right)))


def test_a_graph_that_gives_five_for_an_infinity_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """log1p is not exact; a bound of 1e-6 of an infinity would be infinite, and let any number pass."""
    monkeypatch.setattr(harness, "lower", lower_with_five_for_infinity)
    _GRAPHS.clear()
    cases = [case for case in OPS["log1p"].cases if not case.refused]
    found = 0
    for case in cases:
        try:
            test_graph_equals_reference(OPS["log1p"], case, "columns")
        except AssertionError:
            found += 1
    _GRAPHS.clear()
    assert found == len(cases)


def lower_with_five_for_infinity(*args: Any, **options: Any) -> Lowered:
    """The graph of a pipeline, but that its output is 5.0 where it should be infinite."""
    lowered = lower(*args, **options)
    graph = lowered.model.graph
    last = next(node for node in graph.node if "out" in node.output)
    last.output[:] = ["right" if name == "out" else name for name in last.output]
    five = onnx.numpy_helper.from_array(np.array(5.0))
    graph.node.extend(
        [
            onnx.helper.make_node("IsInf", ["right"], ["is_infinite"]),
            onnx.helper.make_node("Constant", [], ["five"], value=five),
            onnx.helper.make_node("Where", ["is_infinite", "five", "right"], ["out"]),
        ]
    )
    return lowered


@pytest.mark.parametrize(("op", "case"), FITTED)
def test_rows_do_not_depend_on_their_batch(op: AnyOp, case: Case) -> None:
    """Alone, in batches of 3, 8 and 1001 (or as many as a runtime runs at once), and shuffled: the same bits."""
    pipeline = fitted(op, case)
    seeds = [*case.rows, *boundary_rows(op, pipeline, case)]
    if not seeds:
        pytest.skip("the case has no rows")
    longest = max((len(value) for row in seeds for value in row if isinstance(value, str)), default=1)
    count = min(1001, max(2 * len(seeds), LENGTHS // max(longest, 1)))
    rows = (seeds * math.ceil(count / len(seeds)))[:count]
    graph = graph_of(op.name, case.name, "columns")
    whole = graph.run(rows)
    for size in BATCHES:
        limit = min(len(rows), 8 * size, max(16, 2 * size))
        for start in range(0, limit, size):
            part = graph.run(rows[start : start + size])
            assert same_bits(part.values, whole.values[start : start + size]).all()
    order = np.random.default_rng(0).permutation(len(rows))
    shuffled = graph.run([rows[i] for i in order])
    assert same_bits(shuffled.values, whole.values[order]).all()


@pytest.mark.parametrize(("op", "case"), COLUMNWISE)
def test_fused_columns_equal_single_ones(op: AnyOp, case: Case) -> None:
    """A state field of a columnwise op has one entry per input column, and steps on single columns fuse into it."""
    pipeline = fitted(op, case)
    step = pipeline.steps[-1]
    for name, value in vars(step.state).items():
        assert isinstance(value, tuple), name
        assert len(value) == len(case.columns), name


def boundary_rows(op: AnyOp, pipeline: Pipeline, case: Case) -> list[list[Scalar]]:
    """For each column its boundaries, with the other columns at the values of the case's first row."""
    step = pipeline.steps[-1]
    types = step_input_types(step, value_types(pipeline))
    base = list(case.rows[0]) if case.rows else [default(t) for t in case.columns.values()]
    rows = []
    for k, dtype in enumerate(case.columns.values()):
        x = types[k] if op.is_variadic(step.params) else types[0]
        for value in op.boundaries(step.params, step.state, k, x):
            if value is None and not dtype.endswith("?") and dtype != "float64":
                continue
            rows.append([*base[:k], value, *base[k + 1 :]])
    return rows


def default(dtype: str) -> Scalar:
    defaults: dict[str, Scalar] = {"float64": 0.0, "string": "", "bool": False}
    return defaults.get(dtype.removesuffix("?"), 0)


def op_modules() -> dict[str, str]:
    """Every file in a family's folder that is an op: its name, and the module. What begins with _ serves ops."""
    modules = [module.name for module in pkgutil.walk_packages(skc.ops.__path__, "skc.ops.") if not module.ispkg]
    return {name: path for path in modules if not (name := path.rpartition(".")[2]).startswith("_")}


def test_every_module_is_listed() -> None:
    """A file of an op that is not in OPS is an op that nobody can use."""
    forgotten = [path.removeprefix("skc.ops.") for name, path in op_modules().items() if name not in OPS]
    assert not forgotten, f"skc/ops/__init__.py does not list {forgotten}"
    assert set(op_modules()) == set(OPS)


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_one_op_one_file_one_name(op: AnyOp) -> None:
    module = importlib.import_module(op_modules()[op.name])
    assert module.OP is op
    assert module.__doc__ == op.doc
    assert op.cases


@pytest.mark.parametrize("op", LEARNERS, ids=lambda op: op.name)
def test_what_fitting_falls_back_on_has_a_case(op: AnyOp) -> None:
    """Of every op that learns: a column that has the statistic, and one that has it not."""
    told = set()
    for case in op.cases:
        if case.refused is None:
            step = fitted(op, case).steps[-1]
            told |= {op.degenerate(step.params, step.state, k) for k in range(len(case.columns))}
    assert None in told
    assert len(told) > 1


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_every_critical_point_has_a_case(op: AnyOp) -> None:
    points = set(re.findall(r"^(C\d+) ", op.doc, flags=re.MULTILINE))
    shown = {point for case in op.cases for point in case.shows}
    assert points
    assert shown == points
    assert len({case.name for case in op.cases}) == len(op.cases)


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_an_op_that_loads_a_time_zone_says_so(op: AnyOp) -> None:
    """Or the manifest would not say which version of tzdata the artifact was made with."""
    source = inspect.getsource(importlib.import_module(op_modules()[op.name]))
    assert op.uses_timezone == ("load_zone" in source)
    assert op.uses_timezone == hasattr(op.params, "timezone")


# Ops that learn something, and have nothing to warn of: by name, the reason.
NO_CONCERN = {"impute": "a column without a value is refused, and of any other it learns all that it is asked for"}


@pytest.mark.parametrize("op", LEARNERS, ids=lambda op: op.name)
def test_an_op_that_learns_says_what_fitting_should_warn_of(op: AnyOp) -> None:
    default = next(field.default for field in dataclasses.fields(Op) if field.name == "concerns")
    assert (op.concerns is default) == (op.name in NO_CONCERN), f"`{op.name}` has no `concerns`"


def judged(op: AnyOp, case: Case) -> tuple[Step, ValueType, ValueType]:
    """The fitted step of a case, the type of what it takes, and that of what it gives."""
    pipeline = fitted(op, case)
    types = value_types(pipeline)
    step = pipeline.steps[-1]
    return step, step_input_types(step, types)[0], types[step.name]


@pytest.mark.parametrize(("op", "case"), FITTED)
def test_a_number_that_stays_a_number_is_carried_back(op: AnyOp, case: Case) -> None:
    """Or it would be luck if a boundary of the step behind it came through."""
    step, x, y = judged(op, case)
    if op.exact and x.dtype == y.dtype == "float64" and op.is_columnwise(step.params):
        is_near = op.decides_by(step.params, 0, x) is None  # what comes out is as near as what went in
        assert op.carry_back is not None or not is_near, f"`{op.name}` has no `carry_back`"
