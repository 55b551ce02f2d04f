"""Write again what is made from the code, after an op was added or changed: `make generated`.

That is the schema of pipeline.yaml, the names of ops in the schema of plan.json, the table of ops in README, those of
scikit-learn's classes and of databases in docs, in each runtime the part of ONNX that it lets through, and the graphs
that the ops' cases are lowered to. Tests say whether each is current.
"""

from __future__ import annotations

import json
from pathlib import Path

import skc_runtime  # noqa: F401  # before a module of the tests imports ONNX Runtime: it switches the telemetry off

# isort: split
import class_table
import graph_text
import model_grammar
import op_harness as harness
import warehouse_table

from skc import inspection
from skc.frontend.yaml.schema import schema_text
from skc.infer import value_types
from skc.op import AnyOp
from skc.ops import OPS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PIPELINE_SCHEMA = ROOT / "schemas" / "pipeline.v1.schema.json"
PLAN_SCHEMA = ROOT / "schemas" / "plan.v1.schema.json"
START = "<!-- ops: written by `make generated`; a test says it is current -->"
END = "<!-- /ops -->"


def ops_table() -> str:
    """One row per op: name, what it does, what fits it, and whether its outputs are the same bits everywhere."""
    rows = [
        f"| `{op['name']}` | {op['summary'].replace('|', chr(92) + '|')} | "
        f"{'scikit-learn' if op['fitted_elsewhere'] else 'skc'} | {agreement(OPS[op['name']])} |"
        for op in inspection.ops(None)
    ]
    return "\n".join(["| op | what it does | fitted by | outputs |", "|---|---|---|---|", *rows])


def agreement(op: AnyOp) -> str:
    """How near an op's outputs are to its reference, by the cases of the op."""
    pipelines = [harness.build(op, c.params, c.columns, c.state, c.target) for c in op.cases if c.refused is None]
    found = {op.exact and value_types(pipeline)[harness.STEP].exact for pipeline in pipelines}
    return "exact or to 1e-6, by its parameters" if len(found) > 1 else "exact" if True in found else "to 1e-6"


def readme(text: str) -> str:
    """README with the table of ops as it should be."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{ops_table()}\n{END}{after}"


def plan_schema(text: str) -> str:
    """The schema of plan.json with the ops that there are, also those that only the compiler writes."""
    schema = json.loads(text)
    schema["properties"]["steps"]["items"]["properties"]["op"]["enum"] = sorted(OPS)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    written = (
        (README, readme),
        (class_table.PAGE, class_table.page),
        (warehouse_table.PAGE, warehouse_table.page),
        (PLAN_SCHEMA, plan_schema),
        (PIPELINE_SCHEMA, lambda _: schema_text()),
    )
    for path, made in written:
        path.write_text(made(path.read_text(encoding="utf-8")), encoding="utf-8")
    for path, source in model_grammar.SOURCES.items():
        path.write_text(source(), encoding="utf-8")
    for path in graph_text.FOLDER.glob("*.txt"):
        path.unlink()
    for op in OPS.values():
        (graph_text.FOLDER / f"{op.name}.txt").write_text(graph_text.graphs_text(op), encoding="utf-8")


if __name__ == "__main__":
    main()
