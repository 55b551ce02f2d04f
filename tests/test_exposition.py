"""The text of signals, by parsers that are not ours, such as Prometheus's own; and what the examples make of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from toolchains import need

import skc
import skc_runtime
from skc_runtime.signals import exposition

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "signals"
LINT = ROOT / "tests" / "promlint"
CASES = json.loads((ROOT / "schemas" / "signals.v1.json").read_bytes())["cases"]
RIDE = {"payment": "crypto", "fare": -1.0}


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exposition")
    (folder / "pipeline.yaml").write_text(
        """
skc: 1
name: rides
inputs:
  payment: {type: string, nullable: true}
  fare: float64
features:
  payment: {from: payment, apply: [{one_hot: {unknown: zeros, null: zeros}}]}
  fare: {from: fare, apply: [minmax_scale]}
outputs:
  x: {features: [payment, fare], dtype: float64}
"""
    )
    rows = [{"payment": "card", "fare": 1.0}, {"payment": "cash", "fare": 4.0}, {"payment": None, "fare": 2.0}]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    skc.compile(folder / "pipeline.yaml", folder / "rows.jsonl", folder / "artifact", signals=True, verify=False)
    return folder / "artifact"


@pytest.fixture
def transformer(artifact: Path) -> Iterator[skc_runtime.Transformer]:
    with skc_runtime.load(artifact) as loaded:
        yield loaded


def text_of(transformer: skc_runtime.Transformer) -> str:
    """With every metric that there is."""
    transformer.transform(RIDE)
    with pytest.raises(skc_runtime.RecordError):
        transformer.transform({**RIDE, "fare": None})
    return exposition(transformer.manifest.name, transformer.manifest.plan, transformer.signals(), 3)


@cache
def fetch_modules() -> None:
    """Or the first run on a new machine says what it downloads, where the lint says what is wrong."""
    subprocess.run(["go", "mod", "download"], cwd=LINT, check=True, capture_output=True)


def lint(text: str) -> tuple[int, str]:
    fetch_modules()
    done = subprocess.run(["go", "run", "."], cwd=LINT, input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def whole(case: dict[str, Any]) -> str:
    """The text of a case, with the lines that depend on the clock."""
    lines = []
    for line in case["text"]:
        if line.startswith("skc_transform_seconds_count"):
            labels, count = line.removeprefix("skc_transform_seconds_count{").rsplit("} ", 1)
            lines.append(f'skc_transform_seconds_bucket{{{labels},le="+Inf"}} {count}')
            lines.append(f"skc_transform_seconds_sum{{{labels}}} 0.000000001")
        lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def test_prometheus_reads_it(transformer: skc_runtime.Transformer) -> None:
    need("go")
    assert lint(text_of(transformer)) == (0, "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_prometheus_reads_what_every_language_writes(case: dict[str, Any]) -> None:
    need("go")
    assert lint(whole(case)) == (0, "")


def test_the_lint_finds_something(transformer: skc_runtime.Transformer) -> None:
    need("go")
    text = text_of(transformer)
    assert lint(text.replace("skc_rows_total", "skc_rows"))[0] == 1
    assert lint(text.replace('name="rides"', 'name="ri"des"'))[0] == 1


def test_names_are_escaped_as_the_parser_of_prometheus_in_python_reads_them() -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    (case,) = (case for case in CASES if case["id"] == "names and shares")
    families = {family.name: family for family in parser.text_string_to_metric_families(whole(case))}
    expected = {(c["step"], c["input"], c["kind"]) for c in case["manifest"]["signals"]["columns"]}
    steps = families["skc_step"].samples
    assert {(s.labels["step"], s.labels["input"], s.labels["kind"]) for s in steps} == expected
    assert {s.labels["name"] for s in steps} == {case["manifest"]["name"]}


def names_in(text: str) -> set[str]:
    return set(re.findall(r"^(skc_\w+)\{", text, flags=re.MULTILINE))


def test_the_dashboard_names_only_metrics_that_there_are(transformer: skc_runtime.Transformer) -> None:
    there_are = names_in(text_of(transformer))
    dashboard = json.loads((EXAMPLES / "dashboard.json").read_bytes())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = {name for expression in expressions for name in re.findall(r"skc_\w+", expression)}
    assert named == there_are
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    (variable,) = (v for v in dashboard["templating"]["list"] if v["name"] == "name")
    assert set(re.findall(r"skc_\w+", variable["query"]["query"])) <= there_are
    labels = {word for group in re.findall(r"\{\{(\w+)\}\}", json.dumps(dashboard)) for word in [group]}
    assert labels <= set(re.findall(r'(\w+)="', text_of(transformer)))


def test_the_alerts_name_only_metrics_that_there_are(transformer: skc_runtime.Transformer) -> None:
    rules = YAML(typ="safe").load((EXAMPLES / "alerts.yaml").read_text())["groups"][0]["rules"]
    named = {name for rule in rules for name in re.findall(r"skc_\w+", rule["expr"])}
    assert named <= names_in(text_of(transformer))
    assert len(rules) == 2


def test_the_service_answers_with_its_metrics(transformer: skc_runtime.Transformer, monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import service

    server = service.service(transformer, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        served = urllib.request.urlopen(urllib.request.Request(address, data=json.dumps(RIDE).encode()))
        assert json.load(served) == {"x": [0.0, 0.0, -0.6666666666666666]}
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(address, data=b"{"))
        assert json.load(refused.value) == {"error": "malformed-json", "input": None}
        with urllib.request.urlopen(f"{address}/metrics") as metrics:
            assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            text = metrics.read().decode()
    finally:
        server.shutdown()
        server.server_close()
    assert re.search(r"^skc_rows_total\{.*\} 1$", text, flags=re.MULTILINE)
    assert re.search(r'^skc_refused_total\{.*code="malformed-json",input=""\} 1$', text, flags=re.MULTILINE)


def test_opentelemetry_observes_the_counts(artifact: Path) -> None:
    pytest.importorskip("opentelemetry.sdk.metrics")
    lines = "\n".join([json.dumps(RIDE), json.dumps(RIDE), "{"])
    command = [sys.executable, str(EXAMPLES / "opentelemetry_metrics.py"), str(artifact)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    (scope,) = json.loads(done.stdout)["resource_metrics"][0]["scope_metrics"]
    points = {metric["name"]: metric["data"]["data_points"] for metric in scope["metrics"]}
    assert [point["value"] for point in points["skc_rows_total"]] == [2]
    refused = [(p["attributes"]["code"], p["attributes"]["input"], p["value"]) for p in points["skc_refused_total"]]
    assert refused == [("malformed-json", "", 1)]
    steps = {(p["attributes"]["kind"], p["attributes"]["input"]): p["value"] for p in points["skc_step_total"]}
    assert steps == {("null", "payment"): 0, ("unknown", "payment"): 2, ("outside", "fare"): 2}
    shares = {(p["attributes"]["kind"], p["attributes"]["input"]): p["value"] for p in points["skc_training_ratio"]}
    assert shares == {("null", "payment"): 0.333333333333, ("unknown", "payment"): 0.0, ("outside", "fare"): 0.0}


def test_the_page_says_what_runs(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")
    monkeypatch.chdir(artifact.parent)
    names: dict[str, Any] = {}
    (snippet,) = re.findall(r"^```python\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    exec(snippet, names)
    text = text_of(names["transformer"])
    shown = {line.partition("{")[0] for line in page.splitlines() if line.startswith("skc_")}
    assert shown < names_in(text)
    assert "skc compile pipeline.yaml --signals" in page
    kinds = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
    assert kinds == ["null", "unknown", "invalid", "clipped", "outside"]
