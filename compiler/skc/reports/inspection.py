"""The results of `skc inspect` and `skc ops` as text. Imports nothing heavy: both must respond at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from skc.ir import SOURCE


def artifact_text(facts: dict[str, Any]) -> str:
    """The facts, human-readable."""
    lines = [f"{facts['name']}  (signature {facts['signature']}, plan {facts['plan'][:12]})"]
    lines += [f"identity {facts['identity']}", "", "inputs"]
    for i in facts["inputs"]:
        lines.append(f"  {i['name']:<24} {i['type']}{'?' if i['nullable'] else ''}")
    lines += ["", "steps"]
    for step in facts["steps"]:
        if step["op"] == SOURCE and not step["params"]["null_values"]:
            continue  # every nullable input has it, so it is not informative
        inputs = ", ".join(ref if isinstance(ref, str) else ref[0] for ref in step["inputs"])
        params = ", ".join(f"{k}: {short(v)}" for k, v in step["params"].items())
        lines.append(f"  {step['name']:<32} {step['op']}({inputs}) {{{params}}}")
        lines += [f"      {key} = {short(value)}" for key, value in step["state"].items()]
    lines += ["", "outputs"]
    for o in facts["outputs"]:
        exact = sum(o["exact"])
        lines.append(
            f"  {o['name']}: {o['dtype']} [N, {len(o['columns'])}], {exact} exact, {len(o['exact']) - exact} to 1e-6"
        )
        lines += [f"      {k:>4}  {name}" for k, name in enumerate(o["columns"])]
    if facts["guards"]:
        lines += ["", "guards"]
        lines += [f"  {g['code']} at {g['step']} ({g['input']})" for g in facts["guards"]]
    if "signals" in facts:
        lines += ["", "signals"]
        lines += [f"  {s['kind']} at {s['step']} ({s['input']}){_share(s)}" for s in facts["signals"]]
    lines += ["", "files"]
    lines += [f"  {name:<16} {size:>12,} bytes" for name, size in facts["files"].items()]
    versions = ", ".join(f"{k} {v}" for k, v in facts["built_with"].items())
    lines += ["", f"built with {versions}; needs ONNX Runtime {facts['onnx']['minimum_onnxruntime']} or newer"]
    return "\n".join(lines)


def short(value: Any, limit: int = 100) -> str:
    """A value of plan.json as JSON, cut where it is long."""
    shown = json.dumps(legible(value), ensure_ascii=False)
    return shown if len(shown) <= limit else f"{shown[:limit]}… ({len(shown):,} characters)"


def legible(value: Any) -> Any:
    """A value of plan.json with its numbers as numbers; of an array that is packed into text, only the shape."""
    if isinstance(value, list):
        return [legible(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$float": text}:
            return float(text)
        case {"$int": text}:
            return int(text)
        case {"shape": shape} if any(key.startswith("$") for key in value):
            return f"{' × '.join(f'{n:,}' for n in shape)} numbers"
    return {key: legible(item) for key, item in value.items()}


def ops_text(facts: list[dict[str, Any]]) -> str:
    """A table of the ops, or the page of one."""
    if len(facts) == 1:
        return f"{facts[0]['name']}\n\n{facts[0]['page']}"
    width = max(len(op["name"]) for op in facts)
    return "\n".join(f"{op['name']:<{width}}  {op['summary']}{_fitted(op)}" for op in facts)


def _fitted(op: dict[str, Any]) -> str:
    return " (fitted by scikit-learn only)" if op["fitted_elsewhere"] else ""


def _share(signal: Mapping[str, Any]) -> str:
    return f", {float(signal['training']):.2%} of the training rows" if "training" in signal else ""
